"""Jinja2 pages: the environment, the names every template knows, and the static files.

Names in every template: ``_``, ``locale``, ``code_label``, ``fmt_date``, ``fmt_long_date``, ``fmt_datetime``,
``fmt_clock``, ``now``, ``static``, ``identity``, ``csrf_token``, ``can``, ``main_nav``, ``open_accesses``,
``emergency_path``, ``idle_seconds``, ``languages``, ``request`` and ``ui``, the macros of ``macros.jinja2``. A name
that a template does not know is an error, never an empty string.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path

from jinja2 import Environment
from pyramid.csrf import get_csrf_token
from pyramid.events import BeforeRender
from pyramid.httpexceptions import HTTPNotFound
from pyramid.security import NO_PERMISSION_REQUIRED
from pyramid.static import static_view
from pyramid.threadlocal import get_current_request

from casework.web import i18n

STATIC = Path(__file__).with_name("static")
STATIC_KINDS = {".css", ".js", ".svg", ".woff2"}
YEAR = 365 * 24 * 3600
DOMAIN = "casework"
IDLE_SECONDS = 30 * 60
KEPT = 8192  # translated words of a language

JINJA2 = {
    "jinja2.directories": "casework.web:templates",
    "jinja2.undefined": "strict",
    "jinja2.autoescape": True,
    "jinja2.trim_blocks": True,
    "jinja2.lstrip_blocks": True,
    "jinja2.i18n.domain": DOMAIN,
}


def translate(request, msgid: str, **mapping) -> str:
    """`msgid` in the language of the request, with `${name}` filled from `mapping`.

    A TranslationString keeps its own domain: messages of colander and deform come through here too.
    """
    domain = getattr(msgid, "domain", None) or DOMAIN
    if mapping or getattr(msgid, "mapping", None):
        return request.localizer.translate(msgid, domain=domain, mapping=mapping or None)
    # The way to words without anything to fill in is longer than the words: they are kept with their language.
    kept = request.localizer.__dict__.setdefault("casework.words", {})
    found = kept.get((domain, msgid))
    if found is None:
        if len(kept) >= KEPT:
            kept.clear()
        found = kept[domain, str(msgid)] = request.localizer.translate(msgid, domain=domain)
    return found


def translate_here(msgid: str, **mapping) -> str:
    """`_` for macros imported without context, which see only the globals of the environment."""
    return translate(get_current_request(), msgid, **mapping)


def code_label(request, list_name: str, code: str | None) -> str:
    """Label of a code in the language of the request; the bare code when no code lists are loaded."""
    if code is None or code == "":
        return ""
    codes = request.registry.get("codes")
    return codes.label(list_name, code, request.locale_name) if codes is not None else code


def clock(request, due: datetime, at: datetime | None = None) -> str:
    """What is left until `due`, in words."""
    return translate(request, i18n.format_clock(due - (at or i18n.now())))


def main_nav(request) -> list[dict]:
    """Entries of the main navigation: `label`, `href`, `current`. The registry key `nav` holds who knows."""
    provider: Callable | None = request.registry.get("nav")
    return provider(request) if provider and request.identity else []


def open_accesses(request) -> list:
    """What the person holds open in an emergency. The registry key `open_accesses` holds who knows."""
    provider: Callable | None = request.registry.get("open_accesses")
    return provider(request) if provider and request.identity else []


def emergency_path(request) -> str | None:
    """Where a refusal may lead in an emergency, by the address alone. The registry key `emergency_path` knows."""
    provider: Callable | None = request.registry.get("emergency_path")
    return provider(request) if provider and request.identity else None


def idle_seconds(request) -> int:
    """Seconds without use after which the page covers itself. The registry key `idle_seconds` may know better."""
    provider: Callable | None = request.registry.get("idle_seconds")
    return provider(request) if provider and request.identity else IDLE_SECONDS


def helpers(request) -> dict:
    """The names that every template knows, bound to `request`."""
    locale = request.locale_name
    names = {
        "_": partial(translate, request),
        "open_accesses": partial(open_accesses, request),
        "locale": locale,
        "languages": i18n.LOCALES,
        "code_label": partial(code_label, request),
        "fmt_date": partial(i18n.format_date, locale=locale),
        "fmt_long_date": partial(i18n.format_long_date, locale=locale),
        "fmt_datetime": partial(i18n.format_datetime, locale=locale),
        "fmt_clock": partial(clock, request),
        "now": i18n.now,
        "static": partial(static_path, request),
        "identity": request.identity,
        "csrf_token": partial(get_csrf_token, request),
        "can": request.has_permission,
        "main_nav": partial(main_nav, request),
        "emergency_path": partial(emergency_path, request),
        "idle_seconds": idle_seconds(request),
        "request": request,
    }
    names["ui"] = environment(request).get_template("macros.jinja2").make_module(names)
    return names


def environment(request) -> Environment:
    """The one Jinja2 environment of the program."""
    return request.registry["jinja2"]


def add_helpers(event) -> None:
    """Give the names to a template about to be rendered; other renderers need none."""
    if str(event["renderer_name"]).endswith(".jinja2"):
        event.update(helpers(event["request"]))


def static_digest(folder: Path = STATIC) -> str:
    """Eight hex digits that change when any static file changes."""
    digest = hashlib.sha256()
    for path in sorted(p for p in folder.rglob("*") if p.suffix in STATIC_KINDS):
        digest.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:8]


def static_path(request, path: str) -> str:
    """Address of a static file. The digest is part of the path, so that files may refer to each other."""
    return request.route_path("static", digest=request.registry["static_digest"], subpath=path)


serve_file = static_view("casework.web:static", cache_max_age=YEAR, use_subpath=True)


def static_file(context, request):
    """A style sheet, script or font. Kept for a year under its own digest, not at all under another."""
    if Path(request.path_info).suffix not in STATIC_KINDS:
        raise HTTPNotFound()
    response = serve_file(context, request)
    if request.matchdict["digest"] == request.registry["static_digest"]:
        response.headers["Cache-Control"] = f"public, max-age={YEAR}, immutable"
    else:
        response.headers["Cache-Control"] = "no-store"
        del response.expires
    return response


def includeme(config) -> None:
    """Jinja2 as renderer of `.jinja2`, its names, and the static files."""
    config.add_settings(JINJA2)
    config.add_settings({"jinja2.globals": {"_": translate_here}})
    config.include("pyramid_jinja2")
    config.add_subscriber(add_helpers, BeforeRender)
    config.registry["static_digest"] = static_digest()
    config.add_route("static", "/static/{digest:[0-9a-f]{8}}/*subpath", request_method="GET")
    config.add_view(static_file, route_name="static", permission=NO_PERMISSION_REQUIRED)

    def keep_environment():
        config.registry["jinja2"] = config.get_jinja2_environment()

    config.action("casework-jinja2-environment", keep_environment, order=1)

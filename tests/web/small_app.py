"""The shell alone, without database: the component page, and any view that a test wants to show."""

from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlencode

import colander
from pyramid.config import Configurator
from pyramid.request import Request, apply_request_extensions
from pyramid.response import Response
from pyramid.session import SignedCookieSessionFactory
from pyramid.threadlocal import RequestContext

from casework.web.forms import handle, make_form
from casework.web.headers import PAGE_POLICY
from casework.web.render import helpers


@dataclass(frozen=True)
class Person:
    """As much of an identity as the shell shows."""

    name: str = "Sok Dara (fictional)"
    role: str = "INV"
    agency_name: str = "Cybercrime Unit (fictional)"
    locale: str = "en"


class Policy:
    """Signed in who sends the cookie `who`, whose value is the locale of that person."""

    def identity(self, request):
        locale = request.cookies.get("who")
        return Person(locale=locale) if locale else None

    def authenticated_userid(self, request):
        return None

    def permits(self, request, context, permission):
        return permission == "yes"

    def remember(self, request, userid, **kw):
        return []

    def forget(self, request, **kw):
        return []


class Codes:
    """Two lists: one short enough for radios, one not."""

    def choices(self, list_name, locale):
        count = {"short": 3, "long": 9}[list_name]
        return [(f"c{number}", f"{list_name} {number} {locale}") for number in range(count)]

    def label(self, list_name, code, locale):
        return f"{code} of {list_name} in {locale}"


class Kept:
    """What the page's script talks to: signed in while `alive`, and only with the token of the session."""

    def __init__(self):
        self.alive = True
        self.drafts: list[dict] = []

    def refusal(self, request) -> Response | None:
        if request.headers.get("X-CSRF-Token") != request.session.get_csrf_token():
            return Response(status=403)
        return None if self.alive else Response(status=401)

    def keep(self, request):
        return self.refusal(request) or Response(status=204)

    def draft(self, request):
        refusal = self.refusal(request)
        if refusal is None:
            self.drafts.append(dict(request.POST))
        return refusal or Response(json={"saved": "27/03/2025 14:05"})


class Typed(colander.Schema):
    """A form that is worth a draft."""

    title = colander.SchemaNode(colander.String(), title="Title")
    password = colander.SchemaNode(colander.String(), title="Password", secret=True)


FORM_PAGE = """{% extends "layout.jinja2" %}{% block content %}<h1>A form</h1>{{ form }}{% endblock %}"""


def form_page(request) -> Response:
    """`Typed` with a draft."""
    shown = handle(request, make_form(request, Typed, draft_key="d-1"), lambda data: data)
    page = request.registry["jinja2"].from_string(FORM_PAGE)
    return Response(page.render(helpers(request) | shown))


def policy_tween(handler, registry):
    """The real policy of pages on every answer."""

    def tween(request):
        response = handler(request)
        response.headers["Content-Security-Policy"] = PAGE_POLICY
        return response

    return tween


@contextmanager
def request(shell, who: str | None = "en", method: str = "GET", post: list | None = None):
    """A request of a signed-in person whose language is `who`, outside any view."""
    made = Request.blank(
        "/", cookies={"who": who} if who else {}, method=method, POST=urlencode(post) if post is not None else None
    )
    made.registry, made.context = shell.registry, None
    made.session = SignedCookieSessionFactory("not a secret")(made)
    apply_request_extensions(made)
    with RequestContext(made):
        yield made


def configurator(**settings) -> Configurator:
    """The shell, ready for more views."""
    config = Configurator(package="casework.web", settings={"casework.development": "true", **settings})
    config.set_session_factory(SignedCookieSessionFactory("not a secret"))
    config.set_security_policy(Policy())
    config.registry["codes"] = Codes()
    config.add_tween("tests.web.small_app.policy_tween")
    config.include("casework.web.i18n")
    config.include("casework.web.render")
    config.include("casework.web.styleguide")
    return config


def add_page(config, path, view, **options):
    """A view at `path` for GET and POST; renders the layout unless told otherwise."""
    name = path.strip("/") or "home"
    config.add_route(name, path)
    config.add_view(view, route_name=name, **{"renderer": "layout.jinja2", **options})

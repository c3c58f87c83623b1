"""A second factor shown just now, for acts that weigh: the view option `fresh_mfa`, and `require_fresh` for a view
that finds out on the way.

Who looks (GET) is led to the page that asks for a code, and back. Who sends (POST) is asked on the spot; the form goes
along in hidden fields and is sent by a second press, so that nothing is kept anywhere and nothing typed is lost.
"""

import json
from urllib.parse import quote

from pyramid.httpexceptions import HTTPSeeOther
from pyramid.renderers import render_to_response

from casework.web.errors import resendable
from casework.web.i18n import same_site_path

from . import sessions

PATH = "/confirm-identity"


class ConfirmNeeded(Exception):
    """The second factor was shown too long ago for this act."""


def is_fresh(request) -> bool:
    """Whether the person showed a second factor within the last fifteen minutes."""
    identity = request.identity
    return (
        identity is not None and identity.mfa_at is not None
        and sessions.clock(request) - identity.mfa_at <= sessions.FRESH
    )


def require_fresh(request) -> None:
    """Raises ConfirmNeeded, whose page asks for a code."""
    if not is_fresh(request):
        raise ConfirmNeeded


def fresh_view(view, info):
    """View deriver: `fresh_mfa=True` asks for a second factor shown just now."""
    if not info.options.get("fresh_mfa"):
        return view

    def wrapped(context, request):
        require_fresh(request)
        return view(context, request)

    return wrapped


fresh_view.options = ("fresh_mfa",)


def confirm_needed(problem, request):
    """Exception view: lead to the page that asks (GET), or ask here and keep the form (POST)."""
    if request.method in ("GET", "HEAD"):
        return HTTPSeeOther(f"{PATH}?back={quote(request.path_qs, safe='/')}")
    response = render_to_response(
        "casework:accounts/templates/confirm_kept.jinja2", kept_names(request.path_qs, resendable(request)),
        request=request,
    )
    response.status_int = 403
    return response


def kept_names(path: str, fields: list[tuple[str, str]], problem=None) -> dict:
    """What the page needs to carry a form along."""
    return {"path": path, "kept": json.dumps(fields, ensure_ascii=False), "problem": problem}


def kept_form(request) -> tuple[str, list[tuple[str, str]]] | None:
    """The form that came along with a code: where it goes and its fields; None when there is none."""
    text = request.POST.get("kept")
    if text is None:
        return None
    try:
        fields = json.loads(text)
        good = isinstance(fields, list) and all(
            isinstance(field, list) and len(field) == 2 and all(isinstance(part, str) for part in field)
            for field in fields
        )
    except ValueError:
        good = False
    return same_site_path(request.POST.get("path")), [tuple(field) for field in fields] if good else []


def includeme(config) -> None:
    config.add_view_deriver(fresh_view, "fresh_view")
    config.add_exception_view(confirm_needed, context=ConfirmNeeded)
    config.registry["require_fresh"] = require_fresh

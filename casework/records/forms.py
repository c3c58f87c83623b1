"""One way for every form of a record: draft, token against double sending, stale version, errors, redirect."""

from collections.abc import Callable
from typing import Any

import colander
from pyramid.httpexceptions import HTTPForbidden, HTTPSeeOther
from pyramid.i18n import TranslationStringFactory

from casework.db.ids import uuid7
from casework.web.forms import handle, make_form
from casework.workflow.engine import NotAllowed, Refused

from . import drafts

_ = TranslationStringFactory("casework")


def run_form(
    request,
    schema: colander.SchemaNode,
    *,
    title: Any,
    save: Callable[[dict], str],
    button: Any = None,
    values: dict | None = None,
    version: int | None = None,
    record: Any = None,
    lead: Any = None,
    confirm: Any = None,
    back: str | None = None,
) -> Any:
    """GET shows the form (with its draft, when there is one), POST validates and saves.

    save      does the work with the validated values and returns where to go; may raise Refused or NotAllowed.
    version   the version of `record` the form was shown with: when it has moved on, nothing is saved and the
              person sees both versions (409).
    Returns a response or the dict for `records/form.jinja2`.
    """
    identity, path = request.identity, request.path
    if request.method == "POST":
        token = drafts.token_of(request.POST.get("draft"))
        user_id = identity.user_id if identity else None
        sent_to = drafts.already_sent(request.db, token, user_id)
        if sent_to is not None:
            return HTTPSeeOther(sent_to)
        if version is not None and request.POST.get("version") != str(version):
            return _stale(request, schema, title, record, version)
    else:
        token = uuid7()
    form = make_form(
        request, schema, buttons=(("save", button or _("Save")),), action=path, draft_key=str(token or uuid7()),
        version=version,
    )

    def on_valid(data: dict):
        try:
            location = save(data)
        except Refused as refused:
            return _refused(request, form, refused)
        except NotAllowed as denied:
            raise HTTPForbidden(str(denied)) from None
        request.db.flush()
        if identity is not None:
            drafts.drop(request.db, identity.user_id, path)
        drafts.remember_sent(request.db, token, identity.user_id if identity else None, location)
        return HTTPSeeOther(location)

    draft = None
    if identity is not None and request.method == "GET":
        draft = drafts.find(request.db, identity.user_id, path)
    shown = handle(request, form, on_valid, values=values, typed=draft.body if draft else None)
    if not isinstance(shown, dict):
        return shown
    return {
        "title": title, "lead": lead, "confirm": confirm, "back": back, "draft": draft, "stale": None, **shown,
    }


def _refused(request, form, refused: Refused) -> dict:
    """The form again, with what stood in the way, tied to its fields where it can be."""
    for problem in refused.problems:
        node = form[problem.field] if problem.field and problem.field in form else form
        error = colander.Invalid(node.schema, problem.message)
        if node.error is None:
            node.error = error
        else:
            node.error.add(error)
        if node is not form and form.error is None:
            form.error = colander.Invalid(form.schema)
    request.response.status_int = 422
    request.tm.doom()
    return {"form": form.render_typed(request.POST)}


def _stale(request, schema, title, record, version: int) -> dict:
    """Somebody saved the record meanwhile: what was typed beside what stands there now; nothing is lost."""
    form = make_form(
        request, schema, buttons=(("save", _("Save my version")),), action=request.path, draft_key=str(uuid7()),
        version=version,
    )
    typed = form.typed_values(request.POST)
    rows = [
        {"label": field["title"], "mine": field["text"], "theirs": _text(getattr(record, field["name"], None))}
        for field in typed if hasattr(record, field["name"])
    ]
    request.response.status_int = 409
    return {
        "title": title, "lead": None, "confirm": None, "back": None, "draft": None, "stale": rows,
        "form": form.render_typed(request.POST),
    }


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, (list, tuple)):
        return ", ".join(str(v) for v in value)
    return str(value)

"""One way for every form of a record: draft, token against double sending, stale version, errors, redirect."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import colander
from pyramid.httpexceptions import HTTPForbidden, HTTPSeeOther
from pyramid_retry import mark_error_retryable
from sqlalchemy.orm.exc import StaleDataError

from casework.db.ids import uuid7
from casework.web.forms import handle, make_form
from casework.web.i18n import _
from casework.workflow.engine import NotAllowed, Refused

from . import drafts


def run_form(
    request,
    schema: colander.SchemaNode,
    *,
    title: Any,
    save: Callable[[dict], str],
    button: Any = None,
    values: dict | None = None,
    version: int | None = None,
    theirs: Callable[[str], str | None] | None = None,
    lead: Any = None,
    confirm: Any = None,
    back: str | None = None,
    others: Mapping[str, tuple[Any, Callable[[dict], dict]]] = MappingProxyType({}),
) -> Any:
    """GET shows the form (with its draft, when there is one), POST validates and saves.

    save      does the work with the validated values and returns where to go; may raise Refused or NotAllowed.
    version   of the record as the form was shown: when it has moved on, nothing is saved and the person sees both
              versions (409).
    others    further buttons, which save nothing: name -> title and a function that gets what was typed, by name of the
              field, and gives what the form shows then.
    theirs    what is saved now in a field, as words, for that page; None where there is nothing to compare.
    Returns a response or the dict for `records/form.jinja2`.
    """
    db, user_id, path = request.db, request.identity.user_id, request.path
    page = {"title": title, "lead": lead, "confirm": confirm, "back": back, "draft": None, "stale": None}
    token = drafts.token_of(request.POST.get("draft")) if request.method == "POST" else uuid7()
    sent_to = drafts.take(db, token, user_id) if request.method == "POST" else None
    if sent_to is not None:
        return HTTPSeeOther(sent_to)
    form = make_form(
        request, schema, action=path,
        buttons=(("save", button or _("Save")), *((name, words) for name, (words, _change) in others.items())),
        draft_key=str(token or uuid7()),
        version=version,
    )
    for name, (_words, change) in others.items():
        if request.method == "POST" and name in request.POST:
            request.tm.doom()  # the form will be sent yet: its token is not taken
            return {**page, "form": form.render_typed(request.POST, change)}
    if request.method == "POST" and version is not None and request.POST.get("version") != str(version):
        request.response.status_int = 409
        request.tm.doom()
        return {**page, "stale": _both(form, request.POST, theirs), "form": form.render_typed(request.POST)}

    def on_valid(data: dict):
        try:
            location = save(data)
            db.flush()
        except Refused as refused:
            return _refused(request, form, refused)
        except NotAllowed as denied:
            raise HTTPForbidden(str(denied)) from None
        except StaleDataError as overtaken:
            # Somebody saved it since this request read it: tried again, it finds the other version and shows both.
            mark_error_retryable(overtaken)
            raise
        drafts.drop(db, user_id, path)
        drafts.told(db, token, user_id, location)
        return HTTPSeeOther(location)

    draft = drafts.find(db, user_id, path) if request.method == "GET" else None
    typed = draft.body if draft is not None else None
    shown = handle(request, form, on_valid, values=values, typed=typed)
    if not isinstance(shown, dict):
        return shown
    page["draft"] = draft
    if typed is not None and version is not None and dict(typed).get("version") not in (None, str(version)):
        page["stale"] = _both(form, typed, theirs)
    return {**page, **shown}


def _refused(request, form, refused: Refused) -> dict:
    """The form again, with what stood in the way, tied to its fields where it can be."""
    names = [child.name for child in form.children]
    error = colander.Invalid(form.schema)
    for problem in refused.problems:
        if problem.field in names:
            error.add(colander.Invalid(form[problem.field].schema, problem.message), names.index(problem.field))
        else:
            error.add(colander.Invalid(form.schema, problem.message))
    whole = [child for child in error.children if child.node is form.schema]
    error.children = [child for child in error.children if child.node is not form.schema]
    if whole:
        error.msg = [child.msg for child in whole]
    form.widget.handle_error(form, error)
    request.response.status_int = 422
    request.tm.doom()
    return {"form": form.render_typed(request.POST)}


def _both(form, typed: Any, theirs: Callable[[str], str | None] | None) -> list[dict]:
    """What was typed beside what stands there now; nothing is lost."""
    rows = []
    for field in form.typed_values(typed):
        saved = theirs(field["name"]) if theirs is not None else None
        if saved is not None:
            rows.append({"label": field["title"], "old": saved, "new": field["text"]})
    return rows

"""Pages of therapy besides the generic ones: the list with its button, a new note, the one sealed copy."""

import hashlib

from pyramid.httpexceptions import HTTPForbidden, HTTPNotFound

from casework.authz.access import access_to_one
from casework.records.forms import run_form
from casework.records.registry import Context, path_to
from casework.records.views import listing as generic
from casework.web.download import attachment
from casework.web.i18n import _
from casework.web.pdf import NoPdf, pdf_of
from casework.workflow.engine import NotAllowed, Refused, apply
from schemas import exceptions as asks

from . import types
from .models import TherapeuticNote
from .workflow import notes_of

COPY = "casework:therapy/templates/copy.jinja2"


def listing(context: Context, request) -> dict:
    """The notes that this person reads, and whether one may be added."""
    return {**generic(context, request), "may_create": types.may_write(request, context.parent)}


def new(context: Context, request):
    """Write a note."""
    support = context.parent
    if not types.may_write(request, support):
        raise HTTPForbidden("therapeutic notes are written by who supports the child")

    def save(data: dict) -> str:
        note = types.write(request, support, data)
        request.db.flush()
        return path_to(request, note)

    return run_form(
        request, asks.TherapeuticNote(), title=_("New therapeutic note"), save=save,
        back=f"{path_to(request, support)}/therapy",
        lead=_("Only you read it. It leaves by the order of a court alone, in one sealed copy."),
    )


def copy(context: Context, request):
    """The one sealed copy: shown what will happen, then made by a press, once."""
    order, db = context.own, request.db
    if order is None:
        raise HTTPNotFound()
    if order.created_by_id != request.identity.user_id:
        raise HTTPForbidden("only who wrote the notes makes the copy")
    page = {"order": order, "path": path_to(request, order), "problems": []}
    if request.method == "GET":
        return page
    notes = [
        note for note in db.scalars(notes_of(order).order_by(TherapeuticNote.held_on, TherapeuticNote.id))
        if "R" in access_to_one(db, request.identity, note)
    ]
    try:
        body = pdf_of(request, COPY, {"order": order, "notes": notes, "title": order.ref})
        apply(db, request.identity, order, "make_copy",
              {"notes": len(notes), "sha256": hashlib.sha256(body).hexdigest()})
    except NoPdf:
        page["problems"] = [_("This machine cannot make a PDF. Tell the administrator that Pango is missing.")]
    except Refused as refused:
        page["problems"] = [problem.message for problem in refused.problems]
    except NotAllowed as denied:
        raise HTTPForbidden(str(denied)) from None
    if page["problems"]:
        request.tm.doom()
        request.response.status_int = 422
        return page
    request.audit("export", order, part="sealed copy", notes=len(notes), sha256=order.sha256, purpose="court")
    return attachment(f"{order.ref}.pdf", body, "application/pdf")

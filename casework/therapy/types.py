"""The record types of therapy: notes, which stay with their author, and disclosure orders."""

from typing import Any

from casework.authz.access import access_to_one, shown
from casework.db.base import now
from casework.db.refs import new_ref
from casework.records.registry import RecordType
from casework.records.show import summary
from casework.web.i18n import _
from casework.workflow import engine
from casework.workflow.engine import NotAllowed
from schemas import exceptions as asks

from .models import DisclosureOrder, TherapeuticNote
from .workflow import AUTHORS


def may_write(request, support: Any) -> bool:
    """Whether this person works with the child and may write therapeutic notes on it."""
    return request.identity.role in AUTHORS and "W" in access_to_one(request.db, request.identity, support)


def write(request, support: Any, data: dict) -> TherapeuticNote:
    """A new note of one's own. Raises NotAllowed."""
    if not may_write(request, support):
        raise NotAllowed("therapeutic notes are written by who supports the child")
    note = TherapeuticNote(
        ref=new_ref(request.db, TherapeuticNote, "TN", now().date()), agency_id=request.identity.agency_id,
        created_by_id=request.identity.user_id, support_id=support.id, case_id=support.case_id,
        child_id=support.child_id, held_on=data["held_on"], child_agrees=data["child_agrees"], text=data["text"],
    )
    request.db.add(note)
    return note


NOTE = RecordType(
    name="therapeutic_note", model=TherapeuticNote, path="therapy", prefix="TN", row="therapeutic.note",
    parent="support_referral", link="support_id", title=_("Therapeutic note"), plural=_("Therapeutic notes"),
    columns=("ref", "held_on", "created_by_id", "child_agrees"), edit_schema=asks.TherapeuticNote, list_view=False,
    tab=_("Therapeutic notes"), fields=("held_on", "text", "child_agrees", "created_by_id"), history="R",
    voidable=False, labels={"created_by_id": _("Written by"), "child_id": _("Child"), "support_id": _("Support")},
    empty=_("There are no therapeutic notes here for you. Each stays with who wrote it."), weight=70,
)


def ask(request, support: Any, data: dict) -> DisclosureOrder:
    """The order of a court, entered by who wrote the notes. Raises NotAllowed, Refused."""
    order = DisclosureOrder(
        ref=new_ref(request.db, DisclosureOrder, "Y", now().date()), agency_id=support.agency_id,
        created_by_id=request.identity.user_id, support_id=support.id, case_id=support.case_id,
        child_id=support.child_id, court=data["court"], document=data["document"], document_on=data["document_on"],
        until=data["until"], reason=data["reason"],
    )
    return engine.create(request.db, request.identity, order, "ask_disclosure")


def order_page(request, order: DisclosureOrder) -> dict:
    """What is filled in, and whether this person may make the copy now."""
    ready = order.state == "approved" and order.created_by_id == request.identity.user_id
    rows = summary(request, ORDER, shown(request.db, request.identity, order))
    return {"summary": [row for row in rows if row["value"] not in ("", None)], "may_copy": ready and any(
        t.event == "make_copy" for t in engine.possible(request.db, request.identity, order))}


ORDER = RecordType(
    name="disclosure_order", model=DisclosureOrder, path="disclosures", prefix="Y", row="service",
    parent="support_referral", link="support_id", title=_("Disclosure order"), plural=_("Disclosure orders"),
    columns=("ref", "state", "court", "document", "until", "copied_at"), schema=asks.AskDisclosure, create=ask,
    inner=("ask_disclosure", "make_copy"), template="casework:therapy/templates/order.jinja2", extra=order_page,
    fields=("court", "document", "document_on", "until", "reason", "created_by_id", "informed_on", "informed_how",
            "approved_by_id", "approved_at", "copied_at", "notes", "sha256"),
    labels={
        "court": _("Court"), "document": _("Number of the court's document"), "document_on": _("Date of the document"),
        "until": _("The order counts until"), "created_by_id": _("Entered by"), "approved_at": _("Approved"),
        "approved_by_id": _("Approved by"), "informed_on": _("Day on which the child was told"),
        "informed_how": _("How the child was told, and what it said"), "copied_at": _("Copy made"),
        "notes": _("Notes in the copy"), "sha256": _("SHA-256 of the copy"), "child_id": _("Child"),
        "support_id": _("Support"), "reason": _("What the court asks for, and why"),
    },
    codes={"state": "disclosure_state"}, history="R", voidable=False, weight=75,
    empty=_("No court has asked for therapeutic notes."),
)

"""The flow of a disclosure order (DOMAIN 4, note 27): entered by the author of the notes, approved by the supervisor
once the child was told, and one copy, once."""

from typing import Any

from sqlalchemy import func, select

from casework.web.i18n import _, local_time
from casework.workflow.engine import Flow, Move, Problem, Transition, add_flow
from schemas.exceptions import ApproveDisclosure
from schemas.fields import ReasonSchema

from .models import DisclosureOrder, TherapeuticNote

AUTHORS = ("SW", "PRV")


def notes_of(order: DisclosureOrder) -> Any:
    """The notes that an order is about: those of who entered it, on this child's support."""
    return select(TherapeuticNote).where(
        TherapeuticNote.support_id == order.support_id, TherapeuticNote.created_by_id == order.created_by_id,
        TherapeuticNote.voided_at.is_(None))


def has_notes(move: Move) -> Problem | None:
    """An order that no note answers is answered by letter."""
    own = select(func.count()).select_from(TherapeuticNote).where(
        TherapeuticNote.support_id == move.record.support_id,
        TherapeuticNote.created_by_id == (move.record.created_by_id or move.identity.user_id))
    with move.session.no_autoflush:
        if not move.session.scalar(own):
            return Problem(_("You have written no therapeutic note on this child. Answer the court by letter."))
    return None


def still_counts(move: Move) -> Problem | None:
    """After its last day an order opens nothing."""
    if move.record.until < local_time(move.at).date():
        return Problem(_("The order has run out. Ask the court for a new one."))
    return None


def only_author(move: Move) -> Problem | None:
    """The copy is made by who wrote the notes: nobody else reads them for it."""
    if move.record.created_by_id != move.identity.user_id:
        return Problem(_("Only who wrote the notes makes the copy."))
    return None


def _approve(move: Move) -> None:
    order, data = move.record, move.data
    order.informed_on, order.informed_how = data["informed_on"], data["informed_how"]
    order.approved_at, order.approved_by_id = move.at, move.identity.user_id


def _copy(move: Move) -> None:
    order = move.record
    order.copied_at, order.notes, order.sha256 = move.at, move.data["notes"], move.data["sha256"]


FLOW = add_flow(Flow(
    "disclosure",
    states=("asked", "approved", "refused", "copied"),
    final=("refused", "copied"),
    transitions=(
        Transition("ask_disclosure", (), "asked", AUTHORS, guards=(has_notes, still_counts)),
        Transition(
            "approve_disclosure", ("asked",), "approved", ("SWS",), level="A", not_author=("created",), fresh=True,
            guards=(still_counts,), effects=(_approve,), reason="why it is approved", schema=ApproveDisclosure,
            confirm=_("One sealed copy of the notes can then be made by who wrote them, and no second one."),
        ),
        Transition("refuse_disclosure", ("asked",), "refused", ("SWS",), level="A", not_author=("created",),
                   reason="why it is refused", schema=ReasonSchema),
        Transition("make_copy", ("approved",), "copied", AUTHORS, guards=(only_author, still_counts), fresh=True,
                   effects=(_copy,)),
    ),
))

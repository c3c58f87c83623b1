"""The flow of a link between two cases: one side proposes, a supervisor of each agency approves."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from casework.authz.identity import Identity
from casework.authz.scope import unscoped
from casework.db.base import now
from casework.db.refs import new_ref
from casework.web.i18n import _
from casework.workflow import engine
from casework.workflow.engine import Flow, Move, Problem, Transition, add_flow
from schemas.fields import ReasonSchema

from .models import Case, CaseLink


def propose(db: Session, identity: Identity, case: Case, other_ref: str, type: str, basis: str) -> CaseLink:
    """Propose a link to the case with a reference, seen or not. Raises Refused for the case itself.

    The answer is the same whether or not there is such a case: only its own agency will know.
    """
    if other_ref == case.ref:
        raise engine.Refused(Problem(_("A case cannot be linked to itself."), "other_case"))
    with unscoped(db, "finds the agency that must approve; nothing of it is shown"):
        other = db.scalars(select(Case).where(Case.ref == other_ref)).one_or_none()
    return propose_between(db, identity, case, other, other_ref=other_ref, type=type, basis=basis)


def propose_between(
    db: Session, identity: Identity, case: Case, other: Case | None, *, other_ref: str, type: str, basis: str
) -> CaseLink:
    """Propose a link to a case that the program has found, and this person may not see. `other_ref` shows to who
    proposes, in the place of its reference, until both have approved."""
    link = CaseLink(
        ref=new_ref(db, CaseLink, "L", now().date()), agency_id=case.lead_agency_id, created_by_id=identity.user_id,
        case_id=case.id, other_ref=other_ref, other_case_id=other.id if other else None,
        other_agency_id=other.lead_agency_id if other else None, type=type, basis=basis,
    )
    return engine.create(db, identity, link, "propose")


def sides(link: CaseLink, identity: Identity) -> tuple[bool, bool]:
    """Whether this person's agency is the one that proposed, and the other one."""
    return link.agency_id == identity.agency_id, link.other_agency_id == identity.agency_id


def not_approved_yet(move: Move) -> Problem | None:
    """Each agency approves once, and each by somebody else: one may supervise at both."""
    ours, theirs = sides(move.record, move.identity)
    if (not ours or move.record.approved_a_id) and (not theirs or move.record.approved_b_id):
        return Problem(_("Your agency has approved this link already. The other one has not answered yet."))
    if move.identity.user_id in (move.record.approved_a_id, move.record.approved_b_id):
        return Problem(_("You approved it for the other agency: here somebody else does."))
    return None


def _both(move: Move) -> str:
    link = move.record
    ours, theirs = sides(link, move.identity)
    return "approved" if (ours or link.approved_a_id) and (theirs or link.approved_b_id) else "proposed"


def _approve(move: Move) -> None:
    ours, theirs = sides(move.record, move.identity)
    if ours:
        move.record.approved_a_id = move.identity.user_id
    if theirs:
        move.record.approved_b_id = move.identity.user_id


FLOW = add_flow(Flow(
    "case_link", ("proposed", "approved", "refused", "withdrawn"), final=("refused", "withdrawn"),
    transitions=(
        Transition("propose", (), "proposed", ("INV", "PSU")),
        Transition("approve", ("proposed",), _both, ("PSU",), level="A", guards=(not_approved_yet,),
                   effects=(_approve,), not_author=("created",),
                   confirm=_("When both agencies have approved, each sees the reference, the unit and the officer of "
                             "the other's case.")),
        Transition("refuse", ("proposed",), "refused", ("PSU",), level="A", reason="required", schema=ReasonSchema),
        Transition("withdraw", ("proposed",), "withdrawn", ("INV",), reason="required", schema=ReasonSchema),
    ),
))

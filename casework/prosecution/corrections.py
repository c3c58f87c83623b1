"""A hearing or decision that was recorded wrongly is voided by two people; what rested on it is put right with it."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from casework.authz.identity import Identity
from casework.authz.scope import unscoped
from casework.cases import tasks
from casework.cases.guards import as_uuid
from casework.cases.models import Task
from casework.db.base import now
from casework.records import voiding
from casework.web.i18n import _
from casework.workflow import engine
from casework.workflow.engine import Move, Problem
from casework.workflow.models import StateChange

from . import remedies
from .effects import VERDICT_STATUS
from .models import Charge, Decision, Hearing, Prosecution

JUDGMENTS = ("judgment", "default_judgment", "judgment_on_appeal", "cassation")
# Decisions that a step of the matter stands for.
OF_STEPS = ("no_processing", "introductory_submission", "closing_order_indictment", "closing_order_nonsuit")
_CLOCKS = (remedies.OPPOSITION, remedies.APPEAL, remedies.APPEAL_GENERAL, remedies.CASSATION)
_INSTANCE = {"judgment_on_appeal": "appeal", "cassation": "cassation"}
IMMEDIATE = "D-17"
SUPPORT_TOLD = "H-04"


def _matter_of(db: Session, record: Hearing | Decision) -> Prosecution:
    with unscoped(db, "voiding works on the matter the record belongs to"):
        return db.get_one(Prosecution, record.prosecution_id)


# ---- hearings

def hearing_voided(db: Session, identity: Identity, hearing: Hearing) -> None:
    """Who was told of the date learns that there is none; the clock that waited for it has nothing to wait for."""
    with unscoped(db, "whoever was told of the date is told"):
        told = db.scalars(select(Task).where(Task.record_id == hearing.id, Task.title == "court_date")).all()
        others = db.scalars(select(Hearing.id).where(
            Hearing.prosecution_id == hearing.prosecution_id, Hearing.id != hearing.id, Hearing.result.is_(None),
            Hearing.voided_at.is_(None), Hearing.at > now(),
        )).first()
    for task in told:
        if task.state in tasks.OPEN:
            engine.apply(db, None, task, "supersede", {"document": hearing.ref})
        tasks.add_free(
            db, None, hearing, "court_date_off", now(), task.assignee_id, kind="procedural",
            queue=(task.queue_agency_id, task.queue_role), detail=task.detail,
        )
    if others is None:
        tasks.supersede(db, _matter_of(db, hearing), [SUPPORT_TOLD], hearing.ref)


# ---- decisions

def decision_may_be_voided(db: Session, decision: Decision) -> Problem | None:
    """A judgment as long as nothing was built on it; what another step stands for when the right one is recorded."""
    if _is_judgment(decision):
        if _matter_of(db, decision).state != "judged" or _last_judgment(db, decision) != decision:
            return Problem(_("The matter has gone on from this judgment. It cannot be voided any more."))
    elif decision.type in OF_STEPS and not _replaced(db, decision):
        return Problem(_("The matter rests on this decision. Record the right one first, then void this one."))
    return None


def _is_judgment(decision: Decision) -> bool:
    """Whether the matter was judged by it: one that was only noted beside the matter has no results."""
    return decision.type in JUDGMENTS and decision.results is not None


def _decisions(db: Session, decision: Decision, *conditions) -> list[Decision]:
    """The decisions of the same matter that stand, newest first."""
    query = select(Decision).where(
        Decision.prosecution_id == decision.prosecution_id, Decision.voided_at.is_(None), *conditions
    )
    with unscoped(db, "voiding asks what else was decided in the matter"):
        return list(db.scalars(query.order_by(Decision.id.desc())))


def _last_judgment(db: Session, decision: Decision) -> Decision | None:
    return next(iter(_decisions(db, decision, Decision.type.in_(JUDGMENTS), Decision.results.is_not(None))), None)


def _replaced(db: Session, decision: Decision) -> bool:
    return bool(_decisions(db, decision, Decision.type == decision.type, Decision.id != decision.id))


def decision_voided(db: Session, identity: Identity, decision: Decision) -> None:
    """The matter goes back to where the judgment was entered, so that the right one can be."""
    if _is_judgment(decision):
        db.flush()
        engine.apply(db, None, _matter_of(db, decision), "judgment_voided", {"decision": decision})


def before_judgment(move: Move) -> str:
    """Target: where the matter stood when the judgment was entered."""
    query = select(StateChange.from_state).where(
        StateChange.record_id == move.record.id, StateChange.event == "judge"
    )
    return move.session.scalars(query.order_by(StateChange.at.desc(), StateChange.id.desc()).limit(1)).one()


def judgment_undone(move: Move) -> None:
    """Charges and terms stand again as before the judgment."""
    db, matter, decision = move.session, move.record, move.data["decision"]
    former = _last_judgment(db, decision)
    verdicts = {str(one["charge"]): one["verdict"] for one in (former.results or ())} if former is not None else {}
    with unscoped(db, "an effect works on all charges of the matter"):
        charges = db.scalars(select(Charge).where(Charge.id.in_([as_uuid(one["charge"]) for one in decision.results])))
        for charge in charges:
            verdict = verdicts.get(str(charge.id))
            charge.status = "charged" if verdict is None else VERDICT_STATUS.get(verdict, "dismissed")
    before = former or next(iter(_decisions(db, decision, Decision.type == "closing_order_indictment")), None)
    matter.instance = _INSTANCE.get(before.type if before is not None else "", "first")
    matter.decided_on = before.decided_on if before is not None else None
    matter.by_default = bool(former is not None and former.by_default)
    matter.notified_at = former.notified_at if former is not None else None
    matter.release_on = former.release_on if former is not None else None
    tasks.supersede(db, matter, _CLOCKS, decision.ref)
    if former is None and matter.first_appearance_at is not None:
        tasks.start(db, IMMEDIATE, matter, at=matter.first_appearance_at)


voiding.rest_on("hearing", effect=hearing_voided)
voiding.rest_on("decision", guard=decision_may_be_voided, effect=decision_voided)

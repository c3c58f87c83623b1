"""What must be true before a case moves (DOMAIN 3.2). Each guard gives a Problem with what to do, or None."""

import uuid

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from casework.accounts.models import Agency
from casework.authz.scope import unscoped
from casework.db.base import Base
from casework.people.models import Person
from casework.web.i18n import _
from casework.workflow.engine import Move, Problem
from casework.workflow.models import StateChange

from . import clocks, completeness
from .models import Case, CaseLink, OffenceProposal, Task

_OPEN_TASK = ("open", "in_progress")


def as_uuid(value) -> uuid.UUID | None:
    """An id from a form, where it is text."""
    return uuid.UUID(value) if isinstance(value, str) else value


def _count(move: Move, query) -> int:
    with unscoped(move.session, "a guard counts what exists, whoever asks; it shows nothing"):
        return move.session.execute(query).scalar_one()


def _records(table: str, *conditions):
    return select(func.count()).select_from(Base.metadata.tables[table]).where(*conditions)


def opened_from_referral(move: Move) -> Problem | None:
    """A hotline opens a case only out of a referral it accepted."""
    if move.identity is not None and move.identity.role == "HOT" and move.data.get("referral") is None:
        return Problem(_("A hotline opens a case only from a referral."))
    return None


def has_province(move: Move) -> Problem | None:
    if not move.record.province:
        return Problem(_("Choose the province."), "province")
    return None


def has_lead(move: Move) -> Problem | None:
    if move.record.lead_officer_id is None:
        return Problem(_("The case has no lead officer yet. A supervisor assigns one."))
    return None


def has_conduct(move: Move) -> Problem | None:
    if not move.record.conduct:
        return Problem(_("Say first what happened: choose the conduct."), "conduct")
    return None


def is_lead(move: Move) -> Problem | None:
    """The lead starts the enquiry, because the lead answers for conflicts of interest."""
    if move.record.lead_officer_id is not None and move.record.lead_officer_id != move.identity.user_id:
        return Problem(_("Only the lead officer starts the enquiry."))
    return None


def no_conflict(move: Move) -> Problem | None:
    if move.record.conflict_answered_at is None and not move.data.get("no_conflict"):
        return Problem(_("The lead officer must first answer whether there is a conflict of interest."), "no_conflict")
    return None


def has_plan_and_task(move: Move) -> Problem | None:
    """A plan in words, and somebody with something to do."""
    if not (move.data.get("plan") or move.record.plan or "").strip():
        return Problem(_("Write the plan of the enquiry first."), "plan")
    query = select(func.count(Task.id)).where(Task.case_id == move.record.id, Task.kind == "free")
    if not _count(move, query):
        return Problem(_("The plan needs at least one task. Add it on the page Tasks."))
    return None


def support_is_seen_to(move: Move) -> Problem | None:
    """Support was asked for, or it is said why there is no child to support."""
    plan = move.data if move.transition.event == "plan_intervention" else move.record.safety_plan
    if not plan:
        return Problem(_("There is no safety plan for the child yet."))
    if plan.get("no_support_reason"):
        return None
    support = Base.metadata.tables["support_referral"]
    asked = _records("support_referral", support.c.case_id == move.record.id, support.c.voided_at.is_(None))
    if not _count(move, asked):
        return Problem(
            _("No support has been asked for yet. Ask for it on the child's page, or say why there is none."), "support"
        )
    return None


def last_of(session: Session, case: Case, events: tuple[str, ...]) -> StateChange | None:
    """The last step of a case among `events`."""
    query = select(StateChange).where(StateChange.record_id == case.id, StateChange.event.in_(events))
    return session.scalars(query.order_by(StateChange.at.desc(), StateChange.id.desc()).limit(1)).first()


def plan_waits(session: Session, case: Case) -> StateChange | None:
    """The step that asked for the intervention, as long as nobody has decided about it."""
    last = last_of(session, case, ("plan_intervention", "approve_intervention", "refuse_intervention"))
    return last if last is not None and last.event == "plan_intervention" else None


def intervention_was_asked(move: Move) -> Problem | None:
    if plan_waits(move.session, move.record) is None:
        return Problem(_("No plan of an intervention waits for your decision."))
    return None


def medical_care_offered(move: Move) -> Problem | None:
    plan = move.record.safety_plan or {}
    if plan.get("support") and plan.get("medical_offered") != "yes":
        return Problem(_("Medical care must be offered to the child before the intervention."))
    return None


def suspects_are_listed(move: Move) -> Problem | None:
    case = move.record
    suspects = select(func.count(Person.id)).where(
        Person.case_id == case.id, Person.role == "suspect", Person.voided_at.is_(None)
    )
    if not case.suspects_unknown and not _count(move, suspects):
        return Problem(_("List the suspects, or say in the case that they are unknown."))
    return None


def offences_are_proposed(move: Move) -> Problem | None:
    """Every suspect has a proposed offence with its class."""
    case = move.record
    proposed = select(OffenceProposal.person_id).where(
        OffenceProposal.case_id == case.id, OffenceProposal.voided_at.is_(None)
    )
    missing = select(func.count(Person.id)).where(
        Person.case_id == case.id, Person.role == "suspect", Person.voided_at.is_(None), Person.id.not_in(proposed)
    )
    if _count(move, missing):
        return Problem(_("Propose an offence for each suspect."))
    return None


def evidence_is_listed(move: Move) -> Problem | None:
    item = Base.metadata.tables["evidence_item"]
    listed = _records("evidence_item", item.c.case_id == move.record.id, item.c.voided_at.is_(None))
    explained = (move.record.explanations or {}).get("7")
    if not explained and not _count(move, listed):
        return Problem(_("List the evidence, or explain at point 7 of the check why there is none."))
    return None


def file_is_complete(move: Move) -> Problem | None:
    """All 14 points green, or amber and explained."""
    with unscoped(move.session, "the check looks at the whole file"):
        open_points = [p for p in completeness.check(move.session, move.record) if not p.ready]
    if open_points:
        numbers = ", ".join(str(p.number) for p in open_points)
        return Problem(_("The file is not complete. Open points of the check: ${points}.", mapping={"points": numbers}))
    return None


def prosecution_has_jurisdiction(move: Move) -> Problem | None:
    agency_id = as_uuid(move.data.get("prosecution"))
    agency = move.session.get(Agency, agency_id) if agency_id else None
    if agency is None or "prosecution" not in agency.type.split() or not agency.active:
        return Problem(_("Choose a prosecution."), "prosecution")
    if agency.jurisdiction not in ("national", move.record.province):
        return Problem(_("This prosecution has no jurisdiction in the province of the case."), "prosecution")
    return None


def instructions_are_given(move: Move) -> Problem | None:
    if not instructions_of(move.data):
        return Problem(_("Write at least one instruction."), "instructions")
    return None


def instructions_of(data: dict) -> list[dict]:
    """The prosecutor's instructions, one a line."""
    given = data.get("instructions") or ()
    lines = given.splitlines() if isinstance(given, str) else given
    texts = [line["text"] if isinstance(line, dict) else str(line) for line in lines]
    return [{"text": text.strip(), "answer": None} for text in texts if text.strip()]


def answers_of(data: dict, count: int) -> list[str]:
    """The answers to `count` instructions, in their order; "" where there is none."""
    given = data.get("answers")
    if given is None:
        given = [data.get(f"answer_{number}") for number in range(1, count + 1)]
    texts = [(text or "").strip() for text in given]
    return (texts + [""] * count)[:count]


def every_instruction_answered(move: Move) -> Problem | None:
    instructions = move.record.instructions or []
    answers = answers_of(move.data, len(instructions))
    for number, answer in enumerate(answers, 1):
        if len(answer) < 3:
            return Problem(_("Answer instruction ${number}.", mapping={"number": number}), f"answer_{number}")
    return None


def master_may_take_it(move: Move) -> Problem | None:
    """Cases of one agency may be merged by its supervisor; of two, once both have approved a link between them."""
    master = master_of(move)
    case = move.record
    if master is None or master.id == case.id or master.state in ("closed", "merged", "voided"):
        return Problem(_("This is no open case that you may see."), "merged_into")
    if master.lead_agency_id == case.lead_agency_id:
        return None
    query = select(func.count(CaseLink.id)).where(
        CaseLink.state == "approved",
        ((CaseLink.case_id == case.id) & (CaseLink.other_case_id == master.id))
        | ((CaseLink.case_id == master.id) & (CaseLink.other_case_id == case.id)),
    )
    if not _count(move, query):
        return Problem(
            _("The cases belong to two agencies. Both must first approve a link between them."), "merged_into"
        )
    return None


def master_of(move: Move) -> Case | None:
    """The case that goes on, as this person may see it: by an approved link, or in the own agency."""
    ref = move.data.get("merged_into")
    found = move.session.scalars(select(Case).where(Case.ref == ref)).one_or_none()
    if found is None and ref:
        linked = select(CaseLink.id).where(
            CaseLink.state == "approved", CaseLink.case_id.in_((move.record.id, Case.id)),
            CaseLink.other_case_id.in_((move.record.id, Case.id)),
        )
        with unscoped(move.session, "the other side of a link both agencies have approved"):
            found = move.session.scalars(select(Case).where(Case.ref == ref, linked.exists())).one_or_none()
    return found


def evidence_is_disposed(move: Move) -> Problem | None:
    item = Base.metadata.tables["evidence_item"]
    waiting = _records(
        "evidence_item", item.c.case_id == move.record.id, item.c.disposition.is_(None), item.c.legal_hold.is_(False),
        item.c.voided_at.is_(None), item.c.state != "voided",
    )
    if _count(move, waiting):
        return Problem(_("Some evidence has no disposition and is not on hold."))
    return None


def tasks_are_closed(move: Move) -> Problem | None:
    """Nothing is left to do, but for the clocks that closing itself stops."""
    stopping = [rule.code for rule in clocks.rules().stopping("case:closed")]
    waiting = select(func.count(Task.id)).where(
        Task.case_id == move.record.id, Task.state.in_(_OPEN_TASK), Task.rule.is_(None) | Task.rule.not_in(stopping),
    )
    if _count(move, waiting):
        return Problem(_("Some tasks are still open. Finish or cancel them first."))
    return None


def support_is_noted(move: Move) -> Problem | None:
    if not move.data.get("support_noted"):
        return Problem(_("Find out how the support for the child stands, and tick the box."), "support_noted")
    return None


def feedback_is_said(move: Move) -> Problem | None:
    """The source of the referral has had its answer, or it is said why not."""
    if not move.data.get("feedback"):
        return Problem(_("Say whether the source of the referral has had an answer."), "feedback")
    return None


# States in which a prosecution office has nothing more to do with a matter.
_MATTER_OVER = ("no_processing", "diversion", "final", "enforcement", "closed")
_ENDED_WITHOUT_COURT = {
    "no_processing": _("The prosecutor kept the file without processing: choose that outcome."),
    "diversion": _("The matter ended with diversion: choose that outcome."),
}


def end_of_prosecution(session: Session, case: Case) -> str | None:
    """How the matters of a case ended: `no_processing` or `diversion` by the last one's way, "" when a court decided.

    None while one of them runs, and where there is none.
    """
    matter = Base.metadata.tables["prosecution"]
    query = select(matter.c.state, matter.c.legal_reason, matter.c.social_report).where(
        matter.c.case_id == case.id, matter.c.voided_at.is_(None)
    )
    with unscoped(session, "whether a case can be closed rests on every matter of it"):
        found = session.execute(query.order_by(matter.c.received_at, matter.c.id)).all()
    if not found or any(one.state not in _MATTER_OVER for one in found):
        return None
    if found[-1].legal_reason:
        return "no_processing"
    return "diversion" if found[-1].social_report else ""


def prosecution_has_ended(move: Move) -> Problem | None:
    """A file that lies with the prosecution is closed when the prosecutor has ended the matter, with its outcome."""
    ended = end_of_prosecution(move.session, move.record)
    if ended is None:
        return Problem(_("The prosecution has the file. The case is closed when the prosecutor has ended the matter."))
    if ended and move.data.get("outcome") != ended:
        return Problem(_ENDED_WITHOUT_COURT[ended], "outcome")
    return None


def prosecutor_is_informed(move: Move) -> Problem | None:
    """Needed where the prosecutor had kept the file without processing."""
    if move.record.outcome == "no_processing" and not move.data.get("prosecutor_informed"):
        return Problem(_("The prosecutor kept this file without processing: inform him first."), "prosecutor_informed")
    return None


def voiding_was_asked(move: Move) -> Problem | None:
    query = select(func.count(StateChange.id)).where(
        StateChange.record_id == move.record.id, StateChange.event == "propose_void"
    )
    if not _count(move, query):
        return Problem(_("Somebody else must ask first that this case be voided."))
    return None

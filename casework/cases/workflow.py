"""The flow of a case (DOMAIN 3.2)."""

from sqlalchemy import select

from casework.accounts.models import Agency
from casework.authz.scope import unscoped
from casework.people.models import Identifier
from casework.workflow import engine
from casework.workflow.engine import Flow, Move, Transition, add_flow
from schemas import case as asks
from schemas.fields import ReasonSchema

from . import file, guards, service, tasks
from .models import Task

SYS = "SYS"
BEFORE_COURT = (
    "opened", "enquiry", "intervention", "file_preparation", "supervisor_review", "submitted", "further_enquiry",
)
OPEN = (*BEFORE_COURT, "with_court", "suspended")
# Where a case stands whose matter may end without a court: with the prosecutor, or sent back to the police.
AT_PROSECUTION = ("submitted", "further_enquiry", "supervisor_review", "file_preparation")
STATES = (*OPEN, "closed", "merged", "voided")
# Events that happen through another record: they have no page of their own.
INNER = ("order_further_enquiry", "charge_entered")
# Steps that are no part of the usual way: the page folds them away.
RARE = ("ask_advice", "suspend", "merge", "propose_void", "void")

REFUSED_TASK = "intervention_refused"

# Retention starts at closing (DOMAIN 9.8); the class says which period.
RETENTION = {
    "unfounded": "unfounded", "not_an_offence": "unfounded", "duplicate_merged": "unfounded",
    "prosecuted_convicted": "prosecuted", "prosecuted_acquitted": "prosecuted", "diversion": "prosecuted",
    "nonsuit": "prosecuted",
}


def _same(move: Move) -> str:
    return move.from_state


def _start(move: Move) -> None:
    move.record.plan = move.data.get("plan") or move.record.plan
    move.record.conflict_answered_at = move.at


def _propose_preservation(move: Move) -> None:
    """One task for each identifier at a provider whose data nobody keeps yet (D-22)."""
    with unscoped(move.session, "every identifier of the case"):
        found = move.session.scalars(
            select(Identifier).where(
                Identifier.case_id == move.record.id, Identifier.provider.is_not(None),
                Identifier.preserved_until.is_(None), Identifier.voided_at.is_(None),
            )
        ).all()
    for identifier in found:
        tasks.add_free(
            move.session, move.identity, identifier, "propose_preservation", None, kind="procedural",
            queue=(move.record.lead_agency_id, "INV"), assignee_id=move.record.lead_officer_id,
            risk=move.record.risk_to_child,
        )


def _note_prosecutor(move: Move) -> None:
    move.record.prosecutor_notified_at = move.data["notified_at"]


def _keep_safety_plan(move: Move) -> None:
    plan = dict(move.data)
    plan["planned_at"] = plan["planned_at"].isoformat()
    move.record.safety_plan = plan


def _answer_refusal(move: Move) -> None:
    """The new plan is what the refusal of the last one asked for."""
    with unscoped(move.session, "the task goes with what it asked for"):
        waiting = move.session.scalars(select(Task).where(
            Task.record_id == move.record.id, Task.title == REFUSED_TASK, Task.state.in_(tasks.OPEN))).all()
    for task in waiting:
        engine.apply(move.session, None, task, "finish", {"result": "plan_intervention"})


def _tell_author(move: Move) -> None:
    """Who asked for the intervention learns that it was refused; why stands in the history of the case."""
    asked = guards.last_of(move.session, move.record, ("plan_intervention",))
    tasks.add_free(
        move.session, None, move.record, REFUSED_TASK, move.at, asked.actor_id, kind="procedural",
        queue=(move.record.lead_agency_id, "INV"),
    )


def _warn_social_worker(move: Move) -> None:
    """The social worker on duty learns time and place, and nothing else."""
    plan = move.record.safety_plan
    if not plan.get("support"):
        return
    agency_id = move.record.support_agency_id or _agency(move, f"dosvy.{move.record.province}")
    if agency_id is not None:
        tasks.add_free(
            move.session, None, move.record, "intervention_planned", tasks.moment_of(plan["planned_at"]),
            kind="procedural", queue=(agency_id, "SW"), detail=plan["planned_place"],
        )


def _agency(move: Move, code: str):
    return move.session.execute(select(Agency.id).where(Agency.code == code, Agency.active.is_(True))).scalar()


def _send_to_prosecution(move: Move) -> None:
    case, agency_id = move.record, guards.as_uuid(move.data["prosecution"])
    case.submitted_at = case.submitted_at or move.at
    _join_prosecution(move, agency_id)
    file.freeze(move.session, move.identity, case)


def _join_prosecution(move: Move, agency_id) -> None:
    case = move.record
    if case.prosecution_agency_id != agency_id:
        case.prosecution_agency_id = agency_id
        office = move.session.get(Agency, agency_id)
        case.court_agency_id = _agency(move, "court." + office.code.partition(".")[2])


def _ask_advice(move: Move) -> None:
    """Advice opens the file to the head of the prosecution office before it is submitted."""
    agency_id = guards.as_uuid(move.data["prosecution"])
    move.record.advice_asked_at = move.at
    _join_prosecution(move, agency_id)
    service.assign(
        move.session, move.identity, move.record, role="PRO", agency_id=agency_id, chief_only=True, part="office",
        reason=move.data["reason"],
    )


def _keep_instructions(move: Move) -> None:
    move.record.instructions = guards.instructions_of(move.data)
    move.record.instructions_due = move.data.get("instructions_due")


def _keep_answers(move: Move) -> None:
    instructions = move.record.instructions or []
    answers = guards.answers_of(move.data, len(instructions))
    move.record.instructions = [
        {"text": one["text"], "answer": answer} for one, answer in zip(instructions, answers, strict=True)
    ]


def _suspend(move: Move) -> None:
    move.record.suspended_reason = move.data["reason_code"]
    move.record.review_at = move.data["review_at"]


def _resume(move: Move) -> None:
    move.record.suspended_reason = move.record.review_at = None


def _merge(move: Move) -> None:
    master = guards.master_of(move)
    move.record.merged_into_id = master.id
    move.record.outcome = "duplicate_merged"
    move.record.closed_at = move.at


def _close(move: Move) -> None:
    move.record.outcome = move.data["outcome"]
    move.record.closed_at = move.at
    move.record.retention_class = RETENTION.get(move.data["outcome"], "standard")


def _reopen(move: Move) -> None:
    move.record.closed_at = None
    move.record.outcome = None


def _void(move: Move) -> None:
    move.record.voided_at = move.at


INV, PSU = ("INV",), ("PSU",)
POLICE = ("INV", "PSU")
CLOSED_FILE = (guards.evidence_is_disposed, guards.tasks_are_closed, guards.support_is_noted, guards.feedback_is_said)

FLOW = add_flow(Flow("case", STATES, final=("merged", "voided"), transitions=(
    Transition("open", (), "opened", ("INV", "PSU", "HOT", SYS),
               guards=(guards.opened_from_referral, guards.has_province)),
    Transition("start_enquiry", ("opened",), "enquiry", INV,
               guards=(guards.has_lead, guards.is_lead, guards.has_conduct, guards.no_conflict,
                       guards.has_plan_and_task),
               effects=(_start, _propose_preservation), schema=asks.StartEnquiry),
    Transition("prosecutor_notified", BEFORE_COURT, _same, POLICE, effects=(_note_prosecutor,),
               schema=asks.ProsecutorNotified),
    Transition("ask_advice", ("enquiry", "intervention", "file_preparation"), _same, PSU, level="A", reason="required",
               guards=(guards.prosecution_has_jurisdiction,), effects=(_ask_advice,), schema=asks.AskAdvice),
    Transition("plan_intervention", ("enquiry",), "enquiry", INV, guards=(guards.support_is_seen_to,),
               effects=(_keep_safety_plan, _answer_refusal), schema=asks.SafetyPlan),
    Transition("approve_intervention", ("enquiry",), "intervention", PSU, level="A",
               guards=(guards.intervention_was_asked, guards.support_is_seen_to, guards.medical_care_offered),
               not_author=("plan_intervention",), effects=(_warn_social_worker,)),
    Transition("refuse_intervention", ("enquiry",), "enquiry", PSU, level="A", reason="required",
               guards=(guards.intervention_was_asked,), not_author=("plan_intervention",), effects=(_tell_author,),
               schema=ReasonSchema),
    Transition("prepare_file", ("enquiry", "intervention"), "file_preparation", INV,
               guards=(guards.suspects_are_listed, guards.offences_are_proposed, guards.evidence_is_listed)),
    Transition("send_for_review", ("file_preparation",), "supervisor_review", INV, guards=(guards.file_is_complete,)),
    Transition("return_to_author", ("supervisor_review",), "file_preparation", PSU, level="A", reason="required",
               not_author=("send_for_review",), schema=asks.ReturnToAuthor),
    Transition("submit", ("supervisor_review",), "submitted", PSU, level="A",
               guards=(guards.file_is_complete, guards.prosecution_has_jurisdiction),
               not_author=("send_for_review", "finish_further_enquiry"), effects=(_send_to_prosecution,),
               schema=asks.Submit),
    Transition("order_further_enquiry", ("submitted", "with_court"), "further_enquiry", ("PRO", SYS), row="charge",
               guards=(guards.instructions_are_given,), effects=(_keep_instructions,), schema=asks.FurtherEnquiry),
    Transition("finish_further_enquiry", ("further_enquiry",), "supervisor_review", INV,
               guards=(guards.every_instruction_answered,), effects=(_keep_answers,), schema=asks.FinishFurtherEnquiry),
    Transition("charge_entered", ("submitted",), "with_court", (SYS,)),
    Transition("suspend", ("enquiry",), "suspended", PSU, level="A", reason="required", effects=(_suspend,),
               schema=asks.Suspend),
    Transition("resume", ("suspended",), "enquiry", PSU, level="A", reason="required", effects=(_resume,),
               schema=ReasonSchema),
    Transition("merge", OPEN, "merged", PSU, level="A", reason="required", guards=(guards.master_may_take_it,),
               effects=(_merge,), schema=asks.MergeCase),
    Transition("close", ("with_court", "suspended", "enquiry"), "closed", PSU, level="A", reason="required",
               guards=CLOSED_FILE, effects=(_close,), schema=asks.CloseCase),
    Transition("close", AT_PROSECUTION, "closed", PSU, level="A", reason="required",
               guards=(guards.prosecution_has_ended, *CLOSED_FILE), effects=(_close,), schema=asks.CloseCase),
    Transition("reopen", ("closed",), "enquiry", PSU, level="A", reason="required",
               guards=(guards.prosecutor_is_informed,), effects=(_reopen,), schema=asks.ReopenCase),
    Transition("propose_void", OPEN, _same, POLICE, reason="required", schema=asks.VoidCase),
    Transition("void", OPEN, "voided", PSU, level="A", reason="required", guards=(guards.voiding_was_asked,),
               not_author=("propose_void",), effects=(_void,), schema=ReasonSchema),
)))

"""What a transition does to the matter, its charges and decisions, and to the case."""

import datetime as dt

from sqlalchemy import select

from casework.authz.scope import unscoped
from casework.cases import handover, tasks
from casework.cases import service as cases
from casework.cases.guards import as_uuid
from casework.cases.models import Task
from casework.people.models import Person
from casework.web.i18n import ZONE
from casework.workflow.engine import Move

from . import hearings, remedies
from .guards import charges_of
from .records import add_decision

VERDICT_STATUS = {"convicted": "convicted", "acquitted": "acquitted"}
# A victim is told well before the person leaves prison.
SAFETY_NOTICE = dt.timedelta(days=30)


def stays(move: Move) -> str:
    """Target of what happens without a change of state."""
    return move.from_state


def after_assignment(move: Move) -> str:
    """Target: the file is looked at only when the new assignee has answered; later stages stay."""
    return "registered" if move.from_state in ("registered", "under_review") else move.from_state


def case_of(move: Move):
    return cases.case_of(move.session, move.record.case_id)


def was_received(move: Move) -> None:
    """The head of the office sees the matter, nobody else there does."""
    case = case_of(move)
    cases.assign(move.session, None, case, role="PRO", agency_id=move.record.agency_id, chief_only=True, part="office")


def was_registered(move: Move) -> None:
    move.record.register_number = move.data["register_number"]
    move.record.registered_on = move.data["registered_on"]


def was_assigned(move: Move) -> None:
    """The one before loses the file, unless he heads the office; the new one has yet to answer."""
    matter, case = move.record, case_of(move)
    if matter.prosecutor_id is not None:
        _take_off(move, case, matter.prosecutor_id)
    matter.prosecutor_id, matter.conflict_answered_at = as_uuid(move.data["prosecutor"]), None
    cases.assign(move.session, move.identity, case, role="PRO", agency_id=matter.agency_id,
                 user_id=matter.prosecutor_id)
    handover.handed_over(move.session, matter, "PRO")
    with unscoped(move.session, "the clocks of the matter go with it"):
        running = move.session.scalars(select(Task).where(Task.record_id == matter.id, Task.state.in_(tasks.OPEN)))
        for task in running:
            task.assignee_id = matter.prosecutor_id


def _take_off(move: Move, case, user_id) -> None:
    for grant in cases.grants_on(move.session, case):
        if grant.principal_id == user_id and grant.role == "PRO":
            cases.unassign(move.session, move.identity, grant)


def was_taken_over(move: Move) -> None:
    move.record.conflict_answered_at = move.at


def had_conflict(move: Move) -> None:
    """Shut out of the case from now on; the head of the office assigns somebody else."""
    cases.recuse(move.session, move.identity, move.identity.user_id, case_of(move), move.data["reason"])
    move.record.prosecutor_id = move.record.conflict_answered_at = None


def was_returned(move: Move) -> None:
    """The case goes back to the police with the instructions; each missing point of the check is one of them."""
    matter, data = move.record, move.data
    matter.instructions, matter.instructions_due = data["instructions"], data["instructions_due"]
    matter.instructions_points = sorted({int(n) for n in data.get("instructions_points") or ()}) or None
    matter.returns += 1
    _order_enquiry(move, data["instructions"], data["instructions_due"])


def _order_enquiry(move: Move, instructions: str, due) -> None:
    cases.move_case(move.session, None, case_of(move), "order_further_enquiry",
                    {"instructions": instructions, "instructions_due": due})


def was_sent_again(move: Move) -> None:
    """The prosecutor who had returned the file finds the answers."""
    move.record.file_version_id = move.data["file_version_id"]


def was_kept(move: Move) -> None:
    matter, data = move.record, move.data
    matter.legal_reason = data["legal_reason"]
    add_decision(move, "no_processing", body_id=matter.agency_id)
    if data.get("victim_informed_on"):
        _complainant_informed(move, data["victim_informed_on"])


def told_complainant(move: Move) -> None:
    _complainant_informed(move, move.data["informed_on"])


def _complainant_informed(move: Move, day: dt.date) -> None:
    move.record.victim_informed_on = day
    tasks.happened(move.session, move.record, "complainant_informed")


def was_diverted(move: Move) -> None:
    move.record.social_report = move.data["social_report"]


def went_to_judge(move: Move) -> None:
    """From here on the clerk of the court reads the file, and the suspects are accused."""
    case = case_of(move)
    move.record.measures = move.data.get("measures")
    case.introductory_at = case.introductory_at or move.at
    add_decision(move, "introductory_submission", body_id=move.record.agency_id, document=move.data["document"])
    cases.assign(move.session, move.identity, case, role="CLK", agency_id=case.court_agency_id, part="office")
    _charge(move)


def was_cited(move: Move) -> None:
    move.record.summons_on = move.data["summons_on"]
    _charge(move)


def appeared(move: Move) -> None:
    move.record.first_appearance_at = move.data["first_appearance_at"]
    _charge(move)
    tasks.happened(move.session, move.record, "first_appearance", at=move.data["first_appearance_at"])


def _charge(move: Move) -> None:
    """What was drafted is charged now, and the case is with the court."""
    for charge in charges_of(move.session, move.record, ("proposed",)):
        charge.status, charge.entered_at = "charged", move.at
    _set_suspects(move, "charged", ("charged",))
    case = case_of(move)
    if case.state == "submitted":
        cases.move_case(move.session, None, case, "charge_entered")


def _set_suspects(move: Move, status: str, charges: tuple[str, ...]) -> None:
    """The status of the people follows from their charges."""
    ids = {charge.person_id for charge in charges_of(move.session, move.record, charges)}
    with unscoped(move.session, "the status of a person follows from the charges"):
        for person in move.session.scalars(select(Person).where(Person.id.in_(ids))):
            person.suspect_status = status


def judge_was_seised(move: Move) -> None:
    matter, data = move.record, move.data
    matter.judge, matter.judge_number, matter.seised_on = data["judge"], data["judge_number"], data["seised_on"]


def commission_came(move: Move) -> None:
    """The judge has the police enquire again: the case goes back, the matter stays with the judge."""
    matter, data = move.record, move.data
    matter.instructions, matter.instructions_due = data["instructions"], data.get("instructions_due")
    _order_enquiry(move, data["instructions"], data.get("instructions_due"))


def end_was_announced(move: Move) -> None:
    move.record.detained = move.data["detained"]
    move.data["clock_from"] = move.data["announced_on"]


def submission_was_made(move: Move) -> None:
    tasks.happened(move.session, move.record, "final_submission_made")


def was_indicted(move: Move) -> None:
    _closing_order(move, "closing_order_indictment")


def had_nonsuit(move: Move) -> None:
    _closing_order(move, "closing_order_nonsuit")
    for charge in charges_of(move.session, move.record):
        charge.status = "dismissed"


def _closing_order(move: Move, kind: str) -> None:
    matter, data = move.record, move.data
    matter.detained, matter.decided_on = data["detained"], data["decided_on"]
    move.data["clock_from"] = data["decided_on"]
    add_decision(move, kind, body_id=case_of(move).court_agency_id, document=data["order_number"],
                 decided_on=data["decided_on"])


def trial_was_fixed(move: Move) -> None:
    hearings.fix(move.session, move.identity, move.record, move.data)


def was_judged(move: Move) -> None:
    """The decision, a result for each charge, and the clocks of the remedies."""
    matter, data = move.record, move.data
    matter.instance = {"appeal": "appeal", "cassation": "cassation"}.get(move.from_state, "first")
    matter.decided_on, matter.by_default = data["decided_on"], data["by_default"]
    matter.notified_at, matter.release_on = data.get("notified_at"), data.get("release_on")
    add_decision(move, data["type"], body_id=as_uuid(data["body"]), decided_on=data["decided_on"], judgment=True)
    results = {str(result["charge"]): result for result in data["results"]}
    for charge in charges_of(move.session, matter, ("charged", "convicted", "acquitted")):
        charge.status = VERDICT_STATUS.get(results[str(charge.id)]["verdict"], "dismissed")
    start = move.data["clock_from"] = data["decided_on"]
    if matter.instance == "first":
        tasks.start(move.session, remedies.APPEAL_GENERAL, matter, at=start)
    if matter.instance == "appeal":
        tasks.happened(move.session, matter, "appeal_judged", at=start)
    if matter.by_default and matter.notified_at:
        tasks.happened(move.session, matter, "default_judgment_notified", at=matter.notified_at)


def remedy_came(move: Move) -> None:
    """Whether it was in time is worked out and shown; the court decides on it."""
    matter, data = move.record, move.data
    remedy = move.transition.event.removeprefix("file_")
    rule = remedies.rule_for(matter, move.from_state, remedy, data["party"])
    matter.remedy_party, matter.remedy_filed_on = data["party"], data["filed_on"]
    day = remedies.ends_at(matter, rule).astimezone(ZONE).date()
    matter.remedy_in_time = data["filed_on"] <= day
    tasks.stop(move.session, matter, [remedies.APPEAL_GENERAL, remedies.APPEAL], remedy)


def became_final(move: Move) -> None:
    """Only now is anybody convicted, or cleared, for good."""
    move.record.final_at = move.at
    _set_suspects(move, "cleared", ("acquitted", "dismissed"))
    _set_suspects(move, "convicted", ("convicted",))


def was_enforced(move: Move) -> None:
    """The prison knows; those who support the child are to be told before anybody is released."""
    matter, data, case = move.record, move.data, case_of(move)
    matter.prison_informed_on = data["prison_informed_on"]
    matter.release_on = data.get("release_on") or matter.release_on
    if matter.release_on is not None:
        due = remedies.end_of(matter.release_on) - SAFETY_NOTICE
        queue = (case.support_agency_id, "SWS") if case.support_agency_id else (matter.agency_id, "PRO")
        tasks.add_free(move.session, None, matter, "victim_safety_notice", due, kind="procedural", queue=queue,
                       assignee_id=None if case.support_agency_id else matter.prosecutor_id)

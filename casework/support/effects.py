"""What the transitions of a child's support bring about."""

import datetime as dt
from typing import Any

from sqlalchemy import select

from casework.authz.scope import unscoped
from casework.cases import handover, tasks
from casework.cases.guards import as_uuid
from casework.db.refs import new_ref
from casework.web.i18n import ZONE
from casework.workflow import engine
from casework.workflow.engine import Move, Transitioned
from casework.workflow.models import StateChange
from schemas.support import proposed_level

from . import consents, people
from .minimal import minimal_view
from .models import Assessment, SupportReferral, SupportSending

# What police and prosecution are told of a state (DOMAIN 3.5): asked for, yes, no, declined.
STATUS = {
    "draft": "requested", "consent_pending": "requested", "declined": "declined", "closed": "no", "transferred": "yes",
    "voided": "no",
}
# What belongs to one course of support and not to the next.
COURSE = (
    "sent_at", "answered_at", "accepted_at", "answer", "reject_reason", "provider_agency_id", "provider_worker_id",
    "plan_asked_at", "plan_approved_at", "plan_approved_by_id", "closure_reason", "closure_safety", "closure_court",
    "follow_up_dates", "closed_at", "declined_what", "door_open_until",
)


def stays(move: Move) -> str:
    """The state as it was."""
    return move.from_state


def keep_status(event: Transitioned) -> None:
    """Subscriber: the one word that police and prosecution see follows the state."""
    record = event.move.record
    if isinstance(record, SupportReferral):
        record.status = STATUS.get(record.state, "yes")


def was_created(move: Move) -> None:
    """The social workers of the agency see the request, and the clock of the first contact runs."""
    move.session.flush()
    if move.identity is not None and move.identity.role == "SW":
        people.give_to(move.session, move.identity, move.record, move.identity.user_id)
    else:
        people.offer(move.session, move.identity, move.record)
    tasks.happened(move.session, move.record, "created")
    tasks.happened(move.session, consents.child_of(move.session, move.record), "support_created")


def was_taken(move: Move) -> None:
    people.give_to(move.session, move.identity, move.record, move.identity.user_id)


def was_assigned(move: Move) -> None:
    people.give_to(move.session, move.identity, move.record, as_uuid(move.data["worker"]))


def was_contacted(move: Move) -> None:
    """Who made the first contact has the child from then on."""
    support, data = move.record, move.data
    if support.worker_id != move.identity.user_id:
        was_taken(move)
    support.first_contact_at = data["first_contact_at"]
    support.first_contact_result = {name: data.get(name) for name in ("kind", "safe", "note")}
    data["clock_from"] = data["first_contact_at"]


def was_explained(move: Move) -> None:
    move.record.explained = {name: move.data.get(name) for name in ("informed_how", "language")}


def was_declined(move: Move) -> None:
    """The door stays open; the clock of looking again is started by the state."""
    support, data = move.record, move.data
    support.declined_what, support.door_open_until = data["declined_what"], data["door_open_until"]


# ---- assessment and provider

def was_assessed(move: Move) -> None:
    """The assessment is a record of its own; the level is the one set by the person, the rule is kept beside it."""
    support, data = move.record, move.data
    level, rule = proposed_level(data["domains"])
    flags = sorted(name for name, need in data["domains"].items() if name == "safety" and need["level"] in ("2", "3"))
    move.session.add(Assessment(
        ref=new_ref(move.session, Assessment, "Q", move.at.date()), agency_id=support.agency_id,
        created_by_id=move.identity.user_id, support_id=support.id, case_id=support.case_id, child_id=support.child_id,
        assessed_on=data["assessed_on"], worker_id=move.identity.user_id, domains=data["domains"],
        proposed_level=level, rule_shown=rule, level_of_risk=data["level_of_risk"], safety_flags=flags,
        may_be_interviewed=data["may_be_interviewed"], safety_plan=data.get("safety_plan"),
        protective_factors=data.get("protective_factors"), child_view=data["child_view"], next_on=data["next_on"],
        level_reason=data.get("level_reason"),
    ))
    support.level_of_risk, support.may_be_interviewed = data["level_of_risk"], data["may_be_interviewed"]
    move.session.flush()


def was_sent(move: Move) -> None:
    """What goes out is frozen as it was previewed. A provider asked before is asked no longer."""
    db, support, data = move.session, move.record, move.data
    former = people.last_sending(move.session, move.record)
    if former is not None and former.state == "sent":
        engine.apply(db, None, former, "withdraw")
    support.services = [{"type": one["type"], "subtype": one["subtype"]} for one in data["services"]]
    support.provider_agency_id, support.provider_worker_id = as_uuid(data["provider_agency"]), None
    support.sent_at, support.answer = move.at, "pending"
    support.answered_at = support.accepted_at = support.reject_reason = None
    sending = SupportSending(
        ref=new_ref(db, SupportSending, "M", move.at.date()), agency_id=support.agency_id, support_id=support.id,
        created_by_id=move.identity.user_id, case_id=support.case_id, child_id=support.child_id, sent_at=move.at,
        provider_agency_id=support.provider_agency_id, urgency=support.level_of_risk or support.urgency,
        minimal_view=minimal_view(db, support, support.services, move.at),
    )
    engine.create(db, move.identity, sending, "send")


def provider_accepted(move: Move) -> None:
    move.record.answer, move.record.answered_at, move.record.accepted_at = "accepted", move.at, move.at


def provider_rejected(move: Move) -> None:
    move.record.answer, move.record.answered_at = "rejected", move.at
    move.record.reject_reason = move.data.get("reject_reason")


# ---- plan, service, closure

def was_planned(move: Move) -> None:
    support = move.record
    support.plan_goals = _plain(move.data["plan_goals"])
    support.child_view = move.data["child_view"]
    support.plan_asked_at, support.plan_approved_at, support.plan_approved_by_id = move.at, None, None


def plan_approved(move: Move) -> None:
    support = move.record
    support.plan_asked_at, support.plan_approved_at = None, move.at
    support.plan_approved_by_id = move.identity.user_id
    tasks.happened(move.session, support, "plan_approved")


def plan_returned(move: Move) -> None:
    move.record.plan_asked_at = None


def after_plan(move: Move) -> str:
    """An approved plan makes an accepted child a planned one; later plans change no state."""
    return "planned" if move.from_state == "accepted" else move.from_state


def plan_reviewed(move: Move) -> None:
    tasks.happened(move.session, move.record, "reviewed")


def _plain(value: Any) -> Any:
    """Days and moments as text, for a sealed list."""
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return value.isoformat() if isinstance(value, dt.date) else value


def was_suspended(move: Move) -> None:
    move.record.review_at = move.data["review_at"]


def was_resumed(move: Move) -> None:
    move.record.review_at = None


def before_suspension(move: Move) -> str:
    """Where it stood when it was suspended."""
    query = (
        select(StateChange.from_state)
        .where(StateChange.record_id == move.record.id, StateChange.event == "suspend")
        .order_by(StateChange.at.desc(), StateChange.id.desc()).limit(1)
    )
    return move.session.scalar(query)


def was_transferred(move: Move) -> None:
    """The other agency gets a request of its own, and asks for consent again; what is here stays behind."""
    db, support = move.session, move.record
    _let_provider_go(move)
    other = SupportReferral(
        ref=new_ref(db, SupportReferral, "S", move.at.date()), agency_id=as_uuid(move.data["to_agency"]),
        created_by_id=move.identity.user_id, case_id=support.case_id, referral_id=support.referral_id,
        child_id=support.child_id, urgency=support.level_of_risk or support.urgency,
        requested_by_id=support.agency_id, reason_code=support.reason_code, reason=support.reason,
        safe_contact=support.safe_contact,
    )
    engine.create(db, None, other, "create")


def closure_asked(move: Move) -> None:
    support, data = move.record, move.data
    support.closure_reason, support.closure_safety = data["closure_reason"], data["closure_safety"]
    support.closure_court = data["court_steps"]
    support.follow_up_dates = sorted(_plain(list(data["follow_up_dates"])))


def closed(move: Move) -> None:
    """Each follow-up date becomes a task; the provider's part is over."""
    support = move.record
    support.closed_at = move.at
    for day in support.follow_up_dates:
        due = dt.datetime.combine(dt.date.fromisoformat(day), dt.time(17), ZONE).astimezone(dt.UTC)
        tasks.add_free(
            move.session, None, support, "support_follow_up", due, support.worker_id, kind="procedural",
            queue=(support.agency_id, "SW"),
        )
    _let_provider_go(move)


def _let_provider_go(move: Move) -> None:
    people.close_to_provider(move.session, move.identity, move.record)
    sending = people.last_sending(move.session, move.record)
    if sending is not None and sending.state == "sent":
        engine.apply(move.session, None, sending, "withdraw")
    elif sending is not None:
        people.end_sending(move.session, move.identity, sending)


def after_reopening(move: Move) -> str:
    """Who declined is asked again; what was closed begins anew, from the first contact."""
    return "consent_pending" if move.from_state == "declined" else "draft"


def reopened(move: Move) -> None:
    """What the last course ended with is cleared; the log keeps it."""
    support = move.record
    for name in ("first_contact_at", "first_contact_result", "explained", *COURSE) if support.closed_at else COURSE:
        setattr(support, name, None)
    if support.state == "draft":
        tasks.happened(move.session, support, "created")


def void_asked(move: Move) -> None:
    move.record.void_asked_at = move.at


def void_refused(move: Move) -> None:
    move.record.void_asked_at = None


def was_voided(move: Move) -> None:
    move.record.voided_at = move.at
    _let_provider_go(move)


# ---- the flow of what was sent

def sending_went_out(move: Move) -> None:
    move.session.flush()
    people.ask_provider(move.session, move.identity, move.record)


def _support_of(move: Move) -> SupportReferral:
    with unscoped(move.session, "an answer moves the support it is about"):
        return move.session.get_one(SupportReferral, move.record.support_id)


def sending_accepted(move: Move) -> None:
    """The provider's answer moves the support; the person who answered stands in the history of the sending."""
    move.record.answered_at = move.at
    engine.apply(move.session, None, _support_of(move), "accept")


def sending_rejected(move: Move) -> None:
    move.record.answered_at, move.record.reject_reason = move.at, move.data["reject_reason"]
    engine.apply(
        move.session, None, _support_of(move), "reject",
        {"reject_reason": move.data["reject_reason"], "reason": move.data["reason"]},
    )
    people.end_sending(move.session, move.identity, move.record)


def worker_named(move: Move) -> None:
    """The child's name opens to this one person, as long as there is consent."""
    support = _support_of(move)
    move.record.worker_id = support.provider_worker_id = as_uuid(move.data["provider_worker"])
    people.open_to_provider(move.session, move.identity, support)
    handover.handed_over(move.session, support, "PRV")


def sending_withdrawn(move: Move) -> None:
    people.end_sending(move.session, move.identity, move.record)

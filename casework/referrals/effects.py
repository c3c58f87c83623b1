"""What a referral's transitions bring about."""

import datetime as dt
import secrets
from contextlib import suppress
from typing import Any

from casework.accounts.models import Agency
from casework.cases import service as cases
from casework.cases import tasks
from casework.cases.guards import as_uuid
from casework.people import service as people
from casework.workflow.engine import Move, Refused

from . import persons
from .guards import CASE_OUTCOMES, LOCK, case_to_join, other_of
from .minimal import minimal_view

TRIAGE_FIELDS = ("conduct", "risk_level", "jurisdiction", "label", "child_known", "child_count", "facts_added")
ILLEGAL = frozenset({"baseline", "nationally_illegal"})
SAMPLE = 10  # one rejection in ten is reviewed by a second person (DOMAIN 3.1)


def received(move: Move) -> None:
    """Danger starts its own clock."""
    move.session.flush()
    if move.record.immediate_danger == "yes":
        tasks.happened(move.session, move.record, "immediate_danger")


def take(move: Move) -> None:
    """Lock it for who opened it to work on."""
    referral = move.record
    referral.triage_by_id = move.identity.user_id
    referral.triage_lock_until = move.at + LOCK
    referral.triage_started_at = referral.triage_started_at or move.at


def let_go(move: Move) -> None:
    """Nobody holds what is decided or waits."""
    move.record.triage_lock_until = None


def write_triage(session, referral: Any, data: dict[str, Any]) -> None:
    """Put what triage found on the referral. Illegal with a link to Cambodia starts the clock to the police."""
    for name in TRIAGE_FIELDS:
        if name in data:
            setattr(referral, name, data[name])
    linked = set(referral.jurisdiction or ()) - {"none"}
    if referral.label in ILLEGAL and linked and referral.forwarded_to_police_at is None:
        tasks.happened(session, referral, "classified_illegal")


def triage(move: Move) -> None:
    """The findings, who made them and when."""
    write_triage(move.session, move.record, move.data)
    move.record.triaged_at = move.at
    let_go(move)


def ask(move: Move) -> None:
    """The question is kept for the reporter to find, and the clock stands still, once."""
    referral = move.record
    referral.asked_at = move.at
    add_message(referral, "hotline", move.data["question"], move.at)
    let_go(move)
    # The clock stands still once; at a second question it runs on.
    with suppress(Refused):
        tasks.pause(move.session, referral, "D-01", at=move.at)


def answered(move: Move) -> None:
    """The answer is kept, and the clock runs on."""
    add_message(move.record, "reporter", move.data["answer"], move.at)
    tasks.resume(move.session, move.record, "D-01", at=move.at)


def add_message(referral: Any, who: str, text: str, at: dt.datetime) -> None:
    """Append to what hotline and reporter wrote to each other."""
    referral.messages = [*(referral.messages or []), {"at": at.isoformat(), "who": who, "text": text.strip()}]


def decide(decision: str):
    """Write down the decision and its reason."""

    def effect(move: Move) -> None:
        move.record.decision = decision
        move.record.decision_reason = move.data.get("reason_code")
        let_go(move)

    return effect


def outcome(move: Move) -> None:
    """What comes of an accepted referral: a case, a request for support, both, or neither.

    The two are independent: the request for support is made by who subscribes to this transition, from
    `move.data["support"]`, to which the child is added here.
    """
    referral, data, db = move.record, move.data, move.session
    referral.decision, referral.accepted_as = "accepted", data["accept_as"]
    child = persons.child_of(db, move.identity, referral) if _needs_child(move) else None
    case = None
    if data["accept_as"] == "new_case":
        case = cases.open_case(
            db, move.identity, title=data["title"], lead_agency_id=as_uuid(data["lead_agency_id"]),
            lead_officer_id=as_uuid(data.get("lead_officer_id")), conduct=referral.conduct, province=data["province"],
            district=referral.district, referral=referral, risk_to_child=_risk_to_child(referral.risk_level),
        )
    elif data["accept_as"] == "existing_case":
        case = case_to_join(move)
        if case.referral_agency_id is None:
            case.referral_agency_id = referral.agency_id
    if case is not None:
        with db.no_autoflush:  # the referral is written once, not before each look at what hangs under it
            referral.case_id = case.id
            people.move_to_case(db, referral, case)
            to_police(move, case.lead_agency_id)
    if data.get("support"):
        data["support"] = {**data["support"], "child_id": child.id, "case_id": case.id if case else None}


def _needs_child(move: Move) -> bool:
    return bool(move.data.get("support")) or (
        move.data["accept_as"] in CASE_OUTCOMES and move.record.child_known == "yes"
    )


def _risk_to_child(level: str | None) -> str:
    return {"no_action": "none_known"}.get(level or "", level or "unknown")


def to_police(move: Move, agency_id: Any) -> None:
    """The referral is with the police from now: the clock that waited for it ends."""
    agency = move.session.get(Agency, agency_id)
    if agency is not None and "police" in agency.type.split() and move.record.forwarded_to_police_at is None:
        move.record.forwarded_to_police_at = move.at
        move.data["happened"] = ("forwarded_to_police",)


def draw_sample(move: Move) -> None:
    """One rejection in ten, drawn by lot, is reviewed by a second person."""
    move.record.second_review = secrets.randbelow(SAMPLE) == 0
    move.record.second_reviewed_at = None


def reviewed(move: Move) -> None:
    """The second person agrees with the rejection."""
    move.record.second_reviewed_at = move.at


def merged(move: Move) -> None:
    """Both remain; the earlier moment of receipt counts for the one that goes on."""
    referral, other = move.record, other_of(move)
    referral.merged_into_id = other.id
    referral.merge_basis = move.data["reason_code"]
    other.received_at = min(other.received_at, referral.received_at)


def forward(move: Move) -> None:
    """What goes out is frozen as it was previewed; the recipient's clock is started by the transition."""
    referral, data = move.record, move.data
    referral.decision = "forwarded"
    referral.forwarded_to_id = as_uuid(data["forwarded_to"])
    referral.forwarded_at, referral.acknowledged_at = move.at, None
    referral.forward_basis = data["forward_basis"]
    referral.share_reporter = bool(data.get("share_reporter"))
    referral.minimal_view = minimal_view(move.session, referral, referral.share_reporter)
    let_go(move)
    to_police(move, referral.forwarded_to_id)


def acknowledge(move: Move) -> None:
    """The recipient has it."""
    move.record.acknowledged_at = move.at
    tasks.happened(move.session, move.record, "acknowledged")


def come_back(move: Move) -> None:
    """It is the sender's again; the police do not have it any more."""
    referral = move.record
    referral.forwarded_to_id = referral.forwarded_at = referral.acknowledged_at = None
    referral.decision = None
    if referral.case_id is None:
        referral.forwarded_to_police_at = None
    tasks.happened(move.session, referral, "received", at=move.at)
    write_triage(move.session, referral, {})


def close(move: Move) -> None:
    """What the reporter is told waits for who comes back with the code word."""
    move.record.feedback = move.data["feedback"]
    if move.data.get("answer"):
        add_message(move.record, "hotline", move.data["answer"], move.at)


def reopen(move: Move) -> None:
    """New information: triage begins anew."""
    referral = move.record
    referral.decision = referral.decision_reason = referral.feedback = None
    referral.second_review, referral.second_reviewed_at = False, None


def void(move: Move) -> None:
    """Entered in error: it stays, marked."""
    move.record.voided_at = move.at

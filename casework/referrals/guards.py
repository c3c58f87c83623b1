"""What must be true before a referral moves (DOMAIN 3.1)."""

import datetime as dt

from sqlalchemy import select

from casework.accounts.models import Agency, Membership
from casework.authz.scope import unscoped
from casework.cases.guards import as_uuid
from casework.cases.models import Case
from casework.people.models import Person
from casework.web.i18n import _
from casework.workflow.engine import REASON_NEEDED, Move, Problem
from casework.workflow.models import StateChange
from schemas.referral import MATERIAL

from .models import Referral

LOCK = dt.timedelta(minutes=30)
CLOCK_SKEW = dt.timedelta(minutes=5)
CASE_OUTCOMES = ("new_case", "existing_case")


def told_enough(move: Move) -> Problem | None:
    """Source, a moment that is not to come, and what happened: a conduct, or ten characters of narrative."""
    referral = move.record
    if not referral.source or referral.received_at > move.at + CLOCK_SKEW:
        return Problem(_("Say who reports, and when it was received: not in the future."), "received_at")
    if not referral.conduct and len((referral.narrative or "").strip()) < 10:
        return Problem(_("Say what happened in at least 10 characters, or choose it from the list."), "narrative")
    return None


def danger_asked(move: Move) -> Problem | None:
    """Whether a child is in danger right now is asked of every reporter."""
    if move.record.immediate_danger not in ("yes", "no", "unknown"):
        return Problem(_("Say whether a child is in danger right now."), "immediate_danger")
    return None


def new_to_us(move: Move) -> Problem | None:
    """An import is known by its source and the sender's reference, each once."""
    referral = move.record
    if not referral.external_ref:
        return Problem(_("An imported report needs the sender's reference."), "external_ref")
    query = select(Referral.id).where(
        Referral.source == referral.source, Referral.external_ref == referral.external_ref, Referral.id != referral.id
    )
    with unscoped(move.session, "a report is imported once, whoever holds it"), move.session.no_autoflush:
        if move.session.execute(query).first() is not None:
            return Problem(_("This report was imported before."), "external_ref")
    return None


def by_rule(move: Move) -> Problem | None:
    """A batch is sorted by a rule that somebody owns and that is looked at again by a date."""
    rule = move.data.get("rule") or {}
    review = rule.get("review_on")
    if not rule.get("name") or not rule.get("owner_id") or review is None or review < move.at.date():
        return Problem(_("A rule that sorts imports needs an owner and a review date that has not passed."))
    return None


def held_by(referral: Referral, at: dt.datetime):
    """The id of who works on a referral now, None when nobody does."""
    until = referral.triage_lock_until
    return referral.triage_by_id if until is not None and until > at else None


def free_to_take(move: Move) -> Problem | None:
    """One person works on a referral at a time; the lock ends by itself after half an hour."""
    holder = held_by(move.record, move.at)
    if holder is not None and holder != move.identity.user_id:
        return Problem(_("Somebody else is working on this referral. The lock ends by itself after 30 minutes."))
    return None


def not_held_by_another(move: Move) -> Problem | None:
    """Whoever decides must not cut across somebody who is at it."""
    return free_to_take(move) if move.identity is not None else None


def _value(move: Move, name: str):
    return move.data.get(name, getattr(move.record, name, None))


def triaged(move: Move) -> Problem | None:
    """Conduct, risk, jurisdiction, child known, and a label where there is material."""
    if not _value(move, "conduct"):
        return Problem(_("Choose what happened."), "conduct")
    if not _value(move, "risk_level"):
        return Problem(_("Choose the level of risk."), "risk_level")
    if not _value(move, "jurisdiction"):
        return Problem(_("Choose the link to Cambodia, or that there is none."), "jurisdiction")
    if not MATERIAL.isdisjoint(_value(move, "conduct")) and not _value(move, "label"):
        return Problem(_("Material needs a label."), "label")
    if not _value(move, "child_known"):
        return Problem(_("Say whether the child is known."), "child_known")
    return None


def outcome_named(move: Move) -> Problem | None:
    """What becomes of it, with what that needs."""
    data, outcome = move.data, move.data.get("accept_as")
    if outcome not in (*CASE_OUTCOMES, "takedown_only", "support_only"):
        return Problem(_("Say what becomes of the referral."), "accept_as")
    if outcome == "new_case" and not (data.get("title") and data.get("lead_agency_id") and data.get("province")):
        return Problem(_("A new case needs a code name, a police agency and a province."), "title")
    if outcome == "existing_case" and case_to_join(move) is None:
        return Problem(_("No case with this reference is open to you."), "case")
    if outcome == "support_only" and not data.get("support"):
        return Problem(_("Say who is asked to support the child."), "support_agency_id")
    return None


def support_possible(move: Move) -> Problem | None:
    """A request for support names the receiving agency, how urgent it is, and why."""
    wish = move.data.get("support")
    if wish is None:
        return None
    if not _is_agency(move, wish.get("agency_id"), "social_gov", "social_ngo"):
        return Problem(_("Choose a social services agency."), "support_agency_id")
    if not wish.get("urgency"):
        return Problem(_("Say how urgent the support is."), "support_urgency")
    if not (wish.get("safe_contact") or "").strip():
        return Problem(_("Say how the child can be reached safely."), "support_safe_contact")
    return None


def case_to_join(move: Move) -> Case | None:
    """The case that `case` refers to: one that this person sees and that still runs."""
    query = select(Case).where(Case.ref == move.data.get("case"), Case.state.not_in(("closed", "merged", "voided")))
    return move.session.scalars(query).one_or_none()


def lead_is_police(move: Move) -> Problem | None:
    """A case is led by a police agency, and by an investigator who works there."""
    if move.data.get("accept_as") != "new_case":
        return None
    agency_id, officer_id = as_uuid(move.data.get("lead_agency_id")), as_uuid(move.data.get("lead_officer_id"))
    if not _is_agency(move, agency_id, "police"):
        return Problem(_("Choose a police agency."), "lead_agency_id")
    if officer_id is not None:
        query = select(Membership.id).where(
            Membership.user_id == officer_id, Membership.agency_id == agency_id, Membership.role == "INV",
            Membership.ended_at.is_(None),
        )
        if move.session.execute(query).first() is None:
            return Problem(_("This officer does not work at the agency that leads the case."), "lead_officer_id")
    return None


def own_field(move: Move) -> Problem | None:
    """Social services take up support; cases are for hotline and police."""
    if move.identity.role == "SWS" and move.data.get("accept_as") != "support_only":
        return Problem(_("A social services agency accepts a referral for support only."), "accept_as")
    return None


def _is_agency(move: Move, agency_id, *types: str) -> bool:
    agency = move.session.get(Agency, as_uuid(agency_id)) if agency_id else None
    return agency is not None and agency.active and not set(types).isdisjoint(agency.type.split())


def can_be_asked(move: Move) -> Problem | None:
    """A question needs words and a way to the reporter that is safe."""
    if len((move.data.get("question") or "").strip()) < 10:
        return Problem(_("Write the question in at least 10 characters."), "question")
    if not move.data.get("channel_safe"):
        return Problem(_("Ask only on a channel that is safe for the reporter."), "channel_safe")
    return None


def answer_given(move: Move) -> Problem | None:
    """An answer is words."""
    if not (move.data.get("answer") or "").strip():
        return Problem(_("Write down the answer."), "answer")
    return None


def other_is_mergeable(move: Move) -> Problem | None:
    """Another referral that is not itself merged away or void, and what is the same."""
    if other_of(move) is None:
        return Problem(_("No other open referral with this reference is known to you."), "merged_into")
    if not move.data.get("reason_code"):
        return Problem(_("Say what is the same."), "reason_code")
    return None


def other_of(move: Move) -> Referral | None:
    """The referral that `merged_into` refers to, as far as this person sees it."""
    query = select(Referral).where(
        Referral.ref == move.data.get("merged_into"), Referral.id != move.record.id,
        Referral.state.not_in(("merged", "voided", "staged", "archived_low")),
    )
    return move.session.scalars(query).one_or_none()


def forwardable(move: Move) -> Problem | None:
    """To an agency other than our own that takes referrals, on a legal ground, after the preview was seen."""
    data = move.data
    target = as_uuid(data.get("forwarded_to"))
    if not _is_agency(move, target, "police", "social_gov", "social_ngo"):
        return Problem(_("Choose the agency."), "forwarded_to")
    if target == move.record.agency_id:
        return Problem(_("The referral is with this agency already."), "forwarded_to")
    if not data.get("forward_basis"):
        return Problem(_("Choose the legal ground."), "forward_basis")
    if not data.get("seen"):
        return Problem(_("Look at what will be sent before you send it."), "seen")
    return None


def reporter_agreed(move: Move) -> Problem | None:
    """The reporter's identity goes along only when the reporter said so."""
    if move.data.get("share_reporter") and not may_be_named(move.session, move.record):
        return Problem(_("The reporter has not agreed to be named."), "share_reporter")
    return None


def may_be_named(session, referral: Referral) -> bool:
    """Whether there is a reporter who agreed to be named to others."""
    with unscoped(session, "asks for the agreement, shows nobody"):
        reporter = session.get(Person, referral.reporter_id) if referral.reporter_id else None
        return reporter is not None and reporter.may_be_named is True


def is_recipient(move: Move) -> Problem | None:
    """Only the agency it was forwarded to answers."""
    if move.identity is not None and move.record.forwarded_to_id != move.identity.agency_id:
        return Problem(_("Only the agency that the referral was forwarded to can answer."))
    return None


def fell_silent(move: Move) -> Problem | None:
    """The recipient says why; by itself a referral comes back only when nobody acknowledged it for 24 hours."""
    if move.identity is not None:
        if len((move.data.get("reason") or "").strip()) < 10:
            return Problem(REASON_NEEDED, "reason")
        return is_recipient(move)
    referral = move.record
    waited = move.at - referral.forwarded_at >= dt.timedelta(hours=24)
    if referral.acknowledged_at is not None or not waited:
        return Problem(_("The recipient has not had 24 hours yet, or has acknowledged it."))
    return None


def feedback_settled(move: Move) -> Problem | None:
    """The reporter was answered, or it is written down why not."""
    if move.data.get("feedback") not in ("given", "not_wanted", "not_possible"):
        return Problem(_("Say whether the reporter was answered."), "feedback")
    if move.data["feedback"] == "given" and not (move.data.get("answer") or "").strip():
        return Problem(_("Write what the reporter is told."), "answer")
    return None


def sample_reviewed(move: Move) -> Problem | None:
    """A rejection of the sample is looked at by a second person before it is closed."""
    if move.record.state == "rejected" and move.record.second_review and move.record.second_reviewed_at is None:
        return Problem(_("This rejection is in the sample for a second review. Somebody else must look at it first."))
    return None


def in_sample(move: Move) -> Problem | None:
    """Only what the sample drew is reviewed a second time."""
    if not move.record.second_review or move.record.second_reviewed_at is not None:
        return Problem(_("This rejection is not waiting for a second review."))
    return None


def last_event(session, referral: Referral) -> str | None:
    """What happened to a referral last."""
    query = select(StateChange.event).where(StateChange.record_id == referral.id).order_by(StateChange.id.desc())
    return session.scalar(query.limit(1))


def void_was_asked(move: Move) -> Problem | None:
    """Voiding takes two: one asks, another agrees, and nothing happened in between."""
    if last_event(move.session, move.record) != "propose_void":
        return Problem(_("Voiding takes two people: one asks for it, then another confirms."))
    return None

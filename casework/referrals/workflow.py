"""The flow of a referral: every arrow of DOMAIN 3.1."""

from sqlalchemy.orm import object_session

from casework.accounts.models import Agency
from casework.cases import tasks
from casework.web.i18n import _
from casework.workflow.engine import SYS, Flow, Move, Transition, add_flow
from schemas.fields import ReasonSchema
from schemas.referral import Answered, Ask, Close, Forward, Merge, Reject
from schemas.triage import Triage
from schemas.voiding import VoidReason

from . import effects as do
from . import guards as ask

WORKERS = ("HOT", "INV", "PSU")
DECIDERS = ("HOT", "PSU")
RECIPIENTS = ("PSU", "SWS")
OPEN = ("received", "triage", "needs_information", "accepted", "rejected", "merged", "forwarded", "closed", "staged",
        "archived_low")


def _same(move: Move) -> str:
    return move.from_state


FLOW = add_flow(Flow(
    "referral",
    states=("draft", "received", "triage", "needs_information", "accepted", "rejected", "merged", "forwarded", "closed",
            "voided", "staged", "archived_low"),
    final=("voided",),
    transitions=(
        Transition("receive", (), "received", ("HOT", SYS), guards=(ask.told_enough, ask.danger_asked),
                   effects=(do.received,)),
        Transition("stage", (), "staged", ("INV", SYS), guards=(ask.new_to_us,)),
        Transition("receive", ("staged",), "received", ("PSU", SYS), guards=(ask.by_rule, ask.danger_asked),
                   effects=(do.received,)),
        Transition("archive_low", ("staged",), "archived_low", ("PSU", SYS), guards=(ask.by_rule,)),
        Transition("start_triage", ("received", "triage"), "triage", WORKERS, guards=(ask.free_to_take,),
                   effects=(do.take,)),
        Transition("ask", ("triage",), "needs_information", ("HOT", "INV"),
                   guards=(ask.free_to_take, ask.can_be_asked), effects=(do.ask,), schema=Ask),
        Transition("answered", ("needs_information",), "triage", ("HOT", "INV", SYS), guards=(ask.answer_given,),
                   effects=(do.answered,), schema=Answered),
        Transition("accept", ("triage",), "accepted", DECIDERS,
                   guards=(ask.not_held_by_another, ask.triaged, ask.outcome_named, ask.lead_is_police,
                           ask.support_possible),
                   effects=(do.triage, do.outcome), schema=Triage),
        Transition("accept", ("forwarded",), "accepted", RECIPIENTS, level="R",
                   guards=(ask.is_recipient, ask.own_field, ask.triaged, ask.outcome_named, ask.lead_is_police,
                           ask.support_possible),
                   effects=(do.triage, do.outcome), schema=Triage),
        Transition("reject", ("triage",), "rejected", DECIDERS, guards=(ask.not_held_by_another,),
                   effects=(do.decide("rejected"), do.draw_sample), reason="why",
                   reason_codes="referral_rejection_reasons", schema=Reject),
        Transition("reject", ("forwarded",), "rejected", RECIPIENTS, level="R", guards=(ask.is_recipient,),
                   effects=(do.decide("rejected"), do.draw_sample), reason="why",
                   reason_codes="referral_rejection_reasons", schema=Reject),
        Transition("merge", ("triage",), "merged", DECIDERS, guards=(ask.not_held_by_another, ask.other_is_mergeable),
                   effects=(do.decide("merged"), do.merged), reason="why", reason_codes="merge_basis", schema=Merge),
        Transition("forward", ("triage",), "forwarded", DECIDERS,
                   guards=(ask.not_held_by_another, ask.forwardable, ask.reporter_agreed), effects=(do.forward,),
                   schema=Forward),
        Transition("acknowledge", ("forwarded",), _same, RECIPIENTS, level="R", guards=(ask.is_recipient,),
                   effects=(do.acknowledge,)),
        Transition("send_back", ("forwarded",), "triage", (*RECIPIENTS, SYS), level="R", guards=(ask.fell_silent,),
                   effects=(do.come_back,), schema=ReasonSchema),
        Transition("second_review", ("rejected",), _same, DECIDERS, guards=(ask.in_sample,), effects=(do.reviewed,),
                   reason="why", not_author=("reject",), schema=ReasonSchema),
        Transition("close", ("accepted", "rejected", "merged"), "closed", DECIDERS,
                   guards=(ask.sample_reviewed, ask.feedback_settled), effects=(do.close,), schema=Close),
        Transition("reopen", ("closed",), "triage", ("PSU",), effects=(do.reopen,), reason="why", schema=ReasonSchema),
        Transition("propose_void", OPEN, _same, DECIDERS, reason="why", reason_codes="void_reason", schema=VoidReason),
        Transition("void", OPEN, "voided", DECIDERS, guards=(ask.void_was_asked,), effects=(do.void,), reason="why",
                   reason_codes="void_reason", not_author=("propose_void",), schema=VoidReason,
                   confirm=_("A void referral stays in the records, marked, and counts nowhere.")),
    ),
))


def owner(referral, rule) -> tuple:
    """Who gets the clock of a referral: the recipient for its answer, otherwise the desk that took it."""
    if rule.queue_role == "PSU" and referral.forwarded_to_id is not None:
        return referral.forwarded_to_id, _recipient_role(referral), None
    return referral.agency_id, "HOT", None


def _recipient_role(referral) -> str:
    types = object_session(referral).get(Agency, referral.forwarded_to_id).type.split()
    return "PSU" if "police" in types else "SWS"


tasks.queue_for("referral", owner)

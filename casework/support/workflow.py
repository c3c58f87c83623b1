"""The flow of the support of a child, and of what is sent to a provider (DOMAIN 3.5)."""

from casework.cases import tasks
from casework.web.i18n import _
from casework.workflow import engine
from casework.workflow.engine import SYS, Flow, Transition, add_flow
from schemas import case as case_forms
from schemas import support as forms

from . import consenting, given
from . import effects as do
from . import guards as must

STATES = (
    "draft", "consent_pending", "declined", "assessed", "sent", "accepted", "rejected", "planned", "in_service",
    "follow_up", "closure_requested", "closed", "transferred", "suspended", "voided",
)
FINAL = ("transferred", "voided")
OPEN = tuple(state for state in STATES if state not in (*FINAL, "closed", "declined"))
TOLD = tuple(state for state in OPEN if state != "draft")  # the child knows what consent is about
HELPED = ("planned", "in_service", "follow_up")
REQUESTERS = ("SW", "SWS", "INV", "HOT", "PSU", SYS)
BOTH = ("SW", "PRV")
REASON = "why"

FLOW = add_flow(Flow(
    "support",
    states=STATES,
    final=FINAL,
    transitions=(
        Transition("create", (), "draft", REQUESTERS,
                   guards=(must.child_is_known, must.no_other_request, must.can_be_reached, must.agency_supports,
                           must.own_request),
                   effects=(do.was_created,)),
        Transition("take", ("draft",), "draft", ("SW",), guards=(must.nobody_has_it,), effects=(do.was_taken,)),
        Transition("assign", OPEN, do.stays, ("SWS",), level="A", guards=(must.worker_is_ours,),
                   effects=(do.was_assigned,), schema=forms.AssignWorker),
        Transition("first_contact", ("draft",), "draft", ("SW",),
                   guards=(must.nobody_has_it, must.contact_after_request), effects=(do.was_contacted,),
                   schema=forms.FirstContact),
        Transition("explain", ("draft",), "consent_pending", ("SW",), guards=(must.child_was_contacted,),
                   effects=(do.was_explained,), schema=forms.Explain),
        Transition("consent", TOLD, do.stays, ("SW",), guards=(must.giver_is_no_suspect,),
                   effects=(consenting.was_consented,), schema=forms.Consent),
        Transition("withdraw_consent", TOLD, do.stays, ("SW",), guards=(must.something_to_withdraw,),
                   effects=(consenting.was_withdrawn,), schema=forms.Withdraw,
                   confirm=_("Sharing stops at once, and who was told is asked to stop and delete.")),
        # Also after the end, as long as somebody may still look because of it.
        Transition("consent_ran_out", tuple(state for state in STATES if state not in FINAL), do.stays, (SYS,),
                   effects=(consenting.ran_out,)),
        Transition("override", ("consent_pending",), "consent_pending", ("SW",), guards=(must.no_override_waits,),
                   effects=(consenting.override_asked,), reason=REASON, reason_codes="override_reason",
                   schema=forms.Override),
        Transition("approve_override", ("consent_pending",), "consent_pending", ("SWS",), level="A",
                   guards=(must.override_waits,), effects=(consenting.override_approved,), not_author=("override",),
                   reason=REASON),
        Transition("refuse_override", ("consent_pending",), "consent_pending", ("SWS",), level="A",
                   guards=(must.override_waits,), effects=(consenting.override_refused,), not_author=("override",),
                   reason=REASON),
        Transition("decline", ("consent_pending",), "declined", ("SW",), effects=(do.was_declined,),
                   schema=forms.Decline),
        Transition("assess", ("consent_pending",), "assessed", ("SW",),
                   guards=(must.consent_given, must.assessment_is_whole), effects=(do.was_assessed,),
                   schema=forms.Assessment),
        Transition("assess", tuple(state for state in TOLD if state != "consent_pending"), do.stays, ("SW",),
                   guards=(must.consent_given, must.assessment_is_whole), effects=(do.was_assessed,),
                   schema=forms.Assessment),
        Transition("send", ("assessed",), "sent", ("SW",),
                   guards=(must.is_assessed, must.consent_given, must.provider_consent_given, must.services_are_named,
                           must.provider_fits),
                   effects=(do.was_sent,), schema=forms.Send),
        Transition("send_to_next", ("sent", "rejected"), "sent", ("SW", "SWS"), level="R",
                   guards=(must.is_assessed, must.consent_given, must.provider_consent_given, must.services_are_named,
                           must.provider_fits),
                   effects=(do.was_sent,), schema=forms.Send),
        Transition("accept", ("sent",), "accepted", (SYS,), effects=(do.provider_accepted,)),
        Transition("reject", ("sent",), "rejected", (SYS,), effects=(do.provider_rejected,)),
        Transition("plan", ("accepted", *HELPED), do.stays, BOTH,
                   guards=(must.consent_given, must.provider_worker_named, must.plan_is_whole),
                   effects=(do.was_planned,), schema=forms.ServicePlan),
        Transition("approve_plan", ("accepted", *HELPED), do.after_plan, ("SWS",), level="A",
                   guards=(must.plan_waits,), effects=(do.plan_approved,), not_author=("plan",)),
        Transition("return_plan", ("accepted", *HELPED), do.stays, ("SWS",), level="A", guards=(must.plan_waits,),
                   effects=(do.plan_returned,), not_author=("plan",), reason=REASON),
        Transition("start_service", ("planned",), "in_service", BOTH,
                   guards=(must.consent_given, must.plan_is_approved)),
        Transition("log_service", ("in_service", "follow_up"), do.stays, BOTH, effects=(given.service_logged,),
                   schema=forms.Service),
        Transition("record_follow_up", (*HELPED, "closure_requested", "closed"), do.stays, BOTH,
                   effects=(given.followed_up,), schema=forms.FollowUp),
        Transition("review_plan", HELPED, do.stays, ("SW",), guards=(must.plan_is_approved,),
                   effects=(do.plan_reviewed,), reason="what the review found"),
        Transition("start_follow_up", ("in_service",), "follow_up", BOTH),
        Transition("suspend", HELPED, "suspended", ("SW",), effects=(do.was_suspended,), reason=REASON,
                   schema=forms.Suspend),
        Transition("resume", ("suspended",), do.before_suspension, ("SW",), effects=(do.was_resumed,), reason=REASON),
        Transition("transfer", OPEN, "transferred", ("SWS",), level="A", guards=(must.another_agency,),
                   effects=(do.was_transferred,), reason=REASON, schema=forms.Transfer,
                   confirm=_("The other agency gets a new request and asks the child for consent again.")),
        Transition("request_closure", ("follow_up",), "closure_requested", BOTH,
                   guards=(must.closure_is_thought_through,), effects=(do.closure_asked,), schema=forms.RequestClosure),
        Transition("approve_closure", ("closure_requested",), "closed", ("SWS",), level="A",
                   guards=(must.follow_up_is_set,), effects=(do.closed,), not_author=("request_closure",)),
        Transition("refuse_closure", ("closure_requested",), "follow_up", ("SWS",), level="A",
                   not_author=("request_closure",), reason=REASON),
        Transition("reopen", ("closed", "declined"), do.after_reopening, ("SW", "SWS"), level="R",
                   guards=(must.no_other_request,), effects=(do.reopened,), reason=REASON),
        Transition("propose_void", OPEN, do.stays, ("SW", "SWS"), level="R", effects=(do.void_asked,), reason=REASON,
                   reason_codes="void_reason", schema=case_forms.VoidCase),
        Transition("void", OPEN, "voided", ("SWS",), level="A", guards=(must.void_was_asked,),
                   effects=(do.was_voided,), not_author=("propose_void",), reason=REASON, reason_codes="void_reason",
                   schema=case_forms.VoidCase),
        Transition("refuse_void", OPEN, do.stays, ("SWS",), level="A", guards=(must.void_was_asked,),
                   effects=(do.void_refused,), not_author=("propose_void",), reason=REASON),
    ),
))

# The support itself is moved by what the provider answers here: it never sees more than it was sent.
SENDING = add_flow(Flow(
    "support_sending",
    states=("sent", "accepted", "rejected", "withdrawn"),
    final=("rejected", "withdrawn"),
    transitions=(
        Transition("send", (), "sent", ("SW", "SWS"), effects=(do.sending_went_out,)),
        Transition("accept", ("sent",), "accepted", ("PRV",), guards=(must.provider_asked,),
                   effects=(do.sending_accepted,)),
        Transition("reject", ("sent",), "rejected", ("PRV",), guards=(must.provider_asked,),
                   effects=(do.sending_rejected,), reason=REASON, schema=forms.RejectByProvider),
        Transition("name_worker", ("accepted",), "accepted", ("PRV",),
                   guards=(must.provider_asked, must.provider_worker_fits), effects=(do.worker_named,),
                   schema=forms.AcceptByProvider),
        Transition("withdraw", ("sent",), "withdrawn", (SYS,), effects=(do.sending_withdrawn,)),
    ),
))


def _who_works(record, rule):
    """The child's social worker; until there is one, the social workers of the agency."""
    return record.agency_id, "SW", record.worker_id


def _who_answers(record, rule):
    """The provider that was asked."""
    return record.provider_agency_id, "PRV", record.worker_id


tasks.queue_for("support", _who_works)
tasks.queue_for("support_sending", _who_answers)
engine.subscribe(do.keep_status)

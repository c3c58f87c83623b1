"""The record types of support: the referral, consents, assessments, and what was sent to a provider."""

from typing import Any

from casework.records.filters import Filter
from casework.records.registry import RecordType
from casework.web.i18n import _
from schemas import support as asks

from . import page
from .models import Assessment, Consent, FollowUp, Service, SupportReferral, SupportSending

READERS = ("SW", "SWS", "PRV")
INNER = ("create", "accept", "reject", "consent_ran_out")


def _filter(column: str, codes: str, title: Any) -> Filter:
    """A filter for those who read support: for others a filter would tell what the list does not show."""

    def choices(request) -> list[tuple[str, str]]:
        if request.identity.role not in READERS:
            return []
        return request.registry["codes"].choices(codes, request.locale_name)

    return Filter(column, title, choices, lambda request, values: getattr(SupportReferral, column).in_(values))


def _pseudonym(request, row: Any, names: Any) -> str:
    """The child, for who sees the child."""
    return names.of("person", row.child_id)


SUPPORT = RecordType(
    history="R", name="support_referral", model=SupportReferral, path="support", prefix="S", row="support.referral",
    title=_("Support of a child"), plural=_("Support of children"),
    columns=("ref", "child_id", "status", "state", "urgency", "level_of_risk", "worker_id", "next_contact_on"),
    filters=(_filter("state", "support_state", _("State")), _filter("urgency", "urgency", _("Urgency")),
             _filter("level_of_risk", "risk_level", _("Level of risk"))),
    schema=asks.Request, template="casework:support/templates/support.jinja2", extra=page.page, inner=INNER,
    fields=(*page.SHORT, *page.FACTS, *page.CONTACT, *page.PROVIDER, *page.CLOSURE),
    labels={
        "child_id": _("Child"), "status": _("Support"), "worker_id": _("Contact worker"),
        "may_be_interviewed": _("May the child be interviewed?"), "consent_police": _("May be shared with the police"),
        "consent_support": _("Consent to support"), "consent_provider": _("Consent to share with the provider"),
        "level_of_risk": _("Level of risk"), "requested_by_id": _("Asked for by"), "reason_code": _("Why"),
        "reason": _("What the child needs"), "safe_contact": _("Safe contact"),
        "first_contact_at": _("First contact"), "first_contact_result": _("What the first contact showed"),
        "explained": _("How the child was told"), "next_contact_on": _("Next contact"),
        "review_at": _("Look at it again on"), "declined_what": _("What was declined"),
        "door_open_until": _("Door left open until"), "provider_agency_id": _("Provider"), "sent_at": _("Sent"),
        "answer": _("Answer"), "answered_at": _("Answered"), "accepted_at": _("Accepted"),
        "reject_reason": _("Why not"), "provider_worker_id": _("Worker at the provider"), "services": _("Services"),
        "plan_goals": _("Goals"), "child_view": _("The child's view"), "plan_asked_at": _("Plan written"),
        "plan_approved_at": _("Plan approved"), "plan_approved_by_id": _("Plan approved by"),
        "closure_reason": _("Why it is closed"), "closure_safety": _("Is the child safe?"),
        "closure_court": _("Steps in court"), "follow_up_dates": _("Follow-up dates"), "referral_id": _("Referral"),
        "void_asked_at": _("Voiding asked"),
    },
    codes={
        "status": "support_status", "urgency": "urgency", "level_of_risk": "risk_level",
        "may_be_interviewed": "may_be_interviewed", "reason_code": "support_request_reason",
        "answer": "provider_answer", "reject_reason": "provider_reject_reason", "closure_reason": "support_closure",
        "closure_safety": "yes_no_unknown",
    },
    render={"child_id": _pseudonym}, empty=_("There is no support here for you to see."),
)

CONSENT = RecordType(
    history="R", name="consent", model=Consent, path="consents", prefix="B", row="consent", parent="support_referral",
    link="support_id", title=_("Consent"), plural=_("Consents"),
    columns=("ref", "kind", "purposes", "given_at", "valid_to", "withdrawn_at"),
    fields=("kind", "purposes", "informed_how", "language", "form", "given_by", "relation", "given_at", "valid_to",
            "withheld", "withdrawn_at", "withdrawn_scope", "ended_at", "override_reason", "override_text",
            "approved_by_id"),
    labels={
        "purposes": _("What it is for"), "informed_how": _("How the child was told"), "language": _("Language"),
        "form": _("Form"), "given_by": _("Given by"), "relation": _("Relation to the child"), "given_at": _("When"),
        "valid_to": _("Valid until"), "withheld": _("What must not be passed on"), "withdrawn_at": _("Withdrawn"),
        "withdrawn_scope": _("What is withdrawn"), "ended_at": _("Ran out"),
        "override_reason": _("Why without consent"),
        "override_text": _("Who is at risk, and how"), "approved_by_id": _("Approved by"),
        "given_by_person_id": _("Who this is in the file"), "child_id": _("Child"), "support_id": _("Support"),
    },
    codes={
        "kind": "consent_kind", "purposes": "consent_purpose", "withdrawn_scope": "consent_purpose",
        "form": "consent_form", "relation": "relations", "language": "languages", "override_reason": "override_reason",
    },
    # A consent is withdrawn, which works at once; voiding would leave what rests on it standing.
    voidable=False, template="casework:support/templates/consent.jinja2", extra=page.consent_page,
    empty=_("No consent is recorded yet."),
)

ASSESSMENT = RecordType(
    history="R", name="assessment", model=Assessment, path="assessments", prefix="Q", row="support.assessment",
    parent="support_referral", link="support_id", title=_("Needs and risk assessment"), plural=_("Assessments"),
    columns=("ref", "assessed_on", "level_of_risk", "may_be_interviewed"),
    fields=("assessed_on", "worker_id", "level_of_risk", "level_reason", "proposed_level", "may_be_interviewed",
            "safety_flags", "safety_plan", "protective_factors", "child_view", "next_on"),
    labels={
        "assessed_on": _("Date"), "level_of_risk": _("Level of risk"),
        "proposed_level": _("Level that the rule proposes"),
        "level_reason": _("Why another level than the rule proposes"), "safety_flags": _("Safety flags"),
        "may_be_interviewed": _("May the child be interviewed?"), "safety_plan": _("Safety plan"),
        "protective_factors": _("What protects the child"), "child_view": _("The child's view"),
        "next_on": _("Next assessment"), "domains": _("Needs"), "rule_shown": _("Rule"), "child_id": _("Child"),
        "support_id": _("Support"), "approved_by_id": _("Approved by"),
    },
    codes={"level_of_risk": "risk_level", "proposed_level": "risk_level", "may_be_interviewed": "may_be_interviewed",
           "safety_flags": "assessment_domains"},
    template="casework:support/templates/assessment.jinja2", extra=page.assessment_page,
    empty=_("Nothing is assessed yet."),
)

SENDING = RecordType(
    history="R", name="support_sending", model=SupportSending, path="asked", prefix="M", row="support.referral",
    title=_("Request to a provider"), plural=_("Requests to providers"), list_view=False, voidable=False,
    inner=("send", "withdraw"), template="casework:support/templates/sending.jinja2", extra=page.sending_page,
    fields=("provider_agency_id", "sent_at", "answered_at", "reject_reason", "worker_id"),
    labels={
        "provider_agency_id": _("Provider"), "sent_at": _("Sent"), "answered_at": _("Answered"),
        "reject_reason": _("Why not"), "worker_id": _("Worker at the provider"), "minimal_view": _("What was sent"),
        "support_id": _("Support"), "child_id": _("Child"),
    },
    codes={"reject_reason": "provider_reject_reason"},
)

SERVICE = RecordType(
    history="R", name="service", model=Service, path="services", prefix="V", row="service", parent="support_referral",
    link="support_id", title=_("Service"), plural=_("Services"), struck=True,
    columns=("ref", "subtype", "planned_from", "delivered_from", "sessions", "status"),
    schema=asks.Service, edit_schema=asks.Service,
    fields=("type", "subtype", "provider_agency_id", "planned_from", "planned_to", "delivered_from", "delivered_to",
            "sessions", "status", "outcome", "created_by_id"),
    labels={
        "provider_agency_id": _("Given by"), "created_by_id": _("Written by"), "child_id": _("Child"),
        "support_id": _("Support"),
    },
    codes={"type": "services", "subtype": "service_subtypes", "status": "service_status"},
    empty=_("No service is written down yet."),
)

FOLLOW_UP = RecordType(
    history="R", name="follow_up", model=FollowUp, path="follow-ups", prefix="F", row="service",
    parent="support_referral", link="support_id", title=_("Follow-up"), plural=_("Follow-ups"), struck=True,
    columns=("ref", "done_at", "kind", "safe", "wellbeing", "next_on"), schema=asks.FollowUp,
    fields=("done_at", "due_on", "kind", "safe", "wellbeing", "needs_changed", "text", "next_on", "created_by_id"),
    labels={
        "due_on": _("Agreed for"), "next_on": _("Next contact"), "created_by_id": _("Written by"),
        "child_id": _("Child"), "support_id": _("Support"),
    },
    codes={"kind": "followup_kind", "safe": "yes_no_unknown"}, empty=_("No follow-up is written down yet."),
)
TYPES = (SUPPORT, CONSENT, ASSESSMENT, SERVICE, FOLLOW_UP, SENDING)

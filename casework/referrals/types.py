"""The record type of referrals, declared."""

from typing import Any

from casework.records.filters import by_province
from casework.records.registry import RecordType
from casework.web.i18n import _
from schemas.triage import Findings

from . import page, service
from .models import Referral

# Events with a page of their own, or that happen by themselves.
INNER = ("accept", "forward", "receive", "stage", "archive_low")


def save_findings(request, referral: Any, data: dict) -> None:
    service.save_findings(request.db, request.identity, referral, data)


FILTERS = (
    ("state", "referral_state"), ("source", "sources"), ("risk_level", "risk_level"),
    ("immediate_danger", "yes_no_unknown"), by_province(Referral, _("Province")),
)

REFERRAL = RecordType(
    name="referral", model=Referral, path="referrals", prefix="R", row="referral.facts", title=_("Referral"),
    plural=_("Referrals"), columns=("ref", "state", "immediate_danger", "risk_level", "source", "province",
                                    "received_at"),
    filters=FILTERS, edit_schema=Findings, edit=save_findings, search=("narrative", "external_ref"),
    inner=INNER, rare=("merge", "propose_void", "void"),
    template="casework:referrals/templates/referral.jinja2", extra=page.page,
    fields=(*page.FACTS, *page.FINDINGS, *page.DECISION),
    labels={
        "source": _("Who reports"), "channel": _("How it came"), "external_ref": _("Reference of the sender"),
        "external_kind": _("Kind of the sender's report"), "immediate_danger": _("Immediate danger"),
        "platform": _("Where online"), "occurred_from": _("When did it begin"), "occurred_to": _("When did it end"),
        "decision": _("Decision"), "accepted_as": _("What became of it"), "decision_reason": _("Reason"),
        "triage_by_id": _("Triage by"), "triaged_at": _("Triage done"), "forwarded_to_id": _("Forwarded to"),
        "forward_basis": _("Legal ground"), "forwarded_at": _("Forwarded"), "acknowledged_at": _("Acknowledged"),
        "merged_into_id": _("Merged into"), "merge_basis": _("What is the same"),
        "feedback": _("Answer to the reporter"), "second_reviewed_at": _("Second review"),
        "second_review": _("In the sample for a second review"), "triage_started_at": _("Triage begun"),
        "triage_lock_until": _("Locked until"), "narrative": _("In the reporter's words"), "urls": _("Web addresses"),
        "facts_added": _("What else is known"),
        "messages": _("Messages"), "reporter_id": _("Reporter"), "reporter_anonymous": _("Anonymous"),
        "feedback_wanted": _("Wants to hear what came of it"), "asked_at": _("Question asked"),
        "duty_officer_called_at": _("Duty officer called"), "forwarded_to_police_at": _("With the police since"),
        "minimal_view": _("What was sent"), "share_reporter": _("Reporter's identity sent along"),
    },
    codes={
        "source": "sources", "channel": "channels", "immediate_danger": "yes_no_unknown", "platform": "platforms",
        "decision": "referral_decision", "accepted_as": "referral_accept_as", "forward_basis": "forward_basis",
        "decision_reason": "referral_rejection_reasons", "merge_basis": "merge_basis", "feedback": "feedback",
        "external_kind": "external_kind",
    },
    hidden=("reporter_code_word", "code_word"), empty=_("There are no referrals here for you."),
)


def includeme(config) -> None:
    config.add_record_type(REFERRAL)

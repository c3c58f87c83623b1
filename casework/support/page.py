"""What the pages of support show, as far as this person may see it."""

from typing import Any

from sqlalchemy import select

from casework.authz.access import Shown, shown
from casework.cases.models import Task
from casework.cases.tasks import OPEN
from casework.db.base import now
from casework.people.models import Person
from casework.records.registry import path_to
from casework.records.show import summary
from casework.web.i18n import _, format_date
from casework.web.render import code_label, translate
from casework.workflow.engine import possible
from schemas.support import DOMAINS, PROPOSAL_RULES

from . import consents
from .models import Assessment, Consent, FollowUp, Service, SupportReferral, SupportSending

# All that police and prosecution are told (DOMAIN 3.5).
SHORT = ("status", "worker_id", "may_be_interviewed", "consent_police")
FACTS = ("urgency", "level_of_risk", "requested_by_id", "reason_code", "reason", "safe_contact", "worker_id",
         "next_contact_on", "review_at")
CONTACT = ("first_contact_at", "consent_support", "consent_provider", "consent_police", "may_be_interviewed",
           "declined_what", "door_open_until")
PROVIDER = ("provider_agency_id", "sent_at", "answer", "answered_at", "reject_reason", "provider_worker_id")
CLOSURE = ("closure_reason", "closure_safety", "closure_court", "closed_at")
RARE = ("assign", "withdraw_consent", "override", "decline", "suspend", "transfer", "propose_void", "review_plan")
# A step that waits for something is offered once it is there.
WAITS = {
    "approve_plan": "plan_asked_at", "return_plan": "plan_asked_at", "void": "void_asked_at",
    "refuse_void": "void_asked_at", "explain": "first_contact_at", "start_service": "plan_approved_at",
}
FIRST = ("first_contact", "explain", "assess", "send", "plan", "start_service", "record_follow_up", "log_service")


def page(request, support: SupportReferral) -> dict:
    """The names of `support.jinja2`. Who has metadata only gets the short page and nothing of the rest."""
    db, identity = request.db, request.identity
    record = shown(db, identity, support)
    rt = request.registry["record_types"]["support_referral"]
    if not record.may("R"):
        return {"short": True, "summary": summary(request, rt, record, SHORT), "rare": [],
                "child": child_of(request, support)}

    def rows(columns: tuple[str, ...]) -> list[dict]:
        filled = [c for c in columns if getattr(record, c) not in (None, "", [])]
        # Without columns a summary would show every field.
        return summary(request, rt, record, filled) if filled else []

    return {
        "short": False, "child": child_of(request, support), "clocks": clocks_of(request, support),
        "facts": rows(FACTS), "contact": rows(CONTACT), "provider": rows(PROVIDER), "closure": rows(CLOSURE),
        "missing": missing(request, support, record),
        "consents": listed(request, Consent, support), "assessments": listed(request, Assessment, support),
        "sendings": listed(request, SupportSending, support), "waiting": consents.waiting_override(db, support),
        "goals": record.plan_goals or [], "child_view": record.child_view,
        "given": listed(request, Service, support), "follow_ups": listed(request, FollowUp, support),
        "dates": record.follow_up_dates or [],
        "moment": lambda text: format_date(text[:10], request.locale_name), **steps(request, support),
    }


def missing(request, support: SupportReferral, record: Shown) -> list[str]:
    """The consents to support that the child's age asks for and nobody has given, in words."""
    if record.state != "consent_pending":
        return []
    return [code_label(request, "consent_kind", kind) for kind in consents.still_missing(request.db, support, now())]


def steps(request, support: SupportReferral) -> dict:
    """What this person can do now, the next step first; what is rare stands apart."""
    found = possible(request.db, request.identity, support)
    override = consents.waiting_override(request.db, support) is not None
    offered = []
    for transition in found:
        if transition.event in WAITS and getattr(support, WAITS[transition.event]) is None:
            continue
        if transition.event in ("approve_override", "refuse_override") and not override:
            continue
        if transition.event == "take" and support.worker_id is not None:
            continue
        if transition.event == "first_contact" and support.first_contact_at is not None:
            continue
        if transition.event == "assess" and not support.consent_support:
            continue
        offered.append(transition)
    offered.sort(key=lambda t: FIRST.index(t.event) if t.event in FIRST else len(FIRST))
    return {
        "transitions": [t for t in offered if t.event not in RARE],
        "rare": [t for t in offered if t.event in RARE],
    }


def child_of(request, support: SupportReferral) -> dict | None:
    """The child by pseudonym, with the name for who may read it; None for who sees no child here."""
    person = request.db.scalars(select(Person).where(Person.id == support.child_id)).one_or_none()
    if person is None:
        return None
    seen = shown(request.db, request.identity, person)
    return {
        "pseudonym": seen.pseudonym, "name": seen.name if seen.may("R") else None, "sex": seen.sex,
        "href": path_to(request, person) if "person" in request.registry["record_types"] else None,
    }


def clocks_of(request, support: SupportReferral) -> list[dict]:
    """The running clocks that this person sees."""
    rules = request.registry["deadline_rules"]
    query = select(Task).where(Task.record_id == support.id, Task.state.in_(OPEN)).order_by(Task.due_at)
    found = []
    for task in request.db.scalars(query):
        rule = rules.get(task.rule or "")
        title = rule.title(request.locale_name) if rule else code_label(request, "task_titles", task.title)
        found.append({"title": title, "due": task.due_at})
    return found


def listed(request, model: type, support: SupportReferral) -> list[dict]:
    """What hangs under a support referral, newest first: the record as shown, and its page."""
    query = select(model).where(model.support_id == support.id, model.voided_at.is_(None)).order_by(model.id.desc())
    return [
        {"record": shown(request.db, request.identity, record), "href": path_to(request, record)}
        for record in request.db.scalars(query)
    ]


def consent_page(request, consent: Consent) -> dict:
    """What was agreed, as far as this person may see it."""
    rt = request.registry["record_types"]["consent"]
    record = shown(request.db, request.identity, consent)
    columns = [c for c in rt.fields if getattr(record, c) not in (None, "", [])]
    return {"summary": summary(request, rt, record, columns)}


def assessment_page(request, assessment: Assessment) -> dict:
    """Eleven domains in words, and the rule beside the level that the person set."""
    record = shown(request.db, request.identity, assessment)
    domains = record.domains or {}
    rows = [
        [translate(request, title), code_label(request, "assessment_level", domains[name]["level"]),
         domains[name].get("text") or ""]
        for name, title in DOMAINS if name in domains
    ]
    rule = translate(request, PROPOSAL_RULES[record.rule_shown]) if record.rule_shown else None
    rt = request.registry["record_types"]["assessment"]
    return {"rows": rows, "rule": rule, "summary": summary(request, rt, record)}


def minimal_rows(request, view: dict[str, Any]) -> list[dict]:
    """A minimal view as rows for `ui.summary_list`."""
    codes = request.registry["codes"]
    places = request.registry["gazetteer"]
    needs = [codes.label("service_subtypes", one["subtype"], request.locale_name) for one in view["needs"]]
    values = (
        (_("Pseudonym"), view["pseudonym"]), (_("Age"), view["age_band"] or translate(request, _("Not known"))),
        (_("Sex"), code_label(request, "sex", view["sex"])),
        (_("District"), places.path(view["district"], request.locale_name) if view["district"] else ""),
        (_("Needs"), ", ".join(needs)), (_("Urgency"), code_label(request, "urgency", view["urgency"])),
    )
    return [{"key": translate(request, key), "value": value} for key, value in values]


def sending_page(request, sending: SupportSending) -> dict:
    """What was sent, the answer, and where to go on for who may."""
    record = shown(request.db, request.identity, sending)
    support = request.db.scalars(
        select(SupportReferral).where(SupportReferral.id == sending.support_id)
    ).one_or_none()
    rt = request.registry["record_types"]["support_sending"]
    columns = [c for c in ("provider_agency_id", "sent_at", "answered_at", "reject_reason", "worker_id")
               if getattr(record, c) is not None]
    return {
        "view": minimal_rows(request, record.minimal_view) if record.minimal_view else [],
        "facts": summary(request, rt, record, columns), "clocks": clocks_of(request, sending),
        "support": None if support is None else {"ref": support.ref, "href": path_to(request, support)},
    }

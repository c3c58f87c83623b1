"""What the page of a referral shows, as far as this person may see it."""

from typing import Any

from sqlalchemy import select

from casework.authz.access import access_to_one, shown
from casework.cases.models import Case, Task
from casework.cases.tasks import OPEN
from casework.db.base import now
from casework.people.models import Person
from casework.records.registry import path_to
from casework.records.show import summary
from casework.workflow.engine import possible

from .guards import held_by, last_event

FACTS = (
    "received_at", "source", "channel", "external_ref", "immediate_danger", "platform", "occurred_from", "occurred_to",
    "province", "district",
)
FINDINGS = ("conduct", "risk_level", "jurisdiction", "label", "child_known", "child_count")
DECISION = (
    "decision", "accepted_as", "decision_reason", "triage_by_id", "triaged_at", "forwarded_to_id", "forward_basis",
    "forwarded_at", "acknowledged_at", "merged_into_id", "merge_basis", "feedback", "second_reviewed_at",
)


def facts_of(request, referral: Any) -> dict:
    """Narrative, addresses nobody can follow, and the rows of facts; for the page and beside the triage form."""
    record = shown(request.db, request.identity, referral)
    rt = request.registry["record_types"]["referral"]
    return {
        "facts": rows_of(request, rt, record, FACTS), "narrative": record.narrative,
        "urls": record.urls or [], "facts_added": record.facts_added, "messages": record.messages or [],
    }


def rows_of(request, rt: Any, record: Any, columns: tuple[str, ...]) -> list[dict]:
    """Rows of the columns that this person sees and that hold something."""
    filled = [c for c in columns if record.shows(c) and getattr(record, c) not in (None, "", [], False)]
    return summary(request, rt, record, filled) if filled else []


def _acts(request, referral: Any, rt: Any) -> dict:
    """What this person can do now, without what could only be refused."""
    steps = {t.event: t for t in possible(request.db, request.identity, referral)}
    if held_by(referral, now()) == request.identity.user_id:
        steps.pop("start_triage", None)
    if not referral.second_review or referral.second_reviewed_at is not None:
        steps.pop("second_review", None)
    if "void" in steps and last_event(request.db, referral) != "propose_void":
        steps.pop("void")
    return {
        "events": set(steps), "rare": [t for event, t in steps.items() if event in rt.rare],
        "transitions": [t for event, t in steps.items() if event not in (*rt.rare, *rt.inner, "start_triage")],
    }


def page(request, referral: Any) -> dict:
    """The names of `referral.jinja2`."""
    db, identity = request.db, request.identity
    record = shown(db, identity, referral)
    rt = request.registry["record_types"]["referral"]
    found = facts_of(request, referral)
    found.update(_acts(request, referral, rt))
    found["findings"] = rows_of(request, rt, record, FINDINGS)
    found["course"] = rows_of(request, rt, record, DECISION)
    found["people"] = _people(request, referral)
    found["tasks"] = _clocks(request, referral)
    found["linked"] = _linked(request, referral)
    found["may_see_reporter"] = referral.reporter_id is not None and "R" in access_to_one(
        db, identity, referral, "reporter.identity"
    )
    found["may_add_person"] = "victim.identity" in rows_written(request) and record.may("W")
    found["danger_open"] = referral.immediate_danger == "yes" and referral.duty_officer_called_at is None
    found["may_assign"] = identity.role == "PSU" and record.may("W") and identity.agency_id in (
        referral.agency_id, referral.forwarded_to_id
    )
    return found


def rows_written(request) -> set[str]:
    """The rows of people in which this role writes at all."""
    matrix, role = request.registry["matrix"], request.identity.role
    rows = ("victim.identity", "suspect.identity", "witness.identity")
    return {row for row in rows if matrix.cell(row, role).may("W")}


def _people(request, referral: Any) -> list[Person]:
    query = select(Person).where(
        Person.referral_id == referral.id, Person.role != "reporter", Person.voided_at.is_(None)
    )
    return [shown(request.db, request.identity, person) for person in request.db.scalars(query.order_by(Person.id))]


def _clocks(request, referral: Any) -> list[dict]:
    query = select(Task).where(Task.record_id == referral.id, Task.state.in_(OPEN)).order_by(Task.due_at)
    rules = request.registry["deadline_rules"]
    found = []
    for task in request.db.scalars(query):
        rule = rules.get(task.rule or "")
        title = rule.title(request.locale_name) if rule else request.registry["codes"].label(
            "task_titles", task.title, request.locale_name)
        found.append({"title": title, "due": None if task.paused_at else task.due_at, "paused": bool(task.paused_at)})
    return found


def _linked(request, referral: Any) -> list[dict]:
    """What came of it: the case and the requests for support, each only for who may know of it."""
    found = []
    if referral.case_id is not None:
        case = request.db.scalars(select(Case).where(Case.id == referral.case_id)).one_or_none()
        if case is not None:
            found.append({"ref": case.ref, "title": case.title, "href": path_to(request, case)})
    support = request.registry["record_types"].get("support_referral")
    if support is not None:
        query = select(support.model).where(support.model.referral_id == referral.id)
        for record in request.db.scalars(query):
            found.append({"ref": record.ref, "title": support.title, "href": path_to(request, record)})
    return found

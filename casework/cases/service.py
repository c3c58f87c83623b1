"""The public face of cases: opening, assigning, recusing, moving, freezing. Plain values, never a request.

Features call these inside their own transitions, so nothing here asks who may: the transition or the page did.
"""

import uuid
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from casework.audit.capture import describe
from casework.authz.access import forget_access
from casework.authz.identity import Identity
from casework.authz.models import Grant, Recusal
from casework.authz.scope import unscoped
from casework.db.base import now
from casework.db.refs import look_ahead, new_ref
from casework.workflow import engine

from . import handover, recusal
from .models import Case, Task

LEAD, MEMBER = "lead", "member"


def open_case(
    db: Session,
    identity: Identity | None,
    *,
    title: str,
    lead_agency_id: uuid.UUID,
    lead_officer_id: uuid.UUID | None = None,
    conduct: Sequence[str] = (),
    province: str,
    source: str = "referral",
    referral: Any = None,
    regime: str = "preliminary",
    risk_to_child: str = "unknown",
    district: str | None = None,
) -> Case:
    """A new case through the flow's `open`; the lead officer, when named, is assigned as lead.

    `referral` is the record it comes from: its agency keeps the metadata of the case. Raises NotAllowed, Refused.
    """
    today = now().date()
    look_ahead(db, today, (Case, "C"), (Task, "T"))
    case = Case(
        ref=new_ref(db, Case, "C", today), agency_id=lead_agency_id, title=title.strip(),
        created_by_id=identity.user_id if identity else None, lead_agency_id=lead_agency_id,
        lead_officer_id=lead_officer_id,
        referral_agency_id=referral.agency_id if referral is not None else None, source=source, regime=regime,
        conduct=list(conduct), province=province, district=district, risk_to_child=risk_to_child,
    )
    engine.create(db, identity, case, "open", {"referral": referral})
    db.flush()
    if lead_officer_id is not None:
        assign(db, identity, case, role="INV", agency_id=lead_agency_id, user_id=lead_officer_id, part=LEAD)
    return case


def case_of(db: Session, case_id: uuid.UUID) -> Case:
    """A case by id for the effects of a feature, whoever acts."""
    with unscoped(db, "an effect works on the case its record belongs to"):
        return db.get_one(Case, case_id)


def move_case(
    db: Session, identity: Identity | None, case: Case, event: str, data: dict[str, Any] | None = None
) -> engine.StateChange:
    """Move a case by `event`; `identity` None is the system. Raises NotAllowed, Refused."""
    return engine.apply(db, identity, case, event, data)


def assign(
    db: Session,
    identity: Identity | None,
    subject: Any,
    *,
    role: str,
    agency_id: uuid.UUID,
    user_id: uuid.UUID | None = None,
    chief_only: bool = False,
    part: str = MEMBER,
    until: Any = None,
    reason: str | None = None,
    delegation_id: uuid.UUID | None = None,
) -> Grant:
    """Assign a person, or everybody of a role at an agency, to a case, referral, support referral or person.

    `part` lead on a case also makes the person its lead officer; the one before stays a member. Assigning twice
    gives the grant that is there, with the newer part and end. `delegation_id` marks what is given for a leave.
    Raises Refused for a person whom a conflict of interest shuts out.
    """
    if shut := recusal.problem(db, user_id, subject, "assignee"):
        raise engine.Refused(shut)
    principal = user_id or agency_id
    grant = db.scalars(
        select(Grant).where(
            Grant.principal_id == principal, Grant.subject_id == subject.id, Grant.role == role,
            Grant.agency_id == agency_id, Grant.ended_at.is_(None), Grant.chief_only == chief_only,
        )
    ).first()
    if grant is None:
        is_case = isinstance(subject, Case)
        grant = Grant(
            principal_id=principal, agency_id=agency_id, role=role, chief_only=chief_only, subject_id=subject.id,
            subject_type=subject.__tablename__, case_id=subject.id if is_case else getattr(subject, "case_id", None),
            created_by_id=identity.user_id if identity else None, delegation_id=delegation_id,
        )
        db.add(grant)
    grant.part, grant.until, grant.reason = part, until, reason
    if part == LEAD and isinstance(subject, Case) and user_id is not None:
        _make_lead(db, subject, user_id)
    describe(db, grant, verb="grant")
    db.flush()
    forget_access(db)
    return grant


def _make_lead(db: Session, case: Case, user_id: uuid.UUID) -> None:
    if case.lead_officer_id == user_id:
        return
    with unscoped(db, "the clocks of a case go with its lead"):
        clocks = db.scalars(
            select(Task).where(
                Task.case_id == case.id, Task.rule.is_not(None), Task.queue_role == "INV", Task.done_at.is_(None),
                or_(Task.assignee_id.is_(None), Task.assignee_id == case.lead_officer_id),
            )
        )
        for task in clocks:
            task.assignee_id = user_id
    for former in grants_on(db, case):
        if former.part == LEAD and former.principal_id != user_id:
            former.part = MEMBER
    case.lead_officer_id = user_id
    handover.handed_over(db, case, "PSU")
    # The question of a conflict of interest is asked of each lead anew.
    case.conflict_answered_at = None


def unassign(db: Session, identity: Identity | None, grant: Grant, reason: str | None = None) -> None:
    """End an assignment. The lead of a case who is taken off leaves it without a lead."""
    grant.ended_at, grant.ended_by_id = now(), identity.user_id if identity else None
    grant.end_reason = reason
    describe(db, grant, verb="revoke")
    if grant.part == LEAD and grant.subject_type == "case":
        case = case_of(db, grant.subject_id)
        if case.lead_officer_id == grant.principal_id:
            case.lead_officer_id = None
            case.conflict_answered_at = None
    db.flush()
    forget_access(db)


_recused: list[Callable[[Session, Identity | None, uuid.UUID, Case], None]] = []


def when_recused(function: Callable[[Session, Identity | None, uuid.UUID, Case], None]) -> None:
    """Have `function(db, identity, user_id, case)` take back what a person has of a case that was shut to them, besides
    the case itself. Registering twice is once."""
    if function not in _recused:
        _recused.append(function)


def recuse(
    db: Session, identity: Identity | None, user_id: uuid.UUID, case: Case, reason: str | None = None
) -> Recusal:
    """Shut a case to a person with a conflict of interest: overrides every right, break-glass included.

    What the person had to do there goes back to the queue, also of its reports and of the support of its children.
    """
    found = db.scalars(select(Recusal).where(
        Recusal.user_id == user_id, Recusal.case_id == case.id, Recusal.ended_at.is_(None))).first()
    if found is not None:
        return found
    for grant in grants_on(db, case):
        if grant.principal_id == user_id:
            unassign(db, identity, grant)
    if case.lead_officer_id == user_id:
        case.lead_officer_id = None
        case.conflict_answered_at = None
    made = Recusal(
        user_id=user_id, case_id=case.id, reason=reason, created_by_id=identity.user_id if identity else None
    )
    release(db, user_id, Task.case_id == case.id)
    for take_back in _recused:
        take_back(db, identity, user_id, case)
    db.add(made)
    describe(db, made, verb="recuse")
    db.flush()
    forget_access(db)
    return made


def release(db: Session, user_id: uuid.UUID, which: ColumnElement) -> None:
    """Put those tasks of a person which meet a condition back into the queue."""
    with unscoped(db, "tasks that the person could not see any more"):
        for task in db.scalars(select(Task).where(which, Task.assignee_id == user_id, Task.done_at.is_(None))):
            task.assignee_id = None


def end_recusal(db: Session, identity: Identity, one: Recusal, reason: str) -> None:
    """Take a recusal back. What it ended stays ended: the person is assigned anew, or is not."""
    one.ended_at, one.ended_by_id, one.end_reason = now(), identity.user_id, reason
    describe(db, one, verb="end_recusal", reason=reason)
    db.flush()
    forget_access(db)


def grants_on(db: Session, subject: Any) -> list[Grant]:
    """The assignments to a subject that are in force, oldest first."""
    counts = or_(Grant.until.is_(None), Grant.until > now())
    return list(db.scalars(
        select(Grant).where(Grant.subject_id == subject.id, Grant.ended_at.is_(None), counts).order_by(Grant.id)))

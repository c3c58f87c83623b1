"""Delegation for a leave: one person's assignments, for a time, to a colleague of the same office and role.

A supervisor who is neither of the two agrees. The grants made carry the delegation's id and its end; nothing has to
happen for them to end. While it runs, the periodic work adds what the absent person is newly assigned to and takes
away what that person has lost.
"""

import datetime as dt
import uuid

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from casework.accounts.models import Membership
from casework.audit.capture import describe
from casework.authz.access import forget_access
from casework.authz.identity import Identity
from casework.authz.models import Grant
from casework.cases import recusal, service
from casework.db.base import now
from casework.web.i18n import ZONE, _, local_time
from casework.workflow.engine import NotAllowed, Problem, Refused

from .glass import SUPERVISOR, is_supervisor
from .models import Delegation

LONGEST = dt.timedelta(days=61)  # sixty days, the last one included


def may_delegate(identity: Identity) -> bool:
    """Whether somebody answers for the people of this role."""
    return identity.role in SUPERVISOR


def _works(db: Session, user_id: uuid.UUID, agency_id: uuid.UUID, role: str, at: dt.datetime) -> bool:
    query = select(Membership).where(
        Membership.user_id == user_id, Membership.agency_id == agency_id, Membership.role == role)
    return any(one.in_force(local_time(at).date()) for one in db.scalars(query))


def propose(
    db: Session, identity: Identity, *, to_id: uuid.UUID, first: dt.date, last: dt.date, reason: str
) -> Delegation:
    """Ask that `to_id` takes over from the first day to the end of the last. Raises NotAllowed, Refused."""
    if not may_delegate(identity):
        raise NotAllowed(f"nobody answers for the assignments of {identity.role}")
    starts = dt.datetime.combine(first, dt.time(), ZONE).astimezone(dt.UTC)
    until = dt.datetime.combine(last + dt.timedelta(days=1), dt.time(), ZONE).astimezone(dt.UTC)
    if not starts < until <= starts + LONGEST or until <= now():
        raise Refused(Problem(_("A delegation lasts from one to 60 days."), "last"))
    if to_id == identity.user_id or not _works(db, to_id, identity.agency_id, identity.role, now()):
        raise Refused(Problem(_("Choose a colleague of your office in the same role."), "to"))
    overlapping = select(Delegation.id).where(
        Delegation.from_id == identity.user_id, Delegation.agency_id == identity.agency_id,
        Delegation.role == identity.role, Delegation.ended_at.is_(None), Delegation.approved.is_not(False),
        Delegation.starts_at < until, Delegation.until > starts)
    if db.execute(overlapping).first() is not None:
        raise Refused(Problem(_("There is a delegation for these days already. End it first."), "first"))
    made = Delegation(
        agency_id=identity.agency_id, role=identity.role, from_id=identity.user_id, to_id=to_id, starts_at=starts,
        until=until, reason=reason, created_by_id=identity.user_id,
    )
    db.add(made)
    describe(db, made, verb="propose")
    db.flush()
    return made


def may_decide(identity: Identity, one: Delegation) -> bool:
    """A supervisor of the office, neither of the two, while nobody has decided."""
    return (one.approved is None and one.ended_at is None and is_supervisor(identity)
            and SUPERVISOR[one.role] == identity.role and one.agency_id == identity.agency_id
            and identity.user_id not in (one.from_id, one.to_id, one.created_by_id))


def decide(db: Session, identity: Identity, one: Delegation, approved: bool) -> None:
    """Agree or refuse. Raises NotAllowed."""
    if not may_decide(identity, one):
        raise NotAllowed("a supervisor who is neither of the two decides")
    one.decided_at, one.decided_by_id, one.approved = now(), identity.user_id, approved
    describe(db, one, verb="approve" if approved else "refuse")
    db.flush()
    if approved:
        follow(db, one, now(), identity)


def may_end(identity: Identity, one: Delegation) -> bool:
    """Either of the two, and their supervisors, before its time."""
    if one.ended_at is not None or one.approved is False or one.until <= now():
        return False
    supervises = (is_supervisor(identity) and SUPERVISOR[one.role] == identity.role
                  and one.agency_id == identity.agency_id)
    return supervises or identity.user_id in (one.from_id, one.to_id)


def end(db: Session, identity: Identity, one: Delegation, reason: str) -> None:
    """End it early, with all that was given under it. Raises NotAllowed."""
    if not may_end(identity, one):
        raise NotAllowed("this delegation is not theirs to end")
    one.ended_at, one.ended_by_id, one.end_reason = now(), identity.user_id, reason
    describe(db, one, verb="end_delegation", reason=reason)
    for grant in given_under(db, one):
        service.unassign(db, identity, grant, reason)
    db.flush()
    forget_access(db)


def given_under(db: Session, one: Delegation) -> list[Grant]:
    """What was given under a delegation and counts."""
    return list(db.scalars(select(Grant).where(Grant.delegation_id == one.id, Grant.ended_at.is_(None))))


def follow(db: Session, one: Delegation, at: dt.datetime, identity: Identity | None = None) -> None:
    """Give what the absent person holds and the colleague does not; take back what the absent person has lost."""
    if one.approved is not True or one.ended_at is not None or not one.starts_at <= at < one.until:
        return
    held = {grant.subject_id: grant for grant in _personal(db, one, one.from_id, at) if grant.delegation_id is None}
    has = {grant.subject_id for grant in _personal(db, one, one.to_id, at)}
    shut = recusal.cases_shut_to(db, one.to_id)
    for subject_id, grant in held.items():
        if subject_id not in has and grant.case_id not in shut:
            made = Grant(
                principal_id=one.to_id, agency_id=one.agency_id, role=one.role, subject_id=subject_id,
                subject_type=grant.subject_type, case_id=grant.case_id, part=service.MEMBER,
                until=min(one.until, grant.until or one.until), delegation_id=one.id,
                created_by_id=identity.user_id if identity else None,
            )
            db.add(made)
            describe(db, made, verb="grant", delegation=str(one.id))
    for grant in given_under(db, one):
        if grant.subject_id not in held:
            service.unassign(db, identity, grant)
    db.flush()
    forget_access(db)


def _personal(db: Session, one: Delegation, user_id: uuid.UUID, at: dt.datetime) -> list[Grant]:
    return list(db.scalars(select(Grant).where(
        Grant.principal_id == user_id, Grant.agency_id == one.agency_id, Grant.role == one.role,
        Grant.ended_at.is_(None), or_(Grant.until.is_(None), Grant.until > at),
    )))


def follow_all(db: Session, at: dt.datetime) -> None:
    """Periodic work: every delegation that runs."""
    running = select(Delegation).where(
        Delegation.approved.is_(True), Delegation.ended_at.is_(None), Delegation.starts_at <= at, Delegation.until > at)
    for one in db.scalars(running.order_by(Delegation.id)):
        follow(db, one, at)


def of_person(db: Session, identity: Identity, limit: int) -> list[Delegation]:
    """Those a person is one of the two of, and for supervisors those of the office; the newest first."""
    ways = [Delegation.from_id == identity.user_id, Delegation.to_id == identity.user_id]
    if is_supervisor(identity):
        over = [role for role, supervisor in SUPERVISOR.items() if supervisor == identity.role]
        ways.append((Delegation.agency_id == identity.agency_id) & Delegation.role.in_(over))
    return list(db.scalars(select(Delegation).where(or_(*ways)).order_by(Delegation.id.desc()).limit(limit)))

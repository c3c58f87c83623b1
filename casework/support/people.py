"""Who works with a child: the grants of social workers and of a provider's worker. Given and ended here only."""

import uuid
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from casework.authz.identity import Identity
from casework.authz.scope import unscoped
from casework.cases import handover, recusal
from casework.cases import service as cases
from casework.cases.models import Case, Task
from casework.cases.tasks import OPEN

from .consents import child_of
from .models import SupportReferral, SupportSending

OFFICE, WORKER = "office", "worker"
OVER = ("closed", "transferred", "voided")


def case_of(db: Session, support: SupportReferral) -> Case | None:
    """The case a child belongs to, when there is one."""
    return cases.case_of(db, support.case_id) if support.case_id else None


def offer(db: Session, identity: Identity | None, support: SupportReferral) -> None:
    """Let the social workers of the agency see a request until one of them takes it: not the child, not the case."""
    cases.assign(db, identity, support, role="SW", agency_id=support.agency_id, part=OFFICE)


def give_to(db: Session, identity: Identity | None, support: SupportReferral, worker_id: uuid.UUID) -> None:
    """One social worker has the child from now: support referral, child and case; who had it before does not."""
    former = support.worker_id
    child, case = child_of(db, support), case_of(db, support)
    _end(db, identity, support, "SW")
    if former is not None and former != worker_id:
        _end(db, identity, child, "SW", former)
        if case is not None and not _has_another(db, support, former):
            _end(db, identity, case, "SW", former)
    support.worker_id = worker_id
    for subject in filter(None, (support, child, case)):
        cases.assign(db, identity, subject, role="SW", agency_id=support.agency_id, user_id=worker_id, part=WORKER)
    if case is not None and case.support_agency_id is None:
        case.support_agency_id = support.agency_id
    with unscoped(db, "the clocks of a child go with its worker"):
        mine = select(Task).where(Task.record_id == support.id, Task.queue_role == "SW", Task.state.in_(OPEN))
        for task in db.scalars(mine):
            task.assignee_id = worker_id
    handover.handed_over(db, support, "SWS")


def _has_another(db: Session, support: SupportReferral, worker_id: uuid.UUID) -> bool:
    query = select(func.count(SupportReferral.id)).where(
        SupportReferral.case_id == support.case_id, SupportReferral.worker_id == worker_id,
        SupportReferral.id != support.id,
    )
    with unscoped(db, "counts what keeps a worker on a case"):
        return db.scalar(query) > 0


def last_sending(db: Session, support: SupportReferral) -> SupportSending | None:
    """The newest sending of a support referral."""
    with unscoped(db, "an effect works on what was sent of its own record"):
        query = select(SupportSending).where(SupportSending.support_id == support.id)
        return db.scalars(query.order_by(SupportSending.id.desc()).limit(1)).first()


def ask_provider(db: Session, identity: Identity | None, sending: SupportSending) -> None:
    """The provider's people see what was sent, and nothing else."""
    cases.assign(
        db, identity, sending, role="PRV", agency_id=sending.provider_agency_id, part=OFFICE,
    )


def open_to_provider(db: Session, identity: Identity | None, support: SupportReferral) -> None:
    """The named worker of a provider that accepted sees record and child, as long as there is consent."""
    _end(db, identity, support, "PRV")
    _end(db, identity, child_of(db, support), "PRV")
    worker_id = support.provider_worker_id
    if support.accepted_at is None or worker_id is None or not support.consent_provider:
        return
    if recusal.is_recused(db, worker_id, support):
        return
    for subject in (support, child_of(db, support)):
        cases.assign(
            db, identity, subject, role="PRV", agency_id=support.provider_agency_id,
            user_id=worker_id, part=WORKER,
        )


def close_to_provider(db: Session, identity: Identity | None, support: SupportReferral) -> None:
    """Nobody of a provider sees record or child any more."""
    _end(db, identity, support, "PRV")
    _end(db, identity, child_of(db, support), "PRV")


def end_sending(db: Session, identity: Identity | None, sending: SupportSending) -> None:
    """What was sent is shut to the provider that does not help."""
    _end(db, identity, sending, "PRV")


def take_back(db: Session, identity: Identity | None, user_id: uuid.UUID, case: Case) -> None:
    """A worker who was shut out of a case has its children no more: who supervises gives them to somebody else."""
    for model in (SupportReferral, SupportSending):
        cases.release(db, user_id, Task.record_id.in_(select(model.id).where(model.case_id == case.id)))
    with unscoped(db, "the person could not see them any more"):
        mine = db.scalars(select(SupportReferral).where(
            SupportReferral.case_id == case.id, SupportReferral.state.not_in(OVER),
            or_(SupportReferral.worker_id == user_id, SupportReferral.provider_worker_id == user_id))).all()
        for support in mine:
            of_provider = support.provider_worker_id == user_id
            for subject in (support, child_of(db, support)):
                _end(db, identity, subject, "PRV" if of_provider else "SW", user_id)
            queue = (support.provider_agency_id, "PRV") if of_provider else (support.agency_id, "SWS")
            handover.hand_over(db, support, queue)


def _end(
    db: Session, identity: Identity | None, subject: Any, role: str, principal: uuid.UUID | None = None
) -> None:
    for grant in cases.grants_on(db, subject):
        if grant.role == role and principal in (None, grant.principal_id):
            cases.unassign(db, identity, grant)

"""A wrong record is never deleted: one person asks that it be voided, another decides (DOMAIN 3)."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from casework.audit.capture import describe
from casework.authz.access import access_to_one
from casework.authz.identity import Identity
from casework.db.base import now
from casework.web.i18n import _
from casework.workflow.engine import NotAllowed, Problem, Refused

from .models import Voiding

SUPERVISORS = ("PSU", "SWS")

Guard = Callable[[Session, Any], Problem | None]
Effect = Callable[[Session, Identity, Any], None]
_types: dict[str, tuple[Guard | None, Effect | None]] = {}


def rest_on(table: str, *, guard: Guard | None = None, effect: Effect | None = None) -> None:
    """What rests on the records of a table: `guard(db, record)` says why one cannot be voided now, `effect(db,
    identity, record)` undoes what it had brought about, in the same transaction."""
    _types[table] = (guard, effect)


def pending(db: Session, record: Any) -> Voiding | None:
    """The request to void a record that nobody has decided."""
    return db.scalars(
        select(Voiding).where(Voiding.record_id == record.id, Voiding.decided_at.is_(None)).order_by(Voiding.id)
    ).first()


def may_decide(db: Session, identity: Identity, record: Any) -> bool:
    """Who writes the record, or a supervisor of the agency that made it who reads it; each request needs two people in
    any case."""
    access = access_to_one(db, identity, record)
    supervises = identity.role in SUPERVISORS and identity.agency_id == record.agency_id
    return "W" in access or ("R" in access and supervises)


def _refuse_if_needed(db: Session, record: Any) -> None:
    guard = _types.get(record.__tablename__, (None, None))[0]
    problem = guard(db, record) if guard is not None else None
    if problem is not None:
        raise Refused(problem)


def ask(db: Session, identity: Identity, record: Any, reason_code: str, reason: str) -> Voiding:
    """Ask that a record be voided. Raises NotAllowed, Refused."""
    if not may_decide(db, identity, record):
        raise NotAllowed(f"{identity.role} may not ask to void this")
    if record.voided_at is not None or pending(db, record) is not None:
        raise Refused(Problem(_("This was asked already.")))
    _refuse_if_needed(db, record)
    asked = Voiding(
        record_type=record.__tablename__, record_id=record.id, chain_id=record.audit_chain(), reason_code=reason_code,
        reason=reason, asked_by_id=identity.user_id,
    )
    db.add(asked)
    describe(db, asked, verb="propose_void", reason=reason)
    return asked


def decide(db: Session, identity: Identity, record: Any, approve: bool) -> Voiding:
    """The second person's word. Raises NotAllowed for who asked or may not, Refused when nothing was asked."""
    asked = pending(db, record)
    if asked is None:
        raise Refused(Problem(_("Nobody has asked that this record be voided.")))
    if asked.asked_by_id == identity.user_id or not may_decide(db, identity, record):
        raise NotAllowed("voiding takes two people")
    if approve:
        _refuse_if_needed(db, record)
    asked.decided_at, asked.decided_by_id, asked.approved = now(), identity.user_id, approve
    if approve:
        record.voided_at = asked.decided_at
        describe(db, record, verb="void", reason=asked.reason)
        effect = _types.get(record.__tablename__, (None, None))[1]
        if effect is not None:
            effect(db, identity, record)
    else:
        describe(db, asked, verb="refuse_void")
    return asked

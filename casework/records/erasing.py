"""Erasing: two people destroy the data keys of a person or of a case under an order (DOMAIN 9.8, matrix row 43).

What was sealed under the keys is gone, here, in the log and in every later backup; the log still verifies, for it
covers ciphertext. Features say what hangs on a subject: which subjects go with it, and which tokens of it there are.
"""

import uuid
from collections.abc import Callable, Iterable
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from casework.audit.capture import describe, event_for, record_event
from casework.authz.access import access_to_one
from casework.authz.identity import Identity
from casework.authz.scope import current_matrix, unscoped
from casework.crypto.sealed import erase, erased, subject
from casework.db.base import Base, now
from casework.web.i18n import _
from casework.workflow.engine import NotAllowed, Problem, Refused

from .models import Draft, Erasure

ROW = "retention"
DECIDES = ("PSU", "SWS")  # the two of matrix row 43 who decide over people; custodians decide over items

# (db, record) -> further subjects whose keys go with the record's own.
Members = Callable[[Session, Any], Iterable[uuid.UUID]]
# (db, ids of the subjects that are gone): take their tokens and what was worked out from their values.
Effect = Callable[[Session, list[uuid.UUID]], None]
_members: dict[str, list[Members]] = {}
_effects: list[Effect] = []


def carries(table: str, members: Members) -> None:
    """Who is erased with a record of a table."""
    if members not in _members.setdefault(table, []):
        _members[table].append(members)


def on_erasure(effect: Effect) -> None:
    """Let `effect(db, subject_ids)` remove what rests on erased values: tokens above all. In the same transaction."""
    if effect not in _effects:
        _effects.append(effect)


def pending(db: Session, record: Any) -> Erasure | None:
    """The request that nobody has decided."""
    query = select(Erasure).where(Erasure.record_id == record.id, Erasure.decided_at.is_(None))
    return db.scalars(query.order_by(Erasure.id)).first()


def asked_of(request, record: Any) -> Erasure | None:
    """The request that this person, a supervisor, is to know of on the record's page."""
    return pending(request.db, record) if may_decide(request.db, request.identity, record) else None


def may_ask(db: Session, identity: Identity, record: Any) -> bool:
    """Who the matrix lets propose or decide, and who reads the record."""
    cell = current_matrix().cell(ROW, identity.role)
    return ("propose" in cell.words or may_decide(db, identity, record)) and "R" in access_to_one(db, identity, record)


def may_decide(db: Session, identity: Identity, record: Any) -> bool:
    """The supervisors to whom the matrix gives it, for a record that they read by their own office."""
    cell = current_matrix().cell(ROW, identity.role)
    return identity.role in DECIDES and cell.may("A") and "R" in access_to_one(db, identity, record)


def ask(db: Session, identity: Identity, record: Any, order: str, reason: str) -> Erasure:
    """The first person's word. Raises NotAllowed, Refused."""
    if not may_ask(db, identity, record):
        raise NotAllowed(f"{identity.role} may not ask to erase this")
    if erased(record) is not None or pending(db, record) is not None:
        raise Refused(Problem(_("This was asked already.")))
    _refuse_held(db, record)
    asked = Erasure(
        record_type=record.__tablename__, record_id=record.id, chain_id=record.audit_chain(), order=order,
        reason=reason, asked_by_id=identity.user_id,
    )
    db.add(asked)
    describe(db, asked, verb="propose_erasure", reason=reason)
    return asked


def decide(db: Session, identity: Identity, record: Any, approve: bool) -> Erasure:
    """The second person's word; a yes cannot be taken back. Raises NotAllowed for who asked or may not, Refused when
    nothing was asked or the record is held."""
    asked = pending(db, record)
    if asked is None:
        raise Refused(Problem(_("Nobody has asked to erase this.")))
    if asked.asked_by_id == identity.user_id or not may_decide(db, identity, record):
        raise NotAllowed("erasing takes two people")
    asked.decided_at, asked.decided_by_id, asked.approved = now(), identity.user_id, approve
    if not approve:
        describe(db, asked, verb="refuse_erasure")
        return asked
    _refuse_held(db, record)
    describe(db, asked, verb="erase")
    with unscoped(db, "whoever goes with the record goes whole"):
        subjects = [subject(record), *(one for members in _members.get(record.__tablename__, ())
                                       for one in members(db, record))]
        asked.keys = len(erase(db, subjects, asked.order))
        # After it, so that whoever makes tokens of values finds none to make them of.
        for effect in _effects:
            effect(db, subjects)
        db.execute(delete(Draft).where(Draft.form.contains(f"/{record.ref}", autoescape=True)))
    record_event(db, event_for(record, "erased", {"order": asked.order, "keys": asked.keys}))
    return asked


def _refuse_held(db: Session, record: Any) -> None:
    cases, case_id = Base.metadata.tables["case"], getattr(record, "case_id", None)
    with unscoped(db, "a hold on the case holds its people, whoever sees the case"):
        of_case = db.execute(select(cases.c.legal_hold).where(cases.c.id == case_id)).scalar() if case_id else False
    if record.legal_hold or of_case:
        raise Refused(Problem(_("This is under a legal hold: nothing of it may be erased.")))

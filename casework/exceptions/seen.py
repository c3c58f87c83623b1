"""What an emergency access showed, from the log: references, verbs and moments, never content."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from casework.audit.models import AuditEntry
from casework.authz.models import BreakGlass
from casework.crypto.sealed import sealed_fields

from . import glass

MOST = 500
# What a column is for the program, and nothing to read.
NOT_SHOWN = frozenset({"id", "version", "legal_hold", "retention_class", "ref", "agency_id", "created_by_id"})


@dataclass(frozen=True)
class Line:
    """One entry of the log: when, what was done, with which record."""

    at: dt.datetime
    verb: str
    type: Any
    ref: str


def columns(rt: Any) -> tuple[str, ...]:
    """The fields of a record that a reader is shown: those its page names, else all that hold something to read."""
    if rt.fields:
        return rt.fields
    plain = [a.key for a in rt.model.__mapper__.column_attrs if not a.key.endswith(("_id", "_sealed", "_at"))]
    names = [*sealed_fields(rt.model), *plain] if not rt.nodes else [*rt.nodes]
    return tuple(name for name in names if name not in NOT_SHOWN and name not in rt.hidden)


def lines_of(request, one: BreakGlass) -> list[Line]:
    """The entries of the person, from opening to end, about what the access reaches. The session must be unscoped."""
    db, types = request.db, request.registry["record_types"]
    known: dict[Any, tuple[Any, str]] = {}
    for rt, sql in glass.reached(one.role, one.subject_id, types.values()):
        known.update({key: (rt.title, ref) for key, ref in db.execute(select(rt.model.id, rt.model.ref).where(sql))})
    if one.subject_type in types:
        rt = types[one.subject_type]
        ref = db.scalars(select(rt.model.ref).where(rt.model.id == one.subject_id)).one_or_none()
        known[one.subject_id] = (rt.title, ref or one.asked_ref)
    entries = db.execute(
        select(AuditEntry.at, AuditEntry.verb, AuditEntry.record_id)
        .where(AuditEntry.actor_id == one.user_id, AuditEntry.at >= one.created_at,
               AuditEntry.at <= (one.ended_at or one.until),
               AuditEntry.record_id.in_(list(known)))
        .order_by(AuditEntry.seq).limit(MOST)
    )
    return [Line(at, verb, *known[record_id]) for at, verb, record_id in entries]

"""Who opened or changed a record, from the log: one line for each person and agency."""

import datetime as dt
import json
import uuid
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import and_, func, not_, or_, select
from sqlalchemy.orm import Session

from casework.audit.models import AuditEntry
from casework.authz.identity import Identity
from casework.records.history import SECRET

from .entitled import ALL, OFFICE

LIMIT = 50
PURPOSES = 200


@dataclass
class Did:
    """What one person did with a record: how many entries, first and last, in which role, from where, what for."""

    user_id: uuid.UUID
    agency_id: uuid.UUID | None
    count: int
    first: dt.datetime
    last: dt.datetime
    role: str = ""
    address: str | None = None
    purposes: list[tuple[str, str]] = field(default_factory=list)


def who_did(
    db: Session, identity: Identity, record: Any, whose: str, without: Collection[str] = (), *, page: int = 0
) -> tuple[list[Did], bool]:
    """Those who did something with the record, the latest first, as far as `whose` (`entitled.entitled`) allows, and
    whether there are more. Two statements.

    Refused tries and the auditor's questions are no part of it. The network address is of the own people only.
    """
    wanted = [AuditEntry.record_id == record.id, AuditEntry.actor_id.is_not(None), AuditEntry.result == "ok",
              AuditEntry.verb != SECRET]
    # A quotation mark within a value is written with a backslash, so only the names of fields can match.
    wanted += [not_(AuditEntry.body.contains(f'"role":"{role}"', autoescape=True)) for role in without]
    if whose == OFFICE:
        wanted.append(AuditEntry.agency_id == identity.agency_id)
    elif whose != ALL:
        wanted.append(AuditEntry.actor_id == identity.user_id)
    query = (
        select(AuditEntry.actor_id, AuditEntry.agency_id, func.count(), func.min(AuditEntry.at),
               func.max(AuditEntry.at), func.max(AuditEntry.seq))
        .where(*wanted).group_by(AuditEntry.actor_id, AuditEntry.agency_id)
        .order_by(func.max(AuditEntry.seq).desc()).limit(LIMIT + 1).offset(page * LIMIT)
    )
    rows = db.execute(query).all()
    found = {(row[0], row[1]): Did(*row[:5]) for row in rows[:LIMIT]}
    if found:
        _details(db, identity, found, wanted, [row[5] for row in rows[:LIMIT]])
    return list(found.values()), len(rows) > LIMIT


def _details(db: Session, identity: Identity, found: dict, wanted: list, latest: list[int]) -> None:
    """Role and place from each person's latest entry, purposes from all that name one."""
    with_purpose = AuditEntry.body.contains('"purpose":"', autoescape=True)
    query = (
        select(AuditEntry.seq, AuditEntry.actor_id, AuditEntry.agency_id, AuditEntry.body)
        .where(or_(AuditEntry.seq.in_(latest), and_(*wanted, with_purpose)))
        .order_by(AuditEntry.seq.in_(latest).desc(), AuditEntry.seq.desc()).limit(LIMIT + PURPOSES)
    )
    for seq, actor_id, agency_id, text in db.execute(query):
        one, body = found.get((actor_id, agency_id)), json.loads(text)
        if one is None:
            continue
        if seq in latest:
            one.role = body.get("role", "")
            one.address = body.get("address") if agency_id == identity.agency_id else None
        purpose = (body.get("purpose"), body.get("explanation") or "")
        if purpose[0] and purpose not in one.purposes:
            one.purposes.append(purpose)

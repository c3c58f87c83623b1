"""The auditor's search of the log: who did what, when, where, by which rule; never what a record says."""

import datetime as dt
import json
import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from casework.audit.models import AuditEntry
from casework.db.base import Base

PAGE = 50
# Parts of a body that say nothing of a record's content.
SHOWN = ("ref", "route", "method", "status", "rule", "role", "purpose", "session_id", "request_id", "found")


@dataclass(frozen=True)
class Entry:
    """One entry as an auditor sees it: names of fields, not their values."""

    seq: int
    at: dt.datetime
    verb: str
    result: str
    actor_id: uuid.UUID | None
    agency_id: uuid.UUID | None
    record_type: str | None
    ref: str | None
    role: str
    rule: str | None
    fields: tuple[str, ...]
    place: str | None


@dataclass(frozen=True)
class Question:
    """What the auditor asks; None leaves a part open. Times are moments, `before` a number to page on from."""

    record_id: uuid.UUID | None = None
    case_id: uuid.UUID | None = None
    actor_id: uuid.UUID | None = None
    agency_id: uuid.UUID | None = None
    verb: str | None = None
    result: str | None = None
    since: dt.datetime | None = None
    until: dt.datetime | None = None
    before: int | None = None


def ask(session: Session, question: Question) -> tuple[list[Entry], int | None]:
    """The newest entries that answer, and the number to page on from, or None."""
    table = AuditEntry.__table__
    query = select(table).order_by(table.c.seq.desc()).limit(PAGE + 1)
    for name in ("record_id", "case_id", "actor_id", "agency_id", "verb", "result"):
        value = getattr(question, name)
        if value is not None:
            query = query.where(table.c[name] == value)
    if question.since:
        query = query.where(table.c.at >= question.since)
    if question.until:
        query = query.where(table.c.at < question.until)
    if question.before:
        query = query.where(table.c.seq < question.before)
    rows = session.connection().execute(query).all()
    return [_entry(row) for row in rows[:PAGE]], rows[PAGE - 1].seq if len(rows) > PAGE else None


def _entry(row: Any) -> Entry:
    body = json.loads(row.body)
    fields = body.get("fields") or ()
    return Entry(
        row.seq, row.at, row.verb, row.result, row.actor_id, row.agency_id, row.record_type, body.get("ref"),
        body.get("role", ""), body.get("rule"), tuple(sorted(name.removesuffix("_sealed") for name in fields)),
        body.get("route"),
    )


def person_by_login(session: Session, login: str) -> uuid.UUID | None:
    """The user with this login."""
    users = Base.metadata.tables["user_account"]
    return session.connection().execute(select(users.c.id).where(users.c.login == login.strip().lower())).scalar()

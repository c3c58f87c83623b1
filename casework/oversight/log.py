"""The auditor's search of the log: who did what, when, where, by which rule; never what a record says.

Every query walks an index from its newest end and stops at a page. Days are turned into numbers of entries first, so
that a question about last year does not walk through this one.
"""

import datetime as dt
import json
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, Select, select, union_all
from sqlalchemy.orm import Session

from casework.audit.models import AuditEntry
from casework.db.base import Base, now

PAGE = 50
# Nobody knows an entry by the machine or the session alone: such a search looks through this much time.
SPAN = dt.timedelta(days=31)
# An entry's moment is taken before its number: two who write at once may get them in another order.
SKEW = dt.timedelta(hours=1)
_TABLE = AuditEntry.__table__


@dataclass(frozen=True)
class Entry:
    """One entry as an auditor sees it: names of fields, not their values."""

    seq: int
    hash: str
    at: dt.datetime
    verb: str
    result: str
    actor_id: uuid.UUID | None
    agency_id: uuid.UUID | None
    record_type: str | None
    record_id: uuid.UUID | None
    case_id: uuid.UUID | None
    ref: str | None
    role: str
    rule: str | None
    fields: tuple[str, ...]
    route: str | None
    session: str
    address: str | None
    purpose: str | None
    explanation: str | None


@dataclass(frozen=True)
class Question:
    """What the auditor asks; None leaves a part open. Times are moments, `before` a number to page on from.

    `types` are record types, `session` is the end of a session's id, `address` a network address, `route` the name
    of a page that was refused.
    """

    record_id: uuid.UUID | None = None
    case_id: uuid.UUID | None = None
    actor_id: uuid.UUID | None = None
    agency_id: uuid.UUID | None = None
    chain: uuid.UUID | None = None
    role: str | None = None
    types: tuple[str, ...] = ()
    verb: str | None = None
    result: str | None = None
    session: str | None = None
    address: str | None = None
    route: str | None = None
    since: dt.datetime | None = None
    until: dt.datetime | None = None
    before: int | None = None

    @property
    def bounded(self) -> "Question":
        """The same question, which an index answers: a place alone is asked within a month."""
        alone = not any((self.record_id, self.case_id, self.actor_id, self.agency_id, self.chain))
        if not alone or not any((self.session, self.address, self.route)):
            return self
        until = self.until or now()
        return replace(self, since=max(self.since or until - SPAN, until - SPAN))


def within(since: dt.datetime | None, until: dt.datetime | None) -> list[ColumnElement]:
    """Conditions for entries from `since` on and before `until`, by number and by moment."""
    numbers, found = select(_TABLE.c.seq), []
    if since:
        first = numbers.where(_TABLE.c.at >= since - SKEW).order_by(_TABLE.c.at).limit(1).scalar_subquery()
        found += [_TABLE.c.seq >= first, _TABLE.c.at >= since]
    if until:
        last = numbers.where(_TABLE.c.at < until + SKEW).order_by(_TABLE.c.at.desc()).limit(1).scalar_subquery()
        found += [_TABLE.c.seq <= last, _TABLE.c.at < until]
    return found


def _in_body(name: str, pattern: str) -> ColumnElement:
    return _TABLE.c.body.like(f'%"{name}":"{pattern}"%', escape="\\")


def _literal(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def query_of(question: Question) -> Select:
    """The entries that answer, the newest first."""
    question = question.bounded
    query = select(_TABLE).order_by(_TABLE.c.seq.desc()).where(*within(question.since, question.until))
    for name in ("record_id", "case_id", "actor_id", "agency_id", "chain", "verb", "result"):
        value = getattr(question, name)
        if value is not None:
            query = query.where(_TABLE.c[name] == value)
    if question.types:
        query = query.where(_TABLE.c.record_type.in_(question.types))
    if question.session:
        query = query.where(_in_body("session_id", "_" * (36 - len(question.session)) + question.session))
    for name in ("address", "route", "role"):
        if getattr(question, name):
            query = query.where(_in_body(name, _literal(getattr(question, name))))
    if question.before:
        query = query.where(_TABLE.c.seq < question.before)
    return query


def ask(session: Session, question: Question, limit: int = PAGE) -> tuple[list[Entry], int | None]:
    """The newest entries that answer, and the number to page on from, or None."""
    return _page(session, query_of(question).limit(limit + 1), limit)


def ask_each(session: Session, questions: Iterable[Question], limit: int = PAGE) -> tuple[list[Entry], int | None]:
    """The newest entries that answer any of a few questions: each walks its own index, and stops."""
    parts = [query_of(question).limit(limit + 1).subquery() for question in questions]
    if not parts:
        return [], None
    every = union_all(*(select(part) for part in parts)).subquery()
    return _page(session, select(every).order_by(every.c.seq.desc()).limit(limit + 1), limit)


def _page(session: Session, query: Any, limit: int) -> tuple[list[Entry], int | None]:
    rows = session.connection().execute(query).all()
    return [entry_of(row) for row in rows[:limit]], rows[limit - 1].seq if len(rows) > limit else None


def by_number(session: Session, numbers: Iterable[int]) -> list[Entry]:
    """Entries by their numbers, the newest first."""
    query = select(_TABLE).where(_TABLE.c.seq.in_(list(numbers))).order_by(_TABLE.c.seq.desc())
    return [entry_of(row) for row in session.connection().execute(query)]


def entry_of(row: Any) -> Entry:
    """An entry from its row. Whatever is not named here, no auditor sees."""
    body = json.loads(row.body)
    fields = body.get("fields") or ()
    return Entry(
        row.seq, row.hash.hex(), row.at, row.verb, row.result, row.actor_id, row.agency_id, row.record_type,
        row.record_id, row.case_id, body.get("ref"), body.get("role", ""), body.get("rule"),
        tuple(sorted({name.removesuffix("_sealed") for name in fields})), body.get("route"),
        body.get("session_id", "")[-8:], body.get("address"), body.get("purpose"),
        body.get("explanation") if row.verb in ("export", "print") else None,
    )


def people_named(session: Session, text: str) -> list[uuid.UUID]:
    """The users with this login, or this name in either script."""
    users, asked = Base.metadata.tables["user_account"], text.strip()
    named = (users.c.login == asked.lower()) | (users.c.name == asked) | (users.c.name_km == asked)
    return list(session.connection().execute(select(users.c.id).where(named).limit(2)).scalars())

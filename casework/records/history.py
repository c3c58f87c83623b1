"""History of one record from the log, as one person may see it."""

import base64
import datetime as dt
import json
import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, and_, or_, select

from casework.audit.models import AuditEntry
from casework.authz.access import Shown, shown
from casework.crypto.seal import SealBroken
from casework.crypto.sealed import Erased, note_read, open_value, sealed_fields
from casework.db.types import UtcDateTime
from casework.web.i18n import _
from casework.web.render import translate

from .labels import label
from .moments import day, key, number
from .registry import RecordType
from .rules import rule_words
from .show import gone_words, target_of, words

PAGE = 50
# Who looked is for those who watch over the record, and for oneself.
READING = ("view", "read", "denied", "search", "prove")
# What the auditor asks is between the auditor and the log: whoever is looked at is not warned.
SECRET = "audit_search"
WATCHERS = ("PSU", "SWS", "AUD")
READS = {"": _("Changes and reads"), "no": _("Changes only"), "only": _("Reads only")}


@dataclass(frozen=True)
class Change:
    """One field's old and new value as words; hidden where this person may not see them."""

    label: str
    old: str = ""
    new: str = ""
    hidden: bool = False


@dataclass(frozen=True)
class Line:
    """One line of a history: what happened, by whom, from where, by which rule, and what it changed.

    `session` is the end of the session's id; `address` only for those who watch over the people of that agency.
    """

    seq: int
    hash: str
    at: dt.datetime
    verb: str
    result: str
    actor_id: uuid.UUID | None
    agency_id: uuid.UUID | None
    role: str
    session: str
    address: str | None
    rule: str
    reason: str | None
    changes: tuple[Change, ...]
    fields: tuple[str, ...] = ()


@dataclass(frozen=True)
class Asked:
    """Which lines; None leaves a part open."""

    verb: str | None = None
    actor_id: uuid.UUID | None = None
    field: str | None = None
    since: dt.datetime | None = None
    until: dt.datetime | None = None
    reads: str = ""
    before: int | None = None


def asked_of(request) -> Asked:
    """The lines that the address asks for."""
    get = request.GET.get
    return Asked(
        verb=get("verb", "").strip()[:60] or None, actor_id=key(get("person", "")),
        field=get("field", "").strip()[:60] or None, since=day(get("since", "")),
        until=day(get("until", ""), end=True), reads=get("reads") if get("reads") in READS else "",
        before=number(get("before", "")),
    )


def about(request, record: Any) -> Select:
    """The entries about a record that this person may know of, the newest first."""
    table = AuditEntry.__table__
    query = select(table).where(table.c.record_id == record.id, table.c.verb != SECRET).order_by(table.c.seq.desc())
    if request.identity.role not in WATCHERS:
        query = query.where(or_(table.c.verb.not_in(READING), table.c.actor_id == request.identity.user_id))
    return query


def _narrowed(query: Select, asked: Asked, access: Shown) -> Select:
    table = AuditEntry.__table__
    if asked.verb:
        query = query.where(table.c.verb == asked.verb)
    if asked.actor_id:
        query = query.where(table.c.actor_id == asked.actor_id)
    if asked.since:
        query = query.where(table.c.at >= asked.since)
    if asked.until:
        query = query.where(table.c.at < asked.until)
    if asked.reads:
        reading = table.c.verb.in_(READING)
        query = query.where(reading if asked.reads == "only" else ~reading)
    if asked.field and access.shows(asked.field):
        # A quotation mark within a value is written with a backslash, so only the names of fields can match.
        columns = (asked.field, f"{asked.field}_sealed")
        changed = (table.c.body.contains(f'"{column}":[', autoescape=True) for column in columns)
        read = and_(table.c.verb == "read", table.c.body.contains(f'"{asked.field}"', autoescape=True))
        query = query.where(or_(*changed, read))
    if asked.before:
        query = query.where(table.c.seq < asked.before)
    return query


def lines_of(request, rt: RecordType, record: Any, asked: Asked, limit: int = PAGE) -> tuple[list[Line], int | None]:
    """The newest lines about `record` that answer, and the number to ask for older ones from, or None.

    Values of fields that this person may not see are left out; sealed values open only for those who may read them,
    and opening them is noted.
    """
    access = shown(request.db, request.identity, record)
    query = _narrowed(about(request, record), asked, access).limit(limit + 1)
    rows = request.db.connection().execute(query).all()
    told = Telling(request, rt, record, access)
    bodies = [json.loads(row.body) for row in rows[:limit]]
    told.expect(rows[:limit], bodies)
    lines = [told.line(row, body) for row, body in zip(rows, bodies, strict=False)]
    return lines, rows[limit - 1].seq if len(rows) > limit else None


def one_line(request, record: Any, seq: int) -> Any:
    """The entry with a number, if it is about the record and this person may know of it."""
    query = about(request, record).where(AuditEntry.__table__.c.seq == seq)
    return request.db.connection().execute(query).one_or_none()


class Telling:
    """Turns entries about one record into lines for one person."""

    def __init__(self, request, rt: RecordType, record: Any, access: Shown):
        self.request, self.rt, self.record, self.access = request, rt, record, access
        self.names = request.names
        self.sealed = sealed_fields(type(record))

    def expect(self, rows: list[Any], bodies: list[dict]) -> None:
        """Note every name that the lines will show, so that all come with one query."""
        self.names.want("user_account", (row.actor_id for row in rows))
        self.names.want("agency", (row.agency_id for row in rows))
        for body in bodies:
            fields = body.get("fields")
            for column, pair in fields.items() if isinstance(fields, dict) else ():
                table = target_of(type(self.record), column)
                if table is not None:
                    self.names.want(table, (uuid.UUID(value) for value in pair if value))

    def line(self, row: Any, body: dict) -> Line:
        fields = body.get("fields")
        changes: tuple[Change, ...] = ()
        read: tuple[str, ...] = ()
        if isinstance(fields, dict):
            found = (self.change(name, *pair) for name, pair in sorted(fields.items()))
            changes = tuple(change for change in found if change is not None)
        elif fields:
            read = tuple(self.label(name) for name in fields if self.access.shows(name))
        return Line(
            row.seq, row.hash.hex(), row.at, row.verb, row.result, row.actor_id, row.agency_id, body.get("role", ""),
            body.get("session_id", "")[-8:], body.get("address") if self.watches(row) else None,
            rule_words(self.request, body.get("rule")), body.get("reason") if self.access.may("R") else None,
            changes, read,
        )

    def watches(self, row: Any) -> bool:
        """Whether this person watches over who did it: the supervisors over their own people."""
        identity = self.request.identity
        return identity.role == "AUD" or (identity.role in WATCHERS and row.agency_id == identity.agency_id)

    def label(self, name: str) -> str:
        return translate(self.request, label(self.rt, name))

    def silent(self, column: str) -> bool:
        """Whether nobody is told of a column."""
        mapped = type(self.record).__mapper__.columns.get(column)
        return column.removesuffix("_sealed") in self.rt.hidden or mapped is None or bool(mapped.info.get("token"))

    def change(self, column: str, old: Any, new: Any) -> Change | None:
        if self.silent(column):
            return None
        name = column.removesuffix("_sealed")
        if not self.access.shows(name):
            return Change(self.label(name), hidden=True)
        return Change(self.label(name), self.value(name, old), self.value(name, new))

    def value(self, name: str, value: Any) -> str:
        """A value of the log as words."""
        if name not in self.sealed:
            return self.words(name, value)
        try:
            return self.words(name, self.opened(name, value))
        except Erased as gone:
            return gone_words(self.request, gone.order)

    def opened(self, name: str, value: str | None) -> Any:
        if value is None:
            return None
        try:
            plain = open_value(self.request.db, self.record, name, base64.b64decode(value))
        except SealBroken:
            return None
        note_read(self.request.db, self.record, name)
        return plain

    def words(self, name: str, value: Any) -> str:
        """A value of the log, where ids and moments are text, as words."""
        model = type(self.record)
        column = model.__mapper__.columns.get(name)
        if isinstance(value, str) and column is not None:
            if target_of(model, name):
                value = uuid.UUID(value)
            elif isinstance(column.type, UtcDateTime):
                value = dt.datetime.fromisoformat(value)
        return str(words(self.request, self.rt, name, value, self.names))

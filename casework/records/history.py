"""History of one record from the log, as one person may see it."""

import base64
import datetime as dt
import json
import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy import or_, select

from casework.audit.models import AuditEntry
from casework.authz.access import Shown, shown
from casework.crypto.seal import SealBroken
from casework.crypto.sealed import Erased, note_read, open_value, sealed_fields
from casework.db.types import UtcDateTime
from casework.web.render import translate

from .labels import label
from .registry import RecordType
from .show import target_of, words

PAGE = 50
# Who looked is for those who watch over the record, and for oneself.
READING = ("view", "read", "denied", "search")
WATCHERS = ("PSU", "SWS", "AUD")


@dataclass(frozen=True)
class Change:
    """One field's old and new value as words; hidden where this person may not see them."""

    label: str
    old: str = ""
    new: str = ""
    hidden: bool = False


@dataclass(frozen=True)
class Line:
    """One line of a history."""

    seq: int
    at: dt.datetime
    verb: str
    result: str
    actor_id: uuid.UUID | None
    role: str
    rule: str | None
    reason: str | None
    changes: tuple[Change, ...]
    fields: tuple[str, ...] = ()


def entries_of(request, rt: RecordType, record: Any) -> tuple[list[Line], int | None]:
    """The newest lines about `record`, and the number to ask for older ones from (`?before=`), or None.

    Values of fields that this person may not see are left out; sealed values open only for those who may read them,
    and opening them is noted.
    """
    access = shown(request.db, request.identity, record)
    table = AuditEntry.__table__
    query = select(table).where(table.c.record_id == record.id).order_by(table.c.seq.desc()).limit(PAGE + 1)
    if request.identity.role not in WATCHERS:
        query = query.where(or_(table.c.verb.not_in(READING), table.c.actor_id == request.identity.user_id))
    before = request.GET.get("before", "")
    if before.isascii() and before.isdigit() and len(before) < 19:
        query = query.where(table.c.seq < int(before))
    rows = request.db.connection().execute(query).all()
    told = _Telling(request, rt, record, access)
    bodies = [json.loads(row.body) for row in rows[:PAGE]]
    told.expect(rows[:PAGE], bodies)
    lines = [told.line(row, body) for row, body in zip(rows, bodies, strict=False)]
    return lines, rows[PAGE - 1].seq if len(rows) > PAGE else None


class _Telling:
    """Turns entries about one record into lines for one person."""

    def __init__(self, request, rt: RecordType, record: Any, access: Shown):
        self.request, self.rt, self.record, self.access = request, rt, record, access
        self.names = request.names
        self.sealed = sealed_fields(type(record))

    def expect(self, rows: list[Any], bodies: list[dict]) -> None:
        """Note every name that the lines will show, so that all come with one query."""
        self.names.want("user_account", (row.actor_id for row in rows))
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
            row.seq, row.at, row.verb, row.result, row.actor_id, body.get("role", ""), body.get("rule"),
            body.get("reason") if self.access.may("R") else None, changes, read,
        )

    def label(self, name: str) -> str:
        return translate(self.request, label(self.rt, name))

    def change(self, column: str, old: Any, new: Any) -> Change | None:
        name = column.removesuffix("_sealed")
        if name in self.rt.hidden or type(self.record).__mapper__.columns[column].info.get("token"):
            return None
        if not self.access.shows(name):
            return Change(self.label(name), hidden=True)
        if name in self.sealed:
            old, new = (self.opened(name, value) for value in (old, new))
        return Change(self.label(name), self.words(name, old), self.words(name, new))

    def opened(self, name: str, value: str | None) -> Any:
        if value is None:
            return None
        try:
            plain = open_value(self.request.db, self.record, name, base64.b64decode(value))
        except (Erased, SealBroken):
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

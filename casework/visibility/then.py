"""Rows as they were at an earlier moment: today's values, with every later change in the log taken back."""

import datetime as dt
import json
import uuid
from collections.abc import Iterable
from typing import Any

from sqlalchemy import Table, Uuid, select
from sqlalchemy.orm import Session

from casework.audit.models import AuditEntry
from casework.db.types import UtcDateTime
from casework.records.history import READING


def typed(column: Any, value: Any) -> Any:
    """A value of the log as its column holds it."""
    if not isinstance(value, str):
        return value
    if isinstance(column.type, UtcDateTime):
        return dt.datetime.fromisoformat(value)
    kind = column.type.python_type
    if kind is dt.date:
        return dt.date.fromisoformat(value)
    return uuid.UUID(value) if kind is uuid.UUID else value


class Past:
    """Some rows of one table, as they were at any moment from `since` on. Sealed columns are no part of it.

    One query for the log. `changes` are (moment, row, column, old value), the newest first; `entries` the numbers of
    the entries they come from.
    """

    def __init__(self, session: Session, table: Table, rows: Iterable[Any], since: dt.datetime):
        self.table, self.since = table, since
        self.columns = {column.key: column for column in table.c if not column.key.endswith("_sealed")}
        self.rows = {row.id: {name: getattr(row, name) for name in self.columns} for row in rows}
        self.changes: list[tuple[dt.datetime, uuid.UUID, str, Any]] = []
        self.entries: list[int] = []
        if self.rows:
            self._read(session)

    def _read(self, session: Session) -> None:
        query = select(AuditEntry.seq, AuditEntry.record_id, AuditEntry.at, AuditEntry.body).where(
            AuditEntry.record_id.in_(list(self.rows)), AuditEntry.at > self.since, AuditEntry.verb.not_in(READING)
        ).order_by(AuditEntry.seq.desc())
        for seq, record_id, at, body in session.execute(query):
            fields = json.loads(body).get("fields")
            if not isinstance(fields, dict) or self._first(fields):
                continue
            known = [(at, record_id, name, typed(self.columns[name], old))
                     for name, (old, _new) in fields.items() if name in self.columns]
            self.changes += known
            self.entries += [seq] if known else []

    def _first(self, fields: dict) -> bool:
        """Whether an entry tells how the row came into being: a column that is never empty was."""
        return any(old is None and name in self.columns and not self.columns[name].nullable
                   for name, (old, _new) in fields.items())

    def at(self, moment: dt.datetime) -> list[dict[str, Any]]:
        """The rows right after `moment`, by column; what was made later is left out."""
        found = {
            key: dict(values) for key, values in self.rows.items()
            if values.get("created_at") is None or values["created_at"] <= moment
        }
        for at, record_id, name, old in self.changes:
            if at <= moment:
                break
            if record_id in found:
                found[record_id][name] = old
        for values in found.values():
            # What is said to happen after this moment had not happened, whenever it was written down.
            values.update({name: None for name, value in values.items()
                           if name.endswith("_at") and isinstance(value, dt.datetime) and value > moment})
        return list(found.values())

    def ids(self) -> set[uuid.UUID]:
        """Every key that the rows hold or held since."""
        named = {name for name, column in self.columns.items() if isinstance(column.type, Uuid)}
        held = {values[name] for values in self.rows.values() for name in named}
        return (held | {old for _at, _id, name, old in self.changes if name in named}) - {None}

    def moments(self, until: dt.datetime, columns: set[str]) -> set[dt.datetime]:
        """When, after `since` and before `until`, a row came or one of these columns changed."""
        came = {values["created_at"] for values in self.rows.values() if values.get("created_at") is not None}
        changed = {at for at, _id, name, _old in self.changes if name in columns}
        return {at for at in came | changed if self.since < at < until}


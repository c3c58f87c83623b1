"""History of one record from the log, as one person may see it."""

import base64
import datetime as dt
import json
import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from casework.audit.models import AuditEntry
from casework.authz.access import shown
from casework.crypto.seal import SealBroken
from casework.crypto.sealed import Erased, open_value

PAGE = 50


@dataclass(frozen=True)
class Change:
    """One field's old and new value; None where it was empty."""

    field: str
    old: Any
    new: Any
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


def entries_of(request, record: Any) -> tuple[list[Line], int | None]:
    """The newest lines about `record`, and the number to ask for older ones from (`?before=`), or None.

    Values of fields that this person may not see are left out; sealed values open only for those who may read them.
    """
    access = shown(request.db, request.identity, record)
    table = AuditEntry.__table__
    query = select(table).where(table.c.record_id == record.id).order_by(table.c.seq.desc()).limit(PAGE + 1)
    before = request.GET.get("before", "")
    if before.isascii() and before.isdigit() and len(before) < 19:
        query = query.where(table.c.seq < int(before))
    rows = request.db.connection().execute(query).all()
    lines = [_line(request, record, access, row) for row in rows[:PAGE]]
    return lines, rows[PAGE - 1].seq if len(rows) > PAGE else None


def _line(request, record, access, row) -> Line:
    body = json.loads(row.body)
    fields = body.get("fields")
    changes = ()
    names: tuple[str, ...] = ()
    if isinstance(fields, dict):
        changes = tuple(_change(request, record, access, name, *pair) for name, pair in sorted(fields.items()))
    elif fields:
        names = tuple(name for name in fields if access.shows(name))
    readable = access.may("R")
    return Line(
        row.seq, row.at, row.verb, row.result, row.actor_id, body.get("role", ""), body.get("rule"),
        body.get("reason") if readable else None, changes, names,
    )


def _change(request, record, access, column: str, old: Any, new: Any) -> Change:
    name = column.removesuffix("_sealed")
    if not access.shows(name):
        return Change(name, None, None, hidden=True)
    if name != column:
        old, new = (_open(request, record, name, value) for value in (old, new))
    return Change(name, old, new)


def _open(request, record, name: str, value: str | None) -> Any:
    if value is None:
        return None
    try:
        return open_value(request.db, record, name, base64.b64decode(value))
    except (Erased, SealBroken):
        return None

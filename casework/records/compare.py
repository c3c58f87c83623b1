"""A record as it stood at two moments, from the log, as one person may see it."""

import datetime as dt
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from casework.audit.capture import json_value
from casework.audit.models import AuditEntry
from casework.authz.access import shown
from casework.web.i18n import _, format_date
from casework.web.render import translate

from .history import READING, Telling
from .moments import day, number
from .registry import RecordType

# More changes of one record than people make; the page says when it is not all.
LIMIT = 2000


@dataclass(frozen=True)
class Moment:
    """A point in a record's history: what it is called, and whether an entry was there by then."""

    title: str
    includes: Callable[[Any], bool]
    place: float


def moments_of(request) -> tuple[Moment, Moment] | None:
    """The two moments that the address names, the older first: two entries, or two days; None when it does not."""
    lines = [number(request.GET.get(name, "")) for name in ("a", "b")]
    if all(lines):
        found = [Moment(f"{translate(request, _('Entry'))} {n}", _by_number(n), n) for n in lines]
    else:
        days = [day(request.GET.get(name, ""), end=True) for name in ("from", "to")]
        if not all(days):
            return None
        found = [
            Moment(translate(request, _("End of ${day}", mapping={
                "day": format_date(moment - dt.timedelta(seconds=1), request.locale_name)})),
                _by_time(moment), moment.timestamp())
            for moment in days
        ]
    first, second = sorted(found, key=lambda moment: moment.place)
    return first, second


def _by_number(seq: int) -> Callable[[Any], bool]:
    return lambda row: row.seq <= seq


def _by_time(moment: dt.datetime) -> Callable[[Any], bool]:
    return lambda row: row.at < moment


def stood(rows: list[tuple[Any, dict]], moment: Moment) -> dict[str, Any]:
    """Column -> value at a moment, from the changes of a record, the oldest first."""
    values: dict[str, Any] = {}
    for row, fields in rows:
        for column, (old, new) in fields.items():
            if moment.includes(row):
                values[column] = new
            else:
                # Not changed by then: what it was before its first later change.
                values.setdefault(column, old)
    return values


def _begun(model: type) -> dict[str, list[Any]]:
    """What a new record has by constant: the log leaves it out."""
    columns = {a.key: a.columns[0] for a in model.__mapper__.column_attrs}
    return {
        name: [None, json_value(column.default.arg)] for name, column in columns.items()
        if column.default is not None and column.default.is_scalar
    }


def compare(request, rt: RecordType, record: Any, older: Moment, newer: Moment) -> tuple[list[dict], bool]:
    """Rows for `ui.compare`: every field that had a value at either moment, and whether all changes were looked at.

    Values that this person may not see are left out on both sides.
    """
    query = select(AuditEntry.seq, AuditEntry.at, AuditEntry.body).where(
        AuditEntry.record_id == record.id, AuditEntry.verb.not_in(READING)
    ).order_by(AuditEntry.seq).limit(LIMIT + 1)
    found = [(row, json.loads(row.body)) for row in request.db.execute(query)]
    changes = [(row, body["fields"]) for row, body in found[:LIMIT] if isinstance(body.get("fields"), dict)]
    if changes:
        first, fields = changes[0]
        changes[0] = first, {**_begun(type(record)), **fields}
    told = Telling(request, rt, record, shown(request.db, request.identity, record))
    told.expect([], [{"fields": fields} for _row, fields in changes])
    before, after = stood(changes, older), stood(changes, newer)
    rows = []
    for column in sorted(before.keys() | after.keys()):
        if told.silent(column) or (before.get(column) is None and after.get(column) is None):
            continue
        name = column.removesuffix("_sealed")
        if told.access.shows(name):
            old, new = told.value(name, before.get(column)), told.value(name, after.get(column))
        else:
            old = new = translate(request, _("Not shown to you"))
        rows.append({"label": told.label(name), "old": old, "new": new})
    return sorted(rows, key=lambda row: (row["old"] == row["new"], row["label"])), len(found) <= LIMIT

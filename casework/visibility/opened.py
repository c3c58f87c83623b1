"""Who opened a child's file, for the child: kinds of people and why they may, by month; no names and no steps.

What is kept out, and why (DOMAIN 9.4, 9.5):

* names of officers: the right is to know who works with the file, and a name on a paper at home endangers both;
* a province, a court's town, a special unit, an organisation that gives help: they tell where the child stays or what
  the matter is about. Public bodies stand with the body at their top, all others with their kind;
* days, hours and counts: how busy the police were in a week tells of an investigation;
* which record was opened: only that it was of the file. The case, evidence and the court's records are not the
  child's file, and what was done with them is no part of the list.
"""

import datetime as dt
import json
import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, union_all
from sqlalchemy.orm import Session

from casework.audit.models import AuditEntry
from casework.authz.scope import unscoped
from casework.db.base import Base
from casework.records.history import SECRET
from casework.web.i18n import _, local_time

# Rows of the matrix that make up the child's file.
ROWS = frozenset({
    "victim.identity", "victim.place", "support.referral", "support.assessment", "therapeutic.note", "consent",
    "service",
})
PUBLIC = ("police", "prosecution", "court", "social_gov")
LIMIT = 10_000
NOT_OPENED = (SECRET, "prove", "search")

WHO = {
    "HOT": _("People who answer the help line"), "INV": _("Police officers"),
    "PSU": _("Police officers who lead others"), "PRO": _("Prosecutors"), "CLK": _("People who help the judge"),
    "SW": _("Social workers"), "SWS": _("People who lead the social workers"),
    "PRV": _("Helpers from an organisation"),
}
WHO_ELSE = _("Other people who work for the state")
WHY = {
    "HOT": _("They heard about you first. They asked other people to help you."),
    "INV": _("They find out what happened. They help to keep children safe."),
    "PSU": _("They check that the police do their work well."),
    "PRO": _("They decide if a judge should hear what happened."),
    "CLK": _("They keep the papers of the judge in order."),
    "SW": _("They help you and stay in touch with you."),
    "SWS": _("They check that you get good help."),
    "PRV": _("They give you the help that was agreed with you."),
}
WHY_ELSE = _("They do a part of the work.")
EMERGENCY = _("It was urgent: somebody had to be kept safe. Their bosses check if it was right.")


@dataclass(frozen=True)
class Line:
    """People of one kind: who (role), of which body (an agency's names, or its kind), in an emergency, in which
    months (year, month), the oldest first."""

    role: str
    agency_id: uuid.UUID | None
    emergency: bool
    months: tuple[tuple[int, int], ...]


def file_of(db: Session, types: dict[str, Any], child_id: uuid.UUID) -> Any:
    """The ids of all records of a child's file, as a query."""
    parts = []
    for rt in types.values():
        table = Base.metadata.tables[rt.name]
        if ROWS.isdisjoint(rt.rows):
            continue
        if rt.name == "person":
            parts.append(select(table.c.id).where(table.c.id == child_id))
        for column in ("child_id", "person_id"):
            if column in table.c:
                parts.append(select(table.c.id).where(table.c[column] == child_id))
    return union_all(*parts)


def opened(db: Session, types: dict[str, Any], child_id: uuid.UUID) -> tuple[list[Line], bool]:
    """Who opened the file of a child, and whether that is all of it. Two statements."""
    with unscoped(db, "who opened the child's file, without what it says"):
        ids = list(db.execute(file_of(db, types, child_id)).scalars())
        rows = db.execute(
            select(AuditEntry.at, AuditEntry.agency_id, AuditEntry.body)
            .where(AuditEntry.record_id.in_(ids), AuditEntry.actor_id.is_not(None), AuditEntry.result == "ok",
                   AuditEntry.verb.not_in(NOT_OPENED))
            .order_by(AuditEntry.seq.desc()).limit(LIMIT + 1)
        ).all()
        tops = _tops(db)
    found: dict[tuple, set[tuple[int, int]]] = {}
    for at, agency_id, text in rows[:LIMIT]:
        body = json.loads(text)
        role, conditions = body.get("role", ""), (body.get("rule") or "").split()[-1:]
        key = (role, tops.get(agency_id), bool(conditions) and "x" in conditions[0].split(","))
        found.setdefault(key, set()).add(_month(at))
    order = list(WHO)
    lines = [Line(*key, tuple(sorted(months))) for key, months in found.items()]
    lines.sort(key=lambda one: (order.index(one.role) if one.role in order else len(order), one.emergency,
                                str(one.agency_id)))
    return lines, len(rows) <= LIMIT


def _month(at: dt.datetime) -> tuple[int, int]:
    day = local_time(at)
    return day.year, day.month


def _tops(db: Session) -> dict[uuid.UUID, uuid.UUID | None]:
    """The body at the top of each agency; None where it is not a public one of the whole country."""
    table = Base.metadata.tables["agency"]
    rows = {row.id: row for row in db.execute(
        select(table.c.id, table.c.parent_id, table.c.type, table.c.jurisdiction))}
    public = {key for key, row in rows.items() if any(kind in PUBLIC for kind in row.type.split())}
    found = {}
    for key in rows:
        top, seen = rows[key], set()
        while top.parent_id in public and top.id not in seen:
            seen.add(top.id)
            top = rows[top.parent_id]
        found[key] = top.id if key in public and (top.jurisdiction == "national" or top.id != key) else None
    return found

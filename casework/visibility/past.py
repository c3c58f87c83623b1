"""Who could see a record at an earlier moment: the conditions of today, asked of the rows of that moment.

The record, its case, assignments, emergency accesses, recusals, roles and whatever else the conditions look into are
taken back to what they were (`then.Past`) and laid into an empty database in memory. There the same statement as for
today (`reach.question`) says who reaches the record; "now" in it is moved to the moment asked about. So no rule is
written twice. What it rests on: the log of changes, the matrix in force today, and the code of today.
"""

import datetime as dt
import uuid
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import (
    Alias,
    Column,
    Connection,
    MetaData,
    Table,
    TableClause,
    Uuid,
    or_,
    select,
)
from sqlalchemy.orm import Session
from sqlalchemy.sql import visitors

from casework.authz.conditions import APART
from casework.authz.matrix import Matrix
from casework.authz.scope import unscoped
from casework.db.base import Base, now
from casework.db.engine import make_engine

from .reach import DAY, RECORD, Question, Reach, question, today
from .then import Past

# Where a row names what it is about; of tables not named here, all keys that are not of people or agencies.
ABOUT = {
    "case": ("id",), "evidence_item": ("id",), "access_grant": ("subject_id",), "break_glass": ("subject_id",),
    "recusal": ("case_id",), "referral": ("id",), "support_sending": ("id",),
}
STAFF = ("membership", "user_account", "agency")
# A task that ran over is raised to them wherever they are.
EVERYWHERE = ("AUD",)


@dataclass
class Then:
    """Who could see a record within some time, what they could do and why, and what the answer rests on.

    `people` are each with every term that held at any of the `moments`; `record` and `case` are as at the last of them,
    without what is sealed; `grants` and `glasses` the rows that were in
    force; `recused` who was kept out; `entries` the numbers of the entries that were taken back.
    """

    people: list[Reach]
    moments: list[dt.datetime]
    record: dict[str, Any] = field(default_factory=dict)
    case: dict[str, Any] | None = None
    grants: list[dict] = field(default_factory=list)
    glasses: list[dict] = field(default_factory=list)
    recused: set[uuid.UUID] = field(default_factory=set)
    entries: list[int] = field(default_factory=list)


def _table(element: Any) -> str | None:
    """The name of the table that an element of a statement is, also under another name."""
    table = element.element if isinstance(element, Alias) else element
    return table.name if isinstance(table, TableClause) and table.name in Base.metadata.tables else None


def tables_in(statement: Any) -> dict[str, Table]:
    """The tables that a statement looks into."""
    names = {_table(element) for element in visitors.iterate(statement)} - {None}
    return {name: Base.metadata.tables[name] for name in names}


def columns_in(statement: Any) -> dict[str, set[str]]:
    """Table -> the columns of it that a statement names."""
    found: dict[str, set[str]] = {}
    for element in visitors.iterate(statement):
        if element.__visit_name__ == "column" and (name := _table(element.table)):
            found.setdefault(name, set()).add(element.key)
    return found


def about(table: Table) -> tuple[str, ...]:
    """The columns by which rows of a table are found from what a record names."""
    if table.name in ABOUT:
        return ABOUT[table.name]
    named = (c for c in table.c if isinstance(c.type, Uuid) and not c.key.endswith("_by_id"))
    return tuple(c.key for c in named if not any(key.column.table.name in STAFF for key in c.foreign_keys))


def _rows(db: Session, table: Table, columns: tuple[str, ...], ids: set[uuid.UUID]) -> list[Any]:
    return list(db.execute(select(table).where(or_(*(table.c[name].in_(ids) for name in columns)))))


def who_could(
    db: Session, matrix: Matrix, model: Any, record_id: uuid.UUID, start: dt.datetime, end: dt.datetime | None = None
) -> Then | None:
    """Who could see a record at `start`, or at any moment from then until `end`. None when it was not there yet."""
    asked = question(model, matrix)
    if asked is None:
        return Then([], [])
    with unscoped(db, "rights of the past, for the auditor; no content leaves this module"):
        return _could(db, asked, model, record_id, start, end)


def _could(
    db: Session, asked: Question, model: Any, record_id: uuid.UUID, start: dt.datetime, end: dt.datetime | None
) -> Then | None:
    statement = select(asked.reached)
    pasts = _gather(db, model, record_id, start, tables_in(statement))
    moments = [start]
    if end is not None:
        named = columns_in(statement)
        moments += sorted(set().union(*(past.moments(end, named.get(name, set())) for name, past in pasts.items())))
    own, found = pasts[model.__tablename__], Then([], [])
    people: dict[uuid.UUID, Reach] = {}
    for moment in moments:
        if any(values["id"] == record_id for values in own.at(moment)):
            found.moments.append(moment)
            for one in _asked_at(db, asked, statement, pasts, record_id, moment):
                before = people.get(one.membership_id)
                terms = dict.fromkeys((*(before.terms if before else ()), *one.terms))
                people[one.membership_id] = replace(one, terms=tuple(terms))
    if not found.moments:
        return None
    found.people = sorted(people.values(), key=lambda one: one.membership_id)
    found.entries = sorted({seq for past in pasts.values() for seq in past.entries})
    found.record = next(values for values in own.at(found.moments[-1]) if values["id"] == record_id)
    case_id = record_id if own.table.name == "case" else found.record.get("case_id")
    cases = pasts["case"].at(found.moments[-1]) if "case" in pasts else []
    found.case = next((one for one in cases if one["id"] == case_id), None)
    _tell(found, pasts)
    return found


def _gather(
    db: Session, model: Any, record_id: uuid.UUID, since: dt.datetime, tables: dict[str, Table]
) -> dict[str, Past]:
    """The rows that the statement will look at, with their changes since."""
    own = Base.metadata.tables[model.__tablename__]
    pasts = {own.name: Past(db, own, _rows(db, own, ("id",), {record_id}), since)}
    ids = pasts[own.name].ids()
    under = APART if model.__scope__.hangs else ()
    # What a record hangs under comes first: its case is then one of those asked about.
    for name in sorted(tables, key=lambda name: name not in under):
        if name not in (*STAFF, own.name):
            pasts[name] = Past(db, tables[name], _rows(db, tables[name], about(tables[name]), ids), since)
            if name in under:
                ids = ids | pasts[name].ids()
    ids = set().union(*(past.ids() for past in pasts.values()))
    staff = Base.metadata.tables
    member, agency = staff["membership"], staff["agency"]
    held = db.execute(select(member).where(or_(
        member.c.agency_id.in_(ids), member.c.user_id.in_(ids), member.c.role.in_(EVERYWHERE))))
    pasts["membership"] = Past(db, member, held, since)
    offices = {values["agency_id"] for values in pasts["membership"].rows.values()}
    pasts["agency"] = Past(db, agency, _rows(db, agency, ("id",), offices), since)
    return pasts


def _asked_at(
    db: Session, asked: Question, statement: Any, pasts: dict[str, Past], record_id: uuid.UUID, moment: dt.datetime
) -> list[Reach]:
    """Who reached the record at one moment."""
    day = today(moment)
    engine = make_engine("sqlite://")
    try:
        with engine.begin() as memory:
            for past in pasts.values():
                _lay(memory, past.table, past.at(moment))
            users = {values["user_id"] for values in pasts["membership"].at(moment)}
            _lay(memory, Base.metadata.tables["user_account"], [{"id": key, "active": True} for key in users])
            rows = memory.execute(_moved(statement, moment), {RECORD: record_id, DAY: day}).all()
    finally:
        engine.dispose()
    found = [asked.reach(row) for row in rows]
    open_then = _open_accounts(db, {one.user_id for one in found}, moment)
    return [one for one in found if one.user_id in open_then]


def _lay(memory: Connection, table: Table, rows: list[dict]) -> None:
    """A table of the past, without its constraints: it holds only what is asked about."""
    bare = Table(table.name, MetaData(), *(Column(c.key, c.type) for c in table.c))
    bare.create(memory)
    if rows:
        memory.execute(bare.insert(), [{**dict.fromkeys(bare.c.keys()), **values} for values in rows])


def _moved(statement: Any, moment: dt.datetime) -> Any:
    """The statement with its clock set to `moment`."""
    back = now() - moment

    def move(bound: Any) -> None:
        if bound.callable is not None:
            bound.value, bound.callable = bound.callable() - back, None

    return visitors.cloned_traverse(statement, {}, {"bindparam": move})


def _open_accounts(db: Session, ids: set[uuid.UUID], moment: dt.datetime) -> set[uuid.UUID]:
    """Which of these accounts could be signed in to."""
    people, day = Base.metadata.tables["user_account"], today(moment)
    then = Past(db, people, _rows(db, people, ("id",), ids), moment).at(moment) if ids else []
    return {one["id"] for one in then if one["active"] and not (one["expires_on"] and one["expires_on"] < day)}


def _tell(found: Then, pasts: dict[str, Past]) -> None:
    """The assignments, emergency accesses and recusals that were in force at any of the moments."""
    def in_force(name: str, moment: dt.datetime) -> list[dict]:
        rows = pasts[name].at(moment) if name in pasts else []
        return [one for one in rows if one["ended_at"] is None
                and (one.get("until") is None or one["until"] > moment)]

    kept: dict[str, dict[uuid.UUID, dict]] = {name: {} for name in ("access_grant", "break_glass", "recusal")}
    for moment in found.moments:
        for name, rows in kept.items():
            rows.update({one["id"]: one for one in in_force(name, moment)})
    found.grants, found.glasses = list(kept["access_grant"].values()), list(kept["break_glass"].values())
    found.recused = {one["user_id"] for one in kept["recusal"].values()}

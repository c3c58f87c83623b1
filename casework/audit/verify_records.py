"""Compares every record with what the log says of it: who changed a row behind the log's back is found here.

The log, played from a record's first entry to its last, gives the record as it stands. Tables are walked in blocks of
records, so that memory does not grow with them.
"""

import json
import uuid
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, Select, select
from sqlalchemy.orm import Mapper

from casework.db.base import Base

from .capture import NOT_LOGGED, json_value, unsaid
from .models import Audited, AuditEntry
from .verify_log import Bad

BLOCK = 500
MADE = 2_000  # entries of new records looked at together


def mappers() -> list[Mapper]:
    """What is under the log, in the order of the tables' names."""
    found = [m for m in Base.registry.mappers if issubclass(m.class_, Audited)]
    return sorted(found, key=lambda mapper: mapper.local_table.name)


def compare(connection: Connection) -> int:
    """Compare all records; how many. Raises Bad at the first that is not what the log says."""
    count = sum(_compare_table(connection, mapper) for mapper in mappers())
    _nothing_gone(connection)
    return count


def compare_these(connection: Connection, model: type[Base], ids: list[uuid.UUID]) -> None:
    """The same for some records of one model, a block at most. Raises Bad."""
    mapper = model.__mapper__
    query = _rows(mapper).where(mapper.local_table.c.id.in_(ids))
    _compare_block(connection, mapper, [dict(row) for row in connection.execute(query).mappings()])


def _compare_table(connection: Connection, mapper: Mapper) -> int:
    count = 0
    for block in _blocks(connection, mapper):
        _compare_block(connection, mapper, block)
        count += len(block)
    return count


def _compare_block(connection: Connection, mapper: Mapper, block: list[dict[str, Any]]) -> None:
    said = _played(connection, mapper.local_table.name, [row["id"] for row in block])
    for row in block:
        _compare_one(mapper, row, said.pop(row["id"], None))


def _rows(mapper: Mapper) -> Select:
    """The rows of a table by attribute, in the order of their ids."""
    columns = [attribute.columns[0].label(attribute.key) for attribute in mapper.column_attrs]
    return select(*columns).order_by(mapper.local_table.c.id)


def _blocks(connection: Connection, mapper: Mapper) -> Iterator[list[dict[str, Any]]]:
    """The rows of a table by attribute, a block at a time."""
    last = None
    while True:
        query = _rows(mapper).limit(BLOCK)
        if last is not None:
            query = query.where(mapper.local_table.c.id > last)
        rows = [dict(row) for row in connection.execute(query).mappings()]
        if not rows:
            return
        yield rows
        last = rows[-1]["id"]


def _played(connection: Connection, name: str, ids: list[uuid.UUID]) -> dict[uuid.UUID, dict[str, Any]]:
    """What the log says each of these records is, by its id."""
    table = AuditEntry.__table__
    query = (
        select(table.c.record_id, table.c.body)
        .where(table.c.record_id.in_(ids), table.c.record_type == name).order_by(table.c.record_id, table.c.seq)
    )
    said: dict[uuid.UUID, dict[str, Any]] = {}
    for record_id, body in connection.execute(query):
        fields = json.loads(body).get("fields")
        if isinstance(fields, dict):
            said.setdefault(record_id, {}).update({key: new for key, (_old, new) in fields.items()})
    return said


def _compare_one(mapper: Mapper, row: dict[str, Any], said: dict[str, Any] | None) -> None:
    name = f"{mapper.local_table.name} {row.get('ref') or row['id']}"
    if said is None:
        raise Bad(f"{name}: the log does not know of it")
    for attribute in mapper.column_attrs:
        column = attribute.columns[0]
        if attribute.key in NOT_LOGGED or unsaid(column):
            continue
        # What a new record was not given is its column's own default, which the log leaves out.
        default = column.default.arg if column.default is not None and column.default.is_scalar else None
        if json_value(row[attribute.key]) != json_value(said.get(attribute.key, default)):
            raise Bad(f"{name}: its field {attribute.key} is not what the log says")


def _nothing_gone(connection: Connection) -> None:
    """Each record that the log saw made is there, unless the log saw it deleted. One walk over the log."""
    table, last = AuditEntry.__table__, 0
    names = [mapper.local_table.name for mapper in mappers()]
    while True:
        query = (
            select(table.c.seq, table.c.record_type, table.c.record_id)
            .where(table.c.seq > last, table.c.record_type.in_(names), table.c.body.like('%"change":"create"%'))
            .order_by(table.c.seq).limit(MADE)
        )
        rows = connection.execute(query).all()
        if not rows:
            return
        last = rows[-1].seq
        made: dict[str, dict[uuid.UUID, int]] = {}
        for row in rows:
            made.setdefault(row.record_type, {})[row.record_id] = row.seq
        for name, ids in made.items():
            _still_there(connection, name, ids)


def _still_there(connection: Connection, name: str, made: dict[uuid.UUID, int]) -> None:
    table, entries = Base.metadata.tables[name], AuditEntry.__table__
    there = set(connection.execute(select(table.c.id).where(table.c.id.in_(made))).scalars())
    gone = [record_id for record_id in made if record_id not in there]
    if not gone:
        return
    query = select(entries.c.record_id).where(
        entries.c.record_id.in_(gone), entries.c.body.like('%"change":"delete"%'))
    deleted = set(connection.execute(query).scalars())
    for record_id in gone:
        if record_id not in deleted:
            raise Bad(f"{name} {record_id}: entry {made[record_id]} made it, and it is not there", made[record_id])

"""Names of agencies and users for a page, with one query each however many are shown."""

import uuid
from collections.abc import Iterable
from functools import lru_cache

from sqlalchemy import CompoundSelect, bindparam, literal, select, union_all

from casework.db.base import Base


def agency_names(request, ids: Iterable[uuid.UUID | None]) -> dict[uuid.UUID, str]:
    """Agency names in the language of the request."""
    table = Base.metadata.tables["agency"]
    wanted = {i for i in ids if i is not None}
    if not wanted:
        return {}
    column = table.c.name_km if request.locale_name == "km" else table.c.name_en
    rows = request.db.connection().execute(select(table.c.id, column, table.c.name_en).where(table.c.id.in_(wanted)))
    return {row[0]: row[1] or row[2] for row in rows}


def user_names(request, ids: Iterable[uuid.UUID | None]) -> dict[uuid.UUID, str]:
    """Display names of users."""
    table = Base.metadata.tables["user_account"]
    wanted = {i for i in ids if i is not None}
    if not wanted:
        return {}
    rows = request.db.connection().execute(select(table.c.id, table.c.name).where(table.c.id.in_(wanted)))
    return dict(tuple(row) for row in rows)


def names_beside(request, wanted: dict[str, set[uuid.UUID]]) -> dict[str, dict[uuid.UUID, str]]:
    """Names of agencies and users together: table -> id -> name, with one query for both."""
    found: dict[str, dict[uuid.UUID, str]] = {"agency": {}, "user_account": {}}
    asked = {table: list(ids) for table, ids in wanted.items() if ids}
    if asked:
        query = _query_beside(tuple(table for table in found if table in asked), request.locale_name == "km")
        for table, key, name, other in request.db.connection().execute(query, asked):
            found[table][key] = name or other
    return found


@lru_cache
def _query_beside(tables: tuple[str, ...], km: bool) -> CompoundSelect:
    """The query of `names_beside`: making it takes longer than running it."""
    agency, user = Base.metadata.tables["agency"], Base.metadata.tables["user_account"]
    names = {"agency": (agency, agency.c.name_km, agency.c.name_en),
             "user_account": (user, user.c.name_km, user.c.name)}
    return union_all(*(
        select(literal(table.name), table.c.id, native if km else other, other)
        .where(table.c.id.in_(bindparam(table.name, expanding=True)))
        for table, native, other in (names[one] for one in tables)
    ))


def case_refs(request, ids: Iterable[uuid.UUID | None]) -> dict[uuid.UUID, str]:
    """References of the cases that this person may see, among `ids`."""
    model = request.registry["record_types"]["case"].model
    wanted = {i for i in ids if i is not None}
    if not wanted:
        return {}
    return dict(tuple(row) for row in request.db.execute(select(model.id, model.ref).where(model.id.in_(wanted))))

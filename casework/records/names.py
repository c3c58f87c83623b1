"""Names of agencies and users for a page, with one query each however many are shown."""

import uuid
from collections.abc import Iterable

from sqlalchemy import select

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


def case_refs(request, ids: Iterable[uuid.UUID | None]) -> dict[uuid.UUID, str]:
    """References of the cases that this person may see, among `ids`."""
    model = request.registry["record_types"]["case"].model
    wanted = {i for i in ids if i is not None}
    if not wanted:
        return {}
    return dict(tuple(row) for row in request.db.execute(select(model.id, model.ref).where(model.id.in_(wanted))))

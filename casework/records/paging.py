"""Lists: filters in the URL, paging by key, newest first, a fixed number of queries."""

import uuid
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import ColumnElement, Select, select, true, union_all

from casework.authz.identity import Identity
from casework.authz.scope import visible

PAGE = 25


@dataclass(frozen=True)
class Page:
    """One page of a list and the addresses of its neighbours."""

    rows: list[Any]
    prev: str | None
    next: str | None


def _key(text: str | None) -> uuid.UUID | None:
    try:
        return uuid.UUID(text) if text else None
    except ValueError:
        return None


def page_of(request, query: Select, model: type, among: Select | None = None) -> Page:
    """The page of `query` that the address asks for (`after` or `before` a key). `among` are the ids to start from,
    where that is fewer than all: see `in_order`."""
    after, before = _key(request.GET.get("after")), _key(request.GET.get("before"))
    if before is not None:
        query = in_order(query.where(model.id > before), model, among, newest=False)
        rows = list(request.db.scalars(query.limit(PAGE + 1)))
        more = len(rows) > PAGE
        rows = list(reversed(rows[:PAGE]))
        return Page(rows, _address(request, before=rows[0].id) if more and rows else None,
                    _address(request, after=rows[-1].id) if rows else None)
    if after is not None:
        query = query.where(model.id < after)
    rows = list(request.db.scalars(in_order(query, model, among).limit(PAGE + 1)))
    more = len(rows) > PAGE
    rows = rows[:PAGE]
    return Page(rows, _address(request, before=rows[0].id) if after is not None and rows else None,
                _address(request, after=rows[-1].id) if more else None)


def in_order(query: Select, model: type, among: Select | None, *, newest: bool = True) -> Select:
    """`query` by age, starting from the ids of `among`.

    These are put in order before the rows are looked up, so that a page asks of its own rows only who sees them, not of
    all that somebody is assigned to: behind row security each asking is a call of a function.
    """
    if among is not None:
        one = among.subquery().c[0]
        ordered = select(one).distinct().order_by(one.desc() if newest else one.asc()).subquery()
        query = query.join(ordered, ordered.c[0] == model.id)
    return query.order_by(model.id.desc() if newest else model.id.asc())


def soonest(
    identity: Identity, model: type, column: Any, *ways: ColumnElement, limit: int, before: tuple = ()
) -> Select:
    """A query, to be `kept`: the first `limit` rows by a date among those that this person may see and that meet one
    of several conditions, those without a date last. `before` is what they are ordered by before that.

    Each way is cut by itself, so that it walks its own index however many rows there are: it should name one value for
    each column that stands before the date in the index, not a list of values.
    """
    seen = visible(model, identity)
    halves = (column.is_not(None), column.is_(None)) if column.nullable else (true(),)
    cuts = [
        select(model.id).where(way, half, seen).order_by(column, model.id).limit(limit).subquery()
        for way in ways for half in halves
    ]
    ids = union_all(*(select(cut.c.id) for cut in cuts))
    order = (*before, column.is_(None), column, model.id) if column.nullable else (*before, column, model.id)
    return select(model).where(model.id.in_(ids)).order_by(*order).limit(limit)


def _address(request, **where: uuid.UUID) -> str:
    kept = [(k, v) for k, v in request.GET.items() if k not in ("after", "before")]
    return request.path + "?" + urlencode(kept + [(k, str(v)) for k, v in where.items()])

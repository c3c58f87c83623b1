"""Lists: filters in the URL, paging by key, newest first, a fixed number of queries."""

import uuid
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import Select

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


def page_of(request, query: Select, model: type) -> Page:
    """The page of `query` that the address asks for (`after` or `before` a key)."""
    after, before = _key(request.GET.get("after")), _key(request.GET.get("before"))
    if before is not None:
        rows = list(request.db.scalars(query.where(model.id > before).order_by(model.id.asc()).limit(PAGE + 1)))
        more = len(rows) > PAGE
        rows = list(reversed(rows[:PAGE]))
        return Page(rows, _address(request, before=rows[0].id) if more and rows else None,
                    _address(request, after=rows[-1].id) if rows else None)
    if after is not None:
        query = query.where(model.id < after)
    rows = list(request.db.scalars(query.order_by(model.id.desc()).limit(PAGE + 1)))
    more = len(rows) > PAGE
    rows = rows[:PAGE]
    return Page(rows, _address(request, before=rows[0].id) if after is not None and rows else None,
                _address(request, after=rows[-1].id) if more else None)


def _address(request, **where: uuid.UUID) -> str:
    kept = [(k, v) for k, v in request.GET.items() if k not in ("after", "before")]
    return request.path + "?" + urlencode(kept + [(k, str(v)) for k, v in where.items()])

"""Levels on one record: what a person may do with it, and by which term of the matrix."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, not_, select
from sqlalchemy.orm import Session

from casework.crypto.sealed import sealed_fields

from .conditions import recused
from .identity import Identity
from .scope import Bare, current_matrix, scoped_by_hand, terms, unscoped, visible


@dataclass(frozen=True)
class Access:
    """Levels and, for each, the term that gave it (for the log and for "why can I see this?")."""

    rules: dict[str, str] = field(default_factory=dict)

    def __contains__(self, level: str) -> bool:
        return level in self.rules

    def rule(self, level: str) -> str:
        return self.rules[level]


NOTHING = Access()
KEPT = 512  # queries, each of one person and one kind of page


def access_to(
    session: Session, identity: Identity, model: type, ids: Sequence[uuid.UUID], row: str | None = None
) -> dict[uuid.UUID, Access]:
    """The access of `identity` to records of `model` by id, with one query.

    `row` asks about another matrix row with these records' facts.
    """
    ways = terms(model, identity, row)
    if not ways or not ids:
        return {}
    query = _levels(model, row, identity.key, current_matrix().sha256, Bare(identity))
    with unscoped(session, "asks which terms hold, shows nothing"), session.no_autoflush:
        return {found[0]: _granted(identity, ways, found[1:]) for found in session.execute(query, {"ids": list(ids)})}


@lru_cache(maxsize=KEPT)
def _levels(model: type, row: str | None, key: tuple, matrix: str, bare: Bare) -> Select:
    """The query of `access_to`, kept for who asks again, like the conditions in it: making it, and finding its compiled
    form, take longer than running it."""
    columns = _labelled(0, terms(model, bare.identity, row))
    ids = model.id.in_(bindparam("ids", expanding=True))
    return select(model.id, *columns).where(ids, not_(recused(model, bare.identity)))


def _labelled(place: int, ways: Sequence[tuple]) -> list[ColumnElement]:
    return [sql.label(f"t{place}_{number}") for number, (_, _, sql) in enumerate(ways)]


def _granted(identity: Identity, terms: Sequence[tuple], holds: Sequence[Any]) -> Access:
    """The access that the terms which hold give."""
    rules: dict[str, str] = {}
    for (key, term, _), held in zip(terms, holds, strict=True):
        if held:
            for level in term.levels:
                rules.setdefault(level, f"{key} {identity.role} {term}")
    return Access(rules)


@dataclass(frozen=True)
class Wanted:
    """A record to be fetched: of `model`. `link` is the column that holds the id of the one wanted before it, None for
    the first. `rows` are further matrix rows that will be asked about with its facts."""

    model: type
    link: str | None = None
    rows: tuple[str, ...] = ()

    @property
    def all_rows(self) -> list[str | None]:
        """Its own row, those of single fields, and the further ones."""
        return [None, *sorted({*getattr(self.model, "__field_rows__", {}).values(), *self.rows})]


def fetch(session: Session, identity: Identity, wanted: Mapping[Wanted, str]) -> tuple[Any, ...] | None:
    """The records with these references, each under the one before and as the scope lets it be seen, or None where one
    is missing. One query: the access to each comes with it and is remembered."""
    query = _fetching(tuple(wanted), identity.key, current_matrix().sha256, Bare(identity))
    with scoped_by_hand(session, "the query says itself who sees each record"):
        refs = {f"ref{place}": ref for place, ref in enumerate(wanted.values())}
        result = session.execute(query, refs).one_or_none()
    if result is None:
        return None
    records, holds = result[: len(wanted)], result[len(wanted):]
    cache = session.info.setdefault("access", {})
    for record, one in zip(records, wanted, strict=True):
        for row in one.all_rows:
            ways = terms(one.model, identity, row)
            cache[identity.key, type(record), record.id, row] = _granted(identity, ways, holds[: len(ways)])
            holds = holds[len(ways):]
    return tuple(records)


@lru_cache(maxsize=KEPT)
def _fetching(wanted: tuple[Wanted, ...], key: tuple, matrix: str, bare: Bare) -> Select:
    """The query of `fetch`, kept for who asks again."""
    identity = bare.identity
    asked = [terms(one.model, identity, row) for one in wanted for row in one.all_rows]
    query = select(*(one.model for one in wanted), *(c for n, ways in enumerate(asked) for c in _labelled(n, ways)))
    above = None
    for place, one in enumerate(wanted):
        query = query.where(one.model.ref == bindparam(f"ref{place}"), visible(one.model, identity))
        if above is not None:
            query = query.where(getattr(one.model, one.link) == above.id)
        above = one.model
    return query


def access_to_one(session: Session, identity: Identity, record: Any, row: str | None = None) -> Access:
    """The access to one record; remembered in the session, since a page asks many times."""
    cache = session.info.setdefault("access", {})
    key = (identity.key, type(record), record.id, row)
    if key not in cache:
        cache[key] = access_to(session, identity, type(record), [record.id], row).get(record.id, NOTHING)
    return cache[key]


def forget_access(session: Session) -> None:
    """After a grant or a stage changed in this transaction."""
    session.info.pop("access", None)


@lru_cache
def _columns(model: type) -> tuple[frozenset[str], frozenset[str]]:
    """The plain columns of a model, and those of them that level M shows."""
    columns = {attribute.key: attribute.columns[0] for attribute in model.__mapper__.column_attrs}
    return frozenset(columns), frozenset(name for name, column in columns.items() if column.info.get("meta"))


class Shown:
    """A record as one person may see it: hidden fields are None, whatever the template asks for.

    A model's `__field_rows__` names fields with a matrix row of their own; `rows` is the access on those rows, and
    without it they are hidden.
    """

    def __init__(self, record: Any, access: Access, rows: Mapping[str, Access] = MappingProxyType({})):
        self._record, self._access, self._rows = record, access, rows
        self._own_rows: dict[str, str] = getattr(type(record), "__field_rows__", {})
        self._plain, self._meta = _columns(type(record))
        self._sealed = sealed_fields(type(record))

    def may(self, level: str) -> bool:
        return level in self._access

    def shows(self, name: str) -> bool:
        """Whether this person may see the field."""
        if name in self._own_rows:
            return "R" in self._rows.get(self._own_rows[name], NOTHING)
        if name in self._sealed:
            return "R" in self._access or (self._sealed[name].meta and "M" in self._access)
        return "R" in self._access or (name in self._meta and "M" in self._access)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        if name in self._plain or name in self._sealed:
            return getattr(self._record, name) if self.shows(name) else None
        if not hasattr(type(self._record), name):
            raise AttributeError(name)
        # A computed property may rest on hidden fields: it is computed only for those who read the record.
        return getattr(self._record, name) if "R" in self._access else None


def shown(session: Session, identity: Identity, record: Any) -> Shown:
    """The record as `identity` may see it."""
    rows = set(getattr(type(record), "__field_rows__", {}).values())
    return Shown(
        record, access_to_one(session, identity, record),
        {row: access_to_one(session, identity, record, row) for row in rows},
    )

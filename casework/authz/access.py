"""Levels on one record: what a person may do with it, and by which term of the matrix."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from sqlalchemy import and_, not_, select
from sqlalchemy.orm import Session

from casework.crypto.sealed import sealed_fields

from .conditions import recused
from .identity import Identity
from .scope import terms, unscoped


@dataclass(frozen=True)
class Access:
    """Levels and, for each, the term that gave it (for the log and for "why can I see this?")."""

    rules: dict[str, str] = field(default_factory=dict)

    def __contains__(self, level: str) -> bool:
        return level in self.rules

    def rule(self, level: str) -> str:
        return self.rules[level]


NOTHING = Access()


def access_to(
    session: Session, identity: Identity, model: type, ids: Sequence[uuid.UUID], row: str | None = None
) -> dict[uuid.UUID, Access]:
    """The access of `identity` to records of `model` by id, with one query.

    `row` asks about another matrix row with these records' facts.
    """
    ways = terms(model, identity, row)
    if not ways or not ids:
        return {}
    columns = [sql.label(f"t{n}") for n, (_, _, sql) in enumerate(ways)]
    query = select(model.id, *columns).where(and_(model.id.in_(ids), not_(recused(model, identity))))
    with unscoped(session, "asks which terms hold, shows nothing"), session.no_autoflush:
        return {result[0]: _granted(identity, ways, result[1:]) for result in session.execute(query)}


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
    """A record to be fetched: of `model`, meeting `conditions`. `rows` are further matrix rows that will be asked
    about with its facts."""

    model: type
    conditions: tuple[Any, ...]
    rows: tuple[str, ...] = ()

    @property
    def all_rows(self) -> list[str | None]:
        """Its own row, those of single fields, and the further ones."""
        return [None, *sorted({*getattr(self.model, "__field_rows__", {}).values(), *self.rows})]


def fetch(session: Session, identity: Identity, *wanted: Wanted) -> tuple[Any, ...] | None:
    """The records wanted, each as the scope lets it be seen, or None where one is missing. One query: the access to
    each comes with it and is remembered."""
    asked = [(place, row, terms(one.model, identity, row)) for place, one in enumerate(wanted) for row in one.all_rows]
    columns = [sql.label(f"t{n}_{m}") for n, (_, _, ways) in enumerate(asked) for m, (_, _, sql) in enumerate(ways)]
    query = select(*(one.model for one in wanted), *columns).where(*(c for one in wanted for c in one.conditions))
    result = session.execute(query).one_or_none()
    if result is None:
        return None
    records, holds = result[: len(wanted)], result[len(wanted):]
    cache = session.info.setdefault("access", {})
    for place, row, ways in asked:
        record = records[place]
        cache[identity.key, type(record), record.id, row] = _granted(identity, ways, holds[: len(ways)])
        holds = holds[len(ways):]
    return tuple(records)


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


class Shown:
    """A record as one person may see it: hidden fields are None, whatever the template asks for.

    A model's `__field_rows__` names fields with a matrix row of their own; `rows` is the access on those rows, and
    without it they are hidden.
    """

    def __init__(self, record: Any, access: Access, rows: Mapping[str, Access] = MappingProxyType({})):
        self._record, self._access, self._rows = record, access, rows
        self._own_rows: dict[str, str] = getattr(type(record), "__field_rows__", {})
        mapper_columns = {a.key: a.columns[0] for a in record.__mapper__.column_attrs}
        self._meta = {name for name, column in mapper_columns.items() if column.info.get("meta")}
        self._plain = set(mapper_columns)
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

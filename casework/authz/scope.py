"""Row scope: every ORM select of a scoped model is narrowed to what the session's identity may see.

A session without identity raises. Platform code that must see all rows says so with `unscoped`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, and_, event, false, not_, or_
from sqlalchemy.orm import Mapper, Session, with_loader_criteria
from sqlalchemy.sql import visitors

from casework.db.base import Base

from .conditions import Scope, recused, terms_of
from .identity import Identity
from .matrix import Matrix, Term


class Scoped:
    """Mixin of models whose rows not everybody sees. Declares `__scope__`."""

    __scope__: Scope


class ScopeMissing(PermissionError):
    """A scoped model was selected by a session that does not say for whom."""


KEPT = 2048  # conditions, each of one person and one model, of those who asked last
_matrix: list[Matrix] = []


def use_matrix(matrix: Matrix) -> None:
    """The matrix that scopes select by, set once at start."""
    _matrix[:] = [matrix]
    for cached in (_terms, _visible, _readable, _criteria):
        cached.cache_clear()


def current_matrix() -> Matrix:
    """The matrix in force. Raises RuntimeError before start."""
    if not _matrix:
        raise RuntimeError("no matrix was loaded")
    return _matrix[0]


@contextmanager
def unscoped(session: Session, why: str) -> Iterator[None]:
    """Selects in this block see all rows. `why` is for the reader of the code and for `grep`."""
    if not why:
        raise ValueError("say why")
    depth = session.info.get("unscoped", 0)
    session.info["unscoped"] = depth + 1
    try:
        yield
    finally:
        session.info["unscoped"] = depth


def visible(model: Any, identity: Identity) -> ColumnElement:
    """The SQL of "this person may see at least the metadata of this row"."""
    return _visible(model, identity.key, _Bare(identity))


class _Bare:
    """Carries an identity into the cache without being part of its key."""

    def __init__(self, identity: Identity):
        self.identity = identity

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Bare)

    def __hash__(self) -> int:
        return 0


def terms(model: Any, identity: Identity, row: str | None = None) -> list[tuple[str, Term, ColumnElement]]:
    """`conditions.terms_of` under the matrix in force, kept for who asks again."""
    return _terms(model, identity.key, row, _Bare(identity))


@lru_cache(maxsize=KEPT)
def _terms(model: Any, key: tuple, row: str | None, bare: _Bare) -> list[tuple[str, Term, ColumnElement]]:
    return terms_of(model, bare.identity, current_matrix(), row)


@lru_cache(maxsize=KEPT)
def _visible(model: Any, key: tuple, bare: _Bare) -> ColumnElement:
    return _with_level("M", model, bare.identity)


def readable(model: Any, identity: Identity) -> ColumnElement:
    """The SQL of "this person may read this row", for matching text that level M does not show."""
    return _readable(model, identity.key, _Bare(identity))


@lru_cache(maxsize=KEPT)
def _readable(model: Any, key: tuple, bare: _Bare) -> ColumnElement:
    return _with_level("R", model, bare.identity)


def _with_level(level: str, model: Any, identity: Identity) -> ColumnElement:
    ways = [sql for _, term, sql in terms(model, identity) if level in term.levels]
    return and_(or_(*ways), not_(recused(model, identity))) if ways else false()


@lru_cache(maxsize=KEPT)
def _criteria(model: Any, key: tuple, bare: _Bare):
    return with_loader_criteria(model, _visible(model, key, bare), include_aliases=True)


@lru_cache(maxsize=1)
def _scoped_tables() -> dict[Any, type]:
    return {m.local_table: m.class_ for m in Base.registry.mappers if issubclass(m.class_, Scoped)}


def _models_in(statement) -> set[type]:
    tables, found = _scoped_tables(), set()
    for element in visitors.iterate(statement):
        model = tables.get(element) if element.__visit_name__ == "table" else None
        if model is None:
            mapper: Mapper | None = getattr(element, "_annotations", {}).get("parententity")
            model = getattr(mapper, "class_", None)
            if model is not None and not (isinstance(model, type) and issubclass(model, Scoped)):
                model = None
        if model is not None:
            found.add(model)
    return found


@event.listens_for(Session, "do_orm_execute")
def _scope(state) -> None:
    if not state.is_select or state.is_column_load or state.session.info.get("unscoped"):
        return
    models = _models_in(state.statement)
    if not models:
        return
    identity = state.session.info.get("identity")
    if identity is None:
        names = ", ".join(sorted(model.__name__ for model in models))
        raise ScopeMissing(f"select of {names} without identity")
    bare = _Bare(identity)
    state.statement = state.statement.options(*(_criteria(model, identity.key, bare) for model in models))

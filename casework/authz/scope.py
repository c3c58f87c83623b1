"""Row scope: every ORM select of a scoped model is narrowed to what the session's identity may see.

A session without identity raises. Platform code that must see all rows says so with `unscoped`.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Result,
    Select,
    SelectBase,
    and_,
    event,
    false,
    not_,
    or_,
    select,
    union_all,
)
from sqlalchemy.orm import Mapper, Session, with_loader_criteria
from sqlalchemy.sql import visitors

from casework.db.asking import UNSCOPED
from casework.db.base import Base

from .conditions import Scope, assignable, granted_subjects, opened_subjects, recused, terms_of
from .identity import Identity
from .matrix import Matrix, Term


class Scoped:
    """Mixin of models whose rows not everybody sees. Declares `__scope__`."""

    __scope__: Scope


class ScopeMissing(PermissionError):
    """A scoped model was selected by a session that does not say for whom."""


KEPT_QUERIES = 128  # of one kind, each of one person
KEPT = 2048  # conditions, each of one person and one model, of those who asked last
_matrix: list[Matrix] = []


def use_matrix(matrix: Matrix) -> None:
    """The matrix that scopes select by, set once at start."""
    _matrix[:] = [matrix]
    for cached in (_terms, _visible, _readable, _criteria, _among):
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


@contextmanager
def scoped_by_hand(session: Session, why: str) -> Iterator[None]:
    """Selects in this block say themselves what the person may see, faster than the row scope could. Unlike `unscoped`
    this lifts nothing in the database: where it has row security, that still holds."""
    if not why:
        raise ValueError("say why")
    depth = session.info.get("by_hand", 0)
    session.info["by_hand"] = depth + 1
    try:
        yield
    finally:
        session.info["by_hand"] = depth


def visible(model: Any, identity: Identity) -> ColumnElement:
    """The SQL of "this person may see at least the metadata of this row"."""
    return _visible(model, identity.key, Bare(identity))


class Bare:
    """Carries an identity into the cache without being part of its key."""

    def __init__(self, identity: Identity):
        self.identity = identity

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Bare)

    def __hash__(self) -> int:
        return 0


def terms(model: Any, identity: Identity, row: str | None = None) -> list[tuple[str, Term, ColumnElement]]:
    """`conditions.terms_of` under the matrix in force, kept for who asks again."""
    return _terms(model, identity.key, row, Bare(identity))


@lru_cache(maxsize=KEPT)
def _terms(model: Any, key: tuple, row: str | None, bare: Bare) -> list[tuple[str, Term, ColumnElement]]:
    return terms_of(model, bare.identity, current_matrix(), row)


@lru_cache(maxsize=KEPT)
def _visible(model: Any, key: tuple, bare: Bare) -> ColumnElement:
    return _with_level("M", model, bare.identity)


def readable(model: Any, identity: Identity) -> ColumnElement:
    """The SQL of "this person may read this row", for matching text that level M does not show."""
    return _readable(model, identity.key, Bare(identity))


@lru_cache(maxsize=KEPT)
def _readable(model: Any, key: tuple, bare: Bare) -> ColumnElement:
    return _with_level("R", model, bare.identity)


def _with_level(level: str, model: Any, identity: Identity) -> ColumnElement:
    # A cell may give two levels on the same conditions: "R g; W g".
    ways = {(row, term.conditions): sql for row, term, sql in terms(model, identity) if level in term.levels}
    return and_(or_(*ways.values()), not_(recused(model, identity))) if ways else false()


def among(model: Any, identity: Identity) -> Select | None:
    """For who sees only what they are assigned to, or opened by break-glass: the ids of all of it, some more than
    once, for a list of everything to start from.

    It follows from the row scope, which looks up each row. None for who sees rows by another rule too.
    """
    return _among(model, identity.key, Bare(identity))


@lru_cache(maxsize=KEPT)
def _among(model: Any, key: tuple, bare: Bare) -> Select | None:
    identity = bare.identity
    if {"a", "x"} & model.__scope__.words.keys():  # it says by itself what is assigned
        return None
    columns: dict[tuple[str, Any], Select] = {}
    table = model.__table__.alias()
    for row, term, _sql in terms(model, identity):
        if "a" in term.conditions:
            names, subjects = assignable(model, identity, row), granted_subjects
        elif "x" in term.conditions:
            names, subjects = model.__scope__.subjects, opened_subjects
        else:
            return None
        columns.update({(name, subjects): subjects(identity) for name in names})
    # Each by itself: a planner can start from one list, not from one of several.
    parts = [listed if name == "id" else select(table.c.id).where(table.c[name].in_(listed))
             for (name, _subjects), listed in columns.items()]
    if not parts:
        return None
    ids = union_all(*parts).subquery().c
    return select(ids[0].label("id"))


@lru_cache(maxsize=KEPT)
def _criteria(model: Any, key: tuple, bare: Bare):
    return with_loader_criteria(model, _visible(model, key, bare), include_aliases=True)


def narrowed(query: Select, identity: Identity) -> Select:
    """`query` as the row scope lets this person see it, for a query that is kept."""
    bare = Bare(identity)
    return query.options(*(_criteria(model, identity.key, bare) for model in _models_in(query)))


def kept(make: Callable[[Identity], SelectBase]) -> Callable[..., Result]:
    """A query that depends on nothing but who asks: made once for a person, by `make(identity)`, and run with
    `(session, **values)`. Making it, and finding its compiled form, take longer than running it.

    It must say itself what the person may see: by `narrowed`, or by `visible` in its parts. A moment in it is a value
    that is given when it runs, or `conditions.moment`.
    """

    @lru_cache(maxsize=KEPT_QUERIES)
    def made(key: tuple, matrix: str, bare: Bare) -> SelectBase:
        return make(bare.identity)

    def run(session: Session, **values: Any) -> Result:
        identity = session.info.get("identity")
        if identity is None:
            raise ScopeMissing(f"{make.__name__} without identity")
        with scoped_by_hand(session, "a kept query says itself who sees what"):
            return session.execute(made(identity.key, current_matrix().sha256, Bare(identity)), values)

    return run


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
    if state.is_column_load:
        # More of a record that the session has already, however it came by it.
        state.update_execution_options(**{UNSCOPED: True})
    info = state.session.info
    if not state.is_select or state.is_column_load or info.get("unscoped") or info.get("by_hand"):
        return
    models = _models_in(state.statement)
    if not models:
        return
    identity = info.get("identity")
    if identity is None:
        names = ", ".join(sorted(model.__name__ for model in models))
        raise ScopeMissing(f"select of {names} without identity")
    bare = Bare(identity)
    state.statement = state.statement.options(*(_criteria(model, identity.key, bare) for model in models))

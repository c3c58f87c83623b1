"""The condition words of the matrix, each written once, as SQL over the record in question.

A model says in `__scope__ = Scope(...)` how the words find their facts on it. The row scope of a select, the levels
on one record and the tests all use these same expressions.
"""

import datetime as dt
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from sqlalchemy import Alias, ColumnElement, and_, bindparam, exists, false, or_, select, true

from casework.db.base import Base, now
from casework.db.types import UtcDateTime

from .identity import Identity
from .matrix import Term

# Which agency column of the case means "own agency" for a role: each discipline has its part in a case.
CASE_AGENCY = {
    "HOT": "referral_agency_id", "PRO": "prosecution_agency_id", "CLK": "court_agency_id",
    "SW": "support_agency_id", "SWS": "support_agency_id",
}
LEAD = "lead_agency_id"


@dataclass(frozen=True)
class RowBy:
    """The matrix row depends on a column: a person's row on the role the person has in the case."""

    column: str
    rows: dict[str, str]


@dataclass(frozen=True)
class Scope:
    """How the conditions find their facts on a model.

    row        the key of the matrix row, or RowBy.
    subjects   columns whose value may be assigned (`a`) or opened by break-glass (`x`).
    narrow     (row, role) -> subjects, where assignment to the case is not enough.
    case       the column with the case id; "id" on Case itself; None where there is no case.
    agency     columns that make the record "of own agency", besides the case's.
    words      condition word -> function (model, identity) -> SQL, for words that only this model knows.
    """

    row: str | RowBy
    subjects: tuple[str, ...] = ("id",)
    narrow: dict[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)
    case: str | None = "case_id"
    agency: tuple[str, ...] = ("agency_id",)
    words: dict[str, Callable[[Any, Identity], ColumnElement]] = field(default_factory=dict)


def _moment(name: str, **ago: float):
    return bindparam(name, callable_=lambda: now() - dt.timedelta(**ago), type_=UtcDateTime(), unique=True)


@lru_cache
def other(table: str) -> Alias:
    """A table under another name, for a condition that looks into it from outside. One alias serves all: each copies
    every column, and conditions do not stand within each other."""
    return Base.metadata.tables[table].alias()


def granted_subjects(identity: Identity):
    """The ids of everything this person is assigned to, as a subquery."""
    grant = other("access_grant")
    holder = or_(grant.c.chief_only.is_(False), true() if identity.chief else false())
    return select(grant.c.subject_id).where(
        grant.c.principal_id.in_([identity.user_id, identity.agency_id]),
        grant.c.agency_id == identity.agency_id,
        grant.c.role == identity.role,
        grant.c.ended_at.is_(None),
        or_(grant.c.until.is_(None), grant.c.until > _moment("now")),
        holder,
    )


def _assigned(model: Any, identity: Identity, row: str) -> ColumnElement:
    scope: Scope = model.__scope__
    columns = scope.narrow.get((row, identity.role), scope.subjects)
    return or_(*(getattr(model, column).in_(granted_subjects(identity)) for column in columns))


def own_agency(model: Any, identity: Identity) -> ColumnElement:
    """`g`: the record's own agency columns, or the agency of the reader's discipline on its case."""
    scope: Scope = model.__scope__
    column = CASE_AGENCY.get(identity.role, LEAD)
    tests = [getattr(model, name) == identity.agency_id for name in scope.agency]
    if scope.case == "id":
        tests = [getattr(model, column) == identity.agency_id]
    elif scope.case is not None:
        tests.append(_of_case(model, lambda case: case.c[column] == identity.agency_id))
    return or_(*tests) if tests else false()


def _of_case(model: Any, holds: Callable[[Alias], ColumnElement]) -> ColumnElement:
    """Whether something holds of the record's case. The case is looked up for each record, not listed: an agency may
    have a hundred thousand."""
    case = other("case")
    return exists().where(case.c.id == getattr(model, model.__scope__.case), holds(case))


def _case_moment(model: Any, *columns: str) -> ColumnElement:
    scope: Scope = model.__scope__
    if scope.case is None:
        return false()
    if scope.case == "id":
        return or_(*(getattr(model, column).is_not(None) for column in columns))
    return _of_case(model, lambda case: or_(*(case.c[column].is_not(None) for column in columns)))


def _glass(model: Any, identity: Identity) -> ColumnElement:
    glass = other("break_glass")
    open_now = select(glass.c.subject_id).where(
        glass.c.user_id == identity.user_id, glass.c.role == identity.role,
        glass.c.until > _moment("now"), glass.c.ended_at.is_(None),
    )
    return or_(*(getattr(model, column).in_(open_now) for column in model.__scope__.subjects))


def _own_referral(model: Any, identity: Identity) -> ColumnElement:
    scope: Scope = model.__scope__
    if scope.case == "id":
        return model.referral_agency_id == identity.agency_id
    if scope.case is None:
        return false()
    return _of_case(model, lambda case: case.c.referral_agency_id == identity.agency_id)


def condition(word: str, model: Any, identity: Identity, row: str) -> ColumnElement:
    """The SQL of one condition word for this model and person. A word without meaning here is false."""
    known = model.__scope__.words.get(word)
    if known is not None:
        return known(model, identity)
    if word == "a":
        return _assigned(model, identity, row)
    if word == "g":
        return own_agency(model, identity)
    if word == "u":
        author = getattr(model, "created_by_id", None)
        return false() if author is None else author == identity.user_id
    if word == "x":
        return _glass(model, identity)
    if word == "s1":
        return _case_moment(model, "submitted_at", "advice_asked_at")
    if word == "s2":
        return _case_moment(model, "introductory_at")
    if word == "own":
        return _own_referral(model, identity)
    if word == "30d":
        return model.created_at > _moment("month_ago", days=30)
    if word == "chief":
        return true() if identity.chief else false()
    # `2` is a rule of the act (two people), `request` of the form; neither hides a row.
    if word in ("2", "request"):
        return true()
    return false()


def recused(model: Any, identity: Identity) -> ColumnElement:
    """Whether a conflict of interest shuts this record to the person."""
    scope: Scope = model.__scope__
    if scope.case is None:
        return false()
    recusal = other("recusal")
    shut = select(recusal.c.case_id).where(recusal.c.user_id == identity.user_id)
    column = getattr(model, scope.case)
    return and_(column.is_not(None), column.in_(shut))


def rows_of(scope: Scope) -> list[str]:
    """The matrix rows a model can fall under."""
    return [scope.row] if isinstance(scope.row, str) else list(dict.fromkeys(scope.row.rows.values()))


def terms_of(model: Any, identity: Identity, matrix, row: str | None = None) -> list[tuple[str, Term, ColumnElement]]:
    """Every term of the matrix that could give this person this model's records, with its SQL.

    `row` asks about another row with this record's facts: may this person write evidence in this case?
    """
    scope: Scope = model.__scope__
    found = []
    for key in [row] if row else rows_of(scope):
        applies = None
        if row is None and isinstance(scope.row, RowBy):
            values = [value for value, its_row in scope.row.rows.items() if its_row == key]
            applies = getattr(model, scope.row.column).in_(values)
        for term in matrix.cell(key, identity.role).terms:
            tests = [condition(word, model, identity, key) for word in term.conditions]
            if applies is not None:
                tests.append(applies)
            found.append((key, term, and_(*tests) if tests else true()))
    return found


def subject_columns(model: Any) -> list[uuid.UUID]:
    """The columns whose values may be assigned."""
    return [getattr(model, name) for name in model.__scope__.subjects]

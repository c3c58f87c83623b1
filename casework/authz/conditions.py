"""The condition words of the matrix, each written once, as SQL over the record in question.

A model says in `__scope__ = Scope(...)` how the words find their facts on it. The row scope of a select, the levels
on one record and the tests all use these same expressions.
"""

import datetime as dt
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Alias, ColumnElement, Select, and_, bindparam, exists, false, or_, select, true

from casework.db.base import now
from casework.db.types import UtcDateTime

from .facts import other
from .identity import Identity
from .matrix import Term

# Which agency column of the case means "own agency" for a role: each discipline has its part in a case.
CASE_AGENCY = {
    "HOT": "referral_agency_id", "PRO": "prosecution_agency_id", "CLK": "court_agency_id",
    "SW": "support_agency_id", "SWS": "support_agency_id",
}
LEAD = "lead_agency_id"
# Records of a case that keep a log apart from the case's, and the roles that have tasks of them or see all of their
# agency's.
APART = ("referral", "support_referral", "support_sending")
WITH_APART = frozenset({"HOT", "PSU", "CUS", "SW", "SWS", "PRV"})


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
    apart      (column, row): where the column is true, the record is only for roles that may read by that row too.
    hangs      the column with the id of the record it hangs under. That one may belong to a case which this one does
               not name, since it keeps a log apart from the case's; a conflict of interest shuts both.
    """

    row: str | RowBy
    subjects: tuple[str, ...] = ("id",)
    narrow: dict[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)
    case: str | None = "case_id"
    agency: tuple[str, ...] = ("agency_id",)
    words: dict[str, Callable[[Any, Identity], ColumnElement]] = field(default_factory=dict)
    apart: tuple[str, str] | None = None
    hangs: str | None = None


def moment(name: str, **ago: float):
    """This moment, or some time before it, as of when a query runs, however long ago it was made."""
    return bindparam(name, callable_=lambda: now() - dt.timedelta(**ago), type_=UtcDateTime(), unique=True)


def _grants(grant: Alias, identity: Identity) -> list[ColumnElement]:
    """What makes a grant one of this person's, today."""
    holder = () if identity.chief else (grant.c.chief_only.is_(False),)
    return [
        grant.c.principal_id.in_([identity.user_id, identity.agency_id]),
        grant.c.agency_id == identity.agency_id,
        grant.c.role == identity.role,
        grant.c.ended_at.is_(None),
        or_(grant.c.until.is_(None), grant.c.until > moment("now")),
        *holder,
    ]


def granted_subjects(identity: Identity):
    """The ids of everything this person is assigned to, as a subquery to start a list from. An office may be assigned
    to tens of thousands: whether one record is among them, `granted` finds faster."""
    grant = other("access_grant")
    return select(grant.c.subject_id).where(*_grants(grant, identity))


def granted(column: Any, identity: Identity) -> ColumnElement:
    """Whether this person is assigned to what a column names. Looked up for each record, not listed: the offset keeps
    PostgreSQL from listing all assignments first, and from guessing how many records they leave."""
    grant = other("access_grant")
    return select(grant.c.id).where(grant.c.subject_id == column, *_grants(grant, identity)).offset(0).exists()


def _assigned(model: Any, identity: Identity, row: str) -> ColumnElement:
    return or_(false(), *(granted(getattr(model, column), identity) for column in assignable(model, identity, row)))


def assignable(model: Any, identity: Identity, row: str) -> tuple[str, ...]:
    """The columns that `a` looks at for this person's role."""
    scope: Scope = model.__scope__
    return scope.narrow.get((row, identity.role), scope.subjects)


def own_agency(model: Any, identity: Identity) -> ColumnElement:
    """`g`: the record's own agency columns, or the agency of the reader's discipline on its case."""
    scope: Scope = model.__scope__
    column = CASE_AGENCY.get(identity.role, LEAD)
    tests = [getattr(model, name) == identity.agency_id for name in scope.agency]
    if scope.case == "id":
        tests = [getattr(model, column) == identity.agency_id]
    elif scope.case is not None:
        tests.append(of_case(model, lambda case: case.c[column] == identity.agency_id))
    return or_(*tests) if tests else false()


def of_case(model: Any, holds: Callable[[Alias], ColumnElement]) -> ColumnElement:
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
    return of_case(model, lambda case: or_(*(case.c[column].is_not(None) for column in columns)))


def opened_subjects(identity: Identity):
    """`x`: the ids of what this person opened by break-glass, as a subquery; always few."""
    glass = other("break_glass")
    return select(glass.c.subject_id).where(
        glass.c.user_id == identity.user_id, glass.c.role == identity.role,
        glass.c.until > moment("now"), glass.c.ended_at.is_(None),
    )


def _own_referral(model: Any, identity: Identity) -> ColumnElement:
    scope: Scope = model.__scope__
    if scope.case == "id":
        return model.referral_agency_id == identity.agency_id
    if scope.case is None:
        return false()
    return of_case(model, lambda case: case.c.referral_agency_id == identity.agency_id)


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
        opened = opened_subjects(identity)
        return or_(false(), *(getattr(model, column).in_(opened) for column in model.__scope__.subjects))
    if word == "s1":
        return _case_moment(model, "submitted_at", "advice_asked_at")
    if word == "s2":
        return _case_moment(model, "introductory_at")
    if word == "own":
        return _own_referral(model, identity)
    if word == "30d":
        return model.created_at > moment("month_ago", days=30)
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
    shut = shut_to(identity.user_id)
    column = getattr(model, scope.case)
    of_case_shut = and_(column.is_not(None), column.in_(shut))
    if scope.hangs is None or identity.role not in WITH_APART:
        return of_case_shut
    return or_(of_case_shut, apart_in(getattr(model, scope.hangs), shut))


def shut_to(user_id: Any) -> Select:
    """The cases that a conflict of interest shuts to a person; `user_id` may be a column of any statement around it."""
    recusal = other("recusal")
    cases = select(recusal.c.case_id).where(recusal.c.user_id == user_id, recusal.c.ended_at.is_(None))
    return cases.correlate_except(recusal)


def apart_in(record_id: Any, cases: Any) -> ColumnElement:
    """Whether a record that keeps a log apart from its case's is of one of these cases. It is looked up, not listed."""
    return or_(*(
        select(table.c.id).where(table.c.id == record_id, table.c.case_id.in_(cases)).correlate_except(table).offset(0)
        .exists()
        for table in map(other, APART)
    ))


def rows_of(scope: Scope) -> list[str]:
    """The matrix rows a model can fall under."""
    return [scope.row] if isinstance(scope.row, str) else list(dict.fromkeys(scope.row.rows.values()))


def terms_of(model: Any, identity: Identity, matrix, row: str | None = None) -> list[tuple[str, Term, ColumnElement]]:
    """Every term of the matrix that could give this person this model's records, with its SQL.

    `row` asks about another row with this record's facts: may this person write evidence in this case?
    """
    scope: Scope = model.__scope__
    common = _apart(model, identity, matrix)
    found = []
    for key in [row] if row else rows_of(scope):
        applies = None
        if row is None and isinstance(scope.row, RowBy):
            values = [value for value, its_row in scope.row.rows.items() if its_row == key]
            applies = getattr(model, scope.row.column).in_(values)
        for term in matrix.cell(key, identity.role).terms:
            tests = common if applies is None else [*common, applies]
            tests = tests + [condition(word, model, identity, key) for word in term.conditions]
            found.append((key, term, and_(*tests) if tests else true()))
    return found


def _apart(model: Any, identity: Identity, matrix) -> list[ColumnElement]:
    """What is kept apart from a role that has no part in it."""
    if model.__scope__.apart is None:
        return []
    column, row = model.__scope__.apart
    return [] if matrix.cell(row, identity.role).may("R") else [getattr(model, column).is_(False)]


def subject_columns(model: Any) -> list[uuid.UUID]:
    """The columns whose values may be assigned."""
    return [getattr(model, name) for name in model.__scope__.subjects]

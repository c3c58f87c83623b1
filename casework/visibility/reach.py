"""Who reaches a record: the conditions of the matrix, asked of everybody at once.

`casework.authz.conditions` asks whether one person reaches records. Here the person is a row of `membership`: where
an identity has values, `Anyone` has columns, and the very same conditions say which memberships reach one record.
One statement, however many people there are.
"""

import datetime as dt
import uuid
from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    Alias,
    Date,
    Integer,
    Subquery,
    Uuid,
    bindparam,
    case,
    func,
    literal,
    not_,
    or_,
    select,
    union_all,
)
from sqlalchemy.orm import Session

from casework.authz.conditions import recused, terms_of
from casework.authz.identity import ROLES
from casework.authz.matrix import LEVELS, Matrix, Term
from casework.authz.scope import unscoped
from casework.db.base import Base, now
from casework.web.i18n import local_time

PAGE = 50
RECORD, DAY = "reached_record", "on_day"


@lru_cache(maxsize=1)
def holders() -> Alias:
    """The memberships, under a name that no condition uses."""
    return Base.metadata.tables["membership"].alias("holder")


@dataclass(frozen=True)
class Anyone:
    """Everybody of a role, chiefs or not, in the place of one identity: the person and the agency are columns."""

    role: str
    chief: bool

    @property
    def user_id(self) -> Any:
        return holders().c.user_id

    @property
    def agency_id(self) -> Any:
        return holders().c.agency_id


@dataclass(frozen=True)
class Reach:
    """One person who reaches a record: in which role, where, and by which terms of which rows."""

    membership_id: uuid.UUID
    user_id: uuid.UUID
    agency_id: uuid.UUID
    role: str
    terms: tuple[tuple[str, Term], ...]

    @property
    def levels(self) -> frozenset[str]:
        return frozenset().union(*(term.levels for _row, term in self.terms))

    @property
    def words(self) -> frozenset[str]:
        """Every condition by which something was given."""
        return frozenset(word for _row, term in self.terms for word in term.conditions)

    @property
    def letters(self) -> str:
        """The levels in their order: M R W A."""
        return "".join(letter for letter in LEVELS if letter in self.levels)


def ways_of(model: Any, matrix: Matrix, role: str, chief: bool = False) -> list[tuple[str, Term, Any]]:
    """The terms by which somebody of this role reaches records of a model, each with its SQL."""
    return [way for way in terms_of(model, Anyone(role, chief), matrix) if "M" in way[1].levels]


@dataclass(frozen=True)
class Question:
    """The statement that finds everybody: membership, person, agency, place of the role in ROLES, and a bit for each
    term that holds. `terms` are those of each role, in the order of the bits."""

    reached: Subquery
    terms: dict[str, tuple[tuple[str, Term], ...]]

    def reach(self, row: Any) -> Reach:
        """A row of the statement as a value."""
        role = ROLES[row.place]
        held = tuple(one for n, one in enumerate(self.terms[role]) if row.mask >> n & 1)
        return Reach(row.id, row.user_id, row.agency_id, role, held)


@lru_cache(maxsize=256)
def _question(model: Any, matrix_hash: str, matrix: "_Held") -> Question | None:
    holder, parts, terms = holders(), [], {}
    own = Base.metadata.tables[model.__tablename__]
    people, agencies = Base.metadata.tables["user_account"], Base.metadata.tables["agency"]
    day = bindparam(DAY, type_=Date)
    for place, role in enumerate(ROLES):
        for chief in (False, True):
            ways = ways_of(model, matrix.matrix, role, chief)
            if not ways:
                continue
            terms[role] = tuple((row, term) for row, term, _sql in ways)
            bits = [case((sql, 1 << n), else_=0) for n, (_row, _term, sql) in enumerate(ways)]
            mask = bits[0]
            for bit in bits[1:]:
                mask = mask + bit
            parts.append(
                select(
                    holder.c.id, holder.c.user_id, holder.c.agency_id, literal(place, Integer).label("place"),
                    mask.label("mask"),
                )
                .join_from(holder, people, people.c.id == holder.c.user_id)
                .join(agencies, agencies.c.id == holder.c.agency_id)
                .join(own, own.c.id == bindparam(RECORD, type_=Uuid))
                .where(
                    holder.c.role == role, holder.c.chief.is_(chief), holder.c.ended_at.is_(None),
                    holder.c.valid_from <= day, or_(holder.c.valid_until.is_(None), holder.c.valid_until >= day),
                    people.c.active.is_(True), or_(people.c.expires_on.is_(None), people.c.expires_on >= day),
                    agencies.c.active.is_(True), not_(recused(model, Anyone(role, chief))),
                )
            )
    if not parts:
        return None
    found = union_all(*parts).subquery("found")
    return Question(select(found).where(found.c.mask > 0).subquery("reached"), terms)


class _Held:
    """Carries a matrix into the cache of statements without being part of its key: the hash is."""

    def __init__(self, matrix: Matrix):
        self.matrix = matrix

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Held)

    def __hash__(self) -> int:
        return 0


def question(model: Any, matrix: Matrix) -> Question | None:
    """Who reaches the record `RECORD` of a model on the day `DAY`, under a matrix; None where nobody can."""
    return _question(model, matrix.sha256, _Held(matrix))


@dataclass(frozen=True)
class Found:
    """A page of those who reach a record, and how many there are in all."""

    people: list[Reach]
    total: int


def today(at: dt.datetime | None = None) -> dt.date:
    """The day on which a role counts."""
    return local_time(at or now()).date()


def who_can(
    db: Session, matrix: Matrix, record: Any, *, page: int = 0, without: Collection[str] = (), limit: int = PAGE
) -> Found:
    """Those who can see that a record exists, or more, by role, agency and name. `without` are roles left out. One
    statement."""
    asked = question(type(record), matrix)
    if asked is None:
        return Found([], 0)
    reached, people, agencies = asked.reached, Base.metadata.tables["user_account"], Base.metadata.tables["agency"]
    query = (
        select(reached, func.count().over().label("total"))
        .join(people, people.c.id == reached.c.user_id).join(agencies, agencies.c.id == reached.c.agency_id)
        .where(reached.c.place.not_in([ROLES.index(role) for role in without]))
        .order_by(reached.c.place, agencies.c.code, people.c.name, reached.c.id)
        .limit(limit).offset(page * limit)
    )
    with unscoped(db, "who reaches the record, by the same conditions; nothing of other records is shown"):
        rows = db.execute(query, {RECORD: record.id, DAY: today()}).all()
    return Found([asked.reach(row) for row in rows], rows[0].total if rows else 0)

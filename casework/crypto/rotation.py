"""Puts everything under the current ring key: data keys, tokens, and what others declare.

In batches, each a transaction of its own, beside people who work. Killed at any point it goes on where it was: what is
left to do is asked of the database.
"""

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from casework.db.asking import UNSCOPED

from .keyring import Content, KeyFileError, KeyRing
from .models import DataKey
from .seal import SealBroken, seal, unseal
from .sources import first_ring, moment
from .tokens import Rotating, not_under, registered, under

BATCH = 200
ROUNDS = 5  # a server that began a transaction before the new key was there ends it under the old one

# One transaction: `with work() as session`, with a key ring and without identity.
Work = Callable[..., Any]


@dataclass(frozen=True)
class Kept:
    """Something else that is under a ring key (passwords): `count(db, ring key)`, and `move(db, after)` puts the next
    batch after an id under the current one: (how many, the last id), or None when there is no more."""

    name: str
    count: Callable[[Session, str], int]
    move: Callable[[Session, uuid.UUID | None], tuple[int, uuid.UUID] | None]


@dataclass
class Counts:
    """How many of each kind: `data_key`, "<table>.<column>" of tokens, and what was declared."""

    numbers: dict[str, int] = field(default_factory=dict)

    def add(self, name: str, number: int) -> None:
        self.numbers[name] = self.numbers.get(name, 0) + number

    @property
    def total(self) -> int:
        return sum(self.numbers.values())


_kept: dict[str, Kept] = {}


def keeps(kept: Kept) -> None:
    """Declare something that is under a ring key and can be put under another."""
    _kept[kept.name] = kept


def with_new_key(content: Content, key_id: str) -> Content:
    """The ring with one more key, which becomes the current one."""
    made = first_ring().keys["k1"]
    return Content(key_id, {**content.keys, key_id: made}, {**content.made, key_id: moment()})


def next_id(content: Content) -> str:
    """`k3` after `k2`, and never one that was there."""
    numbers = [int(one[1:]) for one in (*content.keys, *content.made) if one[:1] == "k" and one[1:].isdigit()]
    return f"k{max(numbers, default=0) + 1}"


def under_key(db: Session, key_id: str) -> Counts:
    """What is under a ring key."""
    found = Counts()
    wrapped = DataKey.ring_key == key_id, DataKey.wrapped.is_not(None)
    found.add("data_key", db.connection().execute(select(func.count()).where(*wrapped)).scalar_one())
    for one in registered():
        query = select(func.count()).select_from(one.model.__table__).where(under(one.attribute, key_id))
        found.add(name_of(one), db.connection().execute(query, execution_options={UNSCOPED: True}).scalar_one())
    for kept in _kept.values():
        found.add(kept.name, kept.count(db, key_id))
    return found


def under_others(db: Session, ring: KeyRing) -> Counts:
    """What is not under the current key: under older ones, and tokens of a form before there were several keys."""
    found = Counts()
    current = ring.current
    query = select(func.count()).where(DataKey.ring_key != current, DataKey.wrapped.is_not(None))
    found.add("data_key", db.connection().execute(query).scalar_one())
    for one in registered():
        query = select(func.count()).select_from(one.model.__table__).where(not_under(one.attribute, current))
        found.add(name_of(one), db.connection().execute(query, execution_options={UNSCOPED: True}).scalar_one())
    for kept in _kept.values():
        found.add(kept.name, sum(kept.count(db, key_id) for key_id in ring.ids[1:]))
    return found


def name_of(one: Rotating) -> str:
    return f"{one.model.__tablename__}.{one.column}"


def rotate(work: Work, progress: Callable[[str, int], None] = lambda name, done: None) -> Counts:
    """Put everything under the current key. `work()` gives a session in a transaction of its own; `progress(kind,
    number)` is told after each batch. Returns what was moved."""
    moved = Counts()
    for _round in range(ROUNDS):
        before = moved.total
        for name, number in _pass(work):
            moved.add(name, number)
            progress(name, number)
        if moved.total == before:
            break
    return moved


def _pass(work: Work) -> Iterator[tuple[str, int]]:
    yield from _batches(work, "data_key", _move_data_keys)
    for one in registered():
        yield from _batches(work, name_of(one), lambda db, after, one=one: _move_tokens(db, one, after))
    for kept in _kept.values():
        yield from _batches(work, kept.name, kept.move)


def _batches(
    work: Work, name: str, move: Callable[[Session, Any], tuple[int, Any] | None]
) -> Iterator[tuple[str, int]]:
    after = None
    while True:
        with work() as db:
            done = move(db, after)
        if done is None:
            return
        number, after = done
        yield name, number


def _move_data_keys(db: Session, after: uuid.UUID | None) -> tuple[int, uuid.UUID] | None:
    ring: KeyRing = db.info["keyring"]
    current = ring.current
    query = (
        select(DataKey.subject_id, DataKey.ring_key, DataKey.wrapped)
        .where(DataKey.ring_key != current, DataKey.wrapped.is_not(None)).order_by(DataKey.subject_id).limit(BATCH)
    )
    if after is not None:
        query = query.where(DataKey.subject_id > after)
    rows = db.connection().execute(query).all()
    if not rows:
        return None
    for subject_id, key_id, wrapped in rows:
        place = f"data_key.{subject_id}"
        key = unseal(ring.key(key_id, "wrap"), wrapped, place)
        # A key that was destroyed meanwhile stays destroyed.
        same = DataKey.subject_id == subject_id, DataKey.wrapped == wrapped
        values = {"ring_key": current, "wrapped": seal(ring.key(current, "wrap"), key, place)}
        db.connection().execute(update(DataKey).where(*same).values(values))
    return len(rows), rows[-1].subject_id


def _move_tokens(db: Session, one: Rotating, after: uuid.UUID | None) -> tuple[int, uuid.UUID] | None:
    ring: KeyRing = db.info["keyring"]
    query = select(one.model).where(not_under(one.attribute, ring.current)).order_by(one.model.id).limit(BATCH)
    if after is not None:
        query = query.where(one.model.id > after)
    depth = db.info.get("unscoped", 0)
    db.info["unscoped"] = depth + 1  # authz.scope.unscoped, which stands a ring above: keys are changed for everybody
    records = db.scalars(query).all()
    if not records:
        return None
    last = records[-1].id
    one.renew(db, records)
    return len(records), last


def check(db: Session, ring: KeyRing) -> None:
    """Whether the ring opens this database: raise KeyFileError with what is missing when it does not."""
    table = DataKey.__table__
    connection, there = db.connection(), table.c.wrapped.is_not(None)
    for key_id in sorted(connection.execute(select(table.c.ring_key).where(there).distinct()).scalars()):
        mine = table.c.ring_key == key_id, there
        one = select(table.c.subject_id, table.c.wrapped).where(*mine).limit(1)
        subject_id, wrapped = connection.execute(one).one()
        if key_id not in ring.keys:
            number = connection.execute(select(func.count()).where(*mine)).scalar_one()
            raise KeyFileError(
                f"{ring.name} lacks the key {key_id}, under which {number} data keys of this database are wrapped: put "
                "back the ring that has it (docs/operations.md, Keys)")
        try:
            unseal(ring.key(key_id, "wrap"), wrapped, f"data_key.{subject_id}")
        except SealBroken:
            raise KeyFileError(
                f"{ring.name} belongs to another database: its key {key_id} does not open the data keys here. Put back "
                "the ring of this database (docs/operations.md, Keys)") from None

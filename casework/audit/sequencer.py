"""The sequencer: gives committed entries their place in the tree, and signs the tree as it then stands.

Entries are written by many transactions at once and become visible in any order; the tree needs one order that never
changes. One sequencer at a time (a lock of the database) takes the entries that have no place yet, appends them, and
signs, in one transaction; then, and only then, the checkpoint is remembered beside the key and published.
"""

import datetime as dt
import logging
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, Row, func, select

from casework.db.base import now
from casework.verifier.casework_verify import Failed, Frontier, Malformed, checkpoint_from, note_from

from .leaf import hash_of, moment
from .models import AuditEntry, LogCheckpoint, LogLeaf, LogNode
from .signer import Signer
from .tree import BITS, WIDTH, Tree, combine, stored

log = logging.getLogger(__name__)

# SQLite has one lock for everybody who writes: there a batch is short (some hundredths of a second), and others come
# in between.
BATCH = {"postgresql": 10_000, "sqlite": 1_000}
ADVISORY_LOCK = 0x6C6F67  # "log"
# A transaction that wrote entries ends within this time: what is older than that and has its place needs no second
# look. An entry that came later still is found by `verify`, which looks at all of them.
SETTLED = dt.timedelta(minutes=10)
SIZE = 32


class CannotExtend(Exception):
    """The database does not continue what this key signed: it was put back, or changed. Nothing is signed."""


@dataclass(frozen=True)
class Head:
    """The tree as it was last signed."""

    size: int
    root: bytes
    parts: tuple[bytes, ...]
    last: int
    note: str | None


EMPTY = Head(0, Frontier().root(), (), 0, None)


def head(connection: Connection) -> Head:
    """The tree as it was last signed, or the empty one."""
    table = LogCheckpoint.__table__
    row = connection.execute(select(table).order_by(table.c.size.desc()).limit(1)).first()
    return EMPTY if row is None else head_of(row)


def head_of(row: Row) -> Head:
    """The tree that a row of `log_checkpoint` describes."""
    parts = tuple(row.parts[start : start + SIZE] for start in range(0, len(row.parts), SIZE))
    return Head(row.size, row.root, parts, row.last, row.note)


class Sequencer:
    """Appends and signs on one database with one key. `step` may be called by many processes; one works."""

    def __init__(self, engine: Engine, signer: Signer):
        self._engine, self._signer = engine, signer
        self._trusted = False  # whether the tree was compared with what the key remembers
        self._floor = 0  # every entry up to this number has its place, or will never come
        self._marks: deque[tuple[int, int]] = deque()

    def step(self, limit: int | None = None) -> Head | None:
        """Append up to `limit` entries (a batch) and sign. None when there was nothing to do, or another was at it.

        Raises CannotExtend.
        """
        if not self._waiting():
            return None
        with self._signer.alone() as mine:
            after = self._next(limit or BATCH[self._engine.dialect.name]) if mine else None
            if after is not None:
                # What was committed is there for good: now it may be shown, and must never be contradicted.
                self._signer.remember(after.size, after.root)
            return after

    def _next(self, limit: int) -> Head | None:
        with self._engine.begin() as connection:
            if not self._alone(connection):
                return None
            before = head(connection)
            self._check(connection, before)
            running = _running(connection)  # before the look: who ends meanwhile is looked for again
            rows = _unplaced(connection, limit, self._low(connection, before))
            if not rows:
                return None
            self._settle(running, before.last, rows[-1].seq if len(rows) == limit else None)
            return self._append(connection, before, rows)

    def _low(self, connection: Connection, before: Head) -> int:
        """The number from which on to look for entries without a place."""
        if connection.dialect.name == "sqlite":
            return before.last  # one writes at a time, so numbers become visible in their order
        return max(self._floor, _settled(connection))

    def _settle(self, running: tuple[int, int] | None, last: int, reached: int | None) -> None:
        """Raise the floor to what was placed before the oldest of the transactions of now began, where the look just
        taken came that far (`reached`; None: to the end): whoever wrote numbers below it had ended before that look."""
        if running is None:
            return
        oldest, following = running
        while self._marks and self._marks[0][0] <= oldest and (reached is None or self._marks[0][1] < reached):
            self._floor = max(self._floor, self._marks.popleft()[1])
        self._marks.append((following, last))

    def catch_up(self, pause: float = 0.0) -> Head | None:
        """Step until nothing waits, with `pause` seconds in between; the last tree, or None."""
        reached = None
        while (after := self.step()) is not None:
            reached = after
            time.sleep(pause)
        return reached

    def _waiting(self) -> bool:
        """Whether anything is to do, asked without a lock."""
        with self._engine.execution_options(sqlite_begin="BEGIN").connect() as connection:
            known = head(connection)
            if not self._trusted:
                # A database that was put back is told at once, not when its next entry comes.
                self._check(connection, known)
            return bool(_unplaced(connection, 1, self._low(connection, known)))

    def _alone(self, connection: Connection) -> bool:
        if connection.dialect.name == "sqlite":
            return True  # the transaction began with the only lock there is for writing
        return bool(connection.exec_driver_sql(f"SELECT pg_try_advisory_xact_lock({ADVISORY_LOCK})").scalar())

    def _check(self, connection: Connection, before: Head) -> None:
        """That `before` is what this key signed last, or goes on from it."""
        problem = self._own_signature(before) or self._continues(connection, before)
        if problem:
            raise CannotExtend(problem)
        self._trusted = True

    def _own_signature(self, before: Head) -> str | None:
        if before.note is None:
            return None
        try:
            note = note_from(before.note)
            signed = note.signed_by(self._signer.key) is not None or self._begins_at(before)
            stated = checkpoint_from(note.text)
            frontier = Frontier(before.size, before.parts)
        except (Failed, Malformed) as problem:
            return f"the last checkpoint is not what this key signed: {problem}"
        if not signed:
            return f"the last checkpoint was signed by another key than {self._signer.key.name}"
        if (stated.size, stated.root) != (before.size, before.root) or frontier.root() != before.root:
            return "the last checkpoint in the database was changed"
        return None

    def _begins_at(self, before: Head) -> bool:
        """Whether this key was made to go on from there."""
        memory = self._signer.signed()
        return memory is not None and (memory.begins, memory.size, memory.root) == (
            before.size, before.size, before.root)

    def _continues(self, connection: Connection, before: Head) -> str | None:
        memory = self._signer.signed()
        if memory is None or (memory.size, memory.root) == (before.size, before.root):
            return None
        if memory.size > before.size:
            return f"the key signed a tree of {memory.size} entries, the database has {before.size}: it was put back"
        if memory.size == before.size:
            return "the key signed another tree of this size"
        if not self._trusted and Tree(connection).root(memory.size) != memory.root:
            return f"the first {memory.size} entries are not those that the key signed"
        return None

    def _append(self, connection: Connection, before: Head, rows: Sequence[Row]) -> Head:
        frontier = Frontier(before.size, before.parts)
        hashes = [
            hash_of(moment(row.at), row.verb, row.chain, row.number, row.commitment, row.hash) for row in rows
        ]
        for hashed in hashes:
            frontier.append(hashed)
        _add_leaves(connection, [
            (before.size + offset, row.seq, hashed)
            for offset, (row, hashed) in enumerate(zip(rows, hashes, strict=True))
        ])
        _add_nodes(connection, before.size, hashes)
        root = frontier.root()
        after = Head(frontier.size, root, tuple(frontier.parts), max(before.last, rows[-1].seq),
                     self._signer.note(frontier.size, root))
        connection.execute(LogCheckpoint.__table__.insert().values(
            size=after.size, at=now(), root=root, parts=b"".join(after.parts), last=after.last, note=after.note,
        ))
        return after


def _running(connection: Connection) -> tuple[int, int] | None:
    """On PostgreSQL the number of the oldest transaction that has not ended, and that of the next one to begin."""
    if connection.dialect.name == "sqlite":
        return None
    return tuple(connection.exec_driver_sql(
        "SELECT pg_snapshot_xmin(s)::text::bigint, pg_snapshot_xmax(s)::text::bigint FROM pg_current_snapshot() s"
    ).one())


def _settled(connection: Connection) -> int:
    """The number up to which every entry has its place."""
    table = LogCheckpoint.__table__
    query = select(table.c.last).where(table.c.at < now() - SETTLED).order_by(table.c.at.desc()).limit(1)
    return connection.execute(query).scalar() or 0


def settled_at(connection: Connection, size: int) -> int:
    """The number up to which every entry had its place, or would never come, when a tree of `size` was signed."""
    table = LogCheckpoint.__table__
    newest = select(table.c.at, table.c.last).where(table.c.size <= size).order_by(table.c.size.desc()).limit(1)
    signed = connection.execute(newest).first()
    if signed is None:
        return 0
    if connection.dialect.name == "sqlite":
        return signed.last  # one writes at a time, so numbers become visible in their order
    before = select(table.c.last).where(table.c.at < signed.at - SETTLED).order_by(table.c.at.desc()).limit(1)
    return connection.execute(before).scalar() or 0


def _unplaced(connection: Connection, limit: int, low: int) -> Sequence[Row]:
    """The first entries above `low` without a place, by their numbers: in a chain that is the order of the chain."""
    entries, leaves = AuditEntry.__table__, LogLeaf.__table__
    query = (
        select(entries.c.seq, entries.c.at, entries.c.verb, entries.c.chain, entries.c.number,
               entries.c.commitment, entries.c.hash)
        .join(leaves, leaves.c.entry == entries.c.seq, isouter=True)
        .where(entries.c.seq > low, leaves.c.entry.is_(None))
        .order_by(entries.c.seq).limit(limit)
    )
    return connection.execute(query).all()


def waiting_since(connection: Connection) -> tuple[int, dt.datetime | None]:
    """How many entries have no place yet, and since when the oldest of them waits. What was there long before the
    last signature is looked at by `verify`."""
    entries, leaves = AuditEntry.__table__, LogLeaf.__table__
    query = (
        select(func.count(), func.min(entries.c.at))
        .select_from(entries).join(leaves, leaves.c.entry == entries.c.seq, isouter=True)
        .where(entries.c.seq > _settled(connection), leaves.c.entry.is_(None))
    )
    count, oldest = connection.execute(query).one()
    return count, oldest


def _add_leaves(connection: Connection, leaves: list[tuple[int, int, bytes]]) -> None:
    """Write leaves: place, number of the entry, hash. By the driver's own bulk way, which takes a third of the time."""
    cursor = connection.connection.driver_connection.cursor()
    if connection.dialect.name == "sqlite":
        cursor.executemany("INSERT INTO log_leaf (place, entry, hash) VALUES (?, ?, ?)", leaves)
        return
    with cursor.copy("COPY log_leaf (place, entry, hash) FROM STDIN") as copy:
        for leaf in leaves:
            copy.write_row(leaf)


def _add_nodes(connection: Connection, size: int, hashes: list[bytes]) -> None:
    """Write the nodes that the new hashes, placed from `size` on, complete on each level above."""
    level, first, fresh = 0, size, hashes
    while fresh and (first + len(fresh)) >> BITS > first >> BITS:
        begin = first >> BITS << BITS
        row = stored(connection, level, begin, first) + fresh
        made = [combine(row[start : start + WIDTH]) for start in range(0, len(row) - WIDTH + 1, WIDTH)]
        level, first, fresh = level + 1, begin >> BITS, made
        connection.execute(LogNode.__table__.insert(), [
            {"level": level, "place": first + offset, "hash": hashed} for offset, hashed in enumerate(made)
        ])

"""Reads the entries with their places in the tree for a verification: as the driver gives them, in bounded memory, and
on PostgreSQL while the server is at work on those that come next."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from itertools import islice

from sqlalchemy import Connection

# Rows handed over at once: so few that they are still in the processor's cache when they are checked (a quarter of the
# time), and so many that PostgreSQL need not be asked too often.
BATCH = {"sqlite": 64, "postgresql": 500}
CHUNK = 50_000  # rows of one query

# Place, leaf's hash, number of the entry; then the entry. The same columns, in the same form, on both databases.
_COLUMNS = {
    "sqlite": """SELECT l.place, l.hash, coalesce(l.entry, e.seq), e.chain, e.number, e.at, CAST(e.body AS BLOB),
        e.salt, e.commitment, e.previous, e.hash, e.actor_id, e.agency_id, e.case_id, e.record_id, e.record_type,
        e.result, e.verb""",
    "postgresql": """SELECT l.place, l.hash, coalesce(l.entry, e.seq), e.chain::text, e.number,
        to_char(e.at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US'), convert_to(e.body, 'UTF8'), e.salt,
        e.commitment, e.previous, e.hash, e.actor_id::text, e.agency_id::text, e.case_id::text, e.record_id::text,
        e.record_type, e.result, e.verb""",
}
_PLACED = "FROM log_leaf l LEFT JOIN audit_entry e ON e.seq = l.entry WHERE l.place >= {} ORDER BY l.place LIMIT {}"
_WAITING = """FROM audit_entry e LEFT JOIN log_leaf l ON l.entry = e.seq
    WHERE l.entry IS NULL AND e.seq > {} ORDER BY e.seq LIMIT {}"""


class Rows:
    """`placed` in the tree's order, and those that are `waiting` for a place, in the order they were written."""

    def __init__(self, read: Callable[[str], Iterator[list]], dialect: str):
        self._read, self._columns = read, _COLUMNS[dialect]

    def placed(self, after: int) -> Iterator[list]:
        """From place `after` on, some hundreds at a time."""
        return self._chunks(_PLACED, after, lambda last: last[0] + 1)

    def waiting(self, after: int) -> Iterator[list]:
        """Of those with a number above `after`."""
        return self._chunks(_WAITING, after, lambda last: last[2])

    def _chunks(self, where: str, after: int, following: Callable[[tuple], int]) -> Iterator[list]:
        last = None
        while True:
            begun = last
            for batch in self._read(f"{self._columns} {where.format(int(after), CHUNK)}"):
                yield batch
                last = batch[-1]
            if last is begun:
                return
            after = following(last)


@contextmanager
def reading(connection: Connection) -> Iterator[Rows]:
    """What `connection`'s transaction sees, beside what else is asked through it."""
    if connection.dialect.name == "sqlite":
        yield Rows(lambda sql: _fetched(connection, sql), "sqlite")
        return
    snapshot = connection.exec_driver_sql("SELECT pg_export_snapshot()").scalar()
    with connection.engine.execution_options(isolation_level="REPEATABLE READ").connect() as other:
        other.exec_driver_sql(f"SET TRANSACTION SNAPSHOT '{snapshot}'")
        yield Rows(lambda sql: _streamed(other, sql), "postgresql")


def _fetched(connection: Connection, sql: str) -> Iterator[list]:
    with closing(connection.connection.cursor()) as cursor:
        cursor.execute(sql)
        while batch := cursor.fetchmany(BATCH["sqlite"]):
            yield batch


def _streamed(connection: Connection, sql: str) -> Iterator[list]:
    """Batches of rows that come while the server goes on; as bytes, not as digits."""
    with connection.connection.cursor(binary=True) as cursor:
        rows = cursor.stream(sql, binary=True, size=BATCH["postgresql"])
        while batch := list(islice(rows, BATCH["postgresql"])):
            yield batch

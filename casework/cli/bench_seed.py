"""Fills an empty database with invented cases for measuring: rows as the program would write them, log included.

Written in bulk, past the unit of work; that is done here only, on a database that holds no real record. Rows are made
in processes of their own, a batch of cases at a time, and go in by the driver's own bulk way.
"""

import multiprocessing
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Dialect, Engine, Table

from casework.crypto.keyring import KeyRing
from casework.db.base import Base
from casework.records import search

from .bench_cases import Cases, Rows, Staff

BATCH = 250  # cases made and written at once
# Parents before children.
ORDER = (
    "data_key", "case", "referral", "person", "identifier", "evidence_item", "custody_event", "note", "task",
    "file_version", "prosecution", "hearing", "support_referral", "access_grant", "state_change", "search_text",
    "audit_head", "audit_entry",
)
_maker: Cases | None = None  # of this process


def seed(engine: Engine, ring: KeyRing, staff: Staff, cases: int, progress: Callable[[int], None]) -> None:
    """Write `cases` cases with all that belongs to them, and the reports that wait to be worked on."""
    batches = [range(start, min(start + BATCH, cases)) for start in range(0, cases, BATCH)]
    writers = {name: _Writer(Base.metadata.tables[name], engine.dialect) for name in ORDER}
    with _in_a_hurry(engine) as connection:
        done = 0
        for size, rows in _made(Cases(ring, staff, cases), batches):
            with connection.begin():
                for name in ORDER:
                    if rows.get(name):
                        writers[name].write(connection, rows[name])
            done += size
            progress(done)
        with connection.begin():
            search.rebuild(connection)
    with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        connection.exec_driver_sql("ANALYZE")


@contextmanager
def _in_a_hurry(engine: Engine) -> Iterator[Connection]:
    """A connection that does not wait for the disk: whoever loses this database makes a new one."""
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":  # past the transaction that SQLAlchemy begins: inside it is refused
            connection.connection.driver_connection.execute("PRAGMA synchronous=OFF")
        else:
            connection.exec_driver_sql("SET synchronous_commit TO off")
            connection.commit()
        yield connection
        connection.invalidate()


def _made(maker: Cases, batches: list[range]) -> Iterator[tuple[int, Rows]]:
    """The batches in order, made by other processes where there are several."""
    global _maker
    _maker = maker
    workers = min(os.cpu_count() or 1, 4, len(batches))
    if workers < 2 or len(batches) < 4:
        yield from map(_make, batches)
        return
    # A fork has the keys already: they are sent nowhere.
    with multiprocessing.get_context("fork").Pool(workers) as pool:
        yield from pool.imap(_make, batches)


def _make(batch: range) -> tuple[int, Rows]:
    return len(batch), _maker.batch(batch)


class _Writer:
    """Writes rows of one table: values prepared by the columns' types, defaults of the model filled in."""

    def __init__(self, table: Table, dialect: Dialect):
        self.table, self.dialect = table, dialect
        self.columns: list[str] = []

    def write(self, connection: Connection, rows: list[dict[str, Any]]) -> None:
        if not self.columns:
            self._prepare(rows[0])
        values = (self._values(row) for row in rows)
        cursor = connection.connection.driver_connection.cursor()
        names = ", ".join(f'"{name}"' for name in self.columns)
        if self.dialect.name == "sqlite":
            marks = ", ".join("?" * len(self.columns))
            cursor.executemany(f'INSERT INTO "{self.table.name}" ({names}) VALUES ({marks})', values)
        else:
            self._copy(cursor, f'COPY "{self.table.name}" ({names}) FROM STDIN', values)

    @staticmethod
    def _copy(cursor, statement: str, values: Iterable[tuple]) -> None:
        with cursor.copy(statement) as copy:
            for row in values:
                copy.write_row(row)

    def _prepare(self, first: dict[str, Any]) -> None:
        self.defaults = {
            column.name: column.default.arg for column in self.table.columns
            if column.name not in first and column.default is not None and column.default.is_scalar
        }
        self.columns = [*first, *self.defaults]
        impls = (self.table.columns[name].type.dialect_impl(self.dialect) for name in self.columns)
        self.processors = [impl.bind_processor(self.dialect) for impl in impls]

    def _values(self, row: dict[str, Any]) -> tuple:
        whole = (*row.values(), *self.defaults.values())
        return tuple(
            value if process is None else process(value) for value, process in zip(whole, self.processors, strict=True)
        )

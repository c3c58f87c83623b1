"""Fills an empty database with invented cases for measuring: rows as the program would write them, log included.

Written in bulk, past the unit of work; that is done here only, on a database that holds no real record. Rows are made
in processes of their own, a batch of cases at a time, and go in by the driver's own bulk way.
"""

import multiprocessing
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Dialect, Engine, LargeBinary, Table

from casework.crypto.keyring import KeyRing
from casework.db.asking import UNSCOPED
from casework.db.base import Base
from casework.records import search

from .bench_cases import Cases, Staff

BATCH = 250  # cases made and written at once
# Parents before children.
ORDER = (
    "data_key", "case", "referral", "person", "identifier", "evidence_item", "custody_event", "note", "task",
    "file_version", "prosecution", "hearing", "support_referral", "access_grant", "state_change", "search_text",
    "audit_head", "audit_entry",
)
_maker: "_Maker | None" = None  # of this process
Prepared = dict[str, tuple[list[str], list[tuple]]]  # table -> columns, rows


def seed(
    engine: Engine, ring: KeyRing, staff: Staff, cases: int, progress: Callable[[int], None],
    crowded: tuple[int, ...] = (),
) -> None:
    """Write `cases` cases with all that belongs to them, and the reports that wait to be worked on. `crowded`: how many
    exhibits the first of them have."""
    batches = [range(start, min(start + BATCH, cases)) for start in range(0, cases, BATCH)]
    with _in_a_hurry(engine) as connection:
        done = 0
        for size, prepared in _made(_Maker(Cases(ring, staff, cases, crowded), engine.dialect), batches):
            with connection.begin():
                for name in ORDER:
                    if name in prepared:
                        _write(connection, name, *prepared[name])
            done += size
            progress(done)
        with connection.begin():
            search.rebuild(connection)
    with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        connection.exec_driver_sql("ANALYZE")


def write_quickly(engine: Engine, batches: Iterable[Prepared], order: tuple[str, ...]) -> None:
    """Write prepared rows in bulk, table by table in `order`, a transaction for each batch."""
    with _in_a_hurry(engine) as connection:
        for prepared in batches:
            with connection.begin():
                for name in order:
                    if name in prepared:
                        _write(connection, name, *prepared[name])


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


def _write(connection: Connection, table: str, columns: list[str], rows: list[tuple]) -> None:
    cursor, names = connection.connection.driver_connection.cursor(), ", ".join(f'"{name}"' for name in columns)
    if connection.dialect.name == "sqlite":
        marks = ", ".join("?" * len(columns))
        cursor.executemany(f'INSERT INTO "{table}" ({names}) VALUES ({marks})', rows)
        return
    # COPY is refused on tables with row security, so it goes beside them first. What is beside them ends with the
    # transaction: left to the end of the connection, it went while ANALYZE was reading it.
    copied = f"copied_{table}"
    cursor.execute(f'CREATE TEMPORARY TABLE IF NOT EXISTS "{copied}" (LIKE "{table}" INCLUDING DEFAULTS) '
                   "ON COMMIT DROP")
    with cursor.copy(f'COPY "{copied}" ({names}) FROM STDIN') as copy:
        for row in rows:
            copy.write_row(row)
    connection.exec_driver_sql(f'INSERT INTO "{table}" ({names}) SELECT {names} FROM "{copied}"',
                               execution_options={UNSCOPED: True})


def _made(maker: "_Maker", batches: list[range]) -> Iterator[tuple[int, Prepared]]:
    """The batches in order, made by other processes where there are several."""
    global _maker
    _maker = maker
    workers = min(os.cpu_count() or 1, 4)
    if workers < 2 or len(batches) < 4:
        yield from map(_make, batches)
        return
    # A fork has the keys already: they are sent nowhere.
    with multiprocessing.get_context("fork").Pool(workers) as pool:
        yield from pool.imap(_make, batches)


def _make(batch: range) -> tuple[int, Prepared]:
    return len(batch), _maker.prepared(batch)


class _Maker:
    """Makes the rows of cases as the driver takes them: prepared by the columns' types, with the models' defaults."""

    def __init__(self, cases: Cases, dialect: Dialect):
        self.cases, self.dialect = cases, dialect

    def prepared(self, batch: range) -> Prepared:
        return prepare(self.dialect, self.cases.batch(batch))


def prepare(dialect: Dialect, rows: dict[str, list[dict[str, Any]]]) -> Prepared:
    """Rows of several tables as the driver takes them."""
    return {name: _prepared(dialect, Base.metadata.tables[name], found) for name, found in rows.items()}


def _prepared(dialect: Dialect, table: Table, rows: list[dict[str, Any]]) -> tuple[list[str], list[tuple]]:
    defaults = {
        column.name: column.default.arg for column in table.columns
        if column.name not in rows[0] and column.default is not None and column.default.is_scalar
    }
    columns = [*rows[0], *defaults]
    types = [table.columns[name].type for name in columns]
    # Bytes stay bytes: what their type makes of them cannot be sent from one process to another.
    makers = [None if isinstance(type_, LargeBinary) else type_.dialect_impl(dialect).bind_processor(dialect)
              for type_ in types]
    changed = [(place, process) for place, process in enumerate(makers) if process is not None]
    prepared = []
    for row in rows:
        values = [*row.values(), *defaults.values()]
        for place, process in changed:
            values[place] = process(values[place])
        prepared.append(tuple(values))
    return columns, prepared

"""What one reader gets from PostgreSQL by raw SQL, as the program's own role: every row, by every command."""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import sql
from sqlalchemy import make_url

from casework.authz.identity import Identity
from tests.support.world import World, facts_for

from .matrix_text import Cells, expected

# Tries to write each row of a copy of the table again, as it is. A row that may be written meets itself there (unique
# violation), one that may not is refused before that.
_TRIED = """
    DO $$ DECLARE one public.{table}%ROWTYPE; BEGIN
      FOR one IN SELECT * FROM {copy} LOOP
        BEGIN
          INSERT INTO public.{table} SELECT one.*;
        EXCEPTION
          WHEN unique_violation THEN INSERT INTO written VALUES (one.id);
          WHEN insufficient_privilege THEN NULL;
        END;
      END LOOP;
    END $$"""


@contextmanager
def connected(url: str) -> Iterator[psycopg.Connection]:
    """The program's role, without the program."""
    found = make_url(url)
    with psycopg.connect(host=found.query["host"], user=found.username, dbname=found.database) as connection:
        yield connection
        connection.rollback()


def be(connection: psycopg.Connection, reader: Identity | None) -> None:
    """Say for whom this transaction asks; None: for nobody."""
    values = {"user_id": reader.user_id, "agency_id": reader.agency_id, "role": reader.role} if reader else {}
    for name in ("user_id", "agency_id", "role"):
        connection.execute("SELECT set_config(%s, %s, true)", (f"casework.{name}", str(values.get(name, ""))))
    connection.execute("SELECT set_config('casework.unscoped', '', true)")


class Raw:
    """A transaction as the program's role, with a copy of each table to try to write from."""

    def __init__(self, connection: psycopg.Connection, tables: list[str]):
        self._connection, self.tables = connection, tables
        connection.execute("CREATE TEMP TABLE written (id uuid) ON COMMIT DROP")
        connection.execute("SELECT set_config('casework.unscoped', 'on', true)")
        for table in tables:
            connection.execute(sql.SQL("CREATE TEMP TABLE {} ON COMMIT DROP AS SELECT * FROM public.{}").format(
                self._copy(table), sql.Identifier(table)))
        be(connection, None)

    @staticmethod
    def _copy(table: str) -> sql.Identifier:
        return sql.Identifier(f"copy_of_{table}")

    def gets(self, table: str) -> dict[str, set]:
        """The ids of the rows that each command reaches."""
        name = sql.Identifier(table)
        return {
            "select": self._ids(sql.SQL("SELECT id FROM public.{}").format(name)),
            "update": self._ids(sql.SQL("UPDATE public.{} SET id = id RETURNING id").format(name)),
            "delete": self._ids(sql.SQL("DELETE FROM public.{} RETURNING id").format(name)),
            "insert": self._written(table),
        }

    def _ids(self, query: sql.Composed) -> set:
        try:
            with self._connection.transaction():
                return {row[0] for row in self._connection.execute(query)}
        except psycopg.errors.InsufficientPrivilege:
            return set()

    def _written(self, table: str) -> set:
        self._connection.execute("TRUNCATE written")
        self._connection.execute(sql.SQL(_TRIED).format(table=sql.Identifier(table), copy=self._copy(table)))
        return self._ids(sql.SQL("SELECT id FROM written"))


APPEND_ONLY = ("custody_event",)  # no right to change a row, whoever it is


def given(world: World, role: str, texts: Cells) -> dict[str, dict[str, set]]:
    """What the text of the matrix gives a role of each table, by command."""
    ids: dict[str, dict[str, set]] = defaultdict(lambda: {"select": set(), "update": set(), "delete": set(),
                                                          "insert": set()})
    for placed in world.placed:
        facts = facts_for(placed, role)
        levels = set() if "recused" in facts else expected(texts[placed.row, role], facts)
        by_command = ids[placed.record_type]
        if "M" in levels:
            by_command["select"].add(placed.id)
        if "W" in levels:
            by_command["insert"].add(placed.id)
            if placed.record_type not in APPEND_ONLY:
                by_command["update"].add(placed.id)
    return ids


def differences(raw: Raw, connection: psycopg.Connection, world: World, texts: Cells, roles) -> tuple[list, int]:
    """Where the database gives a reader something else than the matrix, and how many rows were asked for."""
    found, asked = [], 0
    for role in roles:
        be(connection, world.readers[role])
        want = given(world, role, texts)
        for table in raw.tables:
            for command, got in raw.gets(table).items():
                asked += sum(placed.record_type == table for placed in world.placed)
                if got != want[table][command]:
                    found.append((role, table, command, len(got - want[table][command]),
                                  len(want[table][command] - got)))
    return found, asked

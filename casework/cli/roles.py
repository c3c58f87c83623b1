"""Rights in PostgreSQL: the program, the sequencer and the owner of the tables are three roles.

The owner makes tables and is used by `casework init` only. The program reads and writes records, each row as the matrix
gives it to whoever asks (`authz.row_security`), and can add to the log and to chains of custody, never change them. The
sequencer reads entries and adds to the tree. Given anew after every migration, so that a new table has its rights and
its policies from the start.
"""

from sqlalchemy import Engine, text

import casework.models  # noqa: F401  every scoped table
from casework.audit import guards, triggers
from casework.authz import row_walls
from casework.authz.matrix import Matrix

from . import common

LOG = "audit_entry"
TREE = tuple(table for table in triggers.TABLES if table != LOG)
# Rows of these are added and stay as they are.
APPEND_ONLY = (*triggers.TABLES, "custody_event")
READ_ONLY = ("alembic_version",)


def statements(tables: list[str], program: str, sequencer: str | None) -> list[str]:
    """What gives the roles their rights. Without a `sequencer` the program does its work too."""
    names = [f'"{name}"' for name in tables]
    given = [
        f"GRANT USAGE ON SCHEMA public TO {program}",
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON {', '.join(names)} TO {program}",
        f"REVOKE TRUNCATE, REFERENCES, TRIGGER ON {', '.join(names)} FROM {program}",
        f"REVOKE UPDATE, DELETE ON {', '.join(APPEND_ONLY)} FROM {program}",
        f"REVOKE INSERT, UPDATE, DELETE ON {', '.join(READ_ONLY)} FROM {program}",
        f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {program}",
    ]
    if sequencer is not None:
        given += [
            f"REVOKE INSERT ON {', '.join(TREE)} FROM {program}",
            f"GRANT USAGE ON SCHEMA public TO {sequencer}",
            f"GRANT SELECT ON {LOG}, alembic_version TO {sequencer}",
            f"GRANT SELECT, INSERT ON {', '.join(TREE)} TO {sequencer}",
        ]
    return given


def grant(owner: Engine, program: str, sequencer: str | None = None) -> None:
    """Give the roles their rights on every table there is. `owner` connects as the role that owns the tables."""
    quote = owner.dialect.identifier_preparer.quote
    with owner.begin() as connection:
        tables = connection.execute(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")).scalars()
        for statement in statements(sorted(tables), quote(program), sequencer and quote(sequencer)):
            connection.execute(text(statement))


def unwalled(engine: Engine, matrix: Matrix) -> str | None:
    """What of the row security is not as the matrix gives it to the role of `engine`, the first thing, in words. None
    when all is well, on SQLite, and where the program owns the tables: then there is none, and docs/threat-model.md
    says what that means."""
    if engine.dialect.name != "postgresql":
        return None
    with engine.connect() as connection:
        if not guards.separate(connection):
            return None
        program = connection.execute(text("SELECT current_user")).scalar_one()
        return next(row_walls.differences(connection, matrix, program), None)


def refuse_unwalled(engine: Engine, matrix: Matrix) -> None:
    """Raise Problem when `unwalled` finds something."""
    problem = unwalled(engine, matrix)
    if problem:
        raise common.Problem(f"{problem}: run casework init as the owner")

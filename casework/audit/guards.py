"""Are the guards that the database itself keeps over the log in place? Asked by every verification."""

from sqlalchemy import Connection

from . import triggers
from .verify_log import Bad


def check(connection: Connection) -> None:
    """Raise Bad when a guard is missing or switched off, or when the program could change the log."""
    if connection.dialect.name == "sqlite":
        found = connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'trigger'").scalars()
    else:
        # D: disabled; R: only while replicating. Both let changes through.
        found = connection.exec_driver_sql(
            "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled IN ('O', 'A')").scalars()
    missing = sorted(triggers.names(connection.dialect.name) - set(found))
    if missing:
        raise Bad(f"the guard {missing[0]} of the log is missing or switched off")
    if connection.dialect.name == "postgresql":
        _rights(connection)


def _rights(connection: Connection) -> None:
    """A role that does not own the log must not have the right to change it."""
    for table in triggers.TABLES:
        owner = connection.exec_driver_sql(
            "SELECT pg_has_role(current_user, relowner, 'USAGE') FROM pg_class WHERE oid = %s::regclass", (table,)
        ).scalar()
        if owner:
            continue
        for right in ("UPDATE", "DELETE", "TRUNCATE"):
            if connection.exec_driver_sql("SELECT has_table_privilege(%s, %s)", (table, right)).scalar():
                raise Bad(f"the program has the right to {right.lower()} {table}: run casework init as the owner")


def separate(connection: Connection) -> bool:
    """Whether the program connects as another role than the one that owns the log (always on SQLite, which has
    none)."""
    if connection.dialect.name == "sqlite":
        return True
    owner = "SELECT pg_has_role(current_user, relowner, 'USAGE') FROM pg_class WHERE oid = 'audit_entry'::regclass"
    return not connection.exec_driver_sql(owner).scalar()

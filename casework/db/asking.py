"""Tells PostgreSQL for whom a session asks, so that its row security (docs/adr/0107) can answer for that person only.

The settings live in the transaction and end with it, so that a pooled connection takes nothing along. They are set just
before the first statement that needs them, and again only when something else is wanted: a session's identity has
changed, or platform code goes `unscoped`.
"""

from typing import Any

from sqlalchemy import Connection, Engine, event
from sqlalchemy.orm import Session

SCHEMA = "row_security"  # of the functions and views that the policies use
NAMES = ("casework.user_id", "casework.agency_id", "casework.role", "casework.unscoped")
# An execution option of a connection or a statement: platform code without a session that must see all rows.
UNSCOPED = "casework_unscoped"
_SESSION = "casework_session"
_NOBODY = ("", "", "", "")
_KNOWN = "casework.asking"  # in the connection's info: the settings of the transaction that runs


def role_word(role: str, chief: bool) -> str:
    """How a role is told to the database: heads of office have more."""
    return f"{role}+chief" if chief else role


def tell(engine: Engine) -> None:
    """Let the connections of a PostgreSQL engine tell for whom they ask. `dialect.row_security` says whether the
    database has row security; it is asked at the first connection."""
    engine.dialect.row_security = False

    @event.listens_for(engine, "first_connect")
    def first_connect(dbapi: Any, _record: Any) -> None:
        with dbapi.cursor() as cursor:
            cursor.execute(f"SELECT to_regnamespace('{SCHEMA}') IS NOT NULL")
            engine.dialect.row_security = cursor.fetchone()[0]
        dbapi.rollback()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.info[_KNOWN] = _NOBODY

    @event.listens_for(engine, "rollback_savepoint")
    def rollback_savepoint(connection: Connection, _name: str, _context: Any) -> None:
        # What was set inside the savepoint was taken back with it.
        connection.info[_KNOWN] = None

    @event.listens_for(engine, "before_cursor_execute")
    def before_cursor_execute(connection: Connection, _cursor, statement, _parameters, context, _many) -> None:
        # What is set of the transaction itself must be its first statement.
        if engine.dialect.row_security and not statement.startswith("SET TRANSACTION"):
            wanted = _wanted(context.execution_options, context)
            if wanted != connection.info.get(_KNOWN):
                _set(connection, wanted)


@event.listens_for(Session, "after_begin")
def _after_begin(session: Session, _transaction: Any, connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execution_options(**{_SESSION: session})


def _wanted(options: Any, context: Any) -> tuple[str, ...]:
    session = options.get(_SESSION)
    if session is None:
        return (*_NOBODY[:3], "on" if options.get(UNSCOPED) else "")
    # Who may write what is decided by the workflow and by the views, act by act: a transition writes more than its
    # author may change by hand. So what the unit of work writes is let through, and any other writing is not.
    writes = session._flushing and (context.isinsert or context.isupdate or context.isdelete)
    free = "on" if writes or session.info.get("unscoped") or options.get(UNSCOPED) else ""
    identity = session.info.get("identity")
    if identity is None:
        return (*_NOBODY[:3], free)
    return (str(identity.user_id), str(identity.agency_id), role_word(identity.role, identity.chief), free)


def _set(connection: Connection, wanted: tuple[str, ...]) -> None:
    known = connection.info.get(_KNOWN) or (None,) * len(NAMES)
    changed = [(name, value) for name, value, now in zip(NAMES, wanted, known, strict=True) if value != now]
    calls = ", ".join("set_config(%s, %s, true)" for _ in changed)
    with connection.connection.cursor() as cursor:
        cursor.execute(f"SELECT {calls}", [part for pair in changed for part in pair])
    connection.info[_KNOWN] = wanted

"""Counts the statements that a request makes."""

from contextlib import contextmanager

from sqlalchemy import event


@contextmanager
def statements(engine):
    """The statements that ran on `engine` within the block, without those that only begin or set things up."""
    seen: list[str] = []

    def note(connection, cursor, statement, parameters, context, executemany):
        if not statement.startswith(("PRAGMA", "BEGIN", "SET ")):
            seen.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", note)

"""Counts the statements that a request makes."""

from contextlib import contextmanager

from sqlalchemy import event

from casework.audit.outbox import MARK


@contextmanager
def statements(engine):
    """The statements that ran on `engine` within the block, without those that only begin or set things up.

    What the outbox writes after the page is no part of it: how much that is depends on what else was noted.
    """
    seen: list[str] = []

    def note(connection, cursor, statement, parameters, context, executemany):
        if connection.get_execution_options().get(MARK):
            return
        if not statement.startswith(("PRAGMA", "BEGIN", "SET ")):
            seen.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", note)

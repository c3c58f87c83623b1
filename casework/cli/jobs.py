"""Periodic work inside `casework serve`: every minute the due jobs, by one process at a time."""

import fcntl
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine

from casework.cases.jobs import run_due
from casework.settings import Settings

log = logging.getLogger(__name__)

SECONDS = 60
ADVISORY_LOCK = 0x6A6F6273  # "jobs"


class Periodic(threading.Thread):
    """Runs the due jobs every `seconds`, when no other process is at it. A job that fails is tried again next time."""

    def __init__(self, registry, settings: Settings, seconds: float = SECONDS):
        super().__init__(name="jobs", daemon=True)
        self._registry, self._settings, self._seconds = registry, settings, seconds
        self._stopped = threading.Event()

    def run(self) -> None:
        while True:
            self.once()
            if self._stopped.wait(self._seconds):
                return

    def stop(self) -> None:
        """End after the job in hand."""
        self._stopped.set()

    def once(self) -> bool:
        """Run what is due; False when another process holds the lock or a job failed."""
        try:
            with alone(self._registry["engine"], self._settings) as mine:
                if mine:
                    run_due(self._registry)
                return mine
        except Exception:
            log.exception("the periodic work failed")
            return False


@contextmanager
def alone(
    engine: Engine, settings: Settings, name: str = "jobs", number: int = ADVISORY_LOCK
) -> Iterator[bool]:
    """Whether this process got a lock: a file on SQLite, an advisory lock of the database on PostgreSQL."""
    if settings.sqlite:
        with open(settings.data / f"{name}.lock", "w", encoding="ascii") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
            else:
                yield True
        return
    with engine.connect() as connection:
        # Bound to this transaction: it is given back even when the process is killed.
        yield bool(connection.exec_driver_sql(f"SELECT pg_try_advisory_xact_lock({number})").scalar())
        connection.rollback()

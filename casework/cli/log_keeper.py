"""Keeps the log's tree, in `casework serve` or in a service of its own: appends, signs, publishes, sounds the alarm.

Every server process has one; the key and the database let one of them work at a time.
"""

import logging
import threading
import time

from sqlalchemy import Engine

from casework.audit import outside, signer, state, tiles
from casework.audit.sequencer import CannotExtend, Sequencer
from casework.db.engine import make_engine
from casework.settings import Settings

log = logging.getLogger(__name__)

SECONDS = 1.0
ALARM_SECONDS = 30.0
PAUSE = 0.01  # between two batches, so that others who write come in between
FOLDER = "log"  # of the tiles, in the data folder


class LogKeeper(threading.Thread):
    """Looks every `seconds` for entries without a place. What fails is tried again, and told in the server's log."""

    def __init__(self, settings: Settings, engine: Engine, key: signer.Signer, seconds: float = SECONDS):
        super().__init__(name="log", daemon=True)
        self._settings, self._engine, self._seconds = settings, engine, seconds
        self._key = key
        self._sequencer = Sequencer(engine, key)
        self._stopped = threading.Event()
        self._next_alarm = 0.0

    def run(self) -> None:
        while True:
            self.once()
            if self._stopped.wait(self._seconds):
                return

    def stop(self) -> None:
        """End after the batch in hand."""
        self._stopped.set()

    def once(self, pause: float = PAUSE) -> bool:
        """Append, sign and publish what there is. False when that failed."""
        try:
            self._sequencer.catch_up(pause)
            self._publish()
            self._alarm()
        except CannotExtend as problem:
            log.critical("the log is not signed: %s", problem)
            return False
        except Exception:
            log.exception("the log's tree could not be continued")
            return False
        return True

    def _publish(self) -> None:
        folder = self._settings.data / FOLDER
        with self._key.alone() as mine:
            if mine:
                with self._engine.execution_options(sqlite_begin="BEGIN").connect() as connection:
                    tiles.publish(connection, folder)

    def _alarm(self) -> None:
        if time.monotonic() < self._next_alarm:
            return
        self._next_alarm = time.monotonic() + ALARM_SECONDS
        with self._engine.execution_options(sqlite_begin="BEGIN").connect() as connection:
            found = state.health(connection)
        if found.late:
            log.error("%d entries wait for their place in the log, longer than a minute", found.waiting)
        if found.guards:
            log.critical("the log is not guarded: %s", found.guards)


def engine_of(settings: Settings) -> Engine:
    """An engine of the sequencer's own, with its role."""
    return make_engine(settings.log_url or settings.database_url, pool_size=2)


def start(settings: Settings) -> LogKeeper:
    """A running keeper. Raises LogKeyError when the key cannot be read."""
    engine = engine_of(settings)
    keeper = LogKeeper(settings, engine, signer.load(settings.log_key))
    keeper.start()
    outside.start(engine, settings)
    return keeper

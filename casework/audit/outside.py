"""Brings the log's checkpoints to others: to its witnesses, and once a day to an authority of time.

A thread of its own, so that neither serving nor signing ever waits for another machine. Every server process has one;
on each machine one works at a time.
"""

import fcntl
import logging
import threading

from sqlalchemy import Engine

from casework.settings import Settings

from .timestamp import Authority, NotStamped, Stamping
from .witness import Witnesses, memory_of

log = logging.getLogger(__name__)

SECONDS = 5.0


class Outside(threading.Thread):
    """Asks whoever is due, every `seconds`. `engine` connects as the role that adds to the log's tree."""

    def __init__(self, engine: Engine, settings: Settings, seconds: float = SECONDS):
        super().__init__(name="outside", daemon=True)
        self._seconds, self._stopped = seconds, threading.Event()
        self._lock = settings.data / "outside.lock"
        self._work: list[Witnesses | Stamping] = []
        policy = settings.policy()
        if policy is not None and policy.urls:
            self._work.append(Witnesses(engine, policy, memory_of(settings.data)))
        if settings.timestamp_url and settings.timestamp_certificate:
            try:
                authority = Authority(settings.timestamp_url, settings.timestamp_certificate)
            except NotStamped as problem:
                log.critical("there will be no time stamps: %s", problem)
            else:
                self._work.append(Stamping(engine, authority))

    @property
    def idle(self) -> bool:
        """Whether the settings name nobody to ask."""
        return not self._work

    def run(self) -> None:
        while not self._stopped.wait(self._seconds):
            self.once()

    def stop(self) -> None:
        """End after the round in hand."""
        self._stopped.set()

    def once(self) -> bool:
        """One round; False when another process is at it, or something failed: it is tried again."""
        done = True
        with open(self._lock, "w", encoding="ascii") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
            for work in self._work:
                try:
                    work.run_once()
                except Exception:
                    log.exception("the log's checkpoint could not be brought outside")
                    done = False
        return done


def start(engine: Engine, settings: Settings) -> Outside | None:
    """A running thread, or None where there is nobody to ask."""
    outside = Outside(engine, settings)
    if outside.idle:
        return None
    outside.start()
    return outside

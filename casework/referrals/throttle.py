"""A brake on the public pages that knows nobody: keyed hashes of addresses in memory, under a salt of the day.

Nothing of it is written anywhere. The salt is made anew each day and lost when the program stops, so that even who
could read the memory could not tell later who had been here.
"""

import datetime as dt
import hashlib
import hmac
import secrets
import threading
from collections import deque

from casework.db.base import now

PLACES = 20_000


class Throttle:
    """At most `count` goes in `seconds` for one address."""

    def __init__(self, count: int, seconds: int):
        self._count, self._window = count, dt.timedelta(seconds=seconds)
        self._lock = threading.Lock()
        self._day: dt.date | None = None
        self._salt = b""
        self._seen: dict[bytes, deque[dt.datetime]] = {}

    def allows(self, address: str | None, at: dt.datetime | None = None) -> bool:
        """Count one go from `address` and say whether it is within the limit."""
        moment = at or now()
        with self._lock:
            if moment.date() != self._day:
                self._day, self._salt, self._seen = moment.date(), secrets.token_bytes(32), {}
            key = hmac.digest(self._salt, (address or "").encode(), hashlib.sha256)
            if key not in self._seen and len(self._seen) >= PLACES:
                self._seen.clear()
            goes = self._seen.setdefault(key, deque())
            while goes and moment - goes[0] >= self._window:
                goes.popleft()
            if len(goes) >= self._count:
                return False
            goes.append(moment)
            return True

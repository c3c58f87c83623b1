"""The key ring, kept outside the database, that wraps every data key.

It is JSON: {"current": "k2", "keys": {"k1": <base64, 32 bytes>, "k2": ...}, "made": {"k2": "2026-11-22T08:00:00Z"}}.
From each ring key further keys are derived by HKDF for one purpose each, so that a token key never encrypts. Where the
JSON is kept, `casework.crypto.sources` says.
"""

import base64
import json
import logging
import secrets
import threading
from collections.abc import Hashable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

log = logging.getLogger(__name__)


class KeyFileError(Exception):
    """The key ring is missing, unreadable, open to others, or lacks a key; the message says what to do."""


class Source(Protocol):
    """Where a key ring is kept. `name` is for messages."""

    name: str

    def stamp(self) -> Hashable:
        """Changes when the ring was written anew; cheap, for it is asked with every use of a key."""

    def read(self) -> bytes:
        """The ring as JSON. Raises KeyFileError."""

    def write(self, body: bytes) -> None:
        """Put `body` in the ring's place, whole or not at all. Raises KeyFileError where that cannot be."""


@dataclass(frozen=True)
class Content:
    """Ring keys by id, which one is current, and since when each is there (ISO text; unknown for old files)."""

    current: str
    keys: dict[str, bytes] = field(repr=False)
    made: dict[str, str] = field(default_factory=dict)

    def as_bytes(self) -> bytes:
        keys = {name: base64.b64encode(value).decode() for name, value in self.keys.items()}
        return json.dumps({"current": self.current, "keys": keys, "made": self.made}).encode("ascii")


def parse(body: bytes, name: str) -> Content:
    """The ring in `body`. Raises KeyFileError, naming where it came from."""
    try:
        found = json.loads(body.decode("ascii"))
        keys = {key: base64.b64decode(value, validate=True) for key, value in found["keys"].items()}
        content = Content(found["current"], keys, dict(found.get("made", {})))
    except (ValueError, KeyError, TypeError, AttributeError) as problem:
        raise KeyFileError(f"{name} cannot be read: {type(problem).__name__}") from None
    if content.current not in keys or any(len(value) != 32 for value in keys.values()):
        raise KeyFileError(f"{name} is not a key ring")
    return content


class KeyRing:
    """The ring as it stands now: a server that runs while keys are rotated goes on with the new ones."""

    def __init__(self, current: str, keys: dict[str, bytes], *, source: Source | None = None):
        self._content = Content(current, dict(keys))
        self._source, self._stamp = source, source.stamp() if source is not None else None
        self._derived: dict[tuple[str, str], bytes] = {}
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"KeyRing(current={self._content.current!r}, keys={sorted(self._content.keys)})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, KeyRing) and (self.current, self.keys) == (other.current, other.keys)

    __hash__ = object.__hash__

    @property
    def current(self) -> str:
        """The id of the key that everything new is under."""
        return self._latest().current

    @property
    def keys(self) -> dict[str, bytes]:
        """Every ring key by id."""
        return self._latest().keys

    @property
    def ids(self) -> list[str]:
        """The ids of all ring keys, the current one first."""
        latest = self._latest()
        return sorted(latest.keys, key=lambda one: (one != latest.current, one))

    @property
    def content(self) -> Content:
        """What is in the ring now."""
        return self._latest()

    @property
    def name(self) -> str:
        """Where the ring is kept, for messages."""
        return self._source.name if self._source is not None else "the key ring"

    def key(self, key_id: str, purpose: str) -> bytes:
        """32 bytes for `purpose`, derived from the ring key `key_id`. Raises KeyFileError when it is not there."""
        content = self._latest()
        known = self._derived.get((key_id, purpose))
        if known is not None:
            return known
        if key_id not in content.keys:
            raise KeyFileError(f"{self.name} has no key {key_id}: put back the ring that has it")
        made = HKDF(SHA256(), 32, salt=None, info=f"casework/{purpose}".encode()).derive(content.keys[key_id])
        self._derived[key_id, purpose] = made
        return made

    def _latest(self) -> Content:
        if self._source is not None and self._source.stamp() != self._stamp:
            with self._lock:
                self._read_again()
        return self._content

    def _read_again(self) -> None:
        """Take over what was written since. A ring that is no continuation of this one is not taken: it could open
        nothing that is there."""
        stamp = self._source.stamp()
        if stamp == self._stamp:
            return
        try:
            found = parse(self._source.read(), self._source.name)
        except KeyFileError as problem:
            log.error("going on with the keys as they were: %s", problem)
            self._stamp = stamp
            return
        self._stamp = stamp
        if any(found.keys.get(one, key) != key for one, key in self._content.keys.items()):
            log.critical("%s was replaced by another ring: going on with the one from the start", self._source.name)
            return
        self._content = found
        self._derived = {which: key for which, key in self._derived.items() if which[0] in found.keys}

    def change(self, content: Content) -> None:
        """Write `content` where the ring is kept, and go on with it. Raises KeyFileError where it cannot be written."""
        if self._source is None:
            raise KeyFileError("this key ring is kept nowhere")
        with self._lock:
            self._source.write(content.as_bytes())
            self._content, self._stamp = content, self._source.stamp()
            self._derived = {}

    @classmethod
    def open(cls, source: Source) -> "KeyRing":
        """The ring that a source keeps. Raises KeyFileError."""
        content = parse(source.read(), source.name)
        ring = cls(content.current, content.keys, source=source)
        ring._content = content
        return ring

    @classmethod
    def generate(cls) -> "KeyRing":
        """A ring with one new key, kept nowhere."""
        return cls("k1", {"k1": secrets.token_bytes(32)})

    @classmethod
    def create(cls, path: Path) -> "KeyRing":
        """A new ring in a new file with mode 0600. Raises FileExistsError: a ring is never overwritten."""
        from .sources import FileSource, first_ring

        source = FileSource(path)
        source.create(first_ring().as_bytes())
        return cls.open(source)

    @classmethod
    def load(cls, path: Path) -> "KeyRing":
        """The ring in the file `path`. Raises KeyFileError when it is missing, malformed or readable by others."""
        from .sources import FileSource

        return cls.open(FileSource(path))

"""The key ring: a file outside the database that wraps every data key.

The file is JSON, mode 0600 or 0400: {"current": "k1", "keys": {"k1": <base64, 32 bytes>}}. From each ring key
further keys are derived by HKDF for one purpose each, so that a token key never encrypts.
"""

import base64
import json
import os
import secrets
import stat
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF


class KeyFileError(Exception):
    """The key file is missing, unreadable, open to others, or lacks a key."""


@dataclass(frozen=True)
class KeyRing:
    """Ring keys by id, and which one is current."""

    current: str
    keys: dict[str, bytes]

    def __repr__(self) -> str:
        return f"KeyRing(current={self.current!r}, keys={sorted(self.keys)})"

    def key(self, key_id: str, purpose: str) -> bytes:
        """32 bytes for `purpose`, derived from the ring key `key_id`. Raises KeyFileError when it is not there."""
        if key_id not in self.keys:
            raise KeyFileError(f"the key ring has no key {key_id}")
        return HKDF(SHA256(), 32, salt=None, info=f"casework/{purpose}".encode()).derive(self.keys[key_id])

    @classmethod
    def generate(cls) -> "KeyRing":
        return cls("k1", {"k1": secrets.token_bytes(32)})

    @classmethod
    def create(cls, path: Path) -> "KeyRing":
        """A new ring in a new file with mode 0600. Raises FileExistsError: a ring is never overwritten."""
        ring = cls.generate()
        body = {"current": ring.current, "keys": {k: base64.b64encode(v).decode() for k, v in ring.keys.items()}}
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as file:
            json.dump(body, file)
            file.flush()
            os.fsync(file.fileno())
        return ring

    @classmethod
    def load(cls, path: Path) -> "KeyRing":
        """The ring in `path`. Raises KeyFileError when the file is missing, malformed or readable by others."""
        try:
            mode = stat.S_IMODE(path.stat().st_mode)
            body = json.loads(path.read_text(encoding="ascii"))
            keys = {name: base64.b64decode(value, validate=True) for name, value in body["keys"].items()}
            current = body["current"]
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as problem:
            raise KeyFileError(f"the key file {path} cannot be read: {type(problem).__name__}") from None
        if mode & 0o077:
            raise KeyFileError(f"the key file {path} can be read by others: set its mode to 0600")
        if current not in keys or any(len(value) != 32 for value in keys.values()):
            raise KeyFileError(f"the key file {path} is not a key ring")
        return cls(current, keys)

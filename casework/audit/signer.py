"""The log's own key, and what it remembers of what it signed.

The key file is one line, `PRIVATE+KEY+<name>+<id>+<base64 of type and seed>`, mode 0600 or 0400, outside the database:
who can write to the database cannot sign. Beside it `<key file>.signed` holds the largest tree that was ever signed:
a database that was put back to yesterday does not extend it, and is not signed.
"""

import base64
import fcntl
import json
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from casework.verifier.casework_verify import (
    ED25519,
    Checkpoint,
    Key,
    Malformed,
    hash_from,
    signature_line,
    unbase64,
)
from casework.witness.files import durable

_PREFIX = "PRIVATE+KEY+"


class LogKeyError(Exception):
    """The log's key file is missing, unreadable, open to others or malformed; the message says what to do."""


@dataclass(frozen=True)
class Signed:
    """The largest tree that this key signed. What is in the first `begins` entries was signed by a key before it."""

    size: int
    root: bytes
    begins: int = 0


@dataclass(frozen=True)
class Signer:
    """The log's key. `key.name` is the origin of its checkpoints."""

    key: Key
    path: Path
    _private: Ed25519PrivateKey

    def __repr__(self) -> str:
        return f"Signer({self.key.name!r})"

    def note(self, size: int, root: bytes) -> str:
        """The signed checkpoint of a tree."""
        text = Checkpoint(self.key.name, size, root).text
        return f"{text}\n{signature_line(self.key, self._private.sign(text.encode()))}"

    @property
    def _memory(self) -> Path:
        return self.path.with_name(self.path.name + ".signed")

    def signed(self) -> Signed | None:
        """The largest tree that this key is known to have signed; None before the first. Raises LogKeyError."""
        try:
            kept = json.loads(self._memory.read_text(encoding="ascii"))
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as problem:
            raise LogKeyError(f"{self._memory} cannot be read: {type(problem).__name__}") from None
        if kept["origin"] != self.key.name:
            raise LogKeyError(f"{self._memory} belongs to another key")
        return Signed(int(kept["size"]), hash_from(kept["root"]), int(kept.get("begins", 0)))

    @contextmanager
    def alone(self) -> Iterator[bool]:
        """Whether this process has the key to itself, on this machine, until the end of the block."""
        with open(self.path, "rb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
            else:
                yield True

    def remember(self, size: int, root: bytes) -> None:
        """Keep on the disk that this tree was signed, before anybody is shown it."""
        before = self.signed()
        self._keep(size, root, before.begins if before else 0)

    def begin_after(self, size: int, root: bytes) -> None:
        """Go on from a tree that another key signed: for a new key over a database that was put back."""
        self._keep(size, root, size)

    def _keep(self, size: int, root: bytes, begins: int) -> None:
        body = {"origin": self.key.name, "size": size, "root": base64.b64encode(root).decode(), "begins": begins}
        durable(self._memory, json.dumps(body).encode())


def create(path: Path, name: str) -> Signer:
    """A new key in a new file. `name` is the log's origin, for example `casework.example/log-3f9a01`.

    Raises FileExistsError: a key is never overwritten.
    """
    if path.exists():
        raise FileExistsError(path)
    private = Ed25519PrivateKey.generate()
    key = Key(name, ED25519, private.public_key().public_bytes_raw())
    seed = base64.b64encode(bytes([ED25519]) + private.private_bytes_raw()).decode()
    durable(path, f"{_PREFIX}{name}+{key.id.hex()}+{seed}\n".encode())
    return Signer(key, path, private)


def load(path: Path) -> Signer:
    """The key in a file. Raises LogKeyError."""
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        text = path.read_text(encoding="utf-8").strip()
    except OSError as problem:
        raise LogKeyError(f"the log's key {path} cannot be read: {problem.strerror}") from None
    if mode & 0o077:
        raise LogKeyError(f"the log's key {path} can be read by others: set its mode to 0600")
    try:
        name, key_id, seed = text.removeprefix(_PREFIX).split("+", 2)
        data = unbase64(seed)
        private = Ed25519PrivateKey.from_private_bytes(data[1:])
    except (Malformed, ValueError):
        raise LogKeyError(f"{path} is not a key of a log") from None
    key = Key(name, data[0], private.public_key().public_bytes_raw())
    if not text.startswith(_PREFIX) or data[0] != ED25519 or key.id.hex() != key_id:
        raise LogKeyError(f"{path} is not a key of a log")
    return Signer(key, path, private)

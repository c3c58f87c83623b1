"""Where finished packages lie until they are fetched: a folder of this machine, each encrypted under a key of its own,
from the first byte on. Without the key, which the record keeps, what lies there is noise."""

import hashlib
import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from casework.files import cipher
from casework.files.cipher import Cipher
from casework.files.folder import part_of, problems
from casework.files.reader import Reader
from casework.files.store import sync_folder

ENDING = ".package"
HALF = ".part"


def bound(package: uuid.UUID) -> bytes:
    """What the ciphertext of a package is bound to."""
    return f"casework/package/1/{package}".encode()


class Sealing:
    """A file that takes plain bytes and writes ciphertext. `size` and `sha256` are of the plain bytes."""

    def __init__(self, file, key: bytes, package: uuid.UUID, room: Callable[[int], None]):
        header = cipher.new_header()
        self._file, self._cipher, self._room = file, Cipher(key, header, bound(package)), room
        self._held, self._segment, self.size = bytearray(), 0, 0
        self._digest = hashlib.sha256()
        file.write(header)

    def write(self, data: bytes) -> int:
        self._held += data
        self._digest.update(data)
        self.size += len(data)
        while len(self._held) > cipher.room(self._segment):
            self._write(last=False)
        return len(data)

    def flush(self) -> None:
        """Nothing leaves before its segment is full."""

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()

    def _write(self, *, last: bool) -> None:
        size = cipher.room(self._segment)
        sealed = self._cipher.seal(self._segment, bytes(self._held[:size]), last=last)
        self._room(len(sealed))
        self._file.write(sealed)
        del self._held[:size]
        self._segment += 1

    def end(self) -> None:
        """Write what is left as the last segment."""
        self._write(last=True)


class Spool:
    """The packages in `root`. `room(bytes)` raises NoSpace when the disk would become too full."""

    def __init__(self, root: Path, room: Callable[[int], None]):
        self.root, self._room = root, room

    def path(self, package: uuid.UUID) -> Path:
        return self.root / f"{package}{ENDING}"

    @contextmanager
    def writing(self, package: uuid.UUID, claim: uuid.UUID, key: bytes) -> Iterator[Sealing]:
        """Write a package; it has its name when the block ends well, else nothing is left. Raises StoreProblem."""
        half = self.root / f"{package}.{claim}{HALF}"
        with problems():
            self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
            for old in self.root.glob(f"{package}.*{HALF}"):
                old.unlink(missing_ok=True)  # of a claim that is nobody's any more
        try:
            with problems(), open(half, "xb") as file:
                os.fchmod(file.fileno(), 0o600)
                sealing = Sealing(file, key, package, self._room)
                yield sealing
                sealing.end()
                file.flush()
                os.fsync(file.fileno())
            with problems():
                os.replace(half, self.path(package))
                sync_folder(self.root)
        finally:
            half.unlink(missing_ok=True)

    def reader(self, package: uuid.UUID, key: bytes) -> Reader:
        """A package in clear, any part of it. Raises Missing, StoreProblem, Damaged."""
        path = self.path(package)

        def fetch(start: int, length: int) -> bytes:
            with problems(), open(path, "rb", buffering=0) as file:
                return part_of(file, start, length)

        with problems():
            stored = path.stat().st_size
        return Reader(fetch, stored, key, bound(package))

    def remove(self, package: uuid.UUID) -> None:
        """Leave nothing of a package."""
        for path in self.root.glob(f"{package}.*"):
            path.unlink(missing_ok=True)

    def packages(self) -> set[uuid.UUID]:
        """The packages of which something lies here."""
        found = set()
        for path in self.root.glob("*.*") if self.root.is_dir() else ():
            try:
                found.add(uuid.UUID(path.name.partition(".")[0]))
            except ValueError:
                continue
        return found

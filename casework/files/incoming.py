"""Uploads on their way: ciphertext from the first byte, in a folder of this machine, so that they can be resumed.

A part has two files. `<id>.part` is the object as far as it is certain: header and full segments. `<id>.tail` holds
the bytes that do not fill a segment yet, sealed, with the number of segments that were on the disk when it was
written. After a crash the part is cut back to what opens, so that what was acknowledged is there and nothing else.
"""

import datetime as dt
import fcntl
import os
import shutil
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from casework.crypto.seal import SealBroken, seal, unseal

from . import cipher
from .cipher import SEGMENT, Cipher, Damaged
from .folder import part_of, problems
from .store import Missing, NoSpace, StoreProblem, make_folder, sync_folder


class Busy(Exception):
    """Somebody else writes this upload at this moment."""


class Incoming:
    """The folder of uploads. `reserve` bytes of its disk stay free: the log must go on when files no longer fit."""

    def __init__(self, root: Path, reserve: int):
        self.root, self.reserve = root, reserve

    def require(self, length: int) -> None:
        """Refuse what does not fit. Raises NoSpace."""
        with problems():
            make_folder(self.root)
            if shutil.disk_usage(self.root).free - length < self.reserve:
                raise NoSpace("too little room is left on the disk for files")

    def create(self, upload: uuid.UUID) -> None:
        """Begin an upload. Raises StoreProblem."""
        with problems():
            make_folder(self.root)
            with open(self.root / f"{upload}.part", "xb") as file:
                os.fchmod(file.fileno(), 0o600)
                file.write(cipher.new_header())
                file.flush()
                os.fsync(file.fileno())
            sync_folder(self.root)

    def discard(self, upload: uuid.UUID) -> None:
        """Leave nothing of an upload."""
        with problems():
            for ending in ("part", "tail", "new"):
                (self.root / f"{upload}.{ending}").unlink(missing_ok=True)

    def uploads(self) -> set[uuid.UUID]:
        """The uploads of which something lies here."""
        found = set()
        for path in self.root.glob("*.*") if self.root.is_dir() else ():
            try:
                found.add(uuid.UUID(path.stem))
            except ValueError:
                continue
        return found

    def age(self, upload: uuid.UUID) -> dt.timedelta:
        """How long nothing was written to an upload."""
        written = [path.stat().st_mtime for path in self.root.glob(f"{upload}.*")]
        return dt.timedelta(seconds=time.time() - max(written, default=0))

    @contextmanager
    def open(self, upload: uuid.UUID, key: bytes, bound: bytes) -> Iterator["Part"]:
        """An upload, for one writer at a time. Raises Busy, Missing, Damaged, StoreProblem."""
        path = self.root / f"{upload}.part"
        with problems(), open(path, "r+b", buffering=0) as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise Busy from None
            if not os.fstat(file.fileno()).st_nlink:
                raise Missing("the upload was finished meanwhile")
            if os.fstat(file.fileno()).st_nlink > 1:
                # The store has these very bytes under their address already: they are never written to again.
                raise Linked
            yield Part(path, file, key, bound, self)

    def unlink_from_store(self, upload: uuid.UUID) -> None:
        """Part an upload from the object that a broken-off finish made of it, by copying it."""
        path, copy = self.root / f"{upload}.part", self.root / f"{upload}.new"
        with problems():
            shutil.copyfile(path, copy)
            with open(copy, "rb") as file:
                os.fsync(file.fileno())
            os.chmod(copy, 0o600)
            os.replace(copy, path)
            sync_folder(self.root)


class Linked(StoreProblem):
    """The part is an object of the store too."""


class Part:
    """An upload that is open for writing. `offset` is how much of the plain file has come."""

    def __init__(self, path: Path, file, key: bytes, bound: bytes, incoming: Incoming):
        self.path, self._file, self._incoming = path, file, incoming
        self._bound = bound
        self._cipher = Cipher(key, file.read(cipher.HEADER), bound)
        self._tail_key = HKDF(SHA256(), 32, salt=None, info=b"casework/tail").derive(key)
        self._tail_path = path.with_suffix(".tail")
        self._segments, tail = self._recover()
        # One piece of memory for all segments: fetching new memory takes as long as encrypting what goes in.
        self._held, self._count = bytearray(SEGMENT), 0
        self._hold(tail)

    def _recover(self) -> tuple[int, bytes]:
        certain, tail = self._read_tail()
        size = os.fstat(self._file.fileno()).st_size
        whole = size // SEGMENT
        if whole < certain:
            raise Damaged("the upload lost what was written")
        found = certain
        while found < whole and self._opens(found):
            found += 1
        self._file.truncate(cipher.place(found) if found else cipher.HEADER)
        return found, tail if found == certain else b""

    def _opens(self, segment: int) -> bool:
        self._file.seek(cipher.place(segment))
        try:
            self._cipher.open(segment, self._file.read(cipher.place(segment + 1) - cipher.place(segment)), last=False)
        except Damaged:
            return False
        return True

    def _read_tail(self) -> tuple[int, bytes]:
        try:
            plain = unseal(self._tail_key, self._tail_path.read_bytes(), self._tail_path.stem)
        except FileNotFoundError:
            return 0, b""
        except SealBroken:
            raise Damaged("the upload's end does not open") from None
        return int.from_bytes(plain[:4], "big"), plain[4:]

    @property
    def offset(self) -> int:
        return cipher.starts(self._segments) + self._count

    @property
    def stored(self) -> int:
        """The length of the ciphertext, once finished."""
        return os.fstat(self._file.fileno()).st_size

    def fetch(self, start: int, length: int) -> bytes:
        """Ciphertext, for a Reader."""
        return part_of(self._file, start, length)

    def append(self, data: bytes) -> None:
        """Add bytes of the plain file. They count when `keep` has returned. Raises NoSpace."""
        rest = memoryview(data)
        # A full segment waits for more: it may be the last one.
        while self._count + len(rest) > (room := cipher.room(self._segments)):
            taken = room - self._count
            self._hold(rest[:taken])
            self._write(last=False)
            rest = rest[taken:]
        self._hold(rest)

    def _hold(self, data: bytes | memoryview) -> None:
        memoryview(self._held)[self._count : self._count + len(data)] = data
        self._count += len(data)

    def _write(self, *, last: bool) -> None:
        with memoryview(self._held)[: self._count] as plain:
            sealed = self._cipher.seal(self._segments, plain, last=last)
        self._incoming.require(len(sealed))
        self._file.seek(cipher.place(self._segments))
        rest = memoryview(sealed)
        while rest:
            rest = rest[self._file.write(rest) :]
        self._count = 0
        self._segments += 1

    def keep(self) -> None:
        """Make what was added survive a power cut."""
        os.fsync(self._file.fileno())
        held = self._segments.to_bytes(4, "big") + self._held[: self._count]
        sealed = seal(self._tail_key, held, self._tail_path.stem)
        self._incoming.require(len(sealed))
        new = self._tail_path.with_suffix(".new")
        with open(new, "wb") as file:
            os.fchmod(file.fileno(), 0o600)
            file.write(sealed)
            file.flush()
            os.fsync(file.fileno())
        os.replace(new, self._tail_path)
        sync_folder(self._tail_path.parent)

    def finish(self) -> None:
        """Write the last segment. Until the upload is done with, opening it again undoes this."""
        self._write(last=True)
        os.fsync(self._file.fileno())



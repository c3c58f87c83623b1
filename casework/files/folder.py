"""The default store: a folder of the installation, two levels deep."""

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from .store import ADDRESS, Missing, NoSpace, StoreProblem, make_folder, sync_folder

FULL = (errno.ENOSPC, errno.EDQUOT)


@contextmanager
def problems() -> Iterator[None]:
    """Turns what the operating system says into the words of a store."""
    try:
        yield
    except FileNotFoundError:
        raise Missing("the file is not in the folder") from None
    except OSError as problem:
        if problem.errno in FULL:
            raise NoSpace("the disk is full") from None
        raise StoreProblem(f"the folder cannot be used: {os.strerror(problem.errno or 0)}") from None


def part_of(file: BinaryIO, start: int, length: int) -> bytes:
    """Bytes of an open, unbuffered file: fewer than `length` at its end only."""
    file.seek(start)
    parts = []
    while length > 0 and (piece := file.read(length)):
        parts.append(piece)
        length -= len(piece)
    return b"".join(parts)


class Folder:
    """Objects under `root`, as ab/cd/abcd.... Written once, never changed, for this account only."""

    def __init__(self, root: Path):
        self.root = root

    def path(self, address: str) -> Path:
        if not ADDRESS.fullmatch(address):
            raise ValueError("no address")
        return self.root / address[:2] / address[2:4] / address

    def put(self, address: str, source: Path) -> None:
        target = self.path(address)
        with problems():
            make_folder(target.parent)
            self._link(source, target)
            sync_folder(target.parent)

    def _link(self, source: Path, target: Path) -> None:
        """Give the bytes their name at once: half an object is never seen under an address."""
        with open(source, "rb") as file:
            os.fsync(file.fileno())
            try:
                with suppress(FileExistsError):
                    os.link(source, target)
            except OSError as problem:
                if problem.errno not in (errno.EXDEV, errno.EPERM, errno.EOPNOTSUPP):
                    raise
                self._copy(file, target)
            else:
                # What is read back next is to come from the disk, not from memory.
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)

    @staticmethod
    def _copy(file, target: Path) -> None:
        half = target.with_name(f".{target.name}.{os.getpid()}")
        try:
            with open(half, "xb") as copy:
                shutil.copyfileobj(file, copy, 1 << 20)
                copy.flush()
                os.fsync(copy.fileno())
            os.replace(half, target)
        finally:
            half.unlink(missing_ok=True)

    def read(self, address: str, start: int, length: int) -> bytes:
        with problems(), open(self.path(address), "rb", buffering=0) as file:
            return part_of(file, start, length)

    def size(self, address: str) -> int:
        with problems():
            return self.path(address).stat().st_size

    def delete(self, address: str) -> None:
        path = self.path(address)
        with problems():
            path.unlink(missing_ok=True)

    def objects(self) -> Iterator[tuple[str, float]]:
        with problems():
            for path in self.root.glob("[0-9a-f][0-9a-f]/[0-9a-f][0-9a-f]/*"):
                if ADDRESS.fullmatch(path.name):
                    with suppress(FileNotFoundError):
                        yield path.name, path.stat().st_mtime

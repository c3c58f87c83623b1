"""Three digests of a file in one reading, and manifests of folders.

SHA-256 is what casework goes by. MD5 and SHA-1 are made beside it because most lists of known material hold nothing
else; they prove nothing by themselves (EVIDENCE 8, question 7).
"""

import csv
import datetime as dt
import hashlib
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

ALGORITHMS = ("md5", "sha1", "sha256")
BLOCK = 4 << 20  # bytes read at once
COLUMNS = ("sha256", "sha1", "md5", "size", "modified", "path")
Progress = Callable[[int], None]


@dataclass(frozen=True)
class Digests:
    """What a file is known by. Hexadecimal, lower case; `size` in bytes."""

    md5: str
    sha1: str
    sha256: str
    size: int


class Changed(Exception):
    """A file was changed while it was read: its digests would be of nothing that ever was."""


def digests_of(stream: BinaryIO, progress: Progress = lambda done: None) -> Digests:
    """The digests of what `stream` gives. The three go on side by side; `progress` is told the bytes read so far."""
    makers = [hashlib.new(name, usedforsecurity=False) for name in ALGORITHMS]
    size, buffers = 0, (bytearray(BLOCK), bytearray(BLOCK))
    with ThreadPoolExecutor(len(makers)) as pool:
        at, waiting = 0, []
        while count := stream.readinto(buffers[at]):
            # The next block is read while this one is worked on.
            for one in waiting:
                one.result()
            block = memoryview(buffers[at])[:count]
            waiting = [pool.submit(maker.update, block) for maker in makers]
            size, at = size + count, 1 - at
            progress(size)
        for one in waiting:
            one.result()
    return Digests(*(maker.hexdigest() for maker in makers), size)


def digests_of_file(path: Path, progress: Progress = lambda done: None) -> Digests:
    """As `digests_of`. Raises Changed when the file's size or time is another at the end; OSError as open does."""
    with path.open("rb", buffering=0) as stream:
        before = os.fstat(stream.fileno())
        found = digests_of(stream, progress)
        after = os.stat(path)
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns) or found.size != before.st_size:
        raise Changed(str(path))
    return found


@dataclass(frozen=True)
class Line:
    """A line of a manifest: a file below the folder, by its path with forward slashes."""

    path: str
    modified: str
    digests: Digests


def files_below(folder: Path) -> Iterator[Path]:
    """Every regular file, in an order that does not change; links are not followed."""
    for root, folders, names in os.walk(folder, onerror=_raise):
        folders.sort()
        for name in sorted(names):
            path = Path(root, name)
            if path.is_file() and not path.is_symlink():
                yield path


def _raise(problem: OSError) -> None:
    raise problem


def modified(path: Path) -> str:
    """When a file was changed last: UTC, microseconds."""
    return dt.datetime.fromtimestamp(path.stat().st_mtime, dt.UTC).isoformat(timespec="microseconds")


def read_manifest(path: Path) -> dict[str, Line]:
    """The lines of a manifest by path. A last line that was cut off is left out: a broken-off run goes on from there.

    Raises ValueError for a file that is no manifest.
    """
    whole = path.read_bytes()
    text = whole[: whole.rfind(b"\n") + 1].decode()
    rows = csv.reader(text.splitlines())
    if tuple(next(rows, ())) != COLUMNS:
        raise ValueError(f"{path} is not a manifest of casework hash")
    found = {}
    for sha256, sha1, md5, size, changed, name in rows:
        found[name] = Line(name, changed, Digests(md5, sha1, sha256, int(size)))
    return found


class Manifest:
    """A manifest as it is written, a line for each file as soon as that is done: whoever breaks it off loses one file's
    work. Lines of an earlier run stand when size and time of the file are the same."""

    def __init__(self, path: Path, *, resume: bool = False):
        """Raises FileExistsError when there is one and `resume` is not set, ValueError when it is no manifest."""
        self.known = read_manifest(path) if resume and path.exists() else {}
        if self.known or (resume and path.exists()):
            self._cut(path)
        self._file = path.open("a" if resume else "x", encoding="utf-8", newline="")
        self._writer = csv.writer(self._file, lineterminator="\n")
        if self._file.tell() == 0:
            self._write(COLUMNS)

    @staticmethod
    def _cut(path: Path) -> None:
        """Take a half line off the end."""
        whole = path.read_bytes()
        if not whole.endswith(b"\n"):
            os.truncate(path, whole.rfind(b"\n") + 1)

    def has(self, name: str, size: int, changed: str) -> bool:
        line = self.known.get(name)
        return line is not None and (line.digests.size, line.modified) == (size, changed)

    def add(self, line: Line) -> None:
        found = line.digests
        self._write((found.sha256, found.sha1, found.md5, found.size, line.modified, line.path))

    def _write(self, row: tuple) -> None:
        self._writer.writerow(row)
        self._file.flush()
        os.fsync(self._file.fileno())

    def close(self) -> None:
        self._file.close()

"""A known-hash list on disk: keys in order in one file that never changes, looked up by halving between two marks.

A file is: magic, length of a key in bytes, bits of a mark, number of records; the marks (where the keys with each first
20 bits begin, fewer bits for small lists); then the records: key and a row number of four bytes. Everything is
little-endian but the keys. The file is made beside its name, synced and renamed: whoever reads sees the old or the new.
Memory while making it is bounded: records go to a temporary file, parted by their first bits, and each group is sorted
by itself.
"""

import mmap
import os
import struct
import tempfile
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

MAGIC = b"casework hashes 1\n"
BITS = 20  # of a mark, at most
_HEAD = struct.Struct("<18sHHQ")
ROW = 4  # bytes of a row number
RUN = 1_000_000  # records held in memory at once
PARTED = 12  # first bits by which records are parted: of 100 million, 24,000 are sorted at once
LENGTHS = {"md5": 16, "sha1": 20, "sha256": 32}


class NotAnIndex(Exception):
    """The file is not a list's index, or was cut off."""


def build(path: Path, length: int, records: Iterable[tuple[bytes, int]]) -> int:
    """Write the index of `records` (key of `length` bytes, row number); equal ones stand once. How many there are."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w+b") as out, tempfile.TemporaryFile(dir=path.parent, buffering=1 << 20) as runs:
            total, groups = _parted(records, length, runs)
            bits = min(BITS, max(4, total.bit_length()))
            marks, count = array("Q", bytes(8 * _marks(bits))), 0
            out.write(bytes(_HEAD.size + 8 * len(marks)))
            for number, group in enumerate(groups):
                ordered = _ordered(group, length + ROW)
                for prefix in range(_begin(number, bits), _begin(number + 1, bits)):
                    marks[prefix] = count + bisect_left(ordered, _text((prefix << 24 - bits).to_bytes(3)))
                out.write("".join(ordered).encode("latin-1"))
                count += len(ordered)
            marks[-1] = count
            out.seek(0)
            out.write(_HEAD.pack(MAGIC, length, bits, count))
            out.write(marks.tobytes())
            out.flush()
            os.fsync(out.fileno())
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    return count


def _marks(bits: int) -> int:
    return (1 << bits) + 1


def _first(key: bytes, bits: int) -> int:
    return int.from_bytes(key[:3]) >> (24 - bits)


def _begin(group: int, bits: int) -> int:
    """The first prefix of `bits` that begins in a group."""
    return -(-(group << bits) >> PARTED)


def _text(data: bytes) -> str:
    """Bytes as letters of one byte each: in the same order, and Python sorts them twice as fast."""
    return data.decode("latin-1")


def _ordered(group: bytes, size: int) -> list[str]:
    text = _text(group)
    ordered = sorted([text[at : at + size] for at in range(0, len(text), size)])
    return ordered if len(set(ordered)) == len(ordered) else list(dict.fromkeys(ordered))


def _parted(records: Iterable[tuple[bytes, int]], length: int, runs: BinaryIO) -> tuple[int, Iterator[bytes]]:
    """How many records there are, and they in groups by their first bits, one group after the other."""
    groups: list[list[bytes]] = [[] for _ in range(1 << PARTED)]
    places: list[array] = []  # of each run in the file: where its groups begin
    total = held = 0

    def keep() -> None:
        begins = array("Q", (runs.tell(),))
        for group in groups:
            runs.write(b"".join(group))
            begins.append(begins[-1] + len(group) * (length + ROW))
            group.clear()
        places.append(begins)

    for key, row in records:
        if len(key) != length:
            raise ValueError(f"a key of {len(key)} bytes among keys of {length}")
        groups[key[0] << 4 | key[1] >> 4].append(key + row.to_bytes(ROW, "little"))
        held += 1
        if held == RUN:
            keep()
            total, held = total + held, 0
    if places:
        keep()
        runs.flush()
    return total + held, (_group(number, group, places, runs.fileno()) for number, group in enumerate(groups))


def _group(number: int, held: list[bytes], places: list[array], file: int) -> bytes:
    """A group: what is held in memory of it, or all its pieces in the file."""
    pieces = (os.pread(file, begins[number + 1] - begins[number], begins[number]) for begins in places)
    return b"".join((*held, *pieces))


class Index:
    """An index that is open for looking up. Shared by the threads of a process; the pages are the system's."""

    def __init__(self, path: Path):
        """Raises NotAnIndex, OSError."""
        with path.open("rb") as file:
            self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        head = _HEAD.unpack_from(self._map) if len(self._map) >= _HEAD.size else (b"", 0, 0, 0)
        magic, self.length, self._bits, self.count = head
        self._size = self.length + ROW
        self._start = _HEAD.size + 8 * _marks(self._bits)
        if magic != MAGIC or self._bits > BITS or len(self._map) != self._start + self.count * self._size:
            self._map.close()
            raise NotAnIndex(str(path))
        self._marks = memoryview(self._map)[_HEAD.size : self._start].cast("Q")

    def find(self, key: bytes) -> int | None:
        """The row number of `key`; None when it is not there."""
        first = _first(key, self._bits)
        low, high = self._marks[first], self._marks[first + 1]
        start, size, length, kept = self._start, self._size, self.length, self._map
        while low < high:
            middle = (low + high) >> 1
            at = start + middle * size
            found = kept[at : at + length]
            if found < key:
                low = middle + 1
            elif found > key:
                high = middle
            else:
                return int.from_bytes(kept[at + length : at + size], "little")
        return None

    def close(self) -> None:
        self._marks.release()
        self._map.close()

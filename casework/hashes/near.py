"""PDQ values of a list, found by the number of bits that differ.

A file is: magic, number of records; the records: value and a row number of four bytes; and in a long list, for each of
the 16 pieces of 16 bits that a value has, the records in order of that piece, with marks where each begins. When at
most 31 of 256 bits differ, some piece differs in at most one: only records that have such a piece are compared.
"""

import mmap
import os
import struct
from array import array
from collections.abc import Iterable, Iterator
from pathlib import Path

from .index import ROW, NotAnIndex

MAGIC = b"casework near 1\n"
NEAR = 31  # bits that may differ, the common threshold
LENGTH = 32  # bytes of a value
PIECES = 16
SCANNED = 2_000  # a list of no more records is compared whole
_HEAD = struct.Struct("<16sQ")
_SIZE = LENGTH + ROW
_MARKS = (1 << 16) + 1


def build(path: Path, records: Iterable[tuple[bytes, int]]) -> int:
    """Write the file of `records` (value, row number). How many there are."""
    pieces = [array("H") for _piece in range(PIECES)]
    with path.open("xb") as out:
        out.write(bytes(_HEAD.size))
        for value, row in records:
            out.write(value + row.to_bytes(ROW, "little"))
            for piece, held in zip(struct.unpack(f">{PIECES}H", value), pieces, strict=True):
                held.append(piece)
        count = len(pieces[0])
        for held in pieces if count > SCANNED else ():
            order = sorted(range(count), key=held.__getitem__)
            marks, at = array("I", bytes(4 * _MARKS)), 0
            for place, record in enumerate(order):
                while at <= held[record]:
                    marks[at] = place
                    at += 1
            for rest in range(at, _MARKS):
                marks[rest] = count
            out.write(marks.tobytes())
            out.write(array("I", order).tobytes())
        out.seek(0)
        out.write(_HEAD.pack(MAGIC, count))
        out.flush()
        os.fsync(out.fileno())
    return count


class Near:
    """A file that is open for looking up; shared by the threads of a process."""

    def __init__(self, path: Path):
        """Raises NotAnIndex, OSError."""
        with path.open("rb") as file:
            self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        magic, self.count = _HEAD.unpack_from(self._map) if len(self._map) >= _HEAD.size else (b"", 0)
        self._ordered = self.count > SCANNED
        self._start = _HEAD.size + self.count * _SIZE
        piece = 4 * (_MARKS + self.count) * self._ordered
        if magic != MAGIC or len(self._map) != self._start + PIECES * piece:
            self._map.close()
            raise NotAnIndex(str(path))
        self._view = memoryview(self._map)
        self._pieces = [self._view[self._start + at * piece :][:piece].cast("I") for at in range(PIECES)]

    def find(self, value: bytes, most: int = NEAR) -> tuple[int, int] | None:
        """Row number and distance of the nearest record at which at most `most` bits (31 at most) differ."""
        wanted, best = int.from_bytes(value), (most + 1, 0)
        for at in self._candidates(value):
            found = self._map[at : at + _SIZE]
            distance = (int.from_bytes(found[:LENGTH]) ^ wanted).bit_count()
            if distance < best[0]:
                best = (distance, int.from_bytes(found[LENGTH:], "little"))
        return None if best[0] > most else (best[1], best[0])

    def _candidates(self, value: bytes) -> Iterator[int]:
        """Where the records to compare begin."""
        if not self._ordered:
            yield from range(_HEAD.size, self._start, _SIZE)
            return
        for piece, held in zip(struct.unpack(f">{PIECES}H", value), self._pieces, strict=True):
            for near in (piece, *(piece ^ (1 << bit) for bit in range(16))):
                for record in held[_MARKS + held[near] : _MARKS + held[near + 1]]:
                    yield _HEAD.size + record * _SIZE

    def close(self) -> None:
        for piece in self._pieces:
            piece.release()
        self._view.release()
        self._map.close()

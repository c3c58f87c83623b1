"""ZIP archives, read strictly: every byte belongs to a member or to the directory, and every member is looked at.

Readers differ in what they make of gaps, of two directories, of lengths that disagree; whatever they could differ
about is refused, so that nothing hides between what this module reads and what somebody else's program opens.
"""

import stat
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from . import media
from .refusal import NotTaken

MEMBERS = 5000
MEMBER = 64 << 20  # bytes of one member, unpacked
TOTAL = 512 << 20
RATIO = 200
RATIO_FROM = 1 << 20  # small members of blanks compress to nearly nothing
DEPTH = 3
EXTRA = 1024

_LOCAL, _CENTRAL, _END = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"
_DESCRIPTOR = b"PK\x07\x08"
_STORED, _DEFLATED = 0, 8
_LOCKED, _DESCRIBED, _UTF8 = 1, 8, 0x800


@dataclass
class Member:
    """One entry of the directory."""

    name: str
    flags: int
    method: int
    crc: int
    packed: int
    size: int
    place: int
    raw_name: bytes


def _exactly(file, place: int, length: int) -> bytes:
    file.seek(place)
    data = file.read(length)
    if len(data) != length:
        raise NotTaken("damaged", "ZIP")
    return data


def members(file, size: int) -> list[Member]:
    """The directory of the archive in a seekable `file` of `size` bytes, in order of place. Raises NotTaken."""
    if size < 22:
        raise NotTaken("damaged", "ZIP")
    end = _exactly(file, size - 22, 22)
    # A comment would put the end elsewhere, and is a place to hide in.
    if end[:4] != _END or end[20:22] != b"\0\0":
        raise NotTaken("damaged", "ZIP")
    disk, disk2, here, count, length, place = struct.unpack("<HHHHII", end[4:20])
    if disk or disk2 or here != count or place + length != size - 22:
        raise NotTaken("damaged", "ZIP")
    if not 0 < count <= MEMBERS:
        raise NotTaken("packed")
    directory, found, at = _exactly(file, place, length), [], 0
    for _number in range(count):
        one, at = _entry(directory, at)
        found.append(one)
    if at != length or len({m.name.casefold() for m in found}) != count:
        raise NotTaken("damaged", "ZIP")
    found.sort(key=lambda one: one.place)
    _check_places(file, found, place)
    return found


def _entry(directory: bytes, at: int) -> tuple[Member, int]:
    if directory[at : at + 4] != _CENTRAL or len(directory) < at + 46:
        raise NotTaken("damaged", "ZIP")
    (made_by, _needs, flags, method, _time, _date, crc, packed, size, name_length, extra_length, comment_length,
     _disk, _internal, external, place) = struct.unpack("<HHHHHHIIIHHHHHII", directory[at + 4 : at + 46])
    raw = directory[at + 46 : at + 46 + name_length]
    extra = directory[at + 46 + name_length : at + 46 + name_length + extra_length]
    name = raw.decode("utf-8" if flags & _UTF8 else "cp437", "replace")
    if flags & _LOCKED:
        raise NotTaken("locked", path=name)
    if comment_length or len(extra) > EXTRA or media.anywhere(extra) or method not in (_STORED, _DEFLATED):
        raise NotTaken("damaged", "ZIP", name)
    if made_by >> 8 == 3 and stat.S_IFMT(external >> 16) not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise NotTaken("damaged", "ZIP", name)
    if name.startswith(("/", "\\")) or "\\" in name or "\0" in name or ".." in name.split("/") or ":" in name:
        raise NotTaken("damaged", "ZIP", name)
    return Member(name, flags, method, crc, packed, size, place, raw), at + 46 + len(raw) + len(extra)


def _check_places(file, found: list[Member], directory: int) -> None:
    """Each member begins where the one before ends, and the directory where the last one does."""
    expected = 0
    for one in found:
        if one.place != expected:
            raise NotTaken("damaged", "ZIP", one.name)
        header = _exactly(file, one.place, 30)
        flags, method, _time, _date, crc, packed, size, name_length, extra_length = struct.unpack(
            "<HHHHIIIHH", header[6:30])
        raw = _exactly(file, one.place + 30, name_length)
        extra = _exactly(file, one.place + 30 + name_length, extra_length)
        described = flags & _DESCRIBED
        same = (described or (crc, packed, size) == (one.crc, one.packed, one.size))
        if header[:4] != _LOCAL or raw != one.raw_name or method != one.method or not same:
            raise NotTaken("damaged", "ZIP", one.name)
        if flags & _LOCKED:
            raise NotTaken("locked", path=one.name)
        if extra_length > EXTRA or media.anywhere(extra):
            raise NotTaken("damaged", "ZIP", one.name)
        one.place += 30 + name_length + extra_length
        expected = one.place + one.packed
        if described:
            expected += _described(file, one, expected)
    if expected != directory:
        raise NotTaken("damaged", "ZIP")


def _described(file, one: Member, place: int) -> int:
    """The length of the descriptor behind a member: with a mark or without."""
    plain = struct.pack("<III", one.crc, one.packed, one.size)
    marked = _exactly(file, place, 16)
    if marked == _DESCRIPTOR + plain:
        return 16
    if marked[:12] == plain:
        return 12
    raise NotTaken("damaged", "ZIP", one.name)


def contents(file, found: list[Member], spent: list[int]) -> Iterator[tuple[Member, bytes]]:
    """Each member that is no folder, unpacked. `spent` counts the bytes of the whole file, archives within archives
    included. Raises NotTaken."""
    for one in found:
        if one.name.endswith("/"):
            if one.size or one.packed > len(b"\3\0"):
                raise NotTaken("damaged", "ZIP", one.name)
            continue
        if one.size > MEMBER or (one.size > RATIO_FROM and one.size > RATIO * max(one.packed, 1)):
            raise NotTaken("packed", path=one.name)
        data = _unpack(one, _exactly(file, one.place, one.packed))
        spent[0] += len(data)
        if spent[0] > TOTAL:
            raise NotTaken("packed", path=one.name)
        yield one, data


def _unpack(one: Member, packed: bytes) -> bytes:
    if one.method == _STORED:
        data = packed
    else:
        inflate = zlib.decompressobj(-15)
        try:
            # One byte more than it says: lengths are not believed.
            data = inflate.decompress(packed, one.size + 1)
        except zlib.error:
            raise NotTaken("damaged", "ZIP", one.name) from None
        if not inflate.eof or inflate.unused_data or inflate.unconsumed_tail:
            raise NotTaken("damaged", "ZIP", one.name)
    if len(data) != one.size or zlib.crc32(data) != one.crc:
        raise NotTaken("damaged", "ZIP", one.name)
    return data

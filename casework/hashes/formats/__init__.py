"""Hash lists and tool reports as their makers write them, read line by line into one form.

`read(path, kind)` gives a `Row` for each entry, or a `Wrong` with its line (or entry) number and what to do. Nothing of
a file is kept in memory but the entry at hand. The formats are told by EVIDENCE 4.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from .entry import Row, Wrong
from .hashsharing import read_hashsharing
from .icse import read_icse
from .lines import read_csv, read_hashdeep, read_plain
from .nsrl import read_nsrl
from .vics import read_vics

__all__ = ["FORMATS", "Row", "Wrong", "read", "recognise"]


@dataclass(frozen=True)
class Format:
    """`read` takes the path; `looks` takes the first bytes of a file and says whether it may be one."""

    read: Callable[[Path], Iterator[Row | Wrong]]
    looks: Callable[[bytes], bool] = field(repr=False)


FORMATS = {
    "vics": Format(read_vics, lambda head: b"VICSDATAMODEL" in head or b"ProjectVic/DataModels" in head),
    "icse": Format(read_icse, lambda head: head.upper().startswith(b"MD5;SHA1;")),
    "nsrl": Format(read_nsrl, lambda head: head.startswith(b"SQLite format 3\0")),
    "hashsharing": Format(read_hashsharing, lambda head: b"hashsharing.ncmec.org" in head),
    "hashdeep": Format(read_hashdeep, lambda head: head.startswith(b"%%%% HASHDEEP")),
    "csv": Format(read_csv, lambda head: b"," in head.split(b"\n")[0] and _names_a_digest(head)),
    "plain": Format(read_plain, lambda head: True),
}


def _names_a_digest(head: bytes) -> bool:
    first = head.split(b"\n")[0].lower().replace(b"-", b"")
    return any(name in first for name in (b"md5", b"sha1", b"sha256", b"pdq", b"photodna"))


def recognise(path: Path) -> str:
    """The name of the format that a file seems to have."""
    with path.open("rb") as file:
        head = file.read(4096).removeprefix(b"\xef\xbb\xbf").lstrip()
    return next(name for name, one in FORMATS.items() if one.looks(head))


def read(path: Path, kind: str) -> Iterator[Row | Wrong]:
    """The entries of a file of the format `kind`, a key of FORMATS."""
    return FORMATS[kind].read(path)

"""Formats of one entry a line: hashdeep, CSV of forensic tools, a plain column of digests."""

import csv
import re
from collections.abc import Iterator
from pathlib import Path

from schemas.hashes import ALGORITHMS, PERCEPTUAL

from .entry import LENGTHS, Row, Wrong, entry

CSV_SIZE = 1 << 20  # characters of one field
_BY_LENGTH = {length: name for name, length in LENGTHS.items()}
# Columns as tools name them, letters and digits alone.
COLUMNS = {
    "md5": {"md5", "md5hash", "hashmd5"},
    "sha1": {"sha1", "sha1hash", "hashsha1"},
    "sha256": {"sha256", "sha256hash", "hashsha256"},
    "pdq": {"pdq", "pdqhash"},
    "photodna": {"photodna", "pdna", "photodnahash"},
    "size": {"size", "filesize", "logicalsize", "length", "sizebytes"},
    "label": {"label", "category", "classification", "tag", "tags", "set", "hashset"},
    "series": {"series", "seriesname"},
    "name": {"name", "filename", "path", "filepath", "fullpath"},
}


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def mapping(header: list[str], chosen: dict[str, str] | None = None) -> dict[str, int]:
    """Which column holds what: as `chosen` (what -> column's name), else by the names tools use."""
    plain = [_plain(name) for name in header]
    found = {}
    for what, names in COLUMNS.items():
        wanted = {_plain(chosen[what])} if chosen and what in chosen else names
        place = next((at for at, name in enumerate(plain) if name in wanted), None)
        if place is not None:
            found[what] = place
    return found


def read_csv(path: Path, chosen: dict[str, str] | None = None) -> Iterator[Row | Wrong]:
    """Comma, semicolon or tab between the fields; the first line names them."""
    csv.field_size_limit(CSV_SIZE)
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        first = file.readline()
        file.seek(0)
        mark = max(",;\t", key=first.count)
        rows = csv.reader((line.replace("\0", "") for line in file), delimiter=mark)
        columns = mapping(next(rows, []), chosen)
        if not set(columns) & set(ALGORITHMS):
            yield Wrong(1, "bad_file")
            return
        for row in rows:
            if not any(row):
                continue
            if len(row) <= max(columns.values()):
                yield Wrong(rows.line_num, "bad_row")
                continue
            said = {what: row[place].strip() for what, place in columns.items()}
            digests = {name: said.pop(name) for name in LENGTHS if name in said}
            similar = {name: value for name in PERCEPTUAL if (value := said.pop(name, ""))}
            if "size" in said:
                said["size"] = said["size"].replace(",", "").replace(" ", "")
            yield entry(rows.line_num, digests, perceptual=similar, **said)


def read_hashdeep(path: Path) -> Iterator[Row | Wrong]:
    """`hashdeep -c md5,sha1,sha256`: `%%%%` lines, then size, digests, name; a name may hold commas."""
    columns: list[str] = []
    with path.open(encoding="utf-8", errors="replace") as file:
        for number, line in enumerate(file, 1):
            line = line.rstrip("\r\n")
            if line.startswith("%%%% "):
                if not line.startswith("%%%% HASHDEEP"):
                    columns = [name.strip() for name in line[5:].split(",")]
            elif line and not line.startswith("#"):
                parts = line.split(",", max(len(columns) - 1, 0))
                if len(parts) != len(columns) or len(columns) < 2:
                    yield Wrong(number, "bad_row")
                    continue
                said = dict(zip(columns, parts, strict=True))
                yield entry(number, {name: said[name] for name in LENGTHS if name in said}, size=said.get("size"),
                            name=said.get("filename"))


def read_plain(path: Path) -> Iterator[Row | Wrong]:
    """One digest a line, of any of the three; what follows it (md5sum's name) is the name."""
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        for number, line in enumerate(file, 1):
            parts = line.strip().split(None, 1)
            if not parts or parts[0].startswith("#"):
                continue
            algorithm = _BY_LENGTH.get(len(parts[0]))
            if algorithm is None:
                yield Wrong(number, "bad_digest", parts[0][:80])
                continue
            yield entry(number, {algorithm: parts[0]}, name=parts[1].lstrip("*") if len(parts) > 1 else None)

"""A tool's report as a table: columns that may be told apart, rows, and what cannot be read.

Names and paths of files are left out at once: they may be explicit, and nothing here needs them.
"""

import csv
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from schemas.hashes import ALGORITHMS, PERCEPTUAL, canonical_hash
from schemas.problems import BadIdentifier

from .formats import FORMATS, Row, Wrong
from .formats.entry import LENGTHS, entry
from .formats.lines import mapping

ROWS = 2000  # of a report: they are recorded in one transaction, which nobody should wait for too long
BYTES = 16 << 20
COLUMN_LIMIT = 60
HEADER = 16_384  # characters of the line of column names
CELL = 400  # characters of a cell
TITLES = {"sha256": "SHA-256", "sha1": "SHA-1", "md5": "MD5", "pdq": "PDQ", "photodna": "PhotoDNA", "size": "Size",
          "label": "Category"}
MEANINGS = tuple(TITLES)  # what a column may hold
KNOWN = ("vics", "icse", "hashdeep")
SAMPLE = 50  # rows that a guess looks at
_NAMED = re.compile(r"name|path|folder|director|title|comment|note|keyword|url")
_LIKE_A_NAME = re.compile(r"[\\/]|\.\w{2,4}$")
_NO_TEXT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")


class NotAReport(Exception):
    """The file is not taken. `code`: not_text, too_large, too_long, unknown, empty."""

    def __init__(self, code: str):
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Table:
    """A report. `rows`: number of the line (of the entry, in VICS) and its cells; `left_out`: columns of names."""

    kind: str
    columns: list[str]
    rows: list[tuple[int, list[str]]]
    wrong: list[tuple[int, str, str]] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


class _Held:
    """Text in memory that a reader of formats opens as it would a path: nothing of it goes to the disk."""

    def __init__(self, text: str):
        self._data = text.encode()

    def open(self, mode: str = "r", **how: Any) -> Any:
        return io.BytesIO(self._data) if "b" in mode else io.TextIOWrapper(io.BytesIO(self._data), **how)


def read_table(data: bytes) -> Table:
    """The table of a report: CSV of any tool, hashdeep, VICS 1.3 or 2.0, ICSE. Raises NotAReport."""
    text = _text(data)
    head = text[:4096].lstrip().encode()
    kind = next((name for name in KNOWN if FORMATS[name].looks(head)), "csv")
    table = _csv_table(text) if kind == "csv" else _known_table(text, kind)
    if not table.rows and not table.wrong:
        raise NotAReport("empty")
    return table


def _text(data: bytes) -> str:
    """UTF-8, or UTF-16 with its mark, as some tools write it."""
    if len(data) > BYTES:
        raise NotAReport("too_large")
    try:
        text = data.decode("utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    except UnicodeDecodeError:
        raise NotAReport("not_text") from None
    if _NO_TEXT.search(text):
        raise NotAReport("not_text")
    return text


def _known_table(text: str, kind: str) -> Table:
    """A format whose fields are known: its columns are our meanings."""
    rows, wrong = [], []
    for one in FORMATS[kind].read(_Held(text)):
        if len(rows) + len(wrong) >= ROWS:
            raise NotAReport("too_long")
        if isinstance(one, Wrong):
            wrong.append((one.line, one.problem, one.value))
        else:
            values = {**one.digests, **one.perceptual, "size": one.size, "label": one.label}
            rows.append((one.line, [str(values.get(name) or "")[:CELL] for name in TITLES]))
    used = [at for at in range(len(TITLES)) if any(cells[at] for _line, cells in rows)]
    columns = list(TITLES.values())
    rows = [(line, [cells[at] for at in used]) for line, cells in rows]
    return Table(kind, [columns[at] for at in used], rows, wrong)


def _csv_table(text: str) -> Table:
    first = text.partition("\n")[0]
    mark = max(",;\t", key=first.count)
    if not first.count(mark) or len(first) > HEADER:
        raise NotAReport("unknown")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=mark)
    rows, wrong = [], []
    try:
        header = [name.strip() for name in next(reader)]
    except csv.Error:
        raise NotAReport("unknown") from None
    try:
        for cells in reader:
            if not any(cells):
                continue
            if len(rows) + len(wrong) >= ROWS:
                raise NotAReport("too_long")
            if len(cells) < len(header):
                wrong.append((reader.line_num, "bad_row", ""))
            else:
                rows.append((reader.line_num, [cell.strip() for cell in cells[: len(header)]]))
    except csv.Error:
        wrong.append((reader.line_num, "bad_file", ""))
    if len(header) > COLUMN_LIMIT:
        raise NotAReport("unknown")
    kept = [at for at, name in enumerate(header) if not _names_files(name, [cells[at] for _line, cells in rows])]
    table = [(line, [cells[at][:CELL] for at in kept]) for line, cells in rows]
    left_out = [name[:80] for at, name in enumerate(header) if at not in kept]
    return Table("csv", [header[at][:80] or f"#{at + 1}" for at in kept], table, wrong, left_out)


def _names_files(header: str, cells: list[str]) -> bool:
    """Whether a column holds names or paths of files, or says anything in words of its own."""
    if set(mapping([header])) - {"name", "series"}:
        return False
    if set(mapping([header])) or _NAMED.search(header.lower()):
        return True
    return any(_LIKE_A_NAME.search(cell) and not any(_is(name, cell) for name in ALGORITHMS) for cell in cells)


def _is(algorithm: str, cell: str) -> bool:
    try:
        return bool(canonical_hash(algorithm, cell))
    except BadIdentifier:
        return False


def guess(table: Table) -> dict[str, int]:
    """Which column means what: by the name that tools give it, else by what stands in its first cells."""
    found = {what: at for what, at in mapping(table.columns).items() if what in MEANINGS}
    for at in range(len(table.columns)):
        cells = [cells[at] for _line, cells in table.rows[:SAMPLE] if cells[at]]
        for name in LENGTHS:
            fits = sum(_is(name, cell) for cell in cells)
            if name not in found and at not in found.values() and fits > len(cells) / 2:
                found[name] = at
    return found


def entries(table: Table, chosen: Mapping[str, int]) -> Iterator[Row | Wrong]:
    """The rows as entries, by the columns that were chosen for each meaning; what could not be read at all first. An
    entry that names the same file as one before is wrong."""
    for line, problem, value in table.wrong:
        yield Wrong(line, problem, value)
    seen: dict[Any, int] = {}
    for line, cells in table.rows:
        said = {what: cells[at] for what, at in chosen.items()}
        one = entry(
            line, {name: said.get(name) for name in LENGTHS}, label=said.get("label"),
            size=said.get("size", "").replace(",", "").replace(" ", ""),
            perceptual={name: said[name] for name in PERCEPTUAL if said.get(name)},
        )
        if isinstance(one, Row):
            key = one.digests.get("sha256") or (one.digests.get("sha1"), one.digests.get("md5"))
            before = seen.setdefault(key, line)
            if before != line and any(one.digests.values()):
                one = Wrong(line, "twice", str(before))
        yield one

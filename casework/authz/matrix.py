"""The matrix of `etc/matrix.csv`: 43 rows, 13 roles, each cell in a small language.

    cell       :=  "-"  |  term (";" term)*
    term       :=  levels [conditions] [":" note]  |  word
    levels     :=  one or more of M R W A
    conditions :=  condition ("," condition)*

`M` metadata, `R` read, `W` create and add versions (includes R), `A` approve. A note is for people. A cell may also
hold one of the words in `WORDS` (`agg`: aggregates only, and the like), which give no access to any record.
A row, role or condition that the program does not know stops the start.
"""

import csv
import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from .identity import ROLES

ROWS = 43
LEVELS = "MRWA"
INCLUDES = {"M": {"M"}, "R": {"M", "R"}, "W": {"M", "R", "W"}, "A": {"M", "A"}}
CONDITIONS = frozenset({
    "a", "g", "u", "s1", "s2", "c", "x", "2", "own", "30d", "request", "compartment", "chief", "accepted",
    "for_file", "caregiver", "focal",
})
WORDS = frozenset({
    "agg", "own", "match", "last8", "propose", "propose_own_agency", "own_office", "own_agency", "own_hotline",
    "own_activity", "all_suppressed", "log_only", "one_record", "label", "file_version", "suppressed_tables",
    "chain_status", "counts", "run",
})
_TERM = re.compile(r"^(?P<levels>[MRWA]+)(?:\s+(?P<conditions>[a-z0-9_,]+))?$")


class MatrixError(Exception):
    """The matrix file cannot be used; the message names the row and the cell."""


@dataclass(frozen=True)
class Term:
    """One way to get at a record: levels, the conditions that must all hold, and a note for people."""

    levels: frozenset[str]
    conditions: tuple[str, ...]
    note: str = ""

    def __str__(self) -> str:
        letters = "".join(letter for letter in LEVELS if letter in self.levels)
        return " ".join(filter(None, (letters, ",".join(self.conditions))))


@dataclass(frozen=True)
class Cell:
    """What one role has on one row."""

    text: str
    terms: tuple[Term, ...] = ()
    words: tuple[str, ...] = ()

    def may(self, level: str) -> bool:
        """Whether any term could give `level`, whatever the record."""
        return any(level in term.levels for term in self.terms)


@dataclass(frozen=True)
class Row:
    """One row: its number in the printed matrix, its key in the program, its names, and a cell per role."""

    number: int
    key: str
    title_en: str
    title_km: str
    cells: dict[str, Cell]


@dataclass(frozen=True)
class Matrix:
    """The whole matrix and the SHA-256 of its file."""

    rows: dict[str, Row]
    sha256: str

    def cell(self, row: str, role: str) -> Cell:
        """Raises KeyError for a row or role that does not exist."""
        return self.rows[row].cells[role]


def parse_cell(text: str) -> Cell:
    """A cell from its text. Raises ValueError with what is not understood."""
    text = text.strip()
    if text == "-":
        return Cell(text)
    terms, words = [], []
    for part in text.split(";"):
        head, _, note = part.strip().partition(":")
        head = head.strip()
        match = _TERM.match(head)
        if match:
            conditions = tuple(filter(None, (match["conditions"] or "").split(",")))
            unknown = [c for c in conditions if c not in CONDITIONS]
            if unknown:
                raise ValueError(f"condition {unknown[0]!r} is not known")
            levels = set().union(*(INCLUDES[letter] for letter in match["levels"]))
            terms.append(Term(frozenset(levels), conditions, note.strip()))
        elif head in WORDS:
            words.append(head)
        else:
            raise ValueError(f"{head!r} is not understood")
    return Cell(text, tuple(terms), tuple(words))


def load(path: Path) -> Matrix:
    """The matrix in `path`. Raises MatrixError."""
    data = path.read_bytes()
    rows: dict[str, Row] = {}
    reader = csv.DictReader(data.decode("utf-8").splitlines())
    expected = ["number", "key", "title_en", "title_km", *ROLES]
    if reader.fieldnames != expected:
        raise MatrixError(f"{path.name}: the columns must be {', '.join(expected)}")
    for line in reader:
        if line["key"] in rows:
            raise MatrixError(f"{path.name}: row {line['key']} stands twice")
        cells = {}
        for role in ROLES:
            try:
                cells[role] = parse_cell(line[role] or "")
            except ValueError as problem:
                raise MatrixError(f"{path.name}: row {line['key']}, {role}: {problem}") from None
        rows[line["key"]] = Row(int(line["number"]), line["key"], line["title_en"], line["title_km"], cells)
    if [row.number for row in rows.values()] != list(range(1, ROWS + 1)):
        raise MatrixError(f"{path.name}: the rows must be numbered from 1 to {ROWS} without gaps")
    return Matrix(rows, hashlib.sha256(data).hexdigest())

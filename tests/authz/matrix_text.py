"""What the text of `etc/matrix.csv` gives a reader: a few lines of their own, never the program's parser."""

import csv
from pathlib import Path

from casework.authz.identity import ROLES

FILE = Path(__file__).parents[2] / "etc" / "matrix.csv"

# Rows whose records come later: no record type may claim them, so they are denied to all. This list only shrinks.
LATER = frozenset({
    "interview", "interview.recording", "label",
    "detention", "takedown", "international.request", "plan.action", "activity",
    "statistics", "code.lists", "retention",
})
# Rows of the program itself: no scoped record, their pages are tested with the accounts and the log.
PAGES = frozenset({"audit.log", "export", "users"})
ALWAYS = {"2", "request"}

Cells = dict[tuple[str, str], str]


def cells(file: Path = FILE) -> Cells:
    """The text of every cell by row and role."""
    with file.open(encoding="utf-8", newline="") as lines:
        return {(line["key"], role): line[role] for line in csv.DictReader(lines) for role in ROLES}


def terms(cell: str) -> list[tuple[set[str], set[str]]]:
    """The levels and conditions of each part of a cell that gives any."""
    found = []
    for part in cell.split(";"):
        words = part.split(":")[0].split()
        if words and not set(words[0]) - set("MRWA"):
            found.append((set(words[0]), set(words[1].split(",")) if len(words) > 1 else set()))
    return found


def expected(cell: str, facts: frozenset[str]) -> set[str]:
    """The levels that a cell's text gives a reader for whom `facts` hold."""
    levels: set[str] = set()
    for letters, conditions in terms(cell):
        if conditions <= facts | ALWAYS:
            levels |= letters | {"M"} | ({"R"} if "W" in letters else set())
    return levels

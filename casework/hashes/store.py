"""Where the entries of a list lie: one index for each algorithm, and what the list says of each entry in a SQLite file.

A list's folder is made whole beside its name and renamed: there is never half a list.
"""

import hashlib
import shutil
import sqlite3
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from . import near
from .formats import Row, Wrong
from .index import LENGTHS, Index, build

SAID = "said.sqlite"
BATCH = 10_000
WRONG_KEPT = 1_000  # wrong entries that a report names


@dataclass
class Count:
    """What a file holds: usable entries, those the list takes back, wrong ones (the first of them named)."""

    rows: int = 0
    gone: int = 0
    wrong: int = 0
    problems: list[Wrong] = field(default_factory=list)
    labels: dict[str, int] = field(default_factory=dict)
    by_algorithm: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Said:
    """What a list says of an entry. `distance`: bits that differ, where the entry is similar and not the same."""

    label: str | None
    series: str | None
    distance: int | None = None


def counted(entries: Iterable[Row | Wrong], count: Count) -> Iterator[Row]:
    """The usable entries, while `count` grows."""
    for one in entries:
        if isinstance(one, Wrong):
            count.wrong += 1
            if len(count.problems) < WRONG_KEPT:
                count.problems.append(one)
            continue
        if one.gone:
            count.gone += 1
        else:
            count.rows += 1
            if one.label:
                count.labels[one.label] = count.labels.get(one.label, 0) + 1
            for algorithm in one.digests:
                count.by_algorithm[algorithm] = count.by_algorithm.get(algorithm, 0) + 1
        yield one


def write(folder: Path, rows: Iterable[Row]) -> None:
    """Make the list's folder of its usable entries. Raises FileExistsError when there is one."""
    if folder.exists():
        raise FileExistsError(str(folder))
    folder.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    made = Path(tempfile.mkdtemp(prefix=".list-", dir=folder.parent))
    try:
        with closing(sqlite3.connect(made / SAID)) as said:
            _write_said(said, rows)
            for algorithm, length in LENGTHS.items():
                found = said.execute(
                    "SELECT value, number FROM digest WHERE algorithm = ? AND value NOT IN "
                    "(SELECT value FROM gone WHERE algorithm = ?)", (algorithm, algorithm))
                build(made / algorithm, length, ((value, number) for value, number in found))
            found = said.execute("SELECT value, number FROM perceptual WHERE kind = 'pdq' ORDER BY number")
            near.build(made / "pdq", ((bytes.fromhex(value), number) for value, number in found))
            said.execute("DELETE FROM perceptual WHERE kind = 'pdq'")
            said.execute("DROP TABLE digest")
            said.execute("DROP TABLE gone")
            said.commit()
            said.execute("VACUUM")
        made.rename(folder)
    except BaseException:
        shutil.rmtree(made, ignore_errors=True)
        raise


def _write_said(said: sqlite3.Connection, rows: Iterable[Row]) -> None:
    said.executescript("""
        PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF;
        CREATE TABLE entry (number INTEGER PRIMARY KEY, label TEXT, series TEXT);
        CREATE TABLE perceptual (kind TEXT, value TEXT, number INTEGER);
        CREATE TABLE digest (algorithm TEXT, value BLOB, number INTEGER);
        CREATE TABLE gone (algorithm TEXT, value BLOB);
    """)
    entries, digests, gone, perceptual = [], [], [], []

    def keep() -> None:
        said.executemany("INSERT INTO entry VALUES (?, ?, ?)", entries)
        said.executemany("INSERT INTO digest VALUES (?, ?, ?)", digests)
        said.executemany("INSERT INTO gone VALUES (?, ?)", gone)
        said.executemany("INSERT INTO perceptual VALUES (?, ?, ?)", perceptual)
        for made in (entries, digests, gone, perceptual):
            made.clear()

    for number, row in enumerate(rows):
        values = [(algorithm, bytes.fromhex(value)) for algorithm, value in row.digests.items()]
        if row.gone:
            gone += values
        else:
            entries.append((number, row.label, row.series))
            digests += [(algorithm, value, number) for algorithm, value in values]
            perceptual += [(kind, value, number) for kind, value in row.perceptual.items()]
        if len(entries) >= BATCH:
            keep()
    keep()
    said.execute("CREATE INDEX gone_value ON gone (algorithm, value)")
    said.execute("CREATE INDEX perceptual_value ON perceptual (kind, value)")
    said.commit()


class ListFiles:
    """A list that is open for looking up."""

    def __init__(self, folder: Path):
        self._indexes = {name: Index(folder / name) for name in LENGTHS}
        self._near = near.Near(folder / "pdq")
        self._said = sqlite3.connect(f"file:{folder / SAID}?mode=ro&immutable=1", uri=True, check_same_thread=False)

    def find(self, algorithm: str, value: str) -> Said | None:
        """What the list says of a digest (hexadecimal); None when it does not have it."""
        number = self._indexes[algorithm].find(bytes.fromhex(value))
        return None if number is None else self._of(number)

    def similar(self, kind: str, value: str) -> Said | None:
        """As `find` for a perceptual hash: PDQ by the number of bits that differ, any other by equality."""
        if kind == "pdq":
            found = self._near.find(bytes.fromhex(value))
            return None if found is None else self._of(*found)
        rows = self._said.execute("SELECT number FROM perceptual WHERE kind = ? AND value = ?", (kind, value))
        number = next(rows, (None,))[0]
        return None if number is None else self._of(number)

    def _of(self, number: int, distance: int | None = None) -> Said:
        label, series = self._said.execute("SELECT label, series FROM entry WHERE number = ?", (number,)).fetchone()
        return Said(label, series, distance)

    def close(self) -> None:
        for one in (*self._indexes.values(), self._near):
            one.close()
        self._said.close()


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

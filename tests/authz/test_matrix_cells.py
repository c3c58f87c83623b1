"""Every cell of the matrix against the program: what the file says is what each reader gets, and nothing else.

What is expected is worked out from the text of the file by the few lines below, never by the program's own parser.
"""

import csv
from collections import defaultdict
from pathlib import Path

import pytest
from sqlalchemy import func, select

import casework.models  # noqa: F401
from casework.authz.access import access_to
from casework.authz.conditions import rows_of
from casework.authz.identity import ROLES
from casework.authz.matrix import MatrixError, load
from casework.authz.scope import Scoped, use_matrix
from casework.db.base import Base
from tests.support.world import build, facts_for

FILE = Path(__file__).parents[2] / "etc" / "matrix.csv"

# Rows whose records come later: no record type may claim them, so they are denied to all. This list only shrinks.
LATER = frozenset({
    "match.hit", "interview", "interview.recording", "evidence.file", "restricted.material", "hash.value", "label",
    "detention", "therapeutic.note", "service", "takedown", "international.request", "plan.action", "activity",
    "statistics", "exposure.log", "code.lists", "retention",
})
# Rows of the program itself: no scoped record, their pages are tested with the accounts and the log.
PAGES = frozenset({"audit.log", "export", "users"})
ALWAYS = {"2", "request"}


def cells() -> dict[tuple[str, str], str]:
    """The text of every cell by row and role."""
    with FILE.open(encoding="utf-8", newline="") as file:
        return {(line["key"], role): line[role] for line in csv.DictReader(file) for role in ROLES}


def expected(cell: str, facts: frozenset[str]) -> set[str]:
    """The levels that a cell's text gives a reader for whom `facts` hold."""
    levels: set[str] = set()
    for part in cell.split(";"):
        words = part.split(":")[0].split()
        if not words or set(words[0]) - set("MRWA"):
            continue
        conditions = set(words[1].split(",")) if len(words) > 1 else set()
        if conditions <= facts | ALWAYS:
            letters = set(words[0])
            levels |= letters | {"M"} | ({"R"} if "W" in letters else set())
    return levels


def models_by_table() -> dict[str, type]:
    return {m.class_.__tablename__: m.class_ for m in Base.registry.mappers}


def scoped_rows() -> set[str]:
    """The rows that some scoped model falls under."""
    models = [m.class_ for m in Base.registry.mappers if issubclass(m.class_, Scoped)]
    return {row for model in models for row in rows_of(model.__scope__)}


def test_the_file_has_43_rows_and_13_roles():
    assert len(load(FILE).rows) == 43
    assert len(cells()) == 43 * 13


def test_every_row_is_tested_or_named_as_later():
    rows = set(load(FILE).rows)
    assert scoped_rows().isdisjoint(LATER)
    assert rows == scoped_rows() | LATER | PAGES


@pytest.mark.parametrize("planted", ["", "Q", "W zz", "W a g", "everything"])
def test_a_wrong_cell_stops_the_start(tmp_path, planted):
    text = FILE.read_text(encoding="utf-8")
    path = tmp_path / "matrix.csv"
    path.write_text(text.replace(",M own,W a,WA g,", f",{planted},W a,WA g,"), encoding="utf-8")
    with pytest.raises(MatrixError, match=r"row case\.core, HOT"):
        load(path)


@pytest.mark.parametrize("lost", ["9,case.core", "43,retention"])
def test_a_missing_row_stops_the_start(tmp_path, lost):
    lines = [line for line in FILE.read_text(encoding="utf-8").splitlines() if not line.startswith(lost)]
    path = tmp_path / "matrix.csv"
    path.write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(MatrixError):
        load(path)


def test_every_cell(database):
    """Lists, counts, single look-ups and levels, for every record, reader and situation."""
    use_matrix(load(FILE))
    with database.work() as db:
        world = build(db)
    texts, tables, wrong, checked = cells(), models_by_table(), [], 0
    by_table = defaultdict(list)
    for placed in world.placed:
        by_table[placed.record_type].append(placed)
    for role in ROLES:
        with database.work(readonly=True, identity=world.readers[role]) as db:
            for table, records in by_table.items():
                model = tables[table]
                seen = set(db.scalars(select(model.id)))
                assert db.scalar(select(func.count()).select_from(model)) == len(seen)
                levels = access_to(db, world.readers[role], model, [p.id for p in records])
                should_see = set()
                for placed in records:
                    facts = facts_for(placed, role)
                    want = set() if "recused" in facts else expected(texts[placed.row, role], facts)
                    got = set(levels[placed.id].rules) if placed.id in levels else set()
                    checked += 1
                    if "M" in want:
                        should_see.add(placed.id)
                    if got != want:
                        wrong.append((role, placed.row, sorted(facts), sorted(want), sorted(got)))
                    if (db.get(model, placed.id) is not None) != ("M" in want):
                        wrong.append((role, placed.row, "get", sorted(facts)))
                if seen != should_see:
                    wrong.append((role, table, "list", len(seen), len(should_see)))
    assert not wrong, f"{len(wrong)} of {checked}: {wrong[:12]}"
    assert checked > 5_000

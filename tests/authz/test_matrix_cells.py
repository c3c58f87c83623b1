"""Every cell of the matrix against the program: what the file says is what each reader gets, and nothing else.

What is expected is worked out from the text of the file by the few lines of `matrix_text`.
"""

from collections import defaultdict

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

from .matrix_text import FILE, LATER, PAGES, cells, expected


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

"""Every cell of the matrix over HTTP: each way to each record in each state, for who may and for who may not.

The world and the text of the file are those of `test_matrix_cells`. Of records that differ for a reader only in facts
that no cell on the way to them names, one stands for all. docs/need-to-know.md says how many checks there are.
"""

import csv
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

import casework
from casework.authz.identity import ROLES
from casework.authz.matrix import load
from casework.authz.scope import use_matrix
from tests.support.people import sign_in
from tests.support.settled import browser, enrol
from tests.support.world import build

from .conftest import sign
from .matrix_text import FILE, LATER
from .reader import Reader, Statements
from .rounds import Check, Rounds
from .truth import Truth, truth_of

# Wrong cells, the kind of record to look at, and each channel that must find them by itself. With them the program
# gives what it must not (nothing becomes something, metadata becomes all, the own everybody's), or less than it must.
PLANTED = {
    ("note", "CLK"): ("R a", "note", {"page", "list", "search", "form"}),
    ("charge", "SW"): ("R a", "charge", {"page", "history", "export"}),
    ("decision", "PRO"): ("R s1", "decision", {"page", "search"}),
    ("task", "FOR"): ("W u", "task", {"notification"}),
    ("match.hit", "INV"): ("M", "match_hit", {"page", "notification"}),
    ("export", "CUS"): ("one_record", "evidence_item", {"export"}),
}


# One of each discipline asks PostgreSQL too: its own walls are tested record by record (test_row_security.py), and each
# reader here takes minutes.
ON_BOTH = ("INV", "PRO", "SWS", "PRV")


@pytest.mark.one_engine
@pytest.mark.parametrize("role", ROLES)
def test_every_way_to_every_record(settled, truth, signed, role):
    """Pages, lists, search, histories, files and notices of the world, for each reader."""
    _ask_everything(settled, truth, role)


@pytest.mark.one_engine("postgresql")
@pytest.mark.parametrize("role", ON_BOTH)
def test_every_way_on_postgresql(settled, truth, signed, role):
    _ask_everything(settled, truth, role)


def _ask_everything(settled, truth, role: str) -> None:
    reader = Reader(settled.client(role), role, truth, Statements(settled.app.registry["engine"]))
    for _channel, look in Rounds(truth, role, settled.app).checks():
        look(reader)
    assert not reader.problems, f"{len(reader.problems)} in {reader.asked}: " + "\n".join(reader.problems[:40])


def planted_in(folder: Path) -> Path:
    """The deployment's files with wrong cells in the matrix."""
    etc = folder / "etc"
    shutil.copytree(FILE.parent, etc)
    with FILE.open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    for line in lines:
        line.update({role: text for (row, role), (text, *_rest) in PLANTED.items() if row == line["key"]})
    with (etc / FILE.name).open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, lines[0])
        writer.writeheader()
        writer.writerows(lines)
    return etc


def readers(app, database, truth: Truth, roles: Iterable[str]) -> Iterator[Reader]:
    """New readers of these roles on another application."""
    for role, person in enrol(database, truth.world, roles).items():
        client = browser(app)
        sign_in(client, person)
        yield Reader(client, role, truth, Statements(app.registry["engine"]))


@pytest.mark.one_engine
def test_a_wrong_cell_is_found(ini, database, tmp_path):
    """A program that gives where it must not, more than it must, or less: each way to look finds it by itself."""
    app = casework.main({}, **ini, **{"casework.etc": str(planted_in(tmp_path))})
    try:
        with database.work() as db:
            world = build(db)
        sign(app)
        truth = truth_of(database, world)
        planted = zip(PLANTED.items(), readers(app, database, truth, [role for _row, role in PLANTED]), strict=True)
        for ((_row, role), (_text, table, channels)), reader in planted:
            found = found_by(reader, Rounds(truth, role, app).checks(frozenset({table})))
            assert found >= channels, (role, reader.problems)
    finally:
        app.registry["engine"].dispose()
        use_matrix(load(FILE))


def found_by(reader: Reader, checks: Iterable[Check]) -> set[str]:
    """The channels that told of something wrong."""
    found = set()
    for channel, look in checks:
        before = len(reader.problems)
        look(reader)
        if len(reader.problems) > before:
            found.add(channel)
    return found


@pytest.mark.one_engine
def test_no_route_serves_what_comes_later(app):
    permissions = {entry["introspectable"]["value"] for entry in app.registry.introspector.get_category("permissions")}
    rows = {row for permission in permissions for row in str(permission).partition(":")[0].split("|")}
    assert rows >= {"case.core", "audit.log", "users"}
    assert not rows & LATER

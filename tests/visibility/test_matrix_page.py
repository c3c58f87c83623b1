"""Every cell of the matrix file has its sentences, in both languages, and the page follows the file."""

import csv
import re
import shutil

import pytest

import casework
from casework.authz import matrix
from casework.authz.identity import ROLES
from casework.authz.matrix import load
from casework.visibility import words
from tests.authz.matrix_text import FILE
from tests.support.matrix import use_file
from tests.support.people import make_person, quick, sign_in

pytestmark = pytest.mark.one_engine
# Names and units that are written in Latin letters in Khmer too.
LATIN = re.compile(r"\b(?!IP\b|hash\b|SHA\b)[A-Za-z]{2,}\b")


@pytest.fixture
def ask(app, client, database):
    """`ask("?role=INV")`: the page, for a provider of support, in English or Khmer."""
    quick(app)
    with database.work() as db:
        person = make_person(db, "PRV")
    sign_in(client, person)

    def get(query: str = "", language: str = "en"):
        client.set_cookie("cw_lang", language)
        return client.get(f"/who-can-see-what{query}")

    return get


def cells(answer) -> dict[tuple[str, str], list[str]]:
    """The paragraphs of each cell that a page shows, by row and role."""
    return {
        tuple(div["data-cell"].split()): [p.get_text(strip=True) for p in div.select("dd p")]
        for div in answer.html.select("[data-cell]")
    }


def test_each_word_of_the_language_has_one_sentence():
    assert set(words.CONDITIONS) == matrix.CONDITIONS
    assert set(words.WORDS) == matrix.WORDS
    said = [*words.CONDITIONS.values(), *words.LEVELS.values(), *words.NOTES.values()]
    assert len(set(said)) == len(said)
    assert all(str(text).endswith(".") for text in (*said, *words.WORDS.values(), words.NOTHING))


def test_each_row_is_in_one_group_and_each_note_is_translated():
    rows = load(FILE).rows
    assert [key for _name, keys in words.GROUPS for key in keys] == list(rows)
    notes = {term.note for row in rows.values() for cell in row.cells.values() for term in cell.terms if term.note}
    assert notes == set(words.NOTES)


def test_every_combination_of_levels_is_said():
    held = {words.letters(term.levels) for row in load(FILE).rows.values() for cell in row.cells.values()
            for term in cell.terms}
    assert held <= set(words.LEVELS)
    assert set(words.SHORT) == set(words.LEVELS)


def test_every_cell_is_said_in_both_languages(ask):
    """Down by role, across by row and on the page to print, the same; in Khmer without a word of English."""
    english, khmer = cells(ask("?all=1")), cells(ask("?all=1", "km"))
    assert len(english) == len(khmer) == 43 * 13
    for key, cell in ((key, cell) for key, row in load(FILE).rows.items() for cell in [row.cells]):
        for role in ROLES:
            ways = len(cell[role].terms) + len(cell[role].words) or 1
            assert len(english[key, role]) == len(khmer[key, role]) == ways, (key, role)
    assert [(key, text) for key, texts in khmer.items() for text in texts if LATIN.search(text)] == []
    for language, whole in (("en", english), ("km", khmer)):
        assert cells(ask("?role=INV", language)) == {key: said for key, said in whole.items() if key[1] == "INV"}
        assert cells(ask("?row=victim.place", language)) == {
            key: said for key, said in whole.items() if key[0] == "victim.place"}


def test_a_cell_says_levels_conditions_and_notes(ask):
    found = cells(ask("?all=1"))
    assert found["case.core", "PRO"] == [
        "Reads it. Only who is assigned to the record or to its case. Only after the file was submitted to the "
        "prosecution, or its advice was asked."]
    assert found["therapeutic.note", "INV"] == ["Nothing, not even that it exists."]
    assert found["restricted.material", "CUS"] == [
        "Sees that it exists: reference, state, dates, agency. No name and no text. Only of the own agency or office. "
        "Sealed: of it only the label."]
    assert len(found["referral.facts", "HOT"]) == 1
    assert len(found["victim.identity", "HOT"]) == 2
    assert found["case.core", "OVS"] == ["Totals only, never a single record."]


def test_one_begins_with_the_own_role(ask):
    first = ask()
    assert {role for _row, role in cells(first)} == {"PRV"}
    assert {role for _row, role in cells(ask("?role=nonsense&row=nonsense"))} == {"PRV"}
    assert load(FILE).sha256 in first, "which version"
    assert first.html.find("title").get_text().startswith("Who can see what")


def test_a_changed_cell_changes_the_page(ini, database, client, tmp_path):
    etc = tmp_path / "etc"
    shutil.copytree(FILE.parent, etc)
    with FILE.open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    next(line for line in lines if line["key"] == "therapeutic.note")["INV"] = "R g,2"
    with (etc / FILE.name).open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, lines[0])
        writer.writeheader()
        writer.writerows(lines)
    app = casework.main({}, **ini, **{"casework.etc": str(etc)})
    try:
        quick(app)
        with database.work() as db:
            person = make_person(db, "CLK")
        client.app = app
        sign_in(client, person)
        answer = client.get("/who-can-see-what?row=therapeutic.note")
        assert cells(answer)["therapeutic.note", "INV"] == [
            "Reads it. Only of the own agency or office. Only two people together."]
        assert load(FILE).sha256 not in answer
    finally:
        app.registry["engine"].dispose()
        use_file()


def test_who_is_not_signed_in_sees_nothing_of_it(client):
    assert client.get("/who-can-see-what", status="*").status_int in (302, 303, 403)

"""The search: words in the body alone, the newest first, a page at a time, and nothing that may not be read."""

import pytest
from sqlalchemy import select

from casework.cases import service
from casework.cases.models import Case
from casework.db.base import now
from casework.records import find
from casework.records.paging import PAGE
from tests.support.people import sign_in
from tests.support.searching import search


@pytest.fixture
def opened(database, people):
    """(references of Lotus cases of the officer, the oldest first; one of another officer at the same unit)."""
    inv, psu = people["inv"].identity, people["psu"].identity
    with database.work(identity=psu) as db:
        mine = [
            service.open_case(db, psu, title=f"Lotus {number}", lead_agency_id=inv.agency_id,
                              lead_officer_id=inv.user_id, conduct=["grooming"], province="12").ref
            for number in range(PAGE + 3)
        ]
        other = service.open_case(db, psu, title="Lotus of nobody", lead_agency_id=inv.agency_id,
                                  conduct=["grooming"], province="12").ref
    return mine, other


def found(page) -> list[str]:
    links = page.html.select("main ul.govuk-list a")
    return [link["href"].removeprefix("/go/").removesuffix("?hit=yes") for link in links]


def older(page):
    return next((form for form in page.forms.values() if form.fields.get("after")), None)


@pytest.mark.parametrize("few", [0, 150], ids=["from the matches", "from the assignments"])
def test_pages_hold_all_that_may_be_read_and_nothing_else(client, people, opened, few, monkeypatch):
    monkeypatch.setattr(find, "FEW", few)
    mine, other = opened
    sign_in(client, people["inv"])
    page = search(client, "lotus")
    first = found(page)
    assert first == mine[::-1][:PAGE]
    page = older(page).submit()
    assert found(page) == mine[::-1][PAGE:]
    assert older(page) is None
    assert other not in first + found(page)


@pytest.mark.parametrize("few", [0, 150], ids=["from the matches", "from the assignments"])
def test_what_was_voided_is_found_by_its_reference_only(client, database, people, opened, few, monkeypatch):
    monkeypatch.setattr(find, "FEW", few)
    gone = opened[0][-1]
    with database.work(unscoped=1) as db:
        db.scalars(select(Case).where(Case.ref == gone)).one().voided_at = now()
    for name in ("inv", "psu"):
        sign_in(client, people[name])
        words = found(search(client, "lotus"))
        assert gone not in words
        assert opened[0][-2] in words
        assert gone in search(client, gone).text
        client.reset()


def test_the_supervisor_finds_the_whole_unit(client, people, opened):
    sign_in(client, people["psu"])
    assert found(search(client, "lotus"))[0] == opened[1]


def test_two_letters_and_signs_of_patterns(client, people, opened):
    sign_in(client, people["psu"])
    assert len(found(search(client, "lo"))) == PAGE
    assert found(search(client, "l_tus")) == found(search(client, "%%%")) == found(search(client, '"lotus')) == []


def test_words_in_the_address_are_not_taken(client, people, opened):
    sign_in(client, people["inv"])
    page = client.get("/search?q=lotus")
    assert found(page) == []
    assert "lotus" not in page.html.find("main").text.lower()
    form = next(form for form in page.forms.values() if form.action == "/search")
    assert form.method.lower() == "post"


def test_a_search_needs_the_token_of_the_form(client, people, opened):
    sign_in(client, people["inv"])
    client.post("/search", {"q": "lotus"}, status=400)


def test_going_on_after_what_may_not_be_seen_shows_nothing(client, people, opened):
    sign_in(client, people["inv"])
    form = older(search(client, "lotus"))
    form["after"] = opened[1]
    assert found(form.submit()) == []
    form["after"] = "C26-000000-X"
    assert found(form.submit()) == []


def test_a_search_changes_nothing(client, database, people, opened, app):
    """Its session refuses to write, and the page is not kept."""
    sign_in(client, people["inv"])
    with database.work(identity=people["inv"].identity) as db:
        before = db.scalars(select(Case.version).order_by(Case.id)).all()
    assert "no-store" in search(client, "lotus").headers["Cache-Control"]
    with database.work(identity=people["inv"].identity) as db:
        assert db.scalars(select(Case.version).order_by(Case.id)).all() == before
    assert "search" in app.registry["reads_by_post"]

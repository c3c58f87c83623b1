"""One case, separate compartments: what one discipline writes changes nothing on the pages of another."""

import re

import pytest
from sqlalchemy import select

from casework.cases.models import Case, Note
from casework.db.base import now
from casework.people.models import Address
from casework.support.models import SupportReferral
from tests.support.searching import search

from .conftest import PLACE, assign, plain
from .test_therapy import SAID, order, write

SECRET = "Ask for the longer term (fictional)"
PAGES = ("", "/people", "/notes", "/timeline", "/tasks", "/check", "/team", "/evidence", "/support", "/offences",
         "/history")


def submitted(database, world) -> None:
    with database.work(unscoped=1) as db:
        case = db.get_one(Case, world.case.id)
        case.submitted_at, case.prosecution_agency_id = now(), world.who("pro").agency_id


def strategy(client, world) -> str:
    form = client.get(f"/cases/{world.case.ref}/notes/new").forms["form"]
    form["kind"], form["text"] = "strategy", SECRET
    return form.submit("save", status=303).location


def pages(client, world) -> list[str]:
    """What somebody sees of the case, without clocks that run on; entries of their own reading are taken off."""
    found = []
    for tail in PAGES:
        answer = client.get(f"/cases/{world.case.ref}{tail}", expect_errors=True)
        text = re.sub(r"\d+ (min|h|d)\b", "", plain(answer.text))
        found.append(text if tail != "/history" else str(sorted(set(re.findall(r"[A-Z]{1,2}\d\d-\d{6}-[A-Z]", text)))))
    home = re.sub(r"\d+ (min|h|d)\b", "", plain(client.get("/").text))
    return [*found, home, plain(search(client, "fictional").text)]


def test_police_pages_do_not_change_by_what_others_write(app, database, world, support):
    """Strategy of the prosecution, a therapeutic note, a disclosure order, another place of the child."""
    submitted(database, world)
    readers = {name: world.browser(app, name) for name in ("inv", "psu", "for")}
    before = {name: pages(client, world) for name, client in readers.items()}
    assert before == {name: pages(client, world) for name, client in readers.items()}, "the pages stand still"
    strategy(world.browser(app, "pro"), world)
    sw = world.browser(app, "sw")
    write(sw, support)
    order(sw, support)
    form = sw.get(f"/cases/{world.case.ref}/people/{world.child.ref}/addresses/new").forms["form"]
    form["kind"], form["place"] = "staying", "Another house (fictional)"
    form.submit("save", status=303)
    after = {name: pages(client, world) for name, client in readers.items()}
    for name, lines in after.items():
        for number, text in enumerate(lines):
            assert text == before[name][number], (name, [*PAGES, "home", "search"][number])


def test_strategy_stays_in_the_prosecution_office(app, database, world):
    from tests.support.people import make_person

    submitted(database, world)
    with database.work() as db:
        for name, chief in (("chief", True), ("pro2", False)):
            world.people[name] = make_person(db, "PRO", "pros.12", login=f"{name}@example.org", chief=chief)
        world.people["elsewhere"] = make_person(db, "PRO", "pros.01", login="elsewhere@example.org", chief=True)
    for name in ("chief", "pro2"):
        assign(database, world, name)
    path = strategy(world.browser(app, "pro"), world)
    for name in ("pro", "chief"):
        assert SECRET in world.browser(app, name).get(path).text, name
    for name in ("pro2", "elsewhere", "inv", "psu", "for", "sw", "sws", "clk", "aud", "far", "hot"):
        client = world.browser(app, name)
        client.get(path, status="4*")
        for channel in (f"/cases/{world.case.ref}/notes", f"/cases/{world.case.ref}/timeline"):
            page = client.get(channel, expect_errors=True).text
            assert path.rsplit("/", 1)[-1] not in page
            assert SECRET not in page
        search(client, SECRET).mustcontain(no=[path.rsplit("/", 1)[-1]])
    with database.work(readonly=True, unscoped=1) as db:
        kept = db.scalars(select(Note).where(Note.kind == "strategy")).one()
    assert kept.text is None
    assert SECRET.encode() not in kept.sealed_text_sealed


def test_the_place_of_a_child_is_closed_to_police_in_every_channel(app, database, world):
    for name in ("inv", "psu", "for", "pro", "far"):
        client = world.browser(app, name)
        for tail in (*PAGES, f"/people/{world.child.ref}", f"/people/{world.child.ref}/addresses"):
            page = client.get(f"/cases/{world.case.ref}{tail}", expect_errors=True).text
            assert PLACE not in page
            assert world.place.ref not in page
        search(client, "aunt").mustcontain(no=[world.place.ref])
        client.get(f"/go/{world.place.ref}", status=404)
    with database.work(readonly=True, identity=world.who("inv")) as db:
        assert db.scalars(select(Address)).all() == []


@pytest.mark.parametrize("lacking", ["accepted_at", "consent_provider"])
def test_a_provider_has_the_name_after_acceptance_and_with_consent_only(app, database, world, support, lacking):
    client, path = world.browser(app, "prv"), f"/support/{support.ref}"
    assert "Sokha" in client.get(path).text
    with database.work(unscoped=1) as db:
        setattr(db.get_one(SupportReferral, support.id), lacking, None if lacking == "accepted_at" else False)
    for address in (path, "/", "/support", f"{path}/history", f"/go/{world.child.ref}"):
        page = client.get(address, expect_errors=True).text
        assert "Sokha" not in page, address
        assert world.child.pseudonym not in page or address == path, address
        assert PLACE not in page
    search(client, "Sokha").mustcontain(no=[world.child.ref])


def test_the_word_in_confidence_is_not_in_any_export(app, database, world, support):
    path = write(world.browser(app, "sw"), support)
    for name in ("psu",):
        form = world.browser(app, name).get(f"/cases/{world.case.ref}/history/file").forms["form"]
        form["form"], form["purpose"], form["explanation"] = "csv", "court", "Request 12 of the court (fictional)"
        body = form.submit("save").text
        assert SAID not in body
        assert path.rsplit("/", 1)[-1] not in body
        assert support.ref not in body

"""The generic pages of records: lists, filters, pages by key, voiding by two, history as one may see it."""

import datetime as dt

import pytest
from sqlalchemy import select

from casework.authz.identity import ROLES
from casework.cases import service, tasks
from casework.cases.models import Case, Note, OffenceProposal
from casework.db.base import now
from casework.records.models import Draft
from tests.cases.test_flow import add_person
from tests.support.people import make_person, sign_in
from tests.support.searching import search

pytestmark = pytest.mark.one_engine


def refs_on(page) -> list[str]:
    return [th.get_text(strip=True) for th in page.html.select("table th[scope=row]")]


@pytest.fixture
def many(database, people):
    """Sixty cases of the unit, every second in Siem Reap, and their references, newest first."""
    inv, psu = people["inv"].identity, people["psu"].identity
    with database.work(identity=psu) as db:
        cases = [
            service.open_case(db, psu, title=f"Lotus {number}", lead_agency_id=inv.agency_id,
                              lead_officer_id=inv.user_id, province="17" if number % 2 else "12")
            for number in range(60)
        ]
        return [case.ref for case in reversed(cases)]


def test_pages_by_key_go_forth_and_back_without_gap(client, people, many):
    sign_in(client, people["inv"])
    page, seen = client.get("/cases"), []
    while True:
        seen += refs_on(page)
        forth = page.html.find("a", rel="next")
        if forth is None:
            break
        page = client.get(forth["href"])
    assert seen == many
    back = client.get(page.html.find("a", rel="prev")["href"])
    assert refs_on(back) == many[25:50]
    assert refs_on(client.get(back.html.find("a", rel="prev")["href"])) == many[:25]


def test_a_filter_is_in_the_address_and_its_tag_takes_it_out(client, people, many):
    sign_in(client, people["inv"])
    page = client.get("/cases?province=17&state=opened&state=closed&lead=nonsense&province=99")
    assert refs_on(page) == many[::2][:25]
    tags = [a["href"] for a in page.html.select("a.cw-remove")]
    assert len(tags) == 3
    assert all("lead" not in href.split("?")[-1] or "nonsense" in href for href in tags)
    without = next(href for href in tags if "province" not in href.replace("province=99", ""))
    assert refs_on(client.get(without)) == many[:25]
    forth = page.html.find("a", rel="next")["href"]
    assert "province=17" in forth


@pytest.mark.parametrize("bad", ["after=x", "before=", "after=00000000-0000-0000-0000-000000000000", "state=' OR 1=1"])
def test_nonsense_in_the_address_is_no_error(client, people, many, bad):
    sign_in(client, people["inv"])
    assert client.get(f"/cases?{bad}").status_int == 200


def note_of(client, case) -> str:
    form = client.get(f"/cases/{case.ref}/notes/new").forms["form"]
    form["kind"], form["text"] = "general", "The school was called."
    return form.submit("save", status=303).location.rsplit("/", 1)[1]


def test_voiding_takes_two_people(client, database, people, case):
    sign_in(client, people["inv"])
    ref = note_of(client, case)
    path = f"/cases/{case.ref}/notes/{ref}"
    form = client.get(f"{path}/void").forms["form"]
    form["reason_code"], form["reason"] = "wrong_person", "This is about another school"
    form.submit("save", status=303)
    client.get(f"{path}/void", status=403)
    client.reset()
    sign_in(client, people["psu"])
    page = client.get(f"{path}/void")
    assert "This is about another school" in page.text
    page.forms["form"]["decision"] = "approve"
    page.forms["form"].submit("save", status=303)
    assert ref not in client.get(f"/cases/{case.ref}/notes").text
    assert client.get(path).status_int == 200, "nothing is deleted"
    with database.work(identity=people["inv"].identity) as db:
        assert db.scalars(select(Note)).one().voided_at is not None


def test_the_second_person_may_keep_the_record(client, database, people, case):
    sign_in(client, people["inv"])
    path = f"/cases/{case.ref}/notes/{note_of(client, case)}"
    form = client.get(f"{path}/void").forms["form"]
    form["reason_code"], form["reason"] = "duplicate", "I believe it was written twice"
    form.submit("save", status=303)
    client.reset()
    sign_in(client, people["psu"])
    form = client.get(f"{path}/void").forms["form"]
    form["decision"] = "refuse"
    form.submit("save", status=303)
    with database.work(identity=people["inv"].identity) as db:
        assert db.scalars(select(Note)).one().voided_at is None


@pytest.fixture
def submitted(database, people, case):
    """The case as if its file had gone to the prosecution: the prosecutor reads it."""
    with database.work(identity=people["inv"].identity) as db:
        mine = db.get_one(Case, case.id)
        mine.plan = "First the bank, then the school"
        mine.submitted_at = now()
        mine.prosecution_agency_id = people["pro"].agency_id
        service.assign(db, None, mine, role="PRO", agency_id=people["pro"].agency_id, user_id=people["pro"].user_id)
    return case


def test_the_prosecutor_reads_the_case_and_not_the_plan(client, people, submitted):
    sign_in(client, people["pro"])
    page = client.get(f"/cases/{submitted.ref}")
    assert "First the bank" not in page.text
    history = client.get(f"/cases/{submitted.ref}/history")
    assert "First the bank" not in history.text
    assert "Not shown to you" in history.text
    assert submitted.ref not in search(client, "First the bank").text


def test_history_tells_who_looked_to_who_watches(client, people, submitted):
    sign_in(client, people["pro"])
    client.get(f"/cases/{submitted.ref}")
    client.reset()
    sign_in(client, people["inv"])
    assert people["pro"].name not in client.get(f"/cases/{submitted.ref}/history").text
    client.reset()
    sign_in(client, people["psu"])
    assert people["pro"].name in client.get(f"/cases/{submitted.ref}/history").text


def test_tabs_show_only_what_the_role_may_ever_see(client, people, submitted):
    sign_in(client, people["pro"])
    tabs = {a["href"].rsplit("/", 1)[1] for a in client.get(f"/cases/{submitted.ref}").html.select(".cw-subnav a")}
    assert {"people", "timeline", "check"} <= tabs
    client.reset()
    sign_in(client, people["sw"])
    client.get(f"/cases/{submitted.ref}", status=404)


def test_a_reference_leads_to_its_page_only_for_who_may_see_it(client, people, case):
    sign_in(client, people["inv"])
    assert client.get(f"/go/{case.ref}", status=303).location.endswith(f"/cases/{case.ref}")
    for nothing in ("C26-000000-A", "Z26-000000-A", "nonsense"):
        client.get(f"/go/{nothing}", status=404)
    client.reset()
    sign_in(client, people["inv2"])
    client.get(f"/go/{case.ref}", status=404)


def test_an_old_token_keeps_what_was_typed_as_a_draft(client, database, people, case):
    sign_in(client, people["inv"])
    form = client.get(f"/cases/{case.ref}/notes/new").forms["form"]
    form["kind"], form["text"] = "general", "A long note that must not be lost"
    form["csrf_token"] = "stale"
    form.submit("save", status=400)
    with database.work() as db:
        assert len(db.scalars(select(Draft)).all()) == 1
    assert "A long note that must not be lost" in client.get(f"/cases/{case.ref}/notes/new").text


def test_a_proposed_offence_sets_the_class_and_the_limitation(client, database, people, case):
    with database.work(identity=people["inv"].identity) as db:
        mine = db.get_one(Case, case.id)
        suspect = add_person(db, mine, "suspect")
    sign_in(client, people["inv"])
    form = client.get(f"/cases/{case.ref}/edit").forms["form"]
    for part, value in (("day", "10"), ("month", "1"), ("year", "2026")):
        form.set(part, value, index=1)
    form["offence_precision"] = "exact"
    form.submit("save", status=303)
    form = client.get(f"/cases/{case.ref}/offences/new").forms["form"]
    form["person"] = str(suspect.id)
    form["offence"] = "tshtse.10"
    form.submit("save", status=303)
    with database.work(identity=people["inv"].identity) as db:
        found = db.get_one(Case, case.id)
        assert found.offence_class == "felony"
        assert found.limitation_at == dt.date(2041, 1, 10)
        assert db.scalars(select(OffenceProposal)).one().offence_class == "felony"


@pytest.mark.parametrize("role", ROLES)
def test_every_role_has_a_first_screen(client, database, people, role):
    with database.work() as db:
        person = make_person(db, role)
    sign_in(client, person)
    for locale in ("en", "km"):
        client.set_cookie("cw_lang", locale)
        page = client.get("/")
        assert page.html.find("h1")
        assert page.html.select(".cw-nav a[aria-current=page]")


def test_a_task_from_its_page(client, database, people, case):
    with database.work(identity=people["inv"].identity) as db:
        task = tasks.add_free(db, people["inv"].identity, db.get_one(Case, case.id), "Call the school", now())
    sign_in(client, people["inv"])
    page = client.get(f"/tasks/{task.ref}")
    assert "Call the school" in page.text
    client.get(f"/tasks/{task.ref}/do/take").forms["form"].submit("save", status=303)
    client.reset()
    sign_in(client, people["psu"])
    page = client.get(f"/tasks/{task.ref}/do/assign")
    assert "2 open, 2 overdue" in page.text, "the load of each is shown"
    form = page.forms["form"]
    form["assignee"] = str(people["inv2"].user_id)
    form.submit("save", status=303)
    client.reset()
    sign_in(client, people["inv"])
    client.get(f"/tasks/{task.ref}/do/assign", status=403)
    form = client.get(f"/tasks/{task.ref}/do/finish").forms["form"]
    form["result"] = "They will call back"
    form.submit("save", status=303)
    assert task.ref not in client.get("/tasks").text


def test_a_statutory_clock_has_no_button_that_would_end_it(client, people, case, database):
    sign_in(client, people["inv"])
    clock = client.get("/tasks").html.select_one(".cw-queue__what a")["href"]
    acts = {a["href"].rsplit("/", 1)[1] for a in client.get(clock).html.select(".cw-actions a")}
    assert acts.isdisjoint({"finish", "cancel", "assign"})

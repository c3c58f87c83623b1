"""People and identifiers through the pages: who opens what, what is read, what a form refuses."""

import pytest
from sqlalchemy import select

from casework.audit.models import AuditEntry
from casework.people import identifiers, service
from casework.people.models import Identifier, Person
from tests.cases.counting import statements

from .conftest import SUSPECT, form_of

pytestmark = pytest.mark.one_engine


def verbs(unit, verb):
    """The log's entries of a verb about people and identifiers."""
    with unit.database.work() as db:
        table = AuditEntry.__table__
        return list(db.connection().execute(select(table).where(
            table.c.verb == verb, table.c.record_type.in_(("person", "identifier", "address")))))


def page(unit, *parts) -> str:
    return "/".join((f"/cases/{unit.case.ref}", *parts))


# ---- lists

def test_a_list_shows_pseudonyms_and_reads_no_name(app, unit):
    inv = unit.browser(app, "inv")
    text = inv.get(page(unit, "people")).text
    assert unit.child.pseudonym in text
    assert unit.suspect.pseudonym in text
    for name in ("Sok", "Chantha", "សុខ", "Invented", "2012"):
        assert name not in text
    assert verbs(unit, "read") == []
    inv.get(page(unit, "people", unit.child.ref))
    assert [entry.record_id for entry in verbs(unit, "read")] == [unit.child.id]


def test_a_list_holds_only_what_one_may_see(app, unit):
    text = unit.browser(app, "for").get(page(unit, "people")).text
    assert unit.suspect.pseudonym in text
    assert unit.child.pseudonym not in text
    unit.browser(app, "inv2").get(page(unit, "people"), status=404)
    unit.browser(app, "aud").get(page(unit, "people"), status=403)


def test_a_list_makes_the_same_queries_however_long(app, unit):
    def grow():
        with unit.work("inv") as (db, inv, case):
            for number in range(5):
                service.add_person(db, inv, case, "suspect", SUSPECT)
                identifiers.add_identifier(db, inv, case, {
                    "type": "email", "value": f"a{number}.{db.query(Identifier).count()}@example.org"})

    inv = unit.browser(app, "inv")
    for path in (page(unit, "people"), page(unit, "identifiers")):
        grow()
        inv.get(path)
        with statements(app.registry["engine"]) as few:
            inv.get(path)
        grow()
        with statements(app.registry["engine"]) as many:
            inv.get(path)
        assert len(few) == len(many) <= 13
    inv.get(page(unit, "people") + "?role=victim").mustcontain(unit.child.pseudonym, no=unit.suspect.pseudonym)


# ---- one person

def test_the_page_shows_each_role_what_it_may_see(app, unit):
    inv = unit.browser(app, "inv").get(page(unit, "people", unit.suspect.ref))
    inv.mustcontain("Invented", "Teacher")
    sw = unit.browser(app, "sw")
    shown = sw.get(page(unit, "people", unit.suspect.ref))
    shown.mustcontain("Teacher", unit.suspect.pseudonym, no=["Invented", "1990", "Identified"])
    sw.get(page(unit, "people", unit.child.ref), status=404)
    unit.browser(app, "for").get(page(unit, "people", unit.child.ref), status=404)


@pytest.mark.parametrize(("status", "word"), [
    ("identified", "Suspect"), ("charged", "Accused"), ("convicted", "Convicted"), ("cleared", "Cleared"),
])
def test_a_suspect_is_called_what_the_law_calls_him(app, unit, status, word):
    with unit.work("inv") as (db, _inv, _case):
        db.get_one(Person, unit.suspect.id).suspect_status = status
    inv = unit.browser(app, "inv")
    tag = inv.get(page(unit, "people", unit.suspect.ref)).html.select_one(".cw-headrow .cw-tag")
    assert tag.text == word
    assert word in inv.get(page(unit, "people")).text


def test_ages_and_bands_stand_on_the_page_of_who_may_read_them(app, unit):
    text = unit.browser(app, "inv").get(page(unit, "people", unit.child.ref)).text
    for word in ("Age on 01/03/2026", "13", "0–13", "3–13", "12–17"):
        assert word in text


# ---- new

def test_the_role_is_chosen_first_among_those_one_may_add(app, unit):
    inv = unit.browser(app, "inv")
    choice = inv.get(page(unit, "people", "new"))
    assert [a["href"].rpartition("/")[2] for a in choice.html.select(".govuk-task-list a")] == [
        "victim", "suspect", "witness", "caregiver", "other"]
    assert inv.get(page(unit, "people", "new") + "?role=victim").location.endswith("/people/new/victim")
    inv.get(page(unit, "people", "new") + "?role=reporter", status=403)
    inv.get(page(unit, "people", "new", "reporter"), status=403)
    inv.get(page(unit, "people", "new", "nobody"), status=404)
    sw = unit.browser(app, "sw")
    assert len(sw.get(page(unit, "people", "new")).html.select(".govuk-task-list a")) == 1
    sw.get(page(unit, "people", "new", "suspect"), status=403)
    unit.browser(app, "psu").get(page(unit, "people", "new"), status=403)


def fill_child(form):
    form["identification_status"], form["caregiver_is_suspect"], form["sex"] = "probable", "unknown", "male"


def test_a_child_is_added_in_khmer_with_khmer_digits(app, unit):
    inv = unit.browser(app, "inv")
    inv.set_cookie("cw_lang", "km")
    form = form_of(inv.get(page(unit, "people", "new", "victim")))
    fill_child(form)
    form["family_km"], form["given_km"] = "ចាន់", "ដារា"
    days = [name for name in form.fields if name in ("day", "month", "year")]
    assert days[:3] == ["day", "month", "year"]
    form.set("day", "០៩", 0)
    form.set("month", "៥", 0)
    form.set("year", "២០១២", 0)
    form["age_basis"] = "statement"
    shown = form.submit("save").follow()
    shown.mustcontain("ចាន់ ដារា", "09/05/2012", "កុមារ")
    with unit.database.work(identity=unit.who("inv")) as db:
        made = db.scalars(select(Person).order_by(Person.id.desc())).first()
        assert (made.dob, made.dob_precision, made.role, made.case_id) == (
            "2012-05-09", "exact", "victim", unit.case.id)


def test_what_the_form_does_not_ask_is_refused(app, unit):
    inv = unit.browser(app, "inv")
    for extra in ("pseudonym", "case_id", "voided_at", "role", "minor_at_offence"):
        form = form_of(inv.get(page(unit, "people", "new", "victim")))
        fill_child(form)
        fields = [*form.submit_fields("save"), (extra, "suspect")]
        assert inv.post(form.action, fields, status=422)
    with unit.database.work(identity=unit.who("inv")) as db:
        assert len(db.scalars(select(Person)).all()) == 2


def test_parents_of_another_case_are_not_found(app, unit):
    inv = unit.browser(app, "inv")
    with unit.work("inv") as (db, who, case):
        mine = identifiers.add_identifier(db, who, case, {"type": "phone", "value": "012 000 001"})
        address = service.add_address(db, who, db.get_one(Person, unit.suspect.id), {"kind": "home", "province": "12"})
    other = f"/cases/{unit.other.ref}"
    for path in ("", "/edit", "/history", "/void", "/addresses", "/addresses/new"):
        inv.get(f"{other}/people/{unit.suspect.ref}{path}", status=404)
        inv.get(f"/cases/{unit.case.ref}/people/{unit.suspect.ref}{path}", status=200)
    inv.get(f"{other}/identifiers/{mine.ref}", status=404)
    inv.get(f"{other}/people/{unit.suspect.ref}/addresses/{address.ref}", status=404)
    inv.get(f"/cases/{unit.case.ref}/people/{unit.child.ref}/addresses/{address.ref}", status=404)


# ---- change, void

def test_an_old_version_is_not_saved_over_a_newer_one(app, unit):
    inv = unit.browser(app, "inv")
    path = page(unit, "people", unit.suspect.ref, "edit")
    form = form_of(inv.get(path))
    again = form_of(inv.get(path))
    form["suspect_status"] = "interviewed"
    form.submit("save").follow().mustcontain("Interviewed")
    again["suspect_status"] = "unknown"
    again.submit("save", status=409).mustcontain("Interviewed")
    with unit.database.work(identity=unit.who("inv")) as db:
        assert db.get_one(Person, unit.suspect.id).suspect_status == "interviewed"


def test_the_edit_form_holds_what_is_saved(app, unit):
    form = form_of(unit.browser(app, "inv").get(page(unit, "people", unit.child.ref, "edit")))
    assert (form["family_km"].value, form.get("day", 0).value, form.get("year", 0).value) == ("សុខ", "9", "2012")
    unit.browser(app, "psu").get(page(unit, "people", unit.child.ref, "edit"), status=403)


def test_two_people_void_a_wrong_record(app, unit):
    path = page(unit, "people", unit.suspect.ref)
    inv = unit.browser(app, "inv")
    form = form_of(inv.get(f"{path}/void"))
    form["reason_code"], form["reason"] = "wrong_person", "Another person of the same name"
    form.submit("save")
    inv.get(f"{path}/void", status=403)
    form = form_of(unit.browser(app, "psu").get(f"{path}/void"))
    form["decision"] = "approve"
    form.submit("save")
    inv.get(page(unit, "people")).mustcontain(unit.child.pseudonym, no=unit.suspect.pseudonym)


# ---- places

def test_a_place_of_a_child_is_not_asked_of_the_police(app, unit):
    inv = unit.browser(app, "inv")
    inv.get(page(unit, "people", unit.child.ref, "addresses", "new"), status=403)
    inv.get(page(unit, "people", unit.child.ref)).mustcontain("shown to those who support", no="Add a place")
    form = form_of(inv.get(page(unit, "people", unit.suspect.ref, "addresses", "new")))
    form["kind"], form["place"] = "home", "Invented house 3"
    form.submit("save").follow().mustcontain("Invented house 3")
    inv.get(page(unit, "people", unit.suspect.ref)).mustcontain("Invented house 3")


# ---- identifiers

def test_an_identifier_is_shown_so_that_nobody_can_follow_it(app, unit):
    inv = unit.browser(app, "inv")
    form = form_of(inv.get(page(unit, "identifiers", "new")))
    form["type"], form["value"], form["side"], form["reliability"] = "url", "https://example.org/a", "suspect", "B"
    shown = form.submit("save").follow()
    assert shown.html.find("button", {"data-copy": "hxxps://example[.]org/a"})
    assert "https://example.org" not in shown.text
    assert not [a for a in shown.html.find_all("a") if "example" in a.get("href", "")]
    listed = inv.get(page(unit, "identifiers"))
    listed.mustcontain("e***[.]org/***", no=["example[.]org", "example.org"])
    form = form_of(inv.get(page(unit, "identifiers", "new")))
    form["type"], form["value"], form["side"], form["reliability"] = "url", "http://EXAMPLE.org/a", "unknown", "B"
    refused = form.submit("save", status=422)
    with unit.database.work(identity=unit.who("inv")) as db:
        one = db.scalars(select(Identifier)).one()
        assert one.match_allowed is True
    refused.mustcontain(one.ref)


@pytest.mark.parametrize(("type_", "written", "canonical"), [
    ("email", "Some.Body[at]mail[.]example", "some.body@mail.example"),
    ("url", "hxxps[:]//example[.]org/a", "example.org/a"),
])
def test_one_that_was_made_harmless_is_taken_as_a_paste_takes_it(app, unit, type_, written, canonical):
    inv = unit.browser(app, "inv")
    form = form_of(inv.get(page(unit, "identifiers", "new")))
    form["type"], form["value"], form["side"], form["reliability"] = type_, written, "suspect", "B"
    form.submit("save", status=303)
    with unit.database.work(identity=unit.who("inv")) as db:
        one = db.scalars(select(Identifier)).one()
        assert one.canonical == canonical
        assert "[" not in one.value
    form = form_of(inv.get(page(unit, "identifiers", "paste")))
    form["lines"], form["side"], form["reliability"] = written, "suspect", "C"
    form.submit("look").mustcontain(one.ref)


def test_who_wants_a_suspects_identifier_not_compared_says_so(app, unit):
    with unit.work("inv") as (db, who, case):
        one = identifiers.add_identifier(db, who, case, {"type": "phone", "value": "012 000 001", "side": "suspect"})
    form = form_of(unit.browser(app, "inv").get(page(unit, "identifiers", one.ref, "edit")))
    assert form["match_allowed"].checked
    form["match_allowed"].checked = False
    form.submit("save").follow()
    with unit.database.work(identity=unit.who("inv")) as db:
        assert db.get_one(Identifier, one.id).match_allowed is False


def test_a_paste_is_looked_at_then_added_whole(app, unit):
    inv = unit.browser(app, "inv")
    form = form_of(inv.get(page(unit, "identifiers", "paste")))
    form["lines"] = "012 000 001\nwho knows\nhxxp://example[.]org/b"
    form["side"], form["reliability"] = "suspect", "C"
    looked = form.submit("look")
    assert looked.status_int == 200
    looked.mustcontain("+855 *** 01", "e***[.]org/***", "Choose the type")
    refused = form_of(looked).submit("save", status=422)
    refused.mustcontain("Nothing was added", "Choose the type")
    with unit.database.work(identity=unit.who("inv")) as db:
        assert db.scalars(select(Identifier)).all() == []
    form = form_of(refused)
    form["lines"] = "០១២ ០០០ ០០១\nhxxp://example[.]org/b"
    form.submit("save").follow().mustcontain("+855 *** 01", "e***[.]org/***")
    again = form_of(inv.get(page(unit, "identifiers", "paste")))
    again["lines"], again["side"], again["reliability"] = "+855 12 000 001", "unknown", "C"
    with unit.database.work(identity=unit.who("inv")) as db:
        known = db.scalars(select(Identifier.ref).where(Identifier.type == "phone")).one()
    again.submit("save", status=422).mustcontain(known)


def test_only_who_writes_identifiers_pastes(app, unit):
    unit.browser(app, "psu").get(page(unit, "identifiers", "paste"), status=403)
    unit.browser(app, "sw").get(page(unit, "identifiers"), status=403)
    unit.browser(app, "for").get(page(unit, "identifiers", "paste"), status=200)


def test_where_an_identifier_comes_from_is_of_this_case(app, unit):
    inv = unit.browser(app, "inv")
    form = form_of(inv.get(page(unit, "identifiers", "new")))
    form["type"], form["value"], form["side"], form["reliability"] = "phone", "012 000 001", "suspect", "B"
    form["source"].force_value(f"case:{unit.other.id}")
    form.submit("save", status=422)
    form["source"] = f"case:{unit.case.id}"
    form.submit("save").follow().mustcontain(f"Comes from Case {unit.case.ref}")

"""The page of a record that says who can see it and who did: for whom it is there, and what it says."""

import datetime as dt

import pytest
from sqlalchemy import select

from casework.audit.models import AuditEntry
from casework.authz.models import BreakGlass, Recusal
from casework.cases import service as cases
from casework.cases.models import Case
from casework.db.base import now
from casework.db.refs import new_ref
from casework.people.models import Address, Person
from casework.support.models import SupportReferral
from casework.web.i18n import format_datetime
from tests.cases.counting import statements
from tests.support.people import make_person

from .conftest import rows

LINK = "Who can see this?"


def page_of(world, app, name: str, record: str = "", **more):
    return world.browser(app, name).get(f"/cases/{world.case.ref}{record}/who", **more)


def test_the_supervisor_is_told_who_can_and_by_which_rule(app, database, world):
    until = now() + dt.timedelta(hours=2)
    with database.work() as db:
        db.add(BreakGlass(user_id=world.who("pro").user_id, role="PRO", subject_id=world.case.id,
                          case_id=world.case.id, reason_code="danger", reason="A test", until=until))
        db.add(Recusal(user_id=world.who("psu2").user_id, case_id=world.case.id))
    page = page_of(world, app, "psu")
    found = {row[0]: row[1:] for row in rows(page)}
    names = {name: person.name for name, person in world.people.items()}
    assert found[names["inv"]][1] == "reads and writes"
    assert "leads the case" in found[names["inv"]][2]
    assert "assigned to the case, since" in found[names["for"]][2]
    assert found[names["for"]][1] == "reads"
    assert found[names["sw"]][1] == "sees that it exists"
    assert found[names["psu"]][1:] == ["reads, writes, approves", "of the office that leads the case"]
    assert "Police supervisor" in found[names["psu"]][0]
    for kept in ("inv2", "pro", "clk", "hot", "adm", "aud", "psu2"):
        assert names[kept] not in found
    assert f"Kept out for a conflict of interest: {names['psu2']}" in page
    assert "Whether a provider of support can see it is not shown here" in page


def test_an_emergency_says_until_when(app, database, desk, at):
    """The supervisor of the social workers sees who opened the child's place of stay in an emergency."""
    until = now() + dt.timedelta(hours=2)
    with database.work(unscoped=1) as db:
        child, case = db.get_one(Person, desk.child_id), db.get_one(Case, desk.case_id)
        case.support_agency_id = desk.who["sws"].agency_id
        place = Address(ref=new_ref(db, Address, "A", now().date()), agency_id=desk.who["sws"].agency_id,
                        person_id=child.id, case_id=case.id, person_role="victim", kind="staying")
        db.add(place)
        db.flush()
        db.add(BreakGlass(user_id=desk.who["psu"].user_id, role="PSU", subject_id=case.id, case_id=case.id,
                          reason_code="danger", reason="A test", until=until))
        path = f"/cases/{case.ref}/people/{child.ref}/addresses/{place.ref}/who"
    page = at("sws").get(path)
    found = {row[0]: row[1:] for row in rows(page)}
    assert found[desk.accounts["psu"].name][1:] == ["reads", f"opened in an emergency until {format_datetime(until)}"]
    assert desk.accounts["inv"].name not in found
    assert "In an emergency others could open it" in page
    assert "Police investigator" in page
    assert "Whether a provider of support" not in page


def test_who_did_is_from_the_log(app, world):
    inv = world.browser(app, "inv")
    inv.get(f"/cases/{world.case.ref}")
    inv.get(f"/cases/{world.case.ref}")
    world.browser(app, "inv2").get(f"/cases/{world.case.ref}", status=404)
    page = page_of(world, app, "psu")
    found = {row[0]: row for row in rows(page, "did")}
    mine = found[world.people["inv"].name]
    assert "Police investigator" in mine[1]
    assert int(mine[4]) >= 2
    assert mine[6] == "192.0.2.1"
    assert world.people["inv2"].name not in found, "refused"
    assert world.people["for"].name not in found, "could, but did not"
    assert f"/cases/{world.case.ref}/history?person={world.who('inv').user_id}" in page
    history = world.browser(app, "psu").get(f"/cases/{world.case.ref}/history?person={world.who('inv').user_id}")
    assert world.people["inv"].name in history


def test_what_was_taken_out_says_what_for(app, world):
    client = world.browser(app, "psu")
    form = client.get(f"/cases/{world.case.ref}/history/file").forms["form"]
    form["form"], form["purpose"], form["explanation"] = "csv", "complaint", "Complaint 3/2026 (fictional)"
    form.submit("save")
    found = {row[0]: row for row in rows(page_of(world, app, "psu"), "did")}
    assert found[world.people["psu"].name][5] == "A complaint: Complaint 3/2026 (fictional)"


def test_the_lead_officer_sees_who_can_and_of_who_did_the_own_doings(app, world):
    for name in ("psu", "inv"):
        world.browser(app, name).get(f"/cases/{world.case.ref}")
    page = page_of(world, app, "inv")
    assert world.people["psu"].name in {row[0] for row in rows(page)}
    assert {row[0] for row in rows(page, "did")} == {world.people["inv"].name}
    assert "What others did is shown to supervisors and the auditor" in page


@pytest.mark.parametrize(("name", "status"), [
    ("for", 403), ("sw", 403), ("inv2", 404), ("pro", 404), ("prv", 403), ("aud", 403), ("adm", 403)])
def test_nobody_else_is_shown_the_page(app, world, name, status):
    answer = page_of(world, app, name, status="*")
    assert answer.status_int in (status, 404)
    assert world.people["psu"].name not in answer


def test_the_record_leads_there_for_those_it_is_open_to(app, world):
    for name, there in (("psu", True), ("inv", True), ("for", False)):
        page = world.browser(app, name).get(f"/cases/{world.case.ref}")
        assert (LINK in page) == there, name
    item = f"/cases/{world.case.ref}/evidence/{world.item.ref}"
    assert LINK in world.browser(app, "inv").get(item)
    assert rows(page_of(world, app, "inv", f"/evidence/{world.item.ref}"))


def test_an_emergency_access_entitles_to_nothing(app, database, world):
    """Who opened a record in an emergency reads it, and is not told who else can."""
    with database.work() as db:
        db.add(BreakGlass(user_id=world.who("psu").user_id, role="PSU", subject_id=world.case.id,
                          case_id=world.case.id, reason_code="danger", reason="A test",
                          until=now() + dt.timedelta(hours=1)))
        reporter = Person(ref=new_ref(db, Person, "P", now().date()), agency_id=world.who("hot").agency_id,
                          case_id=world.case.id, role="reporter", pseudonym="R-TEST",
                          created_by_id=world.who("hot").user_id)
        db.add(reporter)
        db.flush()
        ref = reporter.ref
    client = world.browser(app, "psu")
    client.get(f"/cases/{world.case.ref}/people/{ref}")
    client.get(f"/cases/{world.case.ref}/people/{ref}/who", status=403)


def test_a_provider_shows_to_who_works_with_the_child_only(app, database, desk, at):
    """Where a provider has part, the police would learn where a child may stay."""
    support, prv = desk.taken(), desk.accounts["prv"]
    with database.work(unscoped=1) as db:
        child = db.get_one(Person, desk.child_id)
        ref, case = child.ref, db.get_one(Case, desk.case_id).ref
        cases.assign(db, None, child, role="PRV", agency_id=prv.agency_id, user_id=prv.user_id)
        one = db.get_one(SupportReferral, support)
        one.provider_agency_id, one.accepted_at, one.consent_provider = prv.agency_id, now(), True
    page = at("psu").get(f"/cases/{case}/people/{ref}/who")
    assert prv.name not in page
    assert "Whether a provider of support can see it" in page
    assert desk.accounts["sw"].name in {row[0] for row in rows(page)}


def test_many_people_take_no_more_statements(app, database, world):
    client, path = world.browser(app, "psu"), f"/cases/{world.case.ref}/who"
    client.get(path)
    with statements(app.registry["engine"]) as few:
        client.get(path)
    psu = world.who("psu")
    with database.work() as db:
        people = [make_person(db, "INV", "ahtjpd") for _n in range(60)]
    with database.work(identity=psu) as db:
        case = db.get_one(Case, world.case.id)
        for person in people:
            cases.assign(db, psu, case, role="INV", agency_id=person.agency_id, user_id=person.user_id)
    with statements(app.registry["engine"]) as many:
        page = client.get(path)
    assert len(many) == len(few) <= 14
    assert len(rows(page)) == 50
    following = client.get(f"{path}?page=1")
    total = int(page.html.find(id="can").find("span").get_text(strip=True).strip("()"))
    names = {row[0] for row in rows(page)} | {row[0] for row in rows(following)}
    assert len(names) == total >= 65
    assert client.get(f"{path}?page=x").status_int == 200
    assert client.get(f"{path}?page=99999").status_int == 200


def test_the_look_itself_is_in_the_log(app, database, world):
    page_of(world, app, "psu")
    with database.work(readonly=True, unscoped=1) as db:
        last = db.scalars(select(AuditEntry).where(
            AuditEntry.record_id == world.case.id, AuditEntry.verb == "view").order_by(AuditEntry.seq.desc())).first()
    assert '"part":"who"' in last.body


def test_in_khmer(app, world):
    client = world.browser(app, "psu")
    client.set_cookie("cw_lang", "km")
    page = client.get(f"/cases/{world.case.ref}/who")
    assert "អ្នកដែលអាចមើលឃើញឥឡូវនេះ" in page
    assert "ដឹកនាំករណី" in page
    assert "By which rule" not in page

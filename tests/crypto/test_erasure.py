"""Erasing: two people, under an order; afterwards nothing opens, nothing fails, and the log still verifies."""

import sqlite3

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from casework.accounts.models import User
from casework.audit import verify
from casework.audit.models import AuditEntry
from casework.authz.scope import unscoped
from casework.cases.models import Case
from casework.crypto.models import DataKey
from casework.crypto.sealed import Erased, erase, open_value
from casework.deconfliction.models import MatchToken, VictimToken
from casework.people import identifiers
from casework.people.models import Identifier, NameToken, Person
from casework.records import drafts, erasing
from casework.records.models import Draft, Erasure
from casework.workflow.engine import NotAllowed, Refused
from tests.people.conftest import CHILD, form_of, unit  # noqa: F401  a case, a child, a suspect, and people of each role
from tests.support import scene
from tests.support.people import make_person, press
from tests.support.searching import by_name

ORDER = "Order 12/2026 of 3 March 2026 (fictional)"


def erase_child(unit) -> None:  # noqa: F811
    with unit.work("inv") as (db, inv, _case):
        erasing.ask(db, inv, db.get_one(Person, unit.child.id), ORDER, "The grown child asked for it.")
    with unit.database.work(identity=unit.who("psu")) as db:
        erasing.decide(db, unit.who("psu"), db.get_one(Person, unit.child.id), True)


def decide_alone(database) -> None:
    """The database itself refuses one name for both."""
    with database.work() as db:
        asked = db.scalars(select(Erasure)).one()
        asked.decided_by_id = asked.asked_by_id


def test_nobody_erases_alone(unit):  # noqa: F811
    psu = unit.who("psu")
    with unit.database.work(identity=psu) as db:
        child = db.get_one(Person, unit.child.id)
        erasing.ask(db, psu, child, ORDER, "The grown child asked for it.")
        with pytest.raises(NotAllowed):
            erasing.decide(db, psu, child, True)
        with pytest.raises(Refused):
            erasing.ask(db, psu, child, ORDER, "The grown child asked for it.")
    with unit.work("inv") as (db, inv, _case), pytest.raises(NotAllowed):
        erasing.decide(db, inv, db.get_one(Person, unit.child.id), True)
    with pytest.raises(IntegrityError):
        decide_alone(unit.database)
    with unit.database.work(readonly=True) as db, unscoped(db, "test"):
        assert db.get(Person, unit.child.id).given_latin == CHILD["given_latin"]


@pytest.mark.parametrize("who", ["sw", "for", "inv2", "hot", "pro", "aud"])
def test_who_the_matrix_does_not_name_asks_nothing(unit, who):  # noqa: F811
    identity = unit.who(who)
    with unit.database.work(identity=identity) as db:
        with unscoped(db, "test"):
            child = db.get_one(Person, unit.child.id)
        with pytest.raises(NotAllowed):
            erasing.ask(db, identity, child, ORDER, "The grown child asked for it.")


def test_a_hold_on_the_case_holds_its_people(unit):  # noqa: F811
    with unit.work("inv") as (db, inv, case):
        case.legal_hold = True
        db.flush()
        with pytest.raises(Refused):
            erasing.ask(db, inv, db.get_one(Person, unit.child.id), ORDER, "The grown child asked for it.")


def test_what_was_sealed_is_gone_everywhere_and_the_log_verifies(unit):  # noqa: F811
    with unit.work("inv") as (db, inv, _case):
        drafts.keep(db, inv.user_id, f"/cases/{unit.case.ref}/people/{unit.child.ref}/edit", [("given_km", "ចាន់ថា")])
    erase_child(unit)
    with unit.database.work(readonly=True) as db, unscoped(db, "test"):
        child = db.get(Person, unit.child.id)
        assert (child.given_latin, child.dob, child.aliases) == (None, None, None)
        assert child.name == child.pseudonym
        with pytest.raises(Erased, match=str(child.id)) as gone:
            open_value(db, child, "dob", child.dob_sealed)
        assert gone.value.order == ORDER
        key = db.get(DataKey, child.id)
        assert key.wrapped is None
        assert key.destroyed_at is not None
        assert db.scalars(select(NameToken).where(NameToken.person_id == child.id)).all() == []
        assert db.scalars(select(Draft)).all() == []
        assert by_name(db, unit.who("inv"), "Chantha") == []
        verbs = set(db.scalars(select(AuditEntry.verb)))
        assert {"propose_erasure", "erase", "erased"} <= verbs
        assert db.get(Person, unit.suspect.id).given_latin == "Person"
    report = verify.verify(unit.database.engine)
    assert report.ok, report.problem


@pytest.mark.one_engine
@pytest.mark.parametrize("locale", ["en", "km"])
def test_pages_say_so_instead_of_failing(app, unit, locale):  # noqa: F811
    erase_child(unit)
    words = {"en": "Erased under", "km": "បានលុបក្រោមដីកា"}[locale]
    browser = unit.browser(app, "inv")
    press(browser, f"/language/{locale}")
    home = f"/cases/{unit.case.ref}/people"
    page = browser.get(f"{home}/{unit.child.ref}")
    assert f"{words} {ORDER}" in page.text
    assert f"{home}/{unit.child.ref}/edit" not in page.text
    history = browser.get(f"{home}/{unit.child.ref}/history")
    assert f"{words} {ORDER}" in history.text
    browser.get(home)
    browser.get(f"/cases/{unit.case.ref}")
    browser.get(f"/cases/{unit.case.ref}/timeline", status="*")
    browser.get(f"{home}/{unit.child.ref}/history/compare", status="*")


@pytest.mark.one_engine
def test_two_people_erase_through_the_pages(app, unit):  # noqa: F811
    path = f"/cases/{unit.case.ref}/people/{unit.child.ref}"
    inv = unit.browser(app, "inv")
    page = inv.get(path).click("Erase", href="/erase")
    form = page.forms["form"]
    form["order"], form["reason"] = ORDER, "The grown child asked for it."
    assert form.submit().status_int == 303
    inv.get(f"{path}/erase", status=403)
    psu = unit.browser(app, "psu")
    psu.get(path).mustcontain("To be erased")
    inv.get(path).mustcontain(no="To be erased")
    page = psu.get(f"{path}/erase")
    assert ORDER in page.text
    form = page.forms["form"]
    form["decision"] = "erase"
    done = form.submit()
    assert done.status_int == 303
    assert f"Erased under {ORDER}" in done.follow().text
    for who in ("for", "aud", "inv2"):
        unit.browser(app, who).get(f"{path}/erase", status=(403, 404))


def test_a_case_goes_with_its_people_and_traces(unit):  # noqa: F811
    with unit.work("inv") as (db, inv, case):
        phone = identifiers.add_identifier(db, inv, case, {"type": "phone", "value": "012 000 021"})
        erasing.ask(db, inv, case, ORDER, "Unfounded, two years ago.")
    before = phone.token
    with unit.database.work(identity=unit.who("psu")) as db:
        asked = erasing.decide(db, unit.who("psu"), db.get_one(Case, unit.case.id), True)
        assert asked.keys >= 3
    with unit.database.work(readonly=True) as db, unscoped(db, "test"):
        known = db.get(Identifier, phone.id)
        assert (known.value, known.canonical, known.mask) == (None, None, "***")
        assert known.token != before
        assert db.get(Person, unit.suspect.id).given_latin is None
        assert db.get(Case, unit.other.id) is not None
        assert by_name(db, unit.who("psu"), "Invented") == []
    assert verify.verify(unit.database.engine).ok


@pytest.mark.one_engine
def test_writing_to_who_was_erased_is_refused_with_a_word(app, unit):  # noqa: F811
    inv = unit.browser(app, "inv")
    path = f"/cases/{unit.case.ref}/people/{unit.child.ref}/edit"
    form = form_of(inv.get(path))
    erase_child(unit)
    form["wishes"] = "Somebody typed this meanwhile"
    answer = form.submit(status="*")
    assert answer.status_int in (409, 410)


@pytest.mark.one_engine
def test_the_file_of_the_database_holds_no_trace_of_the_key(unit, tmp_path):  # noqa: F811
    with unit.database.superuser() as connection:
        wrapped = connection.execute(select(DataKey.wrapped).where(DataKey.subject_id == unit.child.id)).scalar_one()
    erase_child(unit)
    unit.database.dispose()
    connection = sqlite3.connect(unit.database.engine.url.database)
    assert connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0
    for file in tmp_path.glob("casework.sqlite*"):
        assert wrapped not in file.read_bytes()


def test_who_is_erased_is_in_no_index_of_matches(unit):  # noqa: F811
    with unit.work("inv") as (db, inv, case):
        for number, side in enumerate(("victim", "suspect")):
            identifiers.add_identifier(db, inv, case, {
                "type": "phone", "value": f"012 000 03{number}", "side": side,
                "belongs_to": str(unit.child.id if side == "victim" else unit.suspect.id)})
    with unit.database.work(readonly=True, unscoped=1) as db:
        assert len(db.scalars(select(VictimToken)).all()) == len(db.scalars(select(MatchToken)).all()) == 1
    erase_child(unit)
    with unit.database.work(readonly=True, unscoped=1) as db:
        assert db.scalars(select(VictimToken)).all() == []
        assert len(db.scalars(select(MatchToken)).all()) == 1
    with unit.work("inv") as (db, inv, case):
        erasing.ask(db, inv, case, ORDER, "Unfounded, two years ago.")
    with unit.database.work(identity=unit.who("psu")) as db:
        erasing.decide(db, unit.who("psu"), db.get_one(Case, unit.case.id), True)
    with unit.database.work(readonly=True, unscoped=1) as db:
        assert db.scalars(select(MatchToken)).all() == []


def test_a_person_made_later_is_not_erased(unit):  # noqa: F811
    erase_child(unit)
    with unit.database.work() as db:
        assert make_person(db, "INV").user_id is not None


@pytest.mark.one_engine
@pytest.mark.parametrize("who", ["inv", "psu", "for", "cus", "pro", "sw", "sws"])
def test_no_page_fails_when_everything_sealed_is_gone(app, database, who):
    made = scene.build(database)
    with database.work() as db, unscoped(db, "test"):
        accounts = set(db.scalars(select(User.id)))
        subjects = [one for one in db.scalars(select(DataKey.subject_id)) if one not in accounts]
        assert len(erase(db, subjects, ORDER)) >= 4
    browser, waiting, seen, told = made.browser(app, who), ["/", f"/cases/{made.case.ref}"], set(), False
    while waiting and len(seen) < 45:
        path = waiting.pop(0)
        if path in seen:
            continue
        seen.add(path)
        answer = browser.get(path, status="*")
        assert answer.status_int < 500, path
        told = told or f"Erased under {ORDER}" in answer.text
        if answer.content_type == "text/html" and answer.status_int == 200:
            found = answer.html.select("main a[href^='/'], nav a[href^='/']")
            links = (link["href"].partition("#")[0] for link in found)
            waiting += [link for link in links if "sign-out" not in link]
    assert len(seen) > 5
    assert told or who in ("cus", "pro", "sw", "sws")

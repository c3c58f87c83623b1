"""A supervisor proposes for the own agency; an administrator approves."""

import pytest
from sqlalchemy import select
from webtest import TestApp

from casework.accounts import changes
from casework.accounts.models import AccountChange, User
from casework.authz.matrix import load
from casework.authz.scope import use_matrix
from casework.db.ids import uuid7
from casework.settings import ROOT
from casework.workflow.engine import NotAllowed, Refused
from tests.support.people import make_person, press, sign_in


@pytest.fixture
def people(database):
    use_matrix(load(ROOT / "etc" / "matrix.csv"))
    with database.work() as db:
        return {
            "psu": make_person(db, "PSU", "ahtjpd"), "officer": make_person(db, "INV", "ahtjpd"),
            "elsewhere": make_person(db, "INV", "accd"), "adm": make_person(db, "ADM"),
            "prosecutor": make_person(db, "PRO"), "head": make_person(db, "PRO", chief=True),
        }


def propose(database, who, kind: str, payload: dict, subject=None, agency_id=None):
    with database.work(identity=who.identity) as db:
        return changes.propose(db, who.identity, kind, payload, subject_id=subject or uuid7(),
                               agency_id=agency_id or who.agency_id).id


def account(role: str = "INV") -> dict:
    return {"login": "new.colleague@example.org", "name": "New Colleague (fictional)", "role": role}


@pytest.mark.parametrize("who", ["psu", "head"])
@pytest.mark.one_engine
def test_for_the_own_agency(database, people, who) -> None:
    change = propose(database, people[who], "create_user", account())
    with database.work(identity=people["adm"].identity) as db:
        subject = changes.decide(db, people["adm"].identity, change, "approve").subject_id
    with database.work(readonly=True) as db:
        assert db.get_one(User, subject).memberships[0].agency_id == people[who].agency_id


@pytest.mark.one_engine
def test_not_for_another_agency_nor_for_roles_that_watch(database, people) -> None:
    psu, elsewhere, officer = people["psu"], people["elsewhere"], people["officer"]
    with pytest.raises(Refused):
        propose(database, psu, "create_user", account(), agency_id=elsewhere.agency_id)
    for role in ("ADM", "AUD", "OVS"):
        with pytest.raises(Refused):
            propose(database, psu, "create_user", account(role))
    with pytest.raises(Refused):
        propose(database, psu, "reset_factor", {}, elsewhere.user_id)
    with pytest.raises(Refused):
        propose(database, psu, "enable", {}, officer.user_id)
    with pytest.raises(Refused):
        propose(database, psu, "reset_factor", {}, psu.user_id)


@pytest.mark.one_engine
def test_only_who_the_matrix_lets(database, people) -> None:
    for who in ("officer", "prosecutor"):
        with pytest.raises(NotAllowed):
            propose(database, people[who], "create_user", account())


@pytest.mark.one_engine
def test_a_supervisor_decides_nothing(database, people) -> None:
    change = propose(database, people["psu"], "create_user", account())
    for event in ("approve", "refuse"):
        with pytest.raises(NotAllowed), database.work(identity=people["psu"].identity) as db:
            changes.decide(db, people["psu"].identity, change, event, "because I want to")


def test_through_the_pages(client, database, people) -> None:
    officer = people["officer"]
    sign_in(client, people["psu"])
    page = client.get("/colleagues")
    assert officer.name in page.text
    assert people["elsewhere"].name not in page.text
    client.get(f"/colleagues/{people['elsewhere'].user_id}/propose/reset_factor", status=404)
    client.get("/admin/users", status=403)
    form = client.get(f"/colleagues/{officer.user_id}/propose/end_role?role={officer.membership_id}").forms["form"]
    form["reason"] = "moves to another unit"
    assert form.submit(status=303).location.endswith("/colleagues?done=proposed")
    form = client.get("/colleagues/new").forms["form"]
    assert [value for value, *_rest in form["agency"].options if value] == [str(officer.agency_id)]
    with database.work(readonly=True) as db:
        change = db.scalars(select(AccountChange)).one()
    administrator = TestApp(client.app)
    sign_in(administrator, people["adm"])
    press(administrator, f"/admin/changes/{change.id}/approve", 303)
    stranger = TestApp(client.app)
    sign_in(stranger, people["elsewhere"])
    for path in ("/colleagues", "/colleagues/new"):
        stranger.get(path, status=403)

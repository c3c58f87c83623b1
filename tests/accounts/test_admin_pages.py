"""The administrators' pages, from the proposal to the first sign-in, and what others are shown of them."""

import re

import pyotp
import pytest
from sqlalchemy import select
from webtest import TestApp

from casework.accounts.models import AccountChange, Agency, User
from casework.audit.models import AuditEntry
from casework.db.base import now
from tests.support.people import make_agency, make_person, press, sign_in, user_of


@pytest.fixture
def people(database):
    with database.work() as db:
        make_agency(db, "accd")
        return {"first": make_person(db, "ADM"), "second": make_person(db, "ADM"), "officer": make_person(db, "INV"),
                "auditor": make_person(db, "AUD")}


@pytest.fixture
def browsers(client, people) -> dict[str, TestApp]:
    """Each of the people, signed in."""
    made = {}
    for name, person in people.items():
        made[name] = TestApp(client.app, extra_environ={"REMOTE_ADDR": "192.0.2.50"})
        sign_in(made[name], person)
    return made


def fill_new_user(browser: TestApp, agency_id, login: str = "new.person@example.org"):
    form = browser.get("/admin/users/new").forms["form"]
    form["name"], form["login"] = "New Person (fictional)", login
    form["agency"], form["role"] = str(agency_id), "PSU"
    for part, value in (("day", "1"), ("month", "1"), ("year", "2026")):
        form.fields[part][0].value = value
    return form.submit()


def only_change(database) -> AccountChange:
    with database.work(readonly=True) as db:
        return db.scalars(select(AccountChange)).one()


def test_from_the_proposal_to_the_first_sign_in(database, browsers, people, client) -> None:
    answer = fill_new_user(browsers["first"], people["officer"].agency_id)
    assert answer.location.endswith("/admin/changes?done=proposed")
    change = only_change(database)
    page = browsers["second"].get("/admin/changes")
    page.mustcontain("new.person@example.org", "New Person (fictional)")
    press(browsers["first"], f"/admin/changes/{change.id}/approve", 403)
    press(browsers["second"], f"/admin/changes/{change.id}/approve", 303)
    shown = press(browsers["first"], f"/admin/users/{change.subject_id}/link", 200)
    link = re.search(r"http://\S+(/invitation/[\w-]{43})", shown.text)[1]
    newcomer = TestApp(client.app, extra_environ={"REMOTE_ADDR": "198.51.100.70"})
    form = newcomer.get(link).forms["form"]
    form["password"] = form["again"] = "seven quiet rivers meet"
    page = form.submit().follow()
    secret = page.html.find("span", {"class": "cw-mono"}).text.replace(" ", "")
    page.forms["form"]["code"] = pyotp.TOTP(secret).at(client.app.registry.get("clock", now)())
    page.forms["form"].submit(status=200)
    newcomer.get("/account").mustcontain("new.person@example.org")


def test_a_stale_second_factor_is_asked_for_and_the_press_is_kept(database, browsers, people, move_clock) -> None:
    fill_new_user(browsers["first"], people["officer"].agency_id)
    change = only_change(database)
    second = browsers["second"]
    move_clock(minutes=14)
    second.get("/account")
    move_clock(minutes=2)
    page = press(second, f"/admin/changes/{change.id}/approve", 403)
    assert only_change(database).state == "proposed"
    before = second.cookies["cw"]
    form = next(f for f in page.forms.values() if "kept" in f.fields)
    form["code"] = "000000"
    page = form.submit(status=422)
    form = next(f for f in page.forms.values() if "kept" in f.fields)
    form["code"] = people["second"].fresh_code(second.app.registry["clock"]())
    page = form.submit(status=200)
    assert second.cookies["cw"] != before
    form = next(f for f in page.forms.values() if f.action.endswith("/approve"))
    form.submit(status=303)
    assert only_change(database).state == "approved"
    with database.work(readonly=True) as db:
        verbs = list(db.scalars(select(AuditEntry.verb).where(AuditEntry.chain == people["second"].user_id)))
    assert "identity_confirmed" in verbs
    assert "second_factor_failed" in verbs


def test_what_was_typed_goes_along_and_comes_back(browsers, people, move_clock, app) -> None:
    """Text of any kind survives the question, and stays text."""
    nasty = "\"'<script>&{{ 7*7 }} ខ្មែរ"
    second = browsers["second"]
    move_clock(minutes=14)
    second.get("/account")
    move_clock(minutes=2)
    token = second.get("/account").html.find("input", {"name": "csrf_token"})["value"]
    page = second.post("/account/recovery-codes", {"csrf_token": token, "words": nasty}, status=403,
                       headers={"Origin": "http://localhost"})
    assert "<script>&" not in page.text.replace('<script type="module"', "")
    form = next(f for f in page.forms.values() if "kept" in f.fields)
    form["code"] = people["second"].fresh_code(app.registry["clock"]())
    page = form.submit(status=200)
    form = next(f for f in page.forms.values() if f.action == "/account/recovery-codes")
    assert form["words"].value == nasty


def test_looking_leads_to_the_question_and_back(browsers, people, move_clock, app) -> None:
    second = browsers["second"]
    page = second.get("/confirm-identity?back=/admin/users")
    page.forms["form"]["code"] = people["second"].fresh_code(app.registry.get("clock", now)()) or "000000"
    answer = page.forms["form"].submit(expect_errors=True)
    assert answer.status_int in (303, 422)
    evil = second.get("/confirm-identity?back=//evil.example")
    move_clock(minutes=2)
    evil.forms["form"]["code"] = people["second"].fresh_code(app.registry["clock"]())
    assert evil.forms["form"].submit(status=303).location == "http://localhost/"


def test_shutting_takes_one_administrator_and_works_at_once(database, browsers, people) -> None:
    officer = people["officer"]
    form = browsers["first"].get(f"/admin/users/{officer.user_id}/disable").forms["form"]
    form["reason"] = "left the service today"
    form.submit(status=303)
    browsers["officer"].get("/account", status=303)
    with database.work(readonly=True) as db:
        assert not user_of(db, officer).active
        entry = db.scalars(select(AuditEntry).where(AuditEntry.verb == "disable")).one()
        assert entry.actor_id == people["first"].user_id
        assert "left the service today" in entry.body


def test_nobody_shuts_their_own_account(database, browsers, people) -> None:
    first = people["first"]
    browsers["first"].get(f"/admin/users/{first.user_id}/disable", status=403)
    press(browsers["first"], f"/admin/users/{first.user_id}/link", 403)


@pytest.mark.parametrize(
    "kind", ["add_role", "change_role", "end_role", "change_expiry", "reset_password", "reset_factor"]
)
def test_each_proposal_has_its_page(database, browsers, people, kind) -> None:
    officer = people["officer"]
    path = f"/admin/users/{officer.user_id}/propose/{kind}"
    if kind in ("change_role", "end_role"):
        path += f"?role={officer.membership_id}"
    form = browsers["first"].get(path).forms["form"]
    if kind == "add_role":
        with database.work(readonly=True) as db:
            form["agency"] = str(db.scalars(select(Agency.id).where(Agency.code == "accd")).one())
        for part, value in (("day", "1"), ("month", "1"), ("year", "2026")):
            form.fields[part][0].value = value
    if "role" in form.fields:
        form["role"] = "PSU"
    if "reason" in form.fields:
        form["reason"] = "a good reason"
    if "identity_checked" in form.fields:
        form.submit(status=422)
        form["identity_checked"] = True
    form.submit(status=303)
    change = only_change(database)
    assert change.kind == kind
    press(browsers["second"], f"/admin/changes/{change.id}/approve", 303)
    assert only_change(database).state == "approved"
    browsers["second"].get(f"/admin/users/{officer.user_id}")


def test_a_link_is_for_an_approved_change_only(browsers, people) -> None:
    answer = press(browsers["first"], f"/admin/users/{people['officer'].user_id}/link", 303)
    assert "/invitation/" not in answer.text


def test_refusing_asks_for_the_reason(database, browsers, people) -> None:
    fill_new_user(browsers["first"], people["officer"].agency_id)
    change = only_change(database)
    form = browsers["second"].get(f"/admin/changes/{change.id}/refuse").forms["form"]
    form["reason"] = "short"
    form = form.submit(status=422).forms["form"]
    form["reason"] = "this person does not work there"
    form.submit(status=303)
    assert only_change(database).state == "refused"


def test_withdrawing(database, browsers, people) -> None:
    fill_new_user(browsers["first"], people["officer"].agency_id)
    change = only_change(database)
    press(browsers["second"], f"/admin/changes/{change.id}/withdraw", 422)
    press(browsers["first"], f"/admin/changes/{change.id}/withdraw", 303)
    assert only_change(database).state == "withdrawn"


def test_an_auditor_reads_and_changes_nothing(database, browsers, people) -> None:
    auditor, officer = browsers["auditor"], people["officer"]
    for path in ("/admin/users", f"/admin/users/{officer.user_id}", "/admin/changes", "/admin/agencies"):
        auditor.get(path, status=200)
    for path in ("/admin/users/new", f"/admin/users/{officer.user_id}/disable"):
        auditor.get(path, status=403)
    press(auditor, f"/admin/users/{officer.user_id}/sessions/end", 403)
    with database.work(readonly=True) as db:
        verbs = db.scalars(select(AuditEntry.verb).where(AuditEntry.chain == people["auditor"].user_id)).all()
        assert "denied" in verbs


def test_others_see_nothing_of_it(browsers, people) -> None:
    for path in ("/admin/users", f"/admin/users/{people['first'].user_id}", "/admin/changes", "/admin/agencies"):
        browsers["officer"].get(path, status=403)


@pytest.mark.one_engine
def test_the_list_is_filtered_and_paged(database, browsers) -> None:
    with database.work() as db:
        for n in range(30):
            make_person(db, "SW", login=f"social.{n:02}@example.org")
    page = browsers["first"].get("/admin/users?role=SW")
    logins = re.findall(r">(social\.\d\d)", page.text)
    assert logins == [f"social.{n:02}" for n in range(25)]
    page = browsers["first"].get(page.html.find("a", {"rel": "next"})["href"])
    assert re.findall(r">(social\.\d\d)", page.text) == [f"social.{n:02}" for n in range(25, 30)]
    assert "social.07" in browsers["first"].get("/admin/users?q=SOCIAL.07").text
    assert "social.07" not in browsers["first"].get("/admin/users?state=shut").text
    browsers["first"].get("/admin/users?agency=x&state=nothing&q=%25_")


@pytest.mark.one_engine
def test_an_agency_is_changed_by_two(database, browsers) -> None:
    with database.work(readonly=True) as db:
        agency = db.scalars(select(Agency).where(Agency.code == "accd")).one()
    form = browsers["first"].get(f"/admin/agencies/{agency.id}").forms["form"]
    form["contact_point"] = "duty desk, +855 12 000 010"
    form.submit(status=303)
    press(browsers["second"], f"/admin/changes/{only_change(database).id}/approve", 303)
    browsers["auditor"].get("/admin/agencies").mustcontain("+855 12 000 010")


@pytest.mark.one_engine
def test_unknown_accounts_are_not_found(browsers) -> None:
    nobody = "00000000-0000-7000-8000-000000000000"
    for path in (f"users/{nobody}", "users/1", f"changes/{nobody}/refuse", f"agencies/{nobody}"):
        browsers["first"].get(f"/admin/{path}", status=404)


@pytest.mark.one_engine
def test_no_page_changes_anything_by_being_looked_at(database, browsers, people) -> None:
    officer = people["officer"]
    with database.work(readonly=True) as db:
        before = (db.query(User).count(), db.query(AccountChange).count())
    for path in ("/account", "/account/password", "/confirm-identity", "/choose-role", "/admin/users/new",
                 f"/admin/users/{officer.user_id}/propose/reset_factor", f"/admin/users/{officer.user_id}/disable"):
        browsers["first"].get(path, status=200)
    with database.work(readonly=True) as db:
        assert (db.query(User).count(), db.query(AccountChange).count()) == before
        assert user_of(db, officer).active

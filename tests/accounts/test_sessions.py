"""Sessions end when they should: unused, old, revoked, after a change of password, factor, role or account."""

import pytest
from sqlalchemy import select
from webtest import TestApp

from casework.accounts import service, sessions
from casework.accounts.credentials import UserSession
from casework.accounts.models import Agency, Membership
from casework.audit.models import AuditEntry
from casework.db.base import now
from tests.support.people import (
    give_code,
    give_password,
    make_agency,
    make_person,
    press,
    quick_passwords,
    sign_in,
    user_of,
)


@pytest.fixture
def person(database):
    with database.work() as db:
        return make_person(db, "INV")


def signed_in(client: TestApp) -> bool:
    return client.get("/account").status_int == 200


def second_browser(client: TestApp, person) -> TestApp:
    other = TestApp(client.app, extra_environ={"REMOTE_ADDR": "198.51.100.3"})
    sign_in(other, person)
    return other


@pytest.mark.one_engine
@pytest.mark.parametrize(("role", "minutes"), [("INV", 30), ("ADM", 15), ("AUD", 15)])
def test_an_unused_session_ends(client, database, move_clock, role, minutes) -> None:
    with database.work() as db:
        person = make_person(db, role)
    sign_in(client, person)
    move_clock(minutes=minutes - 1, seconds=59)
    assert signed_in(client)
    move_clock(minutes=minutes - 1)
    assert signed_in(client)
    move_clock(minutes=minutes, seconds=1)
    assert not signed_in(client)
    with database.work(readonly=True) as db:
        assert db.scalars(select(UserSession.ended_why)).all() == ["idle"]
        assert db.scalars(select(AuditEntry).where(AuditEntry.verb == "session_ended")).one().chain == person.user_id


@pytest.mark.one_engine
def test_no_session_lives_longer_than_twelve_hours(client, person, move_clock) -> None:
    sign_in(client, person)
    for _n in range(28):
        move_clock(minutes=25)
        assert signed_in(client)
    move_clock(minutes=19)
    assert signed_in(client)
    move_clock(minutes=2)
    assert not signed_in(client)


@pytest.mark.one_engine
def test_an_unfinished_sign_in_ends_after_ten_minutes(client, person, move_clock) -> None:
    page = give_password(client, person)
    move_clock(minutes=10, seconds=1)
    assert give_code(page, person).location.endswith("/sign-in?back=/account")


def test_a_shut_account_is_out_at_the_next_request(client, database, person) -> None:
    sign_in(client, person)
    with database.work() as db:
        user_of(db, person).active = False
    assert not signed_in(client)


def test_shutting_ends_the_sessions_for_good(client, database, person) -> None:
    sign_in(client, person)
    with database.work() as db:
        service.disable(db, user_of(db, person), now())
    with database.work() as db:
        service.enable(db, user_of(db, person))
    assert not signed_in(client)


@pytest.mark.one_engine
@pytest.mark.parametrize("change", ["ended", "not_yet", "over", "agency", "expired"])
def test_a_role_that_is_not_in_force_gives_no_identity(client, database, person, change) -> None:
    sign_in(client, person)
    with database.work() as db:
        membership = db.get(Membership, person.membership_id)
        if change == "ended":
            membership.ended_at = now()
        elif change == "not_yet":
            membership.valid_from = now().date().replace(year=2999)
        elif change == "over":
            membership.valid_until = now().date().replace(year=2020)
        elif change == "agency":
            db.get(Agency, person.agency_id).active = False
        else:
            user_of(db, person).expires_on = now().date().replace(year=2020)
    assert not signed_in(client)


def test_a_changed_role_counts_at_the_next_request(client, database, person) -> None:
    sign_in(client, person)
    with database.work() as db:
        db.get(Membership, person.membership_id).role = "AUD"
    assert client.get("/admin/users").status_int == 200
    with database.work() as db:
        db.get(Membership, person.membership_id).role = "INV"
    client.get("/admin/users", status=403)


def test_a_changed_password_ends_the_other_sessions_and_the_old_cookie(client, database, person) -> None:
    sign_in(client, person)
    other = second_browser(client, person)
    old = client.cookies["cw"]
    form = client.get("/account/password").forms["form"]
    form["current"], form["password"], form["again"] = person.password, *["seven quiet rivers meet"] * 2
    form.submit(status=303)
    assert signed_in(client)
    assert client.cookies["cw"] != old
    assert not signed_in(other)
    stale = TestApp(client.app)
    stale.set_cookie("cw", old)
    assert not signed_in(stale)
    with database.work(readonly=True) as db:
        assert quick_passwords(database.keyring).verify(user_of(db, person).password_hash, "seven quiet rivers meet")


def test_a_password_is_not_changed_without_the_present_one(client, person) -> None:
    sign_in(client, person)
    form = client.get("/account/password").forms["form"]
    form["current"], form["password"], form["again"] = "not my password", *["seven quiet rivers meet"] * 2
    form.submit(status=422)


def test_one_may_end_one_s_own_sessions(client, database, person) -> None:
    sign_in(client, person)
    other = second_browser(client, person)
    with database.work(readonly=True) as db:
        newest = sessions.of_user(db, person.user_id)[0]
    press(client, "/account/sessions/end", 303, session=str(newest.id))
    assert [signed_in(client), signed_in(other)].count(True) == 1


def test_ending_all_others_leaves_this_one(client, person) -> None:
    sign_in(client, person)
    other = second_browser(client, person)
    press(other, "/account/sessions/end", 303, session="others")
    assert signed_in(other)
    assert not signed_in(client)


def test_nobody_ends_the_session_of_another(client, database, person) -> None:
    with database.work() as db:
        stranger = make_person(db, "INV")
    sign_in(client, person)
    thief = TestApp(client.app)
    sign_in(thief, stranger)
    with database.work(readonly=True) as db:
        victim = sessions.of_user(db, person.user_id)[0]
    press(thief, "/account/sessions/end", 303, session=str(victim.id))
    press(thief, "/account/sessions/end", 303, session="x")
    assert signed_in(client)


def test_a_person_with_two_roles_chooses_and_changes_over(client, database, person) -> None:
    with database.work() as db:
        agency = make_agency(db, "accd")
        second = service.add_membership(db, user_of(db, person), agency, "AUD", at=now())
        second_id = second.id
    page = give_code(give_password(client, person), person).follow()
    assert "Choose your role" in page.text
    client.get("/account", status=303)
    form = next(f for f in page.forms.values() if "role" in f.fields and f["role"].value == str(second_id))
    before = client.cookies["cw"]
    form.submit(status=303)
    assert client.cookies["cw"] != before
    assert client.get("/admin/users").status_int == 200
    press(client, "/choose-role", 303, role=str(person.membership_id))
    client.get("/admin/users", status=403)


def test_nobody_takes_the_role_of_another(client, database, person) -> None:
    with database.work() as db:
        administrator = make_person(db, "ADM")
    sign_in(client, person)
    press(client, "/choose-role", 303, role=str(administrator.membership_id))
    client.get("/admin/users", status=403)


def test_keeping_a_session_alive(client, person, move_clock) -> None:
    sign_in(client, person)
    for _n in range(3):
        move_clock(minutes=20)
        press(client, "/session/keep", 204)
    assert signed_in(client)


def test_last_seen_is_noted_once_a_minute(client, database, person, move_clock) -> None:
    sign_in(client, person)

    def seen():
        assert signed_in(client)
        with database.work(readonly=True) as db:
            return user_of(db, person).last_seen_at

    first = seen()
    move_clock(seconds=30)
    assert seen() == first
    move_clock(seconds=31)
    assert seen() > first


@pytest.mark.one_engine
def test_old_sessions_and_counters_are_swept(database, client, person) -> None:
    import datetime as dt

    sign_in(client, person)
    with database.work() as db:
        service.housekeeping(db, now() + dt.timedelta(days=91))
        assert db.scalars(select(UserSession)).all() == []


@pytest.mark.one_engine
def test_cookies_over_https_are_bound_to_the_host(ini, database) -> None:
    import casework

    with database.work() as db:
        person = make_person(db, "INV")
    app = casework.main({}, **{**ini, "casework.base_url": "https://casework.example"})
    client = TestApp(app, extra_environ={"wsgi.url_scheme": "https", "HTTP_HOST": "casework.example",
                                         "HTTP_ORIGIN": "https://casework.example"})
    answer = give_password(client, person)
    assert answer.status_int == 200
    response = client.get("/sign-in", status=303)
    form = answer.forms["form"]
    form["code"] = person.code()
    response = form.submit(status=303)
    cookies = {line.split("=")[0]: line for line in response.headers.getall("Set-Cookie")}
    session = cookies["__Host-cw"].lower()
    assert "__Host-cw-device" in cookies
    assert all(word in session for word in ("secure", "httponly", "samesite=lax", "path=/"))
    assert not any(word in session for word in ("domain", "max-age", "expires"))
    app.registry["engine"].dispose()


@pytest.mark.one_engine
def test_days_are_those_of_phnom_penh(client, database, person, app) -> None:
    """A role given for the 5th counts from the first minute of the 5th there, when it is still the 4th in UTC."""
    import datetime as dt

    with database.work() as db:
        db.get(Membership, person.membership_id).valid_from = dt.date(2027, 3, 5)
    moment = dt.datetime(2027, 3, 4, 16, 59, tzinfo=dt.UTC)
    app.registry["clock"] = lambda: moment
    form = client.get("/sign-in").forms["form"]
    form["login"], form["password"] = person.login, person.password
    form.submit(status=422)
    moment = dt.datetime(2027, 3, 4, 17, 0, tzinfo=dt.UTC)
    assert sign_in(client, person).status_int == 200


@pytest.mark.one_engine
def test_names_are_in_the_language_of_the_page(client, database, person) -> None:
    with database.work() as db:
        user_of(db, person).name_km = "មន្ត្រី (ប្រឌិត)"
    sign_in(client, person)
    assert "Agency ahtjpd (fictional)" in client.get("/account").text
    client.set_cookie("cw_lang", "km")
    page = client.get("/account").text
    assert "មន្ត្រី (ប្រឌិត)" in page
    assert "ស្ថាប័ន ahtjpd" in page

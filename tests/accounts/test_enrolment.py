"""Links, the second factor, recovery codes: each works once, and nothing weaker leads in."""

import re

import pyotp
import pytest
from sqlalchemy import select
from webtest import TestApp

from casework.accounts import recovery, service, totp
from casework.accounts.credentials import Invitation, RecoveryCode
from casework.accounts.models import User
from casework.audit.models import AuditEntry
from casework.db.base import now
from tests.support.people import (
    give_code,
    give_password,
    make_agency,
    make_person,
    press,
    quick,
    sign_in,
    user_of,
)

NEW = "seven quiet rivers meet"


@pytest.fixture
def person(database):
    with database.work() as db:
        return make_person(db, "INV")


@pytest.fixture
def newcomer(database) -> tuple[str, str]:
    """User name and link of somebody whose account was approved just now."""
    with database.work() as db:
        user = service.create_user(db, login="new.officer@example.org", name="New Officer (fictional)")
        service.add_membership(db, user, make_agency(db, "ahtjpd"), "INV", at=now())
        db.flush()
        return user.login, service.make_link(db, user, now(), None)


def browser(client: TestApp) -> TestApp:
    quick(client.app)
    return TestApp(client.app, extra_environ={"REMOTE_ADDR": "198.51.100.4"})


def open_link(client: TestApp, token: str, password: str = NEW, status: int = 303):
    form = client.get(f"/invitation/{token}").forms["form"]
    form["password"], form["again"] = password, password
    return form.submit(status=status)


def finish(client: TestApp) -> tuple[str, list[str]]:
    """Set up the second factor from the page; returns the secret and the recovery codes."""
    page = client.get("/enrol")
    secret = page.html.find("span", {"class": "cw-mono"}).text.replace(" ", "")
    form = page.forms["form"]
    form["code"] = pyotp.TOTP(secret).at(client.app.registry.get("clock", now)())
    shown = form.submit(status=200)
    return secret, re.findall(r"[0-9A-Z]{4}(?:-[0-9A-Z]{4}){3}", shown.text)


def test_a_newcomer_sets_password_and_second_factor_and_is_in(client, database, newcomer) -> None:
    login, token = newcomer
    client = browser(client)
    assert open_link(client, token).location.endswith("/enrol")
    client.get("/account", status=303)
    picture = client.get("/enrol/qr.svg")
    assert picture.content_type == "image/svg+xml"
    assert picture.headers["Cache-Control"] == "no-store"
    _secret, codes = finish(client)
    assert len(codes) == 10
    assert login in client.get("/account").text
    client.get("/enrol", status=303)
    with database.work(readonly=True) as db:
        user = db.scalars(select(User).where(User.login == login)).one()
        verbs = [e.verb for e in db.scalars(select(AuditEntry).where(AuditEntry.chain == user.id))]
        assert user.pending_link is None
        assert recovery.left(db, user.id) == 10
    for verb in ("link_made", "link_used", "password_changed", "enrol", "second_factor_enrolled"):
        assert verb in verbs


def test_a_link_works_once(client, newcomer) -> None:
    _login, token = newcomer
    open_link(browser(client), token)
    browser(client).get(f"/invitation/{token}", status=410)


def test_a_link_that_lost_the_race_changes_nothing(database, newcomer) -> None:
    _login, token = newcomer
    with database.work() as db:
        link = service.find_link(db, token, now())
        assert service.use_link(db, link, now())
        assert not service.use_link(db, link, now())


def test_a_link_ends_after_its_hours(client, newcomer, move_clock) -> None:
    _login, token = newcomer
    move_clock(hours=72, seconds=1)
    browser(client).get(f"/invitation/{token}", status=410)


def test_a_new_link_ends_the_one_before(client, database, newcomer) -> None:
    login, token = newcomer
    with database.work() as db:
        second = service.make_link(db, db.scalars(select(User).where(User.login == login)).one(), now(), None)
    browser(client).get(f"/invitation/{token}", status=410)
    open_link(browser(client), second)


def test_only_a_hash_of_the_link_is_stored(database, newcomer) -> None:
    _login, token = newcomer
    with database.work(readonly=True) as db:
        assert token.encode() not in db.scalars(select(Invitation.token_hash)).one()


def test_a_made_up_link_is_refused(client) -> None:
    client.get("/invitation/" + "A" * 43, status=410)
    client.get("/invitation/short", status=404)


def test_a_password_without_second_factor_does_not_sign_in(client, newcomer) -> None:
    login, token = newcomer
    open_link(browser(client), token)
    form = browser(client).get("/sign-in").forms["form"]
    form["login"], form["password"] = login, NEW
    form.submit(status=422)


def test_a_wrong_first_code_enrols_nothing(client, database, newcomer) -> None:
    login, token = newcomer
    client = browser(client)
    open_link(client, token)
    form = client.get("/enrol").forms["form"]
    form["code"] = "000000"
    form.submit(status=422)
    with database.work(readonly=True) as db:
        assert db.scalars(select(User).where(User.login == login)).one().mfa_enrolled_at is None


def test_bad_passwords_are_refused_with_the_reason(client, newcomer) -> None:
    _login, token = newcomer
    reasons = {"tooshort": "12", "New Officer 2026 ahtjpd": "easy to guess", "abcabcabcabcabcabc": "repeats"}
    for bad, word in reasons.items():
        answer = open_link(browser(client), token, bad, 422)
        assert word in answer.text
        assert bad not in answer.text
    open_link(browser(client), token)


def test_the_code_of_the_enrolment_does_not_sign_in_again(client, database, newcomer) -> None:
    login, token = newcomer
    first = browser(client)
    open_link(first, token)
    secret, _codes = finish(first)
    with database.work(readonly=True) as db:
        used = db.scalars(select(User).where(User.login == login)).one().activity.totp_last_step
    code = pyotp.TOTP(secret).generate_otp(used)
    second = browser(client)
    form = second.get("/sign-in").forms["form"]
    form["login"], form["password"] = login, NEW
    page = form.submit().follow()
    form = page.forms["form"]
    form["code"] = code
    form.submit(status=422)


def test_a_recovery_code_leads_to_a_new_authenticator_only(client, database, person) -> None:
    with database.work() as db:
        codes = recovery.replace_all(db, person.user_id, now())
    other = browser(client)
    sign_in(other, person)
    page = give_password(client, person)
    form = client.get("/sign-in/recovery").forms["form"]
    form["code"] = codes[0].lower().replace("-", " ")
    assert form.submit(status=303).location.endswith("/enrol")
    other.get("/account", status=303)
    client.get("/account", status=303)
    client.get("/admin/users", status=303)
    secret, fresh = finish(client)
    assert client.get("/account").status_int == 200
    assert secret != person.secret
    assert len(fresh) == 10
    with database.work(readonly=True) as db:
        assert user_of(db, person).totp_secret == secret
    again = browser(client)
    page = give_password(again, person)
    give_code(page, person, person.code(), 422)
    form = again.get("/sign-in/recovery").forms["form"]
    form["code"] = codes[1]
    form.submit(status=422)


def test_a_used_recovery_code_does_not_work_again(client, database, person) -> None:
    with database.work() as db:
        codes = recovery.replace_all(db, person.user_id, now())
    for expected in (303, 422):
        other = browser(client)
        give_password(other, person)
        form = other.get("/sign-in/recovery").forms["form"]
        form["code"] = codes[0]
        form.submit(status=expected)


def test_another_authenticator_replaces_the_present_one_when_it_has_shown_a_code(client, database, person) -> None:
    sign_in(client, person)
    other = browser(client)
    sign_in(other, person)
    press(client, "/account/second-factor", 303)
    with database.work(readonly=True) as db:
        assert user_of(db, person).totp_secret == person.secret
    secret, _codes = finish(client)
    with database.work(readonly=True) as db:
        assert user_of(db, person).totp_secret == secret != person.secret
    assert client.get("/account").status_int == 200
    other.get("/account", status=303)


def test_new_recovery_codes_are_shown_once(client, database, person) -> None:
    sign_in(client, person)
    shown = press(client, "/account/recovery-codes", 200)
    codes = re.findall(r"[0-9A-Z]{4}(?:-[0-9A-Z]{4}){3}", shown.text)
    assert len(codes) == 10
    with database.work() as db:
        assert len(db.scalars(select(RecoveryCode)).all()) == 10
        assert recovery.use(db, person.user_id, codes[9], now())


def test_after_a_reset_the_link_asks_for_the_password(client, database, person) -> None:
    with database.work() as db:
        service.remove_second_factor(db, user_of(db, person), now())
    with database.work() as db:
        token = service.make_link(db, user_of(db, person), now(), None)
    form = browser(client).get("/sign-in").forms["form"]
    form["login"], form["password"] = person.login, person.password
    form.submit(status=422)
    thief = browser(client)
    form = thief.get(f"/invitation/{token}").forms["form"]
    form["password"] = "not the password"
    form.submit(status=422)
    thief.get("/enrol", status=303)
    form = client.get(f"/invitation/{token}").forms["form"]
    form["password"] = person.password
    form.submit(status=303)
    secret, _codes = finish(client)
    assert secret != person.secret
    assert client.get("/account").status_int == 200


def test_a_link_for_a_password_leaves_the_second_factor(client, database, person) -> None:
    with database.work() as db:
        user_of(db, person).pending_link = "password"
        token = service.make_link(db, user_of(db, person), now(), None)
    sign_in(client, person)
    other = browser(client)
    assert open_link(other, token).location.endswith("/sign-in")
    other.get("/account", status=303)
    client.get("/account", status=303)
    person.password = NEW
    assert sign_in(other, person).status_int == 200


def test_no_link_without_an_approved_change(database, person) -> None:
    from casework.workflow.engine import Refused

    with database.work() as db, pytest.raises(Refused):
        service.make_link(db, user_of(db, person), now(), None)


@pytest.mark.one_engine
def test_the_secret_is_stored_sealed_and_its_checks_leave_no_readings(client, database, person) -> None:
    sign_in(client, person)
    with database.work(readonly=True) as db:
        stored = db.scalars(select(User.totp_secret_sealed).where(User.id == person.user_id)).one()
        assert person.secret.encode() not in stored
        assert db.scalars(select(AuditEntry).where(AuditEntry.verb == "read")).all() == []


@pytest.mark.one_engine
def test_the_picture_says_what_the_letters_say() -> None:
    secret = totp.new_secret()
    address = totp.uri(secret, "a.person@example.org")
    assert pyotp.parse_uri(address).secret == secret
    assert pyotp.parse_uri(address).issuer == "casework"
    picture = totp.qr_svg(address).decode()
    assert "<script" not in picture
    assert "style=" not in picture

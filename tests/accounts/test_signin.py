"""Signing in through the real pages: what every wrong try is told, what is counted, whom a lock hits."""

import json
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select
from webtest import TestApp

from casework.accounts import ratelimit, service
from casework.accounts.credentials import SignInCounter, UserSession
from casework.accounts.models import User
from casework.accounts.signin import Gate
from casework.audit.models import AuditEntry
from casework.audit.verify import verify
from casework.db.base import now
from tests.support.people import (
    give_code,
    give_password,
    make_person,
    press,
    quick,
    quick_passwords,
    sign_in,
    user_of,
)


@pytest.fixture
def person(database):
    with database.work() as db:
        return make_person(db, "INV", login="officer.one@example.org")


def another(client: TestApp, address: str = "198.51.100.9") -> TestApp:
    """A browser that was never here, in another network."""
    return TestApp(client.app, extra_environ={"REMOTE_ADDR": address})


def attempt(client: TestApp, login: str, password: str, status=None):
    quick(client.app)
    form = client.get("/sign-in").forms["form"]
    form["login"], form["password"] = login, password
    return form.submit(status=status)


def verbs(database, user_id=None) -> list[str]:
    query = select(AuditEntry).order_by(AuditEntry.seq)
    if user_id:
        query = query.where(AuditEntry.chain == user_id)
    with database.work(readonly=True) as db:
        return [entry.verb for entry in db.scalars(query)]


def test_password_and_code_lead_to_the_page_asked_for(client, database, person) -> None:
    page = sign_in(client, person)
    assert person.login in page.text
    assert verbs(database, person.user_id)[-1] == "sign_in"
    with database.work(readonly=True) as db:
        entry = db.scalars(select(AuditEntry).where(AuditEntry.verb == "sign_in")).one()
        assert entry.actor_id == person.user_id
        assert json.loads(entry.body)["address"] == "192.0.2.1"
    assert verify(database.engine).ok


def test_a_password_alone_opens_nothing(client, person) -> None:
    give_password(client, person)
    assert client.get("/account", status=303).location.endswith("/sign-in?back=/account")
    client.post("/account/sessions/end", {"session": "others"}, status=400)
    client.get("/enrol/qr.svg", status=303)


def test_the_user_name_is_found_however_it_is_typed(client, person) -> None:
    assert attempt(client, "  OFFICER.One@Example.ORG ", person.password, 303)


def test_the_password_is_verified_exactly(client, person) -> None:
    for wrong in (person.password + " ", person.password.upper(), person.password[:-1], person.password * 12):
        assert "not right" in attempt(another(client), person.login, wrong, 422).text


def test_unknown_disabled_locked_expired_and_wrong_are_told_the_same(client, database) -> None:
    with database.work() as db:
        people = {kind: make_person(db, "INV", login=f"{kind:_<9}@example.org")
                  for kind in ("wrong", "shut", "expired", "locked", "no_factor", "no_role")}
        service.disable(db, user_of(db, people["shut"]), now())
        user_of(db, people["expired"]).expires_on = now().date().replace(year=2020)
        service.remove_second_factor(db, user_of(db, people["no_factor"]), now())
        service.end_membership(db, user_of(db, people["no_role"]).memberships[0], now())
    for _n in range(5):
        attempt(another(client), people["locked"].login, "wrong wrong wrong", 422)
    answers = {"unknown": attempt(another(client), "unknown__@example.org", "a password", "*")}
    for kind, who in people.items():
        answers[kind] = attempt(another(client), who.login, "wrong" if kind == "wrong" else who.password, "*")

    def bare(response, kind):
        login = "unknown__@example.org" if kind == "unknown" else people[kind].login
        token = response.forms["form"]["csrf_token"].value
        return response.text.replace(login, "LOGIN").replace(token, "TOKEN")

    wrong = answers.pop("wrong")
    assert wrong.status_int == 422
    for kind, answer in answers.items():
        assert answer.status_int == 422, kind
        assert len(answer.body) == len(wrong.body), kind
        assert sorted(answer.headers) == sorted(wrong.headers), kind
        assert "Set-Cookie" not in answer.headers, kind
        assert bare(answer, kind).count("not right") == bare(wrong, "wrong").count("not right"), kind


@pytest.mark.one_engine
def test_unknown_and_known_take_as_long(database) -> None:
    """With costs at which hashing is most of the work; a forgotten dummy would be many times faster."""
    from casework.accounts.passwords import Passwords
    from casework.settings import ROOT

    passwords = Passwords(database.keyring, ROOT / "etc", time_cost=2, memory_cost=8192)
    with database.work() as db:
        known = make_person(db, "INV")
        user_of(db, known).password_hash = passwords.hash(known.password)

    def seconds(login: str) -> float:
        times = []
        for n in range(12):
            gate = Gate(database.engine, database.keyring, passwords, now(), f"203.0.{n}.7")
            begin = time.thread_time()
            gate.password(login, "wrong wrong wrong")
            times.append(time.thread_time() - begin)
        return min(times)

    unknown, locked_too = seconds("nobody@example.org"), seconds(known.login)
    assert 0.5 < unknown / locked_too < 2


def test_the_sixth_wrong_try_locks_out_even_the_right_password(client, database, person) -> None:
    for _n in range(5):
        attempt(another(client), person.login, "wrong wrong wrong", 422)
    attempt(another(client), person.login, person.password, 422)
    found = verbs(database, person.user_id)
    assert found.count("sign_in_failed") == 6
    assert found.count("sign_in_locked") == 1


def test_a_known_device_gets_in_while_outsiders_are_locked_out(client, database, person) -> None:
    sign_in(client, person)
    press(client, "/sign-out", 303)
    for _n in range(8):
        attempt(another(client), person.login, "wrong wrong wrong", 422)
    attempt(another(client), person.login, person.password, 422)
    assert sign_in(client, person).status_int == 200


def test_a_device_known_for_one_account_is_a_stranger_for_another(client, database, person) -> None:
    sign_in(client, person)
    with database.work() as db:
        other = make_person(db, "PSU")
    client.cookies.pop("cw", None)
    client.reset()
    thief = another(client)
    for _n in range(5):
        attempt(thief, other.login, "wrong wrong wrong", 422)
    attempt(thief, other.login, other.password, 422)


def test_a_forged_device_cookie_is_no_known_device(client, person) -> None:
    thief = another(client)
    thief.set_cookie("cw-device", "0" * 32 + "." + "0" * 32)
    for _n in range(5):
        attempt(thief, person.login, "wrong wrong wrong", 422)
    attempt(thief, person.login, person.password, 422)


def test_the_lock_opens_by_itself(client, person, move_clock) -> None:
    for _n in range(6):
        attempt(another(client), person.login, "wrong wrong wrong", 422)
    move_clock(minutes=5, seconds=1)
    attempt(another(client), person.login, person.password, 303)


def test_a_right_password_forgives_the_wrong_ones_before(client, database, person) -> None:
    for _round in range(3):
        for _n in range(4):
            attempt(another(client), person.login, "wrong wrong wrong", 422)
        attempt(another(client), person.login, person.password, 303)


def test_a_network_that_tries_too_often_is_told_so_and_others_are_not(client, person) -> None:
    passwords, gate_args = client.app.registry["passwords"], client.app.registry
    quick(client.app)
    for n in range(ratelimit.NETWORK[0].count):
        gate = Gate(gate_args["engine"], gate_args["keyring"], client.app.registry["passwords"], now(), "203.0.113.5")
        assert not gate.password(f"guess{n}@example.org", "wrong wrong wrong").busy
    neighbour = another(client, "203.0.113.77")
    answer = attempt(neighbour, person.login, person.password, 429)
    assert answer.headers["Retry-After"] == "300"
    attempt(another(client, "203.0.112.5"), person.login, person.password, 303)
    assert passwords is not client.app.registry["passwords"]


def test_fifty_guesses_at_once_are_fifty(database, person) -> None:
    passwords = quick_passwords(database.keyring)

    def guess(n: int):
        gate = Gate(database.engine, database.keyring, passwords, now(), f"198.51.{n}.1")
        return gate.password(person.login, "wrong wrong wrong")

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(guess, range(50)))
    assert sum(not outcome.locked for outcome in outcomes) == 5
    assert sum(outcome.just_locked for outcome in outcomes) >= 1


def test_counters_do_not_say_what_was_typed(client, database) -> None:
    attempt(client, "my secret password typed in the wrong box", "x", 422)
    with database.work(readonly=True) as db:
        keys = b"".join(counter.key for counter in db.scalars(select(SignInCounter)))
        bodies = "".join(entry.body for entry in db.scalars(select(AuditEntry)))
    assert b"secret" not in keys
    assert "secret" not in bodies
    assert '"typed"' in bodies


def test_five_wrong_codes_lock_the_second_step(client, database, person) -> None:
    page = give_password(client, person)
    for _n in range(5):
        page = give_code(page, person, "000000", 422)
    give_code(page, person, status=429).mustcontain("Too many wrong codes")
    found = verbs(database, person.user_id)
    assert found.count("second_factor_failed") == 5
    assert found.count("second_factor_locked") == 1


def test_a_code_signs_in_once_only(client, person) -> None:
    code = person.code()
    assert give_code(give_password(client, person), person, code).status_int == 303
    for again in (code, f"{code[:3]} {code[3:]}", code.translate(str.maketrans("0123456789", "០១២៣៤៥៦៧៨៩"))):
        give_code(give_password(another(client), person), person, again, 422)


def test_khmer_digits_sign_in(client, person) -> None:
    code = person.code().translate(str.maketrans("0123456789", "០១២៣៤៥៦៧៨៩"))
    assert give_code(give_password(client, person), person, code).status_int == 303


def test_signing_in_changes_the_cookie_at_each_step(client, person) -> None:
    client.set_cookie("cw", "A" * 43)
    page = give_password(client, person)
    first = client.cookies["cw"]
    give_code(page, person)
    assert len({"A" * 43, first, client.cookies["cw"]}) == 3
    old = another(client)
    old.set_cookie("cw", first)
    assert old.get("/account").status_int == 303


def test_only_a_hash_of_the_cookie_is_stored(client, database, person) -> None:
    sign_in(client, person)
    with database.work(readonly=True) as db:
        session = db.scalars(select(UserSession).where(UserSession.state == "full")).one()
        assert client.cookies["cw"].encode() not in session.token_hash
        assert len(session.token_hash) == 32


def test_signing_out_ends_the_session_on_the_server(client, database, person) -> None:
    sign_in(client, person)
    cookie = client.cookies["cw"]
    answer = press(client, "/sign-out")
    assert "cache" in answer.headers["Clear-Site-Data"]
    client.set_cookie("cw", cookie)
    assert client.get("/account").status_int == 303
    assert verbs(database, person.user_id)[-1] == "sign_out"


def test_old_costs_are_replaced_at_sign_in(client, database, person) -> None:
    from casework.accounts.passwords import Passwords
    from casework.settings import ROOT

    with database.work() as db:
        old = Passwords(database.keyring, ROOT / "etc", time_cost=1, memory_cost=16).hash(person.password)
        user_of(db, person).password_hash = old
    sign_in(client, person)
    with database.work(readonly=True) as db:
        stored = db.scalars(select(User.password_hash).where(User.id == person.user_id)).one()
    wanted = quick_passwords(database.keyring)
    assert wanted.stale(old)
    assert not wanted.stale(stored)
    assert wanted.verify(stored, person.password)


def test_no_entry_of_the_log_holds_password_code_or_hash(client, database, person) -> None:
    attempt(another(client), person.login, "wrong but private", 422)
    code = person.code()
    give_code(give_password(client, person), person, code)
    with database.work(readonly=True) as db:
        bodies = "".join(entry.body for entry in db.scalars(select(AuditEntry)))
        stored = user_of(db, person).password_hash
    for secret in ("wrong but private", person.password, person.secret, stored, "argon2"):
        assert secret not in bodies
    assert f'"{code}"' not in bodies


def test_back_leads_to_this_site_only(client, person) -> None:
    page = give_password(another(client), person, "//evil.example")
    assert give_code(page, person).location == "http://localhost/"

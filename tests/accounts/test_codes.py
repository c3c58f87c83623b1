"""Codes of the second factor and recovery codes: however they are typed, each works once."""

import datetime as dt
from concurrent.futures import ThreadPoolExecutor

import pyotp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from casework.accounts import recovery, totp
from casework.accounts.credentials import RecoveryCode
from casework.db.base import now
from tests.support.people import make_person

DIGITS = ["0123456789", "០១២៣៤៥៦៧៨៩", "０１２３４５６７８９", "٠١٢٣٤٥٦٧٨٩"]
BETWEEN = ["", " ", "\u00a0", "-", "–", "\u200b", "\u2060", "  "]


@given(code=st.text("0123456789", min_size=6, max_size=6), data=st.data())
def test_digits_of_any_script_with_anything_between_are_the_code(code: str, data) -> None:
    typed = "".join(
        data.draw(st.sampled_from(DIGITS))[int(char)] + data.draw(st.sampled_from(BETWEEN)) for char in code
    )
    assert totp.normal_code(typed) == code


@given(st.text(max_size=20))
def test_what_is_not_six_digits_is_no_code(text: str) -> None:
    code = totp.normal_code(text)
    assert code is None or (len(code) == 6 and code.isascii() and code.isdigit())


@pytest.mark.parametrize("text", ["", "12345", "1234567", "12345a", "12 34 5½", "²²²²²²", "1" * 1000, "12345\n6\0"])
def test_not_a_code(text: str) -> None:
    assert totp.normal_code(text) is None


def test_only_this_half_minute_and_the_one_before_are_accepted() -> None:
    secret, at = totp.new_secret(), dt.datetime(2026, 1, 5, 8, 0, 10, tzinfo=dt.UTC)
    code = pyotp.TOTP(secret).at(int(at.timestamp()))
    step = int(at.timestamp()) // 30
    accepted = [totp.matching_step(secret, code, at + dt.timedelta(seconds=30 * n)) for n in (-1, 0, 1, 2)]
    assert accepted == [None, step, step, None]


def test_a_code_works_once_however_it_is_written(database) -> None:
    with database.work() as db:
        person = make_person(db, "INV")
    at = now()
    code = person.code(at)
    with database.work() as db:
        assert totp.check(db, person.user_id, person.secret, code, at)
    in_other_digits = ["".join(digits[int(c)] for c in code) for digits in DIGITS]
    for again in (code, " ".join(code), *in_other_digits):
        with database.work() as db:
            assert not totp.check(db, person.user_id, person.secret, again, at)


def test_an_older_code_does_not_work_after_a_newer_one(database) -> None:
    with database.work() as db:
        person = make_person(db, "INV")
    at = now()
    older = person.code(at - dt.timedelta(seconds=30))
    with database.work() as db:
        assert totp.check(db, person.user_id, person.secret, person.code(at), at)
    with database.work() as db:
        assert not totp.check(db, person.user_id, person.secret, older, at)


def test_of_fifty_at_once_one_gets_in(database) -> None:
    with database.work() as db:
        person = make_person(db, "INV")
    at, code = now(), person.code()

    def attempt(_n: int) -> bool:
        with database.work() as db:
            return totp.check(db, person.user_id, person.secret, code, at)

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(attempt, range(50))) == 1


def test_recovery_codes_work_once_each_and_are_not_stored(database) -> None:
    with database.work() as db:
        person = make_person(db, "INV")
        codes = recovery.replace_all(db, person.user_id, now())
    assert len(set(codes)) == 10
    with database.work(readonly=True) as db:
        stored = b"".join(row.code_hash for row in db.query(RecoveryCode))
    assert not any(code.replace("-", "").encode() in stored for code in codes)
    typed = codes[3].lower().replace("-", " ").replace("0", "o").replace("1", "l")
    with database.work() as db:
        assert recovery.use(db, person.user_id, typed, now())
        assert recovery.left(db, person.user_id) == 9
    with database.work() as db:
        assert not recovery.use(db, person.user_id, codes[3], now())


def test_a_recovery_code_is_worth_nothing_to_another_person(database) -> None:
    with database.work() as db:
        person, other = make_person(db, "INV"), make_person(db, "INV")
        codes = recovery.replace_all(db, person.user_id, now())
        assert not recovery.use(db, other.user_id, codes[0], now())


def test_of_many_at_once_one_burns_a_recovery_code(database) -> None:
    with database.work() as db:
        person = make_person(db, "INV")
        code = recovery.replace_all(db, person.user_id, now())[0]

    def attempt(_n: int) -> bool:
        with database.work() as db:
            return recovery.use(db, person.user_id, code, now())

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(attempt, range(20))) == 1


def test_new_recovery_codes_end_the_old_ones(database) -> None:
    with database.work() as db:
        person = make_person(db, "INV")
        old = recovery.replace_all(db, person.user_id, now())
        recovery.replace_all(db, person.user_id, now())
    with database.work() as db:
        assert not recovery.use(db, person.user_id, old[0], now())


@given(st.text(alphabet="0123456789ABCDEFGHJKMNPQRSTVWXYZ", min_size=16, max_size=16))
def test_any_grouping_of_a_recovery_code_is_the_same_code(code: str) -> None:
    for typed in (code, code.lower(), "-".join(code[i : i + 4] for i in range(0, 16, 4)), f" {code} "):
        assert recovery.normal(typed) == code

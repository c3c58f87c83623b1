"""What may be a password, and how it is kept."""

import base64
import gzip

import pytest
from argon2 import extract_parameters
from hypothesis import given, settings
from hypothesis import strategies as st

from casework.accounts.passwords import MAX_LENGTH, Passwords
from casework.crypto.keyring import KeyRing
from casework.crypto.seal import unseal
from casework.settings import ROOT
from tests.support.people import quick_passwords

RING = KeyRing.generate()
QUICK = quick_passwords(RING)


def test_the_costs_of_the_program() -> None:
    stored = Passwords(RING, ROOT / "etc").hash("seven quiet rivers meet")
    key_id, _colon, sealed = stored.partition(":")
    found = extract_parameters(unseal(RING.key(key_id, "pepper"), base64.b64decode(sealed), "password").decode())
    assert (found.type.name, found.memory_cost, found.time_cost, found.parallelism) == ("ID", 65536, 3, 1)


@settings(deadline=None, max_examples=40)
@given(st.text(min_size=12, max_size=130))
def test_any_text_is_verified_exactly(password: str) -> None:
    stored = QUICK.hash(password)
    assert QUICK.verify(stored, password)
    assert not QUICK.verify(stored, password + "x")
    assert not QUICK.verify(stored, password[:-1])


@pytest.mark.parametrize("tail", ["a", "b"])
def test_nothing_is_cut_off(tail: str) -> None:
    assert not QUICK.verify(QUICK.hash("m" * 200 + "c"), "m" * 200 + tail)
    assert not QUICK.verify(QUICK.hash("m" * MAX_LENGTH), "m" * MAX_LENGTH + tail)


def test_composed_and_decomposed_letters_are_the_same() -> None:
    assert QUICK.verify(QUICK.hash("caf\u00e9 caf\u00e9 caf\u00e9"), "cafe\u0301 cafe\u0301 cafe\u0301")


def test_without_an_account_the_answer_is_no() -> None:
    assert not QUICK.verify(None, "seven quiet rivers meet")


def test_a_stolen_hash_is_worth_nothing_without_the_key_ring() -> None:
    stored = QUICK.hash("seven quiet rivers meet")
    assert not quick_passwords(KeyRing.generate()).verify(stored, "seven quiet rivers meet")


def test_after_a_new_ring_key_old_passwords_work_and_are_renewed() -> None:
    stored = QUICK.hash("seven quiet rivers meet")
    rotated = quick_passwords(KeyRing("k2", {**RING.keys, "k2": b"2" * 32}))
    assert rotated.verify(stored, "seven quiet rivers meet")
    assert rotated.stale(stored)
    assert not rotated.stale(rotated.hash("seven quiet rivers meet"))
    lost = quick_passwords(KeyRing("k2", {"k2": b"2" * 32}))
    assert not lost.verify(stored, "seven quiet rivers meet")
    assert lost.verify(rotated.under_current(stored), "seven quiet rivers meet")
    assert lost.under_current(stored) is None


@pytest.mark.parametrize("good", [
    "seven quiet rivers meet", "mango leaf paper boat", "ទន្លេបួនជួបគ្នានៅទីក្រុង", "🐘🌴🌊🚲🛶🎏🪁🧺🫖🪷 ផ្កាឈូក", "x7!qP" * 20,
    "my aunt at aple sings on Sundays",
])
def test_good(good: str) -> None:
    assert QUICK.problem(good, ["sok.dara@example.org", "Sok Dara (fictional)", "aple"]) is None


@pytest.mark.parametrize("bad", [
    "", "elevenchars", "password1234", "casework2026!", "CaseWork-CaseWork-CaseWork", "aaaaaaaaaaaaaaaaaa",
    "sokdara sokdara", "Sok.Dara@2026", "aple aple aple 1234", "x" * (MAX_LENGTH + 1), "ahtjpd-hotline-2026",
])
def test_bad(bad: str) -> None:
    assert QUICK.problem(bad, ["sok.dara@example.org", "Sok Dara (fictional)", "aple"]) is not None


def test_every_listed_password_is_refused() -> None:
    listed = gzip.decompress((ROOT / "etc" / "common-passwords.txt.gz").read_bytes()).decode().split()
    assert len(listed) > 5000
    assert [word for word in listed if QUICK.problem(word) is None] == []
    long_ones = [word for word in listed if 12 <= len(word) <= 40]
    assert [word for word in long_ones if QUICK.problem(word.upper()) is None] == []


def test_a_missing_list_stops_the_start(tmp_path) -> None:
    with pytest.raises(FileNotFoundError):
        Passwords(RING, tmp_path).check_lists()

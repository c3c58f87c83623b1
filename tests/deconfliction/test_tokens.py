"""Canonical forms and tokens: the vectors of the domain analysis, and what holds for any value."""

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from casework.authz.scope import unscoped
from casework.crypto import rotation
from casework.crypto.keyring import KeyRing
from casework.crypto.tokens import not_under, token
from casework.db.base import now
from casework.deconfliction import settle
from casework.deconfliction.index import forms_of, purpose, recompute, victim_purpose
from casework.deconfliction.models import MatchHit, MatchToken, VictimToken
from schemas.identifiers import TYPES, ProviderRules, canonical

RULES = ProviderRules(frozenset({"dotfree.example"}), frozenset({"dotfree.example"}))
RING = KeyRing.generate()
VECTORS = list(csv.DictReader(
    (Path(__file__).parents[1] / "data" / "deconfliction.csv").read_text(encoding="utf-8").splitlines()))


def tokens(type: str, value: str) -> list[bytes]:
    text = canonical(type, value, provider_rules=RULES)
    return [token(RING, purpose(type, form), part) for form, part in forms_of(type, text)]


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: f"{vector['left']} {vector['same']} {vector['right']}")
def test_vectors(vector):
    left, right = tokens(vector["type"], vector["left"]), tokens(vector["type"], vector["right"])
    assert (left == right) == (vector["same"] == "yes")
    if vector["same"] == "no":
        assert set(left).isdisjoint(right)


DIGITS = st.text("0123456789", min_size=6, max_size=6)
NAME = st.text("abcdefghijklmnopqrstuvwxyz0123456789_", min_size=1, max_size=12)


def _spaced(digits: str, marks: list[str]) -> str:
    return "".join(digit + mark for digit, mark in zip(digits, marks, strict=False)) + digits[len(marks):]


@given(digits=DIGITS, marks=st.lists(st.sampled_from(["", " ", "-", ".", "\u00a0"]), max_size=5),
       start=st.sampled_from(["012", "+855 12", "0085512", "855 12", "+855 (0)12", "០១២"]))
def test_every_way_to_write_a_number_gives_one_token(digits, marks, start):
    assert tokens("phone", start + " " + _spaced(digits, marks)) == tokens("phone", "+85512" + digits)


@given(one=DIGITS, other=DIGITS)
def test_other_numbers_give_other_tokens(one, other):
    assert (tokens("phone", "012" + one) == tokens("phone", "012" + other)) == (one == other)


@given(name=NAME, capital=st.booleans(), at=st.sampled_from(["", "@"]),
       platform=st.sampled_from(["Facebook", "facebook"]))
def test_every_way_to_write_a_handle_gives_one_token(name, capital, at, platform):
    written = f"{platform}: {at}{name.upper() if capital else name}"
    assert tokens("account", written) == tokens("account", f"facebook:{name}")


STARTS = ["https://Example.ORG:443/", "http://example.org/", "hxxps://example[.]org/", "example.org/"]


@given(path=NAME, query=st.sampled_from(["", "?utm_source=z", "?fbclid=1&utm_medium=m"]),
       part=st.sampled_from(["", "#t"]), start=st.sampled_from(STARTS))
def test_every_way_to_write_an_address_gives_one_token(path, query, part, start):
    assert tokens("url", start + path + query + part) == tokens("url", f"example.org/{path}")


@given(path=NAME, one=DIGITS, other=DIGITS)
def test_another_query_is_another_whole_and_the_same_path(path, one, other):
    left, right = tokens("url", f"example.org/{path}?id={one}"), tokens("url", f"example.org/{path}?id={other}")
    assert (left[0] == right[0]) == (one == other)
    assert left[1] == right[1]


@given(text=st.text(min_size=1, max_size=30))
def test_no_token_of_one_purpose_is_one_of_another(text):
    purposes = [purpose(type) for type in TYPES] + [purpose("url", "path")] + [victim_purpose(type) for type in TYPES]
    assert len({token(RING, one, text) for one in purposes}) == len(purposes)


def test_a_token_needs_the_key():
    """The mobile range is small: without the key a stolen index says nothing (7.2)."""
    assert token(RING, purpose("phone"), "+85512000000") != token(KeyRing.generate(), purpose("phone"), "+85512000000")


# ---- change of keys

def test_matches_outlive_a_change_of_keys(units):
    mine = units.add("inv", units.here)
    ring = units.database.keyring
    old = units.all(MatchToken)[0].token
    ring.change(rotation.with_new_key(ring.content, "k2"))
    units.add("there", units.far)
    rotation.rotate(units.database.work)
    with units.database.work() as db, unscoped(db, "a test looks at the index"):
        assert db.scalars(select(MatchToken.id).where(not_under(MatchToken.token, ring.current))).all() == []
        settle.run(db, now())
    assert {hit.state for hit in units.all(MatchHit)} == {"found"}
    assert old not in {line.token for line in units.all(MatchToken)}
    assert [hit.identifier_id for hit in units.seen("inv")] == [mine.id]


def test_both_indexes_are_made_anew_from_the_originals(units):
    units.add("inv", units.here)
    before = units.all(MatchToken)
    with units.database.work() as db:
        assert recompute(db) == 1
    after = units.all(MatchToken)
    assert [line.token for line in after] == [line.token for line in before]
    assert units.all(VictimToken) == []

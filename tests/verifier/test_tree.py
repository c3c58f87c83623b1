"""Roots and proofs are those of RFC 6962, and no changed proof holds."""

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from casework.verifier.casework_verify import (
    EMPTY_ROOT,
    Failed,
    Frontier,
    Malformed,
    check_consistency,
    check_inclusion,
    complete_parts,
    hash_from,
    leaf_hash,
    number,
    unbase64,
)
from tests.verifier import made

TREES = st.lists(st.binary(max_size=8), min_size=1, max_size=70)


def changed(proof: list[bytes]) -> list[list[bytes]]:
    """The proof with each hash changed, removed, doubled, cut, grown or exchanged with the one before."""
    found = []
    for at, step in enumerate(proof):
        found += [[*proof[:at], bytes([step[0] ^ 1]) + step[1:], *proof[at + 1 :]],
                  [*proof[:at], step[:-1] + bytes([step[-1] ^ 128]), *proof[at + 1 :]],
                  [*proof[:at], *proof[at + 1 :]], [*proof[: at + 1], *proof[at:]],
                  [*proof[:at], step[:-1], *proof[at + 1 :]], [*proof[:at], step + b"\0", *proof[at + 1 :]]]
        if at and step != proof[at - 1]:
            found.append([*proof[: at - 1], step, proof[at - 1], *proof[at + 1 :]])
    return [*found, [*proof, bytes(32)], [bytes(32), *proof]]


@given(TREES)
def test_the_frontier_gives_the_root_of_every_size(leaves):
    frontier, hashes = Frontier(), []
    assert frontier.root() == EMPTY_ROOT == hashlib.sha256(b"").digest()
    for leaf in leaves:
        frontier.append(leaf_hash(leaf))
        hashes.append(made.sha256(b"\x00" + leaf))
        assert frontier.root() == made.root(hashes)
        assert Frontier(len(hashes), complete_parts(hashes)).root() == frontier.root()


def test_a_frontier_of_another_size_is_refused():
    with pytest.raises(Malformed):
        Frontier(3, [bytes(32)])


@settings(deadline=None)
@given(TREES, st.data())
def test_inclusion_holds_and_no_change_of_it_does(leaves, data):
    hashes = [made.sha256(b"\x00" + leaf) for leaf in leaves]
    index = data.draw(st.integers(0, len(hashes) - 1))
    root, proof = made.root(hashes), made.inclusion(index, hashes)
    check_inclusion(index, len(hashes), hashes[index], proof, root)
    for other in changed(proof):
        with pytest.raises(Failed):
            check_inclusion(index, len(hashes), hashes[index], other, root)
    for other in set(range(-1, len(hashes) + 2)) - {index}:
        # Equal leaves may stand at both places.
        if not 0 <= other < len(hashes) or proof != made.inclusion(other, hashes):
            with pytest.raises(Failed):
                check_inclusion(other, len(hashes), hashes[index], proof, root)
    with pytest.raises(Failed):
        check_inclusion(index, len(hashes), made.sha256(b"another"), proof, root)
    with pytest.raises(Failed):
        check_inclusion(index, len(hashes), hashes[index], proof, made.sha256(b"another"))


@settings(deadline=None)
@given(TREES, st.data())
def test_consistency_holds_and_no_change_of_it_does(leaves, data):
    hashes = [made.sha256(b"\x00" + leaf) for leaf in leaves]
    old = data.draw(st.integers(1, len(hashes)))
    roots, proof = (made.root(hashes[:old]), made.root(hashes)), made.consistency(old, hashes)
    check_consistency(old, len(hashes), *roots, proof)
    for other in changed(proof):
        with pytest.raises(Failed):
            check_consistency(old, len(hashes), *roots, other)
    for first, second in ((made.sha256(b"x"), roots[1]), (roots[0], made.sha256(b"x"))):
        with pytest.raises(Failed):
            check_consistency(old, len(hashes), first, second, proof)
    with pytest.raises(Failed):
        check_consistency(len(hashes) + 1, len(hashes), *roots, proof)


@pytest.mark.parametrize("text", ["", "01", "00", "+1", "-1", " 1", "1 ", "1\n", "1.0", "0x1", "١", str(2**63)])
def test_numbers_have_one_form(text):
    with pytest.raises(Malformed):
        number(text)
    assert (number("0"), number("10"), number("9223372036854775807")) == (0, 10, 2**63 - 1)


@pytest.mark.parametrize("text", ["YQ", "YQ=", "YR==", "YQ==\n", " YQ==", "Y-==", "YQ==YQ==", "=", "YQ===", "é"])
def test_base64_has_one_form(text):
    with pytest.raises(Malformed):
        unbase64(text)
    assert unbase64("YQ==") == b"a"
    with pytest.raises(Malformed):
        hash_from("YQ==")

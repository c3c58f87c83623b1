"""The sorted file: what was put in is found, nothing else is, and half a file is refused."""

import os
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from casework.hashes import index
from casework.hashes.index import Index, NotAnIndex, build


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("index")


@given(kept=st.dictionaries(st.binary(min_size=16, max_size=16), st.integers(0, 2**32 - 1), max_size=60),
       others=st.lists(st.binary(min_size=16, max_size=16), max_size=20), run=st.integers(1, 40))
@settings(max_examples=60)
def test_all_that_was_put_in_and_nothing_else(place, kept, others, run):
    path = place / "md5"
    before, index.RUN = index.RUN, run  # several runs, so that groups lie in pieces
    try:
        assert build(path, 16, kept.items()) == len(kept)
    finally:
        index.RUN = before
    found = Index(path)
    assert {key: found.find(key) for key in kept} == kept
    assert all(found.find(key) is None for key in others if key not in kept)
    found.close()


def test_many_in_several_runs(tmp_path, monkeypatch):
    """Enough for marks that are finer than the groups on the disk."""
    monkeypatch.setattr(index, "RUN", 7_000)
    noise = random.Random(5).randbytes(16 * 20_000)
    keys = {noise[at : at + 16]: at for at in range(0, len(noise), 16)}
    assert build(tmp_path / "md5", 16, [*keys.items(), *keys.items()]) == len(keys)
    found = Index(tmp_path / "md5")
    assert {key: found.find(key) for key in keys} == keys
    assert [key for key in keys if found.find(key[::-1]) is not None] == []
    found.close()


def test_keys_that_begin_alike(tmp_path):
    keys = {bytes([7] * 31 + [n]): n for n in range(256)}
    build(tmp_path / "sha256", 32, keys.items())
    found = Index(tmp_path / "sha256")
    assert {key: found.find(key) for key in keys} == keys
    assert found.find(bytes(32)) is None
    assert found.find(b"\xff" * 32) is None


def test_equal_records_stand_once(tmp_path):
    assert build(tmp_path / "md5", 16, [(bytes(16), 3), (bytes(16), 3)]) == 1


def test_a_key_of_another_length_leaves_nothing_behind(tmp_path):
    with pytest.raises(ValueError, match="a key of 20 bytes"):
        build(tmp_path / "md5", 16, [(bytes(16), 1), (bytes(20), 2)])
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("harm", [lambda b: b[:-1], lambda b: b + b"x", lambda b: b"y" + b[1:], lambda b: b[:10]])
def test_half_a_file_is_refused(tmp_path, harm):
    path = tmp_path / "md5"
    build(path, 16, [(os.urandom(16), n) for n in range(50)])
    path.write_bytes(harm(path.read_bytes()))
    with pytest.raises(NotAnIndex):
        Index(path)

"""The bucket as a store: written whole or not at all, whatever the other side does; and the lie is found out."""

import os

import pytest

from casework.files import s3
from casework.files.s3 import S3
from casework.files.store import Missing, NoSpace, StoreProblem, check, hash_of
from tests.files import bucket as other_side

CONTENT = os.urandom(70_000)


@pytest.fixture
def bucket():
    made = other_side.Bucket()
    yield made
    made.stop()


def store(bucket, *, secret=other_side.SECRET, access=other_side.ACCESS, lock_days=0, tries=3) -> S3:
    return S3(s3.Bucket(bucket.endpoint, other_side.NAME, "us-east-1", access, secret, lock_days), tries=tries,
              seconds=1)


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "source"
    path.write_bytes(CONTENT)
    return path


def test_put_read_listed_deleted(bucket, source):
    kept, address = store(bucket), hash_of(source)
    kept.put(address, source)
    check(kept, address, len(CONTENT))
    assert kept.read(address, 100, 50) == CONTENT[100:150]
    assert kept.read(address, len(CONTENT), 50) == b""
    assert [found for found, _at in kept.objects()] == [address]
    kept.put(address, source)
    assert sum(asked.startswith("PUT") for asked in bucket.asked) == 1
    kept.delete(address)
    for ask in (kept.size, lambda one: kept.read(one, 0, 5)):
        with pytest.raises(Missing):
            ask(address)


def test_long_ones_go_in_parts_and_what_is_given_up_leaves_none(bucket, source, monkeypatch):
    monkeypatch.setattr(s3, "PART", 20_000)
    kept, address = store(bucket, tries=1), hash_of(source)
    bucket.faults = ["", "", "", "500"]
    with pytest.raises(StoreProblem):
        kept.put(address, source)
    assert bucket.objects == {}
    assert bucket.parts == {}
    kept.put(address, source)
    check(kept, address, len(CONTENT))


def test_faults_that_pass_are_tried_again(bucket, source):
    kept, address = store(bucket), hash_of(source)
    bucket.faults = ["500", "", "cut", "500"]
    kept.put(address, source)
    check(kept, address, len(CONTENT))


@pytest.mark.parametrize(("fault", "problem"), [
    ("500", StoreProblem), ("cut", StoreProblem), ("slow", StoreProblem), ("full", NoSpace),
])
def test_faults_that_stay_are_told_and_leave_nothing(bucket, source, fault, problem):
    kept = store(bucket, tries=2 if fault != "slow" else 1)
    bucket.faults = [fault] * 8
    with pytest.raises(problem):
        kept.put(hash_of(source), source)
    assert bucket.objects == {}


def test_a_store_that_is_gone(bucket, source):
    kept = store(bucket, tries=2)
    bucket.stop()
    with pytest.raises(StoreProblem):
        kept.put(hash_of(source), source)


def test_a_store_that_lies_is_found_out(bucket, source):
    """It says that all is well, hash and all, and keeps something else."""
    kept, address = store(bucket), hash_of(source)
    bucket.faults = ["", "lie"]
    kept.put(address, source)
    with pytest.raises(StoreProblem, match="other bytes"):
        check(kept, address, len(CONTENT))


def test_a_stranger_is_refused(bucket, source):
    with pytest.raises(StoreProblem):
        store(bucket, access="somebody").put(hash_of(source), source)


def test_locked_where_it_is_asked_for(bucket, source):
    kept, address = store(bucket, lock_days=30), hash_of(source)
    kept.put(address, source)
    assert list(bucket.locks.values()) == ["COMPLIANCE"]
    with pytest.raises(StoreProblem, match="AccessDenied"):
        kept.delete(address)
    assert "secret" not in repr(s3.Bucket("", "b", "r", "a", other_side.SECRET))

"""A list of entries: every line is proved, the order is the log's, and what the list leaves out can be counted."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.verifier.made import Log, canonical

BOOK = Log(40)
INDEXES = [*range(0, 30, 3), 31, 32]
GOOD = BOOK.events(INDEXES)


def write(tmp_path, text):
    path = tmp_path / "list.events.jsonl"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_a_list_holds(verify, tmp_path):
    report = verify("events", write(tmp_path, GOOD))
    assert report["exit"] == 0
    # Of the chains of the last two entries, the ten before each are not listed.
    assert report["checked"] == {"entries": 12, "sealed": 0, "chains": 3, "left_out": 20}
    assert report["last_at"] == BOOK.entries[32]["entry"]["at"]


def test_the_whole_log_tells_what_the_list_leaves_out(verify, tmp_path):
    folder = BOOK.write(tmp_path / "log")
    whole = write(tmp_path, BOOK.events(list(range(0, 40, 3))))
    assert verify("events", whole, "--log", folder)["checked"]["not_listed"] == 0
    part = write(tmp_path, BOOK.events(list(range(0, 30, 3))))
    report = verify("events", part, "--log", folder)
    assert (report["exit"], report["checked"]["left_out"], report["checked"]["not_listed"]) == (0, 0, 4)


def test_an_empty_list_holds(verify, tmp_path):
    assert verify("events", write(tmp_path, BOOK.events([])))["exit"] == 0


def test_without_a_key_it_is_not_enough(verify, tmp_path):
    assert verify("events", write(tmp_path, GOOD), trust=())["exit"] == 3


def test_lines_removed_exchanged_doubled_or_cut_are_found(verify, tmp_path):
    lines = GOOD.splitlines(keepends=True)
    for at in range(1, len(lines)):
        for bad in ([*lines[:at], *lines[at + 1 :]], [*lines[: at + 1], *lines[at:]]):
            assert verify("events", write(tmp_path, "".join(bad)))["exit"] == 1
        if at > 1:
            bad = [*lines[: at - 1], lines[at], lines[at - 1], *lines[at + 1 :]]
            assert verify("events", write(tmp_path, "".join(bad)))["exit"] == 1
    assert verify("events", write(tmp_path, GOOD[:-1]))["exit"] == 2
    assert verify("events", write(tmp_path, "".join(lines[1:])))["exit"] == 2
    assert verify("events", write(tmp_path, ""))["exit"] == 2


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_whatever_is_changed_is_found(verify, tmp_path, data):
    good = GOOD.encode()
    at = data.draw(st.integers(0, len(good) - 1))
    bad = data.draw(st.sampled_from([
        good[:at] + bytes([good[at] ^ 1 << data.draw(st.integers(0, 7))]) + good[at + 1 :],
        good[:at] + good[at + 1 :], good[:at], good[:at] + b"0" + good[at:],
    ]))
    report = verify("events", write(tmp_path, bad))
    witness = good.find(b"\xe2\x80\x94 witness")
    assert report["exit"] in (1, 2, 3)
    assert report["exit"] != 3 or witness <= at < good.find(b"\n")


@pytest.mark.parametrize(("part", "value", "code"), [
    ("index", 4, 1), ("index", -1, 1), ("index", 10**9, 1), ("index", "3", 2), ("index", True, 2),
    ("path", [], 1), ("path", "", 2), ("path", ["x"], 2), ("path", [1], 2), ("path", ["A" * 44] * 64, 2),
    ("leaf", "{}", 1), ("format", "casework-entry/2", 2),
])
def test_each_member_of_a_line_counts(verify, tmp_path, part, value, code):
    lines = GOOD.splitlines(keepends=True)
    lines[2] = canonical({**json.loads(lines[2]), part: value}) + "\n"
    assert verify("events", write(tmp_path, "".join(lines)))["exit"] == code


@pytest.mark.parametrize(("part", "value", "code"), [
    ("count", 11, 1), ("count", True, 2), ("count", "12", 2), ("format", "casework-events/2", 2),
    ("checkpoint", BOOK.checkpoint(39), 1), ("checkpoint", None, 2),
])
def test_each_member_of_the_first_line_counts(verify, tmp_path, part, value, code):
    lines = GOOD.splitlines(keepends=True)
    lines[0] = canonical({**json.loads(lines[0]), part: value}) + "\n"
    assert verify("events", write(tmp_path, "".join(lines)))["exit"] == code


def test_a_chain_that_was_broken_before_it_was_logged_is_found(verify, tmp_path):
    """An entry that was exchanged in its chain, and put into the tree by who can sign."""
    other = Log(40, note="exchanged")
    for index in (3, 6):
        mixed = Log(40)
        mixed.entries[index] = other.entries[index]
        mixed.leaves[index], mixed.hashes[index] = other.leaves[index], other.hashes[index]
        report = verify("events", write(tmp_path, mixed.events(INDEXES)))
        assert (report["exit"], report["problem"]["index"]) == (1, index)

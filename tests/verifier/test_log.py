"""A log's directory: all of it is checked, the first bad entry is named, and an older checkpoint finds a rewriting."""

import shutil

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.verifier import made
from tests.verifier.made import LOG, Log

SMALL = Log(600)
SIZES = [0, 1, 255, 256, 257, 511, 512, 600]


@pytest.fixture(scope="module")
def large():
    """More entries than one tile of the second level covers."""
    return Log(66_100, chains=40)


def kept(tmp_path, text, name="kept"):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("size", SIZES)
def test_a_log_holds_at_every_size(verify, tmp_path, size):
    report = verify("log", SMALL.write(tmp_path / "log", size), "--chains")
    assert report["exit"] == 0
    assert report["log"]["size"] == report["checked"]["entries"] == size
    assert report["first_at"] == (SMALL.entries[0]["entry"]["at"] if size else None)
    assert report["last_at"] == (SMALL.entries[size - 1]["entry"]["at"] if size else None)


def test_a_log_of_three_levels_holds_and_can_be_gone_on_with(verify, tmp_path, large):
    folder = large.write(tmp_path / "log")
    report = verify("log", folder, "--chains")
    assert (report["exit"], report["checked"]) == (0, {"entries": 66_100, "tiles": 521, "chains": 40})
    for size in (65_536, 65_537, 66_000, 66_100):
        since = kept(tmp_path, large.checkpoint(size))
        report = verify("log", folder, "--from", since)
        assert (report["exit"], report["checked"]["entries"]) == (0, 66_100 - size + size % 256)
    assert verify("log", folder, "--from", since, "--chains")["exit"] == 2
    older = kept(tmp_path, large.checkpoint(300), "older")
    report = verify("log", folder, "--from", since, "--checkpoint", older)
    assert (report["exit"], report["kept"]) == (0, [300, 66_100])
    older.write_text(SMALL.checkpoint(300), encoding="utf-8")
    assert verify("log", folder, "--from", since, "--checkpoint", older)["exit"] == 1
    # What was taken over without reading its entries is proved by the checkpoint all the same.
    tile = folder / "tile/2/000.p/1"
    tile.write_bytes(bytes(32))
    assert verify("log", folder, "--from", kept(tmp_path, large.checkpoint(66_000)))["exit"] == 1


def test_the_first_bad_entry_of_a_high_tile_is_named(verify, tmp_path, large):
    folder = large.write(tmp_path / "log")
    for path, at, index in (("tile/1/000", 100 * 32, 25_600), ("tile/1/001.p/2", 32, 65_792), ("tile/2/000.p/1", 5, 0)):
        file = folder / path
        good = file.read_bytes()
        file.write_bytes(good[:at] + bytes([good[at] ^ 4]) + good[at + 1 :])
        report = verify("log", folder)
        assert (report["exit"], report["problem"]["index"]) == (1, index)
        assert path.split(".")[0] in report["problem"]["what"]
        file.write_bytes(good)
    assert verify("log", folder)["exit"] == 0


def places(folder):
    """Every file of the log with, for each byte, the entry that a change there concerns first."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.name != "checkpoint":
            kind, place = path.relative_to(folder / "tile").parts[:2]
            yield path, kind, int(place.split(".")[0]) * 256


def concerned(data: bytes, at: int, kind: str, first: int) -> int:
    if kind != "entries":
        return first + at // 32 if kind == "0" else (first + at // 32) * 256
    entry, start = first, 0
    while True:
        start += 2 + int.from_bytes(data[start : start + 2], "big")
        if at < start:
            return entry
        entry += 1


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_changed_bit_is_found_and_named(verify, tmp_path, data):
    folder = tmp_path / "log"
    if not folder.exists():
        SMALL.write(folder)
    path, kind, first = data.draw(st.sampled_from(list(places(folder))))
    good = path.read_bytes()
    at = data.draw(st.integers(0, len(good) - 1))
    path.write_bytes(good[:at] + bytes([good[at] ^ 1 << data.draw(st.integers(0, 7))]) + good[at + 1 :])
    try:
        report = verify("log", folder)
    finally:
        path.write_bytes(good)
    assert report["exit"] == 1
    assert report["problem"]["index"] == concerned(good, at, kind, first)


def test_a_file_cut_grown_or_removed_is_found(verify, tmp_path):
    folder = SMALL.write(tmp_path / "log")
    for path, kind, first in list(places(folder)):
        good = path.read_bytes()
        for bad in (good[:-1], good + b"\0", good[: len(good) // 2], b""):
            path.write_bytes(bad)
            assert verify("log", folder)["exit"] == 1
        path.unlink()
        report = verify("log", folder)
        assert (report["exit"], report["problem"]["index"]) == (1, first * (256 if kind == "1" else 1))
        path.write_bytes(good)
    assert verify("log", folder)["exit"] == 0


def test_entries_exchanged_between_bundles_are_found(verify, tmp_path):
    folder = SMALL.write(tmp_path / "log")
    one, two = folder / "tile/entries/000", folder / "tile/entries/001"
    first, second = one.read_bytes(), two.read_bytes()
    one.write_bytes(second)
    two.write_bytes(first)
    report = verify("log", folder)
    assert (report["exit"], report["problem"]["index"]) == (1, 0)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_changed_checkpoint_is_found(verify, tmp_path, data):
    folder = tmp_path / "log"
    if not folder.exists():
        SMALL.write(folder, 300)
    good = (folder / "checkpoint").read_bytes()
    at = data.draw(st.integers(0, len(good) - 1))
    bad = data.draw(st.sampled_from([
        good[:at] + bytes([good[at] ^ 1 << data.draw(st.integers(0, 7))]) + good[at + 1 :],
        good[:at] + good[at + 1 :], good[:at], good[:at] + b"0" + good[at:],
    ]))
    (folder / "checkpoint").write_bytes(bad)
    try:
        report = verify("log", folder)
    finally:
        (folder / "checkpoint").write_bytes(good)
    assert report["exit"] in (1, 2, 3)
    assert report["exit"] != 3 or at >= good.find(b"\xe2\x80\x94 witness")


def test_a_log_that_was_written_anew_is_found_by_an_older_checkpoint(verify, tmp_path):
    """Whoever has the database and the log's key writes another history that holds in itself."""
    forged = Log(600)
    forged.leaves[300] = made.entry(0, 101, forged.entries[297]["entry"]["hash"], 300, changed="yes")["leaf"].encode()
    forged.hashes[300] = made.sha256(b"\x00" + forged.leaves[300])
    folder = forged.write(tmp_path / "log")
    assert verify("log", folder)["exit"] == 0
    before = kept(tmp_path, SMALL.checkpoint(280), "before")
    report = verify("log", folder, "--checkpoint", before)
    assert (report["exit"], report["kept"]) == (0, [280])
    after = kept(tmp_path, SMALL.checkpoint(400), "after")
    report = verify("log", folder, "--checkpoint", after, "--checkpoint", before)
    assert (report["exit"], report["problem"]["index"]) == (1, 280)
    assert "between entry 280 and entry 399" in report["problem"]["what"]
    assert verify("log", folder, "--from", after)["exit"] == 1
    assert verify("consistency", after, folder / "checkpoint", "--log", folder)["exit"] == 1
    assert verify("consistency", before, folder / "checkpoint", "--log", folder)["exit"] == 0
    whole = kept(tmp_path, SMALL.checkpoint(), "whole")
    assert verify("log", folder, "--checkpoint", whole)["exit"] == 1


def test_a_log_that_was_cut_is_found_by_an_older_checkpoint(verify, tmp_path):
    folder = SMALL.write(tmp_path / "log", 300)
    report = verify("log", folder, "--checkpoint", kept(tmp_path, SMALL.checkpoint(400)))
    assert (report["exit"], report["problem"]["expected"], report["problem"]["found"]) == (1, 400, 300)


def test_an_older_checkpoint_of_another_log_or_another_key_is_refused(verify, tmp_path):
    folder = SMALL.write(tmp_path / "log")
    other = SMALL.checkpoint(5).replace(made.ORIGIN, "log.example/other")
    assert verify("log", folder, "--checkpoint", kept(tmp_path, other))["exit"] == 1
    assert verify("log", folder, "--checkpoint", kept(tmp_path, other), trust=())["exit"] == 1
    unsigned = SMALL.checkpoint(5, signers=(made.Signer("x.example"),))
    assert verify("log", folder, "--checkpoint", kept(tmp_path, unsigned))["exit"] == 1
    assert verify("log", folder, "--checkpoint", kept(tmp_path, "nothing"))["exit"] == 2


def test_a_witness_that_lacks_is_told(verify, tmp_path):
    folder = SMALL.write(tmp_path / "log", 300, signers=(LOG, made.WITNESSES[0]))
    report = verify("log", folder)
    assert report["exit"] == 3
    assert report["lacking"] == [
        "too few witnesses have cosigned; missing: witness.example/b, witness.example/c"]
    assert report["checked"]["entries"] == 300


def test_a_number_left_out_of_a_chain_is_found(verify, tmp_path):
    broken = Log(600)
    del broken.leaves[77], broken.hashes[77]
    folder = broken.write(tmp_path / "log")
    assert verify("log", folder)["exit"] == 0
    report = verify("log", folder, "--chains")
    assert (report["exit"], report["problem"]["index"]) == (1, 79)


def test_a_leaf_of_another_form_is_not_read(verify, tmp_path):
    for leaf in (b"{}", b"", SMALL.leaves[7].replace(b'"v":1', b'"v":2'), SMALL.leaves[7] + b" ",
                 SMALL.leaves[7].replace(b'"number":', b'"number":0'),
                 SMALL.leaves[7].replace(b'"v":1', b'"v":1,"v":1')):
        strange = Log(9)
        strange.leaves[7], strange.hashes[7] = leaf, made.sha256(b"\x00" + leaf)
        report = verify("log", strange.write(tmp_path / "log"))
        assert (report["exit"], report["problem"]["what"]) == (
            2, "entry 7 of the log has another form than casework's")
        strange.checkpoint = SMALL.checkpoint
        assert verify("log", strange.write(tmp_path / "log"))["exit"] == 1


def test_wider_tiles_serve_a_smaller_checkpoint(verify, tmp_path):
    """The tiles are written before the checkpoint, and partial ones go once they are whole."""
    folder = SMALL.write(tmp_path / "log")
    for size in (300, 512, 520):
        (folder / "checkpoint").write_text(SMALL.checkpoint(size), encoding="utf-8")
        report = verify("log", folder)
        assert (report["exit"], report["checked"]["entries"]) == (0, size)


@pytest.mark.parametrize("old", [0, 1, 2, 255, 256, 300, 512, 599, 600])
@pytest.mark.parametrize("new", [255, 256, 300, 600])
def test_growth_is_proved_from_the_files_and_from_a_proof(verify, tmp_path, old, new):
    if old > new:
        return
    folder = SMALL.write(tmp_path / "log", new)
    before, after = kept(tmp_path, SMALL.checkpoint(old), "before"), folder / "checkpoint"
    assert verify("consistency", before, after, "--log", folder)["exit"] == 0
    assert verify("consistency", before, kept(tmp_path, SMALL.growth(old, new)))["exit"] == 0
    assert verify("consistency", before, after)["exit"] == (0 if old in (0, new) else 2)


def test_growth_that_is_none_is_refused(verify, tmp_path):
    folder = SMALL.write(tmp_path / "log")
    before = kept(tmp_path, SMALL.checkpoint(300), "before")
    forked = Log(300, note="other")
    assert verify("consistency", kept(tmp_path, forked.checkpoint(300)), folder / "checkpoint", "--log", folder)[
        "exit"] == 1
    assert verify("consistency", kept(tmp_path, forked.checkpoint(300)), before)["exit"] == 1
    assert verify("consistency", folder / "checkpoint", before, "--log", folder)["exit"] == 1
    assert verify("consistency", before, folder / "checkpoint", "--log", folder, "--checkpoint",
                  kept(tmp_path, forked.checkpoint(20)))["exit"] == 1
    growth = SMALL.growth(300)
    lines = growth.split("\n")
    for bad in (SMALL.growth(299), growth.replace("old 300", "old 301"), "\n".join([lines[0], *lines[2:]]),
                "\n".join([lines[0], lines[2], lines[1], *lines[3:]])):
        assert verify("consistency", before, kept(tmp_path, bad))["exit"] == 1
    for bad in (growth.replace("old 300", "old 0300"), growth.replace("old 300\n", "old 300\n\n")):
        assert verify("consistency", before, kept(tmp_path, bad))["exit"] == 2
    shutil.rmtree(folder / "tile/1")
    shutil.rmtree(folder / "tile/0")
    assert verify("consistency", before, folder / "checkpoint", "--log", folder)["exit"] == 1

"""A witness cosigns what goes on from what it saw, and nothing else (C2SP tlog-witness)."""

import base64
import time

import pytest

from casework.verifier.casework_verify import Checkpoint, cosigned, note_from
from casework.witness.key import WitnessError, load
from casework.witness.protocol import Witness
from casework.witness.store import Store, place
from tests.witness.logs import Log, request


def cosigned_by(store, note: str, answer) -> int | None:
    return note_from(note + answer.text).signed_by(store.key().key)


def test_a_log_that_grows_is_cosigned(witness, store, log):
    before = int(time.time())
    known = 0
    for size in (1, 2, 7, 64, 65, 256, 257, 300, 300):
        answer = witness.add_checkpoint(log.request(known, size))
        assert answer.status == 200
        assert before <= cosigned_by(store, log.note(size), answer) <= time.time()
        assert store.latest(log.key.name) == log.checkpoint(size)
        known = size


def test_a_witness_that_starts_again_goes_on(witness, store, log):
    assert witness.add_checkpoint(log.request(0, 10)).status == 200
    again = Witness(Store(store.folder))
    assert again.add_checkpoint(log.request(0, 20)).status == 409
    assert again.add_checkpoint(log.request(10, 20)).status == 200


def test_the_size_it_knows_is_told(witness, log):
    witness.add_checkpoint(log.request(0, 10))
    answer = witness.add_checkpoint(log.request(4, 20))
    assert (answer.status, answer.text, answer.type) == (409, "10\n", "text/x.tlog.size")


@pytest.mark.parametrize("at", [0, 3, 9])
def test_a_fork_is_refused_and_kept(witness, store, log, at):
    witness.add_checkpoint(log.request(0, 10))
    forked = log.fork(at)
    body = forked.request(10, 20)
    answer = witness.add_checkpoint(body)
    assert answer.status == 422
    assert witness.add_checkpoint(body).status == 422
    (kept,) = store.refused(log.key.name)
    assert (kept / "request").read_bytes() == body
    assert (kept / "held").read_text() == log.note(10)
    assert store.latest(log.key.name) == log.checkpoint(10)
    assert witness.add_checkpoint(log.request(10, 20)).status == 200


@pytest.mark.parametrize("old", [0, 10])
def test_another_tree_of_the_same_size_is_a_conflict_and_kept(witness, store, log, old):
    witness.add_checkpoint(log.request(0, 10))
    body = log.fork(2).request(old, 10)
    answer = witness.add_checkpoint(body)
    assert (answer.status, answer.text, answer.type) == (409, "10\n", "text/x.tlog.size")
    assert len(store.refused(log.key.name)) == 1


def test_a_rollback_is_refused(witness, store, log):
    witness.add_checkpoint(log.request(0, 20))
    assert witness.add_checkpoint(log.request(0, 10)).status == 409
    assert witness.add_checkpoint(request(20, [], log.note(10))).status == 400
    assert store.latest(log.key.name).size == 20


def test_an_unknown_log_is_not_found(witness):
    assert witness.add_checkpoint(Log(5, origin="other.example/log").request(0, 5)).status == 404


def test_a_strange_or_false_signature_is_forbidden(witness, log):
    stranger = Log(5)
    assert witness.add_checkpoint(stranger.request(0, 5)).status == 403
    moved = log.note(5).replace("\n5\n", "\n6\n")
    assert witness.add_checkpoint(request(0, [], moved)).status == 403
    # A line of a stranger beside the log's own is read over.
    both = log.note(5) + stranger.note(5).rpartition("\n\n")[2]
    assert witness.add_checkpoint(request(0, [], both)).status == 200


def malformed(log: Log) -> dict[str, bytes]:
    note, text, proof = log.note(20), log.checkpoint(20).text, log.proof(10, 20)
    loose = base64.b64encode(proof[0]).decode()
    stray = loose[:-2] + chr(ord(loose[-2]) + 1) + "="
    extended = log.sign(Checkpoint(log.key.name, 20, log.checkpoint(20).root).text + "more\n")
    return {
        "nothing": b"",
        "no old size": note.encode(),
        "leading zero": request("010", proof, note),
        "sign": request("+10", proof, note),
        "other digits": request("១០", proof, note),
        "size with a leading zero": request(10, proof, log.sign(text.replace("\n20\n", "\n020\n"))),
        "base64 with stray bits": request(10, proof, note).replace(loose.encode(), stray.encode()),
        "base64 without padding": request(10, proof, note).replace(loose.encode(), loose[:-1].encode()),
        "a short hash": request(10, [proof[0][:31], *proof[1:]], note),
        "64 hashes": request(10, [bytes(32)] * 64, note),
        "carriage returns": request(10, proof, note).replace(b"\n", b"\r\n"),
        "no signature": request(10, proof, text + "\n"),
        "not UTF-8": request(10, proof, note) + b"\xff",
        "no last newline": request(10, proof, note)[:-1],
        "an added line": request(10, proof, extended),
    }


@pytest.mark.parametrize("case", malformed(Log(20)))
def test_what_cannot_be_read_is_a_bad_request(witness, store, log, case):
    witness.add_checkpoint(log.request(0, 10))
    assert witness.add_checkpoint(malformed(log)[case]).status == 400
    assert store.latest(log.key.name).size == 10


def test_a_wrong_proof_is_refused(witness, store, log):
    witness.add_checkpoint(log.request(0, 10))
    proof = log.proof(10, 20)
    for wrong in ([], proof[:-1], proof[::-1], [*proof, bytes(32)], [bytes(32), *proof[1:]]):
        assert witness.add_checkpoint(request(10, wrong, log.note(20))).status == 422
    assert store.latest(log.key.name).size == 10
    other = Witness(store)
    assert other.add_checkpoint(request(10, proof, log.note(20))).status == 200


def test_the_first_checkpoint_has_no_proof(witness, log):
    assert witness.add_checkpoint(request(0, [bytes(32)], log.note(5))).status == 422
    assert witness.add_checkpoint(request(0, [], log.note(0))).status == 200


def test_the_evidence_of_one_log_does_not_fill_the_disk(witness, store, log, monkeypatch):
    monkeypatch.setattr("casework.witness.store.EVIDENCE", 3)
    witness.add_checkpoint(log.request(0, 10))
    for at in range(6):
        assert witness.add_checkpoint(log.fork(at).request(10, 20)).status == 422
    assert len(store.refused(log.key.name)) == 3


def test_a_damaged_memory_signs_nothing(witness, store, log):
    witness.add_checkpoint(log.request(0, 10))
    (store.folder / "latest" / place(log.key.name)).write_text("gone")
    with pytest.raises(WitnessError, match="cannot be read"):
        witness.add_checkpoint(log.request(0, 5))


def test_the_key_is_private_and_never_made_twice(store):
    path = store.folder / "key"
    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(WitnessError, match="keeps its key"):
        store.create("witness.example/1")
    line = store.key().cosign("text\n", 5)
    assert note_from("text\n\n" + line).signed_by(store.key().key) == 5
    assert cosigned("text\n", 5) == b"cosignature/v1\ntime 5\ntext\n"
    path.chmod(0o644)
    with pytest.raises(WitnessError, match="0600"):
        load(path)


def test_names_with_spaces_are_no_names(tmp_path):
    with pytest.raises(WitnessError, match="no spaces"):
        Store(tmp_path / "new").create("our witness")
    assert not (tmp_path / "new" / "key").exists()


def test_only_keys_of_logs_are_known(store, log):
    assert store.add(log.key) is False
    assert store.logs() == {log.key.name: (log.key,)}
    (store.folder / "logs").write_text(f"# the unit's log\n{log.key.text}  # by telephone\n\n")
    assert store.logs() == {log.key.name: (log.key,)}
    (store.folder / "logs").write_text(store.key().key.text)
    with pytest.raises(WitnessError, match="key of a witness"):
        store.logs()

"""The proof of one entry: it holds, it names who signed, and whatever is changed in it is found."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from casework.verifier.casework_verify import main
from tests.verifier import made
from tests.verifier.made import LOG, WITNESSES, Log, Signer, canonical

BOOK = Log(21)
GOOD = BOOK.entry_file(13)


def write(tmp_path, text, name="one.entry.json"):
    path = tmp_path / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_a_proof_holds_and_says_what_it_proves(verify, tmp_path):
    report = verify("proof", write(tmp_path, GOOD))
    assert report["exit"] == 0
    assert report["log"]["origin"] == made.ORIGIN
    assert (report["log"]["size"], report["indexes"]) == (21, [13])
    assert [(key["role"], key["name"]) for key in report["keys"]] == [
        ("log", LOG.name), ("witness", WITNESSES[0].name), ("witness", WITNESSES[1].name)]
    assert report["keys"][1]["at"] == "2026-11-18T11:06:40+00:00"
    assert all(len(key["fingerprint"].split()) == 8 for key in report["keys"])
    assert report["checked"] == {"entries": 1, "sealed": 0}
    assert report["first_at"] == BOOK.entries[13]["entry"]["at"]


@pytest.mark.parametrize("size", [1, 2, 3, 16, 21])
def test_every_entry_of_every_tree_is_proved(verify, tmp_path, size):
    for index in range(size):
        assert verify("proof", write(tmp_path, BOOK.entry_file(index, size)))["exit"] == 0


def test_a_bare_proof_needs_its_leaf(verify, tmp_path):
    bare = write(tmp_path, BOOK.proof(5), "5.tlog-proof")
    leaf = write(tmp_path, BOOK.leaves[5], "leaf")
    assert verify("proof", bare)["exit"] == 2
    assert verify("proof", bare, "--leaf", leaf)["exit"] == 0
    assert verify("proof", bare, "--leaf", write(tmp_path, BOOK.leaves[6], "leaf"))["exit"] == 1


def test_extra_data_is_read_over(verify, tmp_path):
    leaf = write(tmp_path, BOOK.leaves[5], "leaf")
    for extra, code in (("YQ==", 0), ("YR==", 2)):
        text = BOOK.proof(5).replace("@v1\n", f"@v1\nextra {extra}\n")
        assert verify("proof", write(tmp_path, text), "--leaf", leaf)["exit"] == code


def test_a_sealed_entry_is_proved_without_its_body(verify, tmp_path):
    sealed = canonical({**json.loads(GOOD), "salt": None, "body": None}) + "\n"
    report = verify("proof", write(tmp_path, sealed))
    assert (report["exit"], report["checked"]["sealed"]) == (0, 1)
    for half in ({"salt": None}, {"body": None}):
        assert verify("proof", write(tmp_path, canonical({**json.loads(GOOD), **half}) + "\n"))["exit"] == 2


def test_an_entry_without_a_place_is_not_enough(verify, tmp_path):
    report = verify("proof", write(tmp_path, canonical({**BOOK.entries[3], "proof": None}) + "\n"))
    assert report["exit"] == 3
    assert "no place in the signed tree" in report["lacking"][0]


def test_bodies_are_printed_only_when_asked_for(policy, tmp_path, capsys):
    path = str(write(tmp_path, GOOD))
    for arguments in ([], ["--json"]):
        assert main(["proof", path, "--policy", str(policy), *arguments]) == 0
        assert "(fictional)" not in capsys.readouterr().out
        assert main(["proof", path, "--policy", str(policy), "--show", *arguments]) == 0
        assert "កំណត់ត្រា (fictional)" in capsys.readouterr().out


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_whatever_is_changed_is_found(verify, tmp_path, data):
    good = GOOD.encode()
    at = data.draw(st.integers(0, len(good) - 1))
    bad = data.draw(st.sampled_from([
        good[:at] + bytes([good[at] ^ 1 << data.draw(st.integers(0, 7))]) + good[at + 1 :],
        good[:at] + good[at + 1 :],
        good[:at] + bytes([data.draw(st.integers(0, 255))]) + good[at:],
        good[:at],
        good[:at] + good[at + 1 : at + 2] + good[at : at + 1] + good[at + 2 :],
    ]))
    if bad == good:
        return
    report = verify("proof", write(tmp_path, bad))
    assert report["exit"] in (1, 2, 3)
    # Only who lost a witness's line may still be told "not enough".
    assert report["exit"] != 3 or good.find(b"witness.example/a") <= at


@pytest.mark.parametrize("part", ["chain", "number", "at", "verb", "commitment", "previous", "hash"])
def test_each_part_of_the_entry_is_tied_to_the_others(verify, tmp_path, part):
    value, other = json.loads(GOOD), BOOK.entries[11]["entry"]
    value["entry"][part] = other[part]
    report = verify("proof", write(tmp_path, canonical(value) + "\n"))
    assert report["exit"] == 1
    assert report["problem"]["expected"] != report["problem"]["found"]


@pytest.mark.parametrize("part", ["salt", "body", "leaf", "proof"])
def test_each_member_is_tied_to_the_entry(verify, tmp_path, part):
    other = json.loads(BOOK.entry_file(11))
    assert verify("proof", write(tmp_path, canonical({**json.loads(GOOD), part: other[part]}) + "\n"))["exit"] == 1


@pytest.mark.parametrize("text", [
    GOOD[:-1],
    GOOD + "\n",
    GOOD.replace('{"body"', '{"body":null,"body"', 1),
    GOOD.replace('"format"', ' "format"', 1),
    GOOD.replace("casework-entry/1", "casework-entry/2"),
    GOOD.replace('"leaf"', '"leaf2"', 1),
    canonical({**json.loads(GOOD), "more": 1}) + "\n",
    GOOD.replace('"number":5', '"number":05', 1),
    GOOD.replace('"number":5', '"number":5.0', 1),
    GOOD.replace('"number":5', '"number":true', 1),
    GOOD.replace("index 13", "index 013"),
    "[" * 100_000,
    "[]\n",
    "",
])
def test_other_forms_are_not_read(verify, tmp_path, text):
    assert text != GOOD
    assert verify("proof", write(tmp_path, text))["exit"] == 2


@pytest.mark.parametrize("at", ["2026-13-01", "yesterday"])
def test_a_body_that_is_not_json_or_has_another_verb_is_refused(verify, tmp_path, at):
    made_up = made.entry(0, 1, "0" * 64, 1, when=at)
    body = made_up["body"].replace('"verb":"read"', '"verb":"create"')
    forged = {**made_up, "body": body, "proof": None}
    assert verify("proof", write(tmp_path, canonical(forged) + "\n"))["exit"] == 1


def test_no_key_is_never_enough(verify, tmp_path):
    report = verify("proof", write(tmp_path, GOOD), trust=())
    assert report["exit"] == 3
    assert "no key or policy" in report["lacking"][0]
    assert report["keys"] == []
    assert report["lacking_km"][0] != report["lacking"][0]


def test_keys_given_one_by_one(verify, tmp_path):
    path = write(tmp_path, GOOD)
    assert verify("proof", path, trust=("--key", LOG.vkey))["exit"] == 0
    assert verify("proof", path, trust=("--key", LOG.vkey, "--key", WITNESSES[0].vkey))["exit"] == 0
    report = verify("proof", path, trust=("--key", LOG.vkey, "--key", WITNESSES[2].vkey))
    assert (report["exit"], report["lacking"]) == (3, ["the witness witness.example/c has not cosigned"])
    assert verify("proof", path, trust=("--key", WITNESSES[0].vkey))["exit"] == 3
    assert verify("proof", path, trust=("--key", Signer("other.example").vkey))["exit"] == 1
    # The right key under another log's name signs nothing of this log.
    other = Signer(made.ORIGIN + "2")
    assert verify("proof", write(tmp_path, BOOK.entry_file(13, signers=(other,))), trust=("--key", other.vkey))[
        "exit"] == 1


@pytest.mark.parametrize("vkey", ["", "x", LOG.vkey + "=", LOG.vkey.replace("+", " ", 1), LOG.vkey[:-4] + "AAA=",
                                  LOG.vkey.replace(made.ORIGIN, "log.example/other"), "a+00000000+AA=="])
def test_keys_in_other_forms_are_not_read(verify, tmp_path, vkey):
    assert verify("proof", write(tmp_path, GOOD), trust=("--key", vkey))["exit"] == 2


def test_signatures_of_strangers_are_ignored_and_false_ones_of_friends_are_not(verify, tmp_path):
    stranger = Signer("stranger.example", 4)
    text = BOOK.entry_file(13, signers=(LOG, *WITNESSES[:2], stranger))
    assert verify("proof", write(tmp_path, text))["exit"] == 0
    value = json.loads(text)
    line = value["proof"].splitlines()[-1]
    value["proof"] = value["proof"].replace(line, line[:-9] + "AAAAAAAA" + line[-1])
    assert verify("proof", write(tmp_path, canonical(value) + "\n"))["exit"] == 0
    # The third witness is not needed for the quorum, and yet its line may not be false.
    value = json.loads(BOOK.entry_file(13, signers=(LOG, *WITNESSES)))
    line = value["proof"].splitlines()[-1]
    value["proof"] = value["proof"].replace(line, line[:-9] + "AAAAAAA" + line[-2:])
    report = verify("proof", write(tmp_path, canonical(value) + "\n"))
    assert (report["exit"], report["problem"]["what"]) == (1, "the signature of witness.example/c is wrong")


def test_a_kept_checkpoint_is_compared(verify, tmp_path):
    path, folder = write(tmp_path, GOOD), BOOK.write(tmp_path / "log")
    same = write(tmp_path, BOOK.checkpoint(), "same")
    older = write(tmp_path, BOOK.checkpoint(8), "older")
    assert verify("proof", path, "--checkpoint", same)["exit"] == 0
    assert verify("proof", path, "--checkpoint", older)["exit"] == 3
    assert verify("proof", path, "--checkpoint", older, "--log", folder)["exit"] == 0
    early = write(tmp_path, BOOK.entry_file(3, 8), "early.entry.json")
    assert verify("proof", early, "--checkpoint", same, "--log", folder)["exit"] == 0
    forked = Log(21, note="changed")
    for size in (8, 21):
        kept = write(tmp_path, forked.checkpoint(size), "forked")
        assert verify("proof", path, "--checkpoint", kept, "--log", folder)["exit"] == 1


def test_missing_files_are_not_readable(verify, tmp_path):
    report = verify("proof", tmp_path / "nothing")
    assert (report["exit"], report["result"]) == (2, "unreadable")
    assert verify("proof", tmp_path)["exit"] == 2

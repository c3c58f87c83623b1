"""The file by itself: it needs nothing of ours, it speaks both languages, and it never mistakes its own fault."""

import ast
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import cryptography
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from casework.verifier import casework_verify
from casework.verifier.casework_verify import (
    HEADS,
    KHMER,
    LABELS,
    Failed,
    Malformed,
    Sentence,
    ed25519_signed,
    ed25519_signed_by_hand,
    main,
)
from tests.verifier.made import LOG, Log

FILE = Path(casework_verify.__file__)
SOURCE = FILE.read_text(encoding="utf-8")
ALONE = "import runpy, sys; sys.path.append(sys.argv.pop(1)); runpy.run_path(sys.argv[0], run_name='__main__')"


def alone(folder, *arguments, library=True):
    """Run a copy of the file as on a machine that has Python, and `cryptography` at most."""
    copy = folder / "casework_verify.py"
    shutil.copy(FILE, copy)
    libraries = Path(cryptography.__file__).parents[1] if library else folder / "nothing"
    script = f"import sys; sys.argv = sys.argv[1:2] + sys.argv[2:]; {ALONE}"
    command = [sys.executable, "-I", "-S", "-W", "error", "-c", script, str(copy), str(libraries), *arguments]
    return subprocess.run(command, capture_output=True, cwd=folder, env={}, check=False)


def said() -> set[str]:
    """Every sentence that the file can say: the first argument where one is raised or noted."""
    found = set(HEADS) | set(LABELS.values())
    for node in ast.walk(ast.parse(SOURCE)):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if name in ("Failed", "Malformed", "lack"):
            assert isinstance(node.args[0], ast.Constant), f"line {node.lineno}: a sentence that cannot be looked up"
            found.add(node.args[0].value)
    return found


@pytest.mark.parametrize("library", [True, False])
def test_the_file_alone_verifies_a_proof(tmp_path, library):
    log = Log(9)
    proof = tmp_path / "5.entry.json"
    proof.write_text(log.entry_file(5), encoding="utf-8")
    done = alone(tmp_path, "proof", str(proof), "--key", LOG.vkey, library=library)
    assert (done.returncode, done.stderr) == (0, b"")
    text = done.stdout.decode("utf-8")
    assert HEADS[0] in text
    assert KHMER[HEADS[0]] in text
    proof.write_text(log.entry_file(5).replace('"number":2', '"number":3'), encoding="utf-8")
    assert alone(tmp_path, "proof", str(proof), "--key", LOG.vkey, library=library).returncode == 1
    text = log.entry_file(5)
    place = text.rindex(f"— {LOG.vkey.split('+')[0]} ") + len(f"— {LOG.vkey.split('+')[0]} ") + 30
    proof.write_text(f"{text[:place]}{'B' if text[place] == 'A' else 'A'}{text[place + 1 :]}", encoding="utf-8")
    assert alone(tmp_path, "proof", str(proof), "--key", LOG.vkey, library=library).returncode == 1


@given(seed=st.binary(min_size=32, max_size=32), message=st.binary(max_size=200), bit=st.integers(0, 1023))
@settings(max_examples=40, deadline=None)
def test_signatures_by_hand_are_those_of_the_library(seed, message, bit):
    private = Ed25519PrivateKey.from_private_bytes(seed)
    public, signature = private.public_key().public_bytes_raw(), private.sign(message)
    assert ed25519_signed_by_hand(public, signature, message)
    assert not ed25519_signed_by_hand(public, signature, message + b"x")
    changed = bytearray(public + signature)
    changed[bit % len(changed)] ^= 1 << bit % 8
    key, mark = bytes(changed[:32]), bytes(changed[32:])
    assert ed25519_signed_by_hand(key, mark, message) == ed25519_signed(key, mark, message)
    # The same signature in another form: its second half is a number below the order of the group.
    order = 2**252 + 27742317777372353535851937790883648493
    twin = signature[:32] + (int.from_bytes(signature[32:], "little") + order).to_bytes(32, "little")
    assert not ed25519_signed_by_hand(public, twin, message)
    assert not ed25519_signed(public, twin, message)
    assert not ed25519_signed_by_hand(public, signature[:63], message)


def test_it_imports_nothing_of_ours():
    imports = {alias.name.split(".")[0] for node in ast.walk(ast.parse(SOURCE)) if isinstance(node, ast.Import)
               for alias in node.names}
    imports |= {node.module.split(".")[0] for node in ast.walk(ast.parse(SOURCE)) if isinstance(node, ast.ImportFrom)}
    assert imports - set(sys.stdlib_module_names) == {"cryptography"}
    assert not imports & {"socket", "ssl", "http", "urllib", "sqlite3", "subprocess"}


def test_every_sentence_is_there_in_khmer_and_no_other():
    assert set(KHMER) == said()


@pytest.mark.parametrize("english", sorted(KHMER))
def test_the_khmer_says_the_same_names(english):
    names = re.findall(r"\{(\w+)\}", english)
    assert sorted(re.findall(r"\{(\w+)\}", KHMER[english])) == sorted(names)
    assert re.search("[\u1780-\u17ff]", KHMER[english])


@pytest.mark.parametrize("language", ["en", "km"])
def test_one_language_can_be_asked_for(tmp_path, capsys, language):
    proof = tmp_path / "5.entry.json"
    proof.write_text(Log(9).entry_file(5), encoding="utf-8")
    assert main(["proof", str(proof), "--language", language]) == 3
    text = capsys.readouterr().out
    assert (HEADS[3] in text, KHMER[HEADS[3]] in text) == (language == "en", language == "km")
    assert (KHMER["no key or policy was given: only the inner agreement of the files was checked"] in text) == (
        language == "km")


def test_a_stranger_cannot_write_on_the_terminal():
    strange = "\x1b[2J\u202eevil\n\u009b"
    for failure in (Failed("{name} was changed", name=strange), Malformed("not JSON: {text}", text=strange)):
        for language in ("en", "km"):
            assert failure.sentence.read(language).isprintable()
    assert Sentence("not JSON: {text}", {"text": "x" * 999}).read("en").endswith("…")
    # Khmer needs its joiners.
    assert "\u200b" in Sentence("not JSON: {text}", {"text": "ក\u200bខ"}).read("km")


def test_a_failure_keeps_what_it_is_asked_to_say():
    failure = Failed("as {it} stands", expected=1, found=2, index=3)
    assert (str(failure), failure.what, failure.expected, failure.found, failure.index) == (
        "as {it} stands", "as {it} stands", 1, 2, 3)


def test_its_own_fault_is_not_called_false(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(casework_verify, "check_entry", lambda *_: 1 / 0)
    path = tmp_path / "x"
    path.write_text("{}\n", encoding="utf-8")
    assert main(["proof", str(path), "--json"]) == 2
    assert "the verifier itself stopped" in json.loads(capsys.readouterr().out)["problem"]["what"]


@pytest.mark.parametrize("arguments", [[], ["proof"], ["other", "x"], ["log", "x", "--log", "y"]])
def test_wrong_use_is_not_called_false_either(arguments, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == 2
    assert "usage" in capsys.readouterr().err

"""The checkpoint on paper is the checkpoint: what a telephone reads off it is what the log signed."""

import re
import uuid

import pytest
import zxingcpp

from casework.audit import paper, signer, tiles
from casework.audit.capture import record_event
from casework.audit.chain import Event
from casework.audit.sequencer import Sequencer
from casework.audit.witness import Refusal, Witnesses
from casework.cli import main
from casework.oversight import checkpoint
from casework.verifier import casework_verify
from casework.witness.policy import policy_from
from casework.witness.store import Store
from tests.support.people import make_person, quick, sign_in
from tests.witness.liar import answering


@pytest.fixture
def key(tmp_path):
    """Where the settings look for it: beside the key file."""
    return signer.create(tmp_path / "log.key", "casework.example/log-1")


@pytest.fixture
def signed(database, key):
    """The tree of a log of five entries."""
    with database.work() as db:
        for _ in range(5):
            record_event(db, Event("test", chain=uuid.UUID(int=5)))
    return Sequencer(database.engine, key).catch_up()


def scanned(rows: list[list[int]]) -> str:
    """What a telephone reads off squares, 1 being dark."""
    pixels = bytes(0 if cell else 255 for row in rows for cell in row for _ in range(4))
    wide = [pixels[start : start + 4 * len(rows[0])] for start in range(0, len(pixels), 4 * len(rows[0]))]
    image = memoryview(b"".join(line * 4 for line in wide)).cast("B", (4 * len(rows), 4 * len(rows[0])))
    (found,) = zxingcpp.read_barcodes(image)
    return found.bytes.decode()


@pytest.mark.one_engine
def test_the_square_holds_exactly_the_note(database, signed, key):
    with database.engine.connect() as connection:
        made = paper.printable(connection, key.key)
    assert made["note"] == signed.note
    assert scanned([list(row) for row in made["qr"].matrix_iter(border=4)]) == signed.note
    assert made["fingerprint"] == key.key.fingerprint
    assert (made["origin"], made["size"]) == ("casework.example/log-1", 5)
    with database.engine.connect() as connection:
        assert paper.printable(connection)["fingerprint"] is None


@pytest.mark.one_engine
def test_the_verifier_takes_what_was_scanned(database, signed, key, tmp_path, capsys):
    with database.engine.connect() as connection:
        note = scanned([list(row) for row in paper.printable(connection)["qr"].matrix_iter(border=4)])
        tiles.publish(connection, tmp_path / "log")
    kept = tmp_path / "kept"
    kept.write_text(note, encoding="utf-8")
    command = ["log", str(tmp_path / "log"), "--key", key.key.text, "--checkpoint", str(kept)]
    assert casework_verify.main(command) == 0
    other = key.note(4, bytes(32))
    kept.write_text(other, encoding="utf-8")
    assert casework_verify.main(command) == 1
    capsys.readouterr()


@pytest.fixture
def environ(ini, monkeypatch):
    """The settings of the test as a command gets them."""
    for name, value in ini.items():
        monkeypatch.setenv("CASEWORK_" + name.removeprefix("casework.").upper(), value)
    return monkeypatch


@pytest.mark.one_engine
def test_print_at_the_terminal(environ, signed, key, capsys):
    assert main(["audit", "checkpoint"]) == 0
    assert capsys.readouterr().out == signed.note
    assert main(["audit", "checkpoint", "--print"]) == 0
    out = capsys.readouterr().out
    assert signed.note in out
    assert f"fingerprint {key.key.fingerprint}" in out
    assert "--checkpoint" in out
    assert "ស្នាមសម្គាល់" in out
    blocks = [line for line in out.split("\n") if line and not set(line) - set(" ▀▄█")]
    width = max(map(len, blocks))
    squares = []
    for line in blocks:
        squares.append([int(char in "▀█") for char in line.ljust(width)])
        squares.append([int(char in "▄█") for char in line.ljust(width)])
    assert scanned([[0] * width] * 4 + squares) == signed.note


@pytest.mark.one_engine
def test_nothing_to_print_before_the_first_signature(environ, database, capsys):
    assert main(["audit", "checkpoint", "--print"]) == 1
    assert "nothing was signed" in capsys.readouterr().err


def test_the_page_of_the_auditor(app, database, client, signed, key):
    quick(app)
    with database.work(unscoped=1) as db:
        auditor = make_person(db, "AUD")
    sign_in(client, auditor)
    page = client.get("/audit/checkpoint")
    assert page.html.find("pre").text == signed.note
    assert key.key.fingerprint in page.text
    path = re.search(r'<path[^>]* d="([^"]+)"', paper.qr_of(signed.note).svg_inline(scale=4, border=4))[1]
    assert path in page.text
    assert "style=" not in page.text
    client.set_cookie("cw_lang", "km")
    assert "អត្ថបទនៃចំណុចត្រួតពិនិត្យ" in client.get("/audit/checkpoint").text
    entry = client.get("/audit?verb=audit_checkpoint")
    assert "audit.checkpoint" in entry.text or "យកចំណុច" in entry.text


def test_the_page_is_the_auditors(app, database, client, signed):
    quick(app)
    with database.work(unscoped=1) as db:
        investigator = make_person(db, "INV")
    sign_in(client, investigator)
    client.get("/audit/checkpoint", status=403)


@pytest.mark.one_engine
def test_how_witnesses_stand_on_the_screen_and_in_the_terminal(
    database, environ, ini, signed, key, tmp_path, capsys
):
    store = Store(tmp_path / "court")
    vkey = store.create("court.example/witness").key.text
    policy = tmp_path / "policy"
    assert main(["audit", "witnesses"]) == 1
    assert "log_policy" in capsys.readouterr().err
    policy.write_text(f"log {key.key.text}\nwitness court {vkey} http://127.0.0.1:9\nquorum court\n")
    environ.setenv("CASEWORK_LOG_POLICY", str(policy))
    assert main(["audit", "witnesses"]) == 0
    assert "never cosigned, 5 behind" in capsys.readouterr().out
    with answering(lambda _body: (422, {}, b"")) as server:
        asked = policy_from(policy.read_text().replace("http://127.0.0.1:9", server.url))
        Witnesses(database.engine, asked, tmp_path / "witnesses.json").run_once()
    assert main(["audit", "witnesses"]) == 1
    assert "does not go on" in capsys.readouterr().out
    assert main(["audit", "witnesses", "--json"]) == 1
    assert '"alarm": true' in capsys.readouterr().out


def test_the_worst_is_said_first():
    from types import SimpleNamespace as Standing

    late, good = Standing(late=True, behind=4), Standing(late=False, behind=0)
    assert checkpoint.state(late, Refusal("forked", grave=True)) == checkpoint.GRAVE
    assert checkpoint.state(late, Refusal("busy")) == checkpoint.LATE
    assert checkpoint.state(good, Refusal("busy")) == checkpoint.FAILED
    assert checkpoint.state(Standing(late=False, behind=1), None) == checkpoint.BEHIND
    assert checkpoint.state(good, None) == checkpoint.GOOD

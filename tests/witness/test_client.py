"""The log and its witnesses: true ones are kept and given out, lying, slow and lost ones change nothing."""

import datetime as dt
import threading
import time
import uuid
from contextlib import ExitStack

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DatabaseError

from casework.audit import cosigned, fetch, proof, signer, tiles
from casework.audit import witness as client
from casework.audit.capture import record_event
from casework.audit.chain import Event
from casework.audit.models import LogCosignature
from casework.audit.sequencer import Sequencer, head
from casework.audit.witness import Witnesses, refusals
from casework.verifier.casework_verify import (
    ED25519,
    Key,
    Malformed,
    note_from,
)
from casework.witness.policy import policy_from
from casework.witness.protocol import Witness
from casework.witness.store import Store
from tests.witness.conftest import running
from tests.witness.liar import answering


@pytest.fixture
def key(tmp_path):
    return signer.create(tmp_path / "log.key", "casework.example/log-1")


@pytest.fixture
def grow(database, key):
    """Adds entries and signs; the tree as it is then."""
    sequencer = Sequencer(database.engine, key)

    def more(count: int):
        with database.work() as db:
            for number in range(count):
                record_event(db, Event("test", chain=uuid.UUID(int=5), details={"n": number}))
        return sequencer.catch_up()

    return more


class Partners:
    """Three agencies, each with its witness in a folder; the test starts those it needs."""

    def __init__(self, folder, log_key):
        self.log_key, self.stores, self.urls = log_key, {}, {}
        for name in ("court", "ministry", "charity"):
            store = Store(folder / name)
            store.create(f"{name}.example/witness")
            store.add(log_key.key)
            self.stores[name] = store
        self._stack = ExitStack()

    def start(self, name):
        host, port = self._stack.enter_context(running(Witness(self.stores[name])))[:2]
        self.urls[name] = f"http://{host}:{port}"

    def policy(self, quorum: str = "group two 2 court ministry charity\nquorum two"):
        lines = [f"log {self.log_key.key.text}"]
        for name, store in self.stores.items():
            lines.append(f"witness {name} {store.key().key.text} {self.urls.get(name, '')}".strip())
        return policy_from("\n".join([*lines, quorum]) + "\n")

    def close(self):
        self._stack.close()


@pytest.fixture
def partners(tmp_path, key):
    made = Partners(tmp_path, key)
    yield made
    made.close()


def rounds(database, tmp_path, policy) -> Witnesses:
    return Witnesses(database.engine, policy, tmp_path / "witnesses.json", seconds=0)


def rows(database) -> list:
    with database.engine.connect() as connection:
        return connection.execute(sa.select(LogCosignature.size, LogCosignature.witness)).all()


def test_what_witnesses_sign_is_kept_and_given_out(database, tmp_path, partners, grow):
    for name in partners.stores:
        partners.start(name)
    policy = partners.policy("group every all court ministry charity\nquorum every")
    asking = rounds(database, tmp_path, policy)
    assert asking.run_once() == 0
    for count in (3, 300):
        reached = grow(count)
        assert asking.run_once() == 3
        assert asking.run_once() == 0
        with database.engine.connect() as connection:
            text = cosigned.with_cosignatures(connection, reached)
            tiles.publish(connection, tmp_path / "log")
        for store in partners.stores.values():
            assert abs(note_from(text).signed_by(store.key().key) - time.time()) < 60
            assert store.latest(reached.note.split("\n")[0]).size == reached.size
        assert (tmp_path / "log" / "checkpoint").read_text() == text
    assert refusals(tmp_path / "witnesses.json") == {}


def test_the_published_checkpoint_gets_cosignatures_later(database, tmp_path, partners, grow):
    partners.start("court")
    reached = grow(5)
    with database.engine.connect() as connection:
        tiles.publish(connection, tmp_path / "log")
    assert (tmp_path / "log" / "checkpoint").read_text() == reached.note
    rounds(database, tmp_path, partners.policy()).run_once()
    with database.engine.connect() as connection:
        tiles.publish(connection, tmp_path / "log")
    text = (tmp_path / "log" / "checkpoint").read_text()
    assert note_from(text).signed_by(partners.stores["court"].key().key)


def test_a_witness_that_knows_more_or_less_than_we_think_is_asked_once_more(database, tmp_path, partners, grow):
    partners.start("court")
    policy = partners.policy()
    grow(4)
    rounds(database, tmp_path, policy).run_once()
    partners.stores["court"].keep(partners.log_key.key.name, grow(3).note)  # its answer was lost
    assert rounds(database, tmp_path, policy).run_once() == 1
    partners.stores["court"].keep(partners.log_key.key.name, grow(3).note)
    grow(3)
    assert rounds(database, tmp_path, policy).run_once() == 1


def test_proofs_are_of_the_newest_checkpoint_with_enough_cosignatures(database, tmp_path, partners, grow):
    partners.start("court")
    grow(4)
    with database.engine.connect() as connection:  # nobody has cosigned yet: the newest
        assert cosigned.best(connection, partners.policy()).size == 4
    asking = rounds(database, tmp_path, partners.policy())
    asking.run_once()
    with database.engine.connect() as connection:  # one of three is not two of three
        assert cosigned.best(connection, partners.policy()).size == 4
    grow(2)
    partners.start("ministry")
    rounds(database, tmp_path, partners.policy()).run_once()
    grow(5)
    with database.engine.connect() as connection:
        policy = partners.policy()
        assert cosigned.best(connection, policy).size == 6
        assert cosigned.best(connection, policy, 7).size == 11
        assert cosigned.best(connection, partners.policy("quorum none")).size == 11
        assert cosigned.best(connection, None).size == 11
        seen = note_from(proof.entry_file(connection, 2, policy)["proof"].partition("\n\n")[2])
        later = note_from(proof.entry_file(connection, 9, policy)["proof"].partition("\n\n")[2])
    signed = {name for name, store in partners.stores.items() if seen.signed_by(store.key().key)}
    assert signed == {"court", "ministry"}
    assert later.text.split("\n")[1] == "11"


def test_a_false_cosignature_in_the_database_is_not_given_out_as_enough(database, tmp_path, partners, grow):
    partners.start("court")
    policy = partners.policy("quorum court")
    grow(4)
    rounds(database, tmp_path, policy).run_once()
    grow(2)
    with database.engine.begin() as connection:
        row = connection.execute(sa.select(LogCosignature.__table__)).one()._mapping
        connection.execute(LogCosignature.__table__.insert().values({**row, "size": 6}))
    with database.engine.connect() as connection:
        assert cosigned.best(connection, policy).size == 4


@pytest.mark.one_engine
def test_checkpoints_of_a_log_that_the_policy_does_not_name_are_not_enough(database, tmp_path, partners, grow):
    partners.start("court")
    grow(4)
    rounds(database, tmp_path, partners.policy("quorum court")).run_once()
    grow(2)
    stranger = signer.create(tmp_path / "stranger.key", "casework.example/log-2").key.text
    named = f"witness court {partners.stores['court'].key().key.text}\nquorum court\n"
    with database.engine.connect() as connection:
        assert cosigned.best(connection, policy_from(named)).size == 4
        assert cosigned.best(connection, policy_from(f"log {stranger}\n{named}")).size == 6


def test_cosignatures_are_append_only(database, tmp_path, partners, grow):
    partners.start("court")
    grow(4)
    rounds(database, tmp_path, partners.policy()).run_once()
    table = LogCosignature.__table__
    refused = r"append-only|permission denied"
    for statement in (table.delete(), table.update().values(line="x")):
        with pytest.raises(DatabaseError, match=refused), database.engine.begin() as connection:
            connection.execute(statement)


def test_a_fork_is_told_at_once(database, tmp_path, partners, grow, key):
    """The database was exchanged, and the key with it signs another tree."""
    partners.start("court")
    grow(4)
    policy = partners.policy()
    store, origin = partners.stores["court"], key.key.name
    store.keep(origin, key.note(3, bytes(32)))
    assert rounds(database, tmp_path, policy).run_once() == 0
    refusal = refusals(tmp_path / "witnesses.json")["court"]
    assert refusal.grave
    assert "does not go on" in refusal.problem
    assert len(store.refused(origin)) == 1
    store.keep(origin, key.note(4, bytes(32)))
    rounds(database, tmp_path, policy).run_once()
    assert "forked" in refusals(tmp_path / "witnesses.json")["court"].problem
    store.keep(origin, key.note(50, bytes(32)))
    rounds(database, tmp_path, policy).run_once()
    assert "put back" in refusals(tmp_path / "witnesses.json")["court"].problem
    assert rows(database) == []


def test_a_failure_is_forgotten_when_it_works_again(database, tmp_path, partners, grow, monkeypatch):
    monkeypatch.setattr(client, "FIRST_WAIT", 0.0)
    partners.urls["court"] = "http://127.0.0.1:9"
    grow(4)
    asking = rounds(database, tmp_path, partners.policy())
    assert asking.run_once() == 0
    assert set(refusals(tmp_path / "witnesses.json")) == {"court"}
    partners.start("court")
    asking._policy.urls["court"] = partners.urls["court"]
    assert asking.run_once() == 1
    assert refusals(tmp_path / "witnesses.json") == {}


def liar(database, tmp_path, partners, answer, **settings):
    """One round with the court's witness replaced by `answer`; what is told of it, and how often it was asked."""
    with answering(answer) as server:
        for name, value in settings.items():
            setattr(server, name, value)
        partners.urls["court"] = server.url
        asking = rounds(database, tmp_path, partners.policy())
        assert asking.run_once() == 0
        assert asking.run_once() == 0  # it is left alone for a while
    assert rows(database) == []
    assert set(refusals(tmp_path / "witnesses.json")) == {"court"}
    return refusals(tmp_path / "witnesses.json")["court"].problem, len(server.asked)


OK = {"Content-Type": "text/plain"}
TOLD = {"Content-Type": "text/x.tlog.size"}


def test_false_cosignatures_are_not_kept(database, tmp_path, partners, grow):
    reached = grow(4)
    text = note_from(reached.note).text
    court, other = partners.stores["court"].key(), partners.stores["charity"].key()
    line = court.cosign(text, int(time.time()))
    named = Key(court.key.name, ED25519, court.key.public)
    for answer, words in (
        (court.cosign(text + "more\n", 5), "is wrong"),
        (line[:-8] + "AAAA==\n", ""),
        (other.cosign(text, 5), "another key"),
        (line + court.cosign(text + "x\n", 5), "is wrong"),
        (court.cosign(text, int(time.time()) + 7200), "clock"),
        (court.cosign(text, 2**63), ""),
        ("", "note"),
        ("\n\n" + line, ""),
        (line.replace("—", "-"), ""),
        (line.replace(court.key.id.hex(), named.id.hex()).rstrip("\n"), ""),
    ):
        problem, asked = liar(database, tmp_path, partners, lambda _body, a=answer: (200, OK, a.encode()))
        assert words in problem
        assert asked == 1
    problem, _asked = liar(database, tmp_path, partners, lambda _body: (200, OK, line.encode() + b"\xff"))
    assert "UTF-8" in problem


@pytest.mark.one_engine
def test_other_lines_beside_the_true_one_are_read_over(database, tmp_path, partners, grow):
    text = note_from(grow(4).note).text
    lines = partners.stores["charity"].key().cosign(text, 5) + partners.stores["court"].key().cosign(text, 6)
    with answering(lambda _body: (200, OK, lines.encode())) as server:
        partners.urls["court"] = server.url
        assert rounds(database, tmp_path, partners.policy()).run_once() == 1
    assert [row.witness for row in rows(database)] == [cosigned.name_of(partners.stores["court"].key().key)]
    (path, kind, body), = server.asked
    assert (path, kind) == ("/add-checkpoint", "text/plain")
    assert body.startswith(b"old 0\n\ncasework.example/log-1\n4\n")


@pytest.mark.one_engine
@pytest.mark.parametrize(("status", "headers", "body", "words", "asked"), [
    (400, OK, b"", "cannot read", 1),
    (403, OK, b"", "our key", 1),
    (404, OK, b"", "our log", 1),
    (422, OK, b"", "does not go on", 1),
    (500, OK, b"", "500", 1),
    (503, OK, b"", "503", 1),
    (302, {"Location": "http://127.0.0.1:1/"}, b"", "302", 1),
    (409, OK, b"2\n", "without a size", 1),
    (409, TOLD, b"02\n", "number", 1),
    (409, TOLD, b"-1\n", "number", 1),
    (409, TOLD, "២\n".encode(), "number", 1),
    (409, TOLD, b"9" * 5000, "number", 1),
    (409, TOLD, b"0\n", "409", 1),
    (409, TOLD, b"2\n", "409", 2),
    (409, TOLD, b"4\n", "forked", 2),
    (409, TOLD, b"5\n", "put back", 1),
    (200, OK, b"x" * (fetch.LIMIT + 1), "more than", 1),
])
def test_refusals_and_nonsense(database, tmp_path, partners, grow, status, headers, body, words, asked):
    grow(4)
    problem, count = liar(database, tmp_path, partners, lambda _body: (status, headers, body))
    assert words in problem
    assert count == asked


@pytest.mark.one_engine
def test_a_witness_that_drips_is_hung_up_on(database, tmp_path, partners, grow, monkeypatch):
    monkeypatch.setattr(client, "post", lambda *args: fetch.post(*args, seconds=0.4))
    grow(4)
    begun = time.monotonic()
    problem, _asked = liar(database, tmp_path, partners, lambda _body: (200, OK, b"x" * 1000), pause=0.1)
    assert "within" in problem
    assert time.monotonic() - begun < 20  # of a hundred seconds


@pytest.mark.one_engine
def test_a_slow_witness_does_not_hold_up_the_others(database, tmp_path, partners, grow, monkeypatch):
    monkeypatch.setattr(client, "post", lambda *args: fetch.post(*args, seconds=4))
    partners.start("ministry")
    grow(4)
    end = threading.Event()
    with answering(lambda _body: (end.wait(30), (200, OK, b""))[1]) as server:
        partners.urls["court"] = server.url
        begun = time.monotonic()
        assert rounds(database, tmp_path, partners.policy()).run_once() == 1
        assert time.monotonic() - begun < 20
        end.set()


def test_how_the_witnesses_stand(database, tmp_path, partners, grow, monkeypatch):
    partners.start("court")
    grow(4)
    rounds(database, tmp_path, partners.policy()).run_once()
    grow(2)
    with database.engine.connect() as connection:
        court, ministry, charity = cosigned.standings(connection, partners.policy())
    assert (court.size, court.behind, court.late) == (4, 2, False)
    assert court.ago < dt.timedelta(minutes=1)
    assert (ministry.size, ministry.at, ministry.behind, charity.url) == (0, None, 6, None)
    monkeypatch.setattr(cosigned, "LATE", dt.timedelta(0))
    with database.engine.connect() as connection:
        assert all(standing.late for standing in cosigned.standings(connection, partners.policy()))
    rounds(database, tmp_path, partners.policy()).run_once()
    with database.engine.connect() as connection:
        assert not cosigned.standings(connection, partners.policy())[0].late
        assert head(connection).size == 6


@pytest.mark.one_engine
def test_addresses_of_a_policy(partners, key):
    vkey = partners.stores["court"].key().key.text

    def read(url: str, **how):
        return policy_from(f"witness court {vkey} {url}\nquorum court\n", **how).urls["court"]

    assert read("https://witness.example/log/") == "https://witness.example/log"
    assert read("http://[::1]:6544") == "http://[::1]:6544"
    assert read("http://witness.example", plain=True) == "http://witness.example"
    for bad in ("http://witness.example", "ftp://witness.example", "https://", "witness.example", "https://a@b.example",
                "https://witness.example/?x=1", "https://witness.example:x/"):
        with pytest.raises(Malformed):
            read(bad)

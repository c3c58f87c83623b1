"""A time stamp a day on the log's checkpoint, by an authority that `openssl ts` plays; nothing false is kept."""

import datetime as dt
import subprocess
import uuid
from contextlib import contextmanager

import pytest
import sqlalchemy as sa

from casework.audit import timestamp
from casework.audit.capture import record_event
from casework.audit.chain import Event
from casework.audit.models import LogTimestamp
from casework.audit.timestamp import Authority, NotStamped, Stamping
from casework.db.base import now
from tests.audit.authority import TimeAuthority, openssl
from tests.witness.liar import answering

REPLY = {"Content-Type": "application/timestamp-reply"}


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return TimeAuthority(tmp_path_factory.mktemp("tsa") / "one")


@pytest.fixture
def grow(database, sequencer):
    """Adds an entry and signs; the tree as it is then."""
    def more():
        with database.work() as db:
            record_event(db, Event("test", chain=uuid.UUID(int=5)))
        return sequencer.catch_up()

    return more


@contextmanager
def serving(authority: TimeAuthority):
    with answering(lambda query: (200, REPLY, authority.reply(query))) as server:
        yield Authority(f"{server.url}/tsa", authority.root)


def kept(database) -> list[int]:
    with database.engine.connect() as connection:
        return list(connection.execute(sa.select(LogTimestamp.size).order_by(LogTimestamp.size)).scalars())


def test_once_a_day(database, grow, authority, monkeypatch):
    with serving(authority) as client:
        stamping = Stamping(database.engine, client)
        assert stamping.run_once() is None  # nothing is signed yet
        reached = grow()
        made = stamping.run_once()
        assert (made.size, made.note) == (reached.size, reached.note)
        assert abs(made.at - now()) < dt.timedelta(minutes=1)
        grow()
        assert stamping.run_once() is None
        assert Stamping(database.engine, client).run_once() is None
        monkeypatch.setattr(timestamp, "EVERY", dt.timedelta(0))
        assert stamping.run_once().size == 2
        assert stamping.run_once() is None  # the log has not grown
    assert kept(database) == [1, 2]
    with database.engine.connect() as connection:
        assert timestamp.latest(connection).size == 2
        assert timestamp.covering(connection, 1).size == 1
        assert timestamp.covering(connection, 2).size == 2
        assert timestamp.covering(connection, 3) is None


def test_what_is_exported_is_checked_by_openssl(database, grow, authority, tmp_path):
    grow()
    with serving(authority) as client:
        Stamping(database.engine, client).run_once()
    with database.engine.connect() as connection:
        assert timestamp.export(connection, tmp_path, 7) is None
        found = timestamp.export(connection, tmp_path, 1)
    # The line of docs/witness.md.
    check = ("-verify", "-data", tmp_path / "checkpoint-1", "-in", tmp_path / "checkpoint-1.tsr",
             "-CAfile", authority.root)
    assert "Verification: OK" in openssl(*check)
    assert client.verify(found.reply, found.note.encode()) == found.at
    (tmp_path / "checkpoint-1").write_text(found.note + "x")
    with pytest.raises(subprocess.CalledProcessError):
        openssl(*check)


def test_a_stamp_is_of_these_bytes_and_this_authority(authority, tmp_path):
    with serving(authority) as client:
        _at, reply = client.stamp(b"the checkpoint")
    assert client.verify(reply, b"the checkpoint")
    other = TimeAuthority(tmp_path / "other")
    for verify in (
        lambda: client.verify(reply, b"another checkpoint"),
        lambda: Authority("http://127.0.0.1/", other.root).verify(reply, b"the checkpoint"),
        lambda: client.verify(reply[:-1] + bytes([reply[-1] ^ 1]), b"the checkpoint"),
        lambda: client.verify(reply + b"\0", b"the checkpoint"),
        lambda: client.verify(reply[:-20], b"the checkpoint"),
        lambda: client.verify(b"", b"the checkpoint"),
    ):
        with pytest.raises(NotStamped):
            verify()


@pytest.mark.one_engine
def test_an_answer_that_is_no_stamp_is_not_kept(database, grow, authority, tmp_path, monkeypatch):
    reached = grow()
    with serving(authority) as client:
        _at, earlier = client.stamp(reached.note.encode())
    strict = TimeAuthority(tmp_path / "strict", "sha512")  # refuses what we send
    answers = {
        "500": lambda _q: (500, REPLY, b""),
        "302": lambda _q: (302, {"Location": "http://127.0.0.1:1/"}, b""),
        "text/html": lambda _q: (200, {"Content-Type": "text/html"}, b"<p>"),
        "more than": lambda _q: (200, REPLY, bytes(70_000)),
        "Nonce": lambda _q: (200, REPLY, earlier),
        "believed": lambda q: (200, REPLY, strict.reply(q)),
    }
    for words, answer in answers.items():
        with answering(answer) as server:
            client = Authority(server.url, authority.root)
            with pytest.raises(NotStamped, match=words):
                client.stamp(reached.note.encode())
            stamping = Stamping(database.engine, client)
            assert stamping.run_once() is None
            asked = len(server.asked)
            assert stamping.run_once() is None
            assert len(server.asked) == asked  # it is left alone for an hour
    with serving(authority) as client, monkeypatch.context() as patch:
        patch.setattr(timestamp, "CLOCKS", dt.timedelta(0))
        with pytest.raises(NotStamped, match="clock"):
            client.stamp(b"x")
    assert kept(database) == []


def test_certificates_need_a_root(authority, tmp_path):
    with pytest.raises(NotStamped, match="cannot be read"):
        Authority("http://127.0.0.1/", tmp_path / "missing.pem")
    with pytest.raises(NotStamped, match="no root"):
        Authority("http://127.0.0.1/", authority.folder / "signer.pem")

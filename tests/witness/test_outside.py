"""A program with witnesses and an authority of time asks both, beside everything else."""

import fcntl
import time
import uuid

import pytest
import sqlalchemy as sa

from casework.audit import outside, signer
from casework.audit.capture import record_event
from casework.audit.chain import Event
from casework.audit.models import LogCosignature, LogTimestamp
from casework.audit.sequencer import Sequencer
from casework.settings import Settings
from casework.witness.protocol import Witness
from casework.witness.store import Store
from tests.audit.authority import TimeAuthority
from tests.witness.conftest import running
from tests.witness.liar import answering


@pytest.fixture
def key(tmp_path):
    return signer.create(tmp_path / "log.key", "casework.example/log-1")


def count(database) -> tuple[int, int]:
    with database.engine.connect() as connection:
        return tuple(connection.execute(sa.select(sa.func.count()).select_from(model.__table__)).scalar()
                     for model in (LogCosignature, LogTimestamp))


def test_both_are_asked(database, ini, tmp_path, key):
    store = Store(tmp_path / "court")
    vkey = store.create("court.example/witness").key.text
    store.add(key.key)
    authority = TimeAuthority(tmp_path / "tsa")
    with database.work() as db:
        record_event(db, Event("test", chain=uuid.UUID(int=5)))
    Sequencer(database.engine, key).catch_up()
    policy = tmp_path / "policy"
    reply = {"Content-Type": "application/timestamp-reply"}
    with running(Witness(store)) as address, answering(lambda q: (200, reply, authority.reply(q))) as time_server:
        policy.write_text(f"log {key.key.text}\nwitness court {vkey} http://{address[0]}:{address[1]}\nquorum court\n")
        settings = Settings.from_ini({
            **ini, "casework.log_policy": str(policy), "casework.timestamp_url": time_server.url,
            "casework.timestamp_certificate": str(authority.root)}, {})
        with open(tmp_path / "outside.lock", "w") as other:
            fcntl.flock(other, fcntl.LOCK_EX)
            assert not outside.Outside(database.engine, settings).once()
        assert count(database) == (0, 0)
        thread = outside.Outside(database.engine, settings, seconds=0.01)
        thread.start()
        end = time.monotonic() + 20
        while count(database) != (1, 1) and time.monotonic() < end:
            time.sleep(0.05)
        thread.stop()
        thread.join()
    assert count(database) == (1, 1)


@pytest.mark.one_engine
def test_nobody_to_ask_is_no_thread(database, settings):
    assert outside.start(database.engine, settings) is None


@pytest.mark.one_engine
def test_a_file_without_certificates_is_told_and_stops_nothing_else(database, ini, tmp_path, caplog):
    (tmp_path / "root.pem").write_text("nothing")
    settings = Settings.from_ini({**ini, "casework.timestamp_url": "http://127.0.0.1:9",
                                  "casework.timestamp_certificate": str(tmp_path / "root.pem")}, {})
    assert outside.start(database.engine, settings) is None
    assert "cannot be read as certificates" in caplog.text

"""SIGKILL at random moments of appending, sequencing, signing and publishing, by two at once: nothing is lost,
nothing is doubled, no fork is ever signed, and what was shown stays true."""

import multiprocessing
import os
import random
import signal
import time
import uuid

import sqlalchemy as sa

from casework.audit import signer, tiles
from casework.audit.capture import record_event
from casework.audit.chain import Event
from casework.audit.models import AuditEntry, LogCheckpoint
from casework.audit.sequencer import Sequencer
from casework.audit.tree import Tree
from casework.audit.verify import verify
from casework.db.engine import make_engine
from casework.db.session import work
from casework.verifier.casework_verify import checkpoint_from, note_from

KILLS = 50
CHAINS = [uuid.UUID(int=number + 1) for number in range(4)]


def busy(url: str, key_path, folder, diary, name: str) -> None:
    """Write entries and keep the tree, as fast as can be, until somebody ends the process."""
    os.setpgid(0, 0)
    engine, key = make_engine(url, pool_size=2), signer.load(key_path)
    sequencer = Sequencer(engine, key)
    dice = random.Random(name)
    with open(diary, "ab", buffering=0) as file:
        for number in range(1_000_000):
            mark = f"{name}-{number}"
            with work(engine) as db:
                for chain in dice.sample(CHAINS, 2):
                    record_event(db, Event("test", chain=chain, details={"mark": mark}))
            file.write(f"{mark}\n".encode())
            os.fsync(file.fileno())
            if number % 3 == 0:
                sequencer.step(limit=dice.choice((1, 5, 40)))
                with key.alone() as mine:
                    if mine:
                        with engine.execution_options(sqlite_begin="BEGIN").connect() as connection:
                            tiles.publish(connection, folder)


def shown(folder) -> tuple[int, bytes] | None:
    """What the published checkpoint says."""
    try:
        note = (folder / "checkpoint").read_text()
    except FileNotFoundError:
        return None
    stated = checkpoint_from(note_from(note).text)
    return stated.size, stated.root


def test_killed_at_any_moment(database, tmp_path):
    key = signer.create(tmp_path / "log.key", "casework.example/log-1")
    folder = tmp_path / "log"
    dice, promises = random.Random(7), set()
    fork = multiprocessing.get_context("fork")
    for turn in range(KILLS):
        workers = [
            fork.Process(target=busy, args=(database.url, key.path, folder, tmp_path / f"diary{n}", f"{turn}-{n}"))
            for n in range(2)
        ]
        for worker in workers:
            worker.start()
        time.sleep(dice.uniform(0.03, 0.25))
        for worker in workers:
            os.kill(worker.pid, signal.SIGKILL)
            worker.join()
        if found := shown(folder):
            promises.add(found)
    report = verify(database.engine, key=key.key, signed=key.signed(), records=False)
    assert report.ok, report.problem
    written = set().union(*((tmp_path / f"diary{n}").read_text().split() for n in range(2)))
    assert len(written) > KILLS
    with database.engine.connect() as connection:
        bodies = connection.execute(sa.select(AuditEntry.body)).scalars()
        marks = [body.split('"mark":"')[1].split('"')[0] for body in bodies]
        assert written <= set(marks), "what was acknowledged is there"
        assert all(marks.count(mark) == 2 for mark in written), "and each of its two entries once"
        signed = connection.execute(sa.select(LogCheckpoint.size, LogCheckpoint.root)).all()
        tree = Tree(connection)
        assert len(promises) > 3
        for size, root in promises | {tuple(row) for row in signed}:
            assert tree.root(size) == root, f"the tree of {size} that was shown is not the log's any more"
    Sequencer(database.engine, key).catch_up()
    with database.engine.connect() as connection:
        reached = tiles.publish(connection, folder)
    assert shown(folder) == (reached.size, reached.root)
    final = verify(database.engine, key=key.key, signed=key.signed(), records=False)
    assert final.ok, final.problem
    assert final.waiting == 0
    assert final.size == len(marks)

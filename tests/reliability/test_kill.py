"""Processes are killed at random moments: what was answered stays, nothing is doubled, the log knows of everything.

The same checker finds a planted fault (the log written after the commit), so that its silence means something.
"""

import gc
import os
import random
import signal
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import event, text
from sqlalchemy.orm import Session

from casework.audit import capture, chain, outbox
from casework.audit.models import AuditEntry
from casework.db.asking import UNSCOPED
from casework.db.session import work
from tests.support import scene
from tests.support.databases import Database

from . import check
from .story import Diary, Story

KILLS = int(os.environ.get("CASEWORK_TEST_KILLS", "100"))
ROUND = 25
WRITERS = ("hot", "inv", "inv")


class Stage:
    """The application, prepared once; people who are forked off, and killed."""

    def __init__(self, app, database: Database, folder: Path):
        self.app, self.database, self.folder = app, database, folder
        self.scene = scene.build(database)
        self.clients = {name: self.scene.browser(app, name) for name in ("hot", "inv")}
        self.stories = [
            Story(self.scene, role, self.clients[role], Diary(folder / f"diary-{number}"))
            for number, role in enumerate(WRITERS)
        ]
        self.diaries = [story.diary for story in self.stories]
        for story, role in zip(self.stories, WRITERS, strict=True):
            story.open_forms(role)
        self.dice = random.Random(7)
        # A connection must not be used by two processes; what is idle now is closed before each fork.
        self.engines = (app.registry["engine"], database.engine)

    def fork(self, action: Callable[[], None]) -> int:
        """Run `action` in a copy of this process that never comes back here."""
        for engine in self.engines:
            engine.dispose()
        gc.freeze()
        child = os.fork()
        if child:
            return child
        try:
            action()
        except BaseException:
            (self.folder / f"fault-{os.getpid()}").write_text(traceback.format_exc())
        finally:
            os._exit(1)

    def writer(self, number: int, prepare: Callable[[], None] | None) -> int:
        """Somebody at work; who was killed comes back and goes on with the same diary."""
        story, seed = self.stories[number], self.dice.random()

        def action() -> None:
            if prepare:
                prepare()
            story.live(WRITERS[number], seed)

        return self.fork(action)

    def round(self, kills: int, prepare: Callable[[], None] | None = None) -> None:
        """`kills` deaths among the people at work, at random moments; then all of them."""
        at_work = [self.writer(number, prepare) for number in range(len(WRITERS))]
        for _ in range(kills):
            number = self.dice.randrange(len(at_work))
            if self.dice.random() < 0.5:
                self.diaries[number].grown(within=2)
            time.sleep(self.dice.uniform(0, 0.3))
            kill(at_work[number])
            at_work[number] = self.writer(number, prepare)
        for child in at_work:
            kill(child)
        self.wait_for_the_database()

    def wait_for_the_database(self) -> None:
        """PostgreSQL finishes what it was told by who is dead; only then can one look."""
        if self.database.backend != "postgresql":
            return
        others = text("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
                      "AND pid <> pg_backend_pid()")
        until = time.monotonic() + 10
        with self.database.engine.connect() as connection:
            while connection.execute(others).scalar_one() and time.monotonic() < until:
                connection.rollback()
                time.sleep(0.02)

    def faults(self) -> list[str]:
        """What went wrong in the processes themselves, other than being killed."""
        return [path.read_text() for path in self.folder.glob("fault-*")]

    def answered(self) -> int:
        return sum(diary.answers() for diary in self.diaries)


def kill(child: int) -> None:
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


@pytest.fixture
def stage(app, database, tmp_path) -> Iterator[Stage]:
    made = Stage(app, database, tmp_path)
    yield made
    gc.unfreeze()


def test_killed_at_random_moments(stage):
    for _ in range(KILLS // ROUND):
        stage.round(ROUND)
        assert check.problems(stage.database, stage.diaries) == []
        assert stage.faults() == []
    assert stage.answered() > KILLS / 2


def log_after_the_commit() -> None:
    """The planted fault: changes are committed first, and their entries written in a transaction of their own."""
    def keep(session, events, actor):
        session.info.setdefault("late", []).append((events, actor))

    def write_late(session):
        late = session.info.pop("late", [])
        if not late:
            return
        time.sleep(0.02)
        with work(session.get_bind()) as own:
            for events, actor in late:
                chain.write(own, events, actor)

    capture.write = keep
    event.listen(Session, "after_commit", write_late)


def test_the_checker_finds_a_log_that_is_written_after_the_commit(stage):
    for _ in range(KILLS // 5):
        stage.round(5, log_after_the_commit)
        found = check.problems(stage.database, stage.diaries)
        if found:
            assert any("the log does not know of it" in line or "not what the log says" in line for line in found)
            return
    pytest.fail(f"not found in {KILLS} kills")


def test_killed_between_the_commit_and_the_outbox(stage):
    """The act is there, with its entry; nobody was told; sending it again leads to it and makes no second one."""
    story = stage.stories[0]

    def die() -> None:
        outbox._reads = lambda request: os.kill(os.getpid(), signal.SIGKILL)
        story.report()

    child = stage.fork(die)
    assert os.waitpid(child, 0)[1] == signal.SIGKILL
    stage.wait_for_the_database()
    assert stage.answered() == 0
    assert check.problems(stage.database, stage.diaries) == []
    reports = count_reports(stage.database)
    story.resume()
    assert stage.answered() == 1
    assert count_reports(stage.database) == reports == 1
    assert check.problems(stage.database, stage.diaries) == []


def test_a_page_whose_reading_could_not_be_logged_was_not_served(stage):
    """Killed on the way to the log: who asked got nothing, and the log says nothing."""
    hot, ref = stage.clients["hot"], stage.scene.reports["received"].ref
    served = stage.folder / "served"

    def die() -> None:
        outbox.write = lambda *args: os.kill(os.getpid(), signal.SIGKILL)
        served.write_text(hot.get(f"/referrals/{ref}").text)

    before = entries(stage.database, "view")
    assert os.waitpid(stage.fork(die), 0)[1] == signal.SIGKILL
    assert not served.exists()
    assert entries(stage.database, "view") == before
    hot.get(f"/referrals/{ref}")
    assert entries(stage.database, "view") == before + 1


def count_reports(database: Database) -> int:
    with database.engine.execution_options(**{UNSCOPED: True}).connect() as connection:
        return connection.execute(
            text("SELECT count(*) FROM referral WHERE narrative LIKE 'A report that is counted%'")
        ).scalar_one()


def entries(database: Database, verb: str) -> int:
    with database.engine.connect() as connection:
        table = AuditEntry.__table__
        return len(connection.execute(table.select().where(table.c.verb == verb)).all())


def test_the_checker_sees_what_it_looks_for(stage):
    """Each kind of damage, done by hand, is found."""
    story = stage.stories[1]
    story.note()
    story.exhibit()
    assert check.problems(stage.database, stage.diaries) == []
    for damage, word in (
        ("DELETE FROM submission", "saved without its token"),
        ("UPDATE note SET text = text || '.'", "not what the log says"),
        ("DELETE FROM note", "there 0 times"),
        (f"UPDATE evidence_item SET chain_hash = '{'0' * 64}'", "link"),
    ):
        with stage.database.engine.execution_options(**{UNSCOPED: True}).begin() as connection:
            connection.execute(text(damage))
        assert any(word in line for line in check.problems(stage.database, stage.diaries)), damage

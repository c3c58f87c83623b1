"""A migrated database of its own for each test, on both engines: migrated once a run, then copied."""

import fcntl
import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from sqlalchemy import Connection, Engine, make_url

from casework.authz import row_walls
from casework.authz.matrix import load
from casework.cli import roles
from casework.crypto.keyring import KeyRing
from casework.db import migrate
from casework.db.engine import make_engine
from casework.db.session import work

from . import run
from .matrix import FILE
from .postgres import OWNER, ROLE, TEMPLATE

BACKENDS = ("sqlite", "postgresql")


@dataclass
class Database:
    """A database and the key ring of its records."""

    url: str
    backend: str
    keyring: KeyRing

    @cached_property
    def engine(self) -> Engine:
        """One engine for the test's own looks at the database; the application makes its own."""
        return make_engine(self.url)

    def work(self, *, readonly: bool = False, **info):
        """A session in a transaction of its own: `with database.work(identity=...) as session`."""
        return work(self.engine, readonly=readonly, info={"keyring": self.keyring, **info})

    @contextmanager
    def superuser(self) -> Iterator[Connection]:
        """A connection that may do everything, in a transaction: for what a test does behind the program's back."""
        if self.backend == "sqlite":
            with self.engine.begin() as connection:
                yield connection
            return
        engine = make_engine(make_url(self.url).set(username="postgres").render_as_string(hide_password=False))
        try:
            with engine.begin() as connection:
                yield connection
        finally:
            engine.dispose()

    def dispose(self) -> None:
        if "engine" in self.__dict__:
            self.engine.dispose()


@contextmanager
def empty(backend: str, folder: Path) -> Iterator[str]:
    """The URL of a database without tables."""
    if backend == "sqlite":
        yield f"sqlite:///{folder / f'{uuid.uuid4().hex}.sqlite'}"
        return
    run.cluster().start()
    with run.cluster().database() as url:
        yield url


@contextmanager
def migrated(backend: str, folder: Path) -> Iterator[str]:
    """The URL of a database at the newest revision; `folder` is the test's own."""
    if backend == "sqlite":
        template = run.folder() / "template.sqlite"
        _once("sqlite", lambda: _migrate(f"sqlite:///{template}"))
        target = folder / "casework.sqlite"
        shutil.copyfile(template, target)
        target.chmod(0o600)
        yield f"sqlite:///{target}"
        return
    cluster = run.cluster()
    cluster.start()
    _once("postgresql", lambda: (cluster.create(TEMPLATE), _migrate(cluster.url(TEMPLATE, OWNER))))
    with cluster.database(TEMPLATE) as url:
        yield url


def _migrate(url: str) -> None:
    engine = make_engine(url)
    try:
        migrate.upgrade(engine)
        if engine.dialect.name == "postgresql":
            roles.grant(engine, ROLE)
            row_walls.apply(engine, load(FILE), ROLE)
    finally:
        # SQLite puts its log into the file, which is what gets copied, when the last connection closes.
        engine.dispose()


def _once(name: str, action: Callable[[], object]) -> None:
    """Do `action` in the first process of the run that comes here; the others wait, and share its failure."""
    with open(run.folder() / f"{name}.outcome", "a+", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        outcome = file.read()
        if not outcome:
            try:
                action()
                outcome = "done"
            except Exception as problem:
                outcome = f"{type(problem).__name__}: {problem}"
            file.write(outcome)
    if outcome != "done":
        raise RuntimeError(f"the {name} template could not be made: {outcome}")

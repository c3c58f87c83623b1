"""The world of `tests.support.world` with the application on it, built once a process for each engine.

For tests that only look: a test that changes what is there takes `database` and `app`, which are its own. Import the
fixtures into a `conftest.py`:

    settled     the world of this test's engine, with every reader signed in
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event, update
from webtest import TestApp

import casework
from casework.accounts import service
from casework.accounts.credentials import UserSession
from casework.accounts.models import Agency, User
from casework.authz.identity import ROLES
from casework.crypto.keyring import KeyRing
from casework.db.base import now

from . import databases
from .databases import Database
from .people import Person, give_factors, person_of, sign_in
from .world import World, build


@dataclass
class Settled:
    """A world that stays as it is, its application, and a browser for each reader."""

    database: Database
    app: Any
    world: World
    people: dict[str, Person]
    clients: dict[str, TestApp] = field(default_factory=dict)
    kept: dict[str, Any] = field(default_factory=dict)

    def client(self, role: str) -> TestApp:
        """The browser of a reader, signed in the first time it is asked for."""
        if role not in self.clients:
            self.clients[role] = browser(self.app)
            sign_in(self.clients[role], self.people[role])
        return self.clients[role]

    def wake(self) -> None:
        """Nobody has been away for long: a process that runs many tests lasts longer than a session that rests."""
        with self.database.work() as db:
            db.execute(update(UserSession).values(last_seen_at=now(), mfa_at=now()))


def browser(app) -> TestApp:
    return TestApp(app, extra_environ={"REMOTE_ADDR": "192.0.2.1"}, lint=False)


def enrol(database: Database, world: World, roles: Iterable[str] = ROLES) -> dict[str, Person]:
    """A membership and both factors for each reader of a world."""
    found = {}
    with database.work() as db:
        for role in roles:
            reader = world.readers[role]
            user = db.get_one(User, reader.user_id)
            membership = service.add_membership(db, user, db.get_one(Agency, reader.agency_id), role, at=now())
            db.flush()
            found[role] = person_of(membership, give_factors(db, user))
    return found


def hurry(engine: Engine) -> None:
    """Nothing of it survives the run, so nothing needs to reach the disk: a third of an answer's time here."""
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", lambda dbapi, _record: dbapi.execute("PRAGMA synchronous=OFF"))
        engine.dispose()


def settle(stack: ExitStack, backend: str, folder: Path) -> Settled:
    """A new world in a database of its own; `stack` takes it away."""
    keys = folder / "keys.json"
    KeyRing.create(keys)
    url = stack.enter_context(databases.migrated(backend, folder))
    database = Database(url, backend, KeyRing.load(keys))
    stack.callback(database.dispose)
    app = casework.main({}, **{
        "casework.development": "true", "casework.data": str(folder), "casework.database_url": url,
        "casework.keys": str(keys),
    })
    stack.callback(app.registry["engine"].dispose)
    hurry(app.registry["engine"])
    with database.work() as db:
        world = build(db)
    return Settled(database, app, world, enrol(database, world))


@pytest.fixture(scope="session")
def settlements(tmp_path_factory) -> Iterator[Callable[[str], Settled]]:
    """A function from the engine to its world."""
    made: dict[str, Settled] = {}
    with ExitStack() as stack:
        def of(backend: str) -> Settled:
            if backend not in made:
                made[backend] = settle(stack, backend, tmp_path_factory.mktemp(f"settled-{backend}"))
            return made[backend]

        yield of


@pytest.fixture
def settled(backend: str, settlements: Callable[[str], Settled]) -> Settled:
    found = settlements(backend)
    found.wake()
    return found

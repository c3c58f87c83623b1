"""A case with two items, documents and custody, a log that is signed, and somebody who makes packages. All invented."""

import tempfile
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyrage
from sqlalchemy import select

from casework.audit import signer
from casework.audit.sequencer import Sequencer
from casework.authz.scope import unscoped
from casework.crypto.keyring import KeyRing
from casework.crypto.seal import unseal
from casework.crypto.sealed import vault
from casework.evidence.models import EvidenceItem
from casework.exchange import making, service
from casework.exchange.jobs import Packer, spool_of
from casework.exchange.making import slot_place
from casework.exchange.models import DisclosurePackage
from casework.files.service import Facts, Files
from casework.settings import Settings
from casework.workflow import engine
from tests.evidence.world import Desk, build
from tests.support import databases
from tests.support.databases import Database

REPORT = b"An examiner's report of several words (fictional).\n" * 40


@dataclass
class Office:
    """An installation without a server: a database, its log, its files, the people of a case, and keys of two
    recipients."""

    desk: Desk
    registry: dict[str, Any]
    log: Sequencer
    keys: list[pyrage.x25519.Identity]

    @property
    def database(self) -> Database:
        return self.desk.database

    @property
    def vkey(self) -> str:
        return self.log._signer.key.text

    def keep(self, item_id: Any, content: bytes = REPORT, name: str = "report.txt", **facts: Any) -> str:
        """A document of an item, or of the case when there is none; its reference. `facts` besides its title."""
        identity, files = self.desk.world.who["inv"], self.registry["files"]
        with self.database.work(identity=identity) as db:
            owner = self.desk.world.case(db) if item_id is None else db.get_one(EvidenceItem, item_id)
            said = Facts(**{"title": "Report (fictional)", "name": name, "category": "report", **facts})
            upload = files.begin(db, identity, owner, said, len(content), keep=False)
            with files.finish(db, upload, 0, iter((content,))) as found:
                ref = files.record(db, identity, upload, owner, found).ref
            files.discard(upload)
            return ref

    def asked(self, **changes: Any) -> dict[str, Any]:
        """What the form of a package gives, for all items and two recipients."""
        with self.database.work(readonly=True, unscoped=1) as db:
            items = [str(one) for one in db.scalars(select(EvidenceItem.id).order_by(EvidenceItem.number))]
        return {
            "purpose": "court", "explanation": "Request 12/2026 of the court (fictional)",
            "legal_basis": "Request of the investigating judge 12/2026", "classification": "restricted",
            "recipients": [f"Office {n} (fictional) {key.to_public()}" for n, key in enumerate(self.keys, 1)],
            "items": items, **changes,
        }

    def ask(self, who: str = "psu", **changes: Any) -> DisclosurePackage:
        """A package that waits."""
        identity = self.desk.world.who[who]
        data = self.asked(**changes)
        with self.database.work(identity=identity) as db:
            with unscoped(db, "whoever asks, of what case ever: the service says no"):
                case = self.desk.world.case(db)
            return service.ask(db, identity, case, data)

    def now(self, package: DisclosurePackage) -> DisclosurePackage:
        """As it stands now."""
        with self.database.work(readonly=True, unscoped=1) as db:
            return db.get_one(DisclosurePackage, package.id)

    def do(self, who: str, package: DisclosurePackage, event: str, **data: Any) -> None:
        identity = self.desk.world.who[who]
        with self.database.work(identity=identity) as db:
            engine.apply(db, identity, db.get_one(DisclosurePackage, package.id), event, data)

    def packer(self) -> Packer:
        return Packer(self.registry)

    def signing(self) -> AbstractContextManager:
        """While the log is kept."""
        return keeping(self.log)

    def make(self, package: DisclosurePackage | None = None, **changes: Any) -> DisclosurePackage:
        """A package that is ready."""
        package = package or self.ask(**changes)
        with self.signing():
            assert self.packer().once()
        return self.now(package)

    def bytes_of(self, package: DisclosurePackage) -> bytes:
        """The package as its download gives it."""
        with self.database.work(readonly=True, unscoped=1) as db:
            key = unseal(vault(db).key(package.case_id), package.slot, slot_place(package.id))
        return b"".join(spool_of(self.registry).reader(package.id, key).whole())


@contextmanager
def keeping(log: Sequencer) -> Iterator[None]:
    """While the log is signed whenever somebody waits for it, as the server's keeper does."""

    class Clock:
        monotonic = staticmethod(time.monotonic)

        @staticmethod
        def sleep(_seconds: float) -> None:
            log.catch_up()

    making.time = Clock
    try:
        log.catch_up()
        yield
    finally:
        making.time = time


def office(database: Database, folder: Path) -> Office:
    """Fill an empty database."""
    settings = Settings.from_ini({
        "casework.development": "true", "casework.data": str(folder), "casework.database_url": database.url,
        "casework.keys": str(folder / "keys.json")}, {})
    with database.work() as db:
        world = build(db)
    desk = Desk(database, world)
    log = Sequencer(database.engine, signer.create(settings.log_key, "log.example/casework"))
    registry = {"engine": database.engine, "keyring": database.keyring, "files": Files.of(settings),
                "settings": settings, "log_policy": None}
    made = Office(desk, registry, log, [pyrage.x25519.Identity.generate() for _ in range(2)])
    first, second = desk.stored(), desk.record("inv", digital=True)
    for name in ("report.txt", "list.txt"):
        made.keep(first, REPORT + name.encode(), name)
    made.keep(second)
    return made


@contextmanager
def office_on(backend: str) -> Iterator[Office]:
    """An office on a database of its own, for tests that share it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        KeyRing.create(folder / "keys.json")
        with databases.migrated(backend, folder) as url:
            database = Database(url, backend, KeyRing.load(folder / "keys.json"))
            try:
                yield office(database, folder)
            finally:
                database.dispose()

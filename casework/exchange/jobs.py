"""Works on the packages that were asked for, outside every request, in a thread of the server.

A job is claimed for as long as its claim is heard of: when a server dies in the middle, another one, or the same one
started again, begins anew, and what the dead one wrote has no key and is swept. Giving a package up takes its job away;
whoever is at it notices within a second and leaves nothing.
"""

import datetime as dt
import logging
import threading
import time
import uuid
from typing import Any

from sqlalchemy import or_, select, update

from casework.authz.scope import unscoped
from casework.crypto.sealed import Erased
from casework.db.base import now
from casework.db.session import work
from casework.files.cipher import Damaged
from casework.files.store import NoSpace, StoreProblem
from casework.workflow import engine
from casework.workflow.engine import NotAllowed, Refused

from .making import Making, Unsigned
from .models import DisclosurePackage, PackageJob
from .spool import Spool

log = logging.getLogger(__name__)

SECONDS = 2.0
BEAT = 1.0  # seconds between two signs of life
SILENT = dt.timedelta(seconds=60)  # a claim that was not heard of for so long is nobody's
TRIES = 3
SWEEP = 60.0
# What stops a package -> what its page says (code list package_problem).
PROBLEMS: tuple[tuple[tuple[type[Exception], ...], str], ...] = (
    ((NotAllowed,), "right"), ((Unsigned,), "unsigned"), ((NoSpace,), "space"), ((StoreProblem, Damaged), "document"),
    ((Erased,), "erased"),
)


class Stopped(Exception):
    """The package was given up, or another process took it over."""


def spool_of(registry: Any) -> Spool:
    """The folder of packages of this installation."""
    return Spool(registry["settings"].data / "files" / "packages", registry["files"].incoming.require)


class Packer(threading.Thread):
    """Makes packages one after the other, every `seconds`, and sweeps what is over."""

    def __init__(self, registry: Any, seconds: float = SECONDS):
        super().__init__(name="packages", daemon=True)
        self._registry, self._seconds, self._spool = registry, seconds, spool_of(registry)
        self._stopped, self._next_sweep = threading.Event(), 0.0

    def run(self) -> None:
        while not self._stopped.wait(self._seconds):
            try:
                self.once()
            except Exception:
                log.exception("packages cannot be worked on")

    def stop(self) -> None:
        """End soon, in the middle of a package too: it is begun anew when a server runs."""
        self._stopped.set()

    def once(self) -> bool:
        """Sweep what is due, and make one package; whether there was one."""
        if time.monotonic() >= self._next_sweep:
            self._next_sweep = time.monotonic() + SWEEP
            self.sweep()
        claimed = self._claim()
        if claimed is not None:
            self._make(*claimed)
        return claimed is not None

    def _session(self, *, readonly: bool = False):
        info = {"keyring": self._registry["keyring"], "matrix": self._registry.get("matrix_hash")}
        return work(self._registry["engine"], readonly=readonly, info=info)

    def _claim(self) -> tuple[DisclosurePackage, uuid.UUID] | None:
        """The oldest package that nobody is at, and the mark of this claim."""
        claim, at = uuid.uuid4(), now()
        free = or_(PackageJob.beat_at.is_(None), PackageJob.beat_at < at - SILENT)
        with self._session(readonly=True) as db:
            found = db.scalar(select(PackageJob.id).where(free).order_by(PackageJob.id).limit(1))
        if found is None:
            return None
        with self._session() as db:
            taken = db.execute(update(PackageJob).where(PackageJob.id == found, free).values(
                claim=claim, beat_at=at, tries=PackageJob.tries + 1, done=0, total=0))
            if not taken.rowcount:
                return None
            with unscoped(db, "the system makes what was asked for"):
                package = db.get_one(DisclosurePackage, found)
            tries = db.scalar(select(PackageJob.tries).where(PackageJob.id == found))
        if tries > TRIES:
            self._fail(package.id, "failed")
            return None
        return package, claim

    def _make(self, package: DisclosurePackage, claim: uuid.UUID) -> None:
        progress = Progress(self._registry["engine"], package.id, claim, self._stopped)
        making = Making(self._registry, package, claim, self._spool, progress.moved, progress.look)
        try:
            making.run(progress.begin)
        except (Stopped, Refused):
            self._leave_nothing(package.id)
        except Exception as problem:
            code = next((code for types, code in PROBLEMS if isinstance(problem, types)), None)
            if code is not None:
                self._fail(package.id, code)
            else:
                log.exception("the package %s could not be made", package.ref)
                self._let_go(package.id, claim)

    def _let_go(self, package_id: uuid.UUID, claim: uuid.UUID) -> None:
        """Give a claim back, to be tried again: what nobody foresaw may pass."""
        with self._session() as db:
            db.execute(update(PackageJob).where(PackageJob.id == package_id, PackageJob.claim == claim)
                       .values(beat_at=None))

    def _leave_nothing(self, package_id: uuid.UUID) -> None:
        """Remove what was written of a package, unless another process has made it meanwhile."""
        if not self._wanted(package_id):
            self._spool.remove(package_id)

    def _wanted(self, package_id: uuid.UUID) -> bool:
        with self._session(readonly=True) as db, unscoped(db, "the system looks after all packages"):
            state = db.scalar(select(DisclosurePackage.state).where(DisclosurePackage.id == package_id))
        return state in ("waiting", "ready")

    def _fail(self, package_id: uuid.UUID, problem: str) -> None:
        with self._session() as db, unscoped(db, "the system says what became of it"):
            package = db.get_one(DisclosurePackage, package_id)
            if package.state == "waiting":
                engine.apply(db, None, package, "fail_package", {"problem": problem})
        self._spool.remove(package_id)

    def sweep(self, at: dt.datetime | None = None) -> int:
        """Packages whose days are over, and bytes of none; how many went."""
        moment, gone = at or now(), 0
        with self._session() as db, unscoped(db, "the system looks after all packages"):
            over = db.scalars(select(DisclosurePackage).where(
                DisclosurePackage.state == "ready", DisclosurePackage.until < moment)).all()
            for package in over:
                engine.apply(db, None, package, "expire_package")
        for package_id in self._spool.packages():
            if not self._wanted(package_id):
                self._spool.remove(package_id)
                gone += 1
        return gone


class Progress:
    """How far a package is, told about once a second; raises Stopped when it is not wanted any more."""

    def __init__(self, database: Any, package: uuid.UUID, claim: uuid.UUID, stopped: threading.Event):
        self._engine, self._package, self._claim, self._stopped = database, package, claim, stopped
        self._done, self._total, self._next = 0, 0, 0.0

    def begin(self, total: int) -> None:
        """There are `total` bytes to do."""
        self._total, self._next = total, 0.0
        self.look()

    def moved(self, count: int) -> None:
        """`count` more bytes are in the bag."""
        self._done += count
        self.look()

    def look(self) -> None:
        """A sign of life, when one is due."""
        if self._stopped.is_set():
            raise Stopped
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + BEAT
        # Age adds a little to each document.
        done = min(self._done, self._total)
        with work(self._engine) as db:
            found = db.execute(
                update(PackageJob).where(PackageJob.id == self._package, PackageJob.claim == self._claim)
                .values(beat_at=now(), done=done, total=self._total))
        if not found.rowcount:
            raise Stopped


def start(registry: Any) -> Packer:
    """A running thread."""
    packer = Packer(registry)
    packer.start()
    return packer

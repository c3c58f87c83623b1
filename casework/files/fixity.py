"""Periodic work: every file is read back within 180 days, a few each time; what nobody refers to is swept.

    read_back(db, files, at)    the files that were not read for longest, as many as keep the pace
    sweep(db, files, at)        uploads whose time is over, and objects of the store without a record

A file that is not what was stored is a discrepancy: it is marked, the log tells, its page, its list and a panel show
it, and whoever asked (`when_bad`) hears of it in the same transaction.
"""

import datetime as dt
import logging
from collections.abc import Callable, Iterable

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from casework.audit.capture import describe
from casework.authz.scope import unscoped
from casework.crypto.sealed import Erased
from casework.db.base import now
from casework.db.session import work

from .models import FileUpload, StoredFile
from .service import Files
from .store import StoreProblem

EVERY = dt.timedelta(days=180)
# Read well before it is due, so that a store that is away for a week makes nothing late.
AIM = dt.timedelta(days=150)
RUNS_A_DAY = 24 * 60
MOST_BYTES = 256 << 20  # read in one run: it must not hold up what else is due
ORPHAN_AGE = dt.timedelta(days=2)
LIST = 1000

log = logging.getLogger(__name__)
Told = Callable[[Session, StoredFile], None]
_files: list[Files] = []
_told: list[Told] = []


def use(files: Files) -> None:
    """The files that the periodic work looks after, set once at start."""
    _files[:] = [files]


def when_bad(function: Told) -> None:
    """Let `function(db, record)` act when a file was found damaged, in the same transaction."""
    if function not in _told:
        _told.append(function)


def periodic(db: Session, at: dt.datetime) -> None:
    """What is due now: some files are read back; each hour what nobody refers to is swept."""
    for files in _files:
        read_back(db, files, at)
        if at.minute == 0:
            sweep(db, files, at)


def due(db: Session, at: dt.datetime, limit: int) -> list[StoredFile]:
    """The files to be read next: not read for longest, bad ones left out, as many as the pace asks for."""
    with unscoped(db, "every file is read back, whosever it is"):
        oldest = select(StoredFile).where(StoredFile.bad.is_(None)).order_by(StoredFile.read_at).limit(limit)
        return [one for one in db.scalars(oldest) if one.read_at < at - AIM]


def read_back(db: Session, files: Files, at: dt.datetime | None = None) -> list[StoredFile]:
    """Read what is due, in one run of the periodic work; give those that are not what was stored.

    The reading is done by a session that only reads, before `db` begins to write: others need not wait for it.
    """
    moment, spent, found = at or now(), 0, {}
    info = {"keyring": db.info["keyring"]}
    with work(db.get_bind(), readonly=True, info=info) as reading:
        with unscoped(reading, "the pace follows from the number of all files"):
            count = reading.scalar(select(func.count(StoredFile.id)).where(StoredFile.bad.is_(None))) or 0
        for record in due(reading, moment, count // (AIM.days * RUNS_A_DAY) + 4):
            if spent and spent + record.stored > MOST_BYTES:
                break
            spent += record.stored
            try:
                found[record.id] = whole(reading, files, record)
            except StoreProblem as problem:
                log.error("files cannot be read back: %s", problem)
                break
    if not found:
        return []
    with unscoped(db, "every file is read back, whosever it is"):
        records = list(db.scalars(select(StoredFile).where(StoredFile.id.in_(found))))
    return note(db, ((record, found[record.id]) for record in records), moment)


def whole(db: Session, files: Files, record: StoredFile) -> str | None:
    """None when a file is what was stored, else a code of `file_problem`. Raises StoreProblem when the store cannot be
    asked."""
    try:
        return files.verify(db, record)
    except Erased:
        # Its key was destroyed on purpose: there is nothing left to be whole.
        return None


def note(db: Session, found: Iterable[tuple[StoredFile, str | None]], at: dt.datetime) -> list[StoredFile]:
    """Write down what reading back found; give the bad ones."""
    bad = []
    for record, problem in found:
        record.read_at = at
        describe(db, record, verb="bad_file" if problem else "verify_file", problem=problem)
        if problem is not None and record.bad is None:
            record.bad = problem
            bad.append(record)
            for tell in _told:
                tell(db, record)
    return bad


def sweep(db: Session, files: Files, at: dt.datetime | None = None) -> int:
    """Remove uploads that ran out, and bytes that no upload and no record refers to. Gives how many went."""
    moment, gone = at or now(), 0
    for upload in db.scalars(select(FileUpload).where(FileUpload.until < moment)):
        files.discard(upload)
        db.delete(upload)
        gone += 1
    db.flush()
    kept = set(db.scalars(select(FileUpload.id)))
    for upload_id in files.incoming.uploads() - kept:
        if files.incoming.age(upload_id) > ORPHAN_AGE:
            files.incoming.discard(upload_id)
            gone += 1
    return gone + _orphans(db, files, moment)


def _orphans(db: Session, files: Files, moment: dt.datetime) -> int:
    """Objects without a record: a finish was cut off after the store had them. Young ones may be just that."""
    gone, some = 0, []
    before = (moment - ORPHAN_AGE).timestamp()
    for address, stored_at in files.store.objects():
        if stored_at < before:
            some.append(address)
        if len(some) == LIST:
            gone += _without_record(db, files, some)
            some = []
    return gone + _without_record(db, files, some)


def _without_record(db: Session, files: Files, addresses: list[str]) -> int:
    with unscoped(db, "an object is an orphan only when nobody at all refers to it"):
        known = set(db.scalars(select(StoredFile.address).where(StoredFile.address.in_(addresses))))
    orphans = [address for address in addresses if address not in known]
    for address in orphans:
        files.store.delete(address)
    return len(orphans)

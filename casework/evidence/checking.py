"""An item checked from end to end: its chain, who has it, what the log says of both, and the documents under it.

What is found is told with the link or the document it concerns. Nothing is written: who asks notes the documents
(casework.files.fixity) in a transaction that may write.
"""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from casework.audit.verify_log import Bad
from casework.audit.verify_records import BLOCK, compare_these
from casework.files import fixity
from casework.files.models import StoredFile
from casework.files.service import Files

from .chain import problems_of
from .models import CustodyDetail, CustodyEvent, EvidenceItem
from .workflow import FINAL


@dataclass(frozen=True)
class Fault:
    """What is wrong with an item. `what`: chain, holder, log or file; `where` a link's number or a document's ref."""

    what: str
    where: int | str | None
    message: Any


@dataclass
class Check:
    """What was looked at, and what is wrong. `files`: what reading each document back found, by its id."""

    links: int = 0
    files: dict[uuid.UUID, str | None] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)


def check_item(db: Session, files: Files, item: EvidenceItem) -> Check:
    """Check an item. `db` sees every row (unscoped) and one moment. Raises StoreProblem when documents cannot be asked
    for. Memory does not grow with the chain or the documents."""
    done = Check()
    _logged(db, done, EvidenceItem, [item.id])
    done.faults += [Fault("chain", one.seq, one.message) for one in problems_of(db, item, _links(db, item, done))]
    if item.state not in FINAL and (item.holder_id is None) == (item.holder_name is None):
        done.faults.append(Fault("holder", None, "The item is not held by exactly one."))
    for file_id, ref in db.execute(
        select(StoredFile.id, StoredFile.ref).where(StoredFile.owner_id == item.id).order_by(StoredFile.id)
    ).all():
        problem = done.files[file_id] = fixity.whole(db, files, db.get_one(StoredFile, file_id))
        if problem is not None:
            done.faults.append(Fault("file", ref, problem))
    return done


def _links(db: Session, item: EvidenceItem, done: Check) -> Iterator[CustodyEvent]:
    """The links of an item in order, a block at a time, each block compared with the log."""
    last = 0
    query = select(CustodyEvent).where(CustodyEvent.item_id == item.id).order_by(CustodyEvent.seq).limit(BLOCK)
    while block := db.scalars(query.where(CustodyEvent.seq > last)).all():
        done.links += len(block)
        last = block[-1].seq
        _logged(db, done, CustodyEvent, [one.id for one in block])
        _logged(db, done, CustodyDetail, [one.detail.id for one in block if one.detail is not None])
        yield from block


def _logged(db: Session, done: Check, model: type, ids: list[uuid.UUID]) -> None:
    """Whether records are what the log says of them; what is found names the record."""
    try:
        compare_these(db.connection(), model, ids)
    except Bad as bad:
        done.faults.append(Fault("log", None, bad.problem))

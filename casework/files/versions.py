"""Redacted versions: a document without what others may not read, beside the one that it was made from.

Both belong to the same record. A redacted version has no redacted version itself, so that nothing goes round in a ring.
What this person may not read is answered like what does not exist.
"""

import uuid
from collections.abc import Iterable
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from casework.authz.identity import Identity
from casework.authz.scope import readable
from casework.web.i18n import _
from casework.workflow.engine import Problem, Refused
from schemas.fields import CHOOSE_ONE

from .models import StoredFile

MOST = 200  # to choose from: a page has its length


def _originals(identity: Identity, owner_id: uuid.UUID) -> Select:
    return select(StoredFile).where(
        StoredFile.owner_id == owner_id, StoredFile.voided_at.is_(None), StoredFile.redacted_of_id.is_(None),
        readable(StoredFile, identity))


def originals(db: Session, identity: Identity, owner_id: uuid.UUID, besides: StoredFile | None = None) -> list[
        tuple[str, str]]:
    """Reference and title of the documents of a record that another may be the redacted version of, the newest first.
    `besides` is the one that it is about, which has its present original among them whatever became of that."""
    query = _originals(identity, owner_id).order_by(StoredFile.id.desc()).limit(MOST)
    found = [one for one in db.scalars(query) if besides is None or one.id != besides.id]
    now_of = original(db, identity, besides) if besides is not None else None
    if now_of is not None and now_of not in found:
        found.append(now_of)
    return [(one.ref, f"{one.ref}: {one.title}") for one in found]


def original_of(db: Session, identity: Identity, owner_id: uuid.UUID, ref: str) -> StoredFile | None:
    """The document of a record with a reference, if another may be its redacted version."""
    return db.scalars(_originals(identity, owner_id).where(StoredFile.ref == ref)).one_or_none()


def original(db: Session, identity: Identity, record: StoredFile) -> StoredFile | None:
    """What a document is the redacted version of, where this person may read it."""
    if record.redacted_of_id is None:
        return None
    query = select(StoredFile).where(StoredFile.id == record.redacted_of_id, readable(StoredFile, identity))
    return db.scalars(query).one_or_none()


def versions(db: Session, identity: Identity, record: StoredFile) -> list[StoredFile]:
    """The redacted versions of a document that this person may read."""
    return list(db.scalars(select(StoredFile).where(
        StoredFile.redacted_of_id == record.id, StoredFile.voided_at.is_(None), readable(StoredFile, identity),
    ).order_by(StoredFile.id)))


def for_others(documents: Iterable[StoredFile]) -> tuple[list[StoredFile], int]:
    """Which documents of a record may be given to others, and how many sealed annexes stay behind: a redacted version
    goes in the place of what it was made from."""
    found = list(documents)
    ordinary = [one for one in found if not one.sealed_annex]
    replaced = {one.redacted_of_id for one in ordinary}
    return [one for one in ordinary if one.id not in replaced], len(found) - len(ordinary)


def correct(db: Session, identity: Identity, record: StoredFile, data: dict[str, Any]) -> None:
    """Put right what is said of a document. `data` as schemas.files.FileWords has it. Raises Refused."""
    ref, present = data.pop("redacted_of"), original(db, identity, record)
    chosen = present if present is not None and present.ref == ref else None
    if ref and chosen is None:
        chosen = original_of(db, identity, record.owner_id, ref)
        if chosen is None or chosen.id == record.id:
            raise Refused(Problem(CHOOSE_ONE, "redacted_of"))
        if versions(db, identity, record):
            raise Refused(Problem(_("This document has a redacted version: it cannot be one itself."), "redacted_of"))
    if chosen is not None:
        record.redacted_of_id = chosen.id
    elif present is not None:
        record.redacted_of_id = None  # one that this person may not read stays
    for name, value in data.items():
        setattr(record, name, value)

"""What a graph is made of, read with a fixed number of statements for five hundred items."""

import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from casework.accounts.models import Agency, User
from casework.authz.access import NOTHING, Access, Shown, access_to
from casework.authz.identity import Identity
from casework.authz.scope import unscoped
from casework.cases.models import Case
from casework.evidence.chain import ChainProblem, problems_of
from casework.evidence.models import CustodyEvent, EvidenceItem
from casework.files.models import StoredFile

CHUNK = 500  # ids in one statement
_ROWS = ("custody.event", None, "hash.value", "label")
_METADATA = Access({"M": "a bare graph"})


@dataclass(frozen=True)
class Exhibit:
    """One item as it may be shown, its whole chain, and what is wrong with that. `hashes` says whether hash values
    may be told."""

    item: EvidenceItem
    shown: Shown
    events: list[CustodyEvent]
    problems: list[ChainProblem]
    hashes: bool


@dataclass(frozen=True)
class Document:
    """A document that casework holds of an exhibit; of the case itself when `item` is None."""

    file: StoredFile
    item: EvidenceItem | None = None


@dataclass(frozen=True)
class Material:
    """All exhibits by number, the documents, and the names of the people and agencies of the chains. `words` says
    whether what people wrote may be told."""

    case: Case
    exhibits: list[Exhibit]
    people: dict[uuid.UUID, str]
    agencies: dict[uuid.UUID, str]
    documents: list[Document]
    words: bool = True


def gather(
    db: Session, identity: Identity, case: Case, items: Iterable[EvidenceItem] | None,
    documents: Iterable[Document] = (), bare: bool = False
) -> Material:
    """Everything of the `items` (None: of the case's that were not voided) whose chain this person reads, and the
    `documents`, which whoever names them was let read; `bare`: as if only metadata of items were to be read."""
    if items is None:
        items = db.scalars(
            select(EvidenceItem).where(EvidenceItem.case_id == case.id, EvidenceItem.voided_at.is_(None)))
    wanted = sorted(items, key=lambda item: item.number)
    access = {row: _access(db, identity, wanted, row) for row in (_ROWS[:1] if bare else _ROWS)}
    read = [item for item in wanted if "R" in access["custody.event"].get(item.id, NOTHING)]
    chains: dict[uuid.UUID, list[CustodyEvent]] = defaultdict(list)
    with unscoped(db, "who reads the chain of an item reads it whole"):
        for ids in _chunks([item.id for item in read]):
            query = select(CustodyEvent).where(CustodyEvent.item_id.in_(ids)).order_by(CustodyEvent.seq)
            for event in db.scalars(query):
                chains[event.item_id].append(event)
        problems = {item.id: problems_of(db, item, chains[item.id]) for item in read}
    exhibits = [
        Exhibit(item, Shown(item, _METADATA) if bare else _shown(item, access), chains[item.id], problems[item.id],
                not bare and "R" in access["hash.value"].get(item.id, NOTHING))
        for item in read
    ]
    events = [event for exhibit in exhibits for event in exhibit.events]
    users = () if bare else (u for e in events for u in (e.created_by_id, e.released_by_id, e.received_by_id))
    agencies = _names(db, Agency, Agency.name_en, (e.agency_id for e in events))
    return Material(case, exhibits, _names(db, User, User.name, users), agencies, [] if bare else list(documents),
                    words=not bare)


def _chunks(ids: list[uuid.UUID]) -> Iterator[list[uuid.UUID]]:
    for start in range(0, len(ids), CHUNK):
        yield ids[start: start + CHUNK]


def _access(db: Session, identity: Identity, items: list[EvidenceItem], row: str | None) -> dict[uuid.UUID, Access]:
    found: dict[uuid.UUID, Access] = {}
    for ids in _chunks([item.id for item in items]):
        found |= access_to(db, identity, EvidenceItem, ids, row)
    return found


def _shown(item: EvidenceItem, access: dict[str | None, dict[uuid.UUID, Access]]) -> Shown:
    """Without the right to the vault reference, whoever asks: it has no place in what leaves."""
    rows = {row: access[row].get(item.id, NOTHING) for row in _ROWS if row is not None}
    return Shown(item, access[None].get(item.id, NOTHING), rows)


def _names(db: Session, model: type, column: Any, ids: Iterable[uuid.UUID | None]) -> dict[uuid.UUID, str]:
    """Names by id."""
    found: dict[uuid.UUID, str] = {}
    for some in _chunks(sorted({one for one in ids if one is not None})):
        found |= {row[0]: row[1] for row in db.execute(select(model.id, column).where(model.id.in_(some)))}
    return found

"""What a disclosure package holds, read as the person who asked for it may see it.

Documents and what is said in words (descriptions, remarks, names, hash values) go into the encrypted payload. In clear,
in `custody/`, stands what proves them without naming anybody: numbers, moments, hashes of the chains, a bare graph.
"""

import csv
import io
import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from sqlalchemy import select
from sqlalchemy.orm import Session

from casework.accounts.models import Agency
from casework.audit.capture import json_value
from casework.audit.chain import canonical
from casework.authz.access import access_to_one, shown
from casework.authz.identity import Identity
from casework.authz.scope import unscoped
from casework.cases.models import Case
from casework.evidence.chain import DETAILS, links, problems_of
from casework.evidence.models import CustodyEvent, EvidenceItem
from casework.files.service import Files
from casework.workflow.engine import NotAllowed

from . import documents, graph
from .documents import Given
from .graph_material import Document

COLUMNS = ("item", "number", "kind", "state", "documents", "events", "gap", "chain_end")
# Of an event of custody, what names nobody and says nothing in words.
CLEAR = ("seq", "type", "at", "recorded_at", "purpose", "seal_before", "seal_after", "cause", "commitment",
         "prev_hash", "hash")
# What its hash is made of: with the values of `hash_before` and `hash_after` anybody can work it out again.
WHOLE = ("id", "ref", *CLEAR, "released_by_id", "received_by_id", "outsider", "place", "authority", "condition", "tool",
         "began_at", "write_blocker", "witnesses", "remark", "created_by_id", "agency_id", "item_id", "case_id")
FACTS = ("ref", "number", "kind", "state", "description", "make", "model", "serial", "imei", "seized_at", "province",
         "place", "authority_type", "authority_document", "seal", "seal_witnesses", "restricted_material", "size",
         "parts", "hashes", "label_counts", "chain_seq", "chain_hash")
LISTED = ("record", "documents", "sealed_annexes_left_out")  # of each item, and of the case
LIST = "custody/documents.csv"
OF_CASE = "documents.json"  # what the documents of the case are, in the payload
GRAPH = "case.jsonld"  # the whole one in the payload, a bare one in clear
Opened = Callable[[], BinaryIO]


@dataclass
class Contents:
    """What is to be packed. `payload` holds (name without ending, how to read it, bytes), `tags` small files by name,
    `events` the ids of the events of custody in it, `ends` the last hash of each item's chain, `reads` what was read of
    sealed fields, for the log."""

    case_ref: str
    organization: str
    payload: list[tuple[str, Opened, int]] = field(default_factory=list)
    tags: dict[str, bytes] = field(default_factory=dict)
    events: list[uuid.UUID] = field(default_factory=list)
    ends: dict[str, str] = field(default_factory=dict)
    reads: dict[tuple, set[str]] = field(default_factory=dict)
    documents: int = 0
    left_out: int = 0

    @property
    def size(self) -> int:
        """Bytes of the payload before it is encrypted."""
        return sum(size for _name, _read, size in self.payload)


def gather(
    db: Session, identity: Identity, case: Case, refs: list[str], file_refs: list[str], files: Files
) -> Contents:
    """Everything that goes into a package about these items, and these documents of the case. Raises NotAllowed when
    one is not to be seen whole, and what Files.open raises."""
    items = chosen(db, identity, case, refs)
    agency = db.get_one(Agency, identity.agency_id)
    made, rows = Contents(case.ref, agency.name_en), []
    given: list[tuple[Case | EvidenceItem, Given]] = []
    for item in items:
        events, gap = _chain(db, item)
        its = documents.of_item(db, item)
        given.append((item, its))
        made.events += [event.id for event in events]
        made.ends[item.ref] = item.chain_hash
        made.tags[f"custody/{item.ref}.jsonl"] = b"".join(
            canonical(_values(event, CLEAR)).encode() + b"\n" for event in events)
        _say(made, f"{item.ref}/item.json", _facts(db, identity, item, events, its))
        _put(made, db, files, item.ref, its)
        rows.append((item.ref, item.number, item.kind, item.state, len(its.documents), len(events),
                     "yes" if gap else "no", item.chain_hash))
    given.append((case, of_case := documents.chosen(db, case, file_refs)))
    _say(made, f"{case.ref}/{OF_CASE}", _documents(of_case))
    _put(made, db, files, case.ref, of_case)
    made.tags["custody/index.csv"] = _csv(COLUMNS, rows)
    made.tags[LIST] = _csv(LISTED, [(owner.ref, len(its.documents), its.left_out) for owner, its in given])
    named = [Document(one, None if owner is case else owner) for owner, its in given for one in its.documents]
    whole = _graph(graph.case_graph(db, identity, case, items, named))
    made.payload.append((GRAPH, lambda: io.BytesIO(whole), len(whole)))
    made.tags[f"custody/{GRAPH}"] = _graph(graph.case_graph(db, identity, case, items, bare=True))
    return made


def _say(made: Contents, name: str, facts: dict[str, Any]) -> None:
    body = json.dumps(facts, ensure_ascii=False, indent=1, sort_keys=True).encode()
    made.payload.append((name, lambda: io.BytesIO(body), len(body)))


def _put(made: Contents, db: Session, files: Files, folder: str, given: Given) -> None:
    """The documents themselves, to be read one after the other."""
    for place, document in enumerate(given.documents, 1):
        reader = files.open(db, document)
        made.payload.append((f"{folder}/{place:04d}", lambda reader=reader: reader, reader.size))
    made.documents += len(given.documents)
    made.left_out += given.left_out


def _documents(given: Given) -> dict[str, Any]:
    return {"documents": given.listing(), "sealed_annexes_left_out": given.left_out}


def _graph(made: dict[str, Any]) -> bytes:
    stream = io.BytesIO()
    graph.write(made, stream)
    return stream.getvalue()


def chosen(db: Session, identity: Identity, case: Case, refs: list[str]) -> list[EvidenceItem]:
    """The items with these references, in the order of their numbers. Raises NotAllowed when one is missing or its
    chain of custody is not to be read."""
    query = select(EvidenceItem).where(
        EvidenceItem.case_id == case.id, EvidenceItem.ref.in_(refs), EvidenceItem.voided_at.is_(None))
    items = list(db.scalars(query.order_by(EvidenceItem.number)))
    readable = [item for item in items if "R" in access_to_one(db, identity, item)
                and "R" in access_to_one(db, identity, item, "custody.event")]
    if len(readable) != len(set(refs)):
        raise NotAllowed("an item of the package is not to be seen by who asked for it")
    return readable


def _chain(db: Session, item: EvidenceItem) -> tuple[list[CustodyEvent], bool]:
    with unscoped(db, "who reads the chain of an item reads it whole"):
        events = links(db, item)
        return events, bool(problems_of(db, item, events))


def _values(record: Any, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: json_value(getattr(record, name)) for name in names}


def _facts(db: Session, identity: Identity, item: EvidenceItem, events: list[CustodyEvent], given: Given) -> dict[
        str, Any]:
    seen = shown(db, identity, item)
    hashes = "R" in access_to_one(db, identity, item, "hash.value")
    return {
        "item": _values(seen, FACTS),
        "custody": [
            {**_values(event, WHOLE),
             **({"hash_before": event.hash_before, "hash_after": event.hash_after} if hashes else {}),
             **({name: json_value(getattr(event.detail, name)) for name in DETAILS} if event.detail else {})}
            for event in events
        ],
        **_documents(given),
    }


def _csv(columns: tuple[str, ...], rows: list[tuple]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows((columns, *rows))
    return text.getvalue().encode()

"""The chain of custody: how a link is added, hashed, and checked (DOMAIN 3.6).

A link's hash is the SHA-256 of its canonical JSON, the hash before included. The last link's number and hash stand
on the item as well, under its version counter, so that of two who add a link at once only one succeeds.
"""

import datetime as dt
import hashlib
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from casework.audit.chain import canonical
from casework.authz.scope import unscoped
from casework.crypto.seal import SealBroken
from casework.crypto.sealed import Erased, open_value
from casework.db.base import now
from casework.db.refs import new_ref
from casework.web.i18n import _

from .models import START, CustodyDetail, CustodyEvent, EvidenceItem

# Types of link after which somebody else has the object.
FIRST = frozenset({"seized", "acquired"})
MOVES = FIRST | {"received", "to_court", "from_court", "returned", "destroyed", "forfeited"}
ANSWERS = frozenset({"received", "refused", "withdrawn", "discrepancy"})  # end a handover that was asked for
_PLAIN = (
    "seq", "type", "at", "recorded_at", "released_by_id", "received_by_id", "outsider", "place", "purpose",
    "authority", "seal_before", "seal_after", "condition", "tool", "began_at", "write_blocker", "witnesses", "cause",
    "remark", "commitment", "prev_hash", "created_by_id", "agency_id", "item_id", "case_id",
)


DETAILS = ("clock", "why_later", "corrects")


@dataclass(frozen=True)
class ChainProblem:
    """What is wrong, at which link (None: at the end of the chain)."""

    seq: int | None
    message: Any


def append(session: Session, identity, item: EvidenceItem, kind: str, **fields: Any) -> CustodyEvent:
    """Add a link of type `kind` to the item's chain. `fields` are columns of CustodyEvent, or `DETAILS` of it; `at` is
    now when not given.

    `identity` None is the system. Who is named as releaser or receiver is the caller's business.
    """
    recorded = now()
    details = {name: fields.pop(name, None) for name in DETAILS}
    event = CustodyEvent(
        ref=new_ref(session, CustodyEvent, "K", recorded.date()),
        agency_id=identity.agency_id if identity else item.agency_id,
        created_by_id=identity.user_id if identity else None,
        case_id=item.case_id, item_id=item.id, seq=item.chain_seq + 1, type=kind, recorded_at=recorded,
        prev_hash=item.chain_hash, **{"at": recorded, **fields},
    )
    if any(value is not None for value in details.values()):
        event.detail = CustodyDetail(case_id=item.case_id, agency_id=event.agency_id, item_id=item.id, **details)
    event.commitment = commitment(event.id, event.hash_before, event.hash_after, event.detail)
    event.hash = link_hash(event)
    item.chain_seq, item.chain_hash = event.seq, event.hash
    # The item first: its version tells who comes second that the record has moved on.
    session.flush()
    session.add(event)
    return event


def commitment(
    event_id: uuid.UUID, before: str | None, after: str | None, detail: CustodyDetail | None = None
) -> str | None:
    """What stands for a link's hash values and details in its own hash; None when it has none."""
    if before is None and after is None and detail is None:
        return None
    more = {} if detail is None else {name: getattr(detail, name) for name in DETAILS}
    return _sha256({"event": str(event_id), "before": before, "after": after, **more})


def link_hash(event: CustodyEvent) -> str:
    """The hash of a link over everything it says and the hash before it."""
    return _sha256({name: _value(getattr(event, name)) for name in _PLAIN} | {"v": 1, "id": str(event.id)})


def _sha256(body: dict[str, Any]) -> str:
    return hashlib.sha256(canonical(body).encode()).hexdigest()


def _value(value: Any) -> Any:
    if isinstance(value, uuid.UUID):
        return str(value)
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).isoformat(timespec="microseconds")
    return value


def links(session: Session, item: EvidenceItem) -> list[CustodyEvent]:
    """All links of an item's chain, in order."""
    return list(session.scalars(
        select(CustodyEvent).where(CustodyEvent.item_id == item.id).order_by(CustodyEvent.seq)
    ))


def verify_chain(session: Session, item: EvidenceItem) -> list[ChainProblem]:
    """Everything that is wrong with the item's chain: altered or lost links, gaps in custody, times that go back."""
    with unscoped(session, "a chain can only be checked whole; only what is wrong with it is told"):
        return problems_of(session, item, links(session, item))


def problems_of(session: Session, item: EvidenceItem, events: Iterable[CustodyEvent]) -> list[ChainProblem]:
    """The same for links that were read already."""
    found: list[ChainProblem] = []
    state = _Walk()
    for event in events:
        found += [ChainProblem(event.seq, message) for message in state.step(session, event)]
    if (state.seq, state.hash) != (item.chain_seq, item.chain_hash):
        found.append(ChainProblem(None, _("The last event of the chain is missing, or one was added behind it.")))
    if not state.over and state.holder != (item.holder_id, item.holder_name):
        found.append(ChainProblem(None, _("The item's holder is not the last receiver of the chain.")))
    return found


class _Walk:
    """Goes along a chain and remembers who has the object, under which seal."""

    def __init__(self) -> None:
        self.seq, self.hash = 0, START
        self.at: dt.datetime | None = None
        self.holder: tuple[uuid.UUID | None, str | None] = (None, None)
        self.asked: uuid.UUID | None = None
        self.seal: str | None = None
        self.over = False

    def step(self, session: Session, event: CustodyEvent) -> list[Any]:
        messages = [*self._integrity(session, event), *self._times(event), *self._custody(event), *self._seal(event)]
        self.seq, self.hash, self.at = event.seq, event.hash, event.at
        return messages

    def _integrity(self, session: Session, event: CustodyEvent):
        if event.seq != self.seq + 1:
            yield _("An event is missing before this one.")
        if event.prev_hash != self.hash:
            yield _("This event does not follow from the one before.")
        if event.hash != link_hash(event):
            yield _("This event was altered after it was recorded.")
        elif not _hashes_kept(session, event):
            yield _("The hash values or details of this event were altered after it was recorded.")

    def _times(self, event: CustodyEvent):
        if self.at is not None and event.at < self.at:
            yield _("This event lies before the one before it.")
        if event.at > event.recorded_at:
            yield _("This event lies after the moment it was recorded.")

    def _custody(self, event: CustodyEvent):
        releaser = (event.released_by_id, event.outsider if event.type == "from_court" else None)
        if event.type in FIRST:
            if self.seq:
                yield _("The item was taken a second time.")
        elif event.released_by_id is not None or event.type in MOVES:
            if releaser != self.holder:
                yield _("Gap: who released the item is not who received it before.")
        if event.type == "received" and event.received_by_id != self.asked:
            yield _("Gap: who received the item is not who was asked to.")
        if event.type == "released":
            self.asked = event.received_by_id
        elif event.type in ANSWERS:
            self.asked = None
        if event.type in MOVES:
            self.holder = (event.received_by_id, None if event.type == "from_court" else event.outsider)
        if event.type in ("returned", "destroyed", "forfeited", "retained", "voided"):
            self.over = True

    def _seal(self, event: CustodyEvent):
        if event.seal_before is not None and event.type != "discrepancy" and event.seal_before != self.seal:
            yield _("The seal number is not the one of the events before.")
        if event.seal_after is not None:
            self.seal = event.seal_after


def _hashes_kept(session: Session, event: CustodyEvent) -> bool:
    """Whether hash values and details are those that the link was made with; true when the key was destroyed."""
    try:
        values = [
            None if blob is None else open_value(session, event, name, blob)
            for name, blob in (("hash_before", event.hash_before_sealed), ("hash_after", event.hash_after_sealed))
        ]
    except Erased:
        return True
    except SealBroken:
        return False
    return event.commitment == commitment(event.id, *values, event.detail)

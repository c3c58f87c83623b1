"""Recording items and moving several at once. Plain values, never a request."""

import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from casework.authz.access import access_to_one
from casework.authz.identity import Identity
from casework.authz.scope import unscoped
from casework.cases.models import Case
from casework.db.base import now
from casework.db.refs import new_ref
from casework.web.i18n import _
from casework.workflow import engine
from casework.workflow.engine import NotAllowed, Problem, Refused

from . import workflow
from .chain import ChainProblem, links, problems_of
from .effects import hash_entry
from .models import START, EvidenceItem

_PLAIN = (
    "kind", "description", "make", "model", "serial", "imei", "seized_at", "province", "place", "authority_type",
    "authority_document", "restricted_material", "vault_ref", "size", "parts",
)
# What the next item of the same search usually has in common with the last.
REPEATED = ("seized_at", "province", "place", "authority_type", "authority_document")


def record_item(db: Session, identity: Identity, case: Case, data: Mapping[str, Any]) -> EvidenceItem:
    """Record an item of a case, held by who records it. `data` is as schemas.evidence.EvidenceItem gives it.

    A seal that is given along is put on at once.
    Raises NotAllowed when the person may not write evidence in this case, Refused when something is missing.
    """
    if "W" not in access_to_one(db, identity, case, "evidence.item"):
        raise NotAllowed(f"{identity.role} may not record evidence in this case")
    # Two at once would take the same number: the second waits for the first.
    db.execute(select(Case.id).where(Case.id == case.id).with_for_update())
    with unscoped(db, "the number counts all items of the case"):
        last = db.scalar(select(func.max(EvidenceItem.number)).where(EvidenceItem.case_id == case.id))
    item = EvidenceItem(
        ref=new_ref(db, EvidenceItem, "E", now().date()), agency_id=identity.agency_id,
        created_by_id=identity.user_id, case_id=case.id, number=(last or 0) + 1, chain_seq=0, chain_hash=START,
        hashes=_hashes(identity, data) or None, seized_from_id=_id(data.get("seized_from")),
        parent_id=_id(data.get("parent")), **{name: data.get(name) for name in _PLAIN},
    )
    engine.create(db, identity, item, "record", dict(data))
    if data.get("seal"):
        db.flush()
        engine.apply(db, identity, item, "seal", {"seal": data["seal"], "seal_witnesses": data.get("seal_witnesses")})
    return item


def _hashes(identity: Identity, data: Mapping[str, Any]) -> list[dict[str, str]]:
    return [hash_entry(identity, one["algorithm"], one["value"], one.get("tool")) for one in data.get("hashes") or ()]


def ids(texts: Iterable[str]) -> list[uuid.UUID]:
    """Ids from a form."""
    return [uuid.UUID(text) for text in texts]


def _id(text: Any) -> uuid.UUID | None:
    return uuid.UUID(str(text)) if text else None


def last_by(db: Session, identity: Identity, case: Case) -> EvidenceItem | None:
    """The item this person recorded last in the case: the next one usually comes from the same place."""
    return db.scalars(
        select(EvidenceItem)
        .where(EvidenceItem.case_id == case.id, EvidenceItem.created_by_id == identity.user_id)
        .order_by(EvidenceItem.id.desc()).limit(1)
    ).first()


def release(db: Session, identity: Identity, items: Iterable[EvidenceItem], data: Mapping[str, Any]) -> None:
    """Release several items to one receiver: all of them or none. `data` is as schemas.evidence.Release gives it."""
    each(db, identity, [(item, "release", dict(data)) for item in items])


def accept(
    db: Session, identity: Identity, found: Iterable[tuple[EvidenceItem, Mapping[str, Any]]]
) -> list[EvidenceItem]:
    """Accept several items, each with the seal number typed again and the seal's condition.

    An item whose seal is not as released becomes a discrepancy; that holds nothing else up. Returns those.
    """
    moves = [(item, "accept", dict(data)) for item, data in found]
    each(db, identity, moves)
    return [item for item, *_rest in moves if item.state == "discrepancy"]


def each(db: Session, identity: Identity | None, moves: Iterable[tuple[EvidenceItem, str, dict]]) -> None:
    """Several transitions in one: the first that is refused stops all, and says which item it was about."""
    for item, event, data in moves:
        try:
            engine.apply(db, identity, item, event, data)
        except Refused as refused:
            raise Refused(*(_named(item, problem) for problem in refused.problems)) from None


def _named(item: EvidenceItem, problem: Problem) -> Problem:
    return Problem(_("Item ${number}: ${problem}", mapping={"number": item.number, "problem": problem.message}),
                   problem.field)


def open_discrepancies(db: Session) -> list[EvidenceItem]:
    """Check the chain of every item that is still moved: the system freezes what fails.

    For the periodic work and `casework evidence verify`. Returns the items frozen.
    """
    frozen = []
    with unscoped(db, "the system checks every chain"):
        for item in list(db.scalars(select(EvidenceItem).where(EvidenceItem.state.in_(workflow.WORKING)))):
            problems = unresolved(db, item)
            if problems:
                places = ", ".join(str(p.seq) if p.seq else "-" for p in problems)
                engine.apply(db, None, item, "report_discrepancy", {"kind": "chain", "discrepancy": f"# {places}"})
                frozen.append(item)
    return frozen


def unresolved(db: Session, item: EvidenceItem) -> list[ChainProblem]:
    """What is wrong with a chain, but for what a supervisor and a custodian have resolved already."""
    events = links(db, item)
    settled = max((e.seq for e in events if e.type == "resolved" and e.cause == "chain"), default=0)
    found = problems_of(db, item, events)
    return [p for p in found if (p.seq or len(events)) > settled]

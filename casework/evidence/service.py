"""Recording items and moving several at once. Plain values, never a request."""

import datetime as dt
import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from casework.accounts import leaving
from casework.authz.access import access_to_one
from casework.authz.identity import Identity
from casework.authz.scope import unscoped
from casework.cases import handover
from casework.cases import service as cases
from casework.cases.models import Case
from casework.db.base import now
from casework.db.refs import look_ahead, new_ref
from casework.web.i18n import _
from casework.workflow import engine
from casework.workflow.engine import NotAllowed, Problem, Refused

from . import workflow
from .chain import ChainProblem, links, problems_of
from .effects import hash_entry
from .models import START, CustodyEvent, EvidenceItem

_PLAIN = (
    "kind", "description", "make", "model", "serial", "imei", "seized_at", "province", "place", "authority_type",
    "authority_document", "restricted_material", "vault_ref", "size", "parts",
)
# What the next item of the same search usually has in common with the last.
REPEATED = ("seized_at", "province", "place", "authority_type", "authority_document")

CHAINS = 50


def record_item(db: Session, identity: Identity, case: Case, data: Mapping[str, Any]) -> EvidenceItem:
    """Record an item of a case, held by who records it. `data` is as schemas.evidence.EvidenceItem gives it.

    A seal that is given along is put on at once.
    Raises NotAllowed when the person may not write evidence in this case, Refused when something is missing.
    """
    may_record(db, identity, case)
    return record_one(db, identity, case, data, next_number(db, case))


def may_record(db: Session, identity: Identity, case: Case) -> None:
    """Raises NotAllowed when this person may not write evidence in this case."""
    if "W" not in access_to_one(db, identity, case, "evidence.item"):
        raise NotAllowed(f"{identity.role} may not record evidence in this case")


def next_number(db: Session, case: Case) -> int:
    """The number of the case's next item. Two at once would take the same: the second waits for the first."""
    if db.get_bind().dialect.name != "sqlite":  # where one writes at a time
        db.execute(select(Case.id).where(Case.id == case.id).with_for_update())
    with unscoped(db, "the number counts all items of the case"):
        last = db.scalar(select(func.max(EvidenceItem.number)).where(EvidenceItem.case_id == case.id))
    return (last or 0) + 1


def record_one(db: Session, identity: Identity, case: Case, data: Mapping[str, Any], number: int) -> EvidenceItem:
    """Record an item under a number, for who was found to be allowed. Raises Refused; nothing of it is kept then."""
    parent, today = parent_of(db, case, data), now().date()
    look_ahead(db, today, (EvidenceItem, "E"), (CustodyEvent, "K"))
    item = EvidenceItem(
        ref=new_ref(db, EvidenceItem, "E", today), agency_id=identity.agency_id,
        created_by_id=identity.user_id, case_id=case.id, number=number, chain_seq=0, chain_hash=START,
        hashes=_hashes(identity, data) or None, seized_from_id=_id(data.get("seized_from")),
        parent_id=parent and parent.id, root_id=parent and (parent.root_id or parent.id),
        label_counts=data.get("label_counts"),
        **{name: data.get(name) for name in _PLAIN},
    )
    try:
        engine.create(db, identity, item, "record", dict(data))
    except Refused:
        db.expunge(item)
        raise
    if data.get("seal"):
        db.flush()
        engine.apply(db, identity, item, "seal", {
            "seal": data["seal"], "seal_witnesses": data.get("seal_witnesses"), "happened_at": data.get("sealed_at"),
            "clock": data.get("clock"), "why_later": data.get("why_later"),
        })
    return item


def parent_of(db: Session, case: Case, data: Mapping[str, Any]) -> EvidenceItem | None:
    """The item that another was made from or found in: by its id, or as it was found before. Raises Refused."""
    known = data.get("parent")
    if not known:
        return None
    parent = known if isinstance(known, EvidenceItem) else db.get(EvidenceItem, _id(known))
    if parent is None or parent.case_id != case.id:
        raise Refused(Problem(_("This item is not one of the case."), "parent"))
    return parent


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

    With `refuse` it is refused, for the `remark`. An item whose seal is not as released becomes a discrepancy; that
    holds nothing else up. Returns those.
    """
    moves = [
        (item, "refuse", {"reason": data["remark"]}) if data.get("refuse") else (item, "accept", dict(data))
        for item, data in found
    ]
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


def open_discrepancies(db: Session, at: dt.datetime) -> list[EvidenceItem]:
    """Periodic work: check the chains of items that are still moved; the system freezes what fails. Returns those.

    At most `CHAINS` items at a time: minute by minute the turn of each comes again.
    """
    working = EvidenceItem.state.in_(workflow.WORKING)
    frozen = []
    with unscoped(db, "the system checks every chain"):
        count = db.scalar(select(func.count(EvidenceItem.id)).where(working))
        start = int(at.timestamp()) // 60 * CHAINS % count if count > CHAINS else 0
        query = select(EvidenceItem).where(working).order_by(EvidenceItem.id).offset(start).limit(CHAINS)
        for item in list(db.scalars(query)):
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


def register_held() -> None:
    """Say what somebody who leaves still holds. One task for all: the next holder accepts them together."""
    leaving.provide(leaving.Held(
        "evidence", _("Items held"), EvidenceItem,
        lambda user_id: (EvidenceItem.holder_id == user_id) & EvidenceItem.state.in_(workflow.OPEN),
        tell=_ask_to_hand_over, each=False,
    ))


def _ask_to_hand_over(db: Session, item: EvidenceItem) -> None:
    handover.hand_over(db, item, _who_answers(item))


def _who_answers(item: EvidenceItem) -> tuple:
    stored = item.state == "in_storage" and item.store_agency_id is not None
    return (item.store_agency_id, "CUS") if stored else (item.agency_id, "PSU")


def take_back(db: Session, identity: Identity | None, user_id: uuid.UUID, case: Case) -> None:
    """What somebody holds of a case that was shut to them is taken over by another: one task for all in a place."""
    with unscoped(db, "the person could not see them any more"):
        held = db.scalars(select(EvidenceItem).where(
            EvidenceItem.case_id == case.id, EvidenceItem.holder_id == user_id, EvidenceItem.state.in_(workflow.OPEN),
        ).order_by(EvidenceItem.number)).all()
    for item in {_who_answers(one): one for one in reversed(held)}.values():
        _ask_to_hand_over(db, item)


cases.when_recused(take_back)

"""Known-hash lists and exhibits: each new digest is looked up, and the item's page says what was found."""

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from casework.hashes.lists import match
from casework.hashes.models import HashHit, HashList
from casework.workflow.engine import Transitioned, subscribe


@dataclass(frozen=True)
class Hit:
    """What a list says of an exhibit."""

    list: str
    version: str
    owner: str
    purpose: str
    algorithm: str
    label: str | None
    series: str | None
    distance: int | None
    found_at: dt.datetime
    expired: bool


def look_up(event: Transitioned) -> None:
    """After each act on an item that may have brought a digest."""
    item, lists = event.move.record, event.move.session.info.get("hash_lists")
    if item.__tablename__ == "evidence_item" and lists is not None and item.hashes_sealed is not None:
        match(event.move.session, lists, item)


def hits(db: Session, item) -> list[Hit]:
    """What is known of an item, as the reader may see it."""
    today = dt.date.today()
    query = (
        select(HashHit, HashList).join(HashList, HashList.id == HashHit.list_id)
        .where(HashHit.item_id == item.id).order_by(HashHit.found_at, HashList.name)
    )
    return [
        Hit(one.name, one.version, one.owner, one.purpose, hit.algorithm, hit.label, hit.series, hit.distance,
            hit.found_at, one.ended_at is not None or (one.expires_on is not None and one.expires_on < today))
        for hit, one in db.execute(query)
    ]


def register() -> None:
    subscribe(look_up)

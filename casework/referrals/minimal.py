"""What another agency is sent of a referral: the facts, and who reported them only when the reporter agreed."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from casework.authz.scope import unscoped
from casework.people.models import Identifier, Person

FACTS = (
    "source", "channel", "immediate_danger", "conduct", "narrative", "facts_added", "urls", "platform", "province",
    "district", "child_known", "child_count", "risk_level", "jurisdiction", "label",
)
TIMES = ("received_at", "occurred_from", "occurred_to")


def minimal_view(db: Session, referral: Any, share_reporter: bool = False) -> dict[str, Any]:
    """Plain JSON: the facts of the referral, children by pseudonym, addresses
    defanged, other identifiers by their masks.

    No name and no contact of anybody, but of the reporter with `share_reporter`. The same function makes the preview
    and what is kept, so that what was seen is what was sent.
    """
    view = {name: getattr(referral, name) for name in FACTS}
    view.update({name: value.isoformat() if (value := getattr(referral, name)) else None for name in TIMES})
    with unscoped(db, "the sender has the referral; what goes out is only counted and masked here"):
        people = db.scalars(select(Person).where(Person.referral_id == referral.id).order_by(Person.id))
        view["people"] = [
            {"role": p.role, "pseudonym": p.pseudonym, "sex": p.sex} for p in people if p.role != "reporter"
        ]
        mine = select(Identifier).where(Identifier.referral_id == referral.id, Identifier.type != "url")
        if share_reporter and referral.reporter_id:
            reporter = db.get_one(Person, referral.reporter_id)
            view["reporter"] = {"name": reporter.name, "contact": reporter.contact}
        identifiers = db.scalars(mine.order_by(Identifier.id))
        view["identifiers"] = [{"type": i.type, "mask": i.mask} for i in identifiers]
    return {name: value for name, value in view.items() if value not in (None, [], "")}

"""Accounts at the own agency, for a supervisor who proposes who comes, goes and changes."""

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from .. import changes, sessions
from ..models import AccountChange, Membership
from .changes import about, people_of
from .propose import require_proposer


def colleagues(request) -> dict:
    """Who works here, in which role, and what was proposed."""
    require_proposer(request)
    own = request.identity.agency_id
    query = select(Membership).where(Membership.agency_id == own, Membership.ended_at.is_(None))
    rows = list(request.db.scalars(query.options(joinedload(Membership.user)).order_by(Membership.id)))
    proposed = select(AccountChange).where(AccountChange.agency_id == own, AccountChange.state == changes.PROPOSED)
    waiting = list(request.db.scalars(proposed.order_by(AccountChange.id)))
    names = people_of(request, waiting)
    return {
        "rows": sorted(rows, key=lambda m: m.user.name.casefold()), "waiting": waiting, "names": names,
        "about": {change.id: about(change, names, {}) for change in waiting}, "kinds": changes.KINDS,
        "today": sessions.day(sessions.clock(request)), "done": request.GET.get("done"),
    }

"""Entries that come by themselves. A feature counts exposure by leaving {"activity", "minutes", "items"} under
`exposure` in the data of its transition; each transition counts once, for who does it."""

from sqlalchemy import select

from casework.authz.scope import unscoped
from casework.db.base import now
from casework.workflow.engine import Transitioned

from .counting import day_of
from .models import ExposureLog
from .reading import keeps
from .service import add, band_of

KEY = "exposure"


def on_transition(event: Transitioned) -> None:
    """Count what a transition says it took of its actor."""
    move, told = event.move, event.move.data.get(KEY)
    if not told or not told["minutes"] or move.identity is None or not keeps(move.identity.role):
        return
    with unscoped(move.session, "a transition counts once, whoever looks"):
        known = move.session.scalar(select(ExposureLog.id).where(ExposureLog.source_id == event.change.id))
    if known is None:
        add(move.session, move.identity, activity=told["activity"], band=band_of(told["items"]),
            day=day_of(now()), minutes=told["minutes"], source_id=event.change.id)

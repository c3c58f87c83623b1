"""The flow of a viewing request: asked by one, approved by another, and logged by who has looked (DOMAIN 9.3)."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from casework.authz.access import access_to_one
from casework.authz.identity import Identity
from casework.authz.scope import unscoped
from casework.db.base import now
from casework.db.refs import new_ref
from casework.web.i18n import _
from casework.workflow import engine
from casework.workflow.engine import Flow, Move, NotAllowed, Problem, Transition, add_flow
from schemas import exhibits as forms

from .models import EvidenceItem
from .vault_models import ViewingRequest

HOLDS = dt.timedelta(days=14)  # an approval
ASKING = ("INV", "PSU", "PRO")
DECIDING = ("PSU", "PRO")
WAITING = ("requested", "approved")


def restricted_item(move: Move) -> Problem | None:
    """Only what lies in the vault is asked for, and once at a time by each person."""
    request = move.record
    with unscoped(move.session, "asks of one item that the person reads, and of own requests"):
        item = move.session.get(EvidenceItem, request.item_id)
        mine = select(ViewingRequest.id).where(
            ViewingRequest.item_id == item.id, ViewingRequest.created_by_id == move.identity.user_id,
            ViewingRequest.state.in_(WAITING),
        )
        with move.session.no_autoflush:
            asked = move.session.execute(mine).first()
    if item.restricted_material != "yes":
        return Problem(_("No restricted material is registered for this item."))
    return Problem(_("You have asked already. See the request that waits.")) if asked else None


def own(move: Move) -> Problem | None:
    """Who asked, and nobody else."""
    if move.record.created_by_id != move.identity.user_id:
        return Problem(_("Only the person who asked may do this."))
    return None


def in_time(move: Move) -> Problem | None:
    """The viewing lies within the time that was approved."""
    request, viewed = move.record, move.data["viewed_at"]
    if viewed < request.decided_at.replace(second=0, microsecond=0):
        return Problem(_("This lies before the approval."), "viewed_at")
    if viewed > request.until:
        return Problem(_("The approval had run out by then. Ask again."), "viewed_at")
    return None


def _decided(move: Move) -> None:
    move.record.decided_by_id, move.record.decided_at = move.identity.user_id, move.at


def _approved(move: Move) -> None:
    _decided(move)
    move.record.until = move.at + HOLDS


def _viewed(move: Move) -> None:
    request, data = move.record, move.data
    request.viewed_at, request.minutes, request.files = data["viewed_at"], data["minutes"], data["files"]
    data["exposure"] = {"activity": "view", "minutes": data["minutes"], "items": data["files"]}


FLOW = add_flow(Flow(
    "viewing",
    states=("requested", "approved", "declined", "viewed", "withdrawn"),
    final=("declined", "viewed", "withdrawn"),
    transitions=(
        Transition("ask_to_view", (), "requested", ASKING, guards=(restricted_item,)),
        Transition("approve_viewing", ("requested",), "approved", DECIDING, level="A", not_author=("created",),
                   effects=(_approved,), confirm=_("The approval holds for 14 days and one viewing.")),
        Transition("decline_viewing", ("requested",), "declined", DECIDING, level="A", not_author=("created",),
                   effects=(_decided,), reason="why it is declined"),
        Transition("log_viewing", ("approved",), "viewed", ASKING, level="A", guards=(own, in_time),
                   effects=(_viewed,), schema=forms.LogViewing),
        Transition("withdraw_viewing", WAITING, "withdrawn", ASKING, level="A", guards=(own,),
                   confirm=_("The request ends without a viewing.")),
    ),
))


def may_ask(db: Session, identity: Identity, item: EvidenceItem) -> bool:
    """Whether this person may ask to view an item's material (matrix row 17, level A)."""
    return identity.role in ASKING and "A" in access_to_one(db, identity, item, "restricted.material")


def ask_to_view(db: Session, identity: Identity, item: EvidenceItem, data: Mapping[str, Any]) -> ViewingRequest:
    """Ask. `data` is as schemas.exhibits.ViewingRequest gives it. Raises NotAllowed, Refused."""
    if not may_ask(db, identity, item):
        raise NotAllowed(f"{identity.role} may not ask to view this")
    request = ViewingRequest(
        ref=new_ref(db, ViewingRequest, "EV", now().date()), agency_id=identity.agency_id,
        created_by_id=identity.user_id, case_id=item.case_id, item_id=item.id, purpose=data["purpose"],
        authority=data["authority"],
    )
    return engine.create(db, identity, request, "ask_to_view", dict(data))

"""Panels of the first screens: what waits for whom, what is out and due back, what does not fit (DOMAIN 6)."""

import datetime as dt
from typing import Any

from sqlalchemy import ColumnElement, Integer, Select, bindparam, select

from casework.authz.identity import Identity
from casework.authz.scope import kept
from casework.cases import screens
from casework.db.base import now
from casework.records.paging import soonest
from casework.web.i18n import ZONE, _, format_date
from casework.web.render import code_label, translate

from .effects import LATE
from .models import EvidenceItem
from .options import title_of
from .vault_models import ViewingRequest
from .viewing import ASKING, DECIDING

ROWS = 15
OUT = ("in_examination", "at_court")


def waiting_for(identity: Any):
    """Items released to this person."""
    return (
        select(EvidenceItem)
        .where(EvidenceItem.receiver_id == identity.user_id, EvidenceItem.state == "in_transit")
        .order_by(EvidenceItem.released_at)
    )


def _rows(request, items, *cells) -> list[list]:
    return [[screens.link(i.ref, f"/go/{i.ref}"), title_of(i), *(cell(i) for cell in cells)] for i in items]


def _columns(request, *more) -> list[str]:
    return [translate(request, msgid) for msgid in (_("Reference"), _("Item"), *more)]


def _until(item: EvidenceItem) -> dict:
    """When both sides must have confirmed: a clock, red when it is over."""
    return {"due": item.released_at + LATE}


def to_accept(request) -> dict:
    """Handovers that wait for me."""
    items = list(request.db.scalars(waiting_for(request.identity).limit(ROWS)))
    return {
        "title": translate(request, _("Waiting for my acceptance")),
        "columns": _columns(request, _("From"), _("Purpose"), _("Accept until")),
        "rows": _rows(request, items, lambda i: request.names.later("user_account", i.holder_id),
                      lambda i: code_label(request, "custody_purpose", i.purpose), _until),
        "empty": translate(request, _("Nobody is handing anything to you.")),
        "href": "/custody/accept" if items else None, "more": translate(request, _("Accept them")),
    }


def not_accepted(request) -> dict | None:
    """What I released and nobody has accepted yet: it is still on my account."""
    query = select(EvidenceItem).where(
        EvidenceItem.holder_id == request.identity.user_id, EvidenceItem.state == "in_transit"
    )
    items = list(request.db.scalars(query.order_by(EvidenceItem.released_at).limit(ROWS)))
    if not items:
        return None
    return {
        "title": translate(request, _("Handovers waiting: still on my account")),
        "columns": _columns(request, _("To"), _("Accept until")), "empty": "",
        "rows": _rows(request, items, lambda i: request.names.later("user_account", i.receiver_id),
                      _until),
    }


def out(request) -> dict:
    """What left my store, the longest due first."""
    columns, rows = out_rows(request, ROWS)
    return {
        "title": translate(request, _("Out, and due back")), "columns": columns, "rows": rows,
        "empty": translate(request, _("Nothing is out.")),
        "href": "/custody/out" if len(rows) == ROWS else None, "more": translate(request, _("All that is out")),
    }


def out_rows(request, limit: int) -> tuple[list[str], list[list]]:
    """Columns and rows of what left the own store, what is due back first on top."""
    items = _out(request.db, most=limit).scalars().all()
    return _columns(request, _("State"), _("Held by"), _("Expected back on")), _rows(
        request, items, lambda i: code_label(request, "evidence_state", i.state),
        lambda i: i.holder_name or request.names.later("user_account", i.holder_id),
        lambda i: _due(request, i.due_back_on),
    )


@kept
def _out(identity: Identity) -> Select:
    ours = EvidenceItem.store_agency_id == identity.agency_id
    ways = (ours & (EvidenceItem.state == state) for state in OUT)
    most = bindparam("most", type_=Integer())
    return soonest(identity, EvidenceItem, EvidenceItem.due_back_on, *ways, limit=most)


def _due(request, day: dt.date | None) -> str:
    if day is None:
        return ""
    text = format_date(day, request.locale_name)
    late = day < now().astimezone(ZONE).date()
    return translate(request, _("${day} (overdue)"), day=text) if late else text


def in_my_hands(request) -> dict:
    """What an examiner has."""
    items = _examined(request.db).scalars().all()
    return {
        "title": translate(request, _("Items I examine")), "columns": _columns(request, _("Expected back on")),
        "rows": _rows(request, items, lambda i: _due(request, i.due_back_on)),
        "empty": translate(request, _("You have no items.")),
    }


@kept
def _examined(identity: Identity) -> Select:
    mine = (EvidenceItem.holder_id == identity.user_id) & (EvidenceItem.state == "in_examination")
    return soonest(identity, EvidenceItem, EvidenceItem.due_back_on, mine, limit=ROWS)


def discrepancies(request) -> dict | None:
    """What supervisor and custodian have to resolve together."""
    query = select(EvidenceItem).where(EvidenceItem.state == "discrepancy").order_by(EvidenceItem.id).limit(ROWS)
    items = list(request.db.scalars(query))
    if not items:
        return None
    return {
        "title": translate(request, _("Discrepancies to resolve")), "empty": "",
        "columns": _columns(request, _("What is wrong"), _("Resolution proposed")),
        "rows": _rows(request, items, lambda i: code_label(request, "discrepancy_kind", i.discrepancy_kind),
                      lambda i: code_label(request, "roles", i.resolution_role)),
    }


def _viewings(request) -> ColumnElement:
    mine = ViewingRequest.created_by_id == request.identity.user_id
    waits = (ViewingRequest.state == "approved") & mine
    if request.identity.role in DECIDING:
        waits |= (ViewingRequest.state == "requested") & ~mine
    return waits


def viewings(request) -> dict:
    """Requests to view that wait for a decision of mine, and what was approved for me."""
    query = select(ViewingRequest).where(_viewings(request)).order_by(ViewingRequest.id)
    found = list(request.db.scalars(query.limit(ROWS)))
    return {
        "title": translate(request, _("Viewing of restricted material")), "empty": "",
        "columns": [translate(request, word) for word in (
            _("Reference"), _("Item"), _("State"), _("Asked by"), _("Approved until"))],
        "rows": [
            [screens.link(one.ref, f"/go/{one.ref}"), request.names.later("evidence_item", one.item_id),
             code_label(request, "viewing_state", one.state), request.names.later("user_account", one.created_by_id),
             {"due": one.until} if one.until else ""]
            for one in found
        ],
    }


def scan_box(request) -> dict:
    """A field for a hand scanner, and the way to the camera."""
    return {
        "title": translate(request, _("Scan a label")), "columns": [], "rows": [], "empty": "",
        "href": "/scan", "more": translate(request, _("Scan with the camera")),
        "form": {"action": "/scan", "name": "scanned", "label": translate(request, _("Reference")),
                 "button": translate(request, _("Open the item"))},
    }


def register() -> None:
    """Put the panels on the first screens, and the queue into the navigation of who receives."""
    screens.panel("CUS", scan_box)
    for role in ("CUS", "FOR"):
        screens.panel(role, to_accept)
    screens.panel("CUS", out)
    screens.panel("FOR", in_my_hands)
    for role in ("INV", "FOR", "CUS"):
        screens.panel(role, not_accepted)
    for role in ("PSU", "CUS"):
        screens.panel(role, discrepancies)
    for role in ASKING:
        screens.panel(role, viewings, lambda request: select(ViewingRequest.id).where(_viewings(request)))
    screens.entry(("CUS", "FOR"), _("Accept items"), "/custody/accept")
    screens.entry(("CUS",), _("Stocktake"), "/stocktakes")
    screens.entry(("INV", "FOR", "CUS"), _("Scan"), "/scan")

"""Panels of the first screens: what waits for whom, what is out and due back, what does not fit (DOMAIN 6)."""

import datetime as dt
from typing import Any

from sqlalchemy import select

from casework.cases import screens
from casework.db.base import now
from casework.web.i18n import ZONE, _, format_date, format_datetime
from casework.web.render import code_label, translate

from .effects import LATE
from .models import EvidenceItem
from .options import title_of

ROWS = 15


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


def _until(request, item: EvidenceItem) -> str:
    """When both sides must have confirmed."""
    return format_datetime(item.released_at + LATE, request.locale_name)


def to_accept(request) -> dict:
    """Handovers that wait for me."""
    items = list(request.db.scalars(waiting_for(request.identity).limit(ROWS)))
    request.names.want("user_account", (i.holder_id for i in items))
    return {
        "title": translate(request, _("Waiting for my acceptance")),
        "columns": _columns(request, _("From"), _("Purpose"), _("Accept until")),
        "rows": _rows(request, items, lambda i: request.names.of("user_account", i.holder_id),
                      lambda i: code_label(request, "custody_purpose", i.purpose), lambda i: _until(request, i)),
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
    request.names.want("user_account", (i.receiver_id for i in items))
    return {
        "title": translate(request, _("Handovers waiting: still on my account")),
        "columns": _columns(request, _("To"), _("Accept until")), "empty": "",
        "rows": _rows(request, items, lambda i: request.names.of("user_account", i.receiver_id),
                      lambda i: _until(request, i)),
    }


def out(request) -> dict:
    """What left my store, the longest due first."""
    query = select(EvidenceItem).where(
        EvidenceItem.store_agency_id == request.identity.agency_id,
        EvidenceItem.state.in_(("in_examination", "at_court")),
    )
    items = list(request.db.scalars(
        query.order_by(EvidenceItem.due_back_on.is_(None), EvidenceItem.due_back_on, EvidenceItem.id).limit(ROWS)
    ))
    request.names.want("user_account", (i.holder_id for i in items))
    return {
        "title": translate(request, _("Out, and due back")),
        "columns": _columns(request, _("State"), _("Held by"), _("Expected back on")),
        "rows": _rows(request, items, lambda i: code_label(request, "evidence_state", i.state),
                      lambda i: i.holder_name or request.names.of("user_account", i.holder_id),
                      lambda i: _due(request, i.due_back_on)),
        "empty": translate(request, _("Nothing is out.")),
    }


def _due(request, day: dt.date | None) -> str:
    if day is None:
        return ""
    text = format_date(day, request.locale_name)
    late = day < now().astimezone(ZONE).date()
    return translate(request, _("${day} (overdue)"), day=text) if late else text


def in_my_hands(request) -> dict:
    """What an examiner has."""
    query = select(EvidenceItem).where(
        EvidenceItem.holder_id == request.identity.user_id, EvidenceItem.state == "in_examination"
    )
    items = list(request.db.scalars(
        query.order_by(EvidenceItem.due_back_on.is_(None), EvidenceItem.due_back_on).limit(ROWS)
    ))
    return {
        "title": translate(request, _("Items I examine")), "columns": _columns(request, _("Expected back on")),
        "rows": _rows(request, items, lambda i: _due(request, i.due_back_on)),
        "empty": translate(request, _("You have no items.")),
    }


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


def register() -> None:
    """Put the panels on the first screens, and the queue into the navigation of who receives."""
    for role in ("CUS", "FOR"):
        screens.panel(role, to_accept)
    screens.panel("CUS", out)
    screens.panel("FOR", in_my_hands)
    for role in ("INV", "FOR", "CUS"):
        screens.panel(role, not_accepted)
    for role in ("PSU", "CUS"):
        screens.panel(role, discrepancies)
    screens.entry(("CUS", "FOR"), _("Accept items"), "/custody/accept")

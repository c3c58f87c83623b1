"""What the first screens say of exceptions: emergency access to my records or by my people, delegations to decide."""

from sqlalchemy import Select, select

from casework.authz.models import BreakGlass
from casework.cases import screens
from casework.db.base import now
from casework.web.i18n import _, format_datetime
from casework.web.render import code_label, translate

from . import delegation, glass
from .models import Delegation

ROWS = 10
MOST = 200  # of those that nobody decided, which are looked through for those that are this person's to decide
TOLD = ("INV", "PSU", "HOT", "SW", "SWS", "PRO", "AUD")
DECIDING = ("PSU", "SWS", "PRO", "HOT")


def _to_review(request) -> tuple:
    return glass.told(request.identity), BreakGlass.reviewed_at.is_(None)


def emergencies(request) -> dict:
    """Accesses of others that this person is told of and nobody has reviewed; the oldest first."""
    query = select(BreakGlass).where(*_to_review(request))
    rows = request.db.scalars(query.order_by(BreakGlass.id).limit(ROWS)).all()
    say = lambda text: translate(request, text)  # noqa: E731
    at = now()
    return {
        "title": say(_("Emergency access to review")), "href": "/emergency/told",
        "more": say(_("All that I am told of")),
        "columns": [say(words) for words in (_("Access"), _("Record"), _("Who"), _("Why"), _("Open until"),
                                             _("Review until"))],
        "rows": [[
            screens.link(one.ref or "", f"/emergency/{one.ref}/review") if one.ref else "", one.asked_ref or "",
            request.names.later("user_account", one.user_id),
            code_label(request, "break_glass_reason", one.reason_code),
            format_datetime(one.ended_at or one.until, request.locale_name) if (one.ended_at or one.until) > at
            else say(_("Ended")),
            {"due": one.created_at + glass.REVIEW},
        ] for one in rows],
        "empty": say(_("No emergency access waits for a review.")),
    }


def waiting(request) -> Select:
    return select(BreakGlass.id).where(*_to_review(request))


def undecided(request) -> Select:
    """More than may be decided by this person; the panel looks closer."""
    return select(Delegation.id).where(
        Delegation.agency_id == request.identity.agency_id, Delegation.approved.is_(None),
        Delegation.ended_at.is_(None))


def delegations(request) -> dict | None:
    """Delegations of my office that wait for a supervisor."""
    query = select(Delegation).where(Delegation.id.in_(undecided(request))).order_by(Delegation.id)
    rows = [one for one in request.db.scalars(query.limit(MOST)) if delegation.may_decide(request.identity, one)][:ROWS]
    if not rows:
        return None
    say = lambda text: translate(request, text)  # noqa: E731
    return {
        "title": say(_("Delegations to decide")), "href": "/delegations", "more": say(_("All delegations")),
        "columns": [say(words) for words in (_("From"), _("To whom"), _("First day"), _("Until"))],
        "rows": [[request.names.later("user_account", one.from_id), request.names.later("user_account", one.to_id),
                  format_datetime(one.starts_at, request.locale_name), format_datetime(one.until, request.locale_name)]
                 for one in rows],
        "empty": "",
    }


def register() -> None:
    """Put the panels on the first screens."""
    for role in TOLD:
        # The auditor is told that there is none.
        screens.panel(role, emergencies, None if role == glass.AUDITOR else waiting)
    for role in DECIDING:
        screens.panel(role, delegations, undecided)

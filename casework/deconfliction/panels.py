"""Panels of the first screens: matches that wait for a supervisor, and those of an investigator's cases."""

from sqlalchemy import func, select

from casework.cases import options, screens
from casework.web.i18n import _, format_datetime
from casework.web.render import code_label, translate

from .models import MatchHit

ROWS = 10
GOING_ON = ("found", "disclosed", "contact", "silent")


def to_decide(request) -> dict | None:
    """Matches of the own unit that nobody has answered, oldest first; weak ones in numbers only."""
    own = MatchHit.agency_id == request.identity.agency_id
    found = list(request.db.scalars(
        select(MatchHit).where(own, MatchHit.state == "found").order_by(MatchHit.id).limit(ROWS)))
    weak = request.db.scalar(select(func.count(MatchHit.id)).where(own, MatchHit.state == "weak"))
    if not found and not weak:
        return None
    panel = _table(request, _("Matches to decide"), found)
    if weak:
        panel["more"] = translate(request, _("Weak matches to confirm: ${count}"), count=weak)
        panel["href"] = "/matches?state=weak"
    return panel


def of_my_cases(request) -> dict | None:
    """The newest matches of my cases that are still going on."""
    found = list(request.db.scalars(
        select(MatchHit).where(MatchHit.state.in_(GOING_ON))
        .order_by(MatchHit.id.desc()).limit(ROWS)))
    return _table(request, _("Matches in my cases"), found) if found else None


def _table(request, title, found: list[MatchHit]) -> dict:
    return {
        "title": translate(request, title), "href": "/matches", "more": translate(request, _("All matches")),
        "columns": [translate(request, words) for words in (
            _("Reference"), _("Kind of identifier"), _("Other unit"), _("State"), _("Since"))],
        "rows": [[screens.link(hit.ref, f"/matches/{hit.ref}"), code_label(request, "identifier_types", hit.type),
                  request.names.later("agency", hit.other_agency_id), code_label(request, "match_state", hit.state),
                  format_datetime(hit.created_at, request.locale_name)] for hit in found],
        "empty": translate(request, _("No match waits.")),
    }


def contacts(request) -> list[tuple[str, str]]:
    """Who may be named as contact officer: the own unit's investigators and supervisors."""
    pairs = options.people_at(request, request.identity.agency_id, ("INV", "PSU"))
    return [(str(user.id), user.display_name(request.locale_name)) for _membership, user in pairs]


def register() -> None:
    """Put the panels on the first screens."""
    screens.panel("PSU", to_decide, lambda request: select(MatchHit.id).where(
        MatchHit.agency_id == request.identity.agency_id, MatchHit.state.in_(("found", "weak"))))
    screens.panel("INV", of_my_cases, lambda _request: select(MatchHit.id).where(MatchHit.state.in_(GOING_ON)))
    screens.entry(("PSU",), _("Matches of the week"), "/matches/week")
    screens.entry(("SWS",), _("Supported already?"), "/supported-already")

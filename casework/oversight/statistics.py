"""Aggregates for coordination, with small cells hidden (decision K9): a table of ones and twos would name a child."""

import datetime as dt

from sqlalchemy import func, select

from casework.authz.scope import unscoped
from casework.cases.models import Case
from casework.db.base import now
from casework.referrals.models import Referral
from casework.web.i18n import _, format_datetime
from casework.web.render import translate

SMALLEST = 5
UNCOUNTED = ("draft", "merged", "voided")
# How long numbers stand: to count is to read every row, and whoever could count again after each change would learn
# what changed.
STAND = dt.timedelta(minutes=5)


def hide_small(count: int) -> str:
    """A count as it may be published: nothing between 1 and 4 (DOMAIN 8.2)."""
    return str(count) if count == 0 or count >= SMALLEST else f"<{SMALLEST}"


def _counted(request, column, *conditions) -> tuple[dt.datetime, list]:
    """When the values of a column were counted last, and how many rows have each."""
    kept = request.registry.setdefault("statistics", {})
    at, rows = kept.get(str(column), (None, []))
    if at is None or now() - at > STAND:
        with unscoped(request.db, "aggregates only, small cells hidden"):
            query = select(column, func.count()).where(*conditions).group_by(column).order_by(column)
            rows = request.db.execute(query).all()
        at, _rows = kept[str(column)] = (now(), rows)
    return at, rows


def _panel(request, title, head, column, codes: str, *conditions) -> dict:
    at, counted = _counted(request, column, *conditions)
    label = request.registry["codes"].label
    return {
        "title": translate(request, _("${what}, counted ${moment}"), what=translate(request, title),
                           moment=format_datetime(at, request.locale_name)),
        "columns": [translate(request, head), {"label": translate(request, _("Number")), "number": True}],
        "rows": [[label(codes, code, request.locale_name), hide_small(number)] for code, number in counted],
        "empty": translate(request, _("Nothing is recorded yet.")),
    }


def referrals_panel(request) -> dict:
    """Reports by source (I-20), merged duplicates once: reports are no measure of cases or children."""
    return _panel(request, _("Reports by source"), _("Source"), Referral.source, "sources",
                  Referral.state.not_in(UNCOUNTED))


def cases_panel(request) -> dict:
    """Cases by state."""
    return _panel(request, _("Cases by state"), _("State"), Case.state, "case_state", Case.state.not_in(UNCOUNTED))

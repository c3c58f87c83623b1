"""Aggregates for coordination, with small cells hidden (decision K9): a table of ones and twos would name a child."""

from sqlalchemy import func, select

from casework.authz.scope import unscoped
from casework.cases.models import Case
from casework.referrals.models import Referral
from casework.web.i18n import _

SMALLEST = 5


def hide_small(count: int) -> str:
    """A count as it may be published: nothing between 1 and 4."""
    return str(count) if count == 0 or count >= SMALLEST else f"1–{SMALLEST - 1}"


def _panel(request, title, head, column, codes: str) -> dict:
    with unscoped(request.db, "aggregates only, small cells hidden"):
        counted = request.db.execute(select(column, func.count()).group_by(column).order_by(column)).all()
    label, translate = request.registry["codes"].label, request.localizer.translate
    return {
        "title": translate(title), "columns": [translate(head), {"label": translate(_("Number")), "number": True}],
        "rows": [[label(codes, code, request.locale_name), hide_small(number)] for code, number in counted],
        "empty": translate(_("Nothing is recorded yet.")),
    }


def referrals_panel(request) -> dict:
    """Reports by source (I-20): reports are no measure of cases or children."""
    return _panel(request, _("Reports by source"), _("Source"), Referral.source, "sources")


def cases_panel(request) -> dict:
    """Cases by state."""
    return _panel(request, _("Cases by state"), _("State"), Case.state, "case_state")

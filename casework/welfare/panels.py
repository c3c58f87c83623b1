"""Panels of the first screens: where I stand, how my staff stand, and the shares for overseers."""

from sqlalchemy import select

from casework.cases import screens
from casework.db.base import now
from casework.web.i18n import _, format_date
from casework.web.render import translate

from .banner import standing
from .figures import Share, shares
from .limits import limits
from .models import WelfareCheck

ROWS = 15
MINE = ("FOR", "HOT", "INV", "PSU", "SWS")


def meter(request) -> dict:
    """The exposure meter of the day, and of the week."""
    known, mine = limits(), standing(request)
    rows = [[translate(request, _("Today")), mine.today, known.day_warning, known.day_stop],
            [translate(request, _("This week")), mine.week, "", known.week_stop]]
    return {
        "title": translate(request, _("My exposure")), "rows": rows, "empty": "", "href": "/exposure",
        "columns": [translate(request, _("When")),
                    *({"label": translate(request, words), "number": True}
                      for words in (_("Minutes"), _("Warning at"), _("Stop proposed at")))],
        "more": translate(request, _("Count, or start the clock")),
    }


def staff(request) -> dict:
    """With whom of the supervisor's own staff a check is open. How many minutes stands on a page of its own, which is
    opened for a reason and leaves an entry in the log."""
    identity = request.identity
    query = select(WelfareCheck).where(
        WelfareCheck.agency_id == identity.agency_id, WelfareCheck.state == "open",
        WelfareCheck.person_id != identity.user_id,
    )
    checks = request.db.scalars(query.order_by(WelfareCheck.created_at).limit(ROWS)).all()
    rows = [[screens.link(check.ref, f"/welfare/{check.ref}"), request.names.later("user_account", check.person_id),
             format_date(check.created_at, request.locale_name)] for check in checks]
    return {
        "title": translate(request, _("Welfare checks")), "rows": rows, "href": "/exposure/staff",
        "columns": [translate(request, words) for words in (_("Welfare check"), _("With"), _("Asked for"))],
        "empty": translate(request, _("No welfare check is open.")),
        "more": translate(request, _("Exposure of my staff")),
    }


def _percent(request, share: Share) -> str:
    if share.percent is None:
        return translate(request, _("Too few to show"))
    return f"{share.percent} %"


def overseer(request) -> dict:
    """Indicator I-39."""
    over, checked = shares(request.db, now())
    rows = [[translate(request, _("Staff over the threshold of a week")), _percent(request, over)],
            [translate(request, _("Checked within seven days")), _percent(request, checked)]]
    return {"title": translate(request, _("Exposure of staff, thirteen weeks (I-39)")), "rows": rows, "empty": "",
            "columns": [translate(request, _("What")), {"label": translate(request, _("Share")), "number": True}]}


def register() -> None:
    """Put the panels on the first screens."""
    for role in MINE:
        screens.panel(role, meter)
    for role in ("PSU", "SWS"):
        screens.panel(role, staff)
    screens.panel("OVS", overseer)
    screens.entry((*MINE, "CUS", "PRO", "SW", "PRV"), _("My exposure"), "/exposure")

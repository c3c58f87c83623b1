"""Pages of exposure: one's own, the counts of a supervisor's staff."""

from typing import Any

from pyramid.httpexceptions import HTTPForbidden, HTTPNotFound, HTTPSeeOther
from pyramid_retry import mark_error_retryable
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from casework.cases.models import Case
from casework.cases.screens import link
from casework.db.base import now
from casework.records.forms import run_form
from casework.records.paging import page_of
from casework.records.registry import Context, fetch
from casework.web.i18n import _
from casework.web.render import code_label, translate
from casework.workflow.engine import Problem, Refused
from schemas import welfare as asks
from schemas.fields import ReasonSchema

from . import service
from .banner import forget
from .counting import day_of
from .figures import Counts, of_staff
from .limits import limits
from .models import SUPERVISORS, ExposureLog, WelfareCheck
from .reading import choice_of, counted, meter_of

HOME = "/exposure"
BANDS = ("none", "few", "tens", "hundreds", "thousands")


def own(request) -> dict:
    """Where I stand, my clock, my entries, my checks, my choices."""
    db, identity, at = request.db, request.identity, now()
    forget(request.registry, identity.user_id)
    mine = select(ExposureLog).where(ExposureLog.created_by_id == identity.user_id)
    page = page_of(request, mine, ExposureLog)
    clock = service.running(db, identity)
    checks = db.scalars(select(WelfareCheck).where(
        WelfareCheck.person_id == identity.user_id, WelfareCheck.state == "open").order_by(WelfareCheck.week)).all()
    return {
        "meter": meter_of(db, identity.user_id, at), "limits": limits(), "page": page, "clock": clock,
        "so_far": counted(clock, at).minutes if clock is not None else None, "checks": checks,
        "choice": choice_of(db, identity.user_id), "supervisor": identity.role in SUPERVISORS,
    }


def _case_seen(request, data: dict) -> None:
    """A case may be named by who sees it; no other answer tells whether it exists."""
    ref = data.get("case_ref")
    if ref and not isinstance(fetch(request, ref), Case):
        raise Refused(Problem(_("You see no case with this reference."), "case_ref"))


def _write(request) -> None:
    """Two at once would start two clocks, or open two checks: the database refuses the second, which is tried again
    and finds the first."""
    try:
        request.db.flush()
    except IntegrityError as overtaken:
        mark_error_retryable(overtaken)
        raise


def _form(request, schema: Any, title: Any, act, **more: Any):
    def save(data: dict) -> str:
        _case_seen(request, data)
        act(request.db, request.identity, **data)
        _write(request)
        forget(request.registry, request.identity.user_id)
        return HOME

    return run_form(request, schema, title=title, save=save, back=HOME, **more)


def start(request):
    """Start the clock."""
    return _form(request, asks.StartExposure(), _("Start the clock"), service.start, button=_("Start"))


def add(request):
    """An entry: minutes of a day, or two times."""
    return _form(request, asks.Exposure(), _("Add an entry"), service.add, values={"day": day_of(now())},
                 lead=_("Say how long, never what you saw."))


def stop(request):
    """Stop the clock; stopping twice is once."""
    service.stop(request.db, request.identity)
    _write(request)
    forget(request.registry, request.identity.user_id)
    return HTTPSeeOther(HOME)


def choices(request):
    """Keep the counts to oneself, or do no such work: any time, without reason."""
    chosen = choice_of(request.db, request.identity.user_id)
    values = {"unshared": chosen is not None and not chosen.shares,
              "apart": chosen is not None and not chosen.takes_part}

    def save(data: dict) -> str:
        service.choose(request.db, request.identity, shares=not data["unshared"], takes_part=not data["apart"])
        return HOME

    return run_form(request, asks.ExposureChoices(), title=_("My choices"), save=save, back=HOME, values=values)


def void(context: Context, request):
    """Strike out an entry of one's own, with the reason; it stays in the list and counts no more."""
    entry = context.own
    if entry is None:
        raise HTTPNotFound()

    def save(data: dict) -> str:
        service.void(request.db, request.identity, entry, data["reason"])
        forget(request.registry, request.identity.user_id)
        return HOME

    return run_form(
        request, ReasonSchema(), title=_("Strike out ${ref}", mapping={"ref": entry.ref}), save=save,
        button=_("Strike out"), back=HOME, version=entry.version,
    )


def _table(request) -> dict:
    """Columns and rows of the counts of a supervisor's staff."""
    numbers = [translate(request, _("Minutes this week")), *(code_label(request, "exposure_band", b) for b in BANDS)]
    rows = []
    for one in of_staff(request.db, request.identity, now()):
        minutes: list = [translate(request, _("Not shared")), *[""] * len(BANDS)]
        if one.bands is not None:
            minutes = [one.bands.total(), *(one.bands[band] for band in BANDS)]
        who = f"{one.user.display_name(request.locale_name)} ({code_label(request, 'roles', one.role)})"
        rows.append([who, *minutes, _status(request, one)])
    return {
        "columns": [translate(request, _("Who")), *({"label": words, "number": True} for words in numbers),
                    translate(request, _("Welfare check"))],
        "rows": rows, "empty": translate(request, _("Nobody of your staff counts exposure.")),
    }


def _status(request, one: Counts) -> Any:
    if one.check is not None:
        return link(one.check.ref, f"/welfare/{one.check.ref}")
    return "" if one.takes_part else translate(request, _("Does no such work at present"))


def staff(request) -> dict:
    """Counts of the supervisor's own staff: minutes of this week by band. Nothing of a single entry."""
    if request.identity.role not in SUPERVISORS:
        raise HTTPForbidden("only supervisors see counts of their staff")
    request.audit("view", None, page="exposure.staff")
    return {"table": _table(request)}

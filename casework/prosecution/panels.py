"""Panels of the first screens of prosecutors and of the judge's clerk (DOMAIN 6)."""

import datetime as dt

from sqlalchemy import Select, and_, select

from casework.authz.conditions import granted
from casework.authz.identity import Identity
from casework.authz.scope import kept
from casework.cases import screens
from casework.cases.models import Case, Task
from casework.cases.queue import FAR
from casework.cases.tasks import OPEN
from casework.cases.titles import title_of
from casework.db.base import now
from casework.records.paging import soonest
from casework.web.i18n import _, format_date, format_datetime
from casework.web.render import code_label, translate

from .models import Hearing, Prosecution
from .receiving import OVER

ROWS = 15
SOON = dt.timedelta(days=14)


def _columns(request, *msgids) -> list[str]:
    return [translate(request, msgid) for msgid in msgids]


def _row(request, matter: Prosecution) -> list:
    return [screens.link(matter.ref, f"/go/{matter.ref}"), matter.register_number or "",
            code_label(request, "prosecution_state", matter.state)]


def new_files(request) -> dict:
    """Files to register or assign, for the head of the office; to take over, for who they were assigned to."""
    return {
        "title": translate(request, _("New files")), "empty": translate(request, _("No new file.")),
        "columns": _columns(request, _("Reference"), _("Register number"), _("State"), _("Received")),
        "rows": [[*_row(request, m), format_datetime(m.received_at, request.locale_name)]
                 for m in _new(request.db).scalars()],
    }


@kept
def _new(identity: Identity) -> Select:
    waiting = [(Prosecution.prosecutor_id == identity.user_id) & (Prosecution.state == "registered")]
    if identity.chief:
        waiting = [(Prosecution.agency_id == identity.agency_id) & (Prosecution.state == state)
                   for state in ("received", "registered")]
    return soonest(identity, Prosecution, Prosecution.id, *waiting, limit=ROWS)


def answers(request) -> dict | None:
    """Files that came back with answers to my instructions."""
    found = _answered(request.db).scalars().all()
    if not found:
        return None
    return {
        "title": translate(request, _("Answers to my instructions")), "empty": "",
        "columns": _columns(request, _("Reference"), _("Register number"), _("State"), _("Instructions due")),
        "rows": [[*_row(request, m), format_date(m.instructions_due, request.locale_name)] for m in found],
    }


@kept
def _answered(identity: Identity) -> Select:
    mine = (Prosecution.prosecutor_id == identity.user_id) & (Prosecution.state == "under_review")
    return soonest(identity, Prosecution, Prosecution.id, mine & (Prosecution.returns > 0), limit=ROWS)


def terms(request) -> dict:
    """Terms that run in my matters, the first to end on top."""
    return {
        "title": translate(request, _("Running terms")), "empty": translate(request, _("No term is running.")),
        "columns": _columns(request, _("Reference"), _("Term"), _("Ends")),
        "rows": [[screens.link(t.record_ref, f"/go/{t.record_ref}"), title_of(request, t.rule, t.title),
                  format_datetime(t.due_at, request.locale_name)] for t in _running(request.db).scalars()],
    }


@kept
def _running(identity: Identity) -> Select:
    mine = (Task.record_type == "prosecution", Task.assignee_id == identity.user_id, Task.rule.is_not(None))
    return soonest(identity, Task, Task.due_at, *(and_(Task.state == state, *mine) for state in OPEN), limit=ROWS)


def _hearings(request, title, empty, until: dt.datetime | None = None) -> dict:
    query = select(Hearing).where(Hearing.at >= now() - dt.timedelta(hours=12), Hearing.result.is_(None),
                                  Hearing.voided_at.is_(None))
    if until is not None:
        query = query.where(Hearing.at <= until)
    rows = [
        [screens.link(h.ref, f"/go/{h.ref}"), format_datetime(h.at, request.locale_name),
         code_label(request, "hearing_type", h.type), request.names.later("agency", h.court_id)]
        for h in request.db.scalars(query.order_by(Hearing.at).limit(ROWS))
    ]
    return {"title": translate(request, title), "empty": translate(request, empty), "rows": rows,
            "columns": _columns(request, _("Reference"), _("When"), _("Kind"), _("Court"))}


def hearings_soon(request) -> dict:
    """Hearings of the next 14 days in the cases I am assigned to."""
    return _hearings(request, _("Hearings in the next 14 days"), _("No hearing in the next 14 days."), now() + SOON)


def hearing_list(request) -> dict:
    """All hearings to come, for the clerk."""
    return _hearings(request, _("Hearings"), _("No hearing is fixed."))


def seised(request) -> dict:
    """Matters before the judge: those with the next act on top, then the newest.

    It walks from the hearings to come to their matters: a court may have had tens of thousands.
    """
    identity = request.identity
    to_come = (
        select(Hearing.prosecution_id, Hearing.at)
        .where(Hearing.at >= now(), Hearing.result.is_(None), Hearing.voided_at.is_(None))
        .order_by(Hearing.at).limit(2 * ROWS)
    )
    acts: dict = {}
    for matter_id, at in request.db.execute(to_come):
        acts.setdefault(matter_id, at)
    before_judge = (
        select(Prosecution, Case.ref).join(Case, Case.id == Prosecution.case_id)
        .where(granted(Prosecution.case_id, identity), Prosecution.state.not_in(OVER))
    )
    first = list(acts)[:ROWS]
    found = list(request.db.execute(before_judge.where(Prosecution.id.in_(first))))
    if len(found) < ROWS:
        rest = before_judge.where(Prosecution.id.not_in(first)).order_by(Prosecution.id.desc())
        found += request.db.execute(rest.limit(ROWS))
    found.sort(key=lambda row: acts.get(row[0].id, FAR))
    rows = [
        [*_row(request, matter), screens.link(ref, f"/cases/{ref}"),
         format_datetime(acts.get(matter.id), request.locale_name)]
        for matter, ref in found[:ROWS]
    ]
    return {
        "title": translate(request, _("Matters seised")), "empty": translate(request, _("No matter is before you.")),
        "columns": _columns(request, _("Reference"), _("Register number"), _("State"), _("Case"), _("Next act")),
        "rows": rows,
    }


def register() -> None:
    """Put the panels on the first screens."""
    for function in (new_files, answers, terms, hearings_soon):
        screens.panel("PRO", function)
    for function in (seised, hearing_list):
        screens.panel("CLK", function)

"""Panels of the first screens of prosecutors and of the judge's clerk (DOMAIN 6)."""

import datetime as dt

from sqlalchemy import func, select

from casework.authz.conditions import granted_subjects
from casework.cases import screens
from casework.cases.models import Case, Task
from casework.cases.tasks import OPEN
from casework.cases.titles import title_of
from casework.db.base import now
from casework.web.i18n import _, format_date, format_datetime
from casework.web.render import code_label, translate

from .models import Hearing, Prosecution
from .receiving import OVER

ROWS = 15
SOON = dt.timedelta(days=14)


def _columns(request, *msgids) -> list[str]:
    return [translate(request, msgid) for msgid in msgids]


def _matters(request, *conditions) -> list[Prosecution]:
    return list(request.db.scalars(select(Prosecution).where(*conditions).order_by(Prosecution.id).limit(ROWS)))


def _row(request, matter: Prosecution) -> list:
    return [screens.link(matter.ref, f"/go/{matter.ref}"), matter.register_number or "",
            code_label(request, "prosecution_state", matter.state)]


def new_files(request) -> dict:
    """Files to register or assign, for the head of the office; to take over, for who they were assigned to."""
    waiting = Prosecution.state.in_(("received", "registered"))
    if not request.identity.chief:
        waiting = (Prosecution.state == "registered") & (Prosecution.prosecutor_id == request.identity.user_id)
    return {
        "title": translate(request, _("New files")), "empty": translate(request, _("No new file.")),
        "columns": _columns(request, _("Reference"), _("Register number"), _("State"), _("Received")),
        "rows": [[*_row(request, m), format_datetime(m.received_at, request.locale_name)]
                 for m in _matters(request, waiting)],
    }


def answers(request) -> dict | None:
    """Files that came back with answers to my instructions."""
    found = _matters(request, Prosecution.prosecutor_id == request.identity.user_id, Prosecution.returns > 0,
                     Prosecution.state == "under_review")
    if not found:
        return None
    return {
        "title": translate(request, _("Answers to my instructions")), "empty": "",
        "columns": _columns(request, _("Reference"), _("Register number"), _("State"), _("Instructions due")),
        "rows": [[*_row(request, m), format_date(m.instructions_due, request.locale_name)] for m in found],
    }


def terms(request) -> dict:
    """Terms that run in my matters, the first to end on top."""
    query = (
        select(Task).where(Task.record_type == "prosecution", Task.assignee_id == request.identity.user_id,
                           Task.state.in_(OPEN), Task.rule.is_not(None))
        .order_by(Task.due_at).limit(ROWS)
    )
    return {
        "title": translate(request, _("Running terms")), "empty": translate(request, _("No term is running.")),
        "columns": _columns(request, _("Reference"), _("Term"), _("Ends")),
        "rows": [[screens.link(t.record_ref, f"/go/{t.record_ref}"), title_of(request, t.rule, t.title),
                  format_datetime(t.due_at, request.locale_name)] for t in request.db.scalars(query)],
    }


def _hearings(request, until: dt.datetime | None):
    query = select(Hearing).where(Hearing.at >= now() - dt.timedelta(hours=12), Hearing.result.is_(None),
                                  Hearing.voided_at.is_(None))
    if until is not None:
        query = query.where(Hearing.at <= until)
    return list(request.db.scalars(query.order_by(Hearing.at).limit(ROWS)))


def _hearing_rows(request, found: list[Hearing]) -> list[list]:
    request.names.want("agency", (h.court_id for h in found))
    return [
        [screens.link(h.ref, f"/go/{h.ref}"), format_datetime(h.at, request.locale_name),
         code_label(request, "hearing_type", h.type), request.names.of("agency", h.court_id)]
        for h in found
    ]


def hearings_soon(request) -> dict:
    """Hearings of the next 14 days in the cases I am assigned to."""
    found = _hearings(request, now() + SOON)
    return {
        "title": translate(request, _("Hearings in the next 14 days")),
        "empty": translate(request, _("No hearing in the next 14 days.")),
        "columns": _columns(request, _("Reference"), _("When"), _("Kind"), _("Court")),
        "rows": _hearing_rows(request, found),
    }


def hearing_list(request) -> dict:
    """All hearings to come, for the clerk."""
    return {**hearings_soon(request), "title": translate(request, _("Hearings")),
            "empty": translate(request, _("No hearing is fixed.")),
            "rows": _hearing_rows(request, _hearings(request, None))}


def seised(request) -> dict:
    """Matters before the judge with their next act."""
    act = (
        select(func.min(Hearing.at)).where(Hearing.prosecution_id == Prosecution.id, Hearing.result.is_(None),
                                           Hearing.at >= now()).correlate(Prosecution).scalar_subquery()
    )
    query = (
        select(Prosecution, Case.ref, act).join(Case, Case.id == Prosecution.case_id)
        .where(Prosecution.case_id.in_(granted_subjects(request.identity)), Prosecution.state.not_in(OVER))
        .order_by(act.is_(None), act, Prosecution.id).limit(ROWS)
    )
    rows = [
        [*_row(request, matter), screens.link(ref, f"/cases/{ref}"), format_datetime(at, request.locale_name)]
        for matter, ref, at in request.db.execute(query)
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

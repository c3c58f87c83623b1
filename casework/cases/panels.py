"""Panels of the first screens that rest on cases alone (DOMAIN 6)."""

import datetime as dt

from sqlalchemy import func, select

from casework.accounts.changes import admin_queue
from casework.accounts.models import User
from casework.authz.conditions import granted_subjects
from casework.authz.scope import unscoped
from casework.db.base import now
from casework.web.i18n import _, format_date, format_datetime
from casework.web.render import code_label, translate

from . import links, screens
from .models import Case, Task
from .queue import FAR
from .tasks import OPEN
from .titles import title_of

ROWS = 10
OVER = ("closed", "merged", "voided")


def _words(request, *msgids) -> list[str]:
    return [translate(request, msgid) for msgid in msgids]


def _clock(moment: dt.datetime | None) -> dict | str:
    return {"due": moment} if moment is not None else ""


def my_cases(request) -> dict:
    """Cases I am assigned to: those where something of mine runs out first, then the newest.

    It walks from my soonest tasks to their cases: somebody may be assigned to thousands.
    """
    identity = request.identity
    soonest = (
        select(Task.case_id, Task.due_at)
        .where(Task.assignee_id == identity.user_id, Task.state.in_(OPEN), Task.due_at.is_not(None),
               Task.case_id.is_not(None))
        .order_by(Task.due_at).limit(4 * ROWS)
    )
    due: dict = {}
    for case_id, at in request.db.execute(soonest):
        due.setdefault(case_id, at)
    mine = select(Case).where(Case.id.in_(granted_subjects(identity)), Case.state.not_in(OVER))
    found = {case.id: case for case in request.db.scalars(mine.where(Case.id.in_(list(due)[:ROWS])))}
    found.update({case.id: case for case in request.db.scalars(mine.order_by(Case.id.desc()).limit(ROWS))})
    shown = sorted(found.values(), key=lambda case: (due.get(case.id, FAR), case.id))[:ROWS]
    rows = [
        [screens.link(case.ref, f"/cases/{case.ref}"), case.title, code_label(request, "case_state", case.state),
         code_label(request, "risk_to_child", case.risk_to_child), _clock(due.get(case.id))]
        for case in shown
    ]
    return {
        "title": translate(request, _("My cases by next deadline")),
        "columns": _words(
            request, _("Reference"), _("Code name"), _("State"), _("Risk to a child"), _("Next deadline")
        ),
        "rows": rows, "empty": translate(request, _("You are not assigned to a case.")),
        "href": "/cases?mine=yes", "more": translate(request, _("All my cases")),
    }


def _in_state(request, title, empty, href: str, *conditions) -> dict:
    query = select(Case).where(Case.lead_agency_id == request.identity.agency_id, *conditions)
    cases = list(request.db.scalars(query.order_by(Case.id).limit(ROWS)))
    request.names.want("user_account", (case.lead_officer_id for case in cases))
    rows = [
        [screens.link(case.ref, href.format(ref=case.ref)), case.title, code_label(request, "case_state", case.state),
         code_label(request, "risk_to_child", case.risk_to_child),
         request.names.of("user_account", case.lead_officer_id)]
        for case in cases
    ]
    return {
        "title": translate(request, title), "rows": rows, "empty": translate(request, empty),
        "columns": _words(request, _("Reference"), _("Code name"), _("State"), _("Risk to a child"), _("Lead officer")),
    }


def to_review(request) -> dict:
    """Files that wait for the supervisor."""
    return _in_state(request, _("Files to review"), _("No file waits for your review."), "/cases/{ref}/check",
                     Case.state == "supervisor_review")


def without_lead(request) -> dict | None:
    """Cases nobody leads."""
    found = _in_state(request, _("Cases without a lead officer"), _("Every case has a lead officer."),
                      "/cases/{ref}/team/assign", Case.lead_officer_id.is_(None),
                       Case.state.not_in(OVER))
    return found if found["rows"] else None


def overdue_of_team(request) -> dict:
    """Red deadlines of the own agency."""
    query = select(Task).where(
        Task.queue_agency_id == request.identity.agency_id, Task.state.in_(OPEN), Task.due_at < now(),
        Task.paused_at.is_(None),
    )
    found = list(request.db.scalars(query.order_by(Task.due_at).limit(ROWS)))
    request.names.want("user_account", (task.assignee_id for task in found))
    rows = [
        [screens.link(task.record_ref, f"/go/{task.record_ref}"),
         screens.link(title_of(request, task.rule, task.title), f"/tasks/{task.ref}"),
         _clock(task.due_at), request.names.of("user_account", task.assignee_id)]
        for task in found
    ]
    return {
        "title": translate(request, _("Overdue in the team")),
        "columns": _words(request, _("Record"), _("Task"), _("Due"), _("Who")), "rows": rows,
        "empty": translate(request, _("Nothing is overdue.")), "href": "/tasks?which=team",
        "more": translate(request, _("The whole team's tasks")),
    }


def accounts_waiting(request) -> dict:
    """What waits for an administrator: proposals, links to hand over, accounts that end soon or sleep."""
    queue = admin_queue(request.db, now())
    rows = [
        [screens.link(code_label(request, "account_change", change.kind), "/admin/changes"),
         translate(request, _("Waits for a second administrator")),
         format_datetime(change.created_at, request.locale_name)]
        for change in queue.changes
    ]
    for users, why in ((queue.links, _("A link waits to be handed over")), (queue.expiring, _("Ends soon")),
                       (queue.dormant, _("Not used for 90 days"))):
        rows += [_account(request, user, why) for user in users[:ROWS]]
    return {
        "title": translate(request, _("Accounts")), "columns": _words(request, _("Account"), _("Why"), _("Date")),
        "rows": rows, "empty": translate(request, _("No account needs you.")), "href": "/admin/users",
        "more": translate(request, _("All accounts")),
    }


def _account(request, user: User, why) -> list:
    return [screens.link(user.login, f"/admin/users/{user.id}"), translate(request, why),
            format_date(user.expires_on, request.locale_name) if user.expires_on else ""]


def health(request) -> dict:
    """Whether the program is well, in numbers that name nobody."""
    return {
        "title": translate(request, _("How the program is")), "empty": "",
        "columns": _words(request, _("What"), _("Value")),
        "rows": [[translate(request, _("Alarms that are late (the periodic work should sound them)")),
                  str(_waiting_alarms(request))]],
    }


def _waiting_alarms(request) -> int:
    late = select(func.count(Task.id)).where(Task.state.in_(OPEN), Task.warn_at < now())
    with unscoped(request.db, "a number of late alarms, for who runs the program"):
        return request.db.execute(late).scalar_one()


def register() -> None:
    """Put the panels on the first screens."""
    screens.panel("INV", my_cases)
    screens.panel("FOR", my_cases)
    for function in (overdue_of_team, to_review, without_lead, links.to_approve):
        screens.panel("PSU", function)
    screens.panel("SWS", overdue_of_team)
    screens.panel("ADM", accounts_waiting)
    screens.panel("ADM", health)
    screens.entry(("ADM",), _("Accounts"), "/admin/users")

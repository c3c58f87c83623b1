"""Panels of the first screens that rest on cases alone (DOMAIN 6)."""

import datetime as dt
from collections.abc import Iterable

from sqlalchemy import Select, SelectBase, and_, func, select, union_all

from casework.accounts.changes import admin_queue
from casework.accounts.models import User
from casework.authz.conditions import granted, granted_subjects, moment
from casework.authz.identity import Identity
from casework.authz.scope import kept, narrowed, scoped_by_hand, unscoped, visible
from casework.db.base import now
from casework.records.paging import in_order, soonest
from casework.web.i18n import _, format_date, format_datetime
from casework.web.render import code_label, translate

from . import links, screens
from .models import Case, Task
from .queue import FAR
from .tasks import OPEN
from .titles import title_of

ROWS = 10
OVER = ("closed", "merged", "voided")
LEADERLESS = (Case.lead_officer_id.is_(None), Case.state.not_in(OVER))


def _words(request, *msgids) -> list[str]:
    return [translate(request, msgid) for msgid in msgids]


def _clock(moment: dt.datetime | None) -> dict | str:
    return {"due": moment} if moment is not None else ""


def my_cases(request) -> dict:
    """Cases I am assigned to: those where something of mine runs out first, then the newest.

    It walks from my soonest tasks to their cases: somebody may be assigned to thousands.
    """
    identity = request.identity
    due: dict = {}
    for case_id, at in sorted(_due(request.db), key=lambda row: row.due_at):
        due.setdefault(case_id, at)
    still = (Case.state.not_in(OVER), visible(Case, identity))
    with_clock = select(Case.id).where(Case.id.in_(list(due)[:2 * ROWS]), granted(Case.id, identity), *still)
    newest = in_order(select(Case.id).where(*still), Case, granted_subjects(identity)).limit(ROWS)
    ids = union_all(with_clock, select(newest.subquery().c.id))
    columns = (Case.id, Case.ref, Case.title, Case.state, Case.risk_to_child)
    with scoped_by_hand(request.db, "only ids of what this person may see are looked up"):
        found = request.db.execute(select(*columns).where(Case.id.in_(ids))).all()
    shown = sorted(found, key=lambda case: (due.get(case.id, FAR), case.id))[:ROWS]
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


@kept
def _due(identity: Identity) -> SelectBase:
    """Of each state, my soonest deadlines in cases."""
    soon = (
        select(Task.case_id, Task.due_at)
        .where(Task.assignee_id == identity.user_id, Task.due_at.is_not(None), Task.case_id.is_not(None),
               visible(Task, identity))
        .order_by(Task.due_at).limit(4 * ROWS)
    )
    return union_all(*(select(soon.where(Task.state == state).subquery()) for state in OPEN))


def _own(identity: Identity, *conditions) -> Select:
    return narrowed(select(Case).where(Case.lead_agency_id == identity.agency_id, *conditions).limit(ROWS), identity)


@kept
def _in_review(identity: Identity) -> Select:
    return _own(identity, Case.state == "supervisor_review").order_by(Case.id)


@kept
def _leaderless(identity: Identity) -> Select:
    return _own(identity, *LEADERLESS).order_by(Case.opened_at)


def _in_state(request, title, empty, href: str, cases: Iterable[Case]) -> dict:
    rows = [
        [screens.link(case.ref, href.format(ref=case.ref)), case.title, code_label(request, "case_state", case.state),
         code_label(request, "risk_to_child", case.risk_to_child),
         request.names.later("user_account", case.lead_officer_id)]
        for case in cases
    ]
    return {
        "title": translate(request, title), "rows": rows, "empty": translate(request, empty),
        "columns": _words(request, _("Reference"), _("Code name"), _("State"), _("Risk to a child"), _("Lead officer")),
    }


def to_review(request) -> dict:
    """Files that wait for the supervisor."""
    return _in_state(request, _("Files to review"), _("No file waits for your review."), "/cases/{ref}/check",
                     _in_review(request.db).scalars())


def without_lead(request) -> dict:
    """Cases nobody leads."""
    return _in_state(request, _("Cases without a lead officer"), _("Every case has a lead officer."),
                     "/cases/{ref}/team/assign", _leaderless(request.db).scalars())


def waiting_for_lead(request) -> Select:
    return select(Case.id).where(Case.lead_agency_id == request.identity.agency_id, *LEADERLESS)


def overdue_of_team(request) -> dict:
    """Red deadlines of the own agency."""
    found = _overdue(request.db).scalars().all()
    rows = [
        [screens.link(task.record_ref, f"/go/{task.record_ref}"),
         screens.link(title_of(request, task.rule, task.title), f"/tasks/{task.ref}"),
         _clock(task.due_at), request.names.later("user_account", task.assignee_id)]
        for task in found
    ]
    return {
        "title": translate(request, _("Overdue in the team")),
        "columns": _words(request, _("Record"), _("Task"), _("Due"), _("Who")), "rows": rows,
        "empty": translate(request, _("Nothing is overdue.")), "href": "/tasks?which=team",
        "more": translate(request, _("The whole team's tasks")),
    }


@kept
def _overdue(identity: Identity) -> Select:
    late = (Task.queue_agency_id == identity.agency_id, Task.due_at < moment("now"), Task.paused_at.is_(None))
    return soonest(identity, Task, Task.due_at, *(and_(Task.state == state, *late) for state in OPEN), limit=ROWS)


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
    for function in (overdue_of_team, to_review):
        screens.panel("PSU", function)
    screens.panel("PSU", without_lead, waiting_for_lead)
    screens.panel("PSU", links.to_approve, links.waiting)
    screens.panel("SWS", overdue_of_team)
    screens.panel("ADM", accounts_waiting)
    screens.panel("ADM", health)
    screens.entry(("ADM",), _("Accounts"), "/admin/users")

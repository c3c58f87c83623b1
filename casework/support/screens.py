"""Panels of the first screens of social workers, their supervisors and providers (DOMAIN 6)."""

from markupsafe import Markup
from sqlalchemy import case as either
from sqlalchemy import func, or_, select

from casework.accounts.models import User
from casework.authz.access import shown
from casework.cases import clocks, screens
from casework.cases.models import Task
from casework.cases.options import people_at
from casework.cases.tasks import OPEN
from casework.db.base import now
from casework.web.i18n import _, format_date, format_datetime
from casework.web.render import clock, code_label, environment, translate

from .models import Consent, SupportReferral, SupportSending
from .page import minimal_rows
from .workflow import FLOW

ROWS = 15
CARED_FOR = tuple(state for state in FLOW.states if state not in ("closed", "transferred", "voided"))
URGENT = {"high": 0, "medium": 1, "low": 2}


def _words(request, *msgids) -> list[str]:
    return [translate(request, msgid) for msgid in msgids]


def _link(record) -> Markup:
    return screens.link(record.ref, f"/support/{record.ref}")


def _order(column):
    return either(*((column == code, number) for code, number in URGENT.items()), else_=9)


def _due(request, records, rule: str | None = None) -> dict:
    """When the first clock runs out for each record, with one query."""
    query = select(Task.record_id, func.min(Task.due_at)).where(
        Task.record_id.in_([one.id for one in records]), Task.state.in_(OPEN)
    )
    if rule is not None:
        clocks.rule_of(rule)
        query = query.where(Task.rule == rule)
    return dict(request.db.execute(query.group_by(Task.record_id)).all()) if records else {}


def _clock(request, due) -> Markup | str:
    if due is None:
        return ""
    ui = environment(request).get_template("macros.jinja2").module
    return ui.tag(clock(request, due), "red") if due < now() else clock(request, due)


def new_requests(request) -> dict:
    """Requests to my agency that nobody has taken: the most urgent first."""
    mine = SupportReferral.agency_id == request.identity.agency_id
    query = select(SupportReferral).where(
        mine, SupportReferral.state == "draft", SupportReferral.worker_id.is_(None), SupportReferral.voided_at.is_(None)
    )
    found = list(request.db.scalars(query.order_by(_order(SupportReferral.urgency), SupportReferral.id).limit(ROWS)))
    due = _due(request, found, "D-20a")
    request.names.want("agency", (one.requested_by_id for one in found))
    return {
        "title": translate(request, _("Requests that wait")), "empty": translate(request, _("No request waits.")),
        "columns": _words(request, _("Reference"), _("Urgency"), _("Asked for by"), _("Time left for the contact")),
        "rows": [[_link(one), code_label(request, "urgency", one.urgency),
                  request.names.of("agency", one.requested_by_id), _clock(request, due.get(one.id))] for one in found],
    }


def my_children(request) -> dict:
    """The children I work with, by their next contact and clock."""
    me, role = request.identity.user_id, request.identity.role
    mine = SupportReferral.provider_worker_id == me if role == "PRV" else SupportReferral.worker_id == me
    query = select(SupportReferral).where(mine, SupportReferral.state.in_(CARED_FOR))
    first = (SupportReferral.next_contact_on.is_(None), SupportReferral.next_contact_on, SupportReferral.id)
    found = list(request.db.scalars(query.order_by(*first).limit(ROWS)))
    due = _due(request, found)
    request.names.want("person", (one.child_id for one in found))
    rows = [
        [_link(one), request.names.of("person", one.child_id), code_label(request, "support_state", one.state),
         format_date(one.next_contact_on, request.locale_name) if one.next_contact_on else "",
         _clock(request, due.get(one.id))]
        for one in found
    ]
    return {
        "title": translate(request, _("My children")), "rows": rows, "href": "/support",
        "columns": _words(request, _("Reference"), _("Child"), _("State"), _("Next contact"), _("Next deadline")),
        "empty": translate(request, _("No child is with you yet.")),
        "more": translate(request, _("All support")),
    }


def provider_answers(request) -> dict | None:
    """What providers answered about my children, as long as it asks for a next step."""
    query = select(SupportReferral).where(
        SupportReferral.worker_id == request.identity.user_id, SupportReferral.state.in_(("accepted", "rejected"))
    )
    return _answers(request, query, _("Answers of providers"))


def without_provider(request) -> dict | None:
    """Children of my agency whose provider said no."""
    query = select(SupportReferral).where(
        SupportReferral.agency_id == request.identity.agency_id, SupportReferral.state == "rejected"
    )
    return _answers(request, query, _("Rejected: find another provider"))


def unanswered(request) -> dict | None:
    """Providers that let their time run out."""
    query = select(SupportSending).where(
        SupportSending.agency_id == request.identity.agency_id, SupportSending.state == "sent"
    )
    rule, at = clocks.rule_of("D-20d"), now()
    late = [one for one in request.db.scalars(query.order_by(SupportSending.id))
            if clocks.due_time(rule, one.sent_at, one.urgency) < at]
    if not late:
        return None
    request.names.want("agency", (one.provider_agency_id for one in late))
    return {
        "title": translate(request, _("Providers that have not answered")), "empty": "",
        "columns": _words(request, _("Reference"), _("Provider"), _("Sent")),
        "rows": [[screens.link(one.ref, f"/asked/{one.ref}"), request.names.of("agency", one.provider_agency_id),
                  format_datetime(one.sent_at, request.locale_name)] for one in late[:ROWS]],
    }


def _answers(request, query, title) -> dict | None:
    found = list(request.db.scalars(query.order_by(SupportReferral.answered_at.desc()).limit(ROWS)))
    if not found:
        return None
    request.names.want("agency", (one.provider_agency_id for one in found))
    return {
        "title": translate(request, title), "empty": "",
        "columns": _words(request, _("Reference"), _("Provider"), _("Answer"), _("Why not"), _("Answered")),
        "rows": [[_link(one), request.names.of("agency", one.provider_agency_id),
                  code_label(request, "support_state", one.state),
                  code_label(request, "provider_reject_reason", one.reject_reason) if one.reject_reason else "",
                  format_datetime(one.answered_at, request.locale_name)] for one in found],
    }


def overdue_contacts(request) -> dict:
    """First contacts that are late, in my agency."""
    query = (
        select(SupportReferral, Task.due_at).join(Task, Task.record_id == SupportReferral.id)
        .where(SupportReferral.agency_id == request.identity.agency_id, Task.rule == "D-20a", Task.state.in_(OPEN),
               Task.due_at < now())
        .order_by(Task.due_at).limit(ROWS)
    )
    found = request.db.execute(query).all()
    request.names.want("user_account", (one.worker_id for one, _due_at in found))
    rows = [
        [_link(one), code_label(request, "urgency", one.urgency),
         request.names.of("user_account", one.worker_id) or translate(request, _("Nobody yet")),
         _clock(request, due), screens.link(code_label(request, "events", "assign"), f"/support/{one.ref}/do/assign")]
        for one, due in found
    ]
    return {
        "title": translate(request, _("First contacts that are late")), "rows": rows,
        "columns": _words(request, _("Reference"), _("Urgency"), _("Worker"), _("Since"), _("Step")),
        "empty": translate(request, _("No first contact is late.")),
    }


def approvals(request) -> dict:
    """Plans, closures and overrides that wait for the supervisor."""
    waiting = select(Consent.support_id).where(
        Consent.kind == "override", Consent.approved_by_id.is_(None), Consent.voided_at.is_(None)
    )
    query = select(SupportReferral).where(
        SupportReferral.agency_id == request.identity.agency_id, SupportReferral.state.in_(CARED_FOR),
        or_(SupportReferral.plan_asked_at.is_not(None), SupportReferral.state == "closure_requested",
            SupportReferral.void_asked_at.is_not(None), SupportReferral.id.in_(waiting)),
    )
    found = list(request.db.scalars(query.order_by(_order(SupportReferral.level_of_risk), SupportReferral.id)
                                    .limit(ROWS)))
    request.names.want("user_account", (one.worker_id for one in found))
    rows = [
        [_link(one), translate(request, _what(one)), code_label(request, "risk_level", one.level_of_risk or ""),
         request.names.of("user_account", one.worker_id)]
        for one in found
    ]
    return {
        "title": translate(request, _("Approvals that wait")), "rows": rows,
        "columns": _words(request, _("Reference"), _("What"), _("Level of risk"), _("Worker")),
        "empty": translate(request, _("Nothing waits for your approval.")),
    }


def _what(support: SupportReferral):
    if support.void_asked_at is not None:
        return _("Voiding")
    if support.state == "closure_requested":
        return _("Closure")
    return _("Plan") if support.plan_asked_at is not None else _("Best-interests override")


def workload(request) -> dict:
    """Children and late tasks of each social worker of my agency."""
    agency_id = request.identity.agency_id
    children = dict(request.db.execute(
        select(SupportReferral.worker_id, func.count(SupportReferral.id))
        .where(SupportReferral.agency_id == agency_id, SupportReferral.state.in_(CARED_FOR))
        .group_by(SupportReferral.worker_id)
    ).all())
    late = dict(request.db.execute(
        select(Task.assignee_id, func.count(Task.id))
        .where(Task.queue_agency_id == agency_id, Task.state.in_(OPEN), Task.due_at < now(), Task.paused_at.is_(None))
        .group_by(Task.assignee_id)
    ).all())
    people: list[User] = [user for _membership, user in people_at(request, agency_id, ("SW",))]
    return {
        "title": translate(request, _("Load per social worker")),
        "columns": _words(request, _("Worker"), _("Children"), _("Late tasks")),
        "rows": [[user.display_name(request.locale_name), str(children.get(user.id, 0)), str(late.get(user.id, 0))]
                 for user in people],
        "empty": translate(request, _("Nobody works here as a social worker.")),
    }


def asked_of_us(request) -> dict:
    """What my agency was asked: pseudonym, age, sex, district, needs, urgency, and the time left to answer."""
    query = select(SupportSending).where(
        SupportSending.provider_agency_id == request.identity.agency_id, SupportSending.state == "sent"
    )
    found = list(request.db.scalars(query.order_by(_order(SupportSending.urgency), SupportSending.sent_at).limit(ROWS)))
    due = _due(request, found, "D-20d")
    rows = []
    for one in found:
        view = shown(request.db, request.identity, one).minimal_view
        told = [row["value"] for row in minimal_rows(request, view)] if view else [""] * 6
        rows.append([screens.link(one.ref, f"/asked/{one.ref}"), *told, _clock(request, due.get(one.id))])
    return {
        "title": translate(request, _("Requests to us")), "rows": rows,
        "columns": _words(request, _("Reference"), _("Pseudonym"), _("Age"), _("Sex"), _("District"), _("Needs"),
                          _("Urgency"), _("Time left to answer")),
        "empty": translate(request, _("No request waits for your answer.")),
    }


def to_name(request) -> dict | None:
    """Accepted children for whom nobody is named yet."""
    query = select(SupportSending).where(
        SupportSending.provider_agency_id == request.identity.agency_id, SupportSending.state == "accepted",
        SupportSending.worker_id.is_(None),
    )
    found = list(request.db.scalars(query.order_by(SupportSending.id).limit(ROWS)))
    if not found:
        return None
    return {
        "title": translate(request, _("Accepted: name the worker")), "empty": "",
        "columns": _words(request, _("Reference"), _("Answered")),
        "rows": [[screens.link(one.ref, f"/asked/{one.ref}/do/name_worker"),
                  format_datetime(one.answered_at, request.locale_name)] for one in found],
    }


def register() -> None:
    """Put the panels on the first screens."""
    for function in (new_requests, my_children, provider_answers):
        screens.panel("SW", function)
    for function in (overdue_contacts, approvals, new_requests, without_provider, unanswered, workload):
        screens.panel("SWS", function)
    for function in (asked_of_us, to_name, my_children):
        screens.panel("PRV", function)

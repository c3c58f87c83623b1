"""Panels of the first screens of social workers, their supervisors and providers (DOMAIN 6)."""

from collections.abc import Iterable

from markupsafe import Markup
from sqlalchemy import Row, Select, and_, func, literal, not_, select, union_all
from sqlalchemy import case as either

from casework.accounts.models import User
from casework.authz.access import shown
from casework.authz.conditions import moment
from casework.authz.identity import Identity
from casework.authz.scope import kept, narrowed, unscoped
from casework.cases import clocks, screens
from casework.cases.models import Task
from casework.cases.options import at_work, in_force
from casework.cases.tasks import OPEN
from casework.db.base import now
from casework.records.paging import soonest
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
    return _new_requests(request, _by_list(_waiting_only(request.db))["new"])


def of_team(request) -> list[dict]:
    """What a supervisor looks after, with one query: first contacts that are late, approvals, new requests, children
    whose provider said no."""
    found = _by_list(_of_team(request.db))
    rejected = [one for one, _due_at in found["rejected"]]
    panels = (_late(request, found["late"]), _approvals(request, found["asked"]), _new_requests(request, found["new"]),
              _answers(request, rejected, _("Rejected: find another provider")))
    return [one for one in panels if one is not None]


@kept
def _waiting_only(identity: Identity) -> Select:
    return _listed(identity, new=_waiting(identity))


@kept
def _of_team(identity: Identity) -> Select:
    return _listed(identity, late=_late_contacts(identity), asked=_to_approve(identity), new=_waiting(identity),
                   rejected=_without_provider(identity))


def _listed(identity: Identity, **lists: Select) -> Select:
    """(list, support, when the clock of its first contact runs out) of several lists, each given as a select of ids
    with their place in it."""
    first = (
        select(func.min(Task.due_at))
        .where(Task.record_id == SupportReferral.id, Task.rule == "D-20a", Task.state.in_(OPEN))
        .correlate(SupportReferral).scalar_subquery()
    )
    parts = []
    for name, query in lists.items():
        part = query.limit(ROWS).subquery()
        parts.append(select(literal(name).label("list"), part.c.id, part.c.place))
    ids = union_all(*parts).subquery()
    query = select(ids.c.list, SupportReferral, first).join(SupportReferral, SupportReferral.id == ids.c.id)
    return narrowed(query.order_by(ids.c.place), identity)


def _by_list(rows: Iterable[Row]) -> dict[str, list[tuple]]:
    found: dict[str, list[tuple]] = {"late": [], "asked": [], "new": [], "rejected": []}
    for name, support, due in rows:
        found[name].append((support, due))
    return found


def _ordered(*order) -> Select:
    """Ids, with their place by an order."""
    return select(SupportReferral.id, func.row_number().over(order_by=order).label("place")).order_by("place")


def _waiting(identity: Identity) -> Select:
    return _ordered(_order(SupportReferral.urgency), SupportReferral.id).where(
        SupportReferral.agency_id == identity.agency_id, SupportReferral.state == "draft",
        SupportReferral.worker_id.is_(None), SupportReferral.voided_at.is_(None),
    )


def _new_requests(request, new: list[tuple]) -> dict:
    names = request.names
    return {
        "title": translate(request, _("Requests that wait")), "empty": translate(request, _("No request waits.")),
        "columns": _words(request, _("Reference"), _("Urgency"), _("Asked for by"), _("Time left for the contact")),
        "rows": [[_link(one), code_label(request, "urgency", one.urgency), names.later("agency", one.requested_by_id),
                  _clock(request, due)] for one, due in new],
    }


def my_children(request) -> dict:
    """The children I work with: those nobody spoke to yet, then by their next contact."""
    found = _my_children(request.db).scalars().all()
    due = _due(request, found)
    rows = [
        [_link(one), request.names.later("person", one.child_id), code_label(request, "support_state", one.state),
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


@kept
def _my_children(identity: Identity) -> Select:
    worker = SupportReferral.provider_worker_id if identity.role == "PRV" else SupportReferral.worker_id
    cared_for = and_(worker == identity.user_id, SupportReferral.state.in_(CARED_FOR))
    spoken_to = SupportReferral.first_contact_at.is_not(None)
    return soonest(identity, SupportReferral, SupportReferral.next_contact_on, and_(cared_for, not_(spoken_to)),
                   and_(cared_for, spoken_to), limit=ROWS, before=(spoken_to,))


def provider_answers(request) -> dict | None:
    """What providers answered about my children, as long as it asks for a next step."""
    query = select(SupportReferral).where(
        SupportReferral.worker_id == request.identity.user_id, SupportReferral.state.in_(("accepted", "rejected"))
    )
    found = list(request.db.scalars(query.order_by(SupportReferral.answered_at.desc()).limit(ROWS)))
    return _answers(request, found, _("Answers of providers"))


def _without_provider(identity: Identity) -> Select:
    """Children of my agency whose provider said no."""
    return _ordered(SupportReferral.answered_at.desc()).where(
        SupportReferral.agency_id == identity.agency_id, SupportReferral.state == "rejected"
    )


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
    return {
        "title": translate(request, _("Providers that have not answered")), "empty": "",
        "columns": _words(request, _("Reference"), _("Provider"), _("Sent")),
        "rows": [[screens.link(one.ref, f"/asked/{one.ref}"), request.names.later("agency", one.provider_agency_id),
                  format_datetime(one.sent_at, request.locale_name)] for one in late[:ROWS]],
    }


def _answers(request, found: list[SupportReferral], title) -> dict | None:
    if not found:
        return None
    return {
        "title": translate(request, title), "empty": "",
        "columns": _words(request, _("Reference"), _("Provider"), _("Answer"), _("Why not"), _("Answered")),
        "rows": [[_link(one), request.names.later("agency", one.provider_agency_id),
                  code_label(request, "support_state", one.state),
                  code_label(request, "provider_reject_reason", one.reject_reason) if one.reject_reason else "",
                  format_datetime(one.answered_at, request.locale_name)] for one in found],
    }


def _late_contacts(identity: Identity) -> Select:
    """First contacts that are late, in my agency."""
    return _ordered(Task.due_at).join(Task, Task.record_id == SupportReferral.id).where(
        SupportReferral.agency_id == identity.agency_id,
        Task.queue_agency_id == identity.agency_id, Task.rule == "D-20a", Task.state.in_(OPEN),
        Task.due_at < moment("now"),
    )


def _late(request, late: list[tuple]) -> dict:
    nobody, assign = translate(request, _("Nobody yet")), code_label(request, "events", "assign")
    rows = [
        [_link(one), code_label(request, "urgency", one.urgency),
         request.names.later("user_account", one.worker_id, nobody), _clock(request, due),
         screens.link(assign, f"/support/{one.ref}/do/assign")]
        for one, due in late
    ]
    return {
        "title": translate(request, _("First contacts that are late")), "rows": rows,
        "columns": _words(request, _("Reference"), _("Urgency"), _("Worker"), _("Since"), _("Step")),
        "empty": translate(request, _("No first contact is late.")),
    }


def _to_approve(identity: Identity) -> Select:
    """Plans, closures and overrides that wait for the supervisor."""
    waiting = select(Consent.support_id).where(
        Consent.kind == "override", Consent.approved_by_id.is_(None), Consent.voided_at.is_(None)
    )
    ours = SupportReferral.agency_id == identity.agency_id
    ways = (SupportReferral.plan_asked_at.is_not(None), SupportReferral.state == "closure_requested",
            SupportReferral.void_asked_at.is_not(None), SupportReferral.id.in_(waiting))
    asked = union_all(*(select(SupportReferral.id).where(ours, way) for way in ways))
    return _ordered(_order(SupportReferral.level_of_risk), SupportReferral.id).where(
        SupportReferral.id.in_(asked), SupportReferral.state.in_(CARED_FOR))


def _approvals(request, asked: list[tuple]) -> dict:
    rows = [
        [_link(one), translate(request, _what(one)), code_label(request, "risk_level", one.level_of_risk or ""),
         request.names.later("user_account", one.worker_id)]
        for one, _due_at in asked
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
    # Row security would be asked about every child of the agency, only to count them.
    with unscoped(request.db, "the query says itself whom this person sees"):
        people = in_force(_workload(request.db))
    return {
        "title": translate(request, _("Load per social worker")),
        "columns": _words(request, _("Worker"), _("Children"), _("Late tasks")),
        "rows": [[user.display_name(request.locale_name), str(cared_for), str(overdue)]
                 for _membership, user, cared_for, overdue in people],
        "empty": translate(request, _("Nobody works here as a social worker.")),
    }


@kept
def _workload(identity: Identity) -> Select:
    agency_id = identity.agency_id
    children = (
        select(func.count(SupportReferral.id))
        .where(SupportReferral.agency_id == agency_id, SupportReferral.state.in_(CARED_FOR),
               SupportReferral.worker_id == User.id)
    )
    late = (
        select(func.count(Task.id))
        .where(Task.queue_agency_id == agency_id, Task.state.in_(OPEN), Task.due_at < moment("now"),
               Task.paused_at.is_(None), Task.assignee_id == User.id)
    )
    return narrowed(at_work(agency_id, ("SW",), also=(
        children.correlate(User).scalar_subquery(), late.correlate(User).scalar_subquery(),
    )), identity)


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
    for function in (of_team, unanswered, workload):
        screens.panel("SWS", function)
    for function in (asked_of_us, to_name, my_children):
        screens.panel("PRV", function)

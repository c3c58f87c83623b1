"""What people may choose in forms of cases: officers with their load, agencies, offences, support of the case."""

import datetime as dt
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Row,
    Select,
    and_,
    bindparam,
    func,
    not_,
    or_,
    select,
)
from sqlalchemy import case as either

from casework.accounts.models import Agency, Membership, User
from casework.authz.conditions import apart_in, shut_to
from casework.authz.identity import Identity
from casework.authz.scope import unscoped
from casework.db.base import now
from casework.people.models import Person
from casework.web.i18n import _, local_time
from casework.web.render import code_label, translate

from . import facts
from .models import Case, Task
from .tasks import OPEN


def agencies_of(kind: str | None) -> Callable:
    """A source of the active agencies of a type, or of all."""

    def pairs(request) -> list[tuple[str, str]]:
        query = select(Agency).where(Agency.active.is_(True)).order_by(Agency.code)
        found = [a for a in request.db.scalars(query) if kind is None or kind in a.type.split()]
        # The session holds on to them: who looks one of them up afterwards asks the database no more.
        request.db.info["agencies"] = found
        return [(str(a.id), a.name(request.locale_name)) for a in found]

    return pairs


def prosecutions(request) -> list[tuple[str, str]]:
    """Prosecutions with jurisdiction in the province of the case; the one of the province first."""
    case = case_in_hand(request)
    province = case.province if case is not None else None
    query = select(Agency).where(Agency.active.is_(True), Agency.type.contains("prosecution")).order_by(Agency.code)
    found = [
        a for a in request.db.scalars(query)
        if "prosecution" in a.type.split() and (province is None or a.jurisdiction in (province, "national"))
    ]
    found.sort(key=lambda agency: agency.jurisdiction != province)
    return [(str(a.id), a.name(request.locale_name)) for a in found]


def people_at(request, agency_id, roles: tuple[str, ...]) -> list[Row]:
    """(Membership, User) of who works at an agency in some roles today, at any agency when None."""
    return in_force(request.db.execute(at_work(agency_id, roles)))


def at_work(agency_id, roles: tuple[str, ...], also: tuple = ()) -> Select:
    """The query of `people_at`; `also` are further columns to ask for of each."""
    query = (
        select(Membership, User, *also).join(User, User.id == Membership.user_id)
        .where(Membership.role.in_(roles), Membership.ended_at.is_(None), User.active.is_(True))
        .order_by(User.name)
    )
    return query if agency_id is None else query.where(Membership.agency_id == agency_id)


def in_force(rows: Iterable[Row]) -> list[Row]:
    """Rows that begin with a membership that counts today."""
    today = local_time(now()).date()
    return [row for row in rows if row[0].in_force(today)]


def names_at(request, agency_id, role: str) -> list[tuple[Any, str]]:
    """(id, name) of who has a role at an agency."""
    query = _names_at(request.locale_name == "km")
    return [(key, text) for key, text in request.db.execute(query, {"agency": agency_id, "role": role})]


@lru_cache
def _names_at(km: bool) -> Select:
    return (
        select(User.id, func.coalesce(User.name_km, User.name) if km else User.name)
        .join(Membership, Membership.user_id == User.id)
        .where(Membership.agency_id == bindparam("agency"), Membership.role == bindparam("role"),
               Membership.ended_at.is_(None), User.active.is_(True))
        .order_by(User.name)
    )


def load_of(request, members: Iterable[Membership], at: dt.datetime) -> dict:
    """membership -> (open tasks, overdue tasks) that it has at its agency. Numbers only: what somebody does at another
    agency is not told, and a task that a conflict of interest shuts is nobody's load."""
    ids = {(member.user_id, member.agency_id): member.id for member in members}
    if not ids:
        return {}
    overdue = func.sum(either((Task.due_at < at, 1), else_=0))
    query = (
        select(Task.assignee_id, Task.queue_agency_id, func.count(Task.id), overdue)
        .where(Task.assignee_id.in_({user for user, _agency in ids}), Task.state.in_(OPEN), not_(_shut()))
        .group_by(Task.assignee_id, Task.queue_agency_id)
    )
    with unscoped(request.db, "numbers of tasks, for who assigns them"):
        return {ids[user, agency]: (count, late or 0) for user, agency, count, late in request.db.execute(query)
                if (user, agency) in ids}


def _shut() -> ColumnElement:
    """Whether a task is of a case that a conflict of interest shuts to who has it."""
    cases = shut_to(Task.assignee_id)
    return or_(and_(Task.case_id.is_not(None), Task.case_id.in_(cases)), apart_in(Task.record_id, cases))


def with_load(request, pairs: list[tuple[Membership, User]], value: Callable) -> list[tuple[str, str]]:
    """(value, "name (5 open, 1 overdue)") of people."""
    loads = load_of(request, [member for member, _user in pairs], now())
    found = []
    for membership, user in pairs:
        count, late = loads.get(membership.id, (0, 0))
        words = translate(request, _("${count} open, ${late} overdue"), count=count, late=late)
        found.append((str(value(membership)), f"{user.display_name(request.locale_name)} ({words})"))
    return found


def assignees(request) -> list[tuple[str, str]]:
    """Who may get a task: who works where it belongs, in its role; for a new one, the own colleagues."""
    identity: Identity = request.identity
    task = getattr(request.context, "own", None)
    if isinstance(task, Task):
        agency_id, role = task.queue_agency_id, task.queue_role
    else:
        agency_id, role = identity.agency_id, "INV" if identity.role == "PSU" else identity.role
    return with_load(request, people_at(request, agency_id, (role,)), lambda m: m.user_id)


def lead_officers(request) -> list[tuple[str, str]]:
    """Investigators of the own agency."""
    return with_load(request, people_at(request, request.identity.agency_id, ("INV",)), lambda m: m.user_id)


def team(request) -> list[tuple[str, str]]:
    """Who may be put on a case: investigators of the lead agency, examiners of any; by membership."""
    case = request.context.own
    pairs = people_at(request, case.lead_agency_id, ("INV",)) + people_at(request, None, ("FOR",))
    found = dict(with_load(request, pairs, lambda m: m.id))
    roles = {str(m.id): code_label(request, "roles", m.role) for m, _user in pairs}
    return [(value, f"{label} – {roles[value]}") for value, label in found.items()]


def offences(request) -> list[tuple[str, str]]:
    """Offences in force on the day of the offence; those the conduct may be come first."""
    case = case_in_hand(request)
    day = facts.offence_day(case) if case is not None else now().date()
    rows = request.registry["offences"].valid_on(day)
    conduct = set(case.conduct) if case is not None else set()
    rows.sort(key=lambda row: not conduct & row.conduct)
    return [(row.code, f"{row.article}: {row.title(request.locale_name)}") for row in rows]


def people_in(*roles: str) -> Callable:
    """A source of the people of the case in hand in some roles, by pseudonym; of any role when none is named."""

    def pairs(request) -> list[tuple[str, str]]:
        case = case_in_hand(request)
        if case is None:
            return []
        query = select(Person).where(Person.case_id == case.id, Person.voided_at.is_(None)).order_by(Person.id)
        if roles:
            query = query.where(Person.role.in_(roles))
        return [
            (str(p.id), f"{p.pseudonym} ({code_label(request, 'person_role', p.role)})")
            for p in request.db.scalars(query)
        ]

    return pairs


def case_in_hand(request) -> Case | None:
    """The case that the page of this request belongs to."""
    chain = getattr(request.context, "chain", ())
    return next((record for _rt, record in chain if isinstance(record, Case)), None)


def support_of_case(request) -> list[tuple[str, str]]:
    """The support asked for in the case, by reference."""
    rt = request.registry["record_types"].get("support_referral")
    if rt is None:
        return []
    query = select(rt.model).where(rt.model.case_id == case_in_hand(request).id, rt.model.voided_at.is_(None))
    return [(str(record.id), record.ref) for record in request.db.scalars(query)]


def includeme(config) -> None:
    for kind in ("police", "prosecution", "court"):
        config.add_options(f"agencies:{kind}", agencies_of(kind))
    config.add_options("agencies:any", agencies_of(None))
    config.add_options("agencies:social", agencies_of("social_gov"))
    config.add_options("agencies:provider", agencies_of("social_ngo"))
    config.add_options("agencies:prosecution", prosecutions)
    config.add_options("users:assignee", assignees)
    config.add_options("users:lead_officer", lead_officers)
    config.add_options("users:team", team)
    config.add_options("offences", offences)
    config.add_options("support:of_case", support_of_case)
    config.add_options("persons:any", people_in())
    for role in ("suspect", "victim", "witness", "caregiver"):
        config.add_options(f"persons:{role}", people_in(role))
    config.add_options("persons:guardian", people_in("caregiver", "witness", "other"))

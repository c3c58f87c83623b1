"""Accounts as administrators and auditors see them: the list, one account, and the changes that wait for a second."""

import uuid
from urllib.parse import urlencode

from pyramid.httpexceptions import HTTPForbidden, HTTPSeeOther
from sqlalchemy import and_, or_, select
from sqlalchemy.orm import selectinload

from casework.web.i18n import _
from casework.workflow.engine import Refused
from schemas.fields import ReasonSchema

from .. import agencies, changes, leaving, service, sessions
from ..models import AccountChange, Membership, User
from . import common
from .changes import people_of
from .propose import account_of

PAGE = 25
STATES = {"active": _("In use"), "shut": _("Shut"), "waiting": _("Not set up yet"), "expired": _("Expired")}


def state_of(user: User, at) -> str:
    """One of STATES."""
    if not user.active:
        return "shut"
    if user.expires_on is not None and user.expires_on < sessions.day(at):
        return "expired"
    return "active" if user.mfa_enrolled_at is not None else "waiting"


def users(request) -> dict:
    """The list, by user name, 25 a page; filters stand in the address."""
    at, locale = sessions.clock(request), request.locale_name
    given = {name: request.GET.get(name, "").strip() for name in ("q", "role", "agency", "state")}
    query = _filtered(select(User), given, at)
    after = request.GET.get("after", "")
    if after:
        query = query.where(User.login > after)
    rows = list(request.db.scalars(
        query.options(selectinload(User.memberships).joinedload(Membership.agency), selectinload(User.activity))
        .order_by(User.login).limit(PAGE + 1)
    ))
    kept = [(name, value) for name, value in given.items() if value]
    more = urlencode([*kept, ("after", rows[PAGE - 1].login)]) if len(rows) > PAGE else None
    return {
        "rows": rows[:PAGE], "next": f"/admin/users?{more}" if more else None, "given": given, "states": STATES,
        "start": f"/admin/users?{urlencode(kept)}" if after else None, "state_of": lambda user: state_of(user, at),
        "agencies": agencies.choices(request.db, locale), "today": sessions.day(at),
        "roles": request.registry["codes"].choices("roles", locale), "waiting": len(changes.waiting(request.db)),
    }


def _filtered(query, given: dict[str, str], at):
    if given["q"]:
        words = f"%{given['q'].casefold().replace('%', '').replace('_', '')}%"
        query = query.where(or_(User.login.ilike(words), User.name.ilike(words), User.name_km.ilike(words)))
    held = [Membership.ended_at.is_(None)]
    if given["role"]:
        held.append(Membership.role == given["role"])
    if given["agency"]:
        try:
            held.append(Membership.agency_id == uuid.UUID(given["agency"]))
        except ValueError:
            held.append(Membership.id.is_(None))
    if len(held) > 1:
        query = query.where(User.memberships.any(and_(*held)))
    if given["state"] == "shut":
        query = query.where(User.active.is_(False))
    elif given["state"] == "expired":
        query = query.where(User.active, User.expires_on < sessions.day(at))
    elif given["state"] in ("active", "waiting"):
        set_up = User.mfa_enrolled_at.is_not(None) if given["state"] == "active" else User.mfa_enrolled_at.is_(None)
        query = query.where(User.active, set_up)
    return query


def user(request) -> dict:
    """One account: roles, factors, sessions, what waits."""
    account, at = account_of(request), sessions.clock(request)
    query = select(AccountChange).where(AccountChange.subject_id == account.id).order_by(AccountChange.id.desc())
    waiting = list(request.db.scalars(query.limit(20)))
    return {
        "user": account, "state": STATES[state_of(account, at)], "own": account.id == request.identity.user_id,
        "roles": [m for m in account.memberships if m.ended_at is None],
        "ended": [m for m in account.memberships if m.ended_at is not None],
        "sessions": sessions.of_user(request.db, account.id), "changes": waiting, "kinds": changes.KINDS,
        "names": people_of(request, waiting), "link": None, "done": request.GET.get("done"),
    }


def disable(request):
    """Shut an account now. One person does it: waiting for a second would leave the door open."""
    account = account_of(request)
    if account.id == request.identity.user_id:
        raise HTTPForbidden("own account")

    def save(form, data: dict):
        service.disable(request.db, account, sessions.clock(request), data["reason"])
        return HTTPSeeOther(f"/admin/users/{account.id}?done=disabled")

    return common.form_page(
        request, ReasonSchema, save, title=_("Shut the account of ${name}", mapping={"name": account.name}),
        buttons=(("disable", _("Shut the account now")),), back=f"/admin/users/{account.id}",
        left=leaving.counts(request.db, account.id),
        warning=_("The person is signed out everywhere at once. To open the account again takes two administrators."),
    )


def end_sessions(request):
    """Sign a person out everywhere."""
    account = account_of(request)
    count = sessions.end_all(request.db, account.id, "revoked", sessions.clock(request))
    common.note(request, "session_ended", account.id, why="administrator", count=count)
    return HTTPSeeOther(f"/admin/users/{account.id}?done=sessions")


def make_link(request) -> dict:
    """A one-time link, shown in the answer to this form alone."""
    account = account_of(request)
    if account.id == request.identity.user_id:
        raise HTTPForbidden("own account")
    try:
        token = service.make_link(request.db, account, sessions.clock(request), request.identity.user_id)
    except Refused:
        return HTTPSeeOther(f"/admin/users/{account.id}")
    return {**user(request), "link": f"{request.registry['settings'].base_url}/invitation/{token}",
            "hours": service.LINK_HOURS[account.pending_link]}

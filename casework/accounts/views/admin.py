"""Accounts as administrators and auditors see them: the list, one account, and the changes that wait for a second."""

import uuid
from urllib.parse import urlencode

from pyramid.httpexceptions import HTTPForbidden, HTTPNotFound, HTTPSeeOther
from sqlalchemy import and_, or_, select
from sqlalchemy.orm import selectinload

from casework.db.ids import uuid7
from casework.records.names import agency_names, user_names
from casework.web.i18n import _
from casework.workflow.engine import NotAllowed, Refused
from schemas import accounts
from schemas.fields import ReasonSchema

from .. import agencies, changes, forms, service, sessions
from ..models import AccountChange, Agency, Membership, User
from . import common

PAGE = 25
STATES = {"active": _("Open"), "shut": _("Shut"), "waiting": _("Not set up yet"), "expired": _("Expired")}


def state_of(user: User, at) -> str:
    """One of STATES."""
    if not user.active:
        return "shut"
    if user.expires_on is not None and user.expires_on < at.date():
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
        "agencies": agencies.choices(request.db, locale), "today": at.date(),
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
        query = query.where(User.active, User.expires_on < at.date())
    elif given["state"] in ("active", "waiting"):
        set_up = User.mfa_enrolled_at.is_not(None) if given["state"] == "active" else User.mfa_enrolled_at.is_(None)
        query = query.where(User.active, set_up)
    return query


def _user(request) -> User:
    user = request.db.get(User, uuid.UUID(request.matchdict["id"]))
    if user is None:
        raise HTTPNotFound()
    return user


def user(request) -> dict:
    """One account: roles, factors, sessions, what waits."""
    account, at = _user(request), sessions.clock(request)
    query = select(AccountChange).where(AccountChange.subject_id == account.id).order_by(AccountChange.id.desc())
    waiting = list(request.db.scalars(query.limit(20)))
    return {
        "user": account, "state": STATES[state_of(account, at)], "own": account.id == request.identity.user_id,
        "roles": [m for m in account.memberships if m.ended_at is None],
        "ended": [m for m in account.memberships if m.ended_at is not None],
        "sessions": sessions.of_user(request.db, account.id), "changes": waiting, "kinds": changes.KINDS,
        "names": _people(request, waiting), "link": None, "done": request.GET.get("done"),
    }


def _people(request, rows: list[AccountChange]) -> dict:
    return user_names(request, [p for row in rows for p in (row.subject_id, row.created_by_id, row.decided_by_id)])


def new_user(request):
    """Propose an account."""

    def save(form, data: dict):
        payload = _payload(data, "login", "name", "name_km", "role", "liaison", "chief", "valid_from", "valid_until",
                           "expires_on")
        payload["login"] = service.canonical_login(data["login"])
        agency_id = uuid.UUID(data["agency"])
        return _propose(request, form, "create_user", payload, uuid7(), agency_id, "/admin/changes")

    return _page(request, accounts.Invite, save, _("New account"), "/admin/users")


def _payload(data: dict, *names: str) -> dict:
    values = {name: data.get(name) for name in names}
    return {
        name: value.isoformat() if hasattr(value, "isoformat") else value
        for name, value in values.items() if value not in (None, False, "")
    }


def _propose(request, form, kind: str, payload: dict, subject_id, agency_id, goes_to: str):
    try:
        changes.propose(
            request.db, request.identity, kind, payload, subject_id=subject_id, agency_id=agency_id
        )
    except Refused as problem:
        raise common.refused(form, problem) from None
    return HTTPSeeOther(f"{goes_to}?done=proposed")


def _page(request, schema, save, title, back: str, values: dict | None = None, **names):
    request.options = lambda source: agencies.choices(request.db, request.locale_name)
    return common.form_page(
        request, schema, save, title=title, back=back, values=values,
        buttons=(("send", _("Send to a second administrator")),),
        **{"lead": _("A second administrator has to approve this before it takes effect."), **names},
    )


def propose(request):
    """Propose a change of one account: the kind is in the address, a role by its key in the query."""
    account, kind = _user(request), request.matchdict["kind"]
    path = f"/admin/users/{account.id}"
    title = f"{request.localizer.translate(changes.KINDS[kind].title)}: {account.name}"
    membership = _membership(request, account) if kind in ("change_role", "end_role") else None

    def save(form, data: dict):
        payload = _payload(data, *(n for n in data if n != "agency"))
        agency_id = uuid.UUID(data["agency"]) if "agency" in data else None
        if membership is not None:
            payload["membership_id"], agency_id = str(membership.id), membership.agency_id
        return _propose(request, form, kind, payload, account.id, agency_id, path)

    values = None
    if kind == "change_role":
        names = ("role", "liaison", "chief", "valid_until")
        values = {name: getattr(membership, name) for name in names}
    elif kind == "change_expiry":
        values = {"expires_on": account.expires_on}
    return _page(request, _SCHEMAS[kind], save, title, path, values, warning=_WARNINGS.get(kind))


_SCHEMAS = {
    "add_role": accounts.Membership, "change_role": forms.Role, "end_role": ReasonSchema, "change_expiry": forms.Expiry,
    "reset_password": forms.IdentityChecked, "reset_factor": forms.IdentityChecked, "enable": ReasonSchema,
}
_WARNINGS = {
    "reset_factor": _("Once approved, the person is signed out everywhere and cannot sign in until a new "
                      "authenticator is set up with a link."),
    "end_role": _("Once approved, the person is signed out at once and loses every access of this role."),
    "change_role": _("Once approved, the person is signed out at once and signs in again in the new role."),
}


def _membership(request, account: User) -> Membership:
    try:
        wanted = uuid.UUID(request.GET.get("role", ""))
    except ValueError:
        raise HTTPNotFound() from None
    for membership in account.memberships:
        if membership.id == wanted and membership.ended_at is None:
            return membership
    raise HTTPNotFound()


def disable(request):
    """Shut an account now. One person does it: waiting for a second would leave the door open."""
    account = _user(request)
    if account.id == request.identity.user_id:
        raise HTTPForbidden("own account")

    def save(form, data: dict):
        service.disable(request.db, account, sessions.clock(request), data["reason"])
        return HTTPSeeOther(f"/admin/users/{account.id}?done=disabled")

    return common.form_page(
        request, ReasonSchema, save, title=_("Shut the account of ${name}", mapping={"name": account.name}),
        buttons=(("disable", _("Shut the account now")),), back=f"/admin/users/{account.id}",
        warning=_("The person is signed out everywhere at once. To open the account again takes two administrators."),
    )


def end_sessions(request):
    """Sign a person out everywhere."""
    account = _user(request)
    count = sessions.end_all(request.db, account.id, "revoked", sessions.clock(request))
    common.note(request, "session_ended", account.id, why="administrator", count=count)
    return HTTPSeeOther(f"/admin/users/{account.id}?done=sessions")


def make_link(request) -> dict:
    """A one-time link, shown in the answer to this form alone."""
    account = _user(request)
    if account.id == request.identity.user_id:
        raise HTTPForbidden("own account")
    try:
        token = service.make_link(request.db, account, sessions.clock(request), request.identity.user_id)
    except Refused:
        return HTTPSeeOther(f"/admin/users/{account.id}")
    return {**user(request), "link": f"{request.registry['settings'].base_url}/invitation/{token}",
            "hours": service.LINK_HOURS[account.pending_link]}


def change_list(request) -> dict:
    """What waits for a second administrator, and what was decided lately."""
    waiting = changes.waiting(request.db)
    query = select(AccountChange).where(AccountChange.state != changes.PROPOSED)
    decided = list(request.db.scalars(query.order_by(AccountChange.decided_at.desc()).limit(PAGE)))
    rows = [*waiting, *decided]
    return {
        "waiting": waiting, "decided": decided, "kinds": changes.KINDS, "names": _people(request, rows),
        "agency_names": agency_names(request, (row.agency_id for row in rows)), "done": request.GET.get("done"),
        "problem": None,
    }


def decide(request):
    """Approve or withdraw a change by the press of a button."""
    event = request.matchdict["event"]
    try:
        changes.decide(request.db, request.identity, uuid.UUID(request.matchdict["id"]), event)
    except NotAllowed as denied:
        raise HTTPForbidden(str(denied)) from None
    except Refused as refused:
        request.tm.doom()
        request.response.status_int = 422
        return {**change_list(request), "problem": refused.problems[0].message}
    return HTTPSeeOther(f"/admin/changes?done={event}")


def refuse(request):
    """Refuse a change, with the reason."""
    change = request.db.get(AccountChange, uuid.UUID(request.matchdict["id"]))
    if change is None:
        raise HTTPNotFound()

    def save(form, data: dict):
        try:
            changes.decide(request.db, request.identity, change.id, "refuse", data["reason"])
        except NotAllowed as denied:
            raise HTTPForbidden(str(denied)) from None
        except Refused as problem:
            raise common.refused(form, problem) from None
        return HTTPSeeOther("/admin/changes?done=refuse")

    return common.form_page(
        request, ReasonSchema, save, title=_("Refuse: ${kind}", mapping={
            "kind": request.localizer.translate(changes.KINDS[change.kind].title)}),
        buttons=(("refuse", _("Refuse")),), back="/admin/changes",
    )


def agency_list(request) -> dict:
    """All agencies, by code."""
    rows = list(request.db.scalars(select(Agency).options(selectinload(Agency.parent)).order_by(Agency.code)))
    return {"rows": rows, "done": request.GET.get("done")}


def edit_agency(request):
    """Propose what a deployment fills in about an agency."""
    agency = request.db.get(Agency, uuid.UUID(request.matchdict["id"]))
    if agency is None:
        raise HTTPNotFound()

    def save(form, data: dict):
        payload = {**_payload(data, "contact_point", "quality_checked_at"), "active": data["active"]}
        return _propose(request, form, "change_agency", payload, agency.id, agency.id, "/admin/agencies")

    values = {name: getattr(agency, name) for name in ("contact_point", "quality_checked_at", "active")}
    return _page(request, forms.ContactPoint, save, agency.name(request.locale_name), "/admin/agencies", values)

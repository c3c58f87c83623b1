"""Proposals of changes: one form for each kind, sent to a second administrator."""

import uuid

from pyramid.httpexceptions import HTTPForbidden, HTTPNotFound, HTTPSeeOther

from casework.db.ids import uuid7
from casework.web.i18n import _
from casework.workflow.engine import Refused
from schemas import accounts
from schemas.fields import ReasonSchema

from .. import agencies, changes, forms, leaving, service, sessions
from ..models import Membership, User
from . import common


def new_user(request):
    """Propose an account."""
    require_proposer(request)

    def save(form, data: dict):
        payload = payload_of(data, "login", "name", "name_km", "role", "liaison", "chief", "valid_from", "valid_until",
                           "expires_on")
        payload["login"] = service.canonical_login(data["login"])
        agency_id = uuid.UUID(data["agency"])
        goes_to = "/admin/changes" if request.has_permission("users:W") else base_of(request)
        return send(request, form, "create_user", payload, uuid7(), agency_id, goes_to)

    today = {"valid_from": sessions.day(sessions.clock(request))}
    return page(request, accounts.Invite, save, _("New account"), base_of(request), today)


def base_of(request) -> str:
    """Where the pages of these accounts are: an administrator's, or a supervisor's own agency."""
    return "/admin/users" if request.has_permission("users:W") else "/colleagues"


def account_of(request) -> User:
    """The account in the address; 404 for one that does not exist or, to a supervisor, is at another agency."""
    account = request.db.get(User, uuid.UUID(request.matchdict["id"]))
    if account is None or not (request.has_permission("users:R") or _here(request, account)):
        raise HTTPNotFound()
    return account


def _here(request, account: User) -> bool:
    agency_id = request.identity.agency_id
    return any(m.agency_id == agency_id and m.ended_at is None for m in account.memberships)


def require_proposer(request) -> None:
    """403 for who may propose nothing."""
    if not (request.has_permission("users:W") or changes.may_propose(request.identity)):
        raise HTTPForbidden("may not propose changes of accounts")


def payload_of(data: dict, *names: str) -> dict:
    """The named values as plain JSON, without the empty ones."""
    values = {name: data.get(name) for name in names}
    return {
        name: value.isoformat() if hasattr(value, "isoformat") else value
        for name, value in values.items() if value not in (None, False, "")
    }


def send(request, form, kind: str, payload: dict, subject_id, agency_id, goes_to: str):
    """Propose, and go on; the form again when it cannot be proposed."""
    try:
        changes.propose(
            request.db, request.identity, kind, payload, subject_id=subject_id, agency_id=agency_id
        )
    except Refused as problem:
        raise common.refused(form, problem) from None
    return HTTPSeeOther(f"{goes_to}?done=proposed")


def page(request, schema, save, title, back: str, values: dict | None = None, **names):
    """The page of a proposal. Its schemas may offer every agency."""
    own = None if request.has_permission("users:W") else request.identity.agency_id
    request.options = lambda source: agencies.choices(request.db, request.locale_name, only=own)
    return common.form_page(
        request, schema, save, title=title, back=back, values=values,
        buttons=(("send", _("Send to a second administrator")),),
        **{"lead": _("A second administrator has to approve this before it takes effect."), **names},
    )


def propose(request):
    """Propose a change of one account: the kind is in the address, a role by its key in the query."""
    require_proposer(request)
    account, kind = account_of(request), request.matchdict["kind"]
    base = base_of(request)
    path = f"{base}/{account.id}" if base.startswith("/admin") else base
    title = f"{request.localizer.translate(changes.KINDS[kind].title)}: {account.name}"
    membership = _membership(request, account) if kind in ("change_role", "end_role") else None

    def save(form, data: dict):
        payload = payload_of(data, *(n for n in data if n != "agency"))
        agency_id = uuid.UUID(data["agency"]) if "agency" in data else _own_agency_id(request)
        if membership is not None:
            payload["membership_id"], agency_id = str(membership.id), membership.agency_id
        return send(request, form, kind, payload, account.id, agency_id, path)

    values = None
    if kind == "change_role":
        names = ("role", "liaison", "chief", "valid_until")
        values = {name: getattr(membership, name) for name in names}
    elif kind == "add_role":
        values = {"valid_from": sessions.day(sessions.clock(request))}
    elif kind == "change_expiry":
        values = {"expires_on": account.expires_on}
    left = _left(request, account) if kind == "end_role" and changes.is_last_role(account) else []
    return page(request, _SCHEMAS[kind], save, title, path, values, warning=_WARNINGS.get(kind), left=left)


def _left(request, account: User) -> list:
    """What is open in the person's name: numbers for an administrator, references for a supervisor who sees them."""
    of = leaving.counts if request.has_permission("users:R") else leaving.seen
    return of(request.db, account.id)


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


def _own_agency_id(request) -> uuid.UUID | None:
    return None if request.has_permission("users:W") else request.identity.agency_id


def _membership(request, account: User) -> Membership:
    try:
        wanted = uuid.UUID(request.GET.get("role", ""))
    except ValueError:
        raise HTTPNotFound() from None
    for membership in account.memberships:
        if membership.id == wanted and membership.ended_at is None and (
            request.has_permission("users:W") or membership.agency_id == request.identity.agency_id
        ):
            return membership
    raise HTTPNotFound()

"""Pages of delegation for a leave."""

import uuid
from typing import Any

from pyramid.httpexceptions import HTTPForbidden, HTTPNotFound, HTTPSeeOther

from casework.cases.options import names_at
from casework.db.base import now
from casework.records.forms import run_form
from casework.web.i18n import _
from casework.workflow.engine import NotAllowed
from schemas import exceptions as asks
from schemas.fields import ReasonSchema

from . import delegation
from .models import Delegation

HOME = "/delegations"
TITLE = _("Delegations")
ROWS = 50


def listing(request) -> dict:
    """Mine, and those of my office where I supervise."""
    identity, at = request.identity, now()
    if not delegation.may_delegate(identity):
        raise HTTPForbidden("nobody answers for the assignments of this role")
    rows = delegation.of_person(request.db, identity, ROWS)
    request.names.want("user_account", {i for one in rows for i in (one.from_id, one.to_id, one.decided_by_id)})
    return {
        "rows": [{
            "one": one, "from": request.names.of("user_account", one.from_id),
            "to": request.names.of("user_account", one.to_id), "state": _state(one, at),
            "may_decide": delegation.may_decide(identity, one), "may_end": delegation.may_end(identity, one),
        } for one in rows],
    }


def _state(one: Delegation, at: Any) -> tuple[Any, str]:
    """Where it stands, in words, and the colour of its tag."""
    if one.approved is False:
        return _("Not approved"), "grey"
    if one.ended_at is not None or one.until <= at:
        return _("Ended"), "grey"
    if one.approved is None:
        return _("Waits for the supervisor"), "yellow"
    return (_("Runs"), "green") if one.starts_at <= at else (_("Approved"), "blue")


def new(request):
    """Ask to hand my assignments over."""
    identity = request.identity
    if not delegation.may_delegate(identity):
        raise HTTPForbidden("nobody answers for the assignments of this role")

    def save(data: dict) -> str:
        delegation.propose(request.db, identity, to_id=uuid.UUID(data["to"]), first=data["first"], last=data["last"],
                           reason=data["reason"])
        return HOME

    return run_form(
        request, asks.Delegate(), title=_("Delegate for a leave"), save=save, back=HOME,
        lead=_("A colleague of your office and role gets what you are assigned to, until the last day. A supervisor "
               "agrees first; you keep your own access."),
    )


def _found(request) -> Delegation:
    one = request.db.get(Delegation, uuid.UUID(request.matchdict["id"]))
    if one is None or one not in delegation.of_person(request.db, request.identity, ROWS * 100):
        raise HTTPNotFound()
    return one


def decide(request):
    """A supervisor agrees or refuses."""
    one = _found(request)
    try:
        delegation.decide(request.db, request.identity, one, request.matchdict["answer"] == "approve")
    except NotAllowed as denied:
        raise HTTPForbidden(str(denied)) from None
    return HTTPSeeOther(HOME)


def end(request):
    """End one early."""
    one = _found(request)
    if not delegation.may_end(request.identity, one):
        raise HTTPForbidden("this delegation is not theirs to end")

    def save(data: dict) -> str:
        delegation.end(request.db, request.identity, one, data["reason"])
        return HOME

    return run_form(request, ReasonSchema(), title=_("End the delegation"), save=save, back=HOME,
                    button=_("End it now"), confirm=_("What was given under it ends at once."))


def colleagues(request) -> list[tuple[str, str]]:
    """Who works in the same office and role."""
    identity = request.identity
    return [(str(key), name) for key, name in names_at(request, identity.agency_id, identity.role)
            if key != identity.user_id]

"""Conflicts of interest: declared by oneself, by reference; set and ended by a supervisor. They beat everything."""

import uuid
from typing import Any

from pyramid.httpexceptions import HTTPForbidden, HTTPNotFound
from sqlalchemy import select

from casework.accounts.models import Membership
from casework.authz.identity import Identity
from casework.authz.models import Recusal
from casework.authz.scope import unscoped
from casework.cases import service
from casework.cases.models import Case
from casework.cases.options import people_at
from casework.db.refs import parse_ref
from casework.records.forms import run_form
from casework.records.registry import Context
from casework.web.i18n import _
from casework.web.render import code_label
from casework.workflow.engine import Problem, Refused
from schemas import exceptions as asks
from schemas.fields import ReasonSchema

from .glass import SUPERVISOR, is_supervisor


def declare(request):
    """A conflict in a case that one need not see. The answer is the same whether there is such a case or not."""

    def save(data: dict) -> str:
        ref = parse_ref(data["ref"])
        if ref is None:
            raise Refused(Problem(_("This is no reference: look at each letter and number."), "ref"))
        with unscoped(request.db, "who declares a conflict is told nothing of the case"):
            case = request.db.scalars(select(Case).where(Case.ref == ref)).one_or_none()
        if case is not None:
            service.recuse(request.db, request.identity, request.identity.user_id, case, data["reason"])
        request.audit("recuse", asked=ref)
        return "/conflict?done=yes"

    shown = run_form(
        request, asks.DeclareConflict(), title=_("Declare a conflict of interest"), save=save,
        button=_("Shut this case to me"),
        confirm=_("You will not be able to open this case again, not even in an emergency."),
    )
    return {**shown, "done": request.GET.get("done") == "yes"} if isinstance(shown, dict) else shown


# ---- the supervisor

def _case(context: Context, identity: Identity) -> Case:
    """The case, for a supervisor. Raises HTTPForbidden."""
    if context.own is None:
        raise HTTPNotFound()
    if not is_supervisor(identity):
        raise HTTPForbidden("a supervisor sets and ends a conflict of interest of others")
    return context.own


def _answers_for(db: Any, identity: Identity, user_id: uuid.UUID) -> bool:
    """Whether a person works in the supervisor's office, in a role the supervisor answers for."""
    roles = [role for role, over in SUPERVISOR.items() if over == identity.role]
    query = select(Membership.id).where(
        Membership.user_id == user_id, Membership.agency_id == identity.agency_id, Membership.role.in_(roles),
        Membership.ended_at.is_(None))
    return db.execute(query).first() is not None


def listing(context: Context, request) -> dict:
    """Who is kept out of the case, and who was."""
    case = _case(context, request.identity)
    query = select(Recusal).where(Recusal.case_id == case.id).order_by(Recusal.ended_at.is_not(None), Recusal.id.desc())
    rows = [one for one in request.db.scalars(query) if _answers_for(request.db, request.identity, one.user_id)]
    request.names.want("user_account", {i for one in rows for i in (one.user_id, one.created_by_id, one.ended_by_id)})
    name = lambda key: request.names.of("user_account", key)  # noqa: E731
    return {"case": case, "rows": [{
        "one": one, "name": name(one.user_id), "by": name(one.created_by_id), "ended_by": name(one.ended_by_id),
        "may_end": one.ended_at is None and one.user_id != request.identity.user_id,
    } for one in rows]}


def set_for(context: Context, request):
    """Keep somebody of one's office out of the case."""
    case = _case(context, request.identity)
    back = f"/cases/{case.ref}/conflicts"

    def save(data: dict) -> str:
        service.recuse(request.db, request.identity, uuid.UUID(data["person"]), case, data["reason"])
        return back

    return run_form(
        request, asks.SetConflict(), title=_("Keep somebody out of this case"), save=save, back=back,
        button=_("Shut the case to this person"),
        confirm=_("It ends every assignment the person has here, and no emergency access opens the case."),
    )


def end(context: Context, request):
    """End a conflict of interest, with the reason; never one's own."""
    case = _case(context, request.identity)
    one = request.db.get(Recusal, uuid.UUID(request.matchdict["id"]))
    if one is None or one.case_id != case.id or one.ended_at is not None or not _answers_for(
            request.db, request.identity, one.user_id):
        raise HTTPNotFound()
    if one.user_id == request.identity.user_id:
        raise HTTPForbidden("nobody ends their own conflict of interest")
    back = f"/cases/{case.ref}/conflicts"

    def save(data: dict) -> str:
        service.end_recusal(request.db, request.identity, one, data["reason"])
        return back

    return run_form(request, ReasonSchema(), title=_("End the conflict of interest"), save=save, back=back,
                    button=_("End it"),
                    confirm=_("What the person was assigned to stays ended: assign anew if needed."))


def office(request) -> list[tuple[str, str]]:
    """The people whom this supervisor answers for."""
    roles = tuple(role for role, over in SUPERVISOR.items() if over == request.identity.role)
    return [
        (str(user.id), f"{user.display_name(request.locale_name)} – {code_label(request, 'roles', member.role)}")
        for member, user in people_at(request, request.identity.agency_id, roles) if user.id != request.identity.user_id
    ]

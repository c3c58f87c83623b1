"""Access to one record for one person, with a reason and an end; who holds access to it; taking it back."""

import datetime as dt
import uuid
from typing import Any

from pyramid.httpexceptions import HTTPNotFound
from sqlalchemy import select

from casework.accounts.models import Membership
from casework.authz.models import Grant
from casework.cases import recusal, service
from casework.cases.options import people_at, with_load
from casework.db.base import now
from casework.records.forms import run_form
from casework.records.registry import Context, path_to
from casework.web.i18n import ZONE, _, local_time
from casework.web.render import code_label
from casework.workflow.engine import Problem, Refused
from schemas import exceptions as asks
from schemas.fields import ReasonSchema

ACCESS = "access"
# Record type -> the roles that one may be opened to, and whether people of other offices are among them.
TO = {"case": (("INV", "FOR"), True), "referral": (("INV",), True), "support_referral": (("SW",), False)}
ROWS = 200


def _record(context: Context) -> Any:
    if context.own is None:
        raise HTTPNotFound()
    return context.own


def listing(context: Context, request) -> dict:
    """Who holds access to this record, and who held it."""
    record, names, at = _record(context), request.names, now()
    query = select(Grant).where(Grant.subject_id == record.id).order_by(Grant.ended_at.is_not(None), Grant.id.desc())
    grants = request.db.scalars(query.limit(ROWS)).all()
    names.want("user_account", {i for g in grants for i in (g.principal_id, g.created_by_id, g.ended_by_id)})
    names.want("agency", {g.agency_id for g in grants})
    request.audit("view", record, part="grants")
    return {
        "record": record, "path": path_to(request, record), "rows": [{
            "id": g.id, "office": g.principal_id == g.agency_id, "chief_only": g.chief_only,
            "name": names.of("user_account", g.principal_id), "role": code_label(request, "roles", g.role),
            "agency": names.of("agency", g.agency_id), "since": g.created_at, "until": g.until, "reason": g.reason,
            "by": names.of("user_account", g.created_by_id), "ended": g.ended_at, "why": g.end_reason,
            "kind": _kind(g), "open": g.ended_at is None and (g.until is None or g.until > at),
            "one": g.part == ACCESS,
        } for g in grants],
    }


def _kind(grant: Grant) -> Any:
    if grant.delegation_id is not None:
        return _("For a leave")
    return _("For a time") if grant.part == ACCESS else _("Assigned")


def give(context: Context, request):
    """Open the record to one person until a day."""
    record = _record(context)

    def save(data: dict) -> str:
        member = request.db.get_one(Membership, uuid.UUID(data["person"]))
        give_access(request.db, request.identity, record, member, data["last"], data["reason"])
        return f"{path_to(request, record)}/grants"

    return run_form(
        request, asks.GiveAccess(), title=_("Give access to ${ref}", mapping={"ref": record.ref}), save=save,
        button=_("Give access"), back=f"{path_to(request, record)}/grants",
        lead=_("The person may do here what the role may do with a record it is assigned to, until the end of the "
               "day."),
    )


def give_access(db: Any, identity: Any, record: Any, member: Membership, last: dt.date, reason: str) -> Grant:
    """A grant on one record with its end. Raises Refused for who has access by assignment, or does not work there."""
    roles, others = TO[record.__tablename__]
    at = now()
    if not member.in_force(local_time(at).date()) or member.role not in roles or (
            not others and member.agency_id != identity.agency_id):
        raise Refused(Problem(_("This person cannot be given access to this record."), "person"))
    if member.user_id == identity.user_id:
        raise Refused(Problem(_("Nobody gives access to themselves."), "person"))
    if shut := recusal.problem(db, member.user_id, record, "person"):
        raise Refused(shut)
    until = dt.datetime.combine(last + dt.timedelta(days=1), dt.time(), ZONE).astimezone(dt.UTC)
    for grant in db.scalars(select(Grant).where(
            Grant.subject_id == record.id, Grant.principal_id == member.user_id, Grant.role == member.role,
            Grant.agency_id == member.agency_id, Grant.ended_at.is_(None))):
        if grant.until is None or grant.until > at:
            raise Refused(Problem(_("This person has access already."), "person"))
        service.unassign(db, identity, grant)
    return service.assign(
        db, identity, record, role=member.role, agency_id=member.agency_id, user_id=member.user_id, part=ACCESS,
        until=until, reason=reason,
    )


def withdraw(context: Context, request):
    """Take back access that was given for a time. Assignments end on the pages that make them."""
    record = _record(context)
    grant = request.db.get(Grant, uuid.UUID(request.matchdict["id"]))
    if grant is None or grant.subject_id != record.id or grant.part != ACCESS or grant.ended_at is not None:
        raise HTTPNotFound()
    back = f"{path_to(request, record)}/grants"

    def save(data: dict) -> str:
        service.unassign(request.db, request.identity, grant, data["reason"])
        return back

    return run_form(request, ReasonSchema(), title=_("Withdraw access"), save=save, back=back,
                    button=_("Withdraw access"), confirm=_("It ends at the person's next click."))


def candidates(request) -> list[tuple[str, str]]:
    """Who this record may be opened to, with their load and role."""
    roles, others = TO[request.context.own.__tablename__]
    pairs = people_at(request, None if others else request.identity.agency_id, roles)
    pairs = [(member, user) for member, user in pairs if user.id != request.identity.user_id]
    found = dict(with_load(request, pairs, lambda member: member.id))
    request.names.want("agency", (member.agency_id for member, _user in pairs))
    return [(value, f"{label} – {about}") for (value, label), about in zip(
        found.items(), (_about(request, member) for member, _user in pairs), strict=True)]


def _about(request, member: Membership) -> str:
    return f"{code_label(request, 'roles', member.role)}, {request.names.of('agency', member.agency_id)}"

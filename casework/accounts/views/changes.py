"""Changes of accounts: what waits for a second administrator, and the decision."""

import uuid

from pyramid.httpexceptions import HTTPForbidden, HTTPNotFound, HTTPSeeOther
from sqlalchemy import select

from casework.records.names import agency_names, user_names
from casework.web.i18n import _, format_date, format_datetime
from casework.workflow.engine import NotAllowed, Refused
from schemas.fields import ReasonSchema

from .. import changes
from ..models import AccountChange
from . import common

LATELY = 25


def people_of(request, rows: list[AccountChange]) -> dict[uuid.UUID, str]:
    """Names of everybody these changes speak of."""
    return user_names(request, [p for row in rows for p in (row.subject_id, row.created_by_id, row.decided_by_id)])


def change_list(request) -> dict:
    """What waits for a second administrator, and what was decided lately."""
    waiting = changes.waiting(request.db)
    query = select(AccountChange).where(AccountChange.state != changes.PROPOSED)
    decided = list(request.db.scalars(query.order_by(AccountChange.decided_at.desc()).limit(LATELY)))
    rows = [*waiting, *decided]
    names = people_of(request, rows)
    places = agency_names(request, [i for row in rows for i in (row.agency_id, row.subject_id)])
    return {
        "waiting": [(change, details(request, change, names, places)) for change in waiting], "decided": decided,
        "kinds": changes.KINDS, "names": names, "done": request.GET.get("done"), "problem": None,
        "about": {row.id: about(row, names, places) for row in rows},
    }


def about(change: AccountChange, names: dict, places: dict) -> str:
    """Whom a change is about."""
    return change.payload.get("name") or names.get(change.subject_id) or places.get(change.subject_id) or ""


def details(request, change: AccountChange, names: dict, places: dict) -> list[dict]:
    """A change as rows for the page, without what it does not say."""
    given, locale, label = change.payload, request.locale_name, request.registry["codes"].label
    flags = [label("account_flags", flag, locale) for flag in ("liaison", "chief") if given.get(flag)]
    rows = (
        (_("For"), about(change, names, places)),
        (_("User name"), given.get("login")),
        (_("Name in Khmer"), given.get("name_km")),
        (_("Agency"), places.get(change.agency_id)),
        (_("Role"), label("roles", given["role"], locale) if "role" in given else None),
        (_("Flags"), ", ".join(flags)),
        (_("From"), format_date(given.get("valid_from"), locale)),
        (_("Until"), format_date(given.get("valid_until"), locale)),
        (_("Account expires on"), format_date(given.get("expires_on"), locale)),
        (_("Identity checked"), _("Yes") if given.get("identity_checked") else None),
        (_("Contact point"), given.get("contact_point")),
        (_("Quality checked on"), format_date(given.get("quality_checked_at"), locale)),
        (_("Works with casework"), {True: _("Yes"), False: _("No")}.get(given.get("active"))),
        (_("Reason"), given.get("reason")),
        (_("Proposed"), f"{format_datetime(change.created_at, locale)} {names.get(change.created_by_id, '')}"),
    )
    translate = request.localizer.translate
    return [{"key": translate(key), "value": translate(value)} for key, value in rows if value]


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

"""The page of a record that says who can see it, by which rule, and who did."""

from typing import Any

from markupsafe import Markup, escape
from pyramid.httpexceptions import HTTPForbidden, HTTPNotFound
from sqlalchemy import select

from casework.authz.access import shown
from casework.authz.models import Recusal
from casework.records.frame import expect
from casework.records.history_pages import seen_by
from casework.records.registry import Context, path_to
from casework.web.i18n import _, format_datetime
from casework.web.render import code_label, translate

from . import reach, words
from .did import who_did
from .entitled import ALL, SELF, entitled, kept_back
from .reasons import emergency_roles, facts_of, reasons

SHOWN = {
    ALL: _("Everybody who opened or changed it, from the log."),
    "office": _("People of your office who opened or changed it, from the log. Others are shown to their own "
                "supervisors."),
    SELF: _("What you did yourself, from the log. What others did is shown to supervisors and the auditor."),
}


def link(request, context: Context) -> dict | None:
    """The way to this page, for those it is open to."""
    if entitled(request, context) is None:
        return None
    return {"href": f"{path_to(request, context.own)}/who", "label": translate(request, _("Who can see this?"))}


def page(context: Context, request) -> dict:
    """Who can see the record, by which rule, and who did."""
    record, rt = context.own, context.type
    if record is None:
        raise HTTPNotFound()
    whose = entitled(request, context)
    if whose is None:
        raise HTTPForbidden(f"{request.identity.role} is not shown who can see this")
    expect(request)
    db, identity, matrix = request.db, request.identity, request.registry["matrix"]
    request.audit("view", record, part="who", rule=seen_by(request, record))
    hidden = kept_back(matrix, identity.role)
    number, done = _number(request, "page"), _number(request, "done")
    found = reach.who_can(db, matrix, record, page=number, without=hidden)
    facts = facts_of(db, record)
    did, more = who_did(db, identity, record, whose, hidden, page=done)
    names = request.names
    names.want("user_account", [*(one.user_id for one in found.people), *(one.user_id for one in did)])
    names.want("agency", [*(one.agency_id for one in found.people), *(one.agency_id for one in did)])
    kept_out = _kept_out(request, facts.case) if whose == ALL else []
    path = path_to(request, record)
    emergency = [code_label(request, "roles", role) for role in emergency_roles(matrix, rt.model, facts.record)]
    return {
        "type": rt, "record": shown(db, identity, record), "path": path, "total": found.total,
        "people": [_person(request, facts, one) for one in found.people], "did": [
            _done(request, one, path) for one in did], "shown": SHOWN[whose], "kept_out": kept_out,
        "emergency": emergency, "hidden": bool(hidden),
        "pages": _pages(request, "page", number, (number + 1) * reach.PAGE < found.total),
        "done_pages": _pages(request, "done", done, more),
    }


def _number(request, name: str) -> int:
    text = request.GET.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0


def _pages(request, name: str, number: int, more: bool) -> tuple[str | None, str | None]:
    """The addresses before and after this one."""
    return (f"{request.path}?{name}={number - 1}" if number else None,
            f"{request.path}?{name}={number + 1}" if more else None)


def _lines(parts: list[str]) -> Markup:
    return Markup("<br>").join(escape(part) for part in parts if part)


def _person(request, facts: Any, one: reach.Reach) -> list[Any]:
    names = request.names
    return [
        names.of("user_account", one.user_id),
        _lines([code_label(request, "roles", one.role), names.of("agency", one.agency_id)]),
        words.may(request, one.levels), _lines(reasons(request, facts, one)),
    ]


def _done(request, one: Any, path: str) -> list[Any]:
    names, locale = request.names, request.locale_name
    who = Markup('<a class="govuk-link" href="{}/history?person={}">{}</a>').format(
        path, one.user_id, names.of("user_account", one.user_id))
    purposes = [": ".join(filter(None, (_purpose(request, code), text))) for code, text in one.purposes]
    return [
        who, _lines([code_label(request, "roles", one.role), names.of("agency", one.agency_id)]),
        format_datetime(one.first, locale), format_datetime(one.last, locale), str(one.count), _lines(purposes),
        one.address or "",
    ]


def _purpose(request, code: str) -> str:
    return code_label(request, "handout_purpose", code)


def _kept_out(request, case: dict | None) -> list[str]:
    """Who has a conflict of interest in the case, for the supervisor."""
    if case is None:
        return []
    query = select(Recusal.user_id).where(Recusal.case_id == case["id"], Recusal.ended_at.is_(None)).limit(reach.PAGE)
    people = list(request.db.scalars(query))
    request.names.want("user_account", people)
    return sorted(request.names.of("user_account", one) for one in people)

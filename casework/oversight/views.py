"""The auditor's desk in its first form, everybody's own activity, and the matrix as a page."""

import datetime as dt
import uuid
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from casework.authz.identity import ROLES
from casework.db.refs import parse_ref
from casework.records.names import agency_names, user_names
from casework.web.i18n import _, format_datetime

from .log import Question, ask, person_by_login

ZONE = ZoneInfo("Asia/Phnom_Penh")
NOBODY = uuid.UUID(int=0)  # a name or reference that does not exist finds nothing


def _day(text: str, *, end: bool = False) -> dt.datetime | None:
    try:
        day = dt.date.fromisoformat(text)
    except ValueError:
        return None
    return dt.datetime.combine(day + dt.timedelta(days=int(end)), dt.time(), ZONE)


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def _question(request) -> Question:
    """The question in the address. A reference of a case asks about the case and all that belongs to it."""
    get = request.GET.get
    record_id = case_id = actor_id = None
    ref = parse_ref(get("ref", ""))
    if get("ref", "").strip():
        kind, record_id, _case = request.registry["locate"](request.db, ref) if ref else (None, None, None)
        record_id = record_id or NOBODY
        if kind == "case":
            record_id, case_id = None, record_id
    if get("login", "").strip():
        actor_id = person_by_login(request.db, get("login")) or NOBODY
    return Question(
        record_id=record_id, case_id=case_id, actor_id=actor_id, verb=get("verb", "").strip() or None,
        result=get("result") if get("result") in ("ok", "denied", "failed") else None,
        since=_day(get("since", "")), until=_day(get("until", ""), end=True), before=_number(get("before", "")),
    )


def _answer(request, question: Question) -> dict:
    entries, older = ask(request.db, question)
    kept = [(k, v) for k, v in request.GET.items() if k != "before" and v]
    return {
        "log_entries": entries,
        "older": f"{request.path}?{urlencode([*kept, ('before', older)])}" if older else None,
        "users": user_names(request, (e.actor_id for e in entries)),
        "agencies": agency_names(request, (e.agency_id for e in entries)),
        "asked": {name: request.GET.get(name, "") for name in ("ref", "login", "verb", "result", "since", "until")},
    }


def desk(request) -> dict:
    """Search the log. Every question is itself in the log."""
    question = _question(request)
    request.audit("audit.search", question={k: v for k, v in request.GET.items() if k != "before" and v})
    codes = request.registry["codes"]
    return {**_answer(request, question), "verbs": codes.active("events")}


def own_activity(request) -> dict:
    """What the log holds of oneself."""
    return _answer(request, Question(actor_id=request.identity.user_id, before=_number(request.GET.get("before", ""))))


def matrix_page(request) -> dict:
    """Who can see what: the matrix as it is in force."""
    return {"rows": request.registry["matrix"].rows.values(), "roles": ROLES, "sha256": request.registry["matrix_hash"]}


def denied_panel(request) -> dict:
    """The latest refusals, for the auditor's first screen."""
    entries, _older = ask(request.db, Question(result="denied"))
    users = user_names(request, (e.actor_id for e in entries))
    translate = request.localizer.translate
    return {
        "title": translate(_("Denied tries")),
        "columns": [translate(_("When")), translate(_("Who")), translate(_("Role")), translate(_("Record"))],
        "rows": [
            [format_datetime(e.at, request.locale_name), users.get(e.actor_id, ""), e.role, e.ref or e.place or ""]
            for e in entries[:10]
        ],
        "empty": translate(_("Nobody was refused anything yet.")), "href": "/audit?result=denied",
        "more": translate(_("All denied tries")),
    }

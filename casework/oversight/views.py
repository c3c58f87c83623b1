"""Everybody's own activity, and the auditor's panel."""

from urllib.parse import urlencode

from casework.records.moments import number
from casework.web.i18n import _, format_datetime

from .answers import Ask, entry_table, people_of
from .log import Question, ask


def own_activity(request) -> dict:
    """What the log holds of oneself."""
    wanted = Question(actor_id=request.identity.user_id, before=number(request.GET.get("before", "")))
    entries, older = ask(request.db, wanted)
    answer = entry_table(Ask(request, None), entries, older, own=True)
    return {"answer": answer, "older": f"{request.path}?{urlencode({'before': older})}" if older else None}


def denied_panel(request) -> dict:
    """The latest refusals, for the auditor's first screen."""
    entries, _older = ask(request.db, Question(result="denied"), 10)
    people = people_of(request, (e.actor_id for e in entries))
    translate = request.localizer.translate
    return {
        "title": translate(_("Denied tries")),
        "columns": [translate(_("When")), translate(_("Who")), translate(_("Role")), translate(_("Record"))],
        "rows": [
            [format_datetime(e.at, request.locale_name), people.get(e.actor_id, ("",))[0], e.role,
             e.ref or e.route or ""]
            for e in entries
        ],
        "empty": translate(_("Nobody was refused anything yet.")), "href": "/audit/denied",
        "more": translate(_("All denied tries")),
    }

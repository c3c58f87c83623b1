"""The auditor's desk: its questions, each a small page with filters in the address, and as a file for a court.

Nobody else learns that these pages exist: to every other role their addresses are no addresses, and each try is in
the log. Each question that is asked is an entry too.
"""

import datetime as dt
from dataclasses import asdict
from typing import Any

from pyramid.httpexceptions import HTTPNotFound

from casework.audit.state import health
from casework.records import handout
from casework.records.history_pages import proof_of
from casework.records.moments import number
from casework.web.errors import Hidden
from casework.web.i18n import _, format_datetime
from casework.web.render import translate

from . import hints
from .answers import Ask
from .asked import Asked, asked_of
from .questions import LABELS, ON_DAY, PAGES, Page


class Desk:
    """Context of the desk's pages."""

    def __init__(self, request):
        identity = request.identity
        if identity is not None and not request.registry["matrix"].cell("audit.log", identity.role).may("R"):
            raise Hidden


def note(request, name: str, asked: Asked, **more: Any) -> None:
    """Write a question into the log, tied to the record it is about."""
    given = {key: value for key, value in asked.given.items() if value}
    request.audit("audit_search", question=name, asked=given, ref=asked.ref, **more)


def _fields(request, page: Page, asked: Asked) -> list[dict]:
    """The filter form."""
    say = lambda text: translate(request, text)  # noqa: E731
    codes = request.registry["codes"]
    choices = {
        "verb": [(c.code, c.label(request.locale_name)) for c in codes.active("events")],
        "result": [(c.code, c.label(request.locale_name)) for c in codes.active("results")],
        "kind": [(kind, say(title)) for kind, title in hints.TITLES.items()],
    }
    return [
        {
            "name": name, "label": say(ON_DAY if page.name == "access" and name == "since" else LABELS[name][0]),
            "hint": LABELS[name][1], "value": asked.given.get(name, ""), "choices": choices.get(name),
            "any": None if name == "kind" else say(_("Any")),
        }
        for name in page.filters
    ]


def desk(context: Desk, request) -> dict:
    """The questions; or the answer of a search, when the address asks one."""
    if any(request.GET.get(name) for name in PAGES["search"].filters) or request.GET.get("before"):
        return answer_page(request, PAGES["search"])
    page = PAGES["search"]
    return {
        "pages": [one for one in PAGES.values() if one is not page], "page": page, "answer": None,
        "fields": _fields(request, page, asked_of(request, ())), "older": None, "file": None,
    }


def answer_page(request, page: Page) -> dict:
    """One question with its answer."""
    asked = asked_of(request, page.filters)
    note(request, page.name, asked)
    answer = page.answer(Ask(request, asked))
    return {
        "pages": [], "page": page, "fields": _fields(request, page, asked), "answer": answer,
        "older": asked.address(page.path, **answer.older) if answer.older else None,
        "file": asked.address(f"{page.path}/file"),
    }


def question(context: Desk, request) -> dict:
    """The page of the question that the route names."""
    return answer_page(request, PAGES[request.matched_route.name.partition(".")[2]])


def file(context: Desk, request):
    """The answer of a question as PDF or CSV, for a purpose."""
    page = PAGES[request.matched_route.name.split(".")[1]]
    asked = asked_of(request, page.filters)

    def give(form: dict):
        answer = page.answer(Ask(request, asked, handout.LIMITS[form["form"]], for_file=True))
        made = list_of(request, page, asked, answer)
        response = handout.file_of(request, made, form, f"audit-{page.name}")
        note(request, page.name, asked)
        request.audit(handout.VERBS[form["form"]], question=page.name, **handout.details(made, form))
        return response

    shown = handout.ask(request, give)
    if not isinstance(shown, dict):
        return shown
    return {**shown, "title": _("As a file: ${question}", mapping={"question": translate(request, page.title)}),
            "lead": _("The file says who made it, when and what for. So does the log."), "draft": None,
            "confirm": None, "stale": None, "back": asked.address(page.path)}


def list_of(request, page: Page, asked: Asked, answer: Any) -> handout.Handout:
    """An answer as a list that leaves."""
    facts = [
        (translate(request, LABELS[name][0]), value) for name, value in asked.given.items() if value
    ] + [(translate(request, _("Note")), text) for text in answer.notes]
    columns = [column["label"] if isinstance(column, dict) else column for column in answer.columns]
    return handout.Handout(
        translate(request, page.title), facts, columns, [[str(cell) for cell in row] for row in answer.rows],
        answer.numbers, answer.older is None or page.name == "hints",
    )


def prove(context: Desk, request):
    """The proof of an entry, without what the entry says."""
    seq = number(request.matchdict["seq"])
    if seq is None:
        raise HTTPNotFound()
    return proof_of(request, seq, "/audit", lambda: request.audit("prove", entry=seq))


NAMES = {
    "origin": _("Name of the log"), "size": _("Entries in the tree"), "root": _("Root of the tree"),
    "signed_at": _("Last signed"), "waiting": _("Entries that wait for the tree"),
    "waiting_since": _("The oldest waits since"), "late": _("Waits too long"), "guards": _("Guards in the database"),
    "verified_at": _("Last verified"), "verified": _("Found in order"), "problem": _("What was found"),
}


def log_health(context: Desk, request) -> dict:
    """How the log itself is."""
    request.audit("audit_search", question="health")
    found = asdict(health(request.db.connection()))

    def words(name: str, value: Any) -> str:
        if isinstance(value, bool):
            return translate(request, _("Yes") if value else _("No"))
        if name == "guards" and value is None:
            return translate(request, _("All in place"))
        if isinstance(value, dt.datetime):
            return format_datetime(value, request.locale_name)
        return "" if value is None else str(value)

    rows = [{"key": translate(request, NAMES.get(name, name)), "value": words(name, value)}
            for name, value in found.items()]
    return {"rows": rows, "bad": bool(found.get("late") or found.get("guards") or found.get("verified") is False)}

"""The questions of the auditor's desk, each with its page, its filters and what its answer proves."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from casework.web.i18n import _

from . import hints, people_questions, rights
from .access_then import access
from .answers import Answer, Ask

DAYS = ("since", "until")


@dataclass(frozen=True)
class Page:
    """One question: its name in the address, its words, its filters, and the function that answers."""

    name: str
    title: Any
    text: Any
    filters: tuple[str, ...]
    answer: Callable[[Ask], Answer]

    @property
    def path(self) -> str:
        return f"/audit/{self.name}"


PAGES = {page.name: page for page in (
    Page("touched", _("Who touched the records of a case?"),
         _("Everybody who did anything with a case or with one record: how often, first and last."),
         ("ref", *DAYS), people_questions.touched),
    Page("access", _("Who had access on a day, and by which rule?"),
         _("Everybody who could have opened the record on that day, or at one moment of it, whether they did or not: "
           "roles, assignments and stages as they were then."), ("ref", "since", "time"), access),
    Page("denied", _("Who was refused?"),
         _("Every try that was refused, also for records that do not exist."),
         ("ref", "login", "agency", *DAYS), people_questions.denied),
    Page("exports", _("What left the program?"),
         _("Every export and print, with the purpose that was given."),
         ("ref", "login", "agency", *DAYS), people_questions.exports),
    Page("emergency", _("Which emergency accesses were there, and were they reviewed?"),
         _("Who opened what in an emergency, until when, and who reviewed it within 72 hours."),
         ("ref", "login", *DAYS), rights.emergency),
    Page("dormant", _("Which accounts does nobody use?"),
         _("Open accounts without a sign-in for sixty days."), (), rights.dormant),
    Page("unused", _("Which rights were never used?"),
         _("Assignments that are in force and under which nothing was ever opened."), ("login",), rights.unused),
    Page("hints", _("Is any reading unusual?"),
         _("Many records within an hour, odd hours, no assignment, the own family name. Hints for a person to look at; "
           "nobody is given a score."), ("kind", "login", *DAYS), hints.hints),
    Page("account", _("Who signed in, and what changed of an account?"),
         _("Sign-ins, failed codes, sessions, links and changes of roles of one person."),
         ("login", *DAYS), people_questions.account),
    Page("administrators", _("What did the administrators do?"),
         _("Everything done in the role of an administrator."), ("login", *DAYS), people_questions.administrators),
    Page("person", _("What did one person do?"),
         _("Everything that one person did within some days, as a list for a court."),
         ("login", *DAYS), people_questions.person),
    Page("search", _("Search the log"),
         _("By person, record, agency, act, time, place and result."),
         ("ref", "login", "agency", "verb", "result", "session", "address", "route", *DAYS), people_questions.search),
)}

LABELS = {
    "ref": (_("Reference"), "C26-…"), "login": (_("Sign-in name or full name"), ""),
    "agency": (_("Code of the agency"), ""), "session": (_("Session"), "a1b2c3d4"),
    "address": (_("Network address"), "192.0.2.1"), "route": (_("Page that was refused"), "case.view"),
    "since": (_("From (year-month-day)"), "2026-01-31"), "until": (_("To (year-month-day)"), "2026-01-31"),
    "time": (_("At (hour:minute), or nothing for the whole day"), "14:05"),
    "verb": (_("What"), ""), "result": (_("Result"), ""), "kind": (_("Hint"), ""),
}
ON_DAY = _("On this day (year-month-day)")

"""What is measured: each page by name, who asks for it, and how many statements it may make."""

import itertools
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from casework.authz.identity import ROLES
from casework.db.base import Base

from .bench_browser import Answer, filled, form_of

Act = Callable[[Any], Answer]  # takes a Browser or an InProcess
# Milliseconds at one user, and statements without those of the log that is written after the page.
TARGETS = {
    "first screen": (12, 10), "case list": (8, 6), "case page": (10, 12), "timeline": (10, 12),
    "evidence list": (7, 8), "custody chain": (7, 8), "history": (5, 5), "search": (12, 5),
    "add evidence": (12, 15), "case from referral": (18, 25),
}
ENGLISH, KHMER = "telephoneletter", "ទីផ្សារទូរស័ព្ទ"  # words of the invented texts, neither common nor rare
COMMON, RARE = "telephone", "1234"  # part of each description; part of few titles


@dataclass(frozen=True)
class Page:
    """One thing to measure. `act` asks for it; of a form it opens it and sends it, and what counts is the sending."""

    name: str
    role: str
    what: str
    act: Act
    wanted: int = 200


def _get(path: str) -> Act:
    return lambda visitor: visitor.get(path)


def _search(visitor: Any, words: str) -> Act:
    """Search as the form at the top of each page does, which `visitor` opens once."""
    token = re.search(r'name="csrf_token" value="([^"]+)"', visitor.get("/search").text)[1]
    return lambda visitor: visitor.post("/search", [("csrf_token", token), ("q", words)])


def _send(paths: Iterator[str], values: Callable[[int], dict[str, str]]) -> Act:
    """Open the form at the next path, fill it, send it."""
    numbers = itertools.count(1)

    def act(visitor: Any) -> Answer:
        path = next(paths)
        page = visitor.get(path)
        if page.status != 200:
            raise RuntimeError(f"{path} answered {page.status}")
        answer = visitor.post(path, filled(form_of(page.text), values(next(numbers))))
        if answer.status != 303:
            raise RuntimeError(f"{path} sent back the form: {_problems(answer.text)}")
        return answer

    return act


def _problems(page: str) -> str:
    words = re.search(r'govuk-error-summary.*?</ul>', page, re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", " ", words[0]).split()) if words else "without a word"


def pages(connection: Connection, visitors: dict[str, Any]) -> list[Page]:
    """All pages, on records that each role can see. `visitors` asks for lists, to find where they lead."""
    listed = visitors["PSU"].get("/cases?state=enquiry").text
    case = re.search(r'href="(/cases/C\d\d-\d{6}-\w)"', listed)[1]
    item = re.search(r'href="([^"]*/evidence/E\d\d-\d{6}-\w)"', visitors["PSU"].get(f"{case}/evidence").text)[1]
    own = re.search(r'href="(/cases/C\d\d-\d{6}-\w)"', visitors["INV"].get("/cases?state=enquiry").text)[1]
    reads = [("first screen", role, "", "/") for role in ROLES] + [
        ("case list", "PSU", "filtered", "/cases?state=enquiry"),
        ("case list", "PSU", "page 3", later(visitors["PSU"], "/cases?state=enquiry", 2)),
        ("case list", "INV", "assigned", "/cases"),
        ("case list", "INV", "page 3", later(visitors["INV"], "/cases", 2)),
        ("case list", "PRO", "assigned", "/cases"),
        ("case list", "SWS", "own agency", "/cases"),
        ("case page", "PSU", "", case), ("case page", "INV", "", own), ("timeline", "PSU", "", f"{case}/timeline"),
        ("evidence list", "PSU", "", f"{case}/evidence"), ("custody chain", "PSU", "", f"{item}/custody"),
        ("history", "PSU", "case", f"{case}/history"), ("history", "PSU", "item", f"{item}/history"),
    ]
    searches = [
        ("PSU", "English", ENGLISH), ("PSU", "Khmer", KHMER), ("PSU", "common", COMMON), ("PSU", "rare", RARE),
        ("INV", "English", ENGLISH), ("INV", "common", COMMON), ("INV", "reference", own.rsplit("/", 1)[1]),
    ]
    reports = _reports(connection)
    lead = str(_first_agency(connection, "police"))
    return [Page(name, role, what, _get(path)) for name, role, what, path in reads] + [
        Page("search", role, what, _search(visitors[role], words)) for role, what, words in searches
    ] + [
        Page("add evidence", "INV", "write", _send(itertools.repeat(f"{own}/evidence/new"), _exhibit), 303),
        Page("case from referral", "HOT", "write", _send(
            (f"/referrals/{ref}/triage" for ref in reports),
            lambda number: {"accept_as": "new_case", "title": f"River {number}", "lead_agency_id": lead,
                            "province": "12"}), 303),
    ]


def case_path(found: list[Page], visitor: Any) -> str:
    """The path of the case page among `found`."""
    paths: list[str] = []

    class Noting:
        def get(self, path: str) -> Answer:
            paths.append(path)
            return visitor.get(path)

    next(page for page in found if page.name == "case page").act(Noting())
    return paths[0]


def later(visitor: Any, path: str, steps: int) -> str:
    """The address `steps` pages on, or of the last page there is."""
    for _ in range(steps):
        link = re.search(r'href="([^"]+)"[^>]*rel="next"|rel="next"[^>]*href="([^"]+)"', visitor.get(path).text)
        if link is None:
            return path
        path = (link[1] or link[2]).replace("&amp;", "&")
    return path


def _exhibit(number: int) -> dict[str, str]:
    return {
        "kind": "physical", "description": "Telephone, black, screen cracked", "authority_type": "flagrante",
        "restricted_material": "no", "province": "12", "day": "2", "month": "3", "year": "2026", "time": "09:00",
        "seal": "", "place": "Office",
    }


def _reports(connection: Connection) -> Iterator[str]:
    """References of reports in triage, each once."""
    table = Base.metadata.tables["referral"]
    found = connection.execute(select(table.c.ref).where(table.c.state == "triage").order_by(table.c.id)).scalars()
    return iter(found.all())


def _first_agency(connection: Connection, kind: str) -> Any:
    table = Base.metadata.tables["agency"]
    return connection.execute(select(table.c.id).where(table.c.type == kind).order_by(table.c.code)).scalars().first()

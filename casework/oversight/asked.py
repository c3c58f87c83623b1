"""What the auditor asks, as it stands in the address: one reading for every page of the desk."""

import datetime as dt
import uuid
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from casework.accounts import agencies
from casework.db.refs import parse_ref
from casework.records.moments import day, key, number

from .log import Question, people_named

NOBODY = uuid.UUID(int=0)  # a name or reference that does not exist finds nothing
RESULTS = ("ok", "denied", "failed")
PAGING = ("before", "after")


@dataclass(frozen=True)
class Asked:
    """The answers of the filter form, as typed (`given`) and as understood."""

    given: dict[str, str] = field(default_factory=dict)
    ref: str | None = None
    record_type: str | None = None
    record_id: uuid.UUID | None = None
    case_id: uuid.UUID | None = None
    person_id: uuid.UUID | None = None
    agency_id: uuid.UUID | None = None
    since: dt.datetime | None = None
    until: dt.datetime | None = None
    before: int | None = None
    after: uuid.UUID | None = None

    def text(self, name: str) -> str | None:
        """What was typed into a field, or None."""
        return self.given.get(name, "").strip() or None

    @property
    def question(self) -> Question:
        """The search that all filters together ask for. A reference of a case asks about all that belongs to it."""
        whole = self.record_type == "case"
        result = self.text("result")
        return Question(
            record_id=None if whole else self.record_id, case_id=self.record_id if whole else None,
            actor_id=self.person_id, agency_id=self.agency_id, verb=self.text("verb"),
            result=result if result in RESULTS else None, session=_session(self.text("session")),
            address=self.text("address"), route=self.text("route"), since=self.since, until=self.until,
            before=self.before,
        )

    def address(self, path: str, **more: Any) -> str:
        """The address of a page with the same filters, and some more."""
        kept = {name: value for name, value in self.given.items() if value and name not in PAGING}
        found = {**kept, **{name: str(value) for name, value in more.items() if value is not None}}
        return path + ("?" + urlencode(found) if found else "")


def _session(text: str | None) -> str | None:
    """The end of a session's id as it stands in an entry: hexadecimal digits, at most the last group."""
    if text is None:
        return None
    cleaned = text.lower().rpartition("-")[2][-12:]
    return cleaned if cleaned and all(c in "0123456789abcdef" for c in cleaned) else "-"


def asked_of(request, names: tuple[str, ...]) -> Asked:
    """The filters `names` and the place in the list, from the address. Nonsense counts as not given, but what names
    a record, a person or an agency that does not exist finds nothing."""
    get = request.GET.get
    given = {name: get(name, "").strip()[:120] for name in names}
    text = lambda name: given.get(name, "")  # noqa: E731
    ref = parse_ref(text("ref")) if text("ref") else None
    found = request.registry["locate"](request.db, ref) if ref else (None, None, None)
    people = people_named(request.db, text("login")) if text("login") else []
    agency = agencies.by_code(request.db, text("agency").lower()) if text("agency") else None
    return Asked(
        given=given, ref=ref, record_type=found[0], record_id=found[1] or (NOBODY if text("ref") else None),
        case_id=found[2], person_id=(people[0] if len(people) == 1 else NOBODY) if text("login") else None,
        agency_id=(agency.id if agency else NOBODY) if text("agency") else None, since=day(text("since")),
        until=day(text("until"), end=True), before=number(get("before", "")), after=key(get("after", "")),
    )

"""Answers of the desk: a table whose cells are words, links and tags, for the page and for the file alike."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from markupsafe import Markup, escape
from sqlalchemy import literal, select, union_all

from casework.accounts.models import Agency, User
from casework.authz.scope import unscoped
from casework.records.labels import label
from casework.records.rules import rule_words
from casework.web.i18n import _, format_datetime
from casework.web.render import code_label, translate

from .log import PAGE, Entry


@dataclass(frozen=True)
class Link:
    """A cell that leads somewhere; a reference is not broken."""

    text: str
    href: str
    ref: bool = False

    def __str__(self) -> str:
        return self.text

    def __html__(self) -> Markup:
        more = " cw-mono cw-nowrap" if self.ref else ""
        return Markup('<a class="govuk-link{}" href="{}">{}</a>').format(more, self.href, self.text)


@dataclass(frozen=True)
class Tag:
    """A cell with a colour."""

    text: str
    colour: str = "grey"

    def __str__(self) -> str:
        return self.text

    def __html__(self) -> Markup:
        shade = "" if self.colour == "grey" else f" cw-tag--{self.colour}"
        return Markup('<strong class="cw-tag{}">{}</strong>').format(shade, self.text)


@dataclass(frozen=True)
class Lines:
    """A cell of several lines."""

    parts: tuple[Any, ...]

    def __str__(self) -> str:
        return "; ".join(str(part) for part in self.parts if str(part))

    def __html__(self) -> Markup:
        return Markup("<br>").join(escape(part) for part in self.parts if str(part))


@dataclass(frozen=True)
class Answer:
    """What a question gives: `older` are the filters of the next page, `numbers` the entries that are shown."""

    columns: list[Any]
    rows: list[list[Any]]
    older: dict[str, Any] | None = None
    numbers: list[int] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    empty: str | None = None


@dataclass(frozen=True)
class Ask:
    """A question as its function gets it: the request, the filters, how many lines, and whether for a file."""

    request: Any
    asked: Any
    limit: int = PAGE
    for_file: bool = False

    @property
    def db(self) -> Any:
        return self.request.db

    def say(self, text: Any, **mapping: Any) -> str:
        """Words in the language of the reader."""
        return translate(self.request, text, **mapping)

    def code(self, codes: str, code: str | None) -> str:
        return code_label(self.request, codes, code)

    def when(self, moment: Any) -> str:
        return format_datetime(moment, self.request.locale_name)


def people_of(request, ids: Iterable[uuid.UUID | None]) -> dict[uuid.UUID, tuple[str, str]]:
    """Name and login of users, with one query."""
    wanted = {i for i in ids if i is not None}
    if not wanted:
        return {}
    shown = User.name_km if request.locale_name == "km" else User.name
    rows = request.db.execute(select(User.id, shown, User.name, User.login).where(User.id.in_(wanted)))
    return {row[0]: (row[1] or row[2], row[3]) for row in rows}


def agencies_of(request, ids: Iterable[uuid.UUID | None]) -> dict[uuid.UUID, str]:
    """Names of agencies, with one query."""
    wanted = {i for i in ids if i is not None}
    if not wanted:
        return {}
    shown = Agency.name_km if request.locale_name == "km" else Agency.name_en
    return {row[0]: row[1] or row[2] for row in request.db.execute(
        select(Agency.id, shown, Agency.name_en).where(Agency.id.in_(wanted)))}


def refs_of(request, wanted: Iterable[tuple[str | None, uuid.UUID | None]]) -> dict[uuid.UUID, str]:
    """References of records by type and id, with one query: nothing else of them."""
    types, groups = request.registry["record_types"], {}
    for name, record_id in wanted:
        if name in types and record_id is not None:
            groups.setdefault(name, set()).add(record_id)
    if not groups:
        return {}
    parts = [
        select(types[name].model.id, types[name].model.ref, literal(name)).where(types[name].model.id.in_(ids))
        for name, ids in sorted(groups.items())
    ]
    with unscoped(request.db, "references only, for the auditor"):
        return {row[0]: row[1] for row in request.db.execute(union_all(*parts))}


def person_link(people: dict[uuid.UUID, tuple[str, str]], user_id: uuid.UUID | None, nobody: str) -> Any:
    """A person's name, which leads to all that the person did."""
    if user_id not in people:
        return nobody
    name, login = people[user_id]
    return Link(name, f"/audit/person?login={quote(login)}")


def ref_link(ref: str | None) -> Any:
    """A reference, which leads to all entries about the record."""
    return Link(ref, f"/audit/search?ref={ref}", ref=True) if ref else ""


ENTRY_COLUMNS = (
    _("Entry"), _("When"), _("Who"), _("From where"), _("What"), _("Result"), _("Record"), _("Case"), _("Fields"),
    _("Allowed by"),
)


def entry_table(
    ask: Ask, entries: list[Entry], older: int | None, *, explain: bool = False, own: bool = False
) -> Answer:
    """Entries as a table. `explain` adds the purpose that somebody gave; `own` leaves out the ways to the desk."""
    request = ask.request
    people = people_of(request, (e.actor_id for e in entries))
    agencies = agencies_of(request, (e.agency_id for e in entries))
    # Who looks at the own activity is told no more than was typed: a try at a hidden record tells not that it exists.
    about = [] if own else [(e.record_type, e.record_id) for e in entries] + [("case", e.case_id) for e in entries]
    refs, rows = refs_of(request, about), []
    for e in entries:
        nobody = ask.say(_("Nobody signed in")) if e.role == "-" else ask.say(_("The system"))
        record = refs.get(e.record_id) or e.ref
        case = refs.get(e.case_id)
        row = [
            Link(str(e.seq), f"/audit/proof/{e.seq}"), ask.when(e.at),
            Lines((person_link(people, e.actor_id, nobody), ask.code("roles", e.role))),
            Lines((agencies.get(e.agency_id, ""), e.session, e.address or "")), ask.code("events", e.verb),
            Tag(ask.code("results", e.result), "green" if e.result == "ok" else "red"),
            Lines((ref_link(record), e.route or "")), ref_link(case) if case != record else "",
            ", ".join(_field(request, e, name) for name in e.fields), rule_words(request, e.rule),
        ]
        if own:
            row = [_plain(cell) for cell in row]
        if explain:
            purpose = ask.code("handout_purpose", e.purpose)
            row.append(": ".join(part for part in (purpose, e.explanation or "") if part))
        if ask.for_file:
            row.append(e.hash)
        rows.append(row)
    columns = [ask.say(column) for column in ENTRY_COLUMNS]
    columns += [ask.say(_("Purpose"))] if explain else []
    columns += [ask.say(_("Hash"))] if ask.for_file else []
    return Answer(columns, rows, {"before": older} if older else None, [e.seq for e in entries])


def _plain(cell: Any) -> Any:
    """A cell without the way that it leads."""
    if isinstance(cell, Lines):
        return Lines(tuple(_plain(part) for part in cell.parts))
    return cell.text if isinstance(cell, Link) else cell


def _field(request, entry: Entry, name: str) -> str:
    """What a field is called; its own name where it has no other."""
    rt = request.registry["record_types"].get(entry.record_type)
    return name if rt is None else translate(request, label(rt, name))

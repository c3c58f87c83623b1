"""Who had access to a record on a day or at one moment, and by which rule: `casework.visibility.past` for the desk."""

import datetime as dt
import json
import re
import uuid
from typing import Any
from urllib.parse import quote

from sqlalchemy import select

from casework.audit.models import AuditEntry
from casework.records.rules import term_words
from casework.visibility.past import Then, who_could
from casework.visibility.reach import Reach
from casework.visibility.reasons import Facts, grant_of, reasons
from casework.web.i18n import _
from schemas.text import to_ascii_digits

from .answers import Answer, Ask, Lines, Link, agencies_of, people_of, person_link
from .asked import NOBODY, Asked
from .log import within

_CLOCK = re.compile(r"([01]?\d|2[0-3])[:.h]([0-5]\d)")


def span(asked: Asked) -> tuple[dt.datetime, dt.datetime | None] | None:
    """The moment asked about, or the first moment of the day and the first after it; None for what cannot be read."""
    if asked.since is None:
        return None
    text = to_ascii_digits(asked.text("time") or "")
    if not text:
        return asked.since, asked.since + dt.timedelta(days=1)
    clock = _CLOCK.fullmatch(text)
    return None if clock is None else (asked.since + dt.timedelta(hours=int(clock[1]), minutes=int(clock[2])), None)


def access(ask: Ask) -> Answer:
    """Everybody who could see the record at the moment or within the day, by which rule, and since when."""
    asked, say, when = ask.asked, ask.say, span(ask.asked)
    if asked.record_id in (None, NOBODY) or when is None:
        return Answer([], [], empty=say(_(
            "Say which record and which day: a reference, and year-month-day. The time may be left out: then the whole "
            "day counts.")))
    registry = ask.request.registry
    model, start = registry["record_types"][asked.record_type].model, when[0]
    found = who_could(ask.db, registry["matrix"], model, asked.record_id, *when)
    if found is None:
        return Answer([], [], empty=say(_("This record was not there yet.")))
    facts = Facts(found.record, found.case, found.grants, found.glasses)
    after = [one for one in found.people if asked.after is None or one.membership_id > asked.after]
    shown, more = after[: ask.limit], len(after) > ask.limit
    grants = {one.membership_id: grant_of(facts, one) for one in shown if "a" in one.words}
    numbers = _entries(ask, [one["id"] for one in grants.values() if one])
    people = people_of(ask.request, {one.user_id for one in shown} | found.recused | {
        one["created_by_id"] for one in grants.values() if one})
    agencies = agencies_of(ask.request, {one.agency_id for one in shown})
    rows = [_row(ask, one, facts, grants.get(one.membership_id), people, agencies, numbers) for one in shown]
    return Answer(
        [say(_("Who")), say(_("Role")), say(_("Agency")), say(_("By which rule")), say(_("Assigned since")),
         say(_("Assigned by")), say(_("Entry")), say(_("What they did"))],
        rows, {"after": shown[-1].membership_id} if more else None, sorted(set(numbers.values())),
        _notes(ask, found, when[1] or start, people),
    )


def _notes(ask: Ask, found: Then, moment: dt.datetime, people: dict) -> list[str]:
    """What the answer rests on, and who was kept out."""
    say = ask.say
    notes = [say(_(
        "This rests on the log: roles, assignments, emergency accesses, conflicts of interest, offices and states as "
        "they were, with ${count} later changes taken back. The rules are asked as the program has them today."),
        count=len(found.entries))]
    if len(found.moments) > 1:
        notes.append(say(_("Something changed within the day: asked at ${count} moments, and all are listed who could "
                           "at any of them."), count=len(found.moments)))
    notes.append(say(_("Judged by the matrix that is in force now.")) if _same_matrix(ask, moment) else say(
        _("The matrix was another one on that day: ask for the one of that time before you rely on this.")))
    if found.recused:
        who = ", ".join(people[key][0] for key in sorted(found.recused) if key in people)
        notes.append(say(_("Kept out for a conflict of interest: ${who}"), who=who))
    return notes


def _row(ask: Ask, one: Reach, facts: Facts, grant: dict | None, people: dict, agencies: dict,
         numbers: dict) -> list[Any]:
    rules = [*reasons(ask.request, facts, one), *dict.fromkeys(
        term_words(ask.request, row, "".join(term.levels), []) for row, term in one.terms)]
    number = numbers.get(grant["id"]) if grant else None
    return [
        person_link(people, one.user_id, ""), ask.code("roles", one.role), agencies.get(one.agency_id, ""),
        Lines(tuple(rules)), ask.when(grant["created_at"]) if grant else "",
        person_link(people, grant["created_by_id"], ask.say(_("The system"))) if grant else "",
        str(number or ""), _done(ask, people, one),
    ]


def _done(ask: Ask, people: dict, one: Reach) -> Link:
    """The way to what a person did with the record."""
    login = people.get(one.user_id, ("", ""))[1]
    return Link(ask.say(_("Entries")), f"/audit/search?ref={ask.asked.ref}&login={quote(login)}")


def _entries(ask: Ask, ids: list[uuid.UUID]) -> dict[uuid.UUID, int]:
    """The entries by which rows came into being."""
    query = select(AuditEntry.record_id, AuditEntry.seq).where(
        AuditEntry.record_id.in_(ids)).order_by(AuditEntry.seq.desc())
    return dict(tuple(row) for row in ask.db.execute(query)) if ids else {}


def _same_matrix(ask: Ask, moment: dt.datetime) -> bool:
    """Whether the last entry before the moment was written under the matrix that is in force now."""
    query = select(AuditEntry.body).where(*within(None, moment)).order_by(AuditEntry.seq.desc()).limit(20)
    hashes = [json.loads(body).get("matrix") for body in ask.db.scalars(query)]
    return next((one for one in hashes if one), None) in (None, ask.request.registry["matrix_hash"])

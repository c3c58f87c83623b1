"""Hints at unusual reading, for a person to look at: what was read, how much, when. Never a score of anybody.

Each kind looks at the readings of a week, or of the days that are asked for, at most a month; further back is another
page. Each hint leads to the entries behind it.
"""

import datetime as dt
import hmac
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from sqlalchemy import Text, cast, exists, func, or_, select

from casework.accounts.models import User
from casework.audit.models import AuditEntry
from casework.authz.models import Grant
from casework.authz.scope import unscoped
from casework.cases.models import Task
from casework.crypto.seal import SealBroken
from casework.crypto.sealed import Erased, open_value
from casework.crypto.tokens import token
from casework.db.base import now
from casework.people.models import Person
from casework.web.i18n import _, local_time
from schemas.text import fold

from .answers import Answer, Ask, Link, agencies_of, people_of, person_link, ref_link, refs_of
from .log import SPAN, within

WEEK = dt.timedelta(days=7)
READ = ("view", "read")
MANY = 30  # records in one hour
FROM, TO = 6, 20  # hours of the day in which most people work
# Groups of one person and hour within a span; more than a month of a country's work.
GROUPS = 20_000
PAIRS = 500
# Their right is the agency, not an assignment.
BY_AGENCY = ("PSU", "SWS", "AUD", "CUS", "HOT")


@dataclass(frozen=True)
class Hours:
    """The readings of one person within one hour."""

    actor_id: uuid.UUID
    start: dt.datetime
    records: int
    entries: int
    first: int
    last: int


def span_of(asked: Any) -> tuple[dt.datetime, dt.datetime]:
    """The days that are looked at."""
    until = asked.until or now()
    return max(asked.since or until - WEEK, until - SPAN), until


def hours_of(ask: Ask) -> list[Hours]:
    """Who read how many records in which hour, the latest first. One query, within the span."""
    hour = func.substr(cast(AuditEntry.at, Text), 1, 13)  # both databases write a moment as year-month-day hour:...
    query = (
        select(AuditEntry.actor_id, func.min(AuditEntry.at), func.count(AuditEntry.record_id.distinct()),
               func.count(), func.min(AuditEntry.seq), func.max(AuditEntry.seq))
        .where(*within(*span_of(ask.asked)), AuditEntry.verb.in_(READ), AuditEntry.actor_id.is_not(None))
        .group_by(AuditEntry.actor_id, hour).order_by(func.max(AuditEntry.seq).desc()).limit(GROUPS)
    )
    if ask.asked.person_id:
        query = query.where(AuditEntry.actor_id == ask.asked.person_id)
    return [
        Hours(row[0], _moment(row[1]).replace(minute=0, second=0, microsecond=0), *row[2:])
        for row in ask.db.execute(query)
    ]


def _moment(value: Any) -> dt.datetime:
    found = dt.datetime.fromisoformat(value) if isinstance(value, str) else value
    return found if found.tzinfo else found.replace(tzinfo=dt.UTC)


def _table(ask: Ask, found: list[Hours]) -> Answer:
    since, _until = span_of(ask.asked)
    shown = found[: ask.limit]
    people = people_of(ask.request, (one.actor_id for one in shown))
    rows = [
        [person_link(people, one.actor_id, ""), ask.when(one.start), str(one.records),
         Link(str(one.entries), _behind(people, one.actor_id, one.start))] for one in shown
    ]
    notes = [] if len(found) <= ask.limit else [ask.say(_("There is more: choose fewer days."))]
    return Answer(
        [ask.say(_("Who")), ask.say(_("Hour from")), {"label": ask.say(_("Records")), "number": True},
         {"label": ask.say(_("Entries")), "number": True}], rows, _earlier(since),
        [n for one in shown for n in (one.first, one.last)], notes,
    )


def _behind(people: dict, user_id: uuid.UUID, start: dt.datetime) -> str:
    day = local_time(start).date().isoformat()
    return f"/audit/person?login={quote(people.get(user_id, ('', ''))[1])}&since={day}&until={day}"


def _earlier(since: dt.datetime) -> dict[str, str]:
    """The week before, as filters of the next page."""
    last = local_time(since).date() - dt.timedelta(days=1)
    return {"since": (last - WEEK + dt.timedelta(days=1)).isoformat(), "until": last.isoformat()}


def many(ask: Ask) -> Answer:
    """Many records within one hour."""
    return _table(ask, [one for one in hours_of(ask) if one.records >= MANY])


def off_hours(holidays: Any, moment: dt.datetime) -> bool:
    """Whether most people do not work at this hour in Cambodia."""
    local = local_time(moment)
    return not FROM <= local.hour < TO or not holidays.working_day(local.date())


def late(ask: Ask) -> Answer:
    """Reading at night, on weekends and holidays."""
    holidays = ask.request.registry["holidays"]
    return _table(ask, [one for one in hours_of(ask) if off_hours(holidays, one.start)])


def _pairs(ask: Ask, *conditions: Any) -> tuple[list[Any], Answer]:
    """Who read which record how often within the span, and the table without its rows."""
    since, until = span_of(ask.asked)
    query = (
        select(AuditEntry.actor_id, AuditEntry.agency_id, AuditEntry.record_type, AuditEntry.record_id,
               AuditEntry.case_id, func.count(), func.min(AuditEntry.seq), func.max(AuditEntry.seq))
        .where(*within(since, until), AuditEntry.verb.in_(READ), AuditEntry.actor_id.is_not(None), *conditions)
        .group_by(AuditEntry.actor_id, AuditEntry.agency_id, AuditEntry.record_type, AuditEntry.record_id,
                  AuditEntry.case_id)
        .order_by(func.max(AuditEntry.seq).desc()).limit(PAIRS)
    )
    if ask.asked.person_id:
        query = query.where(AuditEntry.actor_id == ask.asked.person_id)
    columns = [ask.say(_("Who")), ask.say(_("Agency")), ask.say(_("Record")), ask.say(_("Case")),
               {"label": ask.say(_("Entries")), "number": True}]
    return list(ask.db.execute(query)), Answer(columns, [], _earlier(since))


def _filled(ask: Ask, found: list[Any], answer: Answer) -> Answer:
    shown = found[: ask.limit]
    people = people_of(ask.request, (row[0] for row in shown))
    agencies = agencies_of(ask.request, (row[1] for row in shown))
    refs = refs_of(ask.request, [(row[2], row[3]) for row in shown] + [("case", row[4]) for row in shown])
    for row in shown:
        ref, login = refs.get(row[3]), people.get(row[0], ("", ""))[1]
        behind = f"/audit/search?ref={ref}&login={quote(login)}" if ref else f"/audit/person?login={quote(login)}"
        answer.rows.append([person_link(people, row[0], ""), agencies.get(row[1], ""), ref_link(ref),
                            ref_link(refs.get(row[4])), Link(str(row[5]), behind)])
        answer.numbers.extend((row[6], row[7]))
    if len(found) > ask.limit:
        answer.notes.append(ask.say(_("There is more: choose fewer days.")))
    return answer


def unassigned(ask: Ask) -> Answer:
    """Records of cases read by people who had no assignment and no task there."""
    subjects = (AuditEntry.case_id, AuditEntry.record_id)
    assigned = exists().where(
        or_(*(Grant.subject_id == subject for subject in subjects)),
        or_(Grant.principal_id == AuditEntry.actor_id, Grant.principal_id == AuditEntry.agency_id),
    )
    tasked = exists().where(Task.case_id == AuditEntry.case_id, Task.assignee_id == AuditEntry.actor_id)
    by_agency = or_(*(AuditEntry.body.contains(f'"role":"{role}"') for role in BY_AGENCY))
    with unscoped(ask.db, "asks whether a task existed, shows nothing of it"):
        found, answer = _pairs(ask, AuditEntry.case_id.is_not(None), ~assigned, ~tasked, ~by_agency)
    return _filled(ask, found, answer)


def own_name(ask: Ask) -> Answer:
    """People of a case whose family name is the reader's own. Keyed tokens are compared: nobody is shown a name."""
    found, answer = _pairs(ask, AuditEntry.record_type == "person", AuditEntry.verb == "read")
    readers = {user.id: user for user in ask.db.scalars(select(User).where(User.id.in_({row[0] for row in found})))}
    with unscoped(ask.db, "compares tokens of names, shows none"):
        read = {one.id: one for one in ask.db.scalars(select(Person).where(Person.id.in_({row[3] for row in found})))}
    tokens = _tokens(ask)
    theirs = {key: tokens(*_family(ask, one)) for key, one in read.items()}
    same = [row for row in found if row[0] in readers and _meet(
        tokens(*(_first(name) for name in (readers[row[0]].name, readers[row[0]].name_km))), theirs.get(row[3], []))]
    return _filled(ask, same, answer)


def _tokens(ask: Ask) -> Callable[..., list[bytes]]:
    ring = ask.request.registry["keyring"]
    return lambda *names: [token(ring, "family-name", folded) for name in names if name and (folded := fold(name))]


def _first(name: str | None) -> str:
    """The family name of a member of staff: it stands first, in both scripts."""
    return (name or "").split(" ")[0]


def _family(ask: Ask, person: Person) -> list[str]:
    """The sealed family names of a person, opened for the comparison only: no reading of anybody, so none is noted.
    The question itself is in the log."""
    found = []
    for name in ("family_km", "family_latin"):
        blob = getattr(person, f"{name}_sealed")
        try:
            found.append(open_value(ask.db, person, name, blob) if blob else "")
        except (Erased, SealBroken):
            continue
    return found


def _meet(mine: list[bytes], theirs: list[bytes]) -> bool:
    return any(hmac.compare_digest(one, other) for one in mine for other in theirs)


KINDS = {"many": many, "late": late, "unassigned": unassigned, "name": own_name}
TITLES = {
    "many": _("Many records within an hour"), "late": _("Reading at night, on weekends and holidays"),
    "unassigned": _("Records read without assignment or task"), "name": _("Own family name"),
}


def hints(ask: Ask) -> Answer:
    """The hints of one kind."""
    answer = KINDS.get(ask.asked.text("kind") or "many", many)(ask)
    since, until = span_of(ask.asked)
    answer.notes.insert(0, ask.say(_("From ${since} to ${until}. A hint is no finding: look at what stands behind it."),
                                   since=ask.when(since), until=ask.when(until)))
    return answer

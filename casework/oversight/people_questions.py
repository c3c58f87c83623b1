"""Questions about people: who touched a case, everything that one did, sign-ins, administrators, and plain searches."""

import uuid
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from sqlalchemy import func, select

from casework.accounts.models import Membership
from casework.audit.models import AuditEntry
from casework.web.i18n import _

from .answers import Answer, Ask, Link, agencies_of, entry_table, people_of, person_link
from .log import Question, ask_each, within
from .log import ask as ask_log

# The acts on an account, besides its rows: signing in, codes, links, sessions.
ACCOUNT_TYPES = ("user_account", "membership", "account_change", "user_session")
EXPORTS = ("export", "print")
ADMINISTRATORS = 50


def search(ask: Ask) -> Answer:
    """Entries by any of the filters."""
    entries, older = ask_log(ask.db, ask.asked.question, ask.limit)
    answer = entry_table(ask, entries, older)
    if ask.asked.question.bounded != ask.asked.question:
        answer.notes.append(ask.say(_(
            "A place alone is looked for in 31 days: give the last day to look further back.")))
    return answer


def person(ask: Ask) -> Answer:
    """Everything that one person did in a span of time."""
    if ask.asked.person_id is None:
        return Answer([], [], empty=ask.say(_("Say who: the sign-in name, or the full name.")))
    return search(ask)


def denied(ask: Ask) -> Answer:
    """What was refused, to whom."""
    return entry_table(ask, *ask_log(ask.db, replace(ask.asked.question, result="denied"), ask.limit))


def exports(ask: Ask) -> Answer:
    """What left the program, on paper or as a file, and for which purpose."""
    wanted = [replace(ask.asked.question, verb=verb) for verb in EXPORTS]
    return entry_table(ask, *ask_each(ask.db, wanted, ask.limit), explain=True)


def administrators(ask: Ask) -> Answer:
    """What people did in the role of an administrator, whoever holds it or held it."""
    held = select(Membership.user_id).where(Membership.role == "ADM").distinct().limit(ADMINISTRATORS)
    wanted = [
        replace(ask.asked.question, actor_id=user_id, role="ADM") for user_id in ask.db.scalars(held)
        if ask.asked.person_id in (None, user_id)
    ]
    return entry_table(ask, *ask_each(ask.db, wanted, ask.limit))


def account(ask: Ask) -> Answer:
    """Sign-ins of a person, and changes of the account and its roles."""
    person_id = ask.asked.person_id
    if person_id is None:
        return Answer([], [], empty=ask.say(_("Say who: the sign-in name, or the full name.")))
    wanted = Question(chain=person_id, types=ACCOUNT_TYPES, since=ask.asked.since, until=ask.asked.until,
                      before=ask.asked.before)
    return entry_table(ask, *ask_log(ask.db, wanted, ask.limit))


def touched(ask: Ask) -> Answer:
    """Everybody who did anything with a case, or with one record: how often, first and last."""
    asked = ask.asked
    if asked.record_id is None:
        return Answer([], [], empty=ask.say(_("Say which record: its reference.")))
    about = AuditEntry.case_id if asked.record_type == "case" else AuditEntry.record_id
    query = (
        select(AuditEntry.actor_id, AuditEntry.agency_id, func.count(), func.min(AuditEntry.seq),
               func.max(AuditEntry.seq), func.min(AuditEntry.at), func.max(AuditEntry.at))
        .where(about == asked.record_id, AuditEntry.actor_id.is_not(None), *within(asked.since, asked.until))
        .group_by(AuditEntry.actor_id, AuditEntry.agency_id).order_by(AuditEntry.actor_id).limit(ask.limit + 1)
    )
    if asked.after:
        query = query.where(AuditEntry.actor_id > asked.after)
    found = ask.db.execute(query).all()
    more = len(found) > ask.limit
    # Who worked at two agencies has two rows: they stay on one page.
    rows = [row for row in found[: ask.limit] if not more or row[0] != found[-1][0]]
    people = people_of(ask.request, (row[0] for row in rows))
    agencies = agencies_of(ask.request, (row[1] for row in rows))
    return Answer(
        [ask.say(_("Who")), ask.say(_("Agency")), {"label": ask.say(_("Entries")), "number": True},
         ask.say(_("First")), ask.say(_("Last"))],
        [[person_link(people, row[0], ""), agencies.get(row[1], ""),
          Link(str(row[2]), _entries_of(asked, people, row[0])), ask.when(row[5]), ask.when(row[6])] for row in rows],
        {"after": rows[-1][0]} if more else None, sorted({n for row in rows for n in (row[3], row[4])}),
    )


def _entries_of(asked: Any, people: dict[uuid.UUID, tuple[str, str]], user_id: uuid.UUID) -> str:
    login = people.get(user_id, ("", ""))[1]
    return f"/audit/search?ref={asked.ref}&login={quote(login)}"

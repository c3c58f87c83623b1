"""Questions about rights: emergency access and its review, accounts that nobody uses, rights never used."""

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import exists, or_, select

from casework.accounts.credentials import UserActivity
from casework.accounts.models import User
from casework.audit.models import AuditEntry
from casework.authz.models import BreakGlass, Grant
from casework.db.base import now
from casework.web.i18n import _

from .answers import Answer, Ask, Lines, Link, Tag, agencies_of, people_of, person_link, ref_link, refs_of

DORMANT = dt.timedelta(days=60)
# An emergency access is reviewed within three days (deadline D-24).
REVIEW = dt.timedelta(hours=72)
SUBJECTS = ("case", "referral", "person", "support_referral")


def _newest(ask: Ask, query: Any, key: Any) -> tuple[list[Any], dict | None]:
    """A page of rows by their time-ordered key, the newest first, and the place to go on from."""
    if ask.asked.after:
        query = query.where(key < ask.asked.after)
    found = list(ask.db.scalars(query.order_by(key.desc()).limit(ask.limit + 1)))
    rows = found[: ask.limit]
    return rows, {"after": rows[-1].id} if len(found) > ask.limit else None


def _subjects(ask: Ask, rows: list[Any]) -> dict[uuid.UUID, str]:
    wanted = [(name, one.subject_id) for name in SUBJECTS for one in rows]
    return refs_of(ask.request, [*wanted, *(("case", one.case_id) for one in rows)])


def emergency(ask: Ask) -> Answer:
    """Every emergency access: who, to what, why, until when, and whether somebody reviewed it in time."""
    asked, say = ask.asked, ask.say
    query = select(BreakGlass)
    if asked.person_id:
        query = query.where(BreakGlass.user_id == asked.person_id)
    if asked.record_id:
        query = query.where(or_(BreakGlass.subject_id == asked.record_id, BreakGlass.case_id == asked.record_id))
    if asked.since:
        query = query.where(BreakGlass.created_at >= asked.since)
    if asked.until:
        query = query.where(BreakGlass.created_at < asked.until)
    rows, older = _newest(ask, query, BreakGlass.id)
    people = people_of(ask.request, {one.user_id for one in rows} | {one.reviewed_by_id for one in rows})
    refs = _subjects(ask, rows)
    cells = [
        [
            ask.when(one.created_at), person_link(people, one.user_id, ""), ask.code("roles", one.role),
            Lines((
                Link(one.ref, f"/emergency/{one.ref}/review", ref=True) if one.ref else "",
                one.asked_ref if one.subject_type is None and one.asked_ref else "",
                ref_link(refs.get(one.subject_id)),
                ref_link(refs.get(one.case_id)) if one.case_id != one.subject_id else "")),
            ask.code("break_glass_reason", one.reason_code), ask.when(one.until), ask.when(one.ended_at),
            _reviewed(ask, one, people),
        ]
        for one in rows
    ]
    return Answer(
        [say(_("When")), say(_("Who")), say(_("Role")), say(_("Record")), say(_("Reason")), say(_("Open until")),
         say(_("Ended")), say(_("Reviewed"))], cells, older,
    )


def _reviewed(ask: Ask, one: BreakGlass, people: dict) -> Any:
    if one.reviewed_at is None:
        late = now() - one.created_at > REVIEW
        return Tag(ask.say(_("Not reviewed, overdue") if late else _("Not reviewed yet")), "red" if late else "yellow")
    late = one.reviewed_at - one.created_at > REVIEW
    words = Tag(ask.say(_("Late") if late else _("In time")), "yellow" if late else "green")
    return Lines((words, ask.code("break_glass_review", one.outcome), ask.when(one.reviewed_at),
                  person_link(people, one.reviewed_by_id, "")))


def dormant(ask: Ask) -> Answer:
    """Open accounts that nobody signed in to for sixty days."""
    limit = now() - DORMANT
    query = (
        select(User, UserActivity.last_seen_at).outerjoin(UserActivity, UserActivity.user_id == User.id)
        .where(User.active.is_(True), User.created_at < limit,
               or_(UserActivity.last_seen_at.is_(None), UserActivity.last_seen_at < limit))
        .order_by(User.id.desc()).limit(ask.limit + 1)
    )
    if ask.asked.after:
        query = query.where(User.id < ask.asked.after)
    found = ask.db.execute(query).all()
    rows = found[: ask.limit]
    people = people_of(ask.request, (user.id for user, _seen in rows))
    return Answer(
        [ask.say(_("Who")), ask.say(_("Sign-in name")), ask.say(_("Account since")), ask.say(_("Last seen"))],
        [[person_link(people, user.id, ""), Link(user.login, f"/audit/account?login={user.login}"),
          ask.when(user.created_at), ask.when(seen) or ask.say(_("Never"))] for user, seen in rows],
        {"after": rows[-1][0].id} if len(found) > ask.limit else None,
    )


def unused(ask: Ask) -> Answer:
    """Assignments of a person that are in force, and under which that person never opened anything."""
    used = exists().where(
        AuditEntry.actor_id == Grant.principal_id,
        or_(AuditEntry.case_id == Grant.subject_id, AuditEntry.record_id == Grant.subject_id),
    )
    query = select(Grant).join(User, User.id == Grant.principal_id).where(
        Grant.ended_at.is_(None), or_(Grant.until.is_(None), Grant.until > now()), ~used)
    if ask.asked.person_id:
        query = query.where(Grant.principal_id == ask.asked.person_id)
    rows, older = _newest(ask, query, Grant.id)
    people = people_of(ask.request, {one.principal_id for one in rows} | {one.created_by_id for one in rows})
    agencies, refs = agencies_of(ask.request, (one.agency_id for one in rows)), _subjects(ask, rows)
    return Answer(
        [ask.say(_("Who")), ask.say(_("Role")), ask.say(_("Agency")), ask.say(_("Record")),
         ask.say(_("Assigned since")), ask.say(_("Assigned by"))],
        [[person_link(people, one.principal_id, ""), ask.code("roles", one.role), agencies.get(one.agency_id, ""),
          ref_link(refs.get(one.subject_id)), ask.when(one.created_at),
          person_link(people, one.created_by_id, ask.say(_("The system")))] for one in rows], older,
    )

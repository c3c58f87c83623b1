"""Counts for supervisors and shares for overseers (I-39). Nothing here says what anybody did, or when."""

import datetime as dt
import uuid
from collections import Counter
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from casework.accounts.models import Membership, User
from casework.authz.identity import Identity
from casework.authz.scope import unscoped

from .counting import by_band, day_of, monday
from .models import ExposureChoice, ExposureLog, WelfareCheck
from .reading import entries_of, keeps

SMALLEST = 5
PERIOD = dt.timedelta(weeks=13)
CHECKED_WITHIN = dt.timedelta(days=7)


@dataclass(frozen=True)
class Counts:
    """One member of staff as a supervisor sees it: `bands` is None where the person keeps the counts to oneself."""

    user: User
    role: str
    bands: Counter[str] | None
    takes_part: bool
    check: WelfareCheck | None


def of_staff(db: Session, identity: Identity, at: dt.datetime) -> list[Counts]:
    """The supervisor's own staff this week, by name. A fixed number of queries."""
    today = day_of(at)
    query = (
        select(Membership, User).join(User, User.id == Membership.user_id)
        .where(Membership.agency_id == identity.agency_id, Membership.ended_at.is_(None), User.active.is_(True),
               User.id != identity.user_id)
        .order_by(User.name)
    )
    staff = [(m, u) for m, u in db.execute(query) if m.in_force(today) and keeps(m.role)]
    ids = [user.id for _m, user in staff]
    with unscoped(db, "what somebody chose decides what is counted"):
        choices = {c.person_id: c for c in db.scalars(select(ExposureChoice).where(ExposureChoice.person_id.in_(ids)))}
    sharing = [i for i in ids if i not in choices or choices[i].shares]
    entries = entries_of(db, sharing, monday(today), today)
    checks = {check.person_id: check for check in db.scalars(
        select(WelfareCheck).where(WelfareCheck.agency_id == identity.agency_id, WelfareCheck.state == "open")
        .order_by(WelfareCheck.week.desc())
    )}
    return [
        Counts(user, membership.role, by_band(entries.get(user.id, ())) if user.id in sharing else None,
               user.id not in choices or choices[user.id].takes_part, checks.get(user.id))
        for membership, user in staff
    ]


@dataclass(frozen=True)
class Share:
    """A share as it may be published: None where a count of fewer than five people, or of all but as few, would
    show."""

    part: int
    whole: int

    @property
    def percent(self) -> int | None:
        if self.whole < SMALLEST or any(0 < count < SMALLEST for count in (self.part, self.whole - self.part)):
            return None
        return round(100 * self.part / self.whole)


def shares(db: Session, at: dt.datetime) -> tuple[Share, Share]:
    """I-39 of the thirteen weeks up to a week ago: staff with entries who crossed the threshold of a week, and those
    with a check who had it within seven days. Who keeps the counts to oneself is in neither."""
    last = at - CHECKED_WITHIN
    first = last - PERIOD
    with unscoped(db, "shares only, small numbers hidden"):
        hidden = select(ExposureChoice.person_id).where(ExposureChoice.shares.is_(False))
        counted = db.scalar(select(func.count(ExposureLog.created_by_id.distinct())).where(
            ExposureLog.day >= day_of(first), ExposureLog.day <= day_of(last), ExposureLog.voided_at.is_(None),
            ExposureLog.created_by_id.not_in(hidden),
        ))
        checks = db.scalars(select(WelfareCheck).where(
            WelfareCheck.created_at >= first, WelfareCheck.created_at <= last, WelfareCheck.person_id.not_in(hidden),
        )).all()
    over: set[uuid.UUID] = {check.person_id for check in checks if check.threshold == "week_stop"}
    had = {check.person_id for check in checks}
    late = {check.person_id for check in checks if not _in_time(check)}
    return Share(len(over), counted or 0), Share(len(had - late), len(had))


def _in_time(check: WelfareCheck) -> bool:
    return check.closed_at is not None and check.closed_at - check.created_at <= CHECKED_WITHIN

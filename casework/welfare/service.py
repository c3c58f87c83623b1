"""Recording exposure: an entry, the clock, an entry that was wrong, and what somebody chose."""

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from casework.audit.capture import describe
from casework.authz.identity import Identity
from casework.db.base import now
from casework.db.refs import new_ref
from casework.web.i18n import _
from casework.workflow.engine import NotAllowed, Problem, Refused

from . import checks
from .counting import day_of, minutes_between
from .models import ExposureChoice, ExposureLog
from .reading import choice_of, keeps, so_far

BANDS = ((0, "none"), (9, "few"), (99, "tens"), (999, "hundreds"))


def band_of(items: int) -> str:
    """The band of a number of items."""
    return next((code for most, code in BANDS if items <= most), "thousands")


# ---- entries

def add(
    db: Session, identity: Identity, *, activity: str, band: str, day: dt.date | None = None,
    minutes: int | None = None, began: dt.datetime | None = None, ended: dt.datetime | None = None,
    case_ref: str | None = None, source_id: uuid.UUID | None = None,
) -> ExposureLog:
    """An entry of one's own: a day and minutes, or when it began and ended. Raises NotAllowed for other roles."""
    if minutes is None:
        minutes = minutes_between(began, ended)
    made = _new(db, identity, day=day_of(began) if began else day, minutes=minutes, activity=activity, band=band,
                began=began and began.isoformat(), ended=ended and ended.isoformat(), case_ref=case_ref,
                source_id=source_id)
    db.flush()
    checks.look_at(db, identity.user_id, identity.agency_id, made.day)
    return made


def _new(db: Session, identity: Identity, **values: Any) -> ExposureLog:
    if not keeps(identity.role):
        raise NotAllowed(f"{identity.role} keeps no entries of exposure")
    made = ExposureLog(
        ref=new_ref(db, ExposureLog, "U", now().date()), agency_id=identity.agency_id, created_by_id=identity.user_id,
        retention_class="exposure", **values,
    )
    db.add(made)
    return made


def running(db: Session, identity: Identity) -> ExposureLog | None:
    """The clock that somebody has started and not stopped."""
    return db.scalars(select(ExposureLog).where(
        ExposureLog.created_by_id == identity.user_id, ExposureLog.running.is_(True),
    )).one_or_none()


def start(db: Session, identity: Identity, *, activity: str, band: str, case_ref: str | None = None) -> ExposureLog:
    """Start the clock. Raises Refused when it runs."""
    if running(db, identity) is not None:
        raise Refused(Problem(_("Your clock runs already. Stop it first.")))
    at = now()
    made = _new(db, identity, day=day_of(at), running=True, activity=activity, band=band, began=at.isoformat(),
                case_ref=case_ref)
    describe(db, made, verb="start_clock")
    return made


def stop(db: Session, identity: Identity) -> ExposureLog | None:
    """Stop the clock; None when none runs. A clock that was forgotten counts as its most and can be corrected."""
    found = running(db, identity)
    if found is None:
        return None
    at, began = now(), dt.datetime.fromisoformat(found.began)
    found.minutes = so_far(began, at)
    found.ended = (began + dt.timedelta(minutes=found.minutes) if minutes_between(began, at) > found.minutes
                   else at).isoformat()
    found.running = False
    describe(db, found, verb="stop_clock")
    db.flush()
    checks.look_at(db, identity.user_id, identity.agency_id, found.day)
    return found


def void(db: Session, identity: Identity, entry: ExposureLog, reason: str) -> None:
    """The author says that an entry is wrong; it stays, and counts no more. Raises NotAllowed, Refused."""
    if entry.created_by_id != identity.user_id:
        raise NotAllowed("an entry of exposure is its author's")
    if entry.voided_at is not None:
        raise Refused(Problem(_("This entry was struck out already.")))
    entry.voided_at, entry.why_void = now(), reason
    entry.running = False
    describe(db, entry, verb="void")


# ---- choices

def choose(db: Session, identity: Identity, *, shares: bool, takes_part: bool) -> ExposureChoice:
    """Set one's choices, without reason. Who no longer shares has no open checks."""
    if not keeps(identity.role):
        raise NotAllowed(f"{identity.role} keeps no entries of exposure")
    found = choice_of(db, identity.user_id)
    if found is None:
        found = ExposureChoice(person_id=identity.user_id, shares=True, takes_part=True)
        db.add(found)
    if (found.shares, found.takes_part) != (shares, takes_part):
        found.shares, found.takes_part, found.changed_at = shares, takes_part, now()
    if not shares:
        checks.decline_all(db, identity)
    return found

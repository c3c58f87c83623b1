"""Welfare checks: opened by the program when a threshold is crossed, routine and never a reproach (DOMAIN 9.3)."""

import datetime as dt
import uuid

from sqlalchemy import select
from sqlalchemy.orm import Session, object_session

from casework.accounts.models import Membership
from casework.authz.identity import Identity
from casework.authz.scope import unscoped
from casework.cases import tasks
from casework.db.base import now
from casework.db.refs import new_ref
from casework.web.i18n import _
from casework.workflow import engine
from casework.workflow.engine import SYS, Flow, Move, Problem, Transition, add_flow

from .counting import crossed, day_of, monday
from .limits import THRESHOLDS, limits
from .models import SUPERVISORS, ExposureLog, WelfareCheck
from .reading import choice_of, entries_of

STAFF = ("HOT", "INV", "PSU", "FOR", "CUS", "PRO", "SW", "SWS", "PRV")
WEEK = dt.timedelta(days=6)


def by_another(move: Move) -> Problem | None:
    """Nobody checks on oneself where there is a supervisor; elsewhere the person says that the talk took place."""
    check = move.record
    if check.supervised and check.person_id == move.identity.user_id:
        return Problem(_("Another supervisor records this one."))
    return None


def own(move: Move) -> Problem | None:
    if move.record.person_id != move.identity.user_id:
        return Problem(_("Only the person may decline."))
    return None


def _close(move: Move) -> None:
    move.record.closed_at = move.at
    move.record.closed_by_id = move.identity.user_id


FLOW = add_flow(Flow(
    "welfare",
    states=("open", "done", "declined"),
    final=("done", "declined"),
    transitions=(
        Transition("threshold_crossed", (), "open", (SYS,)),
        Transition("welfare_checked", ("open",), "done", STAFF, level="R", guards=(by_another,), effects=(_close,),
                   confirm=_("Record only that the talk took place. What was said stays between you.")),
        Transition("welfare_declined", ("open",), "declined", STAFF, level="R", guards=(own,), effects=(_close,)),
    ),
))


def facts(check: WelfareCheck) -> dict:
    """What the clock asks of a check: an agency without supervisor has no queue that only supervisors see."""
    return {"supervised": check.supervised}


def owner(check: WelfareCheck, rule) -> tuple:
    """The queue of the agency's supervisors. The task names nobody: others of the agency may see that it is there."""
    role = _supervisors(object_session(check), check.agency_id, check.person_id)
    return check.agency_id, role or rule.queue_role, None


def _supervisors(db: Session, agency_id: uuid.UUID, person_id: uuid.UUID) -> str | None:
    """The role of those at an agency who may hold a check with somebody else than themselves."""
    query = select(Membership).where(
        Membership.agency_id == agency_id, Membership.role.in_(SUPERVISORS), Membership.user_id != person_id,
        Membership.ended_at.is_(None),
    )
    today = day_of(now())
    return next((one.role for one in db.scalars(query) if one.in_force(today)), None)


def look_at(db: Session, person_id: uuid.UUID, agency_id: uuid.UUID, day: dt.date) -> WelfareCheck | None:
    """Open a check when the week of a day has crossed a threshold and has none. Asking again changes nothing.

    Weeks before the last are history: nobody is asked about them. Who keeps the counts to oneself has no checks.
    """
    week = monday(day)
    if week < monday(day_of(now())) - dt.timedelta(days=7):
        return None
    reached = crossed(entries_of(db, [person_id], week, week + WEEK).get(person_id, []), limits())
    if reached is None or reached not in limits().checked:
        return None
    choice = choice_of(db, person_id)
    if choice is not None and not choice.shares:
        return None
    with unscoped(db, "a check is there whoever looks"):
        found = db.scalars(
            select(WelfareCheck).where(WelfareCheck.person_id == person_id, WelfareCheck.week == week)
        ).one_or_none()
    if found is not None:
        if THRESHOLDS.index(reached) > THRESHOLDS.index(found.threshold):
            found.threshold = reached
        return found
    check = WelfareCheck(
        ref=new_ref(db, WelfareCheck, "W", now().date()), agency_id=agency_id, person_id=person_id, week=week,
        threshold=reached, supervised=_supervisors(db, agency_id, person_id) is not None,
    )
    return engine.create(db, None, check, "threshold_crossed")


def decline_all(db: Session, identity: Identity) -> None:
    """The person keeps the counts to oneself: what is open is declined."""
    query = select(WelfareCheck).where(WelfareCheck.person_id == identity.user_id, WelfareCheck.state == "open")
    for check in db.scalars(query).all():
        engine.apply(db, identity, check, "welfare_declined")


def sweep(db: Session, at: dt.datetime) -> None:
    """Periodic work: a clock that runs may cross a threshold while nobody does anything."""
    with unscoped(db, "clocks run whoever looks"):
        found = db.scalars(select(ExposureLog).where(ExposureLog.running.is_(True), ExposureLog.voided_at.is_(None)))
        people = [(row.created_by_id, row.agency_id, row.day) for row in found]
    for person_id, agency_id, day in people:
        look_at(db, person_id, agency_id, day)


def register() -> None:
    """Tell the clocks of the cases about checks."""
    tasks.queue_for("welfare", owner)
    tasks.facts_for("welfare", facts)

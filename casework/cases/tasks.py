"""Tasks and deadlines: start, stop, pause, extend, supersede (DOMAIN 3.9).

The generic subscriber starts and stops every rule whose start or stop names what happened. Features say who gets
the task with `queue_for`, and report happenings that are no transition with `happened`.
"""

import datetime as dt
import uuid
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from casework.authz.identity import Identity
from casework.authz.scope import unscoped
from casework.db.base import now
from casework.db.refs import new_ref
from casework.web.i18n import ZONE, _
from casework.workflow import engine
from casework.workflow.engine import Problem, Refused

from . import clocks
from .clocks import facts_for, queue_for  # noqa: F401  part of the public face
from .models import Case, Task

OPEN = ("open", "in_progress")
_RISKS = ("risk", "risk_level", "level_of_risk", "urgency", "risk_to_child")


def start(
    db: Session,
    rule_code: str,
    record: Any,
    *,
    at: dt.datetime | dt.date | None = None,
    risk: str | None = None,
    assignee_id: uuid.UUID | None = None,
    queue: tuple[uuid.UUID | None, str] | None = None,
) -> Task:
    """Start a clock of a rule for a record. One that runs already is given back.

    `at` is the moment it counts from (now); a date counts from the end of that day in Phnom Penh. `queue` is
    (agency_id, role). Raises LookupError for an unknown rule.
    """
    rule = clocks.rule_of(rule_code)
    running = _running(db, record, [rule_code])
    if running:
        return running[0]
    begin, risk = _moment(at), risk or _risk(record)
    case = _case(db, record)
    agency_id, role, owner_id = clocks.owner(record, rule, case)
    if queue is not None:
        agency_id, role = queue
        owner_id = None
    due_at = clocks.due_time(rule, begin, risk)
    sounding = clocks.moments(rule, begin, due_at)
    task = Task(
        ref=new_ref(db, Task, "T", now().date()), agency_id=agency_id or record.agency_id, title="",
        case_id=_joined_case(record), record_type=record.__tablename__, record_id=record.id, record_ref=record.ref,
        kind=rule.kind, rule=rule.code, risk=risk, assignee_id=assignee_id or owner_id, queue_agency_id=agency_id,
        queue_role=role, started_at=begin, due_at=due_at, first_due_at=due_at, warn_at=sounding[0],
    )
    return _created(db, None, task)


def stop(db: Session, record: Any, rule_codes: Iterable[str], result: str) -> list[Task]:
    """What the clocks waited for has happened: they are done, with `result` (the event)."""
    found = _running(db, record, list(rule_codes))
    for task in found:
        engine.apply(db, None, task, "finish", {"result": result})
    return found


def supersede(db: Session, record: Any, rule_codes: Iterable[str], document: str) -> list[Task]:
    """A document (extension, release, decision) takes the place of the clocks. `document` is its reference."""
    found = _running(db, record, list(rule_codes))
    for task in found:
        engine.apply(db, None, task, "supersede", {"document": document})
    return found


def pause(db: Session, record: Any, rule_code: str, *, at: dt.datetime | None = None) -> Task | None:
    """Stop a clock's hands for at most the hours its rule allows, once. None when no such clock runs.

    Raises Refused when the rule allows no pause, or it was used.
    """
    rule = clocks.rule_of(rule_code)
    for task in _running(db, record, [rule_code]):
        if rule.pause_max_hours is None:
            raise Refused(Problem(_("This clock cannot be paused.")))
        if task.pauses:
            raise Refused(Problem(_("This clock was paused once already.")))
        task.pauses += 1
        task.paused_at = at or now()
        task.paused_until = task.paused_at + dt.timedelta(hours=rule.pause_max_hours)
        return task
    return None


def resume(db: Session, record: Any, rule_code: str, *, at: dt.datetime | None = None) -> Task | None:
    """Let a paused clock run on: the time it stood still is added, never more than its rule allows."""
    for task in _running(db, record, [rule_code]):
        if task.paused_at is not None:
            run_on(task, at or now())
            return task
    return None


def run_on(task: Task, at: dt.datetime) -> None:
    """End the pause of one task."""
    stood = min(at, task.paused_until) - task.paused_at
    task.paused_at = task.paused_until = None
    task.due_at += stood
    if task.warn_at is not None:
        task.warn_at += stood


def extend(
    db: Session, record: Any, rule_code: str, document: str, reason: str, *, to: dt.datetime | None = None
) -> Task:
    """Move a clock's end by a document: by the extension of its rule, or `to` the moment the document says.

    Raises Refused when the clock does not run, cannot be extended, or was extended as often as it may be.
    """
    running = _running(db, record, [clocks.rule_of(rule_code).code])
    if not running:
        raise Refused(Problem(_("This clock is not running.")))
    engine.apply(db, None, running[0], "extend", {"extended_by": document, "due_at": to, "reason": reason})
    return running[0]


def add_free(
    db: Session,
    identity: Identity | None,
    record: Any,
    title: str,
    due_at: dt.datetime | None,
    assignee_id: uuid.UUID | None = None,
    *,
    kind: str = "free",
    queue: tuple[uuid.UUID | None, str] | None = None,
    detail: str | None = None,
    risk: str | None = None,
) -> Task:
    """A task of no rule: typed by a person, or a code of `task_titles` set by the program. No names in titles.

    Without `queue` it belongs to the role and agency of `identity`.
    """
    agency_id, role = queue or (identity.agency_id, identity.role)
    task = Task(
        ref=new_ref(db, Task, "T", now().date()), agency_id=agency_id or record.agency_id, title=title,
        detail=detail, case_id=_joined_case(record), record_type=record.__tablename__, record_id=record.id,
        record_ref=record.ref, kind=kind, risk=risk or _risk(record), assignee_id=assignee_id,
        queue_agency_id=agency_id, queue_role=role, due_at=due_at, first_due_at=due_at, warn_at=due_at,
        created_by_id=identity.user_id if identity else None,
    )
    return _created(db, identity, task)


def _created(db: Session, identity: Identity | None, task: Task) -> Task:
    engine.create(db, identity, task, "start")
    # What may be done with it is asked of the database.
    db.flush()
    return task


def happened(
    db: Session, record: Any, word: str, *, at: dt.datetime | dt.date | None = None, risk: str | None = None
) -> list[Task]:
    """Something happened to a record that is no transition: stop and start the clocks that wait for it.

    `word` is a happening of its flow (`first_contact`, `lawyer_met`). Returns the clocks started.
    """
    return _react(db, record, [word], at, risk)


def on_transition(event: engine.Transitioned) -> None:
    """The generic subscriber: a state entered, the event itself, or what its effects say `happened` with it, starts and
    stops clocks."""
    move, change = event.move, event.change
    if isinstance(move.record, Task):
        return
    words = [change.event]
    if change.from_state != change.to_state and change.to_state != change.event:
        words.append(change.to_state)
    words += move.data.get("happened", ())
    _react(move.session, move.record, words, move.data.get("clock_from"), move.data.get("risk"))


def _react(db: Session, record: Any, words: Sequence[str], at, risk: str | None) -> list[Task]:
    happenings = [f"{clocks.name_of(record)}:{word}" for word in words]
    stopping = {rule.code: h for h in happenings for rule in clocks.rules().stopping(h)}
    for task in _running(db, record, list(stopping)):
        engine.apply(db, None, task, "finish", {"result": stopping[task.rule].partition(":")[2]})
    begin, risk = _moment(at), risk or _risk(record)
    starting = {rule.code: rule for h in happenings for rule in clocks.started_by(h, record, begin, risk)}
    return [start(db, code, record, at=begin, risk=risk) for code in starting]


def _running(db: Session, record: Any, rule_codes: Sequence[str]) -> list[Task]:
    if not rule_codes:
        return []
    if record in db.new:  # what is only being made has no clock yet; its first one comes after it
        db.flush()
        return []
    with unscoped(db, "a clock runs whoever looks"):
        return list(
            db.scalars(
                select(Task)
                .where(Task.record_id == record.id, Task.rule.in_(rule_codes), Task.state.in_(OPEN))
                .order_by(Task.id)
            )
        )


def _case(db: Session, record: Any) -> Case | None:
    if isinstance(record, Case):
        return record
    case_id = getattr(record, "case_id", None)
    if case_id is None:
        return None
    with unscoped(db, "the case says which agency works on it"):
        return db.get(Case, case_id)


def _joined_case(record: Any) -> uuid.UUID | None:
    """The case a task joins: none where the record keeps a log of its own, apart from the case's."""
    case_id = record.id if isinstance(record, Case) else getattr(record, "case_id", None)
    return case_id if case_id is not None and record.audit_chain() == case_id else None


def moment_of(text: str) -> dt.datetime:
    """A moment kept as ISO text."""
    return dt.datetime.fromisoformat(text)


def _moment(at: dt.datetime | dt.date | None) -> dt.datetime:
    if at is None:
        return now()
    if isinstance(at, dt.datetime):
        return at
    return dt.datetime.combine(at, dt.time(23, 59, 59), ZONE).astimezone(dt.UTC)


def _risk(record: Any) -> str | None:
    return next((value for name in _RISKS if (value := getattr(record, name, None))), None)


def is_overdue(task: Any, at: dt.datetime) -> bool:
    """Whether an open task ran over; a paused one does not."""
    return task.state in OPEN and task.due_at is not None and task.paused_at is None and task.due_at < at


def is_due_soon(task: Any, at: dt.datetime) -> bool:
    """Whether the first warning of an open task has passed and its end has not."""
    if task.state not in OPEN or task.due_at is None or is_overdue(task, at):
        return False
    return bool(task.alarms) or (task.warn_at is not None and task.warn_at <= at)


engine.subscribe(on_transition)

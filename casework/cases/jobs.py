"""Periodic work: alarms that are due, also those that sounded while nobody ran the program, and what features add."""

import datetime as dt
from collections.abc import Callable
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from casework.accounts.service import housekeeping
from casework.audit.capture import event_for, record_event
from casework.authz.scope import unscoped
from casework.db.base import now
from casework.db.session import work

from . import clocks, tasks
from .models import Task

BATCH = 200

Job = Callable[[Session, dt.datetime], Any]
_jobs: list[Job] = [housekeeping]


def every_run(function: Job) -> None:
    """Let `function(db, now)` do a feature's periodic work, in a transaction of its own. It must be repeatable."""
    if function not in _jobs:
        _jobs.append(function)


def run_due(registry: Any, at: dt.datetime | None = None) -> int:
    """Do what is due; give the number of alarms sounded. Running it again at once does nothing.

    Raises ExceptionGroup of what failed, after everything else was done.
    """
    moment, sounded = at or now(), 0
    info = {"keyring": registry["keyring"], "matrix": registry.get("matrix_hash")}
    while True:
        with work(registry["engine"], info=dict(info)) as db:
            done = sound_alarms(db, moment)
        sounded += done
        if done < BATCH:
            break
    failed = []
    for job in _jobs:
        try:
            with work(registry["engine"], info=dict(info)) as db:
                job(db, moment)
        except Exception as error:
            # One job that fails keeps no other from its work.
            failed.append(error)
    if failed:
        raise ExceptionGroup("periodic work failed", failed)
    return sounded


def sound_alarms(db: Session, moment: dt.datetime) -> int:
    """Sound every alarm of up to `BATCH` tasks whose next one is due at `moment`; each leaves an entry in the log."""
    with unscoped(db, "clocks run for everybody"):
        due = db.scalars(
            select(Task)
            .where(
                Task.state.in_(tasks.OPEN),
                or_(Task.warn_at <= moment, Task.paused_until <= moment),
            )
            .order_by(Task.id)
            .limit(BATCH)
        ).all()
    for task in due:
        if task.paused_until is not None and task.paused_until <= moment:
            tasks.run_on(task, task.paused_until)
        if task.paused_at is None:
            _sound(db, task, moment)
        elif task.warn_at is not None:
            # The hands stand still: the alarm waits as long as the pause lasts.
            task.warn_at = max(task.warn_at, task.paused_until)
    return len(due)


def _sound(db: Session, task: Task, moment: dt.datetime) -> None:
    rule = clocks.rules().get(task.rule or "")
    sounding = clocks.moments(rule, task.started_at, task.due_at) if rule else [task.due_at]
    while task.warn_at is not None and task.warn_at <= moment:
        task.alarms += 1
        record_event(db, event_for(task, "alarm", {"number": task.alarms, "due": task.due_at.isoformat()}))
        following = [m for m in sounding if m > task.warn_at]
        task.warn_at = following[0] if following else None
    if task.due_at <= moment and task.escalated_at is None and rule is not None and rule.escalate_to:
        task.escalated_at = moment
        task.escalated_to = f" {' '.join(rule.escalate_to)} "

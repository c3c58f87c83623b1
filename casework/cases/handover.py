"""The task by which a supervisor is asked to give a record to somebody else, and its end."""

import uuid
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from casework.authz.scope import unscoped
from casework.db.base import now
from casework.workflow import engine

from . import tasks
from .models import Task

TITLE = "hand_over"


def hand_over(
    db: Session, record: Any, queue: tuple[uuid.UUID | None, str], assignee_id: uuid.UUID | None = None
) -> None:
    """Ask who supervises to give a record to somebody else; once, until it was done. `queue` is (agency_id, role)."""
    with unscoped(db, "a record is handed over once"):
        asked = db.scalars(_asked(record, queue[1]).limit(1)).first()
    if asked is None:
        tasks.add_free(db, None, record, TITLE, now(), assignee_id, kind="procedural", queue=queue)


def handed_over(db: Session, record: Any, role: str) -> None:
    """A record was given to somebody else: who of this role was asked for that is asked no more."""
    with unscoped(db, "what was asked for was done, whoever did it"):
        asked = db.scalars(_asked(record, role)).all()
    for task in asked:
        engine.apply(db, None, task, "finish", {"result": "assign"})


def _asked(record: Any, role: str) -> Select:
    return select(Task).where(
        Task.record_id == record.id, Task.title == TITLE, Task.queue_role == role, Task.state.in_(tasks.OPEN))

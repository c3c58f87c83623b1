"""Who is shut out of a case by a conflict of interest: nothing of it is given to them, whoever gives it."""

import uuid
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from casework.authz.models import Recusal
from casework.authz.scope import unscoped
from casework.db.base import Base
from casework.web.i18n import _
from casework.workflow.engine import Problem

from .models import Case, Task


def case_id_of(db: Session, record: Any) -> uuid.UUID | None:
    """The case that a record belongs to, also where it keeps a log apart from the case's."""
    if isinstance(record, Case):
        return record.id
    if isinstance(record, Task) and record.case_id is None:
        table = Base.metadata.tables[record.record_type]
        if "case_id" not in table.c:
            return None
        with unscoped(db, "which case a task is of, whoever sees that"):
            return db.scalar(select(table.c.case_id).where(table.c.id == record.record_id))
    return getattr(record, "case_id", None)


def is_recused(db: Session, user_id: uuid.UUID, record: Any) -> bool:
    """Whether a conflict of interest shuts the case of a record to a person."""
    case_id = case_id_of(db, record)
    return case_id is not None and db.scalar(shut(user_id).where(Recusal.case_id == case_id)) is not None


def cases_shut_to(db: Session, user_id: uuid.UUID) -> frozenset[uuid.UUID]:
    """The cases that a conflict of interest shuts to a person."""
    return frozenset(db.scalars(shut(user_id)))


def shut(user_id: uuid.UUID) -> Select:
    """The query of `cases_shut_to`."""
    return select(Recusal.case_id).where(Recusal.user_id == user_id, Recusal.ended_at.is_(None))


def problem(db: Session, user_id: uuid.UUID | None, record: Any, field: str | None = None) -> Problem | None:
    """What stands in the way of giving a person something of a record's case. It does not say why."""
    if user_id is None or not is_recused(db, user_id, record):
        return None
    return Problem(_("This person cannot take part in this case."), field)

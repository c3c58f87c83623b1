"""Reading exposure: what counts of somebody, where somebody stands, what somebody chose."""

import datetime as dt
import uuid

from sqlalchemy import select
from sqlalchemy.orm import Session

from casework.authz.scope import current_matrix, unscoped
from casework.crypto.sealed import vault
from casework.db.base import now

from .counting import Entry, Meter, day_of, meter, minutes_between, monday
from .limits import limits
from .models import ROW, ExposureChoice, ExposureLog


def keeps(role: str) -> bool:
    """Whether people of a role keep entries of their own."""
    return current_matrix().cell(ROW, role).may("R")


def entries_of(db: Session, person_ids: list[uuid.UUID], first: dt.date, last: dt.date) -> dict[uuid.UUID, list[Entry]]:
    """What counts of some people from one day to another, whoever asks: the caller shows sums only."""
    at = now()
    query = select(ExposureLog).where(
        ExposureLog.created_by_id.in_(person_ids), ExposureLog.day >= first, ExposureLog.day <= last,
        ExposureLog.voided_at.is_(None),
    )
    with unscoped(db, "sums only, shown to the person or as counts"):
        rows = db.scalars(query).all()
    vault(db).fetch(row.id for row in rows)
    found: dict[uuid.UUID, list[Entry]] = {}
    for row in rows:
        found.setdefault(row.created_by_id, []).append(counted(row, at))
    return found


def counted(row: ExposureLog, at: dt.datetime) -> Entry:
    """A row as it counts at a moment: a clock that runs has its minutes so far, and never more than its most."""
    began = dt.datetime.fromisoformat(row.began) if row.began else None
    ended = dt.datetime.fromisoformat(row.ended) if row.ended else None
    if row.running:
        return Entry(row.day, so_far(began, at), row.band, began, None, running=True)
    return Entry(row.day, row.minutes, row.band, began, ended)


def so_far(began: dt.datetime, at: dt.datetime) -> int:
    """Minutes of a clock that runs, never more than its most."""
    return min(minutes_between(began, at), limits().clock_most)


def meter_of(db: Session, person_id: uuid.UUID, at: dt.datetime | None = None) -> Meter:
    """Where somebody stands now. One query."""
    moment = at or now()
    today = day_of(moment)
    return meter(entries_of(db, [person_id], monday(today), today).get(person_id, []), moment, limits())


def choice_of(db: Session, person_id: uuid.UUID) -> ExposureChoice | None:
    """What somebody chose; None where nothing was, which shares and takes part."""
    with unscoped(db, "a choice counts whoever asks"):
        return db.scalars(select(ExposureChoice).where(ExposureChoice.person_id == person_id)).one_or_none()

"""Exposure of staff and what is done about it (DOMAIN 5.2.31, 9.3). Everything here belongs to the person it is about.

Nobody reads an entry but its author: a supervisor sees counts, an overseer shares. What an entry says is sealed under
a key of its own, so that one can be erased without the others.
"""

import datetime as dt
import uuid

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, or_
from sqlalchemy.orm import Mapped

from casework.audit.models import Audited
from casework.authz.conditions import Scope
from casework.authz.scope import Scoped
from casework.crypto.sealed import sealed
from casework.db.base import S1, S2, S3, Base, Keyed, Record, col, now, partial_index
from casework.workflow.guard import Stateful

ROW = "exposure.log"
SUPERVISORS = ("PSU", "SWS")


class ExposureLog(Record, Scoped, Audited, Base):
    """Minutes of one activity by its author, counted for the author's own health. Never changed: voided and made anew.

    `running` marks the clock that was started and not stopped: it has no minutes yet, and a person has one at most.
    `source_id` is the transition that an entry was made by itself from: it counts once. The case it belongs to is a
    sealed reference and no link: the case must not tell who looked at what, nor for how long.
    """

    __tablename__ = "exposure_log"
    __key__ = "id"
    __noted__ = False  # read by the program for its own author; counts for others are entries of their own
    __scope__ = Scope(row=ROW, subjects=(), case=None, agency=())

    day: Mapped[dt.date] = col(S2, meta=True)
    running: Mapped[bool] = col(S2, default=False)
    source_id: Mapped[uuid.UUID | None] = col(S2, unique=True)
    minutes = sealed(S3)
    activity = sealed(S3)
    band = sealed(S3)
    began = sealed(S3)  # ISO text, None where only minutes were given
    ended = sealed(S3)
    case_ref = sealed(S3)
    why_void = sealed(S3)

    __table_args__ = (
        Index("ix_exposure_log_created_by_id_day", "created_by_id", "day"),
        Index("ix_exposure_log_day", "day"),
        partial_index("uq_exposure_log_running", "created_by_id", where="running", unique=True),
    )

    def audit_chain(self) -> uuid.UUID:
        return self.id


def _own_or_staff(model, identity):
    """One's own; a supervisor's, that of the staff: it says that there is a check, not why."""
    own = model.person_id == identity.user_id
    if identity.role in SUPERVISORS:
        return or_(own, model.agency_id == identity.agency_id)
    return own


class WelfareCheck(Record, Scoped, Stateful, Audited, Base):
    """A talk about how somebody is, after a week in which a threshold was crossed. One a person and week; it holds no
    word of what was said."""

    __tablename__ = "welfare_check"
    __flow__ = "welfare"
    __scope__ = Scope(row=ROW, subjects=(), case=None, agency=(), words={"u": _own_or_staff})

    person_id: Mapped[uuid.UUID] = col(S2, ForeignKey("user_account.id"), meta=True)
    week: Mapped[dt.date] = col(S2, meta=True)  # its Monday
    threshold: Mapped[str] = col(S3, String(20), info={"coded": True})  # the highest one crossed in the week
    supervised: Mapped[bool] = col(S1)  # whether the agency has a supervisor whose queue it waits in
    state: Mapped[str] = col(S1, String(20), meta=True)
    closed_at: Mapped[dt.datetime | None] = col(S1, meta=True)
    closed_by_id: Mapped[uuid.UUID | None] = col(S1, ForeignKey("user_account.id"), meta=True)

    __table_args__ = (
        UniqueConstraint("person_id", "week"),
        Index("ix_welfare_check_agency_id_state", "agency_id", "state"),
        Index("ix_welfare_check_created_at", "created_at"),
    )

    def audit_chain(self) -> uuid.UUID:
        return self.id


class ExposureChoice(Keyed, Scoped, Audited, Base):
    """What somebody chose, without reason and at any time: to keep the counts to oneself, or to do no such work."""

    __tablename__ = "exposure_choice"
    __scope__ = Scope(
        row=ROW, subjects=(), case=None, agency=(),
        words={"u": lambda model, identity: model.person_id == identity.user_id},
    )

    person_id: Mapped[uuid.UUID] = col(S1, ForeignKey("user_account.id"), unique=True)
    shares: Mapped[bool] = col(S2, default=True)
    takes_part: Mapped[bool] = col(S2, default=True)
    changed_at: Mapped[dt.datetime] = col(S1, default=now)

    def audit_chain(self) -> uuid.UUID:
        return self.id

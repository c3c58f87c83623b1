"""What the matrix's conditions ask about: assignments, recusals, break-glass."""

import datetime as dt
import uuid

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped

from casework.audit.models import Audited
from casework.crypto.sealed import sealed
from casework.db.base import S1, S2, Base, Keyed, col, now


class Grant(Audited, Keyed, Base):
    """`a` of the matrix: a person (or everybody of one role at an agency, or its chiefs) is assigned to a subject.

    The subject is a case, a referral, a support referral or one person. A grant counts only for the role and the
    agency it was given to: who moves on takes nothing along.
    """

    __tablename__ = "access_grant"

    principal_id: Mapped[uuid.UUID] = col(S1)  # a user, or an agency
    agency_id: Mapped[uuid.UUID] = col(S1, ForeignKey("agency.id"))
    role: Mapped[str] = col(S1, String(3))
    chief_only: Mapped[bool] = col(S1, default=False)
    subject_id: Mapped[uuid.UUID] = col(S1)
    subject_type: Mapped[str] = col(S1, String(40))
    case_id: Mapped[uuid.UUID | None] = col(S1)  # the log's chain
    part: Mapped[str] = col(S1, String(20), default="member")  # lead, member, worker, office
    reason: Mapped[str | None] = col(S2)
    created_at: Mapped[dt.datetime] = col(S1, default=now)
    created_by_id: Mapped[uuid.UUID | None] = col(S1)
    until: Mapped[dt.datetime | None] = col(S1)
    ended_at: Mapped[dt.datetime | None] = col(S1)

    __table_args__ = (
        Index("ix_access_grant_principal_id_subject_id", "principal_id", "subject_id"),
        Index("ix_access_grant_subject_id", "subject_id"),
    )


class Recusal(Audited, Keyed, Base):
    """A conflict of interest: overrides everything, break-glass included."""

    __tablename__ = "recusal"

    user_id: Mapped[uuid.UUID] = col(S1, ForeignKey("user_account.id"))
    case_id: Mapped[uuid.UUID] = col(S1)
    reason: Mapped[str | None] = col(S2)
    created_at: Mapped[dt.datetime] = col(S1, default=now)
    created_by_id: Mapped[uuid.UUID | None] = col(S1)

    __table_args__ = (Index("ix_recusal_user_id_case_id", "user_id", "case_id", unique=True),)


class BreakGlass(Audited, Keyed, Base):
    """`x` of the matrix: reading of one subject for four hours, with a reason, watched."""

    __tablename__ = "break_glass"
    __key__ = "id"

    user_id: Mapped[uuid.UUID] = col(S1, ForeignKey("user_account.id"))
    role: Mapped[str] = col(S1, String(3))
    subject_id: Mapped[uuid.UUID] = col(S1)
    case_id: Mapped[uuid.UUID | None] = col(S1)
    reason_code: Mapped[str] = col(S2, String(40))
    reason = sealed(S2)
    created_at: Mapped[dt.datetime] = col(S1, default=now)
    until: Mapped[dt.datetime] = col(S1)
    ended_at: Mapped[dt.datetime | None] = col(S1)
    reviewed_at: Mapped[dt.datetime | None] = col(S1)
    reviewed_by_id: Mapped[uuid.UUID | None] = col(S1)

    __table_args__ = (Index("ix_break_glass_user_id_subject_id", "user_id", "subject_id"),)

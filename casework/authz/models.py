"""What the matrix's conditions ask about: assignments, recusals, break-glass."""

import datetime as dt
import uuid

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped

from casework.audit.models import Audited
from casework.crypto.sealed import sealed
from casework.db.base import S1, S2, Base, Keyed, col, now, partial_index


class Grant(Audited, Keyed, Base):
    """`a` of the matrix: a person (or everybody of one role at an agency, or its chiefs) is assigned to a subject.

    The subject is a case, a referral, a support referral or one person. A grant counts only for the role and the
    agency it was given to: who moves on takes nothing along. A grant is ended, never deleted.
    """

    __tablename__ = "access_grant"

    principal_id: Mapped[uuid.UUID] = col(S1)  # a user, or an agency
    agency_id: Mapped[uuid.UUID] = col(S1, ForeignKey("agency.id"))
    role: Mapped[str] = col(S1, String(3))
    chief_only: Mapped[bool] = col(S1, default=False)
    subject_id: Mapped[uuid.UUID] = col(S1)
    subject_type: Mapped[str] = col(S1, String(40))
    case_id: Mapped[uuid.UUID | None] = col(S1)  # the log's chain
    part: Mapped[str] = col(S1, String(20), default="member")  # lead, member, worker, office, access
    reason: Mapped[str | None] = col(S2)
    created_at: Mapped[dt.datetime] = col(S1, default=now)
    created_by_id: Mapped[uuid.UUID | None] = col(S1)
    until: Mapped[dt.datetime | None] = col(S1)
    ended_at: Mapped[dt.datetime | None] = col(S1)
    ended_by_id: Mapped[uuid.UUID | None] = col(S1)
    end_reason: Mapped[str | None] = col(S2)
    delegation_id: Mapped[uuid.UUID | None] = col(S1)  # given for the leave of somebody else

    __table_args__ = (
        # All that a condition asks of a grant: the table itself is not read.
        Index("ix_access_grant_principal_id", "principal_id", "agency_id", "role", "ended_at", "subject_id", "until",
              "chief_only"),
        Index("ix_access_grant_subject_id", "subject_id"),
        Index("ix_access_grant_delegation_id", "delegation_id"),
    )


class Recusal(Audited, Keyed, Base):
    """A conflict of interest: overrides everything, break-glass included, until a supervisor ends it."""

    __tablename__ = "recusal"

    user_id: Mapped[uuid.UUID] = col(S1, ForeignKey("user_account.id"))
    case_id: Mapped[uuid.UUID] = col(S1)
    reason: Mapped[str | None] = col(S2)
    created_at: Mapped[dt.datetime] = col(S1, default=now)
    created_by_id: Mapped[uuid.UUID | None] = col(S1)

    ended_at: Mapped[dt.datetime | None] = col(S1)
    ended_by_id: Mapped[uuid.UUID | None] = col(S1)
    end_reason: Mapped[str | None] = col(S2)

    __table_args__ = (
        Index("ix_recusal_case_id", "case_id"),
        partial_index("uq_recusal_in_force", "user_id", "case_id", where="ended_at IS NULL", unique=True),
    )


class BreakGlass(Audited, Keyed, Base):
    """`x` of the matrix: reading of one subject for some hours, with a reason, watched.

    Asked for by a reference. Where no record has it, or it is of a kind that nothing is opened by, `subject_id` is the
    row's own id: it opens nothing, and who asked is told the same. The owner is who leads the record's case; its
    agency reviews, or the auditor where there is none.
    """

    __tablename__ = "break_glass"
    __key__ = "id"

    ref: Mapped[str | None] = col(S1, String(16), unique=True)
    user_id: Mapped[uuid.UUID] = col(S1, ForeignKey("user_account.id"))
    role: Mapped[str] = col(S1, String(3))
    agency_id: Mapped[uuid.UUID | None] = col(S1, ForeignKey("agency.id"))  # where the person works
    asked_ref: Mapped[str | None] = col(S1, String(16))
    subject_id: Mapped[uuid.UUID] = col(S1)
    subject_type: Mapped[str | None] = col(S1, String(40))
    case_id: Mapped[uuid.UUID | None] = col(S1)
    owner_id: Mapped[uuid.UUID | None] = col(S1, ForeignKey("user_account.id"))
    owner_agency_id: Mapped[uuid.UUID | None] = col(S1, ForeignKey("agency.id"))
    owner_role: Mapped[str | None] = col(S1, String(3))  # of the supervisors who review
    reason_code: Mapped[str] = col(S2, String(40))
    reason = sealed(S2)
    created_at: Mapped[dt.datetime] = col(S1, default=now)
    until: Mapped[dt.datetime] = col(S1)
    ended_at: Mapped[dt.datetime | None] = col(S1)
    reviewed_at: Mapped[dt.datetime | None] = col(S1)
    reviewed_by_id: Mapped[uuid.UUID | None] = col(S1)
    outcome: Mapped[str | None] = col(S1, String(20))  # break_glass_review
    review = sealed(S2)

    __table_args__ = (
        Index("ix_break_glass_user_id_subject_id", "user_id", "subject_id"),
        Index("ix_break_glass_subject_id", "subject_id"),
        Index("ix_break_glass_case_id", "case_id"),
        Index("ix_break_glass_owner_id", "owner_id", "id"),
        Index("ix_break_glass_owner_agency_id", "owner_agency_id", "owner_role", "id"),
        Index("ix_break_glass_agency_id", "agency_id", "id"),
        partial_index("ix_break_glass_not_reviewed", "created_at", where="reviewed_at IS NULL"),
    )

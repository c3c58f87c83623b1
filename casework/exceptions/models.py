"""Delegation for a leave, and the purposes that people stated. Grants, recusals and emergency access are in authz."""

import datetime as dt
import uuid

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped

from casework.audit.models import Audited
from casework.db.base import S1, S2, Base, Keyed, col, now


class Delegation(Audited, Keyed, Base):
    """One person hands assignments to a colleague of the same office and role, for at most sixty days, when a
    supervisor agrees. The grants made under it carry its id; it ends by itself and is never deleted.
    """

    __tablename__ = "delegation"

    agency_id: Mapped[uuid.UUID] = col(S1, ForeignKey("agency.id"))
    role: Mapped[str] = col(S1, String(3))
    from_id: Mapped[uuid.UUID] = col(S1, ForeignKey("user_account.id"))
    to_id: Mapped[uuid.UUID] = col(S1, ForeignKey("user_account.id"))
    starts_at: Mapped[dt.datetime] = col(S1)
    until: Mapped[dt.datetime] = col(S1)
    reason: Mapped[str] = col(S2)
    created_at: Mapped[dt.datetime] = col(S1, default=now)
    created_by_id: Mapped[uuid.UUID | None] = col(S1, ForeignKey("user_account.id"))
    decided_at: Mapped[dt.datetime | None] = col(S1)
    decided_by_id: Mapped[uuid.UUID | None] = col(S1, ForeignKey("user_account.id"))
    approved: Mapped[bool | None] = col(S1)
    ended_at: Mapped[dt.datetime | None] = col(S1)
    ended_by_id: Mapped[uuid.UUID | None] = col(S1, ForeignKey("user_account.id"))
    end_reason: Mapped[str | None] = col(S2)

    __table_args__ = (
        Index("ix_delegation_agency_id", "agency_id", "role", "id"),
        Index("ix_delegation_from_id", "from_id", "id"),
        Index("ix_delegation_to_id", "to_id", "id"),
        Index("ix_delegation_until", "approved", "ended_at", "until"),
    )

    def audit_chain(self) -> uuid.UUID:
        return self.id


class StatedPurpose(Audited, Keyed, Base):
    """What somebody opened a record outside the ordinary line of work for; asked once for each record and session."""

    __tablename__ = "stated_purpose"

    user_id: Mapped[uuid.UUID] = col(S1, ForeignKey("user_account.id"))
    session_id: Mapped[uuid.UUID | None] = col(S1)
    record_type: Mapped[str] = col(S1, String(40))
    record_id: Mapped[uuid.UUID] = col(S1)
    chain_id: Mapped[uuid.UUID] = col(S1)
    case_id: Mapped[uuid.UUID | None] = col(S1)
    purpose: Mapped[str] = col(S1, String(40))
    explanation: Mapped[str] = col(S2)
    created_at: Mapped[dt.datetime] = col(S1, default=now)

    __table_args__ = (Index("ix_stated_purpose_record_id", "record_id", "user_id", "session_id"),)

    def audit_chain(self) -> uuid.UUID:
        return self.chain_id

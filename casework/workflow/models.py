"""The history of transitions."""

import datetime as dt
import uuid

from sqlalchemy import JSON, Index, String
from sqlalchemy.orm import Mapped

from casework.audit.models import Audited
from casework.db.base import S1, S2, Base, Keyed, col, now


class StateChange(Audited, Keyed, Base):
    """One transition of one record: from, to, event, actor, time, reason, guard results (DOMAIN 3)."""

    __tablename__ = "state_change"

    record_type: Mapped[str] = col(S1, String(40))
    record_id: Mapped[uuid.UUID] = col(S1)
    case_id: Mapped[uuid.UUID | None] = col(S1)
    chain_id: Mapped[uuid.UUID] = col(S1)
    event: Mapped[str] = col(S1, String(40))
    from_state: Mapped[str | None] = col(S1, String(40))
    to_state: Mapped[str] = col(S1, String(40))
    actor_id: Mapped[uuid.UUID | None] = col(S1)
    role: Mapped[str] = col(S1, String(3))
    agency_id: Mapped[uuid.UUID | None] = col(S1)
    at: Mapped[dt.datetime] = col(S1, default=now)
    reason_code: Mapped[str | None] = col(S1, String(60))
    reason: Mapped[str | None] = col(S2)
    guards: Mapped[list | None] = col(S1, JSON)
    rule: Mapped[str | None] = col(S1)

    __table_args__ = (
        Index("ix_state_change_record_id_at", "record_id", "at"),
        Index("ix_state_change_case_id_at", "case_id", "at"),
    )

    def audit_chain(self) -> uuid.UUID:
        return self.chain_id

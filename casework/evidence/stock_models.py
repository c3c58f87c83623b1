"""Stocktake: what a custodian found on a shelf, compared with what should be there."""

import datetime as dt
import uuid

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped

from casework.audit.models import Audited
from casework.authz.conditions import Scope
from casework.authz.scope import Scoped
from casework.db.base import S1, S2, Base, Keyed, Record, col, now
from casework.workflow.guard import Stateful

SCOPE = Scope(row="custody.event", subjects=(), case=None)


class Stocktake(Record, Scoped, Stateful, Audited, Base):
    """One count of one place of a store. The numbers are there when it is finished."""

    __tablename__ = "stocktake"
    __flow__ = "stocktake"
    __scope__ = SCOPE

    state: Mapped[str] = col(S1, String(20), meta=True)
    location: Mapped[str] = col(S2, String(120), meta=True)
    finished_at: Mapped[dt.datetime | None] = col(S1, meta=True)
    found: Mapped[int | None] = col(S1, meta=True)
    elsewhere: Mapped[int | None] = col(S1, meta=True)
    missing: Mapped[int | None] = col(S1, meta=True)
    unknown: Mapped[int | None] = col(S1, meta=True)

    __table_args__ = (Index("ix_stocktake_agency_id_id", "agency_id", "id"),)

    def audit_chain(self) -> uuid.UUID:
        return self.id


class StocktakeLine(Keyed, Scoped, Audited, Base):
    """One thing scanned, or one that should have been and was not."""

    __tablename__ = "stocktake_line"
    __scope__ = SCOPE

    stocktake_id: Mapped[uuid.UUID] = col(S1, ForeignKey("stocktake.id"))
    agency_id: Mapped[uuid.UUID] = col(S1, ForeignKey("agency.id"))
    text: Mapped[str] = col(S2, String(60))  # the reference as it was read
    item_id: Mapped[uuid.UUID | None] = col(S1, ForeignKey("evidence_item.id"))
    result: Mapped[str] = col(S1, String(20))
    at: Mapped[dt.datetime] = col(S1, default=now)

    __table_args__ = (
        UniqueConstraint("stocktake_id", "text"),
        Index("ix_stocktake_line_stocktake_id_id", "stocktake_id", "id"),
    )

    def audit_chain(self) -> uuid.UUID:
        return self.stocktake_id

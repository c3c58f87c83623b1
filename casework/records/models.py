"""Drafts, submissions and the search index: helpers of the pages, not records of the domain."""

import datetime as dt
import uuid

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped

from casework.audit.models import Audited
from casework.crypto.sealed import sealed
from casework.db.base import S1, S2, S4, Base, Keyed, col, now


class Draft(Keyed, Base):
    """What a person typed and did not send yet; nobody else's business. Its id makes sending twice harmless."""

    __tablename__ = "draft"
    __key__ = "user_id"
    __noted__ = False

    user_id: Mapped[uuid.UUID] = col(S1, ForeignKey("user_account.id"))
    form: Mapped[str] = col(S1, String(200))
    body = sealed(S4)
    updated_at: Mapped[dt.datetime] = col(S1, default=now)

    __table_args__ = (UniqueConstraint("user_id", "form"),)


class Submission(Base):
    """A form that was sent: the same form sent again leads to the same page and changes nothing."""

    __tablename__ = "submission"

    token: Mapped[uuid.UUID] = col(S1, primary_key=True)
    user_id: Mapped[uuid.UUID | None] = col(S1)
    location: Mapped[str] = col(S1, String(300))
    at: Mapped[dt.datetime] = col(S1, default=now)


class Voiding(Audited, Keyed, Base):
    """A wrong record of no flow is voided by two people: one asks with a reason, another decides."""

    __tablename__ = "voiding"

    record_type: Mapped[str] = col(S1, String(40))
    record_id: Mapped[uuid.UUID] = col(S1, index=True)
    chain_id: Mapped[uuid.UUID] = col(S1)
    reason_code: Mapped[str] = col(S1, String(40))
    reason: Mapped[str] = col(S2)
    asked_at: Mapped[dt.datetime] = col(S1, default=now)
    asked_by_id: Mapped[uuid.UUID] = col(S1, ForeignKey("user_account.id"))
    decided_at: Mapped[dt.datetime | None] = col(S1)
    decided_by_id: Mapped[uuid.UUID | None] = col(S1, ForeignKey("user_account.id"))
    approved: Mapped[bool | None] = col(S1)

    def audit_chain(self) -> uuid.UUID:
        return self.chain_id


class Erasure(Audited, Keyed, Base):
    """The data keys of a record's subject, and of those it carries, are destroyed by two people under an order: one
    asks, another decides (DOMAIN 9.8)."""

    __tablename__ = "erasure"

    record_type: Mapped[str] = col(S1, String(40))
    record_id: Mapped[uuid.UUID] = col(S1, index=True)
    chain_id: Mapped[uuid.UUID] = col(S1)
    order: Mapped[str] = col(S1, String(120))
    reason: Mapped[str] = col(S2)
    asked_at: Mapped[dt.datetime] = col(S1, default=now)
    asked_by_id: Mapped[uuid.UUID] = col(S1, ForeignKey("user_account.id"))
    decided_at: Mapped[dt.datetime | None] = col(S1)
    decided_by_id: Mapped[uuid.UUID | None] = col(S1, ForeignKey("user_account.id"))
    approved: Mapped[bool | None] = col(S1)
    keys: Mapped[int | None] = col(S1, Integer)  # how many were destroyed

    __table_args__ = (CheckConstraint("decided_by_id IS NULL OR decided_by_id <> asked_by_id", name="two_people"),)

    def audit_chain(self) -> uuid.UUID:
        return self.chain_id


class SearchText(Base):
    """Folded text of the searchable fields (S1 and S2 only) of one record."""

    __tablename__ = "search_text"

    id: Mapped[int] = col(S1, BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True)
    record_id: Mapped[uuid.UUID] = col(S1, unique=True)
    record_type: Mapped[str] = col(S1, String(40))
    folded: Mapped[str] = col(S2)

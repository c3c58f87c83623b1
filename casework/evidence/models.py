"""EvidenceItem and CustodyEvent in their first form (DOMAIN 3.6, 5.2.5, 5.2.6).

casework registers material and never holds it: a hash, a label, a vault reference.
"""

import datetime as dt
import uuid

from sqlalchemy import JSON, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped

from casework.audit.models import Audited
from casework.authz.conditions import Scope
from casework.authz.scope import Scoped
from casework.crypto.sealed import sealed
from casework.db.base import S1, S2, S3, Base, Record, col, now
from casework.workflow.guard import Stateful


class EvidenceItem(Record, Scoped, Stateful, Audited, Base):
    """One exhibit. Holder and location are computed from the custody events and kept here for lists."""

    __tablename__ = "evidence_item"
    __key__ = "case_id"
    __flow__ = "evidence"
    __scope__ = Scope(row="evidence.item", subjects=("id", "case_id"))

    case_id: Mapped[uuid.UUID] = col(S1, ForeignKey("case.id"), meta=True)
    number: Mapped[int] = col(S1, meta=True)
    state: Mapped[str] = col(S1, String(30), meta=True)
    kind: Mapped[str] = col(S1, String(20), meta=True)
    parent_id: Mapped[uuid.UUID | None] = col(S1, ForeignKey("evidence_item.id"))
    description: Mapped[str] = col(S2, String(500))
    make: Mapped[str | None] = col(S2, String(80))
    model: Mapped[str | None] = col(S2, String(80))
    serial = sealed(S3)
    imei = sealed(S3)
    seized_at: Mapped[dt.datetime] = col(S2)
    province: Mapped[str | None] = col(S2, String(2))
    place: Mapped[str | None] = col(S2, String(200))
    seized_from_id: Mapped[uuid.UUID | None] = col(S2, ForeignKey("person.id"))
    authority_type: Mapped[str] = col(S2, String(20))
    authority_document: Mapped[str | None] = col(S2, String(120))
    seal: Mapped[str | None] = col(S2, String(60), unique=True)
    seal_witnesses: Mapped[list | None] = col(S2, JSON)
    restricted_material: Mapped[str] = col(S2, String(20), default="not_examined")
    vault_ref = sealed(S3)
    hashes = sealed(S3)  # [{alg, value, at, by, tool}]
    hash_verified_at: Mapped[dt.datetime | None] = col(S2)
    size: Mapped[int | None] = col(S1)
    holder_id: Mapped[uuid.UUID | None] = col(S2, ForeignKey("user_account.id"), meta=True)
    receiver_id: Mapped[uuid.UUID | None] = col(S2, ForeignKey("user_account.id"), meta=True)  # asked, not yet accepted
    released_at: Mapped[dt.datetime | None] = col(S2, meta=True)
    location: Mapped[str | None] = col(S2, String(120))
    disposition: Mapped[str | None] = col(S1, String(20), meta=True)
    discrepancy: Mapped[str | None] = col(S2)

    __table_args__ = (
        UniqueConstraint("case_id", "number"),
        Index("ix_evidence_item_agency_id_id", "agency_id", "id"),
        Index("ix_evidence_item_holder_id_id", "holder_id", "id"),
        Index("ix_evidence_item_receiver_id_id", "receiver_id", "id"),
    )


class CustodyEvent(Record, Scoped, Audited, Base):
    """One link of the chain of custody: append only, each with the hash of the one before."""

    __tablename__ = "custody_event"
    __key__ = "case_id"
    __scope__ = Scope(row="custody.event", subjects=("case_id", "item_id"))

    case_id: Mapped[uuid.UUID] = col(S1, ForeignKey("case.id"))
    item_id: Mapped[uuid.UUID] = col(S1, ForeignKey("evidence_item.id"))
    seq: Mapped[int] = col(S1)
    type: Mapped[str] = col(S2, String(20))
    at: Mapped[dt.datetime] = col(S2)
    recorded_at: Mapped[dt.datetime] = col(S2, default=now)
    released_by_id: Mapped[uuid.UUID | None] = col(S2, ForeignKey("user_account.id"))
    received_by_id: Mapped[uuid.UUID | None] = col(S2, ForeignKey("user_account.id"))
    outsider: Mapped[str | None] = col(S2, String(120))
    place: Mapped[str | None] = col(S2, String(120))
    purpose: Mapped[str | None] = col(S2, String(20))
    authority: Mapped[str | None] = col(S2, String(120))
    seal_before: Mapped[str | None] = col(S2, String(60))
    seal_after: Mapped[str | None] = col(S2, String(60))
    condition: Mapped[str | None] = col(S2, String(200))
    hash_before = sealed(S3)
    hash_after = sealed(S3)
    witnesses: Mapped[list | None] = col(S2, JSON)
    remark: Mapped[str | None] = col(S2, String(500))
    prev_hash: Mapped[str] = col(S1, String(64))
    hash: Mapped[str] = col(S1, String(64))

    __table_args__ = (UniqueConstraint("item_id", "seq"), Index("ix_custody_event_case_id", "case_id"))

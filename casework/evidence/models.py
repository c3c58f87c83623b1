"""EvidenceItem and CustodyEvent (DOMAIN 3.6, 5.2.5, 5.2.6).

casework registers material and never holds it: a hash, a label, a vault reference.
"""

import datetime as dt
import uuid

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, String, UniqueConstraint, exists, or_
from sqlalchemy.orm import Mapped, relationship

from casework.audit.models import Audited
from casework.authz.conditions import Scope, other, own_agency
from casework.authz.scope import Scoped
from casework.crypto.sealed import sealed
from casework.db.base import S1, S2, S3, Base, Keyed, Record, col, now
from casework.workflow.guard import Stateful

START = "0" * 64  # the hash before the first event


class EvidenceItem(Record, Scoped, Stateful, Audited, Base):
    """One exhibit. Holder and location follow from the custody events and are kept here for lists.

    Exactly one holds an open item: a user (`holder_id`) or, outside the program, somebody by name (`holder_name`).
    `chain_seq` and `chain_hash` are the head of its custody chain: two who add to it at once cannot both succeed.
    """

    __tablename__ = "evidence_item"
    __key__ = "case_id"
    __flow__ = "evidence"
    # A custodian's store may belong to another agency than the one that leads the case.
    __scope__ = Scope(
        row="evidence.item", subjects=("id", "case_id"), agency=("agency_id", "store_agency_id", "receiver_agency_id")
    )
    # Rows 17 to 19 of the matrix: who reads the item does not for that read these.
    __field_rows__ = {"vault_ref": "restricted.material", "hashes": "hash.value", "label_counts": "label"}

    case_id: Mapped[uuid.UUID] = col(S1, ForeignKey("case.id"), meta=True)
    number: Mapped[int] = col(S1, meta=True)
    state: Mapped[str] = col(S1, String(30), meta=True)
    kind: Mapped[str] = col(S1, String(20), meta=True)
    parent_id: Mapped[uuid.UUID | None] = col(S1, ForeignKey("evidence_item.id"))
    root_id: Mapped[uuid.UUID | None] = col(S1)  # the item at the beginning of the line of parents
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
    seal: Mapped[str | None] = col(S2, String(60))
    opened: Mapped[bool] = col(S2, default=False)  # the seal was broken for examination and not yet replaced
    seal_witnesses: Mapped[list | None] = col(S2, JSON)
    restricted_material: Mapped[str] = col(S2, String(20), default="not_examined")
    vault_ref = sealed(S3)
    hashes = sealed(S3)  # [{alg, value, at, by, tool}]
    hash_verified_at: Mapped[dt.datetime | None] = col(S2)
    label_counts: Mapped[dict | None] = col(S2, JSON)  # label -> number of files, as the examiner last counted them
    size: Mapped[int | None] = col(S1, BigInteger)
    parts: Mapped[int | None] = col(S1)
    holder_id: Mapped[uuid.UUID | None] = col(S2, ForeignKey("user_account.id"), meta=True)
    holder_name: Mapped[str | None] = col(S2, String(120))
    store_agency_id: Mapped[uuid.UUID | None] = col(S1, ForeignKey("agency.id"), meta=True)
    location: Mapped[str | None] = col(S2, String(120))
    # The handover that waits for its receiver; until it is accepted the item is on the releaser's account.
    receiver_id: Mapped[uuid.UUID | None] = col(S2, ForeignKey("user_account.id"), meta=True)
    receiver_agency_id: Mapped[uuid.UUID | None] = col(S1, ForeignKey("agency.id"), meta=True)
    released_at: Mapped[dt.datetime | None] = col(S2, meta=True)
    purpose: Mapped[str | None] = col(S2, String(20), meta=True)
    authority: Mapped[str | None] = col(S2, String(120))
    due_back_on: Mapped[dt.date | None] = col(S2, meta=True)
    resume_state: Mapped[str | None] = col(S1, String(30), meta=True)  # where it stood before handover or discrepancy
    discrepancy_kind: Mapped[str | None] = col(S2, String(20))
    discrepancy: Mapped[str | None] = col(S2)
    resolution: Mapped[str | None] = col(S2)
    resolution_role: Mapped[str | None] = col(S1, String(3))
    disposition: Mapped[str | None] = col(S1, String(20), meta=True)
    disposition_order: Mapped[str | None] = col(S2, String(120))
    disposition_to: Mapped[str | None] = col(S2, String(120))
    wiping_certificate: Mapped[str | None] = col(S2, String(120))
    witness_id: Mapped[uuid.UUID | None] = col(S2, ForeignKey("user_account.id"))  # asked to confirm the disposition
    void_asked_at: Mapped[dt.datetime | None] = col(S1, meta=True)
    chain_seq: Mapped[int] = col(S1, default=0)
    chain_hash: Mapped[str] = col(S1, String(64), default=START)

    __table_args__ = (
        UniqueConstraint("case_id", "number"),
        UniqueConstraint("agency_id", "seal"),
        Index("ix_evidence_item_agency_id_id", "agency_id", "id"),
        Index("ix_evidence_item_case_id_id", "case_id", "id"),
        Index("ix_evidence_item_state_id", "state", "id"),
        Index("ix_evidence_item_parent_id", "parent_id"),
        Index("ix_evidence_item_store_agency_id_location", "store_agency_id", "state", "location"),
        Index("ix_evidence_item_store_agency_id_state", "store_agency_id", "state", "due_back_on", "id"),
        Index("ix_evidence_item_holder_id_due_back_on", "holder_id", "state", "due_back_on", "id"),
        Index("ix_evidence_item_holder_id_released_at", "holder_id", "state", "released_at"),
        Index("ix_evidence_item_receiver_id_released_at", "receiver_id", "state", "released_at"),
    )


def _own(model, identity):
    """Of the own agency, or of an item that the own agency's store has or is asked to take."""
    item = other("evidence_item")
    ours = exists().where(
        item.c.id == model.item_id,
        or_(item.c.store_agency_id == identity.agency_id, item.c.receiver_agency_id == identity.agency_id),
    )
    return or_(own_agency(model, identity), ours)


class CustodyEvent(Record, Scoped, Audited, Base):
    """One link of the chain of custody: append only, each with the hash of the one before.

    `commitment` stands for the two hash values of the object in the chain's hash, so that the chain can still be
    checked when the case's key was destroyed; and for what the event's CustodyDetail says, where it has one.
    """

    __tablename__ = "custody_event"
    __key__ = "case_id"
    __scope__ = Scope(row="custody.event", subjects=("case_id", "item_id"), words={"g": _own})
    __field_rows__ = {"hash_before": "hash.value", "hash_after": "hash.value"}

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
    commitment: Mapped[str | None] = col(S1, String(64))
    tool: Mapped[str | None] = col(S2, String(120))
    began_at: Mapped[dt.datetime | None] = col(S2)
    write_blocker: Mapped[bool | None] = col(S2)
    witnesses: Mapped[list | None] = col(S2, JSON)
    cause: Mapped[str | None] = col(S2, String(20))  # of a discrepancy
    remark: Mapped[str | None] = col(S2)
    prev_hash: Mapped[str] = col(S1, String(64))
    hash: Mapped[str] = col(S1, String(64))

    detail: Mapped["CustodyDetail | None"] = relationship(lazy="joined")

    __table_args__ = (UniqueConstraint("item_id", "seq"), Index("ix_custody_event_case_id", "case_id"))


class CustodyDetail(Keyed, Scoped, Audited, Base):
    """What some links say besides: by which clock their moment was read, which link they correct. Append only, and
    held by the commitment of the link."""

    __tablename__ = "custody_detail"
    __scope__ = Scope(row="custody.event", subjects=("case_id", "item_id"), words={"g": _own})

    case_id: Mapped[uuid.UUID] = col(S1, ForeignKey("case.id"))
    agency_id: Mapped[uuid.UUID] = col(S1, ForeignKey("agency.id"))
    item_id: Mapped[uuid.UUID] = col(S1, ForeignKey("evidence_item.id"))
    event_id: Mapped[uuid.UUID] = col(S1, ForeignKey("custody_event.id"), unique=True)
    clock: Mapped[str | None] = col(S2, String(20))  # None: the clock of this program
    why_later: Mapped[str | None] = col(S2, String(200))  # why it was recorded long after it happened
    corrects: Mapped[int | None] = col(S1)  # the number of the link that this one corrects

    __table_args__ = (Index("ix_custody_detail_item_id", "item_id"), Index("ix_custody_detail_case_id", "case_id"))

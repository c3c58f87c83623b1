"""The log's tables, and the mark that puts a model under it."""

import datetime as dt
import uuid

from sqlalchemy import BigInteger, Index, Integer, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped

from casework.db.base import S1, S2, Base, col


class AuditEntry(Base):
    """One thing that happened. Never updated, never deleted (triggers refuse both).

    `body` is canonical JSON; `commitment` = SHA-256(salt || body), so that a body can be sealed or erased one day
    while its proof stays; `hash` covers the commitment, the place in the chain and the hash before. The columns in
    between repeat parts of the body for searching; `verify` compares them with it.
    """

    __tablename__ = "audit_entry"

    seq: Mapped[int] = col(S1, BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True)
    chain: Mapped[uuid.UUID] = col(S1)
    number: Mapped[int] = col(S1, Integer)
    at: Mapped[dt.datetime] = col(S1)
    verb: Mapped[str] = col(S1, String(60))
    result: Mapped[str] = col(S1, String(20))
    actor_id: Mapped[uuid.UUID | None] = col(S1)
    agency_id: Mapped[uuid.UUID | None] = col(S1)
    record_type: Mapped[str | None] = col(S1, String(40))
    record_id: Mapped[uuid.UUID | None] = col(S1)
    case_id: Mapped[uuid.UUID | None] = col(S1)
    body: Mapped[str] = col(S2)
    salt: Mapped[bytes] = col(S1, LargeBinary(16))
    commitment: Mapped[bytes] = col(S1, LargeBinary(32))
    previous: Mapped[bytes] = col(S1, LargeBinary(32))
    hash: Mapped[bytes] = col(S1, LargeBinary(32))

    __table_args__ = (
        UniqueConstraint("chain", "number"),
        Index("ix_audit_entry_record_id_seq", "record_id", "seq"),
        Index("ix_audit_entry_case_id_seq", "case_id", "seq"),
        Index("ix_audit_entry_actor_id_seq", "actor_id", "seq"),
        Index("ix_audit_entry_agency_id_seq", "agency_id", "seq"),
        Index("ix_audit_entry_result_seq", "result", "seq"),
        # The auditor's questions: what happened within days, and every export of the latest.
        Index("ix_audit_entry_at", "at"),
        Index("ix_audit_entry_verb_seq", "verb", "seq"),
    )


class AuditHead(Base):
    """Number and hash of the last entry of each chain; its row lock puts writers of one chain in order."""

    __tablename__ = "audit_head"

    chain: Mapped[uuid.UUID] = col(S1, primary_key=True)
    number: Mapped[int] = col(S1, Integer)
    hash: Mapped[bytes] = col(S1, LargeBinary(32))


class LogLeaf(Base):
    """The place of one entry in the tree: given by the sequencer, in the order in which entries became visible."""

    __tablename__ = "log_leaf"

    place: Mapped[int] = col(S1, BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False)
    entry: Mapped[int] = col(S1, BigInteger().with_variant(Integer, "sqlite"), unique=True)
    hash: Mapped[bytes] = col(S1, LargeBinary(32))


class LogNode(Base):
    """The root of 256 ** level neighbouring leaves: what lets a proof be made without reading the whole log."""

    __tablename__ = "log_node"

    level: Mapped[int] = col(S1, Integer, primary_key=True, autoincrement=False)
    place: Mapped[int] = col(S1, BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False)
    hash: Mapped[bytes] = col(S1, LargeBinary(32))


class LogCheckpoint(Base):
    """The tree as it was signed at a size. `parts` are the roots of its complete parts, one after the other; `last`
    is the highest number of an entry in it; `note` is the signed checkpoint (C2SP tlog-checkpoint)."""

    __tablename__ = "log_checkpoint"

    size: Mapped[int] = col(S1, BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False)
    at: Mapped[dt.datetime] = col(S1)
    root: Mapped[bytes] = col(S1, LargeBinary(32))
    parts: Mapped[bytes] = col(S1, LargeBinary)
    last: Mapped[int] = col(S1, BigInteger().with_variant(Integer, "sqlite"))
    note: Mapped[str] = col(S1)

    __table_args__ = (Index("ix_log_checkpoint_at", "at"),)


class LogCosignature(Base):
    """What a witness (C2SP tlog-witness) signed: that the tree of this size goes on from all it had seen before.
    `witness` is the name and the id of its key, `line` the line that is added to the signed checkpoint."""

    __tablename__ = "log_cosignature"

    size: Mapped[int] = col(S1, BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False)
    witness: Mapped[str] = col(S1, primary_key=True)
    at: Mapped[dt.datetime] = col(S1)
    line: Mapped[str] = col(S1)

    __table_args__ = (Index("ix_log_cosignature_witness_size", "witness", "size"),)


class LogTimestamp(Base):
    """What an authority of time (RFC 3161) said of the signed checkpoint of this size: its whole reply, in DER."""

    __tablename__ = "log_timestamp"

    size: Mapped[int] = col(S1, BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False)
    at: Mapped[dt.datetime] = col(S1)
    reply: Mapped[bytes] = col(S1, LargeBinary)


class Audited:
    """Mixin: every insert, update and delete of the model becomes an entry in the same transaction."""

    def audit_chain(self) -> uuid.UUID:
        """The chain the entry goes to: the case, else the subject of the record's data key, else the record."""
        case_id = getattr(self, "case_id", None)
        return case_id or getattr(self, getattr(type(self), "__key__", "id"))

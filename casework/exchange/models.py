"""Disclosure packages that were asked for, and how far the making of one is (docs/exchange.md)."""

import datetime as dt
import uuid

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped

from casework.audit.models import Audited
from casework.authz.conditions import Scope
from casework.authz.scope import Scoped
from casework.db.base import S1, S2, S3, Base, Keyed, Record, col
from casework.workflow.guard import Stateful


class DisclosurePackage(Record, Scoped, Stateful, Audited, Base):
    """Evidence of a case as it was given to others: for whom, what for, and the hash of what they were given.

    The package itself lies encrypted beside the stored files until `until`, and `slot` holds its key under the data
    key of the case; afterwards this record is what remains.
    """

    __tablename__ = "disclosure_package"
    __key__ = "case_id"
    __flow__ = "package"
    # Who reads the documents of a case reads what of them left, and to whom.
    __scope__ = Scope(row="evidence.file", subjects=("case_id",))

    case_id: Mapped[uuid.UUID] = col(S1, ForeignKey("case.id"), meta=True)
    state: Mapped[str] = col(S1, String(20), meta=True)
    role: Mapped[str] = col(S1, String(3))  # in which it was asked for: the package holds what that role may see
    purpose: Mapped[str] = col(S2, String(20))
    explanation: Mapped[str] = col(S2, String(300))
    legal_basis: Mapped[str] = col(S2, String(300))
    classification: Mapped[str] = col(S1, String(20))
    recipients: Mapped[list] = col(S2, JSON)  # [{name, key}]
    items: Mapped[list] = col(S1, JSON)  # references
    files: Mapped[list] = col(S1, JSON, default=list)  # references of documents of the case itself
    left_out: Mapped[int | None] = col(S1)  # sealed annexes
    documents: Mapped[int | None] = col(S1)
    size: Mapped[int | None] = col(S1, BigInteger)
    stored: Mapped[int | None] = col(S1, BigInteger)
    manifest_sha256: Mapped[str | None] = col(S1, String(64))
    slot: Mapped[bytes | None] = col(S3, LargeBinary, info={"encrypted": True})
    until: Mapped[dt.datetime | None] = col(S1)
    problem: Mapped[str | None] = col(S1, String(20))
    received_on: Mapped[dt.date | None] = col(S2)
    receipt: Mapped[str | None] = col(S2, String(300))

    __table_args__ = (
        Index("ix_disclosure_package_case_id_id", "case_id", "id"),
        Index("ix_disclosure_package_agency_id_id", "agency_id", "id"),
        Index("ix_disclosure_package_state_until", "state", "until"),
    )


class PackageJob(Keyed, Base):
    """How far the making of a package is; its id is the package's. It goes when the package is made or given up.

    `claim` names who is at it, and `beat_at` when that was last heard of: a claim that falls silent is taken over.
    """

    __tablename__ = "package_job"

    claim: Mapped[uuid.UUID | None] = col(S1)
    beat_at: Mapped[dt.datetime | None] = col(S1)
    tries: Mapped[int] = col(S1, default=0)
    done: Mapped[int] = col(S1, BigInteger, default=0)
    total: Mapped[int] = col(S1, BigInteger, default=0)

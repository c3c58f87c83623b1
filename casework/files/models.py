"""StoredFile and uploads on their way (DOMAIN 5.2.7).

The bytes lie in a store, encrypted, under the SHA-256 of their ciphertext; here is what they are, whose they are, and
the slot with their key, wrapped under the data key of the case or the child. Erasing that key erases the file.
"""

import datetime as dt
import uuid

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped

from casework.audit.models import Audited
from casework.authz.conditions import RowBy, Scope
from casework.authz.scope import Scoped
from casework.crypto.sealed import sealed
from casework.db.base import S1, S2, S3, S4, Base, Keyed, Record, col, now, partial_index

# Whose file it is -> the row of the matrix that says who may have it.
ROWS = {
    "case": "evidence.file", "evidence_item": "evidence.file", "prosecution": "charge", "support_referral": "service",
}


class StoredFile(Record, Scoped, Audited, Base):
    """A document that casework holds: never material, only what is written about it.

    `subject_id` names whose data key wraps the slot. `read_at` is when the whole of it was last read back and found
    good; `bad` says what was found instead. A sealed annex says what may not stand in the ordinary file, such as who
    the child is; `redacted_of_id` is the document whose redacted version this is, of the same owner.
    """

    __tablename__ = "stored_file"
    __key__ = "subject_id"
    # Who supports one child of a case sees nothing of the support of another.
    __scope__ = Scope(
        row=RowBy("owner_type", ROWS), subjects=("owner_id", "case_id"),
        narrow={("service", "SW"): ("owner_id",), ("service", "PRV"): ("owner_id",)},
        # Who never learns a child's name, as an examiner, learns it from no annex either.
        apart=("sealed_annex", "victim.identity"),
    )

    case_id: Mapped[uuid.UUID | None] = col(S1, ForeignKey("case.id"), index=True)
    owner_type: Mapped[str] = col(S1, String(20), meta=True)
    owner_id: Mapped[uuid.UUID] = col(S1)
    subject_id: Mapped[uuid.UUID] = col(S1)
    title: Mapped[str] = col(S2, String(120))
    name: Mapped[str] = col(S2, String(150))
    category: Mapped[str] = col(S1, String(20), meta=True)
    media_type: Mapped[str] = col(S1, String(100))
    language: Mapped[str | None] = col(S1, String(10))
    pages: Mapped[int | None] = col(S1)
    sealed_annex: Mapped[bool] = col(S2, default=False)
    redacted_of_id: Mapped[uuid.UUID | None] = col(S2, ForeignKey("stored_file.id"))
    size: Mapped[int] = col(S1, BigInteger)
    sha256 = sealed(S3)
    declaration: Mapped[bool] = col(S1)
    scan: Mapped[str] = col(S1, String(20))
    address: Mapped[str] = col(S1, String(64))
    stored: Mapped[int] = col(S1, BigInteger)
    slot: Mapped[bytes] = col(S3, LargeBinary, info={"encrypted": True})
    read_at: Mapped[dt.datetime] = col(S1, default=now)
    bad: Mapped[str | None] = col(S1, String(20))

    __table_args__ = (
        Index("ix_stored_file_owner_id_id", "owner_id", "id"),
        Index("ix_stored_file_address", "address"),
        Index("ix_stored_file_redacted_of_id", "redacted_of_id"),
        Index("ix_stored_file_agency_id_id", "agency_id", "id"),
        partial_index("ix_stored_file_to_read", "read_at", where="bad IS NULL"),
        partial_index("ix_stored_file_bad", "read_at", where="bad IS NOT NULL"),
    )


class FileUpload(Keyed, Base):
    """An upload on its way; its id becomes the file's. It goes when its time is over, finished or not.

    `facts` are the words of the form; `file_ref` is the file it became.
    """

    __tablename__ = "file_upload"
    __key__ = "user_id"
    __noted__ = False

    user_id: Mapped[uuid.UUID] = col(S1, ForeignKey("user_account.id"), index=True)
    owner_type: Mapped[str] = col(S1, String(20))
    owner_id: Mapped[uuid.UUID] = col(S1)
    subject_id: Mapped[uuid.UUID] = col(S1)
    length: Mapped[int] = col(S1, BigInteger)
    slot: Mapped[bytes] = col(S3, LargeBinary, info={"encrypted": True})
    facts = sealed(S4)
    until: Mapped[dt.datetime] = col(S1, index=True)
    file_ref: Mapped[str | None] = col(S1, String(16))

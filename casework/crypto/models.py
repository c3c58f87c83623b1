"""Data keys: one per person, case, referral or account, wrapped by the key ring."""

import datetime as dt
import uuid

from sqlalchemy import LargeBinary, String
from sqlalchemy.orm import Mapped

from casework.db.base import S1, S3, Base, col, now


class DataKey(Base):
    """The wrapped key of one subject. Erasing the subject destroys `wrapped`; the row stays as the proof, and names the
    order under which it was done."""

    __tablename__ = "data_key"

    subject_id: Mapped[uuid.UUID] = col(S1, primary_key=True)
    ring_key: Mapped[str] = col(S1, String(20), index=True)
    wrapped: Mapped[bytes | None] = col(S3, LargeBinary, info={"encrypted": True})
    created_at: Mapped[dt.datetime] = col(S1, default=now)
    destroyed_at: Mapped[dt.datetime | None] = col(S1)
    erased_under: Mapped[str | None] = col(S1, String(120))

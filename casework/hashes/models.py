"""HashList: a version of a list of known hashes. HashHit: that an exhibit's digest stands on one."""

import datetime as dt
import uuid

from sqlalchemy import BigInteger, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped

from casework.audit.models import Audited
from casework.authz.conditions import Scope
from casework.authz.scope import Scoped
from casework.db.base import S1, S2, Base, Keyed, col, now


class HashList(Keyed, Audited, Base):
    """One version of a list, as it was received. Its entries lie in files below the data folder; the digest of the
    received file is here and so in the log."""

    __tablename__ = "hash_list"

    name: Mapped[str] = col(S1, String(80))
    version: Mapped[str] = col(S1, String(40))
    owner: Mapped[str] = col(S1, String(80))
    licence: Mapped[str | None] = col(S1, String(200))
    purpose: Mapped[str] = col(S1, String(20))  # material, known_software
    format: Mapped[str] = col(S1, String(20))
    received_on: Mapped[dt.date] = col(S1)
    expires_on: Mapped[dt.date | None] = col(S1)
    file_sha256: Mapped[str] = col(S1, String(64))
    entries: Mapped[int] = col(S1, BigInteger)
    created_at: Mapped[dt.datetime] = col(S1, default=now)
    ended_at: Mapped[dt.datetime | None] = col(S1)

    __table_args__ = (UniqueConstraint("name", "version"),)


class HashHit(Keyed, Scoped, Audited, Base):
    """An exhibit's digest stands on a list: which list, which version, what it says. The digest itself stays with the
    exhibit, encrypted. A hit of MD5 or SHA-1 alone, or of a perceptual hash, is a lead and no proof."""

    __tablename__ = "hash_hit"
    __scope__ = Scope(row="hash.value", subjects=("case_id", "item_id"))

    case_id: Mapped[uuid.UUID] = col(S1, ForeignKey("case.id"))
    agency_id: Mapped[uuid.UUID] = col(S1, ForeignKey("agency.id"))
    item_id: Mapped[uuid.UUID] = col(S1, ForeignKey("evidence_item.id"), meta=True)
    list_id: Mapped[uuid.UUID] = col(S1, ForeignKey("hash_list.id"), meta=True)
    algorithm: Mapped[str] = col(S1, String(10), meta=True)
    label: Mapped[str | None] = col(S2, String(120))
    series: Mapped[str | None] = col(S2, String(120))
    distance: Mapped[int | None] = col(S1, meta=True)  # bits that differ, where the value is similar and not the same
    found_at: Mapped[dt.datetime] = col(S1, default=now, meta=True)

    __table_args__ = (
        UniqueConstraint("item_id", "list_id", "algorithm"),
        Index("ix_hash_hit_case_id", "case_id"),
        Index("ix_hash_hit_list_id", "list_id"),
    )

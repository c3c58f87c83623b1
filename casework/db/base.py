"""The declarative base and what every record has in common (DOMAIN 5).

Every column is declared with `col` (or `casework.crypto.sealed.sealed`) and names its sensitivity class;
`tests/architecture` fails for a column that does not.
"""

import datetime as dt
import enum
import uuid
from typing import Any

from sqlalchemy import ForeignKey, Index, Integer, MetaData, String, Text, Uuid, text
from sqlalchemy.orm import DeclarativeBase, Mapped, declared_attr, mapped_column

from .ids import uuid7
from .types import UtcDateTime

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Sensitivity(enum.IntEnum):
    """Classes of DOMAIN 5: public, internal, personal, highly sensitive, sealed."""

    S0 = 0
    S1 = 1
    S2 = 2
    S3 = 3
    S4 = 4


S0, S1, S2, S3, S4 = Sensitivity


def col(sensitivity: Sensitivity, *args: Any, meta: bool = False, **kwargs: Any):
    """A mapped column with its sensitivity class.

    `meta` marks what level M of the matrix shows: references, states, dates, agencies; no names, no narrative.
    S3 and S4 never go into a plain column: use `sealed`, or a keyed token (bytes) for exact search.
    """
    info = {"class": sensitivity, "meta": meta, **kwargs.pop("info", {})}
    return mapped_column(*args, info=info, **kwargs)


def partial_index(name: str, *columns: str, where: str, unique: bool = False) -> Index:
    """An index of those rows alone of which `where` holds. A query uses it when it says the same, word for word."""
    return Index(name, *columns, unique=unique, sqlite_where=text(where), postgresql_where=text(where))


class Base(DeclarativeBase):
    """Base of all mapped classes."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = {uuid.UUID: Uuid(), dt.datetime: UtcDateTime(), str: Text()}


class Keyed:
    """A time-ordered UUID key, given when the object is made so that it can be used before the first flush."""

    id: Mapped[uuid.UUID] = col(S1, primary_key=True, default=uuid7, meta=True)

    def __init__(self, **values: Any):
        values.setdefault("id", uuid7())
        for name, value in values.items():
            if not hasattr(type(self), name):
                raise TypeError(f"{type(self).__name__} has no field {name}")
            setattr(self, name, value)


def now() -> dt.datetime:
    """This moment in UTC."""
    return dt.datetime.now(dt.UTC)


class Record(Keyed):
    """What every domain record has: reference, agency, author, version, and whether it was voided.

    `version` is SQLAlchemy's version counter: two people who save the same version cannot both succeed.
    """

    ref: Mapped[str] = col(S1, String(16), unique=True, meta=True)
    agency_id: Mapped[uuid.UUID] = col(S1, ForeignKey("agency.id"), meta=True)
    created_at: Mapped[dt.datetime] = col(S1, default=now, meta=True)
    created_by_id: Mapped[uuid.UUID | None] = col(S1, ForeignKey("user_account.id"), meta=True)
    version: Mapped[int] = col(S1, Integer, nullable=False, meta=True)
    legal_hold: Mapped[bool] = col(S1, default=False, meta=True)
    retention_class: Mapped[str] = col(S1, String(40), default="standard", meta=True)
    voided_at: Mapped[dt.datetime | None] = col(S1, meta=True)

    @declared_attr.directive
    def __mapper_args__(cls):  # noqa: N805
        return {"version_id_col": cls.version}

"""Agencies in the database: loaded from `etc/agencies.csv`, found by code."""

import uuid
from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from casework.reference.agencies import AgencyRow

from .models import Agency


def load_agencies(db: Session, rows: Iterable[AgencyRow]) -> int:
    """Add the agencies that the database does not have yet, parents first; returns how many. What is there stays as
    it is: it may have been changed in the program."""
    known = {agency.code: agency for agency in db.scalars(select(Agency))}
    count = 0
    for row in rows:
        if row.code in known:
            continue
        known[row.code] = agency = Agency(
            code=row.code, name_en=row.name_en, name_km=row.name_km or None, abbreviation=row.abbreviation,
            type=" ".join(row.types), parent=known.get(row.parent) if row.parent else None,
            jurisdiction=row.jurisdiction, valid_from=row.valid_from, valid_to=row.valid_to,
            successor_code=row.successor,
        )
        db.add(agency)
        count += 1
    db.flush()
    return count


def by_code(db: Session, code: str) -> Agency | None:
    """The agency with this code."""
    return db.scalars(select(Agency).where(Agency.code == code)).one_or_none()


def choices(db: Session, locale: str, only: uuid.UUID | None = None) -> list[tuple[str, str]]:
    """(id, name) of the agencies that accounts can be made at, or of the one `only`, in the order of the code."""
    query = select(Agency).where(Agency.active).order_by(Agency.code)
    if only is not None:
        query = query.where(Agency.id == only)
    rows = db.scalars(query)
    return [(str(agency.id), f"{agency.name(locale)} ({agency.abbreviation or agency.code})") for agency in rows]

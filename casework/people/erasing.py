"""What of people goes when somebody is erased, and who goes with a case."""

import uuid
from collections.abc import Iterable
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from casework.crypto.tokens import nothing
from casework.records.erasing import carries, on_erasure

from . import names
from .models import Identifier, Person

HIDDEN = "***"


def _people_of(db: Session, case: Any) -> Iterable[uuid.UUID]:
    return db.scalars(select(Person.id).where(Person.case_id == case.id)).all()


def _forget(db: Session, subject_ids: list[uuid.UUID]) -> None:
    """No name finds them, no value their identifiers, and no mask tells a part of one."""
    names.forget(db, subject_ids)
    for one in db.scalars(select(Identifier).where(Identifier.subject_id.in_(subject_ids))):
        one.token, one.mask, one.match_allowed = nothing(db.info["keyring"]), HIDDEN, False


carries("case", _people_of)
on_erasure(_forget)

"""Who was erased is in neither index: a case's identifiers leave it with their values, a child's leave it here."""

import uuid

from sqlalchemy import select
from sqlalchemy.orm import Session

from casework.records.erasing import on_erasure

from .models import VictimToken


def _forget(db: Session, subject_ids: list[uuid.UUID]) -> None:
    for line in db.scalars(select(VictimToken).where(VictimToken.person_id.in_(subject_ids))):
        db.delete(line)


on_erasure(_forget)

"""What of a report goes with the case that came of it."""

import uuid
from collections.abc import Iterable
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from casework.people.models import Person
from casework.records.erasing import carries, on_erasure

from .models import Referral


def _reports_of(db: Session, case: Any) -> Iterable[uuid.UUID]:
    """The reports, and whoever is in them: the reporter too."""
    reports = db.scalars(select(Referral.id).where(Referral.case_id == case.id)).all()
    people = db.scalars(select(Person.id).where(Person.referral_id.in_(reports))).all()
    return [*reports, *people]


def _forget(db: Session, subject_ids: list[uuid.UUID]) -> None:
    """No code word leads back."""
    for one in db.scalars(select(Referral).where(Referral.id.in_(subject_ids))):
        one.reporter_code_word = None


carries("case", _reports_of)
on_erasure(_forget)

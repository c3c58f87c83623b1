"""People and identifiers of a referral until a case takes them over."""

import secrets
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from casework.authz.identity import Identity
from casework.authz.scope import unscoped
from casework.crypto.tokens import token
from casework.db.base import now
from casework.db.refs import new_ref
from casework.people.models import Identifier, Person
from schemas.identifiers import canonical, mask
from schemas.urls import refang

_LETTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
_PREFIX = {"victim": "V", "suspect": "S", "reporter": "R"}


def add_person(db: Session, identity: Identity | None, referral: Any, role: str, **fields: Any) -> Person:
    """A person of a referral, known by a pseudonym until somebody may read the name."""
    person = Person(
        ref=new_ref(db, Person, "P", now().date()), agency_id=referral.agency_id, referral_id=referral.id, role=role,
        pseudonym=_pseudonym(role), created_by_id=identity.user_id if identity else None, **fields,
    )
    db.add(person)
    db.flush()
    return person


def _pseudonym(role: str) -> str:
    return f"{_PREFIX.get(role, 'W')}-" + "".join(secrets.choice(_LETTERS) for _ in range(4))


def people_of(db: Session, referral: Any, *roles: str) -> Sequence[Person]:
    """The people of a referral in some roles, oldest first, whoever asks."""
    with unscoped(db, "an effect works on the people of its own referral"):
        query = select(Person).where(Person.referral_id == referral.id, Person.voided_at.is_(None)).order_by(Person.id)
        return [person for person in db.scalars(query) if not roles or person.role in roles]


def child_of(db: Session, identity: Identity | None, referral: Any) -> Person:
    """The child of a referral: the first one recorded, else a new one by pseudonym."""
    known = people_of(db, referral, "victim")
    if known:
        return known[0]
    return add_person(
        db, identity, referral, "victim", identification_status="unidentified", caregiver_is_suspect="unknown"
    )


def add_urls(db: Session, identity: Identity | None, referral: Any, urls: Iterable[str]) -> None:
    """Addresses as identifiers of the referral, each once. They were checked by the form."""
    ring = db.info["keyring"]
    seen: set[str] = set()
    for url in urls:
        form = canonical("url", url)
        if form in seen:
            continue
        seen.add(form)
        db.add(Identifier(
            ref=new_ref(db, Identifier, "I", now().date()), agency_id=referral.agency_id, referral_id=referral.id,
            subject_id=referral.id, type="url", value=refang(url), canonical=form,
            token=token(ring, "identifier/url", form), mask=mask("url", form), side="unknown", source_type="referral",
            source_id=referral.id, created_by_id=identity.user_id if identity else None,
        ))
    db.flush()


def move_to_case(db: Session, referral: Any, case: Any) -> None:
    """The case takes over the people and identifiers. The reporter stays behind: the case does not know who told."""
    for person in people_of(db, referral):
        if person.role != "reporter":
            person.case_id = case.id
    with unscoped(db, "an effect works on the identifiers of its own referral"):
        for identifier in db.scalars(select(Identifier).where(Identifier.referral_id == referral.id)):
            identifier.case_id = case.id
    db.flush()

"""People and identifiers of a referral until a case takes them over."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy.orm import Session

from casework.authz.identity import Identity
from casework.people import identifiers, service
from casework.people.models import Person
from casework.people.service import move_to_case, people_of
from schemas.identifiers import canonical

__all__ = ["add_person", "add_urls", "child_of", "move_to_case", "people_of"]


def add_person(db: Session, identity: Identity | None, referral: Any, role: str, **fields: Any) -> Person:
    """A person of a referral, known by a pseudonym until somebody may read the name."""
    return service.add_person(db, identity, referral, role, fields)


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
    for url in {canonical("url", url): url for url in reversed(list(urls))}.values():
        identifiers.add_identifier(db, identity, referral, {"type": "url", "value": url})

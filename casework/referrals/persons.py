"""The child and the web addresses of a referral, until a case takes them over."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy.orm import Session

from casework.authz.identity import Identity
from casework.people import identifiers
from casework.people import service as people
from casework.people.models import Person
from schemas.identifiers import canonical

NEW_CHILD = {"identification_status": "unidentified", "caregiver_is_suspect": "unknown"}


def child_of(db: Session, identity: Identity | None, referral: Any) -> Person:
    """The child of a referral: the first one recorded, else a new one by pseudonym."""
    known = people.people_of(db, referral, "victim")
    return known[0] if known else people.add_person(db, identity, referral, "victim", NEW_CHILD)


def add_urls(db: Session, identity: Identity | None, referral: Any, urls: Iterable[str]) -> None:
    """Addresses as identifiers of the referral, each once. They were checked by the form."""
    for url in {canonical("url", url): url for url in urls}.values():
        identifiers.add_identifier(
            db, identity, referral,
            {"type": "url", "value": url, "side": "unknown", "reliability": "F"},
        )

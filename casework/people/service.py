"""People of a case or of a referral, and their places. Plain values, never a request.

`owner` is the case, or the referral while no case came of it. `identity` None is the system. For a case the rights
are asked here; a referral's own pages and transitions ask theirs.
"""

import datetime as dt
import secrets
import uuid
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from casework.authz.access import access_to_one, forget_access
from casework.authz.identity import Identity
from casework.authz.models import Grant
from casework.authz.scope import unscoped
from casework.db.base import now
from casework.db.refs import new_ref
from casework.web.i18n import ZONE, _
from casework.workflow.engine import NotAllowed, Problem, Refused
from schemas import person as asks

from . import ages
from .models import PERSON_ROWS, Address, Identifier, Person

SCHEMAS = {
    "victim": asks.Victim, "suspect": asks.Suspect, "reporter": asks.Reporter, "witness": asks.Witness,
    "caregiver": asks.Witness, "other": asks.Witness,
}
OTHERS = ("witness", "caregiver", "other")
PLACE_ROWS = Address.__scope__.row.rows

_LETTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
_PREFIX = {"victim": "V", "suspect": "S", "reporter": "R"}
# What a report may say of anybody but the child, though the forms of a case do not ask it.
_REPORTED = ("relation_to_victim", "lives_with_child", "is_caregiver")


# ---- persons

def roles_for(db: Session, identity: Identity, case: Any) -> list[str]:
    """The roles in which this person may add people to a case."""
    return [role for role, row in PERSON_ROWS.items() if "W" in access_to_one(db, identity, case, row)]


def add_person(
    db: Session, identity: Identity | None, owner: Any, role: str, data: Mapping[str, Any] | None = None
) -> Person:
    """A person in one role, known by a pseudonym to whoever may not read the name.

    `data` are fields of the role's schema (`SCHEMAS`); a witness's may say another of `OTHERS`. Raises NotAllowed for
    who may not add this role to the case, Refused for a guardian of another case, ValueError for a field that the
    role does not have.
    """
    data = dict(data or {})
    role = _role(role, data.pop("role", role))
    case = _case(owner)
    if case is not None and identity is not None and role not in roles_for(db, identity, case):
        raise NotAllowed(f"{identity.role} may not add a {role} here")
    person = Person(
        ref=new_ref(db, Person, "P", now().date()), role=role, pseudonym=_pseudonym(db, role),
        agency_id=owner.agency_id if case is None else case.lead_agency_id,
        created_by_id=identity.user_id if identity else None, **_home(owner),
    )
    _fill(db, person, case, data)
    db.add(person)
    db.flush()
    if case is not None and identity is not None:
        _keep_sight(db, identity, person)
    return person


def edit_person(db: Session, identity: Identity | None, person: Person, data: Mapping[str, Any], case: Any) -> Person:
    """Change fields of a person. Raises NotAllowed, Refused, ValueError as `add_person` does."""
    data = dict(data)
    if identity is not None and "W" not in access_to_one(db, identity, person):
        raise NotAllowed(f"{identity.role} may not change this person")
    person.role = _role(person.role, data.pop("role", person.role))
    _fill(db, person, case, data)
    return person


def _role(role: str, wanted: str) -> str:
    """Witnesses, caregivers and others may change places, nobody else: the others' fields and rights differ."""
    if role not in PERSON_ROWS or (wanted != role and not {role, wanted} <= set(OTHERS)):
        raise ValueError(f"no {role} becomes a {wanted}")
    return wanted


def _case(owner: Any) -> Any:
    return owner if owner.__tablename__ == "case" else None


def _home(owner: Any) -> dict[str, uuid.UUID]:
    return {"case_id" if _case(owner) is not None else "referral_id": owner.id}


def fields_of(role: str) -> set[str]:
    """The names that `data` of a role may have."""
    return {node.name for node in SCHEMAS[role]().children} | set(_REPORTED if role in OTHERS else ())


def _fill(db: Session, person: Person, case: Any, data: dict[str, Any]) -> None:
    unknown = data.keys() - fields_of(person.role)
    if unknown:
        raise ValueError(f"a {person.role} has no {', '.join(sorted(unknown))}")
    if "guardian" in data:
        person.guardian_id = person_in(db, case, data.pop("guardian"), "guardian")
    for name, value in data.items():
        # The same value sealed anew would look like a change in the log.
        if getattr(person, name) != value:
            setattr(person, name, value)
    set_minor(person, case)


def set_minor(person: Person, case: Any) -> None:
    """Whether a suspect counts as under 18 at the first day of the offence (5.2.2: computed)."""
    if person.role == "suspect" and case is not None:
        found = ages.minor(ages.ages_at(person.dob, person.dob_precision or "unknown", offence_day(case)))
        if person.minor_at_offence != found:
            person.minor_at_offence = found


def offence_moved(db: Session, case: Any) -> None:
    """The days of the offence changed: who was under 18 then is computed anew."""
    with unscoped(db, "computes a flag of every suspect; shows none"):
        for person in db.scalars(select(Person).where(Person.case_id == case.id, Person.role == "suspect")):
            set_minor(person, case)


def today() -> dt.date:
    """The day in Phnom Penh."""
    return dt.datetime.now(ZONE).date()


def offence_day(case: Any) -> dt.date | None:
    """The day that ages are told for: the first of the offence."""
    return case.offence_from or case.offence_to


def person_in(db: Session, case: Any, key: uuid.UUID | str | None, field: str) -> uuid.UUID | None:
    """The id of a person of this case. Raises Refused for anybody else."""
    if not key:
        return None
    key = key if isinstance(key, uuid.UUID) else uuid.UUID(key)
    known = case is not None and db.scalars(
        select(Person.id).where(Person.id == key, Person.case_id == case.id, Person.voided_at.is_(None))
    ).first()
    if not known:
        raise Refused(Problem(_("Choose a person of this case."), field))
    return key


def _pseudonym(db: Session, role: str) -> str:
    """A letter for the role and four characters that nobody else has."""
    prefix = _PREFIX.get(role, "W")
    with unscoped(db, "a pseudonym stands for one person, whoever may see that person"):
        while True:
            made = f"{prefix}-" + "".join(secrets.choice(_LETTERS) for _ in range(4))
            if db.scalars(select(Person.id).where(Person.pseudonym == made)).first() is None:
                return made


def _keep_sight(db: Session, identity: Identity, person: Person) -> None:
    """Who adds a child and works with single children, not with the whole case, is assigned to this one."""
    if "R" in access_to_one(db, identity, person):
        return
    db.add(Grant(
        principal_id=identity.user_id, agency_id=identity.agency_id, role=identity.role, subject_id=person.id,
        subject_type="person", case_id=person.case_id, part="worker", created_by_id=identity.user_id,
    ))
    db.flush()
    forget_access(db)


# ---- of a referral

def people_of(db: Session, referral: Any, *roles: str) -> Sequence[Person]:
    """The people of a referral in some roles, oldest first, whoever asks."""
    with unscoped(db, "an effect works on the people of its own referral"):
        query = select(Person).where(Person.referral_id == referral.id, Person.voided_at.is_(None)).order_by(Person.id)
        return [person for person in db.scalars(query) if not roles or person.role in roles]


def move_to_case(db: Session, referral: Any, case: Any) -> None:
    """The case takes over the people and identifiers. The reporter stays behind: the case does not know who told."""
    for person in people_of(db, referral):
        if person.role != "reporter":
            person.case_id = case.id
            set_minor(person, case)
    with unscoped(db, "an effect works on the identifiers of its own referral"):
        for identifier in db.scalars(select(Identifier).where(Identifier.referral_id == referral.id)):
            identifier.case_id = case.id


# ---- places

def add_address(db: Session, identity: Identity | None, person: Person, data: Mapping[str, Any]) -> Address:
    """Where a person stays, learns or works. Raises NotAllowed: a child's place is for who supports the child."""
    if identity is not None and not may_add_address(db, identity, person):
        raise NotAllowed(f"{identity.role} may not write the place of a {person.role}")
    address = Address(
        ref=new_ref(db, Address, "A", now().date()), agency_id=person.agency_id, case_id=person.case_id,
        person_id=person.id, person_role=person.role, created_by_id=identity.user_id if identity else None, **data,
    )
    db.add(address)
    db.flush()
    return address


def may_add_address(db: Session, identity: Identity, person: Person) -> bool:
    """Whether this person may write places of that one."""
    row = PLACE_ROWS[person.role]
    return "W" in access_to_one(db, identity, person, None if row == PERSON_ROWS[person.role] else row)


def addresses_of(db: Session, identity: Identity, person: Person) -> Iterator[Address]:
    """The places of a person that this person may read, newest first."""
    query = select(Address).where(Address.person_id == person.id, Address.voided_at.is_(None))
    for address in db.scalars(query.order_by(Address.id.desc())):
        if "R" in access_to_one(db, identity, address):
            yield address

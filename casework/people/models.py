"""Person with its victim, suspect, reporter and witness parts, Address, Identifier (DOMAIN 5.2.2, 5.2.3).

A person is one row per case (or per referral, until a case comes of it) and role: who is a victim in one case and
a witness in another has two rows, so that nobody who may see the one learns of the other (docs/adr).
Not in the schema, on purpose: ethnicity, religion, HIV status, a photograph of a victim (DOMAIN 9.7).
"""

import datetime as dt
import uuid

from sqlalchemy import JSON, ForeignKey, Index, LargeBinary, String, exists
from sqlalchemy.orm import Mapped

from casework.audit.models import Audited
from casework.authz.conditions import RowBy, Scope, other
from casework.authz.scope import Scoped
from casework.crypto.sealed import sealed
from casework.crypto.tokens import each, rotating
from casework.db.base import S1, S2, S3, S4, Base, Keyed, Record, col

PERSON_ROWS = {
    "victim": "victim.identity", "suspect": "suspect.identity", "reporter": "reporter.identity",
    "witness": "witness.identity", "caregiver": "witness.identity", "other": "witness.identity",
}
VICTIM_ROW = "victim.identity"


def _supported(child, identity):
    """Whether this person's agency accepted to support this child, with consent."""
    support = other("support_referral")
    return exists().where(
        support.c.child_id == child,
        support.c.provider_agency_id == identity.agency_id,
        support.c.accepted_at.is_not(None),
        support.c.consent_provider.is_(True),
    )


class Person(Record, Scoped, Audited, Base):
    """One person in one role in one case or referral."""

    __tablename__ = "person"
    __key__ = "id"
    __scope__ = Scope(
        row=RowBy("role", PERSON_ROWS),
        subjects=("id", "case_id", "referral_id"),
        # Assignment to the case opens no child's identity to those who support: theirs is the child they work with.
        narrow={
            (row, role): ("id",) for row in (VICTIM_ROW, "victim.place") for role in ("SW", "PRV")
        },
        words={
            "c": lambda model, identity: _supported(model.id, identity),
            "accepted": lambda model, identity: _supported(model.id, identity),
            "caregiver": lambda model, identity: model.is_caregiver.is_(True),
        },
    )

    case_id: Mapped[uuid.UUID | None] = col(S1, ForeignKey("case.id"), meta=True)
    referral_id: Mapped[uuid.UUID | None] = col(S1, ForeignKey("referral.id"), meta=True)
    role: Mapped[str] = col(S2, String(20), meta=True)
    pseudonym: Mapped[str] = col(S1, String(8), meta=True)
    same_as_id: Mapped[uuid.UUID | None] = col(S2, ForeignKey("person.id"))

    family_km = sealed(S3)
    given_km = sealed(S3)
    family_latin = sealed(S3)
    given_latin = sealed(S3)
    aliases = sealed(S3)
    sex: Mapped[str] = col(S2, String(10), default="unknown", meta=True)
    dob = sealed(S3)
    dob_precision: Mapped[str] = col(S2, String(10), default="unknown")
    age_basis: Mapped[str | None] = col(S2, String(20))
    age_statement: Mapped[str | None] = col(S2)  # why there is no proof of age (completeness point 3)
    nationality: Mapped[str | None] = col(S2, String(2))
    languages: Mapped[list | None] = col(S2, JSON)
    communication_need = sealed(S3)
    id_documents = sealed(S3)

    # victim
    identification_status: Mapped[str | None] = col(S2, String(20), meta=True)
    identified_at: Mapped[dt.datetime | None] = col(S2)
    identification_routes: Mapped[list | None] = col(S2, JSON)
    icse_ref = sealed(S3)
    series_known: Mapped[bool | None] = col(S2)
    guardian_id: Mapped[uuid.UUID | None] = col(S2, ForeignKey("person.id"))
    caregiver_is_suspect: Mapped[str | None] = col(S2, String(10))
    lawyer = sealed(S3)
    civil_party: Mapped[bool | None] = col(S2)
    wishes = sealed(S3)
    special_measures: Mapped[list | None] = col(S2, JSON)
    interview_count: Mapped[int] = col(S2, default=0)

    # suspect
    suspect_status: Mapped[str | None] = col(S2, String(20))
    minor_at_offence: Mapped[bool | None] = col(S2)
    relation_to_victim: Mapped[str | None] = col(S2, String(40), meta=True)
    lives_with_child: Mapped[bool | None] = col(S2, meta=True)
    is_caregiver: Mapped[bool] = col(S2, default=False, meta=True)
    position_of_trust: Mapped[bool | None] = col(S2)
    whereabouts = sealed(S3)

    # reporter
    protection_needed: Mapped[bool | None] = col(S2)
    may_be_named: Mapped[bool | None] = col(S2)
    contact = sealed(S3)  # safe time and channel, in the reporter's words

    __table_args__ = (
        Index("ix_person_case_id_role", "case_id", "role"),
        Index("ix_person_referral_id", "referral_id"),
        Index("ix_person_pseudonym", "pseudonym"),
    )

    def audit_chain(self) -> uuid.UUID:
        return self.case_id or self.referral_id or self.id

    @property
    def name(self) -> str:
        """Family name first, Khmer then Latin; the pseudonym where no name is known."""
        khmer = " ".join(filter(None, (self.family_km, self.given_km)))
        latin = " ".join(filter(None, (self.family_latin, self.given_latin)))
        return " / ".join(filter(None, (khmer, latin))) or self.pseudonym


class NameToken(Keyed, Base):
    """A keyed token of a word of somebody's name (casework.people.names): what search by name looks for."""

    __tablename__ = "name_token"

    person_id: Mapped[uuid.UUID] = col(S1, ForeignKey("person.id"), index=True)
    token: Mapped[bytes] = col(S3, LargeBinary(32), info={"token": True}, index=True)


class Address(Record, Scoped, Audited, Base):
    """Where a person stays, works or goes to school. A child's is closed to police but by break-glass."""

    __tablename__ = "address"
    __key__ = "person_id"
    __scope__ = Scope(
        row=RowBy("person_role", {**PERSON_ROWS, "victim": "victim.place"}),
        subjects=("person_id", "case_id"),
        narrow={("victim.place", "SW"): ("person_id",), ("victim.place", "PRV"): ("person_id",)},
        words={
            "c": lambda model, identity: _supported(model.person_id, identity),
            "accepted": lambda model, identity: _supported(model.person_id, identity),
        },
    )

    case_id: Mapped[uuid.UUID | None] = col(S1, ForeignKey("case.id"), meta=True)
    person_id: Mapped[uuid.UUID] = col(S1, ForeignKey("person.id"), index=True)
    person_role: Mapped[str] = col(S2, String(20), meta=True)
    kind: Mapped[str] = col(S2, String(20))  # home, staying, school, work
    province: Mapped[str | None] = col(S2, String(2))
    district: Mapped[str | None] = col(S2, String(4))
    place = sealed(S4)
    carer = sealed(S4)
    safe: Mapped[bool | None] = col(S2)
    valid_to: Mapped[dt.date | None] = col(S2)


class Identifier(Record, Scoped, Audited, Base):
    """An account, number, address or device seen in a case or referral (DOMAIN 5.2.3, 7.1)."""

    __tablename__ = "identifier"
    __key__ = "subject_id"
    __scope__ = Scope(row="identifier", subjects=("case_id", "referral_id"))

    case_id: Mapped[uuid.UUID | None] = col(S1, ForeignKey("case.id"), meta=True)
    referral_id: Mapped[uuid.UUID | None] = col(S1, ForeignKey("referral.id"), meta=True)
    subject_id: Mapped[uuid.UUID] = col(S1)  # whose data key seals the value: the case or the referral
    type: Mapped[str] = col(S1, String(20), meta=True)
    value = sealed(S3)
    canonical = sealed(S3)
    token: Mapped[bytes] = col(S3, LargeBinary(32), info={"token": True})
    mask: Mapped[str] = col(S2, String(200))
    observed_from: Mapped[dt.datetime | None] = col(S2)
    observed_to: Mapped[dt.datetime | None] = col(S2)
    port: Mapped[int | None] = col(S2)
    provider: Mapped[str | None] = col(S1, String(80))
    side: Mapped[str] = col(S2, String(20), default="unknown")
    belongs_to_id: Mapped[uuid.UUID | None] = col(S2, ForeignKey("person.id"))
    source_type: Mapped[str] = col(S2, String(20))
    source_id: Mapped[uuid.UUID | None] = col(S2)
    reliability: Mapped[str] = col(S1, String(1), default="F")
    match_allowed: Mapped[bool] = col(S1, default=False)
    preserved_until: Mapped[dt.date | None] = col(S1)

    __table_args__ = (
        Index("ix_identifier_case_id", "case_id"),
        Index("ix_identifier_referral_id", "referral_id"),
        Index("ix_identifier_type_token", "type", "token"),
    )

    def audit_chain(self) -> uuid.UUID:
        return self.case_id or self.referral_id


def identifier_purpose(type: str) -> str:
    """The purpose of the tokens of one type of identifier: each type has its own key."""
    return f"identifier/{type}"


rotating(Identifier, "token", each(
    Identifier, "token", lambda db, one: one.canonical and (identifier_purpose(one.type), one.canonical)))

"""Prosecution, Charge, Hearing, Decision (DOMAIN 3.4, 5.2.9, 5.2.11, 5.2.13)."""

import datetime as dt
import uuid

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, String, exists
from sqlalchemy.orm import Mapped

from casework.audit.models import Audited
from casework.authz.conditions import Scope, other
from casework.authz.scope import Scoped
from casework.crypto.sealed import sealed
from casework.db.base import S1, S2, S3, Base, Record, col, now, partial_index
from casework.workflow.guard import Stateful


def _consented(model, identity):
    """The case of a child whom this person's agency supports with consent."""
    support = other("support_referral")
    return exists().where(
        support.c.case_id == model.case_id,
        support.c.provider_agency_id == identity.agency_id,
        support.c.accepted_at.is_not(None),
        support.c.consent_provider.is_(True),
    )


class Prosecution(Record, Scoped, Stateful, Audited, Base):
    """The matter at one prosecution office, from the file's arrival to the judgment. Falls under the charge row."""

    __tablename__ = "prosecution"
    __key__ = "case_id"
    __flow__ = "prosecution"
    __scope__ = Scope(row="charge", subjects=("id", "case_id"))

    case_id: Mapped[uuid.UUID] = col(S1, ForeignKey("case.id"), index=True, meta=True)
    state: Mapped[str] = col(S1, String(40), meta=True)
    file_version_id: Mapped[uuid.UUID] = col(S1, ForeignKey("file_version.id"))
    received_at: Mapped[dt.datetime] = col(S1, default=now, meta=True)
    register_number: Mapped[str | None] = col(S2, String(60), meta=True)
    registered_on: Mapped[dt.date | None] = col(S2, meta=True)
    prosecutor_id: Mapped[uuid.UUID | None] = col(S1, ForeignKey("user_account.id"), meta=True)
    conflict_answered_at: Mapped[dt.datetime | None] = col(S1)
    instructions: Mapped[str | None] = col(S2)
    instructions_points: Mapped[list | None] = col(S2, JSON)
    instructions_due: Mapped[dt.date | None] = col(S2)
    returns: Mapped[int] = col(S1, default=0, meta=True)
    legal_reason: Mapped[str | None] = col(S2, String(60))
    victim_informed_on: Mapped[dt.date | None] = col(S2)
    social_report: Mapped[str | None] = col(S2, String(120))
    judge = sealed(S3)
    judge_number: Mapped[str | None] = col(S2, String(60))
    seised_on: Mapped[dt.date | None] = col(S2)
    summons_on: Mapped[dt.date | None] = col(S2)
    first_appearance_at: Mapped[dt.datetime | None] = col(S2)
    measures: Mapped[list | None] = col(S2, JSON)
    detained: Mapped[bool | None] = col(S2)  # as the judge last said; clocks of detention rest on it
    instance: Mapped[str] = col(S1, String(10), default="first", meta=True)  # which court decided last: remedies
    decided_on: Mapped[dt.date | None] = col(S2)
    by_default: Mapped[bool] = col(S2, default=False)
    notified_at: Mapped[dt.datetime | None] = col(S2)
    remedy_party: Mapped[str | None] = col(S2, String(20))
    remedy_filed_on: Mapped[dt.date | None] = col(S2)
    remedy_in_time: Mapped[bool | None] = col(S2)
    final_at: Mapped[dt.datetime | None] = col(S2, meta=True)
    prison_informed_on: Mapped[dt.date | None] = col(S2)
    release_on: Mapped[dt.date | None] = col(S2)

    __table_args__ = (
        Index("ix_prosecution_agency_id_state_id", "agency_id", "state", "id"),
        Index("ix_prosecution_prosecutor_id_state_id", "prosecutor_id", "state", "id"),
    )


class Charge(Record, Scoped, Audited, Base):
    """An offence charged against a person; the offence must be valid at the offence date."""

    __tablename__ = "charge"
    __key__ = "case_id"
    __scope__ = Scope(row="charge", subjects=("case_id",))

    case_id: Mapped[uuid.UUID] = col(S1, ForeignKey("case.id"), index=True, meta=True)
    prosecution_id: Mapped[uuid.UUID] = col(S1, ForeignKey("prosecution.id"), index=True)
    person_id: Mapped[uuid.UUID] = col(S2, ForeignKey("person.id"))
    offence_code: Mapped[str] = col(S2, String(40))
    offence_class: Mapped[str] = col(S2, String(20), meta=True)
    facts = sealed(S3)
    offence_from: Mapped[dt.date] = col(S2)
    offence_to: Mapped[dt.date] = col(S2)
    mode: Mapped[str] = col(S2, String(20), default="principal")
    status: Mapped[str] = col(S2, String(20), default="proposed", meta=True)
    entered_at: Mapped[dt.datetime] = col(S2, default=now, meta=True)
    reclassified_from_id: Mapped[uuid.UUID | None] = col(S2, ForeignKey("charge.id"))


class Hearing(Record, Scoped, Audited, Base):
    """A hearing, with the measures that protect a child in court."""

    __tablename__ = "hearing"
    __key__ = "case_id"
    __scope__ = Scope(row="hearing", subjects=("case_id",), words={"c": _consented})

    case_id: Mapped[uuid.UUID] = col(S1, ForeignKey("case.id"), index=True, meta=True)
    prosecution_id: Mapped[uuid.UUID] = col(S1, ForeignKey("prosecution.id"), index=True)
    court_id: Mapped[uuid.UUID] = col(S2, ForeignKey("agency.id"), meta=True)
    chamber: Mapped[str | None] = col(S2, String(60))
    type: Mapped[str] = col(S2, String(20), meta=True)
    at: Mapped[dt.datetime] = col(S2, meta=True)
    duration: Mapped[int | None] = col(S2)
    child_presence: Mapped[str] = col(S2, String(20), default="none")
    measures: Mapped[list | None] = col(S2, JSON)
    support_person = sealed(S3)
    closed_session: Mapped[bool] = col(S2, default=True)
    result: Mapped[str | None] = col(S2, String(40))
    adjourned_reason: Mapped[str | None] = col(S2, String(40))
    next_at: Mapped[dt.datetime | None] = col(S2, meta=True)
    victim_informed_at: Mapped[dt.datetime | None] = col(S2)

    __table_args__ = (partial_index("ix_hearing_to_come", "at", where="result IS NULL"),)


class Decision(Record, Scoped, Audited, Base):
    """A decision of a prosecutor or court."""

    __tablename__ = "decision"
    __key__ = "case_id"
    __scope__ = Scope(row="decision", subjects=("case_id",), words={"c": _consented})

    case_id: Mapped[uuid.UUID] = col(S1, ForeignKey("case.id"), index=True, meta=True)
    prosecution_id: Mapped[uuid.UUID] = col(S1, ForeignKey("prosecution.id"), index=True)
    body_id: Mapped[uuid.UUID] = col(S2, ForeignKey("agency.id"), meta=True)
    type: Mapped[str] = col(S2, String(40), meta=True)
    decided_on: Mapped[dt.date] = col(S2, meta=True)
    document: Mapped[str | None] = col(S2, String(120))
    results: Mapped[list | None] = col(S2, JSON)  # per charge: verdict, months, suspended_months, fine
    compensation_awarded: Mapped[int | None] = col(S2, BigInteger)
    compensation_paid: Mapped[int | None] = col(S2, BigInteger)
    currency: Mapped[str | None] = col(S2, String(3))
    confiscation: Mapped[str | None] = col(S2)
    by_default: Mapped[bool] = col(S2, default=False)
    notified_at: Mapped[dt.datetime | None] = col(S2)
    victim_informed_at: Mapped[dt.datetime | None] = col(S2)
    final_at: Mapped[dt.datetime | None] = col(S2)
    release_on: Mapped[dt.date | None] = col(S2)

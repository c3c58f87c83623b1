"""Support of one child: the referral, what is sent to providers, consent, assessment (DOMAIN 3.5, 5.2.14 to 5.2.19)."""

import datetime as dt
import uuid

from sqlalchemy import JSON, ForeignKey, Index, String, and_, exists, false
from sqlalchemy.orm import Mapped

from casework.audit.models import Audited
from casework.authz.conditions import Scope, other
from casework.authz.scope import Scoped
from casework.crypto.sealed import sealed
from casework.db.base import S1, S2, S3, S4, Base, Record, col, now, partial_index
from casework.workflow.guard import Stateful


def _provider_consent(model, identity):
    """The support referral this row belongs to goes to this person's agency, with consent."""
    support = other("support_referral")
    return exists().where(
        support.c.id == model.support_id, support.c.provider_agency_id == identity.agency_id,
        support.c.consent_provider.is_(True),
    )


def _nobody(model, identity):
    return false()


def _untouched(model, identity):
    """A request belongs to who asked until the social agency takes it up."""
    return and_(model.state == "draft", model.worker_id.is_(None))


def _shared(model, identity):
    """Asked about what hangs under it: with consent, it goes to this person's agency."""
    return and_(model.provider_agency_id == identity.agency_id, model.consent_provider.is_(True))


class SupportReferral(Record, Scoped, Stateful, Audited, Base):
    """A request for support of one child, and what becomes of it.

    Police and prosecutor see the columns marked `meta`: that it exists, `status`, the contact worker, and whether the
    child may be interviewed. A provider sees this record only from the moment its worker is named; before that it
    sees the `SupportSending` addressed to it.
    """

    __tablename__ = "support_referral"
    __key__ = "child_id"
    __flow__ = "support"
    # Who supports one child of a case sees nothing of the support of another.
    __scope__ = Scope(
        row="support.referral", subjects=("id", "case_id"),
        narrow={("support.referral", "SW"): ("id",), ("support.referral", "PRV"): ("id",)},
        words={"request": _untouched, "c": _shared},
    )

    case_id: Mapped[uuid.UUID | None] = col(S1, ForeignKey("case.id"), index=True)
    referral_id: Mapped[uuid.UUID | None] = col(S1, ForeignKey("referral.id"))
    child_id: Mapped[uuid.UUID] = col(S2, ForeignKey("person.id"), index=True)
    state: Mapped[str] = col(S2, String(30))
    status: Mapped[str] = col(S1, String(20), default="requested", meta=True)
    urgency: Mapped[str] = col(S2, String(20))
    level_of_risk: Mapped[str | None] = col(S2, String(20))
    requested_by_id: Mapped[uuid.UUID] = col(S2, ForeignKey("agency.id"), meta=True)
    reason_code: Mapped[str | None] = col(S2, String(40))
    reason = sealed(S3)
    safe_contact = sealed(S3)
    worker_id: Mapped[uuid.UUID | None] = col(S1, ForeignKey("user_account.id"), meta=True)
    first_contact_at: Mapped[dt.datetime | None] = col(S2)
    first_contact_result = sealed(S3)  # {kind, safe, note}
    explained = sealed(S3)  # {informed_how, language}
    services: Mapped[list | None] = col(S2, JSON)  # [{type, subtype}]
    provider_agency_id: Mapped[uuid.UUID | None] = col(S2, ForeignKey("agency.id"))
    provider_worker_id: Mapped[uuid.UUID | None] = col(S2, ForeignKey("user_account.id"))
    sent_at: Mapped[dt.datetime | None] = col(S2)
    answered_at: Mapped[dt.datetime | None] = col(S2)
    accepted_at: Mapped[dt.datetime | None] = col(S2)
    answer: Mapped[str | None] = col(S2, String(20))
    reject_reason: Mapped[str | None] = col(S2, String(40))
    consent_support: Mapped[bool] = col(S2, default=False)
    consent_provider: Mapped[bool] = col(S2, default=False)
    consent_police: Mapped[bool] = col(S2, default=False, meta=True)
    may_be_interviewed: Mapped[str | None] = col(S2, String(30), meta=True)
    declined_what = sealed(S3)
    door_open_until: Mapped[dt.date | None] = col(S2)
    plan_goals = sealed(S4)  # [{goal, service, responsible, due_on}]
    child_view = sealed(S4)
    plan_asked_at: Mapped[dt.datetime | None] = col(S2)
    plan_approved_at: Mapped[dt.datetime | None] = col(S2)
    plan_approved_by_id: Mapped[uuid.UUID | None] = col(S1, ForeignKey("user_account.id"))
    closure_reason: Mapped[str | None] = col(S2, String(40))
    closure_safety: Mapped[str | None] = col(S2, String(40))
    closure_court = sealed(S3)
    follow_up_dates: Mapped[list | None] = col(S2, JSON)
    closed_at: Mapped[dt.datetime | None] = col(S2)
    review_at: Mapped[dt.date | None] = col(S2)
    next_contact_on: Mapped[dt.date | None] = col(S2)
    void_asked_at: Mapped[dt.datetime | None] = col(S2)

    __table_args__ = (
        Index("ix_support_referral_agency_id_id", "agency_id", "id"),
        Index("ix_support_referral_provider_agency_id_id", "provider_agency_id", "id"),
        Index("ix_support_referral_agency_id_state", "agency_id", "state", "worker_id", "case_id", "id"),
        partial_index("ix_support_referral_plan_asked_at", "agency_id", where="plan_asked_at IS NOT NULL"),
        partial_index("ix_support_referral_void_asked_at", "agency_id", where="void_asked_at IS NOT NULL"),
        Index("ix_support_referral_worker_id", "worker_id", "next_contact_on", "id"),
        Index("ix_support_referral_provider_worker_id", "provider_worker_id", "next_contact_on", "id"),
    )

    def audit_chain(self) -> uuid.UUID:
        # Support has a chain of its own: the case's log must not tell police what happens here.
        return self.id


def _social_agency(model, identity):
    """Own agency counts for those who lead social work; police and hotline have no part in a sending."""
    return model.agency_id == identity.agency_id if identity.role == "SWS" else false()


class SupportSending(Record, Scoped, Stateful, Audited, Base):
    """What one provider was sent and what it answered: the minimal view, exactly as it went out, and nothing else."""

    __tablename__ = "support_sending"
    __key__ = "child_id"
    __flow__ = "support_sending"
    __scope__ = Scope(
        row="support.referral", subjects=("id", "support_id"), words={"g": _social_agency, "u": _nobody},
        narrow={("support.referral", "PRV"): ("id",)},
    )

    support_id: Mapped[uuid.UUID] = col(S2, ForeignKey("support_referral.id"), index=True)
    case_id: Mapped[uuid.UUID | None] = col(S1, ForeignKey("case.id"), index=True)
    child_id: Mapped[uuid.UUID] = col(S2, ForeignKey("person.id"))
    provider_agency_id: Mapped[uuid.UUID] = col(S2, ForeignKey("agency.id"))
    state: Mapped[str] = col(S2, String(20))
    urgency: Mapped[str] = col(S2, String(20))
    minimal_view = sealed(S3)
    sent_at: Mapped[dt.datetime] = col(S2, default=now)
    answered_at: Mapped[dt.datetime | None] = col(S2)
    reject_reason: Mapped[str | None] = col(S2, String(40))
    worker_id: Mapped[uuid.UUID | None] = col(S2, ForeignKey("user_account.id"))

    __table_args__ = (
        Index("ix_support_sending_agency_id_state_id", "agency_id", "state", "id"),
        Index("ix_support_sending_provider_agency_id_state_id", "provider_agency_id", "state", "id"),
    )

    def audit_chain(self) -> uuid.UUID:
        return self.support_id


class Consent(Record, Scoped, Audited, Base):
    """Consent or assent, per purpose; withdrawal works at once."""

    __tablename__ = "consent"
    __key__ = "child_id"
    __scope__ = Scope(
        row="consent", subjects=("support_id", "child_id", "case_id"),
        narrow={("consent", "SW"): ("support_id", "child_id"), ("consent", "PRV"): ("support_id", "child_id")},
    )

    support_id: Mapped[uuid.UUID] = col(S2, ForeignKey("support_referral.id"), index=True)
    case_id: Mapped[uuid.UUID | None] = col(S1, ForeignKey("case.id"), index=True)
    child_id: Mapped[uuid.UUID] = col(S2, ForeignKey("person.id"), index=True)
    kind: Mapped[str] = col(S3, String(20), info={"coded": True})
    purposes: Mapped[list] = col(S3, JSON, info={"coded": True})
    informed_how = sealed(S3)
    language: Mapped[str | None] = col(S2, String(3))
    form: Mapped[str] = col(S3, String(20), info={"coded": True})
    given_by = sealed(S3)
    given_by_person_id: Mapped[uuid.UUID | None] = col(S2, ForeignKey("person.id"))
    relation: Mapped[str | None] = col(S2, String(40))
    given_at: Mapped[dt.datetime] = col(S2)
    valid_to: Mapped[dt.date | None] = col(S2)
    withheld = sealed(S4)
    withdrawn_at: Mapped[dt.datetime | None] = col(S2)
    withdrawn_scope: Mapped[list | None] = col(S2, JSON)
    ended_at: Mapped[dt.datetime | None] = col(S2)  # when what rested on it was closed because `valid_to` had passed
    override_reason: Mapped[str | None] = col(S2, String(40))
    override_text = sealed(S3)
    approved_by_id: Mapped[uuid.UUID | None] = col(S1, ForeignKey("user_account.id"))

    __table_args__ = (
        Index("ix_consent_valid_to", "valid_to"), Index("ix_consent_kind_approved_by_id", "kind", "approved_by_id"),
    )

    def audit_chain(self) -> uuid.UUID:
        return self.support_id


class Assessment(Record, Scoped, Audited, Base):
    """Needs and risk assessment over eleven domains. The level is proposed by a rule and set by a person."""

    __tablename__ = "assessment"
    __key__ = "child_id"
    __scope__ = Scope(
        row="support.assessment", subjects=("support_id", "case_id"), words={"c": _provider_consent},
        narrow={("support.assessment", "SW"): ("support_id",), ("support.assessment", "PRV"): ("support_id",)},
    )

    support_id: Mapped[uuid.UUID] = col(S2, ForeignKey("support_referral.id"), index=True)
    case_id: Mapped[uuid.UUID | None] = col(S1, ForeignKey("case.id"), index=True)
    child_id: Mapped[uuid.UUID] = col(S2, ForeignKey("person.id"))
    assessed_on: Mapped[dt.date] = col(S2, meta=True)
    worker_id: Mapped[uuid.UUID] = col(S1, ForeignKey("user_account.id"))
    domains = sealed(S4)  # {domain: {level, text}}
    proposed_level: Mapped[str] = col(S2, String(20))
    level_of_risk: Mapped[str] = col(S2, String(20), meta=True)
    rule_shown: Mapped[str] = col(S2)  # a key of schemas.support.PROPOSAL_RULES
    level_reason = sealed(S3)  # why another level than the rule proposes
    safety_flags: Mapped[list | None] = col(S2, JSON, meta=True)
    may_be_interviewed: Mapped[str | None] = col(S2, String(30), meta=True)
    safety_plan = sealed(S4)
    protective_factors = sealed(S4)
    child_view = sealed(S4)
    next_on: Mapped[dt.date | None] = col(S2)
    approved_by_id: Mapped[uuid.UUID | None] = col(S1, ForeignKey("user_account.id"))

    def audit_chain(self) -> uuid.UUID:
        return self.support_id


class Service(Record, Scoped, Audited, Base):
    """A service planned for or given to a child, and how far it has come (DOMAIN 5.2.17)."""

    __tablename__ = "service"
    __key__ = "child_id"
    __scope__ = Scope(row="service", subjects=("support_id",))

    support_id: Mapped[uuid.UUID] = col(S2, ForeignKey("support_referral.id"), index=True)
    case_id: Mapped[uuid.UUID | None] = col(S1, ForeignKey("case.id"), index=True)
    child_id: Mapped[uuid.UUID] = col(S2, ForeignKey("person.id"))
    provider_agency_id: Mapped[uuid.UUID] = col(S2, ForeignKey("agency.id"))
    type: Mapped[str] = col(S2, String(40))
    subtype: Mapped[str] = col(S2, String(80))
    planned_from: Mapped[dt.date] = col(S2)
    planned_to: Mapped[dt.date | None] = col(S2)
    delivered_from: Mapped[dt.date | None] = col(S2)
    delivered_to: Mapped[dt.date | None] = col(S2)
    sessions: Mapped[int | None] = col(S2)
    status: Mapped[str] = col(S2, String(20))
    outcome = sealed(S3)

    def audit_chain(self) -> uuid.UUID:
        return self.support_id


class FollowUp(Record, Scoped, Audited, Base):
    """A look at how the child is: who looked is who created the record (DOMAIN 5.2.18)."""

    __tablename__ = "follow_up"
    __key__ = "child_id"
    __scope__ = Scope(row="service", subjects=("support_id",))

    support_id: Mapped[uuid.UUID] = col(S2, ForeignKey("support_referral.id"), index=True)
    case_id: Mapped[uuid.UUID | None] = col(S1, ForeignKey("case.id"), index=True)
    child_id: Mapped[uuid.UUID] = col(S2, ForeignKey("person.id"))
    kind: Mapped[str] = col(S2, String(20))
    due_on: Mapped[dt.date | None] = col(S2)  # the day it was agreed for, when there was one
    done_at: Mapped[dt.datetime] = col(S2)
    safe = sealed(S3)
    wellbeing = sealed(S3)  # 1 to 5, as the child says
    needs_changed = sealed(S4)
    text = sealed(S4)
    next_on: Mapped[dt.date | None] = col(S2)

    def audit_chain(self) -> uuid.UUID:
        return self.support_id

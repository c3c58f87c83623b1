"""Referral (DOMAIN 3.1, 5.2.1)."""

import datetime as dt
import uuid

from sqlalchemy import JSON, ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped

from casework.audit.models import Audited
from casework.authz.conditions import Scope, of_case
from casework.authz.scope import Scoped
from casework.crypto.sealed import sealed
from casework.crypto.tokens import each, rotating
from casework.db.base import S1, S2, S3, Base, Record, col, now, partial_index
from casework.workflow.guard import Stateful


def _own_agency(model, identity):
    """The hotline that took it, the agency it was forwarded to, and the police who lead the case that came of it."""
    mine = (model.agency_id == identity.agency_id) | (model.forwarded_to_id == identity.agency_id)
    if identity.role != "PSU":
        return mine
    return mine | of_case(model, lambda case: case.c.lead_agency_id == identity.agency_id)


class Referral(Record, Scoped, Stateful, Audited, Base):
    """One report. Report, referral, case and victim are four countable things (decision K3)."""

    __tablename__ = "referral"
    __key__ = "id"
    __flow__ = "referral"
    __field_rows__ = {"messages": "reporter.identity"}
    __scope__ = Scope(row="referral.facts", subjects=("id", "case_id"), words={"g": _own_agency})

    source: Mapped[str] = col(S1, String(40), meta=True)
    channel: Mapped[str] = col(S1, String(20), meta=True)
    external_ref: Mapped[str | None] = col(S2, String(80))
    external_kind: Mapped[str | None] = col(S1, String(20))
    received_at: Mapped[dt.datetime] = col(S1, default=now, meta=True)
    state: Mapped[str] = col(S1, String(30), meta=True)
    reporter_id: Mapped[uuid.UUID | None] = col(S2, ForeignKey("person.id", use_alter=True))
    reporter_anonymous: Mapped[bool] = col(S1, default=True)
    reporter_code_word: Mapped[bytes | None] = col(S3, LargeBinary(32), info={"token": True})
    code_word = sealed(S3)  # read when the token is renewed under another key, by nobody else
    # What hotline and reporter wrote to each other, [{at, who, text}]. Like the name and contact of the reporter, which
    # a Person keeps, it is closed to those who work on the facts: the desk writes into `facts_added` what they need.
    messages = sealed(S2)
    feedback_wanted: Mapped[bool] = col(S1, default=False)
    feedback: Mapped[str | None] = col(S1, String(20))
    immediate_danger: Mapped[str] = col(S1, String(10), meta=True)
    conduct: Mapped[list | None] = col(S1, JSON)
    narrative: Mapped[str | None] = col(S2)
    facts_added: Mapped[str | None] = col(S2)  # what else became known, in the desk's own words
    urls = sealed(S2)  # as reported but defanged, wherever they are shown; for matching they are identifiers
    platform: Mapped[str | None] = col(S1, String(40))
    occurred_from: Mapped[dt.date | None] = col(S1)
    occurred_to: Mapped[dt.date | None] = col(S1)
    province: Mapped[str | None] = col(S2, String(2), meta=True)
    district: Mapped[str | None] = col(S2, String(4))
    child_known: Mapped[str | None] = col(S1, String(10))
    child_count: Mapped[int | None] = col(S1)
    risk_level: Mapped[str | None] = col(S1, String(20), meta=True)
    jurisdiction: Mapped[list | None] = col(S1, JSON)
    label: Mapped[str | None] = col(S2, String(30))
    triage_started_at: Mapped[dt.datetime | None] = col(S1, meta=True)
    triage_by_id: Mapped[uuid.UUID | None] = col(S1, ForeignKey("user_account.id"), meta=True)
    triage_lock_until: Mapped[dt.datetime | None] = col(S1)
    triaged_at: Mapped[dt.datetime | None] = col(S1, meta=True)
    asked_at: Mapped[dt.datetime | None] = col(S1, meta=True)
    decision: Mapped[str | None] = col(S1, String(20), meta=True)
    accepted_as: Mapped[str | None] = col(S1, String(20))
    decision_reason: Mapped[str | None] = col(S2)
    second_review: Mapped[bool] = col(S1, default=False)  # this rejection is in the sample
    second_reviewed_at: Mapped[dt.datetime | None] = col(S1)
    duty_officer_called_at: Mapped[dt.datetime | None] = col(S1)
    forwarded_to_id: Mapped[uuid.UUID | None] = col(S1, ForeignKey("agency.id"), meta=True)
    forwarded_at: Mapped[dt.datetime | None] = col(S1, meta=True)
    forwarded_to_police_at: Mapped[dt.datetime | None] = col(S1, meta=True)
    forward_basis: Mapped[str | None] = col(S2, String(40))
    minimal_view = sealed(S3)  # exactly what was sent
    share_reporter: Mapped[bool] = col(S1, default=False)
    acknowledged_at: Mapped[dt.datetime | None] = col(S1, meta=True)
    merge_basis: Mapped[str | None] = col(S1, String(30))
    merged_into_id: Mapped[uuid.UUID | None] = col(S1, ForeignKey("referral.id"), meta=True)
    case_id: Mapped[uuid.UUID | None] = col(S1, ForeignKey("case.id"), meta=True)

    __table_args__ = (
        Index("ix_referral_agency_id_id", "agency_id", "id"),
        Index("ix_referral_forwarded_to_id_id", "forwarded_to_id", "id"),
        Index("ix_referral_agency_id_state_id", "agency_id", "state", "id"),
        Index("ix_referral_intake", "agency_id", "state", "immediate_danger", "received_at"),
        Index("ix_referral_forwarded_to_id_state", "forwarded_to_id", "state"),
        Index("ix_referral_agency_id_second_review", "agency_id", "second_review", "second_reviewed_at"),
        partial_index(
            "ix_referral_agency_id_forwarded_at", "agency_id", "forwarded_at", where="forwarded_at IS NOT NULL"
        ),
        Index("ix_referral_case_id", "case_id"),
        Index("ix_referral_source_external_ref", "source", "external_ref", unique=True),
        Index("ix_referral_reporter_code_word", "reporter_code_word", unique=True),
    )

    def audit_chain(self) -> uuid.UUID:
        # A referral keeps its chain for life, though a case may come of it.
        return self.id


rotating(Referral, "reporter_code_word", each(
    Referral, "reporter_code_word", lambda db, one: one.code_word and ("reporter-code", one.code_word)))

"""Case, Task, Note, Link between cases, file versions (DOMAIN 3.2, 3.9, 5.2.4, 5.2.23 to 5.2.25)."""

import datetime as dt
import uuid

from sqlalchemy import JSON, ForeignKey, Index, String, and_, exists, false, or_
from sqlalchemy.orm import Mapped

from casework.audit.models import Audited
from casework.authz.conditions import CASE_AGENCY, LEAD, RowBy, Scope, granted, of_case, other
from casework.authz.scope import Scoped
from casework.crypto.sealed import sealed
from casework.db.base import S1, S2, S3, Base, Keyed, Record, col, now, partial_index
from casework.workflow.guard import Stateful


class Case(Record, Scoped, Stateful, Audited, Base):
    """An investigation. Each discipline has its agency on it; stages are moments, so that access rests on them."""

    __tablename__ = "case"
    __key__ = "id"
    __flow__ = "case"
    __scope__ = Scope(row="case.core", subjects=("id",), case="id", agency=())
    __field_rows__ = {"plan": "investigation.notes", "safety_plan": "investigation.notes"}

    title: Mapped[str] = col(S1, String(60), meta=True)
    state: Mapped[str] = col(S1, String(30), meta=True)
    lead_agency_id: Mapped[uuid.UUID] = col(S1, ForeignKey("agency.id"), meta=True)
    lead_officer_id: Mapped[uuid.UUID | None] = col(S1, ForeignKey("user_account.id"), meta=True)
    referral_agency_id: Mapped[uuid.UUID | None] = col(S1, ForeignKey("agency.id"), meta=True)
    prosecution_agency_id: Mapped[uuid.UUID | None] = col(S1, ForeignKey("agency.id"), meta=True)
    court_agency_id: Mapped[uuid.UUID | None] = col(S1, ForeignKey("agency.id"), meta=True)
    support_agency_id: Mapped[uuid.UUID | None] = col(S1, ForeignKey("agency.id"), meta=True)
    source: Mapped[str] = col(S1, String(30), default="referral", meta=True)
    regime: Mapped[str] = col(S1, String(20), default="preliminary", meta=True)
    conduct: Mapped[list] = col(S1, JSON, default=list)
    offence_class: Mapped[str | None] = col(S1, String(20))
    opened_at: Mapped[dt.datetime] = col(S1, default=now, meta=True)
    offence_from: Mapped[dt.date | None] = col(S2)
    offence_to: Mapped[dt.date | None] = col(S2)
    offence_precision: Mapped[str | None] = col(S2, String(10))
    limitation_at: Mapped[dt.date | None] = col(S1)
    province: Mapped[str] = col(S1, String(2), meta=True)
    district: Mapped[str | None] = col(S1, String(4))
    urban: Mapped[bool | None] = col(S1)
    cross_border: Mapped[bool] = col(S1, default=False)
    countries: Mapped[list | None] = col(S1, JSON)
    flags: Mapped[list | None] = col(S1, JSON)
    risk_to_child: Mapped[str] = col(S1, String(20), default="unknown", meta=True)
    plan: Mapped[str | None] = col(S2)
    safety_plan = sealed(S3)
    conflict_answered_at: Mapped[dt.datetime | None] = col(S1)
    suspended_reason: Mapped[str | None] = col(S1, String(60))
    review_at: Mapped[dt.date | None] = col(S1)
    outcome: Mapped[str | None] = col(S1, String(40), meta=True)
    submitted_at: Mapped[dt.datetime | None] = col(S1, meta=True)
    advice_asked_at: Mapped[dt.datetime | None] = col(S1, meta=True)
    introductory_at: Mapped[dt.datetime | None] = col(S1, meta=True)
    closed_at: Mapped[dt.datetime | None] = col(S1, meta=True)
    merged_into_id: Mapped[uuid.UUID | None] = col(S1, ForeignKey("case.id"))
    explanations: Mapped[dict | None] = col(S2, JSON)  # completeness point -> why it is not green
    suspects_unknown: Mapped[bool] = col(S1, default=False)
    prosecutor_notified_at: Mapped[dt.datetime | None] = col(S1)
    instructions: Mapped[list | None] = col(S2, JSON)  # of the prosecutor: [{text, answer}]
    instructions_due: Mapped[dt.date | None] = col(S2)

    __table_args__ = (
        Index("ix_case_lead_agency_id_id", "lead_agency_id", "id"),
        Index("ix_case_prosecution_agency_id_id", "prosecution_agency_id", "id"),
        Index("ix_case_support_agency_id_id", "support_agency_id", "id"),
        Index("ix_case_referral_agency_id_id", "referral_agency_id", "id"),
        Index("ix_case_lead_agency_id_state_id", "lead_agency_id", "state", "id"),
        Index("ix_case_lead_agency_id_lead_officer_id", "lead_agency_id", "lead_officer_id", "opened_at"),
        Index("ix_case_state", "state"),
    )

    def audit_chain(self) -> uuid.UUID:
        return self.id


class OffenceProposal(Record, Scoped, Audited, Base):
    """An offence the investigator proposes for a suspect: neither the conduct nor the charge (decision K1)."""

    __tablename__ = "offence_proposal"
    __key__ = "case_id"
    __scope__ = Scope(row="case.core", subjects=("case_id",))

    case_id: Mapped[uuid.UUID] = col(S1, ForeignKey("case.id"), index=True)
    person_id: Mapped[uuid.UUID] = col(S2, ForeignKey("person.id"))
    offence_code: Mapped[str] = col(S2, String(40))
    offence_class: Mapped[str] = col(S2, String(20))


class FileVersion(Keyed, Scoped, Audited, Base):
    """A numbered, frozen version of the case file: the manifest lists and hashes every record in it."""

    __tablename__ = "file_version"
    __key__ = "case_id"
    __scope__ = Scope(row="case.core", subjects=("case_id",), agency=())

    case_id: Mapped[uuid.UUID] = col(S1, ForeignKey("case.id"), index=True)
    number: Mapped[int] = col(S1)
    manifest: Mapped[list] = col(S2, JSON)
    sha256: Mapped[str] = col(S2, String(64))
    created_at: Mapped[dt.datetime] = col(S1, default=now)
    created_by_id: Mapped[uuid.UUID | None] = col(S1, ForeignKey("user_account.id"))


NOTE_ROWS = {
    "general": "note", "welfare": "note", "for_file": "investigation.notes", "investigation": "investigation.notes",
    "advice": "investigation.notes", "strategy": "prosecution.strategy", "covert": "compartment",
}


class Note(Record, Scoped, Audited, Base):
    """A note on a record. Its kind decides the matrix row; strategy and covert notes are sealed and not searched."""

    __tablename__ = "note"
    __key__ = "subject_id"
    __scope__ = Scope(
        row=RowBy("kind", NOTE_ROWS),
        subjects=("case_id", "subject_id"),
        words={
            "for_file": lambda model, identity: model.kind == "for_file",
            "compartment": lambda model, identity: false(),
        },
    )

    case_id: Mapped[uuid.UUID | None] = col(S1, ForeignKey("case.id"))
    subject_type: Mapped[str] = col(S1, String(40))
    subject_id: Mapped[uuid.UUID] = col(S1)
    kind: Mapped[str] = col(S1, String(20), meta=True)
    text: Mapped[str | None] = col(S2)
    sealed_text = sealed(S3)

    __table_args__ = (
        Index("ix_note_case_id_id", "case_id", "id"),
        Index("ix_note_subject_id_id", "subject_id", "id"),
    )

    def audit_chain(self) -> uuid.UUID:
        return self.case_id or self.subject_id


def of_own_case(model, identity):
    """Whether this person's agency has the part of the person's role in the record's case."""
    return of_case(model, lambda case: case.c[CASE_AGENCY.get(identity.role, LEAD)] == identity.agency_id)


def _escalated(model, identity):
    """A task that ran over and was raised to this person's role, where that role works on it. Of a prosecution office
    that is its head: its other prosecutors are not to learn that a matter exists."""
    if identity.role == "PRO" and not identity.chief:
        return false()
    raised = and_(model.escalated_at.is_not(None), model.escalated_to.contains(f" {identity.role} "))
    if identity.role == "AUD":
        return raised
    return and_(raised, or_(model.queue_agency_id == identity.agency_id, of_own_case(model, identity)))


def _own_task(model, identity):
    """A task of mine, in my role's queue at my agency, of my agency in a case I am assigned to, or raised to me."""
    return or_(
        model.assignee_id == identity.user_id,
        and_(model.queue_agency_id == identity.agency_id, model.queue_role == identity.role),
        and_(model.queue_agency_id == identity.agency_id, granted(model.case_id, identity)),
        _escalated(model, identity),
    )


def _agency_task(model, identity):
    """A task of my agency, or raised to me. Not every task of a case my agency leads: others work there too."""
    return or_(model.queue_agency_id == identity.agency_id, _escalated(model, identity))


class Task(Record, Scoped, Stateful, Audited, Base):
    """A task or deadline. Titles are codes with a reference: no names ever (DOMAIN 3.9, 9.4)."""

    __tablename__ = "task"
    __key__ = "id"
    __flow__ = "task"
    __scope__ = Scope(
        row="task", subjects=("id",), agency=("queue_agency_id",), hangs="record_id",
        words={
            "a": _own_task, "g": _agency_task,
            "u": lambda model, identity: or_(model.assignee_id == identity.user_id, _escalated(model, identity)),
        },
    )

    case_id: Mapped[uuid.UUID | None] = col(S1, ForeignKey("case.id"), meta=True)
    record_type: Mapped[str] = col(S1, String(40), meta=True)
    record_id: Mapped[uuid.UUID] = col(S1, meta=True)
    record_ref: Mapped[str] = col(S1, String(16), meta=True)
    kind: Mapped[str] = col(S1, String(20), meta=True)  # free, procedural, statutory
    title: Mapped[str] = col(S1, String(80), meta=True)  # a code of task_titles, or what was typed for a free task
    detail: Mapped[str | None] = col(S2, String(200))  # place of an intervention, and the like; no names
    rule: Mapped[str | None] = col(S1, String(10), meta=True)
    state: Mapped[str] = col(S1, String(20), meta=True)
    risk: Mapped[str | None] = col(S1, String(20), meta=True)
    assignee_id: Mapped[uuid.UUID | None] = col(S1, ForeignKey("user_account.id"), meta=True)
    queue_agency_id: Mapped[uuid.UUID | None] = col(S1, ForeignKey("agency.id"), meta=True)
    queue_role: Mapped[str | None] = col(S1, String(3), meta=True)
    started_at: Mapped[dt.datetime] = col(S1, default=now, meta=True)
    due_at: Mapped[dt.datetime | None] = col(S1, meta=True)
    first_due_at: Mapped[dt.datetime | None] = col(S1, meta=True)
    warn_at: Mapped[dt.datetime | None] = col(S1, meta=True)  # the next alarm, None when all have sounded
    alarms: Mapped[int] = col(S1, default=0, meta=True)  # how many have sounded
    paused_at: Mapped[dt.datetime | None] = col(S1, meta=True)
    paused_until: Mapped[dt.datetime | None] = col(S1, meta=True)
    pauses: Mapped[int] = col(S1, default=0)
    extensions: Mapped[int] = col(S1, default=0, meta=True)
    extended_by: Mapped[str | None] = col(S1, String(200))  # the document's reference
    escalated_at: Mapped[dt.datetime | None] = col(S1, meta=True)
    escalated_to: Mapped[str | None] = col(S1, String(40), meta=True)  # roles, a space around each
    done_at: Mapped[dt.datetime | None] = col(S1, meta=True)
    result: Mapped[str | None] = col(S1)

    __table_args__ = (
        Index("ix_task_assignee_id_state_due_at", "assignee_id", "state", "due_at"),
        partial_index("ix_task_waiting", "queue_agency_id", "queue_role", "state", "due_at",
                      where="assignee_id IS NULL"),
        Index("ix_task_record_id", "record_id"),
        Index("ix_task_case_id_state", "case_id", "state"),
        Index("ix_task_queue_agency_id_state_due_at", "queue_agency_id", "state", "due_at"),
        Index("ix_task_escalated_to_queue_agency_id", "escalated_to", "queue_agency_id", "state", "due_at"),
        Index("ix_task_warn_at", "warn_at"),
        Index("ix_task_paused_until", "paused_until"),
    )

    def audit_chain(self) -> uuid.UUID:
        return self.case_id or self.record_id


def _my_side(model, identity):
    """A case I am assigned to proposed it; the other side's team sees it once both agencies approved."""
    return or_(
        granted(model.case_id, identity), and_(model.state == "approved", granted(model.other_case_id, identity))
    )


def _leads_a_side(model, identity):
    """An agency that leads one of the two cases now: who handed its case over decides about its links no more."""
    case = other("case")
    theirs = exists().where(case.c.id == model.other_case_id, case.c.lead_agency_id == identity.agency_id)
    return or_(of_case(model, lambda case: case.c.lead_agency_id == identity.agency_id), theirs)


class CaseLink(Record, Scoped, Stateful, Audited, Base):
    """A link between two cases; shows to the other side when both agencies have approved (DOMAIN 5.2.25).

    Whoever proposes names the other case by its reference and may not see it: `other_ref` is kept as typed, and
    whether there is such a case shows to nobody before its own agency has approved.
    """

    __tablename__ = "case_link"
    __key__ = "case_id"
    __flow__ = "case_link"
    __scope__ = Scope(
        row="case.link", subjects=("case_id",),
        words={
            "a": _my_side, "g": _leads_a_side,
        },
    )

    case_id: Mapped[uuid.UUID] = col(S1, ForeignKey("case.id"), index=True)
    other_ref: Mapped[str] = col(S1, String(16))
    other_case_id: Mapped[uuid.UUID | None] = col(S1, ForeignKey("case.id"), index=True)
    other_agency_id: Mapped[uuid.UUID | None] = col(S1, ForeignKey("agency.id"))
    type: Mapped[str] = col(S2, String(20))
    basis: Mapped[str] = col(S2)
    state: Mapped[str] = col(S1, String(20), meta=True)
    approved_a_id: Mapped[uuid.UUID | None] = col(S1, ForeignKey("user_account.id"))
    approved_b_id: Mapped[uuid.UUID | None] = col(S1, ForeignKey("user_account.id"))

    __table_args__ = (Index("ix_case_link_state_id", "state", "id"),)

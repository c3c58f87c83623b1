"""Therapeutic notes, and the one way out of them: a court's order that yields one sealed copy (DOMAIN 4, note 27)."""

import datetime as dt
import uuid

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped

from casework.audit.models import Audited
from casework.authz.conditions import Scope
from casework.authz.scope import Scoped
from casework.crypto.sealed import sealed
from casework.db.base import S1, S2, S3, S4, Base, Record, col
from casework.workflow.guard import Stateful


class TherapeuticNote(Record, Scoped, Audited, Base):
    """What was said in confidence. It stays with its author.

    The supervisor of the social agency reads it when the child agreed, or in an emergency; nobody else does.
    """

    __tablename__ = "therapeutic_note"
    __key__ = "child_id"
    __scope__ = Scope(
        row="therapeutic.note", subjects=("id", "support_id"),
        words={"c": lambda model, identity: model.child_agrees.is_(True)},
    )

    support_id: Mapped[uuid.UUID] = col(S2, ForeignKey("support_referral.id"), index=True)
    case_id: Mapped[uuid.UUID | None] = col(S1, ForeignKey("case.id"), index=True)
    child_id: Mapped[uuid.UUID] = col(S2, ForeignKey("person.id"))
    held_on: Mapped[dt.date] = col(S2)
    child_agrees: Mapped[bool] = col(S2, default=False)  # that the supervisor may read it
    text = sealed(S4)

    __table_args__ = (Index("ix_therapeutic_note_created_by_id", "created_by_id", "id"),)

    def audit_chain(self) -> uuid.UUID:
        return self.support_id


class DisclosureOrder(Record, Scoped, Stateful, Audited, Base):
    """A court orders that therapeutic notes of one author be given to it. One sealed copy is made, once.

    It belongs to who supports the child, like the services: police and prosecution learn nothing of it here.
    """

    __tablename__ = "disclosure_order"
    __key__ = "child_id"
    __flow__ = "disclosure"
    __scope__ = Scope(row="service", subjects=("support_id",))

    support_id: Mapped[uuid.UUID] = col(S2, ForeignKey("support_referral.id"), index=True)
    case_id: Mapped[uuid.UUID | None] = col(S1, ForeignKey("case.id"), index=True)
    child_id: Mapped[uuid.UUID] = col(S2, ForeignKey("person.id"))
    state: Mapped[str] = col(S2, String(20))
    court: Mapped[str] = col(S2, String(160))
    document: Mapped[str] = col(S2, String(120))
    document_on: Mapped[dt.date] = col(S2)
    until: Mapped[dt.date] = col(S2)
    reason = sealed(S3)
    informed_on: Mapped[dt.date | None] = col(S2)
    informed_how = sealed(S3)
    approved_at: Mapped[dt.datetime | None] = col(S2)
    approved_by_id: Mapped[uuid.UUID | None] = col(S1, ForeignKey("user_account.id"))
    copied_at: Mapped[dt.datetime | None] = col(S2)
    notes: Mapped[int | None] = col(S2)  # how many are in the copy
    sha256: Mapped[str | None] = col(S2, String(64))  # of the copy

    def audit_chain(self) -> uuid.UUID:
        return self.support_id

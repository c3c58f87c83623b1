"""A random sample of entries that an auditor looks at one by one, and signs."""

import datetime as dt
import uuid

from sqlalchemy import JSON, ForeignKey, String, event, inspect
from sqlalchemy.orm import Mapped, Session

from casework.audit.models import Audited
from casework.authz.conditions import Scope
from casework.authz.scope import Scoped
from casework.db.base import S1, S2, Base, Record, col


class AuditSample(Record, Scoped, Audited, Base):
    """Drawn in two steps: the seed and the range of entries are in the log before anything is drawn by them, so that
    nobody chose the seed for what it brings, and anybody can draw the same again (`draw.draw`).

    `items` are numbers of entries; `answers` number -> question -> yes, no or unclear. Once signed nothing of it
    changes any more.
    """

    __tablename__ = "audit_sample"
    __scope__ = Scope(row="audit.log", subjects=(), case=None, agency=())

    seed: Mapped[str] = col(S1, String(64))
    kind: Mapped[str] = col(S1, String(20))  # reads, changes, all
    wanted: Mapped[int] = col(S1)
    first: Mapped[int] = col(S1)  # numbers of entries
    last: Mapped[int] = col(S1)
    drawn_at: Mapped[dt.datetime | None] = col(S1)
    items: Mapped[list | None] = col(S1, JSON)
    answers: Mapped[dict | None] = col(S1, JSON)
    finding: Mapped[str | None] = col(S2)
    signed_at: Mapped[dt.datetime | None] = col(S1)
    signed_by_id: Mapped[uuid.UUID | None] = col(S1, ForeignKey("user_account.id"))
    digest: Mapped[str | None] = col(S1, String(64))

    def audit_chain(self) -> uuid.UUID:
        return self.id


class Signed(RuntimeError):
    """A signed sample would be changed."""


@event.listens_for(Session, "before_flush")
def _unchangeable(session: Session, context, instances) -> None:
    for record in (*session.dirty, *session.deleted):
        if isinstance(record, AuditSample) and (record in session.deleted or session.is_modified(record)):
            before = inspect(record).attrs.signed_at.history
            if (before.deleted and before.deleted[0]) or (not before.has_changes() and record.signed_at):
                raise Signed(f"sample {record.ref} was signed")

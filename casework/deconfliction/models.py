"""Blind matching between agencies (DOMAIN 7): an index of tokens, the hits each side may see, the questions asked.

Nothing here holds an identifier. Each side of a hit has a row of its own, in the log of its own case: what is not
meant for a side is not in a row that this side could read.
"""

import datetime as dt
import uuid

from sqlalchemy import JSON, ForeignKey, Index, LargeBinary, String, UniqueConstraint, false
from sqlalchemy.orm import Mapped

from casework.audit.models import Audited
from casework.authz.conditions import Scope, granted
from casework.authz.scope import Scoped
from casework.db.base import S1, S2, S3, Base, Keyed, Record, col, now, partial_index
from casework.workflow.guard import Stateful

ROW = "match.hit"
MINE = Scope(row=ROW, subjects=("case_id", "referral_id"))


def _nobody(model, identity):
    return false()


# The program's own notes: only code that goes unscoped reads them, and on PostgreSQL nobody else can.
SHUT = Scope(row=ROW, subjects=(), case=None, agency=(), words={"a": _nobody, "g": _nobody})


class MatchToken(Keyed, Scoped, Base):
    """One line of the police index: a keyed token, whose it is, and whether others may learn of it.

    `form` is `whole`, or `path` for the second, looser token of a web address. What is not `listed` only asks and is
    found by nobody; of what is `silent` its owner alone is told. `looked_at` is None until it was compared.
    Either `identifier_id` or `question_id` with `line` says what it stands for. It is no record: it comes and goes with
    the identifier, whose changes are in the log, and nobody but the program reads it. It is written in the flush that
    writes the identifier, in whichever order: so it has no foreign keys.
    """

    __tablename__ = "match_token"
    __scope__ = SHUT

    token: Mapped[bytes] = col(S3, LargeBinary(32), info={"token": True})
    type: Mapped[str] = col(S1, String(20))
    form: Mapped[str] = col(S1, String(5), default="whole")
    side: Mapped[str] = col(S2, String(20))
    listed: Mapped[bool] = col(S1, default=True)
    silent: Mapped[bool] = col(S1, default=False)
    agency_id: Mapped[uuid.UUID] = col(S1)
    case_id: Mapped[uuid.UUID | None] = col(S1, index=True)
    referral_id: Mapped[uuid.UUID | None] = col(S1)
    identifier_id: Mapped[uuid.UUID | None] = col(S1, index=True)
    question_id: Mapped[uuid.UUID | None] = col(S1)
    line: Mapped[int] = col(S1, default=0)
    valid_to: Mapped[dt.date | None] = col(S1)
    looked_at: Mapped[dt.datetime | None] = col(S1)

    __table_args__ = (
        # All that a look-up asks: one probe of this for each token, however many there are.
        Index("ix_match_token_token", "token", "listed"),
        partial_index("ix_match_token_waiting", "id", where="looked_at IS NULL"),
        partial_index("ix_match_token_valid_to", "valid_to", where="valid_to IS NOT NULL"),
    )


class VictimToken(Keyed, Scoped, Base):
    """One line of the victims' index, with keys of its own: never compared with the other one, never seen by police."""

    __tablename__ = "victim_token"
    __scope__ = SHUT

    token: Mapped[bytes] = col(S3, LargeBinary(32), index=True, info={"token": True})
    type: Mapped[str] = col(S1, String(20))
    person_id: Mapped[uuid.UUID] = col(S1)
    identifier_id: Mapped[uuid.UUID] = col(S1, index=True)


class MatchPair(Keyed, Scoped, Base):
    """Two identifiers that are the same, and the row of each side; the program's own note, read by nobody.

    `left_id` is the smaller of the two ids, or the question's, with the line of it. The pair lasts as long as the lines
    of the index that met.
    """

    __tablename__ = "match_pair"
    __scope__ = SHUT

    left_id: Mapped[uuid.UUID] = col(S1)
    right_id: Mapped[uuid.UUID] = col(S1, index=True)
    line: Mapped[int] = col(S1, default=0)
    asked: Mapped[bool] = col(S1, default=False)  # the left one is a question
    strength: Mapped[str] = col(S1, String(10))
    left_line_id: Mapped[uuid.UUID] = col(S1)
    right_line_id: Mapped[uuid.UUID] = col(S1)
    left_hit_id: Mapped[uuid.UUID | None] = col(S1, ForeignKey("match_hit.id"), index=True)
    right_hit_id: Mapped[uuid.UUID | None] = col(S1, ForeignKey("match_hit.id"), index=True)
    ended_at: Mapped[dt.datetime | None] = col(S1)

    __table_args__ = (
        UniqueConstraint("left_id", "right_id", "line"),
        partial_index("ix_match_pair_open", "id", where="ended_at IS NULL"),
    )


class MatchHit(Record, Scoped, Stateful, Audited, Base):
    """What one side learns of a match: that another unit holds the same, and how far the two have gone.

    Everything that level M shows is of the own side, but for `other_agency_id`, `other_ref` and `other_contact_id`,
    which are empty until this side may know them.
    """

    __tablename__ = "match_hit"
    __flow__ = "match"
    __scope__ = MINE

    case_id: Mapped[uuid.UUID | None] = col(S1, ForeignKey("case.id"), meta=True)
    referral_id: Mapped[uuid.UUID | None] = col(S1, ForeignKey("referral.id"), meta=True)
    identifier_id: Mapped[uuid.UUID | None] = col(S1, ForeignKey("identifier.id"), meta=True)
    question_id: Mapped[uuid.UUID | None] = col(S1, ForeignKey("match_question.id"), meta=True)
    line: Mapped[int] = col(S1, default=0, meta=True)
    type: Mapped[str] = col(S1, String(20), meta=True)
    strength: Mapped[str] = col(S1, String(10), meta=True)
    state: Mapped[str] = col(S1, String(20), meta=True)
    other_agency_id: Mapped[uuid.UUID | None] = col(S1, ForeignKey("agency.id"), meta=True)
    other_ref: Mapped[str | None] = col(S1, String(16), meta=True)
    contact_id: Mapped[uuid.UUID | None] = col(S1, ForeignKey("user_account.id"), meta=True)
    other_contact_id: Mapped[uuid.UUID | None] = col(S1, ForeignKey("user_account.id"), meta=True)
    link_id: Mapped[uuid.UUID | None] = col(S1, ForeignKey("case_link.id"), meta=True)
    answered_at: Mapped[dt.datetime | None] = col(S1, meta=True)
    alerted_at: Mapped[dt.datetime | None] = col(S1)

    __table_args__ = (
        Index("ix_match_hit_agency_id_state_id", "agency_id", "state", "id"),
        Index("ix_match_hit_agency_id_id", "agency_id", "id"),
        Index("ix_match_hit_case_id_id", "case_id", "id"),
        Index("ix_match_hit_referral_id", "referral_id"),
        Index("ix_match_hit_question_id", "question_id"),
        Index("ix_match_hit_link_id", "link_id"),
        Index("ix_match_hit_state_created_at", "state", "created_at"),
    )

    def audit_chain(self) -> uuid.UUID:
        return self.case_id or self.referral_id or self.id


class MatchQuestion(Record, Scoped, Audited, Base):
    """A question about identifiers that somebody typed, for a case and a purpose. `lines` are [{line, type, mask}]."""

    __tablename__ = "match_question"
    __scope__ = Scope(row=ROW, subjects=("case_id",))

    case_id: Mapped[uuid.UUID] = col(S1, ForeignKey("case.id"), meta=True)
    purpose: Mapped[str] = col(S1, String(40), meta=True)
    reason: Mapped[str] = col(S2, meta=True)
    lines: Mapped[list] = col(S2, JSON, meta=True)
    size: Mapped[int] = col(S1, meta=True)
    answered_at: Mapped[dt.datetime | None] = col(S1, meta=True)

    __table_args__ = (
        Index("ix_match_question_case_id_id", "case_id", "id"),
        Index("ix_match_question_created_by_id_created_at", "created_by_id", "created_at"),
        Index("ix_match_question_agency_id_id", "agency_id", "id"),
    )


class MatchSetting(Keyed, Scoped, Audited, Base):
    """How a case takes part, where it is not the usual way: `silent` (its own side alone is told) or `off`."""

    __tablename__ = "match_setting"
    __scope__ = Scope(row=ROW, subjects=("case_id",), agency=())

    case_id: Mapped[uuid.UUID] = col(S1, ForeignKey("case.id"), unique=True, meta=True)
    mode: Mapped[str] = col(S1, String(10), meta=True)
    valid_to: Mapped[dt.date | None] = col(S1, meta=True)
    reason: Mapped[str] = col(S2, meta=True)
    changed_at: Mapped[dt.datetime] = col(S1, default=now, meta=True)
    changed_by_id: Mapped[uuid.UUID | None] = col(S1, ForeignKey("user_account.id"), meta=True)


def _social_agency(model, identity):
    """Own agency counts for those who lead social work."""
    return model.agency_id == identity.agency_id if identity.role == "SWS" else false()


def _worker(model, identity):
    """Of those who are assigned to the support, its social worker reads what was asked: not police, not a provider."""
    return granted(model.support_id, identity) if identity.role == "SW" else false()


class SupportQuestion(Record, Scoped, Audited, Base):
    """Whether another unit supports a child already: asked for one support referral, answered with units and no more.

    `lines` are [{line, type, mask, units}], the last one the ids of agencies.
    """

    __tablename__ = "support_question"
    __scope__ = Scope(
        row="support.referral", subjects=("support_id",),
        words={"a": _worker, "g": _social_agency, "u": _nobody},
    )

    case_id: Mapped[uuid.UUID | None] = col(S2, ForeignKey("case.id"))
    support_id: Mapped[uuid.UUID] = col(S2, ForeignKey("support_referral.id"))
    reason: Mapped[str] = col(S2)
    lines: Mapped[list] = col(S2, JSON)
    size: Mapped[int] = col(S2)

    __table_args__ = (
        Index("ix_support_question_agency_id_id", "agency_id", "id"),
        Index("ix_support_question_support_id", "support_id"),
        Index("ix_support_question_created_by_id_created_at", "created_by_id", "created_at"),
    )

    def audit_chain(self) -> uuid.UUID:
        return self.support_id

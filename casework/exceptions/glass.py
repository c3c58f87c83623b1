"""Emergency access (`x` of the matrix): opening, ending, reviewing, and what it reaches. Plain values, no request.

Whoever asks is answered alike whether a record has the reference, is hidden, is of a kind that opens nothing, or is
shut to the person by a conflict of interest: the access is noted, told and reviewed, and opens what the matrix lets it.
"""

import datetime as dt
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, or_, select
from sqlalchemy.orm import Session, object_session

from casework.audit.capture import describe
from casework.authz.access import forget_access
from casework.authz.conditions import RowBy, other, rows_of
from casework.authz.identity import Identity
from casework.authz.models import BreakGlass
from casework.authz.scope import current_matrix, unscoped
from casework.cases import recusal, tasks
from casework.cases.models import Case
from casework.db.base import now
from casework.db.refs import new_ref
from casework.web.i18n import _
from casework.workflow.engine import NotAllowed, Problem, Refused

PREFIX = "BG"
REVIEW = dt.timedelta(hours=72)  # deadline D-24
# What may be opened, and the column that says by which subject.
OPENS = {
    "case": "id", "referral": "id", "person": "id", "address": "person_id", "support_referral": "id",
    "therapeutic_note": "support_id",
}
SUPPORT = ("support_referral", "therapeutic_note")
# Who looks after an agency's exceptions, by the role whose work it is.
SUPERVISOR = {
    "INV": "PSU", "FOR": "PSU", "CUS": "PSU", "PSU": "PSU", "SW": "SWS", "SWS": "SWS", "PRO": "PRO", "HOT": "HOT",
}
AUDITOR = "AUD"


def may_ask(role: str) -> bool:
    """Whether emergency access opens anything to a role at all."""
    return any("x" in term.conditions for row in current_matrix().rows.values() for term in row.cells[role].terms)


@dataclass(frozen=True)
class Subject:
    """What a reference stands for: whose key opens it, and whose it is."""

    id: uuid.UUID
    type: str
    case_id: uuid.UUID | None
    owner_id: uuid.UUID | None
    owner_agency_id: uuid.UUID
    owner_role: str


def subject_of(db: Session, ref: str, types: dict[str, Any]) -> Subject | None:
    """The subject behind a reference, whoever asks; None where it opens nothing."""
    for name, column in OPENS.items():
        rt = types.get(name)
        if rt is None or not ref.startswith(rt.prefix) or not ref[len(rt.prefix)].isdigit():
            continue
        with unscoped(db, "who asks is told nothing of it"):
            record = db.scalars(select(rt.model).where(rt.model.ref == ref)).one_or_none()
            if record is None:
                return None
            return _subject(db, record, getattr(record, column), types)
    return None


def _subject(db: Session, record: Any, subject_id: uuid.UUID, types: dict[str, Any]) -> Subject:
    name = record.__tablename__
    if name in SUPPORT:
        support = record if name == "support_referral" else db.get_one(
            types["support_referral"].model, record.support_id)
        # The support of a child has a log of its own, apart from the case's.
        return Subject(support.id, "support_referral", None, support.worker_id, support.agency_id, "SWS")
    case_id = record.id if name == "case" else record.case_id
    kind = "person" if name == "address" else name
    if case_id is not None:
        case = db.get_one(Case, case_id)
        return Subject(subject_id, kind, case_id, case.lead_officer_id, case.lead_agency_id, "PSU")
    return Subject(subject_id, kind, None, None, record.agency_id, "HOT")


def open_glass(
    db: Session, identity: Identity, ref: str, reason_code: str, reason: str, *, hours: int, types: dict[str, Any],
    at: dt.datetime | None = None,
) -> BreakGlass:
    """Open emergency access for some hours. Raises NotAllowed for a role that it opens nothing to, Refused while one
    for this reference is open."""
    if not may_ask(identity.role):
        raise NotAllowed(f"emergency access opens nothing to {identity.role}")
    moment = at or now()
    if any(one.asked_ref == ref for one in open_of(db, identity, moment)):
        raise Refused(Problem(_("You have asked for this already, and it is open."), "ref"))
    subject = subject_of(db, ref, types)
    glass = BreakGlass(
        ref=new_ref(db, BreakGlass, PREFIX, moment.date()), user_id=identity.user_id, role=identity.role,
        agency_id=identity.agency_id, asked_ref=ref, reason_code=reason_code, created_at=moment,
        until=moment + dt.timedelta(hours=hours),
    )
    glass.subject_id = subject.id if subject else glass.id
    if subject is not None:
        glass.subject_type, glass.case_id, glass.owner_id = subject.type, subject.case_id, subject.owner_id
        glass.owner_agency_id, glass.owner_role = subject.owner_agency_id, subject.owner_role
    db.add(glass)
    glass.reason = reason
    describe(db, glass, verb="break_glass", asked=ref, reason_code=reason_code)
    db.flush()
    _tell(db, glass, moment)
    forget_access(db)
    return glass


def _tell(db: Session, glass: BreakGlass, at: dt.datetime) -> None:
    """The owner and the owner's supervisor, at once; the auditor sees each on the first screen."""
    if glass.owner_agency_id is None:
        return
    tasks.happened(db, glass, "opened", at=at)
    if glass.owner_id is not None and glass.owner_id != glass.user_id:
        role = "SW" if glass.owner_role == "SWS" else "INV"
        tasks.add_free(db, None, glass, "emergency_told", at + REVIEW, glass.owner_id,
                       queue=(glass.owner_agency_id, role))


def open_of(db: Session, identity: Identity, at: dt.datetime) -> list[BreakGlass]:
    """What a person holds open now, oldest first."""
    return list(db.scalars(
        select(BreakGlass).where(
            BreakGlass.user_id == identity.user_id, BreakGlass.role == identity.role, BreakGlass.ended_at.is_(None),
            BreakGlass.until > at)
        .order_by(BreakGlass.id)
    ))


def end(db: Session, identity: Identity, glass: BreakGlass) -> None:
    """Give an access back before its time; ending twice is once. Raises NotAllowed for anybody else."""
    if glass.user_id != identity.user_id:
        raise NotAllowed("only who opened it gives it back")
    if glass.ended_at is None and glass.until > now():
        glass.ended_at = now()
        describe(db, glass, verb="end_break_glass", asked=glass.asked_ref)
        forget_access(db)


# ---- review

def is_supervisor(identity: Identity) -> bool:
    """Who answers for the people of an agency: supervisors, the head of a prosecution office, hotlines among equals."""
    return identity.role in ("PSU", "SWS", "HOT") or (identity.role == "PRO" and identity.chief)


def may_review(identity: Identity, glass: BreakGlass, at: dt.datetime) -> bool:
    """The owner's supervisor; the auditor where there is none, or the time is over. Nobody reviews their own."""
    if glass.user_id == identity.user_id or glass.reviewed_at is not None or _shut(identity, glass):
        return False
    if identity.role == AUDITOR:
        return glass.owner_agency_id is None or at > glass.created_at + REVIEW
    return (is_supervisor(identity) and glass.owner_agency_id == identity.agency_id
            and glass.owner_role == identity.role)


def of_owner(identity: Identity, glass: BreakGlass) -> bool:
    """Whether a person answers for the record, and may know which records were opened: who leads it, their supervisor,
    the auditor. The supervisor of who opened it, and of who supports the child, know that it happened."""
    if _shut(identity, glass):
        return False
    return identity.role == AUDITOR or glass.owner_id == identity.user_id or (
        is_supervisor(identity) and glass.owner_agency_id == identity.agency_id and glass.owner_role == identity.role)


def _shut(identity: Identity, glass: BreakGlass) -> bool:
    if glass.case_id is None:
        return False
    db = object_session(glass)
    # A page asks of each access; what `forget_access` empties is true until then.
    known = db.info.setdefault("access", {})
    if (identity.key, "conflicts") not in known:
        known[identity.key, "conflicts"] = recusal.cases_shut_to(db, identity.user_id)
    return glass.case_id in known[identity.key, "conflicts"]


def told(identity: Identity) -> ColumnElement | None:
    """Which accesses of others a person is told of: the owner's, those of the own office's people and records."""
    others = and_(
        BreakGlass.user_id != identity.user_id,
        or_(BreakGlass.case_id.is_(None), BreakGlass.case_id.not_in(recusal.shut(identity.user_id))),
    )
    if identity.role == AUDITOR:
        return others
    ways = [BreakGlass.owner_id == identity.user_id]
    if is_supervisor(identity):
        ways.append(and_(BreakGlass.owner_agency_id == identity.agency_id, BreakGlass.owner_role == identity.role))
        mine = [role for role, over in SUPERVISOR.items() if over == identity.role]
        ways.append(and_(BreakGlass.agency_id == identity.agency_id, BreakGlass.role.in_(mine)))
    if identity.role == "SWS":
        # The place of a child is theirs to keep, whoever leads the case.
        case = other("case")
        ways.append(exists().where(case.c.id == BreakGlass.case_id, case.c.support_agency_id == identity.agency_id))
    return and_(others, or_(*ways))


def review(db: Session, identity: Identity, glass: BreakGlass, outcome: str, words: str) -> None:
    """Say whether an access was justified. Raises NotAllowed."""
    at = now()
    if not may_review(identity, glass, at):
        raise NotAllowed("the owner's supervisor reviews, and nobody their own")
    glass.reviewed_at, glass.reviewed_by_id, glass.outcome = at, identity.user_id, outcome
    glass.review = words
    describe(db, glass, verb="review_break_glass", outcome=outcome)
    db.flush()
    if glass.owner_agency_id is not None:
        tasks.happened(db, glass, "reviewed")


# ---- what it reaches

def reached(role: str, subject_id: uuid.UUID, types: Iterable[Any]) -> list[tuple[Any, ColumnElement]]:
    """The record types that an access by this subject reaches for a role, with the SQL that says which records."""
    matrix, found = current_matrix(), []
    for rt in types:
        scope = rt.model.__scope__
        rows = [row for row in rows_of(scope)
                if any("x" in term.conditions for term in matrix.cell(row, role).terms)]
        if not rows or not scope.subjects:
            continue
        sql = or_(*(getattr(rt.model, column) == subject_id for column in scope.subjects))
        if isinstance(scope.row, RowBy):
            values = [value for value, row in scope.row.rows.items() if row in rows]
            sql = and_(sql, getattr(rt.model, scope.row.column).in_(values))
        found.append((rt, sql))
    return found


def by_glass(rule: str) -> bool:
    """Whether a rule that gave a level rests on emergency access."""
    parts = rule.split()
    return len(parts) > 3 and "x" in parts[3].split(",")

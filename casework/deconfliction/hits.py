"""The rows of the two sides of a pair: who is told, what each may know, and what follows when things change.

A side is told when the other one is not silent. Everything here is done by the system: the log of one side never names
a person of the other.
"""

import uuid
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from casework.accounts.models import Agency
from casework.cases import tasks
from casework.db.base import now
from casework.db.refs import new_ref
from casework.workflow import engine

from .models import MatchHit, MatchPair, MatchToken

WEAK = "weak"
EARLY = ("found", "weak", "noted", "silent", "disclosed")  # nothing was agreed upon yet


def tell(db: Session, pair: MatchPair, left: MatchToken, right: MatchToken) -> None:
    """Give each side the row it may have, and bring the rows that are there in line with whose they are now."""
    sides = ((left, right, "left_hit_id"), (right, left, "right_hit_id"))
    rows = {name: _hit(db, getattr(pair, name)) for _mine, _other, name in sides}
    for mine, other, name in sides:
        if rows[name] is not None:
            _belongs(db, rows[name], mine)
        elif not other.silent:
            rows[name] = _create(db, pair, mine, other)
            setattr(pair, name, rows[name].id)
    first, second = rows["left_hit_id"], rows["right_hit_id"]
    for hit, beside in ((first, second), (second, first)):
        if hit is not None and beside is not None:
            _beside(db, hit, beside)


def _hit(db: Session, hit_id: uuid.UUID | None) -> MatchHit | None:
    return None if hit_id is None else db.get(MatchHit, hit_id)


def _create(db: Session, pair: MatchPair, mine: MatchToken, other: MatchToken) -> MatchHit:
    hit = MatchHit(
        ref=new_ref(db, MatchHit, "MH", now().date()), agency_id=mine.agency_id, case_id=mine.case_id,
        referral_id=mine.referral_id if mine.case_id is None else None, identifier_id=mine.identifier_id,
        question_id=mine.question_id, line=mine.line, type=mine.type, strength=pair.strength,
        other_agency_id=None if pair.strength == WEAK else other.agency_id,
    )
    engine.create(db, None, hit, _event(db, mine, pair.strength))
    db.flush()
    return hit


def _event(db: Session, mine: MatchToken, strength: str) -> str:
    if mine.silent:
        return "match_kept"
    if mine.case_id is None and not _is_police(db, mine.agency_id):
        return "match_noted"
    return "match_weak" if strength == WEAK else "match_found"


def _is_police(db: Session, agency_id: uuid.UUID) -> bool:
    """Only police units have supervisors who answer a match."""
    return "police" in db.get_one(Agency, agency_id).type.split()


def _belongs(db: Session, hit: MatchHit, mine: MatchToken) -> None:
    """A report became a case, or a case went to another unit."""
    if (hit.agency_id, hit.case_id) == (mine.agency_id, mine.case_id):
        if hit.state == "silent" and not mine.silent:
            engine.apply(db, None, hit, "match_released")
        return
    hit.agency_id, hit.case_id = mine.agency_id, mine.case_id
    if hit.state == "noted":
        engine.apply(db, None, hit, "match_taken_over")


def _beside(db: Session, hit: MatchHit, other: MatchHit) -> None:
    """Both sides are told: each may quote the other's reference."""
    if hit.state not in EARLY or hit.strength == WEAK:
        return
    shown = (other.agency_id, other.ref)
    if (hit.other_agency_id, hit.other_ref) != shown:
        hit.other_agency_id, hit.other_ref = shown


def confirm(db: Session, hit: MatchHit, other: MatchHit) -> None:
    """A weak match that one side has confirmed counts for both, like any other."""
    for mine, beside in ((hit, other), (other, hit)):
        mine.other_agency_id, mine.other_ref = beside.agency_id, beside.ref
    if other.state == "weak":
        engine.apply(db, None, other, "match_found")


def withdraw(db: Session, pair: MatchPair) -> None:
    """What matched is gone, or came into one hand: both sides are told that it matches no longer."""
    pair.ended_at = now()
    for hit_id in (pair.left_hit_id, pair.right_hit_id):
        hit = _hit(db, hit_id)
        if hit is not None and hit.state in EARLY:
            engine.apply(db, None, hit, "match_withdrawn")


def answered(db: Session, hit: Any) -> None:
    """The own side has said something: its clock stops. The other side does not learn of it."""
    hit.answered_at = hit.answered_at or now()
    tasks.happened(db, hit, "answered")


def pair_of(db: Session, hit: MatchHit) -> MatchPair | None:
    """The pair that a row belongs to. Asked by the program alone."""
    query = select(MatchPair).where((MatchPair.left_hit_id == hit.id) | (MatchPair.right_hit_id == hit.id))
    return db.scalars(query).first()


def other_of(db: Session, hit: MatchHit) -> MatchHit | None:
    """The other side's row, when there is one."""
    pair = pair_of(db, hit)
    if pair is None:
        return None
    return _hit(db, pair.right_hit_id if pair.left_hit_id == hit.id else pair.left_hit_id)

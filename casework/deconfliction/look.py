"""Compares what is new in the index with what is there. Periodic work, by the program alone.

Nobody's request ever looks up what others hold: whatever a hidden match does, it does afterwards and elsewhere, so that
a page cannot tell by its words, its statements or its time (DOMAIN 7.9).
"""

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from casework.authz.scope import unscoped
from casework.people.models import Identifier
from schemas.identifiers import Sighting, sightings_match

from . import hits
from .index import PATH
from .models import MatchPair, MatchQuestion, MatchToken
from .rules import rules

BATCH, BATCHES = 500, 40
STRONG, WEAK = "strong", "weak"
Key = tuple[uuid.UUID, uuid.UUID, int]


@dataclass(frozen=True)
class Meeting:
    """Two lines with the same token, in the order in which the pair keeps them."""

    left: MatchToken
    right: MatchToken
    strength: str

    @property
    def key(self) -> Key:
        return subject(self.left), subject(self.right), self.left.line


def subject(line: MatchToken) -> uuid.UUID:
    """What a line stands for."""
    return line.question_id or line.identifier_id


def run(db: Session, at: dt.datetime) -> int:
    """Compare everything that waits, in batches; the number of lines compared."""
    done = 0
    with unscoped(db, "the program compares for everybody and shows nothing"):
        _drop_old(db, at.date())
        for _batch in range(BATCHES):
            number = _one_batch(db, at)
            done += number
            if number < BATCH:
                break
    return done


def _drop_old(db: Session, today: dt.date) -> None:
    for line in db.scalars(select(MatchToken).where(MatchToken.valid_to < today, MatchToken.valid_to.is_not(None))):
        db.delete(line)
    db.flush()


def _one_batch(db: Session, at: dt.datetime) -> int:
    waiting = db.scalars(
        select(MatchToken).where(MatchToken.looked_at.is_(None)).order_by(MatchToken.id).limit(BATCH)
    ).all()
    if not waiting:
        return 0
    meetings = list(_meetings(db, waiting))
    known = _known(db, meetings)
    for meeting in _best(meetings):
        _meet(db, meeting, known.get(meeting.key))
    for line in waiting:
        line.looked_at = at
    db.flush()
    _answer(db, {line.question_id for line in waiting if line.question_id}, at)
    return len(waiting)


def _meetings(db: Session, waiting: list[MatchToken]) -> Iterator[Meeting]:
    """Every two lines with one token, of different subjects. What too many hold is nobody's (7.7)."""
    wanted = {line.token for line in waiting}
    holders = dict(db.execute(
        select(MatchToken.token, func.count()).where(MatchToken.token.in_(wanted), MatchToken.listed.is_(True))
        .group_by(MatchToken.token)
    ).all())
    quiet = [one for one, number in holders.items() if number <= rules().most_holders + 1]
    held = defaultdict(list)
    for line in db.scalars(select(MatchToken).where(MatchToken.token.in_(quiet), MatchToken.listed.is_(True))):
        held[line.token].append(line)
    pairs = [(line, other) for line in waiting for other in held[line.token] if subject(line) != subject(other)]
    seen = _sightings(db, pairs)
    for line, other in pairs:
        strength = _strength(line, other, seen)
        if strength is not None:
            left, right = (line, other) if line.question_id or subject(line) < subject(other) else (other, line)
            yield Meeting(left, right, strength)


def _sightings(db: Session, pairs: list[tuple[MatchToken, MatchToken]]) -> dict[uuid.UUID, Sighting]:
    """When addresses were seen in use: by themselves they say nothing of who used them."""
    wanted = {line.identifier_id for pair in pairs for line in pair if line.type == "ip" and line.identifier_id}
    if not wanted:
        return {}
    columns = (Identifier.id, Identifier.observed_from, Identifier.observed_to, Identifier.port)
    return {
        key: Sighting("", start, end, port)
        for key, start, end, port in db.execute(select(*columns).where(Identifier.id.in_(wanted)))
        if start is not None and end is not None
    }


def _strength(line: MatchToken, other: MatchToken, seen: dict[uuid.UUID, Sighting]) -> str | None:
    if line.type == "ip":
        if line.identifier_id not in seen or other.identifier_id not in seen:
            return None
        return sightings_match(seen[line.identifier_id], seen[other.identifier_id])
    return WEAK if line.form == PATH else STRONG


def _best(meetings: list[Meeting]) -> list[Meeting]:
    """One for each pair: an address that is the same as a whole is not told a second time as a part."""
    found: dict[Key, Meeting] = {}
    for meeting in meetings:
        if meeting.key not in found or meeting.strength == STRONG:
            found[meeting.key] = meeting
    return list(found.values())


def _known(db: Session, meetings: list[Meeting]) -> dict[Key, MatchPair]:
    """The pairs that are known already."""
    if not meetings:
        return {}
    lefts, rights = {one.key[0] for one in meetings}, {one.key[1] for one in meetings}
    query = select(MatchPair).where(MatchPair.left_id.in_(lefts), MatchPair.right_id.in_(rights))
    return {(pair.left_id, pair.right_id, pair.line): pair for pair in db.scalars(query)}


def _meet(db: Session, meeting: Meeting, pair: MatchPair | None) -> None:
    left, right = meeting.left, meeting.right
    own = left.agency_id == right.agency_id or (left.case_id is not None and left.case_id == right.case_id)
    if own:
        # Within one agency its own search finds it; a match that came into one hand is over.
        if pair is not None and pair.ended_at is None:
            hits.withdraw(db, pair)
        return
    if pair is None:
        pair = MatchPair(left_id=meeting.key[0], right_id=meeting.key[1], line=meeting.key[2],
                         asked=left.question_id is not None, strength=meeting.strength)
        db.add(pair)
    elif pair.ended_at is not None:
        pair.left_hit_id = pair.right_hit_id = pair.ended_at = None
        pair.strength = meeting.strength
    pair.left_line_id, pair.right_line_id = left.id, right.id
    hits.tell(db, pair, left, right)


def _answer(db: Session, question_ids: set[Any], at: dt.datetime) -> None:
    """Questions whose lines are all compared: answered, alike whatever was found, and taken out of the index."""
    if not question_ids:
        return
    lines = db.scalars(select(MatchToken).where(MatchToken.question_id.in_(question_ids))).all()
    waiting = {line.question_id for line in lines if line.looked_at is None}
    for line in lines:
        if line.question_id not in waiting:
            db.delete(line)
    db.flush()
    for question in db.scalars(select(MatchQuestion).where(MatchQuestion.id.in_(question_ids - waiting))):
        question.answered_at = at


def unanswered(db: Session, at: dt.datetime) -> None:
    """Questions of which no line can be compared are answered too: what everybody uses is held by nobody."""
    held = select(MatchToken.id).where(MatchToken.question_id == MatchQuestion.id)
    query = select(MatchQuestion).where(MatchQuestion.answered_at.is_(None), or_(~held.exists()))
    with unscoped(db, "a question is answered whoever asked"):
        for question in db.scalars(query):
            question.answered_at = at

"""What follows when both sides have moved: contacts are exchanged, links show, what is gone is withdrawn, and the unit
that looks after matches hears of those that nobody answers. Periodic work, by the program alone."""

import datetime as dt
from collections.abc import Iterator

from sqlalchemy import and_, exists, or_, select
from sqlalchemy.orm import Session, aliased

from casework.accounts.models import Agency
from casework.authz.scope import unscoped
from casework.cases import clocks, tasks
from casework.cases.models import CaseLink
from casework.workflow import engine

from . import hits, look
from .flow import link_state
from .models import MatchHit, MatchPair, MatchToken
from .rules import rules

RULE, ALERT = "H-08", "match_unanswered"
LIMIT = 500
MOVED_ON = ("found", "disclosed", "declined", "false_positive")


def run(db: Session, at: dt.datetime) -> None:
    """Everything that is due; asked again at once, it does nothing."""
    look.run(db, at)
    look.unanswered(db, at)
    with unscoped(db, "the program keeps the two sides in step and shows nothing"):
        _gone(db)
        for hit, other in _ready(db):
            _both(db, hit, other)
        _links(db)
        _alert(db, at)


def _gone(db: Session) -> None:
    """Pairs of which one line has left the index. A question's has left it as soon as it was answered; who changed
    something a moment ago is compared first."""
    left = exists().where(MatchToken.id == MatchPair.left_line_id)
    right = exists().where(MatchToken.id == MatchPair.right_line_id)
    waits = exists().where(MatchToken.identifier_id.in_([MatchPair.left_id, MatchPair.right_id]),
                           MatchToken.looked_at.is_(None))
    query = select(MatchPair).where(
        MatchPair.ended_at.is_(None), or_(~right, and_(~MatchPair.asked, ~left)), ~waits)
    for pair in db.scalars(query.order_by(MatchPair.id).limit(LIMIT)).all():
        hits.withdraw(db, pair)
    db.flush()


def _ready(db: Session) -> Iterator[tuple[MatchHit, MatchHit]]:
    """Pairs of rows that no longer fit together, each once."""
    one, two = aliased(MatchHit), aliased(MatchHit)
    confirmed = or_(and_(one.state == "weak", two.state.in_(MOVED_ON), two.state != "false_positive"),
                    and_(two.state == "weak", one.state.in_(MOVED_ON), one.state != "false_positive"))
    disclosed = and_(one.state == "disclosed", two.state == "disclosed")
    proposed = or_(and_(one.state == "link_proposed", two.state == "contact"),
                   and_(two.state == "link_proposed", one.state == "contact"))
    query = (
        select(one, two).select_from(MatchPair).join(one, one.id == MatchPair.left_hit_id)
        .join(two, two.id == MatchPair.right_hit_id)
        .where(MatchPair.ended_at.is_(None), or_(confirmed, disclosed, proposed)).order_by(MatchPair.id).limit(LIMIT)
    )
    yield from db.execute(query).all()


def _both(db: Session, one: MatchHit, two: MatchHit) -> None:
    states = {one.state: one, two.state: two}
    if one.state == two.state == "disclosed":
        for hit, other in ((one, two), (two, one)):
            hit.other_contact_id = other.contact_id
            engine.apply(db, None, hit, "exchange_contacts")
    elif "link_proposed" in states:
        states["contact"].link_id = states["link_proposed"].link_id
        engine.apply(db, None, states["contact"], "link_proposed_there")
    else:
        hits.confirm(db, one if states["weak"] is two else two, states["weak"])


def _links(db: Session) -> None:
    """What became of the links that were proposed."""
    query = select(MatchHit, CaseLink).join(CaseLink, CaseLink.id == MatchHit.link_id).where(
        MatchHit.state == "link_proposed", CaseLink.state != "proposed")
    for hit, link in db.execute(query.order_by(MatchHit.id).limit(LIMIT)).all():
        engine.apply(db, None, hit, link_state(link))


def _alert(db: Session, at: dt.datetime) -> None:
    """Tell the coordinator, by reference and unit alone, that a match waits longer than its rule allows."""
    unit = db.scalars(select(Agency).where(Agency.code == rules().coordinator, Agency.active.is_(True))).one_or_none()
    if unit is None:
        return
    allowed = clocks.due_time(clocks.rule_of(RULE), at, None) - at
    late = db.execute(
        select(MatchHit, Agency.code).join(Agency, Agency.id == MatchHit.agency_id)
        .where(MatchHit.state == "found", MatchHit.created_at <= at - allowed, MatchHit.alerted_at.is_(None))
        .order_by(MatchHit.created_at).limit(LIMIT)
    ).all()
    for hit, code in late:
        hit.alerted_at = at
        tasks.add_free(db, None, hit, ALERT, at, kind="procedural", queue=(unit.id, "PSU"), detail=code)

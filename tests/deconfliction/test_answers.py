"""What the two sides answer: contacts, links, refusals that nobody learns of, and the unit that reminds."""

import datetime as dt

import pytest
from sqlalchemy.exc import NoResultFound

from casework.audit.models import AuditEntry
from casework.authz.scope import unscoped
from casework.cases.models import CaseLink, Task
from casework.db.base import now
from casework.deconfliction import settle
from casework.deconfliction.models import MatchHit
from casework.workflow.engine import NotAllowed, Refused, apply

WHY = "Written down for the test of matching"


@pytest.fixture
def hit(units) -> tuple[MatchHit, MatchHit]:
    """The two sides of a match."""
    units.add("inv", units.here)
    units.add("there", units.far)
    units.settle()
    return units.seen("inv")[0], units.seen("there")[0]


def both(units) -> tuple[MatchHit, MatchHit]:
    units.settle()
    return units.seen("psu")[0], units.seen("psu_there")[0]


def disclose(units, who: str, hit: MatchHit, officer: str) -> None:
    units.do(who, hit, "disclose_contact", contact=str(units.who(officer).user_id))


def exchanged(units, hit):
    disclose(units, "psu", hit[0], "inv")
    disclose(units, "psu_there", hit[1], "there")
    return both(units)


def test_contacts_show_when_both_have_named_one(units, hit):
    disclose(units, "psu", hit[0], "inv")
    mine, theirs = both(units)
    assert (mine.state, theirs.state) == ("disclosed", "found")
    assert theirs.other_contact_id is None
    disclose(units, "psu_there", hit[1], "there")
    mine, theirs = both(units)
    assert (mine.state, theirs.state) == ("contact", "contact")
    assert mine.other_contact_id == theirs.contact_id == units.who("there").user_id
    assert theirs.other_contact_id == units.who("inv").user_id


def test_only_the_own_supervisor_answers(units, hit):
    contact = {"contact": str(units.who("inv").user_id)}
    for name, row in (("inv", hit[0]), ("psu_there", hit[0]), ("psu", hit[1])):
        with units.database.work() as db:
            with unscoped(db, "a test hands over the row; the engine asks for the right"):
                row = db.get_one(MatchHit, row.id)
            with pytest.raises(NotAllowed):
                apply(db, units.who(name), row, "disclose_contact", contact)


def test_a_refusal_is_nobodys_business(units, hit):
    disclose(units, "psu", hit[0], "inv")
    before = facts(units, hit[0])
    with pytest.raises(Refused):
        units.do("psu_there", hit[1], "decline_match", reason="short")
    units.do("psu_there", hit[1], "decline_match", reason=WHY)
    units.settle()
    assert facts(units, hit[0]) == before
    assert units.seen("psu_there")[0].state == "declined"


def facts(units, hit: MatchHit) -> tuple:
    """Everything there is of one side: its row, its tasks, its lines in the log."""
    row = next(one for one in units.all(MatchHit) if one.id == hit.id)
    tasks = [(task.id, task.state, task.version) for task in units.all(Task) if task.record_id == hit.id]
    with units.database.work() as db:
        log = db.query(AuditEntry).filter(AuditEntry.chain == hit.audit_chain()).count()
    columns = MatchHit.__mapper__.columns.keys()
    return [getattr(row, column) for column in columns], tasks, log


def test_a_contact_that_is_taken_back_is_not_told(units, hit):
    disclose(units, "psu", hit[0], "inv")
    units.do("psu", hit[0], "take_back_contact", reason=WHY)
    disclose(units, "psu_there", hit[1], "there")
    mine, theirs = both(units)
    assert (mine.state, mine.contact_id) == ("declined", None)
    assert (theirs.state, theirs.other_contact_id) == ("disclosed", None)


def test_who_declined_may_change_their_mind(units, hit):
    disclose(units, "psu", hit[0], "inv")
    units.do("psu_there", hit[1], "decline_match", reason=WHY)
    disclose(units, "psu_there", hit[1], "there")
    assert [one.state for one in both(units)] == ["contact", "contact"]


def test_a_link_shows_when_a_supervisor_of_each_side_has_approved(units, hit):
    exchanged(units, hit)
    with pytest.raises(NoResultFound):
        units.do("inv2", hit[0], "propose_link", type="same_suspect", basis=WHY)
    units.do("inv", hit[0], "propose_link", type="same_suspect", basis=WHY)
    mine, theirs = both(units)
    assert (mine.state, theirs.state) == ("link_proposed", "link_proposed")
    (link,) = units.all(CaseLink)
    assert link.other_ref == theirs.ref, "the other case's own reference is not told"
    assert see(units, "there") == 0
    for who in ("psu", "psu_there"):
        with units.work(who) as (db, identity):
            apply(db, identity, db.get_one(CaseLink, link.id), "approve")
    assert [one.state for one in both(units)] == ["linked", "linked"]
    assert (see(units, "there"), see(units, "inv"), see(units, "inv2"), see(units, "hot")) == (1, 1, 0, 0)


def see(units, name: str) -> int:
    with units.work(name) as (db, _identity):
        return db.query(CaseLink).count()


def test_a_link_that_was_refused_leads_back(units, hit):
    exchanged(units, hit)
    units.do("inv", hit[0], "propose_link", type="same_suspect", basis=WHY)
    units.settle()
    (link,) = units.all(CaseLink)
    with units.work("psu_there") as (db, identity):
        apply(db, identity, db.get_one(CaseLink, link.id), "refuse", {"reason": WHY})
    assert [one.state for one in both(units)] == ["contact", "contact"]


def test_a_link_needs_contacts_first(units, hit):
    with pytest.raises(Refused):
        units.do("inv", hit[0], "propose_link", type="same_suspect", basis=WHY)


def test_answering_stops_the_own_clock(units, hit):
    disclose(units, "psu", hit[0], "inv")
    states = {task.record_id: task.state for task in units.all(Task) if task.rule == "H-08"}
    assert states == {hit[0].id: "done", hit[1].id: "open"}


def test_the_coordinator_hears_of_silence_and_of_nothing_else(units, hit):
    disclose(units, "psu", hit[0], "inv")
    for hours, told in ((71, 0), (73, 1), (74, 1)):
        with units.database.work() as db:
            settle.run(db, now() + dt.timedelta(hours=hours))
        reminders = [task for task in units.all(Task) if task.title == "match_unanswered"]
        assert len(reminders) == told
    (task,) = reminders
    assert (task.queue_agency_id, task.queue_role) == (units.who("coordinator").agency_id, "PSU")
    assert (task.record_ref, task.detail) == (hit[1].ref, "cid")
    assert units.seen("coordinator") == []

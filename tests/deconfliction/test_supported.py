"""Whether a child is supported already: units, to those who lead social work, and to nobody else."""

import pytest
from sqlalchemy import select

from casework.audit.models import AuditEntry
from casework.authz.scope import unscoped
from casework.cases.models import Case, Task
from casework.db.base import now
from casework.db.refs import new_ref
from casework.deconfliction import support
from casework.deconfliction.models import SupportQuestion
from casework.people import identifiers
from casework.people import service as people
from casework.support.models import SupportReferral
from casework.workflow.engine import NotAllowed, Refused
from casework.workflow.guard import engine_at_work
from tests.support.people import make_person

CHILD = {"sex": "female", "dob_precision": "unknown", "identification_status": "unidentified",
         "caregiver_is_suspect": "unknown"}
WHY = "The mother says that somebody called"


@pytest.fixture
def supported(units):
    """The same child (by a telephone) in two cases, supported by two social agencies: the two referrals."""
    with units.database.work() as db:
        units.accounts["sws_there"] = make_person(db, "SWS", "dosvy.08")
    made = []
    for name, case, worker in (("inv", units.here, "sws"), ("there", units.far, "sws_there")):
        with units.work(name) as (db, identity):
            case = db.get_one(Case, case.id)
            child = people.add_person(db, identity, case, "victim", CHILD)
            identifiers.add_identifier(db, identity, case, {
                "type": "phone", "value": "012 000 000", "side": "victim", "reliability": "B", "belongs_to": child.id})
            with engine_at_work():
                record = SupportReferral(
                    ref=new_ref(db, SupportReferral, "S", now().date()), agency_id=units.who(worker).agency_id,
                    case_id=case.id, child_id=child.id, state="in_service", urgency="high",
                    requested_by_id=case.lead_agency_id)
            db.add(record)
            made.append(record)
    return made


def ask(units, name, ref, lines=("+855 12 000 000",)):
    with units.work(name) as (db, identity):
        return support.ask(db, identity, {"support": ref, "lines": list(lines), "reason": WHY})


def test_the_unit_is_named_and_hears_who_asked(units, supported):
    mine, theirs = supported
    question = ask(units, "sws", mine.ref)
    assert question.lines[0]["units"] == [str(theirs.agency_id)]
    (task,) = [task for task in units.all(Task) if task.title == "supported_twice"]
    assert (task.queue_agency_id, task.queue_role, task.detail) == (theirs.agency_id, "SWS", "dosvy.12")
    with units.database.work() as db:
        told = db.scalars(select(AuditEntry).where(AuditEntry.verb == "support_asked_by")).all()
    assert [entry.record_id for entry in told] == [theirs.id]


def test_another_number_and_a_closed_support_are_not_named(units, supported):
    mine, theirs = supported
    assert ask(units, "sws", mine.ref, ["012 000 001"]).lines[0]["units"] == []
    with units.database.work() as db, unscoped(db, "a test closes by hand"), engine_at_work():
        db.get_one(SupportReferral, theirs.id).state = "closed"
    assert ask(units, "sws", mine.ref).lines[0]["units"] == []
    assert [task for task in units.all(Task) if task.title == "supported_twice"] == []


def test_nobody_else_asks_and_nobody_asks_for_anothers(units, supported):
    mine, theirs = supported
    for name in ("inv", "psu", "sw", "pro", "hot"):
        with pytest.raises(NotAllowed):
            ask(units, name, mine.ref)
    with pytest.raises(Refused):
        ask(units, "sws", theirs.ref)


def test_who_sees_the_question(units, supported):
    ask(units, "sws", supported[0].ref)
    for name, number in (("sws", 1), ("sws_there", 0), ("inv", 0), ("psu", 0), ("pro", 0), ("hot", 0), ("sw", 0)):
        with units.work(name) as (db, _identity):
            assert db.query(SupportQuestion).count() == number, name


@pytest.mark.one_engine
def test_the_page(app, units, supported):
    browser = units.browser(app, "sws")
    form = browser.get("/supported-already").forms["form"]
    form["support"], form["lines"], form["reason"] = supported[0].ref, "012 000 000", WHY
    page = form.submit("save", status=303).follow()
    assert "Already supported by: Agency dosvy.08 (fictional)" in page.text
    assert supported[1].ref not in page.text
    units.browser(app, "inv").get("/supported-already", status=403)
    units.browser(app, "psu").get(page.request.path, status=404)

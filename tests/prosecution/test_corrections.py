"""What was recorded wrongly is voided by two people of the office, and what rested on it is put right with it."""

import datetime as dt

import pytest
from sqlalchemy import select

from casework.authz.scope import unscoped
from casework.cases.models import Case, Task
from casework.db.base import now
from casework.prosecution import hearings, records
from casework.prosecution.guards import charges_of
from casework.prosecution.models import Decision, Hearing
from casework.records import voiding
from casework.workflow.engine import NotAllowed, Refused
from tests.prosecution.test_flow import open_rules
from tests.prosecution.world import TODAY

WHY = ("entered_by_mistake", "Entered for the wrong matter")


def newest(office, model: type) -> object:
    return office.look(lambda db, m: db.scalars(select(model).order_by(model.id.desc())).first())


def ask(office, name: str, record) -> None:
    office.work(name, lambda db, who, m: voiding.ask(db, who, _found(db, record), *WHY))


def decide(office, name: str, record, approve: bool = True) -> None:
    office.work(name, lambda db, who, m: voiding.decide(db, who, _found(db, record), approve))


def _found(db, record):
    with unscoped(db, "the test hands over the record; voiding asks for the right"):
        return db.get_one(type(record), record.id)


def void(office, record) -> None:
    ask(office, "pro", record)
    decide(office, "chief", record)


def told(office) -> list[Task]:
    query = select(Task).where(Task.title.like("court_date%")).order_by(Task.id)
    return office.look(lambda db, m: db.scalars(query).all())


def test_a_hearing_takes_two_of_the_office(office):
    office.indicted()
    office.do("pro", "schedule_trial", **office.hearing())
    hearing = newest(office, Hearing)
    for name in ("inv", "psu", "sws", "clerk"):
        with pytest.raises(NotAllowed):
            ask(office, name, hearing)
    ask(office, "pro", hearing)
    with pytest.raises(NotAllowed, match="two people"):
        decide(office, "pro", hearing)
    with pytest.raises(NotAllowed):
        decide(office, "psu", hearing)
    decide(office, "chief", hearing, approve=False)
    assert newest(office, Hearing).voided_at is None
    void(office, hearing)
    assert newest(office, Hearing).voided_at is not None
    # Who had been told of the date is told that there is none.
    first, second = told(office)
    assert (first.title, first.state) == ("court_date", "superseded")
    assert (second.title, second.queue_role, second.state) == ("court_date_off", "SWS", "open")
    with pytest.raises(Refused, match="was voided"):
        office.work("pro", lambda db, who, m: hearings.record_result(
            db, who, m, _found(db, hearing), {"result": "held"}))


def test_a_judgment_is_voided_and_entered_anew(office):
    office.in_deliberation()
    today = now().date()
    office.do("pro", "judge", **office.judgment(decided_on=today))
    wrong = newest(office, Decision)
    assert {"D-18c", "D-18d"} <= open_rules(office)
    void(office, wrong)
    found = office.look(lambda db, m: (m.state, m.instance, m.decided_on, [c.status for c in charges_of(db, m)]))
    assert found == ("deliberation", "first", TODAY, ["charged"])
    assert {"D-18c", "D-18d"}.isdisjoint(open_rules(office))
    assert office.do("pro", "judge", **office.judgment("acquitted", decided_on=today)) == "judged"
    office.do("pro", "file_appeal", party="civil_party", filed_on=today)
    with pytest.raises(Refused, match="gone on"):
        ask(office, "pro", newest(office, Decision))


def test_a_voided_judgment_on_appeal_leaves_the_first_one_standing(office):
    office.in_deliberation()
    today = now().date()
    office.do("pro", "judge", **office.judgment(decided_on=today))
    first = newest(office, Decision)
    office.do("pro", "file_appeal", party="accused", filed_on=today)
    office.do("pro", "judge", **office.judgment("acquitted", type="judgment_on_appeal", decided_on=today))
    with pytest.raises(Refused, match="gone on"):
        ask(office, "pro", first)
    void(office, newest(office, Decision))
    found = office.look(lambda db, m: (m.state, m.instance, [c.status for c in charges_of(db, m, ("convicted",))]))
    assert found == ("appeal", "first", ["convicted"])
    assert "D-18e" not in open_rules(office)


def test_what_came_between_asking_and_deciding_counts(office):
    office.in_deliberation()
    today = now().date()
    office.do("pro", "judge", **office.judgment(decided_on=today))
    judgment = newest(office, Decision)
    ask(office, "pro", judgment)
    office.do("pro", "file_appeal", party="accused", filed_on=today)
    with pytest.raises(Refused, match="gone on"):
        decide(office, "chief", judgment)
    decide(office, "chief", judgment, approve=False)


def test_a_decision_of_a_step_is_voided_when_the_right_one_is_there(office):
    office.with_judge()
    wrong = newest(office, Decision)
    with pytest.raises(Refused, match="right one first"):
        ask(office, "pro", wrong)
    court = str(office.world.agencies["court"])
    right = {"body": court, "type": wrong.type, "decided_on": TODAY, "document": "I-2/2026"}
    office.work("pro", lambda db, who, m: records.other_decision(db, who, m, right))
    void(office, wrong)
    standing = select(Decision.document).where(Decision.voided_at.is_(None))
    assert office.look(lambda db, m: db.scalars(standing).all()) == ["I-2/2026"]
    assert office.look(lambda db, m: m.state) == "judicial_investigation"


def test_the_clock_of_telling_ends_with_the_last_hearing(office):
    office.indicted()
    with office.database.work(unscoped=1) as db:
        db.get_one(Case, office.world.case_id).support_agency_id = None
    office.do("pro", "schedule_trial", **office.hearing(at=now() + dt.timedelta(days=30)))
    assert "H-04" in open_rules(office), "nobody supports the child yet"
    void(office, newest(office, Hearing))
    assert "H-04" not in open_rules(office)

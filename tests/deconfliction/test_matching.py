"""Who is told of a match, and when it goes."""

import datetime as dt

import pytest
from sqlalchemy import select

from casework.audit.models import AuditEntry
from casework.authz.scope import unscoped
from casework.cases import service as cases
from casework.cases.models import Case, Task
from casework.db.base import now
from casework.deconfliction import rules
from casework.deconfliction.index import put_case
from casework.deconfliction.models import MatchHit, MatchPair, MatchToken, VictimToken
from casework.people import identifiers
from casework.people import service as people
from casework.people.models import Identifier, Person
from casework.referrals import service as referrals
from casework.workflow.engine import apply
from tests.cases.counting import statements
from tests.deconfliction.conftest import STAFF

WHY = "Written down for the test of matching"


def test_both_units_are_told_and_nothing_more(units):
    mine, theirs = units.add("inv", units.here), units.add("there", units.far, value="+855 12 000 000")
    units.settle()
    (hit,), (other,) = units.seen("inv"), units.seen("there")
    assert (hit.state, hit.strength, hit.type) == (other.state, "strong", "phone")
    assert (hit.other_agency_id, other.other_agency_id) == (units.far.lead_agency_id, units.here.lead_agency_id)
    assert (hit.other_ref, other.other_ref) == (other.ref, hit.ref)
    assert (hit.identifier_id, hit.case_id) == (mine.id, units.here.id)
    theirs_only = {str(theirs.id), str(units.far.id), units.far.ref, units.far.title}
    shown = {str(getattr(hit, column)) for column in MatchHit.__mapper__.columns.keys()}  # noqa: SIM118
    assert not shown & theirs_only
    assert units.seen("inv2") == [], "assigned to neither case"
    assert [one.id for one in units.seen("psu")] == [hit.id]
    assert units.seen("pro") == units.seen("hot") == units.seen("sws") == []


def test_settling_twice_tells_once(units):
    units.add("inv", units.here)
    units.add("there", units.far)
    units.settle()
    units.settle()
    assert len(units.all(MatchHit)) == 2
    assert len(units.all(MatchPair)) == 1


@pytest.mark.parametrize(("changed", "value"), [
    ("value", "012 000 001"), ("side", "victim"), ("side", "unknown"), ("match_allowed", False),
])
def test_what_is_not_the_same_or_not_allowed_is_not_told(units, changed, value):
    units.add("inv", units.here)
    units.add("there", units.far, **{changed: value})
    units.settle()
    assert units.all(MatchHit) == []


def test_within_one_unit_nothing_is_told(units):
    units.add("inv", units.here)
    units.add("inv", units.open("Bamboo", "inv"))
    units.settle()
    assert units.all(MatchHit) == []


def test_a_recused_person_is_told_nothing(units):
    units.add("inv", units.here)
    units.add("there", units.far)
    units.settle()
    with units.database.work() as db:
        cases.recuse(db, None, units.who("psu").user_id, units.here)
    assert units.seen("psu") == []
    assert units.seen("inv") != []


def test_an_address_without_its_query_is_weak_and_names_nobody(units):
    url = {"type": "url", "value": "https://example.org/a?id=7"}
    units.add("inv", units.here, **url)
    units.add("there", units.far, **{**url, "value": "https://example.org/a?id=8"})
    units.settle()
    (hit,), (other,) = units.seen("psu"), units.seen("psu_there")
    assert (hit.state, hit.strength, hit.other_agency_id, hit.other_ref) == ("weak", "weak", None, None)
    units.do("psu", hit, "confirm_match", reason=WHY)
    units.settle()
    (hit,), (other,) = units.seen("psu"), units.seen("psu_there")
    assert (hit.state, other.state) == ("found", "found")
    assert (hit.other_agency_id, other.other_agency_id) == (units.far.lead_agency_id, units.here.lead_agency_id)


@pytest.mark.parametrize(("minutes", "port", "strength"), [
    (0, 40000, "strong"), (4, 51000, "weak"), (4, None, "weak"), (11, 40000, None),
])
def test_addresses_match_by_time_and_port(units, minutes, port, strength):
    start = dt.datetime(2026, 3, 1, 10, tzinfo=dt.UTC)
    later = start + dt.timedelta(minutes=minutes)
    ip = {"type": "ip", "value": "203.0.113.7"}
    units.add("inv", units.here, **ip, observed_from=start, observed_to=start, port=40000)
    units.add("there", units.far, **ip, observed_from=later, observed_to=later, port=port)
    units.settle()
    assert {hit.strength for hit in units.all(MatchHit)} == ({strength} if strength else set())


def test_what_many_hold_is_nobodys(units, monkeypatch):
    known = rules.rules()
    rules.use_rules(rules.Rules(known.stopped, 1, known.questions_a_day, known.coordinator))
    try:
        for title in ("One", "Two"):
            units.add("inv", units.open(title, "inv"))
        units.add("there", units.far)
        units.settle()
        assert units.all(MatchHit) == []
    finally:
        rules.use_rules(known)


def test_the_stop_list_is_not_compared(units):
    for name, case in (("inv", units.here), ("there", units.far)):
        units.add(name, case, type="domain", value="www.facebook.com")
    assert units.all(MatchToken) == []


# ---- withdrawal

def _matched(units):
    mine, theirs = units.add("inv", units.here), units.add("there", units.far)
    units.settle()
    return mine, theirs


def _gone(units):
    units.settle()
    assert {hit.state for hit in units.all(MatchHit)} == {"withdrawn"}


def test_a_changed_value_is_withdrawn(units):
    mine, _theirs = _matched(units)
    with units.work("inv") as (db, identity):
        identifiers.edit_identifier(db, identity, db.get_one(Identifier, mine.id), units.here,
                                    {**mine_data(), "value": "012 000 009"})
    _gone(units)


def mine_data():
    return {"type": "phone", "value": "012 000 000", "side": "suspect", "reliability": "B"}


def test_a_voided_identifier_is_withdrawn(units):
    mine, _theirs = _matched(units)
    with units.work("inv") as (db, _identity):
        db.get_one(Identifier, mine.id).voided_at = now()
    assert [line.identifier_id for line in units.all(MatchToken)] == [_theirs.id]
    _gone(units)


def test_a_cleared_suspect_leaves_no_trace(units):
    with units.work("inv") as (db, identity):
        case = db.get_one(Case, units.here.id)
        suspect = people.add_person(db, identity, case, "suspect", {
            "family_latin": "Invented", "given_latin": "Person (fictional)", "sex": "male", "dob_precision": "unknown",
            "suspect_status": "identified"})
        identifiers.add_identifier(db, identity, case, {**mine_data(), "belongs_to": suspect.id})
    units.add("there", units.far)
    units.settle()
    assert len(units.seen("inv")) == 1
    with units.work("inv") as (db, _identity):
        db.get_one(Person, suspect.id).suspect_status = "cleared"
    assert {line.case_id for line in units.all(MatchToken)} == {units.far.id}
    _gone(units)


def test_a_case_that_was_unfounded_is_withdrawn_and_comes_back(units):
    _matched(units)
    _outcome(units, "unfounded")
    assert {line.case_id for line in units.all(MatchToken)} == {units.far.id}
    _gone(units)
    _outcome(units, None)
    units.settle()
    assert sorted(hit.state for hit in units.all(MatchHit)) == ["found", "found", "withdrawn", "withdrawn"]


def _outcome(units, outcome):
    with units.database.work() as db, unscoped(db, "a test closes the case by hand"):
        db.get_one(Case, units.here.id).outcome = outcome
        put_case(db, units.here.id)


def test_voiding_a_case_withdraws_it(units):
    """Through the flow: two people, and what is said to the subscribers."""
    _matched(units)
    void = {"reason_code": "entered_twice", "reason": WHY}
    with units.work("inv") as (db, identity):
        apply(db, identity, db.get_one(Case, units.here.id), "propose_void", void)
    with units.work("psu") as (db, identity):
        apply(db, identity, db.get_one(Case, units.here.id), "void", void)
    assert {line.case_id for line in units.all(MatchToken)} == {units.far.id}
    _gone(units)


# ---- reports

def test_a_report_asks_and_is_found_when_it_became_a_case(units):
    url = "https://example.org/offer/4"
    units.add("there", units.far, type="url", value=url)
    with units.work("hot") as (db, hot):
        report = referrals.receive(db, hot, hot.agency_id, {
            "narrative": "Somebody offers accounts (fictional).", "immediate_danger": "no", "urls": [url]},
            source="family", channel="phone")
    assert {line.listed for line in units.all(MatchToken) if line.referral_id} == {False}
    units.settle()
    (told,) = units.seen("there")
    assert (told.state, told.other_agency_id) == ("found", units.who("hot").agency_id)
    assert units.seen("hot") == [], "the matrix gives a hotline no match"
    assert [hit.state for hit in units.all(MatchHit) if hit.referral_id] == ["noted"]
    with units.database.work() as db, unscoped(db, "a test hands over the report"):
        people.move_to_case(db, report, db.get_one(Case, units.here.id))
    units.settle()
    (hit,) = units.seen("inv")
    assert (hit.state, hit.case_id, hit.agency_id) == ("found", units.here.id, units.here.lead_agency_id)
    (told,) = units.seen("there")
    assert told.other_agency_id == units.here.lead_agency_id


def test_a_report_that_comes_to_the_holder_ends_the_match(units):
    url = "https://example.org/offer/4"
    units.add("inv", units.here, type="url", value=url)
    other = units.open("Bamboo", "inv")
    with units.work("hot") as (db, hot):
        report = referrals.receive(db, hot, hot.agency_id, {
            "narrative": "Somebody offers accounts (fictional).", "immediate_danger": "no", "urls": [url]},
            source="family", channel="phone")
    units.settle()
    assert len(units.seen("inv")) == 1
    with units.database.work() as db, unscoped(db, "a test hands over the report"):
        people.move_to_case(db, report, db.get_one(Case, other.id))
    _gone(units)


# ---- the victims' index

def test_what_belongs_to_a_child_is_in_the_victims_index_alone(units):
    with units.work("inv") as (db, identity):
        case = db.get_one(Case, units.here.id)
        child = people.add_person(db, identity, case, "victim", {
            "sex": "female", "dob_precision": "unknown", "identification_status": "unidentified",
            "caregiver_is_suspect": "unknown"})
        identifiers.add_identifier(db, identity, case, {**mine_data(), "side": "victim", "belongs_to": child.id})
    units.add("there", units.far)
    units.settle()
    assert units.all(MatchHit) == []
    (line,) = units.all(VictimToken)
    assert line.person_id == child.id
    assert line.token not in {one.token for one in units.all(MatchToken)}


# ---- the log

def test_the_log_of_one_side_names_nobody_of_the_other(units):
    _matched(units)
    theirs = units.who("there").user_id, units.far.id
    with units.database.work() as db:
        about = [one for one in units.all(MatchHit) if one.case_id == units.here.id]
        entries = db.scalars(select(AuditEntry).where(AuditEntry.record_id.in_([one.id for one in about]))).all()
        assert entries
        for entry in entries:
            assert entry.chain == units.here.id
            assert entry.actor_id is None
            assert not any(str(one) in entry.body for one in theirs)


def test_a_match_starts_a_clock_for_the_supervisors_of_each_side(units):
    _matched(units)
    clocks = [task for task in units.all(Task) if task.rule == "H-08"]
    assert {(task.queue_agency_id, task.queue_role) for task in clocks} == {
        (units.here.lead_agency_id, "PSU"), (units.far.lead_agency_id, "PSU")}


def test_no_table_of_matching_holds_a_value(units):
    _matched(units)
    for model in (MatchToken, MatchPair, MatchHit):
        for row in units.all(model):
            values = [getattr(row, column) for column in model.__mapper__.columns.keys()]  # noqa: SIM118
            assert not any(b"85512000000" in one for one in values if isinstance(one, bytes))
            assert not any("12000000" in str(one) or "12 000 000" in str(one) for one in values)


def test_the_index_is_shut_to_everybody(units):
    """Also to the owner of a line: only the program reads it."""
    _matched(units)
    for name in STAFF:
        with units.work(name) as (db, _identity):
            for model in (MatchToken, MatchPair, VictimToken):
                assert db.scalars(select(model)).all() == [], name


# ---- what it costs

def test_comparing_takes_the_same_statements_however_many_lines(units):
    counted = []
    for number in (3, 30):
        for last in range(number):
            units.add("inv", units.here, value=f"012 0{number:02} {last:03}")
        with statements(units.database.engine) as seen:
            units.settle()
        # How many rows one statement writes is the driver's affair.
        counted.append([" ".join(line.split())[:80] for line in seen if line.startswith("SELECT")])
    assert counted[0] == counted[1]


@pytest.mark.one_engine
def test_a_look_up_goes_by_the_index(units):
    with units.database.work() as db:
        plan = db.connection().exec_driver_sql(
            "EXPLAIN QUERY PLAN SELECT id FROM match_token WHERE token IN (x'00', x'01') AND listed = 1").all()
    assert "ix_match_token_token" in str(plan)

"""The way of a matter from the file's arrival to the end: who may, from where to where, what stands in the way."""

import datetime as dt

import pytest
from sqlalchemy import select

from casework.authz.models import Recusal
from casework.cases import file
from casework.cases import service as cases
from casework.cases.models import Case, Task
from casework.cases.service import move_case
from casework.cases.tasks import OPEN
from casework.db.base import now
from casework.people.models import Person
from casework.prosecution import hearings, records
from casework.prosecution.guards import charges_of
from casework.prosecution.models import Charge, Decision, Hearing, Prosecution
from casework.workflow.engine import NotAllowed, Refused
from casework.workflow.guard import engine_at_work
from tests.prosecution.world import FELONY, MISDEMEANOUR, OFFENCES, TODAY


def open_rules(office) -> set[str]:
    return office.look(lambda db, m: set(db.scalars(
        select(Task.rule).where(Task.record_id == m.id, Task.state.in_(OPEN)))))


def sees(office, name: str) -> bool:
    with office.database.work(readonly=True, identity=office.world.who[name]) as db:
        return db.scalars(select(Prosecution)).first() is not None


def test_submission_makes_a_matter_for_the_head_of_the_right_office_only(office):
    for name in ("chief", "pro", "stranger", "head", "clerk"):
        with office.database.work(readonly=True, identity=office.world.who[name]) as db:
            assert db.scalars(select(Case)).all() == []
    office.submit()
    assert office.look(lambda db, m: (m.state, m.created_by_id)) == ("received", None)
    assert "H-03" in open_rules(office)
    assert [sees(office, n) for n in ("chief", "pro", "stranger", "head", "clerk", "inv", "psu")] == [
        True, False, False, False, False, True, True]
    with office.database.work(readonly=True, identity=office.world.who["head"]) as db:
        assert db.scalars(select(Case)).all() == []


def test_a_file_that_is_not_as_its_manifest_says_is_not_received(office, monkeypatch):
    """The check runs on real hashes: a record is changed between freezing and arriving."""
    real = file.latest

    def meddled(db, case_id):
        version = real(db, case_id)
        for person in db.scalars(select(Person)):
            person.nationality = "XX"
        db.flush()
        return version

    monkeypatch.setattr(file, "latest", meddled)
    with pytest.raises(Refused, match="manifest"):
        office.submit()


def test_register_assign_take_over(office):
    office.submit()
    with pytest.raises(NotAllowed):
        office.do("pro", "register", register_number="R-1", registered_on=TODAY)
    assert office.do("chief", "register", register_number="R-1", registered_on=TODAY) == "registered"
    assert "H-03" not in open_rules(office)
    assert "D-13" in open_rules(office)
    for wrong in ("stranger", "inv"):
        with pytest.raises(Refused, match="prosecutor of this office"):
            office.do("chief", "assign", prosecutor=str(office.world.who[wrong].user_id))
    assert office.do("chief", "assign", prosecutor=str(office.world.who["pro"].user_id)) == "registered"
    with pytest.raises(NotAllowed, match="chief"):
        office.do("pro", "assign", prosecutor=str(office.world.who["pro2"].user_id))
    with pytest.raises(Refused):
        office.do("chief", "take_over", no_conflict=True)
    assert office.do("pro", "take_over", no_conflict=True) == "under_review"


def test_a_conflict_of_interest_shuts_the_case(office):
    office.submit()
    office.do("chief", "register", register_number="R-1", registered_on=TODAY)
    office.do("chief", "assign", prosecutor=str(office.world.who["pro"].user_id))
    assert sees(office, "pro")
    assert office.do("pro", "declare_conflict", reason="A cousin of the suspect") == "registered"
    assert not sees(office, "pro")
    assert office.look(lambda db, m: (m.prosecutor_id, len(db.scalars(select(Recusal)).all()))) == (None, 1)
    with pytest.raises(Refused, match="cannot take part"):
        office.do("chief", "assign", prosecutor=str(office.world.who["pro"].user_id))
    office.do("chief", "assign", prosecutor=str(office.world.who["pro2"].user_id))
    assert office.do("pro2", "take_over", no_conflict=True) == "under_review"


def tasks_of(office, name: str) -> list[str]:
    """The tasks of the matter that somebody sees."""
    with office.database.work(readonly=True, identity=office.world.who[name]) as db:
        return [task.rule or task.title for task in db.scalars(
            select(Task).where(Task.record_id == office.matter_id, Task.state.in_(OPEN)))]


def test_a_clock_that_ran_over_tells_the_head_of_the_matter_and_no_other_prosecutor(office):
    office.submit()
    with office.database.work(unscoped=1) as db, engine_at_work():
        for task in db.scalars(select(Task).where(Task.record_id == office.matter_id)):
            task.escalated_at, task.escalated_to, task.assignee_id = now(), " PRO ", None
    assert tasks_of(office, "chief") == ["H-03"]
    assert [tasks_of(office, name) for name in ("pro", "pro2", "stranger", "head")] == [[], [], [], []]


def test_with_a_conflict_later_on_the_head_gets_the_clocks_and_is_asked_to_assign(office):
    """However it was declared: here for the person, in the case."""
    office.with_judge()
    running = open_rules(office)
    with office.database.work(unscoped=1) as db:
        cases.recuse(db, None, office.world.who["pro"].user_id, db.get_one(Case, office.world.case_id))
    chief = office.world.who["chief"].user_id
    assert office.look(lambda db, m: m.prosecutor_id) is None
    assert office.look(lambda db, m: set(db.scalars(select(Task.assignee_id).where(
        Task.record_id == m.id, Task.state.in_(OPEN))))) == {chief}
    assert sorted(tasks_of(office, "chief")) == sorted([*filter(None, running), "hand_over"])
    assert tasks_of(office, "pro") == tasks_of(office, "pro2") == []
    office.do("chief", "assign", prosecutor=str(office.world.who["pro2"].user_id))
    assert set(filter(None, running)) <= set(tasks_of(office, "pro2"))
    assert "hand_over" not in tasks_of(office, "pro2") + tasks_of(office, "chief"), "it was handed over"


def test_a_conflict_of_the_head_is_no_task_for_the_head(office):
    office.submit()
    office.do("chief", "register", register_number="R-1", registered_on=TODAY)
    chief = office.world.who["chief"]
    office.do("chief", "assign", prosecutor=str(chief.user_id))
    with office.database.work(unscoped=1) as db:
        cases.recuse(db, None, chief.user_id, db.get_one(Case, office.world.case_id))
    assert office.look(lambda db, m: m.prosecutor_id) is None
    assert tasks_of(office, "chief") == []


def test_reassigning_takes_the_file_away(office):
    office.under_review()
    assert office.do("chief", "assign", prosecutor=str(office.world.who["pro2"].user_id)) == "registered"
    assert (sees(office, "pro"), sees(office, "pro2")) == (False, True)


def test_return_with_instructions_and_back(office):
    office.under_review()
    due = TODAY + dt.timedelta(days=300)
    with pytest.raises(Refused, match="assigned"):
        office.do("chief", "return_file", instructions="Ask the provider again", instructions_due=due)
    assert office.do("pro", "return_file", instructions="Ask the provider again\nHear the witness",
                     instructions_points=[10, 6, 6], instructions_due=due) == "returned"
    assert office.case_state() == "further_enquiry"
    assert office.look(lambda db, m: (m.instructions_points, m.returns)) == ([6, 10], 1)
    inv = office.world.who["inv"]
    with office.database.work(identity=inv) as db:
        case = db.get_one(Case, office.world.case_id)
        assert [one["text"] for one in case.instructions] == ["Ask the provider again", "Hear the witness"]
        move_case(db, inv, case, "finish_further_enquiry", {"answers": ["Asked again", "Heard again"]})
    matter = office.matter_id
    office.submit()
    assert office.matter_id == matter
    assert office.look(lambda db, m: (m.state, m.prosecutor_id)) == ("under_review", office.world.who["pro"].user_id)


def test_no_processing_and_the_complainant(office):
    office.under_review()
    data = {"legal_reason": "insufficient_evidence", "victim_informed_on": None}
    with pytest.raises(Refused):
        office.do("pro", "keep_without_processing", reason="short", **data)
    assert office.do("pro", "keep_without_processing", reason="There is not enough evidence", **data) == "no_processing"
    assert "D-13" in open_rules(office)
    assert office.do("pro", "inform_complainant", informed_on=TODAY, who=None) == "no_processing"
    assert "D-13" not in open_rules(office)
    assert office.do("pro", "close") == "closed"


CLOSE = {"feedback": "given", "support_noted": True, "reason": "The prosecution has ended the matter"}


def close_case(office, name="psu", /, **data) -> str:
    """The supervisor closes the case; its new state."""
    identity = office.world.who[name]
    with office.database.work(identity=identity) as db:
        case = db.get_one(Case, office.world.case_id)
        move_case(db, identity, case, "close", {**CLOSE, **data})
        return case.state


def test_a_case_kept_without_processing_is_closed_with_that_outcome(office):
    office.under_review()
    with pytest.raises(Refused, match="ended the matter"):
        close_case(office, outcome="no_processing")
    office.do("pro", "keep_without_processing", reason="There is not enough evidence",
              legal_reason="insufficient_evidence", victim_informed_on=TODAY)
    with pytest.raises(Refused, match="choose that outcome"):
        close_case(office, outcome="prosecuted_convicted")
    with pytest.raises(NotAllowed):
        close_case(office, "inv", outcome="no_processing")
    assert close_case(office, outcome="no_processing") == "closed"
    psu = office.world.who["psu"]
    with office.database.work(identity=psu) as db:
        case = db.get_one(Case, office.world.case_id)
        again = {"reason": "A new witness came forward"}
        with pytest.raises(Refused, match="inform him first"):
            move_case(db, psu, case, "reopen", again)
        move_case(db, psu, case, "reopen", {**again, "prosecutor_informed": True})
        assert case.state == "enquiry"


def test_a_case_waits_until_the_complainant_was_told(office):
    office.under_review()
    office.do("pro", "keep_without_processing", reason="There is not enough evidence",
              legal_reason="insufficient_evidence", victim_informed_on=None)
    with pytest.raises(Refused, match="still open"):
        close_case(office, outcome="no_processing")


def test_a_case_that_was_returned_is_closed_only_when_the_prosecutor_keeps_the_file(office):
    office.under_review()
    office.do("pro", "return_file", instructions="Ask the provider again", instructions_points=[],
              instructions_due=TODAY + dt.timedelta(days=300))
    assert office.case_state() == "further_enquiry"
    with pytest.raises(Refused, match="ended the matter"):
        close_case(office, outcome="suspect_unidentified")
    assert office.do("pro", "keep_without_processing", reason="The provider holds nothing more",
                     legal_reason="insufficient_evidence", victim_informed_on=TODAY) == "no_processing"
    assert close_case(office, outcome="no_processing") == "closed"


def test_a_case_that_ended_with_diversion_is_closed(office):
    office.under_review()
    office.charge(person=office.world.minor)
    office.do("pro", "divert", conditions_met=True, social_report="S-1", reason="The conditions are met")
    office.do("pro", "close")
    with pytest.raises(Refused, match="diversion"):
        close_case(office, outcome="no_processing")
    assert close_case(office, outcome="diversion") == "closed"


def test_charges(office):
    office.under_review()
    with pytest.raises(NotAllowed):
        office.charge("chief")
    with pytest.raises(NotAllowed):
        office.charge("inv")
    for changes in ({"offence": "no.such"}, {"offence_from": dt.date(1999, 1, 1)}):
        with pytest.raises(Refused, match="not law"):
            office.charge(**changes)
    with pytest.raises(Refused, match="under 14"):
        office.charge(person=office.world.minor, offence_from=dt.date(2019, 1, 1), offence_to=dt.date(2019, 1, 2))
    charge = office.charge()
    assert office.look(lambda db, m: (db.get_one(Charge, charge).status, db.get_one(Charge, charge).offence_class)) == (
        "proposed", "felony")
    new = office.work("pro", lambda db, who, m: records.reclassify(
        db, who, m, db.get_one(Charge, charge), MISDEMEANOUR, "It was no production", OFFENCES).id)
    assert office.look(lambda db, m: [(c.id, c.offence_code) for c in charges_of(db, m)]) == [(new, MISDEMEANOUR)]
    office.work("pro", lambda db, who, m: records.drop_charge(
        db, who, m, db.get_one(Charge, new), "withdrawn", "It cannot be proven"))
    with pytest.raises(Refused, match="at least one charge"):
        office.do("pro", "submit_to_judge", named=True, document="I-1")


def test_introductory_submission_opens_the_file_to_the_clerk(office):
    office.under_review()
    office.charge()
    assert not sees(office, "clerk")
    with pytest.raises(Refused, match="felony"):
        office.do("pro", "cite_directly", summons_on=TODAY)
    asked = {"named": True, "measures": ["screen"], "document": "I-1"}
    assert office.do("pro", "submit_to_judge", **asked) == "introductory_submission"
    assert sees(office, "clerk")
    assert office.case_state() == "with_court"
    found = office.look(lambda db, m: (db.get_one(Case, m.case_id).introductory_at is not None,
                                       [c.status for c in charges_of(db, m)],
                                       db.get_one(Person, office.world.suspect).suspect_status,
                                       db.get_one(Person, office.world.minor).suspect_status))
    assert found == (True, ["charged"], "charged", "identified")
    with pytest.raises(NotAllowed):
        office.do("clerk", "judge_seised", judge="Judge", judge_number="1", seised_on=TODAY)


def test_direct_citation_of_a_misdemeanour(office):
    office.under_review()
    office.charge(offence=MISDEMEANOUR)
    assert office.do("pro", "cite_directly", summons_on=TODAY) == "direct_citation"
    assert office.case_state() == "with_court"
    # The clerk of the investigating judge has no part in a direct citation.
    assert not sees(office, "clerk")


def test_immediate_appearance_needs_a_flagrant_offence_of_an_adult(office):
    office.under_review()
    office.charge(offence=MISDEMEANOUR)
    data = {"conditions_met": True, "first_appearance_at": now()}
    with pytest.raises(Refused, match="flagrant"):
        office.do("pro", "appear_immediately", **data)
    with office.database.work(unscoped=1) as db:
        db.get_one(Case, office.world.case_id).regime = "flagrante"
    office.charge(person=office.world.minor, offence=MISDEMEANOUR)
    with pytest.raises(Refused, match="adults"):
        office.do("pro", "appear_immediately", **data)


def test_diversion_is_for_minors(office):
    office.under_review()
    office.charge(person=office.world.minor)
    words = {"conditions_met": True, "social_report": "S-1", "reason": "The conditions are met"}
    assert office.do("pro", "divert", **words) == "diversion"


def test_diversion_is_not_for_adults(office):
    office.under_review()
    office.charge()
    with pytest.raises(Refused, match="under 18"):
        office.do("pro", "divert", conditions_met=True, social_report="S-1", reason="The conditions are met")


def test_the_judge_sends_the_case_back_to_the_police(office):
    office.with_judge()
    assert office.do("pro", "rogatory_commission", document="RC-1", instructions="Hear the neighbour",
                     instructions_due=None) == "judicial_investigation"
    assert office.case_state() == "further_enquiry"


def test_end_of_investigation_and_closing_orders(office):
    office.with_judge()
    assert office.do("pro", "end_investigation", announced_on=now().date(), detained=True) == "final_submission_due"
    assert {"D-15a"} <= open_rules(office)
    assert "D-15b" not in open_rules(office)
    assert office.do("pro", "make_final_submission", made_on=TODAY, document="F-1") == "final_submission_due"
    assert "D-15a" not in open_rules(office)
    order = {"order_number": "O-1", "decided_on": now().date(), "detained": True}
    assert office.do("pro", "indict", **order) == "closing_order_indictment"
    assert "D-16" in open_rules(office)


def test_nonsuit_dismisses_and_may_be_appealed(office):
    office.with_judge()
    office.do("pro", "end_investigation", announced_on=now().date(), detained=False)
    order = {"order_number": "O-1", "decided_on": now().date(), "detained": False}
    assert office.do("pro", "nonsuit", **order) == "closing_order_nonsuit"
    assert "D-18a" in open_rules(office)
    with pytest.raises(Refused, match="may still be filed"):
        office.do("pro", "make_final")
    assert office.do("pro", "file_appeal", party="civil_party", filed_on=now().date()) == "appeal"
    assert office.look(lambda db, m: m.remedy_in_time)


def test_a_hearing_tells_the_supporters_time_and_place_only(office):
    office.indicted()
    with pytest.raises(Refused):
        office.do("pro", "schedule_trial", **office.hearing(at=now() - dt.timedelta(days=1)))
    assert office.do("pro", "schedule_trial", **office.hearing()) == "trial_scheduled"
    task = office.look(lambda db, m: db.scalars(select(Task).where(Task.title == "court_date")).one())
    assert (task.queue_agency_id, task.queue_role) == (office.world.agencies["social"], "SWS")
    assert "Aunt" not in (task.detail or "")
    assert "H-04" not in open_rules(office)
    with office.database.work(readonly=True, identity=office.world.who["sws"]) as db:
        assert db.get(Task, task.id) is not None
        assert db.scalars(select(Hearing)).one().closed_session
    with office.database.work(readonly=True, identity=office.world.who["clerk"]) as db:
        assert db.scalars(select(Hearing)).one()


def test_an_adjourned_hearing_is_fixed_anew_with_its_measures(office):
    office.indicted()
    office.do("pro", "schedule_trial", **office.hearing())

    def adjourn(db, who, matter):
        first = db.scalars(select(Hearing)).one()
        hearings.record_result(db, who, matter, first, {
            "result": "adjourned", "adjourned_reason": "lawyer_absent", "next_at": first.at + dt.timedelta(days=7)})

    office.work("pro", adjourn)
    again = office.look(lambda db, m: db.scalars(select(Hearing).order_by(Hearing.at)).all()[1])
    assert (again.result, again.measures, again.closed_session) == (None, ["screen", "closed_session"], True)


def test_a_result_is_recorded_once(office):
    office.indicted()
    office.do("pro", "schedule_trial", **office.hearing())

    def held(db, who, matter):
        hearings.record_result(db, who, matter, db.scalars(select(Hearing)).one(), {"result": "held"})

    office.work("pro", held)
    with pytest.raises(Refused, match="recorded already"):
        office.work("pro", held)


def test_judgment_remedies_and_the_end(office):
    office.in_deliberation()
    with pytest.raises(Refused, match="each charge"):
        office.do("pro", "judge", **{**office.judgment(), "results": []})
    with pytest.raises(Refused, match="does not fit"):
        office.do("pro", "judge", **office.judgment(type="cassation"))
    today = now().date()
    assert office.do("pro", "judge", **office.judgment(decided_on=today)) == "judged"
    assert {"D-18c", "D-18d"} <= open_rules(office)
    assert office.look(lambda db, m: db.get_one(Person, office.world.suspect).suspect_status) == "charged"
    with pytest.raises(Refused, match="contested this way"):
        office.do("pro", "file_opposition", party="accused", filed_on=today)
    with pytest.raises(Refused, match="may still be filed"):
        office.do("pro", "make_final")
    assert office.do("pro", "file_appeal", party="accused", filed_on=today) == "appeal"
    assert {"D-18c", "D-18d"}.isdisjoint(open_rules(office))
    appeal = office.judgment(type="judgment_on_appeal", decided_on=today)
    assert office.do("pro", "judge", **appeal) == "judged"
    assert "D-18e" in open_rules(office)
    assert "D-18c" not in open_rules(office)
    office.do("pro", "file_cassation", party="accused", filed_on=today)
    assert office.do("pro", "judge", **office.judgment(type="cassation", decided_on=today)) == "judged"
    assert office.do("pro", "make_final") == "final"
    assert office.look(lambda db, m: db.get_one(Person, office.world.suspect).suspect_status) == "convicted"
    with pytest.raises(Refused, match="enforcement first"):
        office.do("pro", "close")
    assert office.do("pro", "enforce", prison_informed_on=today,
                     release_on=today + dt.timedelta(days=700)) == "enforcement"
    notice = office.look(lambda db, m: db.scalars(select(Task).where(Task.title == "victim_safety_notice")).one())
    assert notice.queue_role == "SWS"
    assert office.do("pro", "close") == "closed"
    kinds = office.look(lambda db, m: [d.type for d in db.scalars(select(Decision).order_by(Decision.id))])
    assert kinds == ["introductory_submission", "closing_order_indictment", "judgment", "judgment_on_appeal",
                     "cassation"]


def test_opposition_against_a_default_judgment(office):
    office.in_deliberation()
    today = now().date()
    office.do("pro", "judge", **office.judgment(type="default_judgment", by_default=True, decided_on=today,
                                                notified_at=now()))
    assert "D-18b" in open_rules(office)
    assert office.do("pro", "file_opposition", party="accused", filed_on=today) == "opposition"
    assert office.do("pro", "schedule_trial", **office.hearing()) == "trial_scheduled"


def test_a_late_remedy_is_recorded_as_late(office):
    office.in_deliberation()
    long_ago = now().date() - dt.timedelta(days=200)
    office.do("pro", "judge", **office.judgment("acquitted", decided_on=long_ago))
    office.do("pro", "file_appeal", party="civil_party", filed_on=now().date())
    assert office.look(lambda db, m: m.remedy_in_time) is False


def test_an_acquittal_becomes_final_and_clears(office):
    office.in_deliberation()
    long_ago = now().date() - dt.timedelta(days=200)
    office.do("pro", "judge", **office.judgment("acquitted", decided_on=long_ago))
    assert office.do("pro", "make_final") == "final"
    assert office.look(lambda db, m: db.get_one(Person, office.world.suspect).suspect_status) == "cleared"
    with pytest.raises(Refused, match="no sentence"):
        office.do("pro", "enforce", prison_informed_on=TODAY)
    assert office.do("pro", "close") == "closed"


@pytest.mark.parametrize("name", ["inv", "psu", "sws", "clerk", "stranger"])
def test_nobody_else_moves_a_matter(office, name):
    office.with_judge()
    with pytest.raises(NotAllowed):
        office.do(name, "end_investigation", announced_on=TODAY, detained=False)


def test_the_prosecutions_class_of_offence_follows_the_register(office):
    office.under_review()
    felony, lesser = office.charge(offence=FELONY), office.charge(offence=MISDEMEANOUR)
    assert office.look(lambda db, m: [db.get_one(Charge, c).offence_class for c in (felony, lesser)]) == [
        "felony", "misdemeanour"]

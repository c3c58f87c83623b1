"""The flow of a case below the pages: guards, two people, clocks, the frozen file."""

import datetime as dt

import pytest
from sqlalchemy import select

from casework.authz.access import access_to_one, forget_access
from casework.authz.scope import unscoped
from casework.cases import completeness, file, jobs, service, tasks
from casework.cases.models import Case, Task
from casework.db.base import now
from casework.db.refs import new_ref
from casework.people.models import Person
from casework.workflow.engine import NotAllowed, Refused
from tests.support.world import grant

START = {"plan": "Ask the provider, then visit the school.", "no_conflict": True}


def opened(db, office, **more) -> Case:
    """A case of the office, led by its first investigator."""
    values = {
        "title": "Lotus", "lead_agency_id": office.inv.agency_id, "lead_officer_id": office.inv.user_id,
        "conduct": ["grooming"], "province": "12", **more,
    }
    return service.open_case(db, office.psu, **values)


def add_person(db, case, role, **values) -> Person:
    person = Person(
        ref=new_ref(db, Person, "P", now().date()), agency_id=case.lead_agency_id, case_id=case.id, role=role,
        pseudonym=f"{role[0].upper()}-AB12", **values,
    )
    db.add(person)
    db.flush()
    return person


def started(db, office) -> Case:
    case = opened(db, office)
    tasks.add_free(db, office.inv, case, "Write to the provider", now() + dt.timedelta(days=2))
    service.move_case(db, office.inv, case, "start_enquiry", START)
    return case


def of_rule(db, case, rule) -> list[Task]:
    with unscoped(db, "a test looks at all"):
        return list(db.scalars(select(Task).where(Task.case_id == case.id, Task.rule == rule)))


def test_opening_assigns_the_lead_and_starts_the_clock(database, office):
    with database.work(identity=office.psu) as db:
        case = opened(db, office)
        assert case.state == "opened"
        assert case.ref.startswith("C")
        assert [(t.state, t.assignee_id) for t in of_rule(db, case, "D-10b")] == [("open", office.inv.user_id)]
        assert "W" in access_to_one(db, office.inv, case)
        assert "M" not in access_to_one(db, office.inv2, case)


def test_a_hotline_opens_no_case_without_a_referral(database, office):
    with database.work(identity=office.hot) as db:
        with pytest.raises(Refused):
            service.open_case(db, office.hot, title="Lotus", lead_agency_id=office.inv.agency_id, province="12")
        db.expunge_all()


@pytest.mark.parametrize("missing", ["task", "plan", "conflict", "conduct", "lead"])
def test_an_enquiry_starts_only_prepared(database, office, missing):
    with database.work(identity=office.psu) as db:
        more = {"conduct": {"conduct": []}, "lead": {"lead_officer_id": office.inv2.user_id}}.get(missing, {})
        case = opened(db, office, **more)
        service.assign(db, office.psu, case, role="INV", agency_id=office.inv.agency_id, user_id=office.inv.user_id)
        if missing != "task":
            tasks.add_free(db, office.inv, case, "Write to the provider", None)
        data = {name: value for name, value in START.items() if not (
            (missing == "plan" and name == "plan") or (missing == "conflict" and name == "no_conflict"))}
        with pytest.raises(Refused):
            service.move_case(db, office.inv, case, "start_enquiry", data)
        assert case.state == "opened"


def test_a_supervisor_does_not_start_the_enquiry(database, office):
    with database.work(identity=office.psu) as db:
        case = opened(db, office)
        with pytest.raises(NotAllowed):
            service.move_case(db, office.psu, case, "start_enquiry", START)


def safety_plan() -> dict:
    return {
        "support": None, "no_support_reason": "no_child_identified", "accompanied_by": None,
        "interview_plan": "One interview at the unit", "medical_offered": "yes", "authority_document": "W 12/2026",
        "planned_at": now() + dt.timedelta(days=1), "planned_place": "Unit",
    }


def test_intervention_needs_a_plan_and_somebody_else(database, office):
    with database.work(identity=office.inv) as db:
        case = started(db, office)
        with pytest.raises(Refused):
            service.move_case(db, office.psu, case, "approve_intervention")
        service.move_case(db, office.inv, case, "plan_intervention", safety_plan())
        assert case.state == "enquiry"
        with pytest.raises(NotAllowed):
            service.move_case(db, office.inv, case, "approve_intervention")
        service.move_case(db, office.psu, case, "approve_intervention")
        assert case.state == "intervention"
        assert case.safety_plan["planned_place"] == "Unit"


def test_a_refused_intervention_is_told_and_needs_another_plan(database, office):
    why = {"reason": "Nobody accompanies the child yet"}
    with database.work(identity=office.inv) as db:
        case = started(db, office)
        with pytest.raises(Refused, match="No plan"):
            service.move_case(db, office.psu, case, "refuse_intervention", why)
        service.move_case(db, office.inv, case, "plan_intervention", safety_plan())
        with pytest.raises(NotAllowed):
            service.move_case(db, office.inv, case, "refuse_intervention", why)
        with pytest.raises(Refused, match="reason"):
            service.move_case(db, office.psu, case, "refuse_intervention", {"reason": "no"})
        service.move_case(db, office.psu, case, "refuse_intervention", why)
        assert case.state == "enquiry"

        def told():
            return db.scalars(select(Task).where(Task.title == "intervention_refused")).one()

        assert (told().assignee_id, told().state) == (office.inv.user_id, "open")
        # What was refused cannot be approved any more; a new plan can.
        with pytest.raises(Refused, match="No plan"):
            service.move_case(db, office.psu, case, "approve_intervention")
        service.move_case(db, office.inv, case, "plan_intervention", safety_plan())
        assert told().state == "done"
        service.move_case(db, office.psu, case, "approve_intervention")
        assert case.state == "intervention"


def test_recusal_overrides_everything(database, office):
    with database.work(identity=office.psu) as db:
        case = opened(db, office)
        service.recuse(db, office.inv, office.inv.user_id, case, "A cousin is in it")
        assert case.lead_officer_id is None
        assert "M" not in access_to_one(db, office.inv, case)
        with pytest.raises(Refused, match="cannot take part"):
            service.assign(db, office.psu, case, role="INV", agency_id=office.inv.agency_id,
                           user_id=office.inv.user_id)
        grant(db, office.inv, case.id, "case", case.id)
        forget_access(db)
        assert "M" not in access_to_one(db, office.inv, case), "an assignment does not open what a recusal shut"


def ready_file(db, office, monkeypatch) -> Case:
    """A case whose check is green, before the supervisor."""
    for number in completeness.POINTS:
        monkeypatch.setitem(completeness._providers, number, [lambda db, case: [completeness.Finding("green", "ok")]])
    case = started(db, office)
    case.suspects_unknown = True
    completeness.explain(case, 7, "Nothing was seized so far")
    service.move_case(db, office.inv, case, "prepare_file")
    service.move_case(db, office.inv, case, "send_for_review")
    return case


def test_submitting_freezes_the_file(database, office, monkeypatch):
    with database.work(identity=office.psu) as db:
        case = ready_file(db, office, monkeypatch)
        victim = add_person(db, case, "victim", family_latin="Fictional")
        service.move_case(db, office.psu, case, "submit", {"prosecution": str(office.pro.agency_id)})
        assert (case.state, case.prosecution_agency_id) == ("submitted", office.pro.agency_id)
        assert case.court_agency_id is not None
        assert case.submitted_at is not None
        version = file.latest(db, case.id)
        assert version.number == 1
        assert {e["ref"]: e["annex"] for e in version.manifest} == {case.ref: False, victim.ref: True}
        assert file.differences(db, case, version) == []
        victim.sex = "male"
        db.flush()
        assert file.differences(db, case, version) == [victim.ref]


def test_nobody_submits_what_he_sent_for_review(database, office, monkeypatch):
    with database.work(identity=office.psu) as db:
        case = ready_file(db, office, monkeypatch)
        with pytest.raises(NotAllowed):
            service.move_case(db, office.inv, case, "submit", {"prosecution": office.pro.agency_id})
        with pytest.raises(Refused, match="Choose a prosecution"):
            service.move_case(db, office.psu, case, "submit", {"prosecution": office.sw.agency_id})
        assert file.latest(db, case.id) is None


def test_further_enquiry_needs_every_answer_and_makes_a_new_version(database, office, monkeypatch):
    with database.work(identity=office.psu) as db:
        case = ready_file(db, office, monkeypatch)
        service.move_case(db, office.psu, case, "submit", {"prosecution": office.pro.agency_id})
        service.move_case(db, None, case, "order_further_enquiry", {"instructions": "Hear the teacher\nAsk the bank"})
        with pytest.raises(Refused, match="Answer instruction"):
            service.move_case(db, office.inv, case, "finish_further_enquiry", {"answers": ["Heard on Monday"]})
        service.move_case(db, office.inv, case, "finish_further_enquiry", {"answers": ["Heard on Monday", "Answered"]})
        assert [one["answer"] for one in case.instructions] == ["Heard on Monday", "Answered"]
        service.move_case(db, office.psu, case, "submit", {"prosecution": office.pro.agency_id})
        assert file.latest(db, case.id).number == 2
        with pytest.raises(NotAllowed):
            service.move_case(db, office.psu, case, "charge_entered")
        service.move_case(db, None, case, "charge_entered")
        assert case.state == "with_court"


def test_an_incomplete_file_stays(database, office):
    with database.work(identity=office.psu) as db:
        case = started(db, office)
        case.suspects_unknown = True
        completeness.explain(case, 7, "Nothing was seized so far")
        service.move_case(db, office.inv, case, "prepare_file")
        with pytest.raises(Refused, match="not complete"):
            service.move_case(db, office.inv, case, "send_for_review")
        states = {p.number: p.state for p in completeness.check(db, case)}
        assert states[1] == "red", "no date of the offence"
        assert states[11] == "amber", "that there is nothing must be said"


def test_closing_waits_for_tasks_and_stops_its_own_clocks(database, office):
    close = {"outcome": "unfounded", "feedback": "given", "support_noted": True, "reason": "Nothing was found at all"}
    with database.work(identity=office.psu) as db:
        case = started(db, office)
        with pytest.raises(Refused, match="still open"):
            service.move_case(db, office.psu, case, "close", close)
        with unscoped(db, "a test looks at all"):
            free = db.scalars(select(Task).where(Task.case_id == case.id, Task.kind == "free")).one()
        tasks.engine.apply(db, office.inv, free, "finish", {"result": "Answered"})
        service.move_case(db, office.psu, case, "close", close)
        assert case.retention_class == "unfounded"
        assert [t.state for t in of_rule(db, case, "D-10b")] == ["done"]
        service.move_case(db, office.psu, case, "reopen", {"reason": "A new witness came forward"})
        assert case.closed_at is None


def test_voiding_a_case_takes_two(database, office):
    why = {"reason": "Entered twice by mistake", "reason_code": "duplicate"}
    with database.work(identity=office.psu) as db:
        case = opened(db, office)
        with pytest.raises(Refused):
            service.move_case(db, office.psu, case, "void", why)
        service.move_case(db, office.psu, case, "propose_void", why)
        with pytest.raises(NotAllowed):
            service.move_case(db, office.psu, case, "void", why)
        service.move_case(db, office.psu2, case, "void", why)
        assert case.state == "voided"
        assert case.voided_at is not None


def test_merging_cases_of_one_agency(database, office):
    with database.work(identity=office.psu) as db:
        first, second = opened(db, office), opened(db, office)
        db.flush()
        why = {"reason": "The same accounts in both"}
        with pytest.raises(Refused):
            service.move_case(db, office.psu, second, "merge", {**why, "merged_into": "C26-000000-A"})
        service.move_case(db, office.psu, second, "merge", {**why, "merged_into": first.ref})
        assert (second.state, second.merged_into_id) == ("merged", first.id)


def test_alarms_sound_once_each_and_are_replayed(database, office):
    with database.work(identity=office.psu) as db:
        opened(db, office)
    registry = {"engine": database.engine, "keyring": database.keyring}
    later = now() + dt.timedelta(hours=25)
    assert jobs.run_due(registry, later) == 1
    assert jobs.run_due(registry, later) == 0
    with database.work(identity=office.psu) as db:
        task = db.scalars(select(Task).where(Task.rule == "D-10b")).one()
        assert task.alarms == 2
        assert task.warn_at is None
        assert task.escalated_to == " PSU "
        assert tasks.is_overdue(task, later)

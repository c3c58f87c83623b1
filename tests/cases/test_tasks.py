"""Tasks and clocks: who may take, finish, cancel and reassign, pauses, extensions, escalation, who sees what."""

import datetime as dt

import pytest
from sqlalchemy import select

from casework.authz.access import access_to_one
from casework.cases import clocks, jobs, service, tasks
from casework.cases.models import Task
from casework.db.base import now
from casework.workflow.engine import NotAllowed, Refused, apply
from tests.cases.test_flow import opened, started

HOURS = dt.timedelta(hours=1)


class Report:
    """A record that is no case: what a clock needs of it."""

    __flow__ = "referral"
    __tablename__ = "referral"
    case_id = None
    risk_level = "medium"

    def __init__(self, case, agency_id):
        self.id, self.ref, self.agency_id = case.id, case.ref, agency_id

    def audit_chain(self):
        return self.id


def free(db, office, case, **more) -> Task:
    return tasks.add_free(db, office.inv, case, "Write to the provider", now() + HOURS, **more)


def test_taking_and_finishing_a_free_task(database, office):
    with database.work(identity=office.inv) as db:
        task = free(db, office, opened(db, office))
        apply(db, office.inv, task, "take")
        assert (task.state, task.assignee_id) == ("in_progress", office.inv.user_id)
        apply(db, office.inv, task, "finish", {"result": "Answered"})
        assert task.done_at is not None
        with pytest.raises(Refused):
            apply(db, office.inv, task, "cancel")


def test_nobody_takes_what_somebody_has(database, office):
    with database.work(identity=office.inv) as db:
        task = free(db, office, opened(db, office), assignee_id=office.inv.user_id)
        with pytest.raises(Refused):
            apply(db, office.inv2, task, "take")


def test_a_statutory_clock_ends_by_the_law_only(database, office):
    with database.work(identity=office.psu) as db:
        case = opened(db, office)
        task = db.scalars(select(Task).where(Task.rule == "D-10b")).one()
        for who, event in ((office.inv, "finish"), (office.inv, "cancel"), (office.psu, "cancel")):
            with pytest.raises(Refused):
                apply(db, who, task, event, {"reason": "It is a nuisance to all"})
        with pytest.raises(NotAllowed):
            apply(db, office.psu, task, "supersede", {"document": "X"})
        service.move_case(db, office.inv, case, "prosecutor_notified", {"notified_at": now()})
        assert (task.state, task.result) == ("done", "prosecutor_notified")


def test_a_procedural_task_is_cancelled_by_a_supervisor_with_a_reason(database, office):
    with database.work(identity=office.inv) as db:
        task = free(db, office, opened(db, office), kind="procedural", assignee_id=office.inv.user_id)
        why = {"reason": "The provider has closed down"}
        with pytest.raises(Refused):
            apply(db, office.inv, task, "cancel", why)
        with pytest.raises(Refused):
            apply(db, office.psu, task, "cancel", {"reason": "no"})
        apply(db, office.psu, task, "cancel", why)
        assert task.state == "cancelled"


def test_reassigning_goes_to_who_works_there(database, office):
    with database.work(identity=office.psu) as db:
        task = free(db, office, opened(db, office), assignee_id=office.inv.user_id)
        with pytest.raises(NotAllowed):
            apply(db, office.inv, task, "assign", {"assignee": str(office.inv2.user_id)})
        with pytest.raises(Refused):
            apply(db, office.psu, task, "assign", {"assignee": str(office.sw.user_id)})
        apply(db, office.psu, task, "assign", {"assignee": str(office.inv2.user_id)})
        assert task.assignee_id == office.inv2.user_id


def test_a_clock_is_paused_once_and_at_most_as_long_as_its_rule_says(database, office):
    with database.work(identity=office.psu) as db:
        report = Report(opened(db, office), office.hot.agency_id)
        task = tasks.start(db, "D-01", report)
        due, at = task.due_at, now()
        tasks.pause(db, report, "D-01", at=at)
        assert not tasks.is_overdue(task, due + HOURS)
        tasks.resume(db, report, "D-01", at=at + 100 * HOURS)
        assert task.due_at == due + 72 * HOURS, "never longer than the rule allows"
        with pytest.raises(Refused):
            tasks.pause(db, report, "D-01")
        assert tasks.pause(db, report, "D-02") is None


def test_a_pause_that_nobody_ends_ends_by_itself(database, office):
    with database.work(identity=office.psu) as db:
        report = Report(opened(db, office), office.hot.agency_id)
        task = tasks.start(db, "D-01", report)
        due = task.due_at
        tasks.pause(db, report, "D-01")
    jobs.run_due({"engine": database.engine, "keyring": database.keyring}, now() + 73 * HOURS)
    with database.work(identity=office.hot) as db:
        task = db.get_one(Task, task.id)
        assert task.paused_at is None
        assert due + 71 * HOURS < task.due_at <= due + 73 * HOURS


WHY = "The judge needs the expert"


def test_a_clock_is_extended_by_a_document_and_by_its_rule(database, office):
    with database.work(identity=office.psu) as db:
        case = opened(db, office)
        task = tasks.start(db, "D-22", case)
        due = task.due_at
        with pytest.raises(Refused):
            tasks.extend(db, case, "D-22", " ", WHY)
        with pytest.raises(Refused, match="reason"):
            tasks.extend(db, case, "D-22", "PR 7/2026", "short")
        for to, why in ((due - HOURS, "later than"), (due + dt.timedelta(days=91), "no later end")):
            with pytest.raises(Refused, match=why):
                tasks.extend(db, case, "D-22", "PR 7/2026", WHY, to=to)
        tasks.extend(db, case, "D-22", "PR 7/2026", WHY)
        assert (task.due_at, task.extended_by) == (due + dt.timedelta(days=90), "PR 7/2026")
        assert (task.state, task.alarms) == ("open", 0)
        with pytest.raises(Refused, match="as often"):
            tasks.extend(db, case, "D-22", "PR 8/2026", WHY)
        with pytest.raises(Refused, match="cannot be extended"):
            tasks.extend(db, case, "D-10b", "PR 8/2026", WHY)


def test_who_may_extend_and_how_often(database, office):
    with database.work(identity=office.psu) as db:
        case = opened(db, office)
        here = {"queue": (office.inv.agency_id, "INV")}
        task = tasks.start(db, "D-14b", case, assignee_id=office.inv2.user_id, **here)
        order = {"extended_by": "Order 1/2026", "reason": WHY}
        with pytest.raises(Refused, match="Only who has"):
            apply(db, office.inv, task, "extend", order)
        with pytest.raises(NotAllowed):
            apply(db, office.pro, task, "extend", order)
        apply(db, office.inv2, task, "extend", order)
        apply(db, office.psu, task, "extend", order)
        with pytest.raises(Refused, match="as often"):
            apply(db, office.psu, task, "extend", order)
        with pytest.raises(Refused, match="cannot be cancelled"):
            apply(db, office.psu, task, "cancel", {"reason": "It is not needed any more"})


def test_the_limitation_moves_as_far_as_the_document_says(database, office):
    with database.work(identity=office.psu) as db:
        case = opened(db, office)
        task = tasks.start(db, "D-19b", case)
        with pytest.raises(Refused, match="new time limit"):
            tasks.extend(db, case, "D-19b", "Act 1", WHY)
        tasks.extend(db, case, "D-19b", "Act 1", WHY, to=task.due_at + dt.timedelta(days=900))
        tasks.extend(db, case, "D-19b", "Act 2", WHY, to=task.due_at + dt.timedelta(days=900))
        assert task.extensions == 2


def test_a_clock_that_ran_out_cannot_be_extended(database, office):
    with database.work(identity=office.psu) as db:
        case = opened(db, office)
        tasks.start(db, "D-22", case, at=now() - dt.timedelta(days=91))
        with pytest.raises(Refused, match="has run out"):
            tasks.extend(db, case, "D-22", "PR 7/2026", WHY)


def test_starting_twice_is_starting_once(database, office):
    with database.work(identity=office.psu) as db:
        case = opened(db, office)
        assert tasks.start(db, "D-22", case) is tasks.start(db, "D-22", case)


def test_limitation_follows_the_class_and_the_earliest_counts_without_one(database, office):
    with database.work(identity=office.psu) as db:
        case = opened(db, office)
        begun = dt.datetime(2026, 1, 10, tzinfo=dt.UTC)
        assert [rule.code for rule in clocks.started_by("case:offence_to", case, begun, None)] == ["D-19b"]
        case.offence_class = "felony"
        assert [rule.code for rule in clocks.started_by("case:offence_to", case, begun, None)] == ["D-19a"]


def test_what_ran_over_shows_to_the_supervisor_it_was_raised_to(database, office):
    with database.work(identity=office.psu) as db:
        report = Report(started(db, office), office.sw.agency_id)
        task = tasks.start(db, "D-01", report, queue=(office.inv.agency_id, "INV"), assignee_id=office.inv2.user_id)
        assert "M" not in access_to_one(db, office.pro, task)
    jobs.run_due({"engine": database.engine, "keyring": database.keyring}, now() + 25 * HOURS)
    with database.work(identity=office.psu) as db:
        raised = db.scalars(select(Task).where(Task.escalated_to == " PSU ")).all()
        assert task.id in {one.id for one in raised}


def test_tasks_of_others_do_not_show(database, office):
    with database.work(identity=office.psu) as db:
        case = opened(db, office)
        mine = free(db, office, case, assignee_id=office.inv.user_id)
        theirs = tasks.add_free(db, None, case, "Be ready", now(), queue=(office.sw.agency_id, "SW"))
        assert "W" in access_to_one(db, office.inv, mine)
        assert "W" in access_to_one(db, office.psu, mine)
        assert "M" not in access_to_one(db, office.inv, theirs), "another agency's, though of my case"
        assert "M" not in access_to_one(db, office.psu, theirs)
        assert "M" not in access_to_one(db, office.sw, mine)
        assert "W" in access_to_one(db, office.sw, theirs)

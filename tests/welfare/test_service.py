"""Entries, the clock, checks, choices and counts, on both databases."""

import datetime as dt
import uuid
from types import SimpleNamespace

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from casework.audit.models import AuditEntry
from casework.authz.scope import unscoped
from casework.cases.models import Task
from casework.db.base import now
from casework.welfare import automatic, checks, figures, reading, service
from casework.welfare.counting import day_of
from casework.welfare.models import ExposureLog, WelfareCheck
from casework.workflow import engine
from casework.workflow.engine import NotAllowed, Refused


def count(database, person, minutes, **more):
    values = {"activity": "label", "band": "tens", "day": day_of(now()), "minutes": minutes, **more}
    with database.work(identity=person.identity) as db:
        return service.add(db, person.identity, **values)


def everything(database, model):
    with database.work(readonly=True) as db, unscoped(db, "the test knows everything"):
        return db.scalars(select(model).order_by(model.id)).all()


def seen(database, person, model):
    with database.work(readonly=True, identity=person.identity) as db:
        return db.scalars(select(model)).all()


def test_below_the_threshold_nothing_happens(database, people):
    count(database, people["exam"], 119)
    assert everything(database, WelfareCheck) == []


def test_crossing_opens_one_check_with_a_week_to_hold_it(database, people):
    for minutes in (60, 60, 60, 60):
        count(database, people["exam"], minutes)
    (check,) = everything(database, WelfareCheck)
    assert (check.person_id, check.state, check.threshold) == (people["exam"].user_id, "open", "day_stop")
    (task,) = [task for task in everything(database, Task) if task.rule == "H-09"]
    assert (task.queue_role, task.queue_agency_id) == ("PSU", people["psu"].agency_id)
    assert task.due_at - task.started_at == dt.timedelta(days=7)
    assert task.record_ref == check.ref
    assert task.detail is None


def test_looking_again_changes_nothing(database, people):
    count(database, people["exam"], 130)
    for _time in range(2):
        with database.work() as db:
            checks.sweep(db, now())
            checks.look_at(db, people["exam"].user_id, people["exam"].agency_id, day_of(now()))
    assert len(everything(database, WelfareCheck)) == 1
    assert len(everything(database, Task)) == 1


def test_a_running_clock_crosses_by_itself(database, people):
    exam = people["exam"].identity
    with database.work(identity=exam) as db:
        started = service.start(db, exam, activity="view", band="few")
        started.began = (now() - dt.timedelta(hours=3)).isoformat()
    with database.work() as db:
        checks.sweep(db, now())
    assert len(everything(database, WelfareCheck)) == 1


def test_weeks_that_are_history_open_nothing(database, people):
    count(database, people["exam"], 300, day=day_of(now()) - dt.timedelta(days=20))
    assert everything(database, WelfareCheck) == []


def test_the_supervisor_closes_the_check_and_the_clock_stops(database, people):
    count(database, people["exam"], 130)
    (check,) = everything(database, WelfareCheck)
    for name in ("far", "inv"):
        with database.work(identity=people[name].identity) as db, pytest.raises(NotAllowed):
            engine.apply(db, people[name].identity, check, "welfare_checked")
    with database.work(identity=people["exam"].identity) as db, pytest.raises(Refused):
        engine.apply(db, people["exam"].identity, db.get_one(WelfareCheck, check.id), "welfare_checked")
    psu = people["psu"].identity
    with database.work(identity=psu) as db, pytest.raises(Refused):
        engine.apply(db, psu, db.get_one(WelfareCheck, check.id), "welfare_declined")
    with database.work(identity=psu) as db:
        engine.apply(db, psu, db.get_one(WelfareCheck, check.id), "welfare_checked")
    assert everything(database, WelfareCheck)[0].state == "done"
    assert everything(database, Task)[0].state == "done"


def test_without_a_supervisor_nobody_else_learns_of_it(database, people):
    count(database, people["alone"], 130)
    (check,) = everything(database, WelfareCheck)
    assert not check.supervised
    assert everything(database, Task) == []
    alone = people["alone"].identity
    with database.work(identity=alone) as db:
        engine.apply(db, alone, db.get_one(WelfareCheck, check.id), "welfare_checked")
    assert everything(database, WelfareCheck)[0].state == "done"


def test_nobody_but_the_author_sees_an_entry(database, people):
    count(database, people["exam"], 130)
    for name, person in people.items():
        assert len(seen(database, person, ExposureLog)) == (name == "exam"), name
        assert len(seen(database, person, WelfareCheck)) == (name in ("exam", "psu")), name


def test_what_an_entry_says_is_not_in_the_log(database, people, case):
    count(database, people["exam"], 47, case_ref=case.ref)
    with database.work(readonly=True) as db:
        (found,) = db.scalars(select(AuditEntry).where(AuditEntry.record_type == "exposure_log"))
    assert case.ref not in found.body
    assert '"label"' not in found.body
    assert found.case_id is None


def test_roles_without_the_row_keep_nothing(database, people):
    with pytest.raises(NotAllowed):
        count(database, people["ovs"], 5)
    with database.work(identity=people["ovs"].identity) as db, pytest.raises(NotAllowed):
        service.choose(db, people["ovs"].identity, shares=False, takes_part=True)


# ---- the clock

def test_the_clock(database, people):
    exam = people["exam"].identity
    with database.work(identity=exam) as db:
        service.start(db, exam, activity="view", band="few")
    with database.work(identity=exam) as db, pytest.raises(Refused):
        service.start(db, exam, activity="view", band="few")
    with database.work(identity=exam) as db:
        stopped = service.stop(db, exam)
        assert (stopped.minutes, stopped.running) == (1, False)
    with database.work(identity=exam) as db:
        assert service.stop(db, exam) is None
    assert len(everything(database, ExposureLog)) == 1


def test_two_clocks_cannot_be_started_at_once(database, people):
    exam = people["exam"].identity
    with database.work(identity=exam) as db:
        started = service.start(db, exam, activity="view", band="few")
    second = ExposureLog(
        ref="U26-000000-A", agency_id=exam.agency_id, created_by_id=exam.user_id, day=started.day, running=True,
        activity="view", band="few",
    )
    with pytest.raises(IntegrityError), database.work(identity=exam) as db:
        db.add(second)


def test_a_forgotten_clock_counts_its_most(database, people):
    exam = people["exam"].identity
    with database.work(identity=exam) as db:
        service.start(db, exam, activity="view", band="few").began = (now() - dt.timedelta(hours=30)).isoformat()
    with database.work(identity=exam) as db:
        assert service.stop(db, exam).minutes == 240


# ---- struck out, opted out

def test_a_wrong_entry_is_struck_out_by_its_author_and_counts_no_more(database, people):
    made, exam, psu = count(database, people["exam"], 60), people["exam"].identity, people["psu"].identity
    with database.work(identity=psu) as db, unscoped(db, "a test"), pytest.raises(NotAllowed):
        service.void(db, psu, db.get_one(ExposureLog, made.id), "Typed by mistake")
    with database.work(identity=exam) as db:
        service.void(db, exam, db.get_one(ExposureLog, made.id), "Typed by mistake")
    with database.work(identity=exam) as db:
        assert reading.meter_of(db, exam.user_id).today == 0
        with pytest.raises(Refused):
            service.void(db, exam, db.get_one(ExposureLog, made.id), "Typed by mistake")


def test_who_opts_out_is_not_counted_and_not_checked(database, people):
    count(database, people["exam"], 130)
    exam, psu = people["exam"].identity, people["psu"].identity
    for _time in range(2):
        with database.work(identity=exam) as db:
            service.choose(db, exam, shares=False, takes_part=False)
    assert [check.state for check in everything(database, WelfareCheck)] == ["declined"]
    assert [task.state for task in everything(database, Task)] == ["done"]
    count(database, people["exam"], 200)
    assert len(everything(database, WelfareCheck)) == 1
    with database.work(readonly=True, identity=psu) as db:
        (row,) = [one for one in figures.of_staff(db, psu, now()) if one.user.id == exam.user_id]
        assert row.bands is None
        assert row.check is None
        assert not row.takes_part
    with database.work(identity=exam) as db:
        assert reading.meter_of(db, exam.user_id).today == 330


def test_a_supervisor_sees_counts_of_the_own_staff(database, people):
    count(database, people["exam"], 30)
    count(database, people["exam"], 20, band="few")
    count(database, people["alone"], 50)
    psu, far = people["psu"].identity, people["far"].identity
    with database.work(readonly=True, identity=psu) as db:
        found = {one.user.login: one.bands for one in figures.of_staff(db, psu, now())}
    assert found == {"exam@example.org": {"tens": 30, "few": 20}, "inv@example.org": {}, "cus@example.org": {}}
    with database.work(readonly=True, identity=far) as db:
        assert figures.of_staff(db, far, now()) == []


def test_shares_of_all_staff(database, people):
    count(database, people["exam"], 720)
    count(database, people["inv"], 10)
    with database.work(readonly=True) as db:
        over, checked = figures.shares(db, now() + dt.timedelta(days=8))
        assert (over.part, over.whole, checked.part, checked.whole) == (1, 2, 0, 1)
        assert over.percent is None
        assert figures.shares(db, now())[0].whole == 0  # who may still be checked in time is not counted yet
    psu = people["psu"].identity
    (check,) = everything(database, WelfareCheck)
    with database.work(identity=psu) as db:
        engine.apply(db, psu, db.get_one(WelfareCheck, check.id), "welfare_checked")
    with database.work(readonly=True) as db:
        assert figures.shares(db, now() + dt.timedelta(days=8))[1].part == 1


def test_a_transition_that_says_how_long_it_took_counts_once(database, people):
    exam = people["exam"].identity
    told = {"exposure": {"activity": "label", "minutes": 25, "items": 300}}
    change = SimpleNamespace(id=uuid.uuid4())
    for data in (told, told, {}):
        with database.work(identity=exam) as db:
            move = engine.Move(db, exam, None, None, data, now())
            automatic.on_transition(engine.Transitioned(move, change))
    with database.work(identity=exam) as db:
        (entry,) = db.scalars(select(ExposureLog))
        assert (entry.minutes, entry.band, entry.activity) == (25, "hundreds", "label")

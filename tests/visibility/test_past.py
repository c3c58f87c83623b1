"""Who could see a record at an earlier moment: grants given and ended, roles moved, emergencies, conflicts, stages."""

import datetime as dt
from dataclasses import dataclass
from urllib.parse import quote

import pytest
from sqlalchemy import select

from casework.accounts import service as accounts
from casework.accounts.models import Agency, Membership, User
from casework.audit.models import AuditEntry
from casework.authz.models import BreakGlass, Grant
from casework.authz.scope import current_matrix
from casework.cases import service as cases
from casework.cases.models import Case, Task
from casework.db.base import now
from casework.people.models import Person
from casework.referrals.models import Referral
from casework.visibility import then
from casework.visibility.past import who_could
from casework.web.i18n import local_time
from casework.workflow.guard import engine_at_work
from tests.support import scene


def moment() -> dt.datetime:
    """A moment between what was done before and what is done after."""
    return now()


@dataclass
class Story:
    """The scene, and the moments between its events, by name."""

    world: scene.Scene
    at: dict[str, dt.datetime]

    def could(self, name: str, model=Case, record_id=None, until: str | None = None) -> dict:
        """Nickname -> levels of who could see the case at a moment, or from then until another."""
        end = self.at[until] if until else None
        with self.world.database.work(readonly=True, identity=self.world.who("aud")) as db:
            found = who_could(db, current_matrix(), model, record_id or self.world.case.id, self.at[name], end)
        if found is None:
            return None
        by_id = {person.user_id: nick for nick, person in self.world.people.items()}
        return {by_id[one.user_id]: one.letters for one in found.people}


@pytest.fixture
def story(app, database) -> Story:
    """One case from its opening on:

    start, then the examiner is taken off, the file is submitted, the second supervisor has a conflict, the police
    office that leads changes, the social worker moves on, the prosecutor's account is closed, and an emergency opens
    the case's reporter to a supervisor and ends.
    """
    before = now()
    world = scene.build(database)
    made = Story(world, {"before": before, "start": moment()})
    psu, inv = world.who("psu"), world.who("inv")
    with database.work(identity=psu) as db:
        grant = db.scalars(select(Grant).where(Grant.principal_id == world.who("for").user_id)).one()
        cases.unassign(db, psu, grant)
    made.at["taken off"] = moment()
    with database.work(identity=inv) as db:
        db.get_one(Case, world.case.id).submitted_at = now()
    made.at["submitted"] = moment()
    with database.work(identity=psu) as db:
        cases.recuse(db, psu, world.who("psu2").user_id, db.get_one(Case, world.case.id))
    made.at["conflict"] = moment()
    with database.work(unscoped=1) as db:
        other = Agency(code="cyber", name_en="Other police (fictional)", name_km="ស", type="police", active=True)
        db.add(other)
        db.flush()
        world.other = other.id
        db.get_one(Case, world.case.id).lead_agency_id = other.id
    made.at["handed over"] = moment()
    with database.work(unscoped=1) as db:
        member = db.get_one(Membership, world.people["sw"].membership_id)
        accounts.end_membership(db, member, now())
        user = db.get_one(User, member.user_id)
        accounts.add_membership(db, user, db.get_one(Agency, world.other), "PSU", at=now() - dt.timedelta(days=1))
    made.at["moved on"] = moment()
    with database.work(unscoped=1) as db:
        db.get_one(User, world.who("pro").user_id).active = False
    made.at["closed"] = moment()
    return made


def test_each_moment_has_its_people(story):
    assert story.could("before") is None, "the case was not there"
    first = story.could("start")
    assert first == {"inv": "MRW", "psu": "MRWA", "psu2": "MRWA", "for": "MR", "sw": "M"}
    assert story.could("taken off") == {nick: levels for nick, levels in first.items() if nick != "for"}
    submitted = story.could("submitted")
    assert submitted["pro"] == "MR"
    assert "psu2" in submitted
    assert "psu2" not in story.could("conflict")
    handed = story.could("handed over")
    assert "psu" not in handed, "of the office that led before"
    assert handed["inv"] == "MRW", "assigned wherever the lead is"
    assert handed["sw"] == "M"
    assert story.could("moved on")["sw"] == "MRWA", "a supervisor of the leading office by then"
    assert "pro" in story.could("moved on")
    assert "pro" not in story.could("closed")


def test_a_span_lists_who_could_at_any_moment_of_it(story):
    whole = story.could("start", until="closed")
    assert set(whole) == {"inv", "psu", "psu2", "for", "sw", "pro"}
    assert whole["sw"] == "MRWA"
    with story.world.database.work(readonly=True, identity=story.world.who("aud")) as db:
        found = who_could(db, current_matrix(), Case, story.world.case.id, story.at["start"], story.at["closed"])
        # The prosecutor's account was closed a moment before the end.
        assert len(found.moments) >= 6
        assert story.world.who("psu2").user_id in found.recused
        assert found.entries
        assert {grant["principal_id"] for grant in found.grants} >= {story.world.who("for").user_id}


def test_an_emergency_counts_while_it_lasts(story, database):
    world, psu = story.world, story.world.who("psu")
    with database.work(identity=world.who("inv")) as db:
        child = Person(ref="P26-000001-X", agency_id=world.who("hot").agency_id, case_id=world.case.id,
                       role="reporter", pseudonym="R-TEST", created_by_id=world.who("hot").user_id)
        db.add(child)
    story.at["quiet"] = moment()
    with database.work() as db:
        glass = BreakGlass(user_id=psu.user_id, role="PSU", subject_id=world.case.id, case_id=world.case.id,
                           reason_code="danger", reason="A test", until=now() + dt.timedelta(hours=4))
        db.add(glass)
    story.at["open"] = moment()
    with database.work() as db:
        db.get_one(BreakGlass, glass.id).ended_at = now()
    story.at["shut"] = moment()
    story.at["tomorrow"] = now() + dt.timedelta(days=1)
    seen = {name: set(story.could(name, Person, child.id)) for name in ("quiet", "open", "shut", "tomorrow")}
    assert "psu" in seen["open"]
    assert all("psu" not in seen[name] for name in ("quiet", "shut", "tomorrow"))
    assert "psu" in story.could("quiet", Person, child.id, until="shut")


def test_rows_are_taken_back_to_what_they_were(story, database):
    """The engine behind it: a row at a moment, with every later change undone and nothing invented."""
    case_id, table = story.world.case.id, Case.__table__
    with database.work(readonly=True, unscoped=1) as db:
        row = db.execute(select(table).where(table.c.id == case_id)).all()
        past = then.Past(db, table, row, story.at["start"])
        (first,), (last,) = past.at(story.at["start"]), past.at(story.at["closed"])
        assert first["submitted_at"] is None
        assert first["lead_agency_id"] == story.world.who("psu").agency_id
        assert last["submitted_at"] is not None
        assert last["lead_agency_id"] == story.world.other
        assert past.at(story.at["before"]) == []
        numbers = set(db.scalars(select(AuditEntry.seq).where(AuditEntry.record_id == case_id)))
        assert set(past.entries) <= numbers
        assert past.ids() >= {story.world.other, story.world.who("psu").agency_id}


def test_what_is_written_down_later_than_it_was_true_counts_from_when_it_was_written(story, database):
    """Whoever enters an earlier date for the submission gives nobody access in the past."""
    with database.work(unscoped=1) as db:
        db.get_one(Case, story.world.case.id).introductory_at = story.at["start"] - dt.timedelta(days=3)
    with database.work(readonly=True, identity=story.world.who("aud")) as db:
        found = who_could(db, current_matrix(), Case, story.world.case.id, story.at["start"])
        assert found.record["introductory_at"] is None


def test_the_desk_takes_a_day_or_a_moment(app, story):
    client, ref = story.world.browser(app, "aud"), story.world.case.ref
    day = local_time(story.at["start"]).date().isoformat()
    names = {nick: person.name for nick, person in story.world.people.items()}
    whole = client.get(f"/audit/access?ref={ref}&since={day}")
    assert names["for"] in whole
    assert "This rests on the log" in whole
    assert "Something changed within the day" in whole
    early = client.get(f"/audit/access?ref={ref}&since={day}&time=00:00")
    if local_time(story.at["start"]).hour or local_time(story.at["start"]).minute:
        assert "This record was not there yet." in early
    assert "Say which record and which day" in client.get(f"/audit/access?ref={ref}&since={day}&time=25:00")
    assert "Say which record and which day" in client.get(f"/audit/access?ref={ref}")
    tomorrow = (dt.date.fromisoformat(day) + dt.timedelta(days=1)).isoformat()
    later = client.get(f"/audit/access?ref={ref}&since={tomorrow}&time={quote('១៤:០៥')}")
    assert names["inv"] in later
    assert names["for"] not in later


def test_a_conflict_shut_the_task_of_what_keeps_a_log_apart_too(story, database):
    """The task names no case; the report it is of does."""
    world = story.world
    with database.work(unscoped=1) as db:
        report = db.scalars(select(Referral)).first()
        report.case_id = world.case.id
        task = Task(ref="T26-000009-X", agency_id=report.agency_id, case_id=None, record_type="referral",
                    record_id=report.id, record_ref=report.ref, kind="free", title="Call back",
                    assignee_id=world.who("psu").user_id, queue_agency_id=world.who("psu").agency_id,
                    queue_role="PSU")
        with engine_at_work():
            task.state = "open"
            db.add(task)
    story.at["set"] = moment()
    with database.work(unscoped=1) as db:
        cases.recuse(db, None, world.who("psu").user_id, db.get_one(Case, world.case.id))
    story.at["shut"] = moment()
    assert "psu" in story.could("set", Task, task.id)
    assert "psu" not in story.could("shut", Task, task.id)

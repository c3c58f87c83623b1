"""A hotline, two police units and a social agency with their people, and reports on their way."""

import datetime as dt
from dataclasses import dataclass, field

import pytest
from sqlalchemy import select

import casework.cases.task_flow
import casework.cases.workflow
import casework.models  # noqa: F401
from casework.authz.identity import Identity
from casework.authz.scope import unscoped
from casework.cases import tasks
from casework.cases.models import Task
from casework.db.base import now
from casework.referrals import service
from casework.referrals.models import Referral
from casework.workflow import engine
from tests.support.databases import Database
from tests.support.matrix import use_file
from tests.support.people import make_person

use_file()
engine.subscribe(tasks.on_transition)

PEOPLE = {
    "hot": ("HOT", "aple"), "hot2": ("HOT", "aple"), "other_hot": ("HOT", "chc1280"),
    "psu": ("PSU", "ahtjpd"), "psu2": ("PSU", "ahtjpd"), "inv": ("INV", "ahtjpd"), "other_psu": ("PSU", "accd"),
    "hot_psu": ("PSU", "aple"), "hot_psu2": ("PSU", "aple"), "sws": ("SWS", "dosvy.12"), "sw": ("SW", "dosvy.12"),
    "pro": ("PRO", "pros.12"), "prv": ("PRV", "hagar"), "aud": ("AUD", "moi"),
}
FACTS = {"immediate_danger": "no", "narrative": "Somebody writes to a pupil (fictional).", "province": "12"}
FINDINGS = {"conduct": ["grooming"], "risk_level": "medium", "jurisdiction": ["child"], "child_known": "no"}


@dataclass
class Desk:
    """The people by nickname, and shortcuts for acting as one of them."""

    database: Database
    who: dict[str, Identity] = field(default_factory=dict)

    def receive(self, name: str | None = "hot", **changes) -> Referral:
        """A report taken by somebody, or from the public form when `name` is None."""
        identity = self.who[name] if name else None
        with self.database.work(identity=identity) as db:
            return service.receive(
                db, identity, self.who["hot"].agency_id, {**FACTS, **changes}, source="family", channel="phone",
            )

    def do(self, name: str | None, referral: Referral, event: str, **data):
        """One transition by somebody (None: the system). Raises NotAllowed, Refused."""
        identity = self.who[name] if name else None
        with self.database.work(identity=identity) as db:
            with unscoped(db, "the test hands over the record; the engine asks for the right"):
                record = db.get_one(Referral, referral.id)
            engine.apply(db, identity, record, event, data)
        return self.get(referral)

    def get(self, referral: Referral) -> Referral:
        """The referral as it stands now."""
        with self.database.work(readonly=True) as db, unscoped(db, "the test looks"):
            found = db.get_one(Referral, referral.id)
            _ = found.messages, found.minimal_view
            return found

    def in_triage(self, **changes) -> Referral:
        """A report that the hotline is working on."""
        return self.do("hot", self.receive(**changes), "start_triage")

    def forwarded(self, to: str = "psu", **changes) -> Referral:
        """A report forwarded to the agency of somebody."""
        return self.do("hot", self.in_triage(**changes), "forward", forwarded_to=self.who[to].agency_id,
                       forward_basis="competent_authority", seen=True)

    def clocks(self, referral: Referral) -> dict[str, Task]:
        """The running clocks of a referral by rule."""
        with self.database.work(readonly=True) as db, unscoped(db, "the test looks"):
            running = Task.state.in_(("open", "in_progress"))
            rows = db.scalars(select(Task).where(Task.record_id == referral.id, running))
            return {task.rule: task for task in rows}

    def later(self, referral: Referral, **ago) -> None:
        """Let time pass: the moments of a referral move into the past."""
        step = dt.timedelta(**ago)
        with self.database.work() as db, unscoped(db, "the test turns the clock"):
            record = db.get_one(Referral, referral.id)
            for name in ("received_at", "forwarded_at", "triage_lock_until", "triage_started_at"):
                if getattr(record, name) is not None:
                    setattr(record, name, getattr(record, name) - step)


@pytest.fixture
def desk(database) -> Desk:
    made = Desk(database)
    with database.work() as db:
        for name, (role, agency) in PEOPLE.items():
            made.who[name] = make_person(db, role, agency, login=f"{name}@example.org").identity
    return made


@pytest.fixture
def case_data(desk):
    """What accepting with a new case needs."""
    return {**FINDINGS, "accept_as": "new_case", "title": "River", "lead_agency_id": desk.who["psu"].agency_id,
            "province": "12"}


@pytest.fixture
def at():
    return now()

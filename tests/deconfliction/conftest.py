"""Two police units with a case each, and a third unit that looks after matches. All invented."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session
from webtest import TestApp

from casework.authz.identity import Identity
from casework.authz.scope import unscoped
from casework.cases import service as cases
from casework.cases.models import Case
from casework.db.base import now
from casework.deconfliction import settle
from casework.deconfliction.models import MatchHit
from casework.people import identifiers
from casework.people.models import Identifier
from casework.workflow.engine import apply
from tests.support.databases import Database
from tests.support.people import Person as Account
from tests.support.people import make_agency, make_person, sign_in

STAFF = {
    "inv": ("INV", "ahtjpd"), "inv2": ("INV", "ahtjpd"), "psu": ("PSU", "ahtjpd"), "there": ("INV", "cid"),
    "psu_there": ("PSU", "cid"), "pro": ("PRO", "pros.12"), "hot": ("HOT", "aple"), "coordinator": ("PSU", "cnp"),
    "sw": ("SW", "dosvy.12"), "sws": ("SWS", "dosvy.12"),
}
PHONE = {"type": "phone", "value": "012 000 000", "side": "suspect", "reliability": "B"}


@dataclass
class Units:
    """The accounts by nickname; `here` is a case of `inv`, `far` one of `there`."""

    database: Database
    accounts: dict[str, Account] = field(default_factory=dict)
    here: Any = None
    far: Any = None

    def who(self, name: str) -> Identity:
        return self.accounts[name].identity

    @contextmanager
    def work(self, name: str) -> Iterator[tuple[Session, Identity]]:
        identity = self.who(name)
        with self.database.work(identity=identity) as db:
            yield db, identity

    def open(self, title: str, name: str) -> Case:
        """A case led by an investigator."""
        lead = self.who(name)
        supervisor = self.who("psu_there" if name == "there" else "psu")
        with self.database.work(identity=supervisor) as db:
            return cases.open_case(db, supervisor, title=title, lead_agency_id=lead.agency_id,
                                   lead_officer_id=lead.user_id, conduct=["grooming"], province="12")

    def add(self, name: str, case: Case, **data: Any) -> Identifier:
        """One identifier of a case, as an investigator adds it."""
        with self.work(name) as (db, identity):
            return identifiers.add_identifier(db, identity, db.get_one(Case, case.id), {**PHONE, **data})

    def settle(self) -> None:
        """The periodic work."""
        with self.database.work() as db:
            settle.run(db, now())

    def seen(self, name: str) -> list[MatchHit]:
        """The matches that somebody sees, oldest first."""
        with self.work(name) as (db, _identity):
            return list(db.scalars(select(MatchHit).order_by(MatchHit.id)))

    def all(self, model: type) -> list[Any]:
        with self.database.work() as db, unscoped(db, "a test looks at everything"):
            return list(db.scalars(select(model).order_by(model.id)))

    def do(self, name: str, hit: MatchHit, event: str, **data: Any) -> None:
        with self.work(name) as (db, identity):
            apply(db, identity, db.get_one(MatchHit, hit.id), event, data)

    def browser(self, app, name: str) -> TestApp:
        made = TestApp(app, extra_environ={"REMOTE_ADDR": "192.0.2.1"})
        sign_in(made, self.accounts[name])
        return made


@pytest.fixture
def units(app, database) -> Units:
    """`app` comes first: it puts the matrix, the rules and the flows in force."""
    made = Units(database)
    with database.work() as db:
        make_agency(db, "court.12", "court").jurisdiction = "12"
        for name, (role, agency) in STAFF.items():
            made.accounts[name] = make_person(db, role, agency)
    made.here, made.far = made.open("Lotus", "inv"), made.open("Reed", "there")
    return made

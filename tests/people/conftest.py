"""Two cases of a police unit, with people of the roles that may see people. All invented."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from sqlalchemy.orm import Session
from webtest import Form, TestApp
from webtest.response import TestResponse

from casework.authz.identity import Identity
from casework.cases import service as cases
from casework.cases.models import Case
from casework.people import service
from tests.support.databases import Database
from tests.support.people import Person as Account
from tests.support.people import make_person, sign_in

STAFF = {
    "inv": ("INV", "ahtjpd"), "inv2": ("INV", "ahtjpd"), "psu": ("PSU", "ahtjpd"), "for": ("FOR", "ahtjpd"),
    "sw": ("SW", "dosvy.12"), "sws": ("SWS", "dosvy.12"), "hot": ("HOT", "aple"), "pro": ("PRO", "pros.12"),
    "aud": ("AUD", "moi"),
}
CHILD = {
    "family_km": "សុខ", "given_km": "ចាន់ថា", "family_latin": "Sok", "given_latin": "Chantha (fictional)",
    "sex": "female", "dob": "2012-05-09", "dob_precision": "exact", "age_basis": "document",
    "identification_status": "probable", "caregiver_is_suspect": "no",
}
SUSPECT = {
    "family_latin": "Invented", "given_latin": "Person", "sex": "male", "dob": "1990-01-01", "dob_precision": "exact",
    "suspect_status": "identified", "relation_to_victim": "teacher", "lives_with_child": True,
}

_BLANK = re.compile(r"<template.*?</template>", re.DOTALL)


def form_of(page: TestResponse) -> Form:
    """The page's form as a browser sends it: without the blank rows that scripts add from."""
    page.text = _BLANK.sub("", page.text)
    return page.forms["form"]


@dataclass
class Unit:
    """The accounts by nickname, a case and another one, a child and a suspect of the first."""

    database: Database
    accounts: dict[str, Account] = field(default_factory=dict)
    case: Any = None
    other: Any = None
    child: Any = None
    suspect: Any = None

    def who(self, name: str) -> Identity:
        return self.accounts[name].identity

    @contextmanager
    def work(self, name: str) -> Iterator[tuple[Session, Identity, Case]]:
        """A transaction of one person, with the case as that person has it."""
        identity = self.who(name)
        with self.database.work(identity=identity) as db:
            yield db, identity, db.get_one(Case, self.case.id)

    def browser(self, app, name: str) -> TestApp:
        """A browser in which somebody is signed in."""
        made = TestApp(app, extra_environ={"REMOTE_ADDR": "192.0.2.1"})
        sign_in(made, self.accounts[name])
        return made


@pytest.fixture
def unit(app, database) -> Unit:
    """`app` comes first: it puts the matrix and the flows in force."""
    made = Unit(database)
    with database.work() as db:
        for name, (role, agency) in STAFF.items():
            made.accounts[name] = make_person(db, role, agency)
    psu, inv = made.who("psu"), made.who("inv")
    with database.work(identity=psu) as db:
        made.case, made.other = (
            cases.open_case(
                db, psu, title=title, lead_agency_id=inv.agency_id, lead_officer_id=inv.user_id, conduct=["grooming"],
                province="12",
            )
            for title in ("Lotus", "Bamboo")
        )
        made.case.offence_from = made.case.opened_at.date().replace(year=2026, month=3, day=1)
        for name in ("for", "sw"):
            one = made.who(name)
            cases.assign(db, psu, made.case, role=one.role, agency_id=one.agency_id, user_id=one.user_id)
    with database.work(identity=inv) as db:
        case = db.get_one(Case, made.case.id)
        made.child = service.add_person(db, inv, case, "victim", CHILD)
        made.suspect = service.add_person(db, inv, case, "suspect", SUSPECT)
    return made



"""A small police office, with people of several roles, for tests below the pages."""

from dataclasses import dataclass

import pytest

import casework.models  # noqa: F401
from casework.authz.identity import Identity
from casework.cases import link_flow, points, task_flow, workflow  # noqa: F401  flows and points register themselves
from tests.support import matrix
from tests.support.people import make_agency, make_person


@dataclass
class Office:
    """Identities by a short name."""

    people: dict[str, Identity]

    def __getattr__(self, name: str) -> Identity:
        return self.people[name]


@pytest.fixture
def office(database) -> Office:
    """INV (two), PSU (two), PRO and its chief, SW; agencies of the capital."""
    matrix.use_file()
    with database.work() as db:
        make_agency(db, "court.12", "court").jurisdiction = "12"
        made = {
            "inv": make_person(db, "INV"), "inv2": make_person(db, "INV"), "psu": make_person(db, "PSU"),
            "psu2": make_person(db, "PSU"), "pro": make_person(db, "PRO"), "chief": make_person(db, "PRO", chief=True),
            "sw": make_person(db, "SW"), "hot": make_person(db, "HOT"),
        }
        make_agency(db, "pros.12").jurisdiction = "12"
        people = {name: person.identity for name, person in made.items()}
    return Office(people)

"""A small police office, with people of several roles, for tests below the pages."""

from dataclasses import dataclass

import pytest

import casework.models  # noqa: F401
from casework.authz.identity import Identity
from casework.cases import link_flow, points, service, task_flow, workflow  # noqa: F401  flows and points register themselves
from casework.cases.models import Case
from tests.support import matrix
from tests.support.people import make_agency, make_person, quick


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


@pytest.fixture
def people(database, app):
    """Accounts by a short name."""
    quick(app)
    with database.work() as db:
        make_agency(db, "court.12", "court").jurisdiction = "12"
        made = {
            "inv": make_person(db, "INV"), "inv2": make_person(db, "INV"), "psu": make_person(db, "PSU"),
            "psu2": make_person(db, "PSU"), "pro": make_person(db, "PRO"), "adm": make_person(db, "ADM"),
            "sw": make_person(db, "SW"),
        }
        make_agency(db, "pros.12").jurisdiction = "12"
    return made


@pytest.fixture
def case(database, people) -> Case:
    """A case led by `inv`."""
    with database.work(identity=people["psu"].identity) as db:
        return service.open_case(
            db, people["psu"].identity, title="Lotus", lead_agency_id=people["inv"].agency_id,
            lead_officer_id=people["inv"].user_id, conduct=["grooming"], province="12", risk_to_child="high",
        )

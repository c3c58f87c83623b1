"""The pages of cases through the whole application."""

import datetime as dt

import pytest
from sqlalchemy import select

from casework.cases import service, tasks
from casework.cases.models import Case, Task
from casework.db.base import now
from tests.support.people import make_agency, make_person, quick, sign_in

pytestmark = pytest.mark.one_engine


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


PAGES = ("", "/tasks", "/links", "/check", "/team", "/timeline", "/history", "/notes", "/offences", "/edit", "/plan",
         "/tasks/new", "/links/new", "/notes/new", "/offences/new", "/check/3", "/conflict", "/do/start_enquiry",
         "/do/prosecutor_notified", "/do/propose_void")


@pytest.mark.parametrize("locale", ["en", "km"])
def test_every_page_of_a_case_opens_for_its_lead(client, people, case, locale):
    sign_in(client, people["inv"])
    client.set_cookie("cw_lang", locale)
    for page in PAGES:
        answer = client.get(f"/cases/{case.ref}{page}")
        assert answer.status_int == 200, page
        assert case.ref in answer.text
    for page in ("/", "/tasks", "/cases", "/cases/new"):
        assert client.get(page).status_int == 200

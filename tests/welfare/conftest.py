"""Staff of three agencies who count their exposure. All invented."""

import pytest

from casework.cases import service as cases
from casework.cases import task_flow, tasks, workflow  # noqa: F401  register the flows of tasks and cases
from casework.welfare import checks
from casework.workflow import engine
from tests.support import matrix
from tests.support.people import make_agency, make_person

engine.subscribe(tasks.on_transition)
checks.register()


@pytest.fixture
def people(database):
    """By nickname; `alone` works where no supervisor is."""
    matrix.use_file()
    with database.work() as db:
        made = {
            "exam": make_person(db, "FOR", "ahtjpd", login="exam@example.org"),
            "inv": make_person(db, "INV", "ahtjpd", login="inv@example.org"),
            "cus": make_person(db, "CUS", "ahtjpd", login="cus@example.org"),
            "psu": make_person(db, "PSU", "ahtjpd", login="psu@example.org"),
            "far": make_person(db, "PSU", "t.other", login="far@example.org"),
            "alone": make_person(db, "HOT", "aple", login="alone@example.org"),
            "sws": make_person(db, "SWS", login="sws@example.org"),
            "ovs": make_person(db, "OVS", login="ovs@example.org"),
        }
        make_agency(db, "t.empty")
    return made


@pytest.fixture
def case(database, people):
    psu = people["psu"].identity
    with database.work(identity=psu) as db:
        return cases.open_case(db, psu, title="Lotus", lead_agency_id=people["inv"].agency_id,
                               lead_officer_id=people["inv"].user_id, conduct=["grooming"], province="12")

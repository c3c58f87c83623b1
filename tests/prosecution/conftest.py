"""One case and the office it goes to: below the pages (`office`), and through the application (`people`, `base`)."""

from datetime import date

import pytest
from sqlalchemy import select

from casework.authz.models import Grant
from casework.cases.models import Case, OffenceProposal
from casework.db.refs import new_ref
from casework.people.models import Person
from casework.prosecution.models import Prosecution
from casework.workflow import engine
from casework.workflow.guard import engine_at_work
from tests.prosecution.world import TODAY, Office, build
from tests.support.people import make_agency, make_person, quick


@pytest.fixture
def office(database) -> Office:
    with database.work() as db:
        world = build(db)
    return Office(database, world)


@pytest.fixture
def people(database, app):
    quick(app)
    with database.work() as db:
        made = {
            "inv": make_person(db, "INV"), "psu": make_person(db, "PSU"), "chief": make_person(db, "PRO", chief=True),
            "pro": make_person(db, "PRO"), "stranger": make_person(db, "PRO", "pros.17", chief=True),
            "clerk": make_person(db, "CLK"), "sw": make_person(db, "SW"), "sws": make_person(db, "SWS"),
        }
        for code in ("pros.12", "court.12"):
            make_agency(db, code).jurisdiction = "12"
        return made


@pytest.fixture
def case(database, people) -> Case:
    """A complete file, submitted to the prosecution of the capital."""
    inv, psu = people["inv"].identity, people["psu"].identity
    with database.work() as db, engine_at_work():
        found = Case(
            ref=new_ref(db, Case, "C", TODAY), agency_id=inv.agency_id, title="Lotus", province="12", district="1202",
            state="supervisor_review", lead_agency_id=inv.agency_id, lead_officer_id=inv.user_id,
            conduct=["csam_distribution"], offence_from=date(2025, 5, 1), offence_to=date(2025, 5, 2),
            offence_precision="exact", created_by_id=inv.user_id, support_agency_id=people["sws"].agency_id,
            explanations={str(n): "Explained for the test" for n in range(1, 15)},
        )
        db.add(found)
        db.flush()
        suspect = Person(ref=new_ref(db, Person, "P", TODAY), agency_id=inv.agency_id, case_id=found.id, role="suspect",
                         pseudonym="S-TEST", family_latin="Fictional", dob="1980-01-01", dob_precision="exact",
                         minor_at_offence=False)
        db.add(suspect)
        db.flush()
        db.add(OffenceProposal(ref=new_ref(db, OffenceProposal, "O", TODAY), agency_id=inv.agency_id,
                               case_id=found.id, person_id=suspect.id, offence_code="tshtse.41.1",
                               offence_class="misdemeanour"))
        db.add(Grant(principal_id=inv.user_id, agency_id=inv.agency_id, role="INV", subject_id=found.id,
                     subject_type="case", case_id=found.id, part="lead"))
    with database.work(identity=psu) as db:
        mine = db.get_one(Case, found.id)
        engine.apply(db, psu, mine, "submit", {"prosecution": str(people["pro"].agency_id)})
    return found


@pytest.fixture
def base(database, case) -> str:
    with database.work(readonly=True, unscoped=1) as db:
        matter = db.scalars(select(Prosecution)).one()
    return f"/cases/{case.ref}/prosecution/{matter.ref}"

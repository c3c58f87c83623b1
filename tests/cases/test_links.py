"""Links between cases of two agencies: both approve, and until then nothing shows."""

import pytest
from sqlalchemy import select

from casework.cases import link_flow, service
from casework.cases.models import CaseLink
from casework.workflow.engine import NotAllowed, Refused, apply
from tests.support.people import make_person, sign_in

WHY = "The same account writes in both"


@pytest.fixture
def two(database, office):
    """A case here, one at another unit, and that unit's supervisor and investigator."""
    with database.work() as db:
        psu, inv = make_person(db, "PSU", "cid").identity, make_person(db, "INV", "cid").identity
    with database.work(identity=office.psu) as db:
        here = service.open_case(db, office.psu, title="Lotus", lead_agency_id=office.inv.agency_id,
                                 lead_officer_id=office.inv.user_id, province="12")
    with database.work(identity=psu) as db:
        there = service.open_case(db, psu, title="Reed", lead_agency_id=inv.agency_id, lead_officer_id=inv.user_id,
                                  province="12")
    return here, there, psu, inv


def sees(database, identity) -> int:
    with database.work(identity=identity) as db:
        return len(db.scalars(select(CaseLink)).all())


def test_both_agencies_approve(database, office, two):
    here, there, psu, inv = two
    with database.work(identity=office.inv) as db:
        link = link_flow.propose(db, office.inv, here, there.ref, "same_suspect", WHY)
        with pytest.raises(NotAllowed):
            apply(db, office.inv, link, "approve")
    assert sees(database, psu) == 1, "who must approve sees the proposal"
    assert sees(database, inv) == 0, "the other team sees nothing yet"
    with database.work(identity=office.psu) as db:
        link = db.get_one(CaseLink, link.id)
        apply(db, office.psu, link, "approve")
        assert link.state == "proposed"
        with pytest.raises(Refused):
            apply(db, office.psu, link, "approve")
    with database.work(identity=psu) as db:
        link = db.get_one(CaseLink, link.id)
        apply(db, psu, link, "approve")
        assert link.state == "approved"
    assert sees(database, inv) == 1
    assert sees(database, office.inv2) == 0


def test_a_reference_nobody_has_gives_the_same_answer(database, office, two):
    here, there, _psu, _inv = two
    with database.work(identity=office.inv) as db:
        real = link_flow.propose(db, office.inv, here, there.ref, "related", WHY)
        made_up = link_flow.propose(db, office.inv, here, "C26-000000-A", "related", WHY)
        assert real.state == made_up.state
        with pytest.raises(Refused):
            link_flow.propose(db, office.inv, here, here.ref, "related", WHY)


@pytest.mark.one_engine
def test_the_page_of_a_link_hides_the_other_side(client, database, people, case):
    with database.work() as db:
        psu, inv = make_person(db, "PSU", "cid"), make_person(db, "INV", "cid")
    with database.work(identity=psu.identity) as db:
        there = service.open_case(db, psu.identity, title="Reed", lead_agency_id=inv.agency_id,
                                  lead_officer_id=inv.user_id, province="12")
    sign_in(client, people["inv"])
    form = client.get(f"/cases/{case.ref}/links/new").forms["form"]
    form["other_case"], form["type"], form["basis"] = there.ref, "same_suspect", WHY
    page = form.submit("save", status=303).follow()
    ref = page.html.find("th", scope="row").get_text(strip=True)
    page = client.get(f"/links/{ref}")
    assert inv.name not in page.text
    assert "Reed" not in page.text
    history = client.get(f"/links/{ref}/history").text
    assert inv.agency_code not in history
    client.reset()
    sign_in(client, psu)
    page = client.get(f"/links/{ref}")
    assert there.ref in page.text
    assert case.ref not in page.text, "the proposing case shows only once both agencies approved"
    assert ref in client.get("/").text
    client.get(f"/cases/{case.ref}", status=404)

"""Evidence in a real browser: nothing for axe to find, and the way from the search to the shelf by hand."""

import pytest
from sqlalchemy import select

from casework.cases import service as cases
from casework.cases.models import Case
from casework.evidence import service
from casework.evidence.models import EvidenceItem
from tests.evidence.world import digital_data, item_data
from tests.support.browser import check, enter
from tests.support.people import make_person


@pytest.fixture
def people(database):
    with database.work() as db:
        return {name: make_person(db, role) for name, role in (("inv", "INV"), ("psu", "PSU"), ("store", "CUS"))}


@pytest.fixture
def case(database, people) -> Case:
    """Two sealed items with the investigator, one of them digital."""
    psu, inv = people["psu"].identity, people["inv"].identity
    with database.work(identity=psu) as db:
        found = cases.open_case(db, psu, title="Lotus", lead_agency_id=inv.agency_id, lead_officer_id=inv.user_id,
                                conduct=["grooming"], province="12")
    with database.work(identity=inv) as db:
        mine = db.get_one(Case, found.id)
        for number, data in enumerate((item_data(), digital_data()), 1):
            service.record_item(db, inv, mine, {**data, "seal": f"S-{number}", "seal_witnesses": ["A", "B"]})
    return found


def test_handed_over_and_accepted(page, server, app, database, people, case):
    enter(page, server, app, people["inv"])
    page.goto(f"{server}/cases/{case.ref}/evidence")
    check(page)
    page.get_by_role("button", name="Hand over").click()
    check(page)
    choose_receiver(page, people["store"])
    page.locator("input[name=place]").fill("Counter")
    page.locator("#form button[name=save]").click()
    page.wait_for_url(f"**/cases/{case.ref}/evidence")
    page.context.clear_cookies()

    enter(page, server, app, people["store"])
    page.goto(f"{server}/")
    check(page)
    page.get_by_role("link", name="Accept them").click()
    check(page)
    seals = page.locator("input[name=seal_before]")
    seals.nth(0).fill("S-1")
    seals.nth(1).fill("S-2")
    page.locator("input[name=location]").fill("Shelf 4")
    page.locator("#form button[name=save]").click()
    page.wait_for_url(f"{server}/")
    with database.work(readonly=True, unscoped=1) as db:
        assert [i.state for i in db.scalars(select(EvidenceItem))] == ["in_storage", "in_storage"]
        ref = db.scalars(select(EvidenceItem.ref)).first()
    page.goto(f"{server}/cases/{case.ref}/evidence/{ref}")
    check(page)
    page.get_by_role("link", name="Chain of custody, events: 4").click()
    check(page)
    assert page.get_by_text("No gap").is_visible()
    page.emulate_media(media="print")
    assert page.get_by_role("rowheader", name="4").is_visible()


def choose_receiver(page, person) -> None:
    """The receiver, be the list short (radios) or long (select)."""
    value = str(person.membership_id)
    radio = page.locator(f"input[type=radio][value='{value}']")
    if radio.count():
        radio.check()
    else:
        page.locator("select[name=receiver]").select_option(value)


@pytest.mark.parametrize("width", [320, 1280])
def test_the_form_of_a_new_item_fits_and_takes_hash_values(page, server, app, people, case, width):
    page.set_viewport_size({"width": width, "height": 900})
    enter(page, server, app, people["inv"])
    page.goto(f"{server}/cases/{case.ref}/evidence/new")
    check(page)
    # What the last item had in common is there already.
    assert page.locator("input[name=place]").input_value().startswith("Test street")

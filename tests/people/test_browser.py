"""The pages of people in a real browser: wide and narrow, in both languages, nothing for axe to find."""

import pytest

from casework.people import identifiers, service
from casework.people.models import Person
from tests.support.browser import check, enter

LONG = "https://example.org/" + "a-very-long-path/" * 12


@pytest.fixture
def paths(unit) -> list[str]:
    """The pages, on a case with a place and identifiers."""
    with unit.work("inv") as (db, inv, case):
        suspect = db.get_one(Person, unit.suspect.id)
        service.add_address(db, inv, suspect, {"kind": "home", "province": "12", "place": "Invented house 1"})
        for type_, value in (("url", LONG), ("phone", "012 000 001")):
            one = identifiers.add_identifier(
                db, inv, case, {"type": type_, "value": value, "side": "suspect", "belongs_to": str(suspect.id)})
    below = ("people", "people/new", "people/new/victim", f"people/{unit.suspect.ref}", f"people/{unit.child.ref}",
             f"people/{unit.suspect.ref}/addresses/new", "identifiers", "identifiers/paste", f"identifiers/{one.ref}")
    return [f"/cases/{unit.case.ref}/{path}" for path in below]


def test_every_page_at_a_desk_and_on_a_telephone(page, server, app, unit, paths):
    enter(page, server, app, unit.accounts["inv"])
    for width, locale in ((1280, "en"), (360, "km")):
        page.set_viewport_size({"width": width, "height": 900})
        page.context.add_cookies([{"name": "cw_lang", "value": locale, "url": server}])
        for path in paths:
            page.goto(server + path)
            check(page, f"{path} at {width}")


def test_a_paste_is_told_line_by_line(page, server, app, unit, paths):
    enter(page, server, app, unit.accounts["inv"])
    page.set_viewport_size({"width": 360, "height": 800})
    page.goto(server + next(path for path in paths if path.endswith("/paste")))
    page.locator("textarea[name=lines]").fill("012 000 009\nwho knows")
    page.locator("input[name=side]").first.check()
    page.locator("[name=reliability]").first.check()
    page.locator("button[name=look]").click()
    page.locator("table").wait_for()
    assert "+855 *** 09" in page.locator("table").inner_text()
    check(page, "the paste, looked at")

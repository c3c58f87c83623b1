"""The pages of people in a real browser: wide and narrow, in both languages, nothing for axe to find."""

import pytest
from axe_playwright_python.sync_playwright import Axe

from casework.people import identifiers, service
from casework.people.models import Person
from tests.support.people import quick

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
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


def enter(page, server, app, person) -> None:
    """Sign in through the real pages."""
    quick(app)
    page.goto(f"{server}/sign-in")
    page.locator("input[name=login]").fill(person.login)
    page.locator("input[name=password]").fill(person.password)
    page.locator("#form button").first.click()
    page.locator("input[name=code]").fill(person.code())
    page.locator("#form button").first.click()
    page.wait_for_url(lambda url: "sign-in" not in url)


def check(page, name: str) -> None:
    found = Axe().run(page, options=RULES).response["violations"]
    assert [(name, v["id"], [n["html"][:160] for n in v["nodes"]]) for v in found] == []
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), f"{name} is too wide"


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

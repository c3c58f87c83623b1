"""The intake desk in a real browser: triage by keys, nothing for axe to find."""

import pytest

from casework.referrals import service
from tests.support.browser import check, enter
from tests.support.people import make_person


@pytest.fixture
def operator(database):
    with database.work() as db:
        person = make_person(db, "HOT")
    with database.work(identity=person.identity) as db:
        facts = {"immediate_danger": "yes", "narrative": "A pupil is asked for pictures (fictional).",
                 "urls": ["https://example.org/a/page"]}
        service.receive(db, person.identity, person.agency_id, facts, source="family", channel="phone")
    return person


def test_triage_by_keys(page, server, app, operator):
    enter(page, server, app, operator)
    page.goto(f"{server}/")
    check(page)
    page.locator("table a[href^='/referrals/R']").first.click()
    check(page)
    page.keyboard.press("t")
    page.wait_for_url("**/triage")
    check(page)
    boxes = page.locator("[data-cw-digits] input[type=checkbox]")
    page.keyboard.press("2")
    assert boxes.nth(1).is_checked()
    page.keyboard.press("2")
    assert not boxes.nth(1).is_checked()
    page.locator("input[name=child_count]").press("3")
    assert not boxes.nth(2).is_checked()


def test_keys_can_be_turned_off(page, server, app, operator):
    enter(page, server, app, operator)
    page.goto(f"{server}/referrals")
    page.evaluate("localStorage.setItem('cw-keys', 'off')")
    page.locator("table a[href^='/referrals/R']").first.click()
    page.keyboard.press("t")
    assert page.locator("[aria-keyshortcuts=t]").count() == 1


@pytest.mark.parametrize("width", [320, 1280])
def test_the_telephone_form_fits(page, server, app, operator, width):
    page.set_viewport_size({"width": width, "height": 800})
    enter(page, server, app, operator)
    page.goto(f"{server}/referrals/new")
    check(page)

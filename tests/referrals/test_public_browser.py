"""The public form in a real browser: 320 pixels, keyboard alone, without scripts, nothing for axe to find."""

import datetime as dt

import pytest

from casework.referrals import tickets
from tests.support.browser import check
from tests.support.people import make_agency

STORY = "Somebody asks a pupil for pictures (fictional)."


@pytest.fixture(autouse=True)
def hotline(database, monkeypatch):
    monkeypatch.setattr(tickets, "SHORTEST", dt.timedelta(0))
    with database.work() as db:
        make_agency(db, "aple", "hotline")


def tab_to(page, selector: str) -> None:
    """Press Tab until the element has the focus, and look that it can be seen."""
    for _ in range(60):
        if page.evaluate("s => document.activeElement.matches(s)", selector):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"{selector} is not reached by Tab")


@pytest.mark.parametrize("language", ["en", "km"])
def test_every_page_is_clean_on_the_smallest_screen(page, server, language):
    page.set_viewport_size({"width": 320, "height": 640})
    page.context.add_cookies([{"name": "cw_lang", "value": language, "url": server}])
    page.goto(f"{server}/report")
    assert page.locator("html").get_attribute("lang") == language
    check(page)
    page.locator("#form button").click()
    check(page)
    page.locator("#form input[value=yes]").check()
    page.locator("#form button").click()
    page.wait_for_url("**/report/details**")
    check(page)
    page.locator("#form button[name=send]").click()
    assert page.locator(".govuk-error-summary").count() == 1
    check(page)
    page.locator("textarea[name=narrative]").fill(STORY)
    page.locator("#form button[name=send]").click()
    word = page.locator(".cw-card .cw-mono").inner_text()
    check(page)
    page.goto(f"{server}/report/return")
    check(page)
    page.locator("input[name=code_word]").fill(word)
    page.locator("#form button").click()
    page.locator("#reply").wait_for()
    check(page)


def test_by_keyboard_alone(page, server):
    page.goto(f"{server}/report")
    tab_to(page, "input[name=immediate_danger]")
    page.keyboard.press("Space")
    page.keyboard.press("ArrowDown")
    tab_to(page, "#form button")
    page.keyboard.press("Enter")
    page.wait_for_url("**/report/details?danger=no")
    tab_to(page, "textarea[name=narrative]")
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline != "none"
    page.keyboard.type(STORY)
    tab_to(page, "button[name=send]")
    page.keyboard.press("Enter")
    page.locator(".cw-card .cw-mono").wait_for()


def test_the_quick_way_out_leaves_nothing_to_go_back_to(page, server):
    page.goto(f"{server}/report/details?danger=no")
    page.locator("textarea[name=narrative]").fill("half a sentence")
    page.locator("[data-cw-exit]").first.click()
    page.wait_for_url("about:blank")


def test_without_scripts(browser, server):
    context = browser.new_context(java_script_enabled=False, viewport={"width": 320, "height": 640})
    page = context.new_page()
    page.goto(f"{server}/report")
    page.locator("#form input[value=no]").check()
    page.locator("#form button").click()
    page.locator("textarea[name=narrative]").fill(STORY)
    page.locator("#form button[name=send]").click()
    assert page.locator(".cw-card .cw-mono").inner_text().count("-") == 2
    page.get_by_role("link", name="Leave this page quickly").click()
    assert page.locator("body").inner_text() == ""
    context.close()

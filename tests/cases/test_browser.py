"""The pages of cases in a real browser: nothing for axe to find, no sideways scrolling on a telephone, and drafts."""

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.support.people import quick

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
PAGES = ("/", "/tasks", "/cases?state=opened", "CASE", "CASE/check", "CASE/team", "CASE/timeline", "CASE/tasks",
         "CASE/history", "CASE/edit", "CASE/notes/new", "CASE/do/start_enquiry", "CASE/conflict")


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


@pytest.mark.parametrize(("locale", "width"), [("en", 1280), ("km", 360)])
def test_pages_are_accessible_and_fit(page, server, app, people, case, locale, width):
    enter(page, server, app, people["inv"])
    page.context.add_cookies([{"name": "cw_lang", "value": locale, "url": server}])
    page.set_viewport_size({"width": width, "height": 800})
    for path in PAGES:
        page.goto(server + path.replace("CASE", f"/cases/{case.ref}"))
        found = Axe().run(page, options=RULES).response["violations"]
        assert [(path, v["id"], [n["html"][:160] for n in v["nodes"]]) for v in found] == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path


def test_a_draft_is_kept_while_typing_and_survives(page, server, app, people, case):
    enter(page, server, app, people["inv"])
    page.goto(f"{server}/cases/{case.ref}/notes/new")
    with page.expect_response("**/draft") as kept:
        page.locator("textarea[name=text]").press_sequentially("The school was called")
    assert kept.value.status == 200
    page.evaluate("document.documentElement.dataset.cwLeaving = 'yes'")
    page.goto(f"{server}/cases/{case.ref}/notes/new")
    assert page.locator("textarea[name=text]").input_value().startswith("The school")
    page.get_by_role("button", name="Discard the draft").click()
    page.wait_for_url("**/notes/new")
    assert page.locator("textarea[name=text]").input_value() == ""

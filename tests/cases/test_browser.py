"""The pages of cases in a real browser: nothing for axe to find, no sideways scrolling on a telephone, and drafts."""

import datetime as dt

import pytest

from casework.db.base import now
from tests.support.browser import check, enter

PAGES = ("/", "/tasks", "/cases?state=opened", "CASE", "CASE/check", "CASE/team", "CASE/timeline", "CASE/tasks",
         "CASE/history", "CASE/edit", "CASE/notes/new", "CASE/do/start_enquiry", "CASE/conflict")


@pytest.mark.parametrize(("locale", "width"), [("en", 1280), ("km", 360)])
def test_pages_are_accessible_and_fit(page, server, app, people, case, locale, width):
    enter(page, server, app, people["inv"])
    page.context.add_cookies([{"name": "cw_lang", "value": locale, "url": server}])
    page.set_viewport_size({"width": width, "height": 800})
    for path in PAGES:
        page.goto(server + path.replace("CASE", f"/cases/{case.ref}"))
        check(page, path)


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


def test_what_was_typed_outlives_the_idle_lock_and_the_session(page, server, app, people, case):
    inv, path = people["inv"], f"/cases/{case.ref}/notes/new"
    enter(page, server, app, inv, inv.fresh_code())
    page.clock.install()
    page.goto(server + path)
    page.locator("input[name=kind]").first.check()
    page.locator("textarea[name=text]").fill("The school was called")
    app.registry["clock"] = lambda: now() + dt.timedelta(minutes=31)
    with page.expect_response("**/draft") as kept:
        page.clock.fast_forward("31:00")
    assert kept.value.status == 401, "the session has ended"
    lock = page.locator("#cw-lock")
    lock.wait_for()
    lock.get_by_role("button", name="Continue").click()
    lock.get_by_text("Your session has ended").wait_for()
    # In another tab: signed in again, the text is in the form, from the server.
    other = page.context.new_page()
    enter(other, server, app, inv, inv.fresh_code(app.registry["clock"]()))
    other.goto(server + path)
    assert other.locator("textarea[name=text]").input_value() == "The school was called"
    # And the covered page goes on with what stands in it.
    lock.get_by_role("button", name="Continue").click()
    lock.wait_for(state="hidden")
    assert page.locator("textarea[name=text]").input_value() == "The school was called"
    page.locator("#form button[name=save]").click()
    page.wait_for_url(lambda url: not url.endswith("/new"))
    assert page.get_by_text("The school was called").first.is_visible()
    other.goto(server + path)
    assert other.locator("textarea[name=text]").input_value() == ""

"""The way in as a person walks it, in a real browser: link, password, picture, code, recovery codes; both languages."""

import pyotp
import pytest
from playwright.sync_api import expect

from casework.accounts import service
from casework.db.base import now
from tests.support.browser import violations
from tests.support.people import make_agency, make_person, quick

NEW = "seven quiet rivers meet"


def look(page) -> None:
    """No barrier that a machine can find, and nothing to scroll sideways on a telephone."""
    for width in (1280, 360):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("() => document.documentElement.scrollWidth") <= width, page.url
    found = [f"{v['id']}: {v['nodes'][0]['html'][:100]}" for v in violations(page)]
    assert found == [], page.url


@pytest.mark.parametrize("locale", ["en", "km"])
def test_a_newcomer_gets_in(page, server, database, app, locale) -> None:
    quick(app)
    with database.work() as db:
        user = service.create_user(db, login="new.officer@example.org", name="New Officer (fictional)")
        service.add_membership(db, user, make_agency(db, "ahtjpd"), "INV", at=now())
        db.flush()
        token = service.make_link(db, user, now(), None)
    page.context.add_cookies([{"name": "cw_lang", "value": locale, "url": server}])
    page.goto(f"{server}/invitation/{token}")
    look(page)
    page.fill("[name=password]", NEW)
    page.fill("[name=again]", NEW)
    page.click("button[name=continue]")
    expect(page.locator("img.cw-qr")).to_be_visible()
    assert page.locator("img.cw-qr").evaluate("image => image.complete && image.naturalWidth > 0")
    look(page)
    secret = page.locator("span.cw-mono").inner_text().replace(" ", "")
    page.fill("[name=code]", pyotp.TOTP(secret).now())
    page.click("button[name=continue]")
    expect(page.locator("ul.cw-mono li")).to_have_count(10)
    look(page)
    page.goto(f"{server}/account")
    look(page)


def test_a_wrong_password_is_told_in_a_summary_that_has_the_focus(page, server, app) -> None:
    quick(app)
    page.goto(f"{server}/sign-in")
    look(page)
    page.fill("[name=login]", "somebody@example.org")
    page.fill("[name=password]", "wrong wrong wrong")
    page.keyboard.press("Enter")
    summary = page.locator(".govuk-error-summary")
    expect(summary).to_be_focused()
    expect(page.locator("[name=login]")).to_have_value("somebody@example.org")
    expect(page.locator("[name=password]")).to_have_value("")
    look(page)


def test_the_pages_of_administrators(page, server, database, app) -> None:
    quick(app)
    with database.work() as db:
        administrator, officer = make_person(db, "ADM"), make_person(db, "INV")
    page.goto(f"{server}/sign-in?back=/admin/users")
    page.fill("[name=login]", administrator.login)
    page.fill("[name=password]", administrator.password)
    page.click("button[name=sign_in]")
    look(page)
    page.fill("[name=code]", administrator.fresh_code())
    page.click("button[name=continue]")
    expect(page.get_by_text(officer.login)).to_be_visible()
    account = f"/admin/users/{officer.user_id}"
    for path in ("/admin/users", "/admin/users/new", account, f"{account}/disable", "/admin/changes", "/admin/agencies",
                 "/confirm-identity"):
        page.goto(server + path)
        look(page)

"""The same rules with a real browser: what it says of itself, and what it makes of the refusals."""


def test_a_form_that_is_too_old_is_refused_and_keeps_what_was_typed(page, server):
    page.goto(f"{server}/sign-in")
    page.context.clear_cookies()
    page.get_by_label("User name").fill("somebody.fictional")
    page.locator("input[type=password]").fill("a password (fictional)")
    with page.expect_navigation() as navigation:
        page.locator("main button[type=submit]").first.click()
    assert navigation.value.status == 400
    assert page.locator("textarea[readonly]").input_value() == "somebody.fictional"
    assert "a password" not in page.content()


def test_our_own_form_passes(page, server):
    page.goto(f"{server}/sign-in")
    with page.expect_navigation() as navigation:
        page.locator("form[action^='/language/km'] button").click()
    assert navigation.value.status == 200
    assert page.locator("html").get_attribute("lang") == "km"


def test_a_page_that_is_not_there_keeps_the_policy(page, server):
    assert page.goto(f"{server}/nowhere").status == 404
    assert page.get_by_role("heading", name="Page not found").is_visible()

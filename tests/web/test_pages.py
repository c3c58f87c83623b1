"""The component page in a real browser: accessible, without sideways scroll, usable by keyboard, printable."""

import pytest
from playwright.sync_api import Page, expect

from tests.support.browser import violations


@pytest.fixture
def signed_in(page: Page, server: str, kept) -> Page:
    """A page whose visitor is signed in, in English."""
    kept.alive = True
    kept.drafts.clear()
    cookie(page, server, "who", "en")
    return page


def cookie(page: Page, server: str, name: str, value: str) -> None:
    page.context.add_cookies([{"name": name, "value": value, "url": server}])


def send(page: Page) -> None:
    page.locator("form.cw-form").get_by_role("button").last.click()  # the language does not matter
    expect(page.locator(".govuk-error-summary")).to_be_focused()


@pytest.mark.parametrize("language", ["en", "km"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("failed", [False, True], ids=["clean", "failed"])
def test_axe_finds_nothing(signed_in, server, language, scheme, failed):
    cookie(signed_in, server, "cw_lang", language)
    signed_in.emulate_media(color_scheme=scheme)
    signed_in.goto(server + "/styleguide")
    if failed:
        send(signed_in)
    assert violations(signed_in) == []


def test_axe_finds_nothing_in_dialogs(signed_in, server):
    signed_in.goto(server + "/styleguide")
    signed_in.get_by_role("button", name="Keyboard shortcuts").click()
    expect(signed_in.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()
    assert violations(signed_in) == []


@pytest.mark.parametrize("language", ["en", "km"])
def test_no_sideways_scroll(signed_in, server, language):
    cookie(signed_in, server, "cw_lang", language)
    signed_in.goto(server + "/styleguide")
    send(signed_in)
    for width in (320, 360, 768, 1280):
        signed_in.set_viewport_size({"width": width, "height": 740})
        assert signed_in.evaluate("document.documentElement.scrollWidth") <= width


def test_error_summary_leads_to_the_control(signed_in, server):
    signed_in.goto(server + "/styleguide")
    send(signed_in)
    signed_in.get_by_role("link", name="Immediate danger: Choose one of the answers.").press("Enter")
    expect(signed_in.get_by_role("radio", name="Yes")).to_be_focused()


def test_keyboard_alone_reaches_the_button_with_focus_in_view(signed_in, server):
    signed_in.goto(server + "/styleguide")
    seen = []
    for _press in range(120):
        signed_in.keyboard.press("Tab")
        text, shown = signed_in.evaluate(
            """() => { const e = document.activeElement, s = getComputedStyle(e), box = e.getBoundingClientRect();
            const drawn = s.outlineStyle !== 'none' || s.boxShadow !== 'none' ||
              (e.matches('.govuk-radios__input, .govuk-checkboxes__input') && e.labels.length > 0);
            return [e.name || e.textContent.trim(), drawn && box.height > 0] }"""
        )
        assert shown, f"focus cannot be seen on {text}"
        seen.append(text)
        if text == "save":
            break
    assert seen[0] == "Skip to main content"
    assert seen[-1] == "save"


class TestItems:
    def test_added_and_removed(self, signed_in, server):
        signed_in.goto(server + "/styleguide")
        names = signed_in.get_by_label("Full name")
        expect(names).to_have_count(1)
        signed_in.get_by_role("button", name="Add another: Contact").click()
        expect(names).to_have_count(2)
        expect(names.nth(1)).to_be_focused()
        ids = signed_in.evaluate("[...document.querySelectorAll('[id]')].map(e => e.id)")
        assert len(ids) == len(set(ids))
        signed_in.get_by_role("button", name="Remove Contact").last.click()
        expect(names).to_have_count(1)
        expect(signed_in.get_by_role("button", name="Add another: Contact")).to_be_focused()

    def test_never_fewer_than_the_least(self, signed_in, server):
        signed_in.goto(server + "/styleguide")
        signed_in.get_by_role("button", name="Remove Contact").click()
        expect(signed_in.get_by_label("Full name")).to_have_count(1)

    def test_what_was_added_is_sent(self, signed_in, server):
        signed_in.goto(server + "/styleguide")
        signed_in.get_by_role("button", name="Add another: Alias").click()
        signed_in.get_by_role("textbox", name="Alias").fill("Second name")
        signed_in.get_by_role("button", name="Add another: Contact").click()
        contacts = signed_in.get_by_role("group", name="Contact", exact=True)
        contacts.nth(1).get_by_label("Web form").check()
        contacts.nth(0).get_by_label("Telephone").check()
        send(signed_in)
        expect(signed_in.get_by_role("textbox", name="Alias")).to_have_value("Second name")
        expect(contacts.nth(1).get_by_label("Web form")).to_be_checked()
        expect(contacts.nth(0).get_by_label("Telephone")).to_be_checked()


class TestKeys:
    def test_slash_searches_but_not_while_typing(self, signed_in, server):
        signed_in.goto(server + "/styleguide")
        signed_in.keyboard.press("/")
        expect(signed_in.locator("#cw-search")).to_be_focused()
        signed_in.keyboard.press("/")
        expect(signed_in.locator("#cw-search")).to_have_value("/")

    def test_g_and_a_letter_goes(self, signed_in, server):
        signed_in.goto(server + "/styleguide")
        signed_in.keyboard.press("g")
        signed_in.keyboard.press("c")
        expect(signed_in).to_have_url(server + "/styleguide#cases")

    def test_can_be_turned_off(self, signed_in, server):
        signed_in.goto(server + "/styleguide")
        signed_in.keyboard.press("?")
        signed_in.get_by_label("Keyboard shortcuts are on in this browser").uncheck()
        signed_in.get_by_role("button", name="Close", exact=True).click()
        signed_in.reload()
        signed_in.keyboard.press("/")
        expect(signed_in.locator("#cw-search")).not_to_be_focused()

    def test_three_shifts_leave(self, signed_in, server):
        signed_in.goto(server + "/styleguide")
        signed_in.get_by_label("Title").fill("typed")
        for _press in range(3):
            signed_in.keyboard.press("Shift")
        expect(signed_in).to_have_url("about:blank")

    def test_escape_alone_does_not(self, signed_in, server):
        signed_in.goto(server + "/styleguide")
        for _press in range(4):
            signed_in.keyboard.press("Escape")
        expect(signed_in.locator("#cw-search")).to_be_visible()


class TestDrafts:
    def test_kept_while_typing_and_when_the_page_is_left(self, signed_in, server, kept):
        signed_in.clock.install()
        signed_in.goto(server + "/form")
        signed_in.get_by_label("Title").fill("half a sentence")
        signed_in.get_by_label("Password").fill("secret")
        signed_in.clock.run_for(6000)
        expect(signed_in.get_by_text("Draft saved")).to_be_visible()
        assert kept.drafts[-1]["title"] == "half a sentence"
        assert kept.drafts[-1]["form_path"] == "/form"
        assert "csrf_token" not in kept.drafts[-1]
        assert "secret" not in kept.drafts[-1].values()

    def test_signed_out_says_so_and_keeps_the_page(self, signed_in, server, kept):
        signed_in.clock.install()
        signed_in.goto(server + "/form")
        kept.alive = False
        signed_in.get_by_label("Title").fill("half a sentence")
        signed_in.clock.run_for(6000)
        expect(signed_in.get_by_text("You are signed out. Sign in in another tab")).to_be_visible()
        expect(signed_in.get_by_label("Title")).to_have_value("half a sentence")

    def test_goes_on_after_signing_in_anew_elsewhere(self, signed_in, server, kept):
        signed_in.clock.install()
        signed_in.goto(server + "/form")
        before = signed_in.locator("form.cw-form input[name=csrf_token]").input_value()
        signed_in.context.clear_cookies(name="session")
        signed_in.get_by_label("Title").fill("half a sentence")
        signed_in.clock.run_for(6000)
        expect(signed_in.get_by_text("Draft saved")).to_be_visible()
        expect(signed_in.locator("form.cw-form input[name=csrf_token]")).not_to_have_value(before)

    def test_leaving_with_changes_asks(self, signed_in, server):
        asked = []
        signed_in.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
        signed_in.goto(server + "/styleguide")
        signed_in.get_by_label("Title").fill("typed")
        signed_in.goto(server + "/sign-in")
        assert asked == ["beforeunload"]

    def test_sending_does_not_ask(self, signed_in, server):
        asked = []
        signed_in.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
        signed_in.goto(server + "/styleguide")
        signed_in.get_by_label("Title").fill("typed")
        send(signed_in)
        assert asked == []


class TestIdle:
    @pytest.fixture
    def idle(self, signed_in, server):
        """A page that is covered after ten minutes."""
        cookie(signed_in, server, "idle", "600")
        signed_in.clock.install()
        signed_in.goto(server + "/form")
        signed_in.get_by_label("Title").fill("half a sentence")
        return signed_in

    def test_warns_then_covers_then_goes_on(self, idle):
        idle.clock.run_for(481_000)
        expect(idle.get_by_role("dialog", name="Are you still there?")).to_be_visible()
        idle.clock.run_for(121_000)
        expect(idle.get_by_role("dialog", name="Locked")).to_be_visible()
        expect(idle.get_by_label("Title")).not_to_be_visible()
        idle.keyboard.press("Escape")
        expect(idle.get_by_role("dialog", name="Locked")).to_be_visible()
        idle.get_by_role("button", name="Continue").click()
        expect(idle.get_by_label("Title")).to_have_value("half a sentence")
        expect(idle.get_by_label("Title")).to_be_visible()

    def test_stays_covered_when_the_session_is_over(self, idle, kept):
        idle.clock.run_for(601_000)
        kept.alive = False
        idle.get_by_role("button", name="Continue").click()
        expect(idle.get_by_text("Your session has ended.")).to_be_visible()
        expect(idle.get_by_role("link", name="Sign in (opens in a new tab)")).to_have_attribute("target", "_blank")
        kept.alive = True
        idle.get_by_role("button", name="Continue").click()
        expect(idle.get_by_label("Title")).to_be_visible()

    def test_use_puts_it_off(self, idle):
        idle.clock.run_for(400_000)
        idle.keyboard.press("Tab")
        idle.clock.run_for(400_000)
        expect(idle.get_by_role("dialog", name="Are you still there?")).not_to_be_visible()


def test_works_without_scripts(browser, server):
    context = browser.new_context(java_script_enabled=False)
    context.add_cookies([{"name": "who", "value": "en", "url": server}])
    page = context.new_page()
    page.goto(server + "/styleguide")
    page.locator("form.cw-form").get_by_role("button", name="Save", exact=True).click()
    expect(page.locator(".govuk-error-summary a").first).to_be_visible()
    context.close()


def test_copies_a_reference(signed_in, server):
    signed_in.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=server)
    signed_in.goto(server + "/styleguide")
    signed_in.get_by_role("button", name="Copy C26-482913-K").click()
    expect(signed_in.locator("button[data-copy='C26-482913-K']")).to_have_text("Copied")
    assert signed_in.evaluate("navigator.clipboard.readText()") == "C26-482913-K"


def test_prints_the_content_alone(signed_in, server, tmp_path):
    signed_in.goto(server + "/styleguide")
    signed_in.emulate_media(media="print")
    expect(signed_in.locator(".cw-header")).not_to_be_visible()
    expect(signed_in.get_by_role("table").first).to_be_visible()
    paper = tmp_path / "page.pdf"
    signed_in.pdf(path=paper, format="A4")
    assert paper.read_bytes().startswith(b"%PDF")
    assert paper.stat().st_size > 20_000


def test_latin_letters_are_not_drawn_by_the_khmer_font(signed_in, server):
    signed_in.goto(server + "/styleguide")
    family = signed_in.evaluate("getComputedStyle(document.body.querySelector('h1')).fontFamily")
    assert family.index("system-ui") < family.index("Noto Sans Khmer")
    cookie(signed_in, server, "cw_lang", "km")
    signed_in.reload()
    height, size = signed_in.evaluate(
        "(() => { const s = getComputedStyle(document.querySelector('h1'));"
        " return [parseFloat(s.lineHeight), parseFloat(s.fontSize)] })()"
    )
    assert height / size >= 1.6

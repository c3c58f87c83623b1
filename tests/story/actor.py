"""One person in one browser: signs in, fills forms as they stand on the page, and is refused what is not theirs."""

import re
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Locator, Page

from tests.support.browser import Guard
from tests.support.people import Person


@dataclass
class Actor:
    """A signed-in person. `refusals` counts what was refused, for the auditor to find."""

    person: Person
    context: BrowserContext
    page: Page
    base: str
    guard: Guard
    refusals: list[str] = field(default_factory=list)

    @classmethod
    def arrive(cls, browser: Browser, base: str, person: Person, locale: str = "en-GB") -> "Actor":
        """A new browser of their own, signed in through the real pages."""
        context = browser.new_context(base_url=base, locale=locale, viewport={"width": 1280, "height": 900})
        context.set_default_timeout(60_000)
        page = context.new_page()
        actor = cls(person, context, page, base, Guard(page, base))
        page.goto("/sign-in")
        page.fill("[name=login]", person.login)
        page.fill("[name=password]", person.password)
        page.click("form#form button[type=submit]")
        page.fill("[name=code]", person.fresh_code())
        page.click("form#form button[type=submit]")
        page.wait_for_url(re.compile(r"/$|/account$"))
        return actor

    def open(self, path: str) -> Page:
        """Open a page that must be there."""
        response = self.page.goto(path)
        assert response.status == 200, f"{self.person.role} {path}: {response.status}"
        return self.page

    def send(self, path: str, values: dict[str, Any] | None = None) -> str:
        """Open the form at `path`, fill it, send it; the path it leads to. Fails with the page's own words."""
        self.open(path)
        form = self.page.locator("form#form")
        for name, value in (values or {}).items():
            put(form, name, value)
        with self.page.expect_navigation():
            form.locator("button[type=submit]").last.click()
        problems = self.page.locator(".govuk-error-summary")
        if problems.count():
            raise AssertionError(f"{self.person.role} {path}: {problems.inner_text()}")
        assert self.page.url != self.base + path, f"{self.person.role} {path}: {self.page.inner_text('main')[:500]}"
        return self.page.url.removeprefix(self.base).partition("?")[0]

    def press(self, path: str, name: str) -> str:
        """Press a button of a page that needs no further words."""
        self.open(path)
        with self.page.expect_navigation():
            self.page.get_by_role("button", name=name, exact=True).first.click()
        return self.page.url.removeprefix(self.base).partition("?")[0]

    def follow(self, path: str, words: str) -> str:
        """The path that the first link with these words (a pattern) on a page leads to."""
        self.open(path)
        href = self.page.locator("main a", has_text=re.compile(words)).first.get_attribute("href")
        self.open(href)
        return self.page.url.removeprefix(self.base).partition("?")[0]

    def refused(self, path: str) -> None:
        """Neither the page nor a form sent to it is for this person, and nothing is told of what is there."""
        response = self.page.goto(path)
        assert response.status in (403, 404), f"{self.person.role} got {path}: {response.status}"
        self.refusals.append(path)
        self.page.goto("/account")
        token = self.page.locator("input[name=csrf_token]").first.get_attribute("value")
        answer = self.context.request.post(
            self.base + path, form={"csrf_token": token, "reason": "I am not the one who may do this"},
            headers={"Origin": self.base}, max_redirects=0,
        )
        assert answer.status in (403, 404, 405), f"{self.person.role} posted to {path}: {answer.status}"

    def sees(self, path: str, *words: str) -> None:
        """The page shows these words."""
        text = self.open(path).inner_text("main")
        for word in words:
            assert word in text, f"{self.person.role} {path}: {word!r} is not in {text[:800]}"

    def sees_not(self, path: str, *words: str) -> None:
        """The page is there and does not show these words, not even in its markup."""
        self.open(path)
        markup = self.page.content()
        for word in words:
            assert word not in markup, f"{self.person.role} {path}: {word!r} is shown"


def put(form: Locator, name: str, value: Any) -> None:
    """Put a value where it belongs: `name` is the field's name, or a legend where the names repeat.

    A tuple (day, month, year[, time]) fills a date; a list ticks boxes of a group by their codes or words;
    `each Level` answers every question called Level alike.
    """
    if name.startswith("each "):
        groups = form.get_by_role("radiogroup", name=name.removeprefix("each "), exact=True)
        for n in range(groups.count()):
            groups.nth(n).locator(f"input[value='{value}']").check()
        return
    if isinstance(value, (tuple, list)):
        group = form.get_by_role("group", name=re.compile(rf"^{re.escape(name)}")).first
        if isinstance(value, list):
            boxes = group.locator("input[type=checkbox]")
            found = set()
            for n, (code, label) in enumerate(boxes.evaluate_all("b => b.map(x => [x.value, x.labels[0].innerText])")):
                mine = {one for one in value if one == code or (" " in one and one in label)}
                found |= mine
                boxes.nth(n).set_checked(bool(mine))
            assert found == set(value), f"{name} has no choice {set(value) - found}"
            return
        for part, one in zip(("day", "month", "year", "time"), value, strict=False):
            group.locator(f"[name={part}]").fill(str(one))
        return
    field_ = form.locator(f"[name='{name}']").first
    kind = field_.evaluate("e => e.tagName + ':' + e.type")
    if kind == "INPUT:radio":
        _choose(form, name, str(value))
    elif kind == "INPUT:checkbox":
        field_.set_checked(bool(value))
    elif kind.startswith("SELECT"):
        found = field_.locator("option").evaluate_all(
            "(options, wanted) => options.filter(o => o.value === wanted || o.innerText.includes(wanted))"
            ".map(o => o.value)", str(value))
        assert found, f"{name} has no choice {value!r}: {field_.inner_text()[:300]}"
        field_.select_option(found[0])
    else:
        field_.fill(str(value))


def _choose(form: Locator, name: str, wanted: str) -> None:
    """The radio button with this code, or the one whose label holds these words."""
    buttons = form.locator(f"[name='{name}']")
    found = buttons.evaluate_all(
        "(radios, wanted) => radios.findIndex(r => r.value === wanted || r.labels[0].innerText.includes(wanted))",
        wanted,
    )
    assert found >= 0, f"{name} has no choice {wanted!r}: {form.inner_text()[:500]}"
    buttons.nth(found).check()

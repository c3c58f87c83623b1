"""The real pages in a real browser: a server on a free port, and a guard against violations of the page's policy.

    enter(page, server, app, person)    signed in through the real pages
    check(page, name)                   nothing for axe to find, and no sideways scrolling
"""

import contextlib
import threading
from collections.abc import Iterator

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Error
from waitress.server import create_server

from casework.cli.wsgi import behind_proxy
from casework.settings import Settings
from tests.support.people import Person, quick

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


@contextlib.contextmanager
def serving(app, settings: Settings) -> Iterator[str]:
    """The address of `app` on this machine, for as long as the test runs."""
    server = create_server(behind_proxy(app, settings), listen="127.0.0.1:0", threads=4)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.effective_port}"
    finally:
        server.close()
        server.task_dispatcher.shutdown()
        # No request is at work any more. The thread itself goes on until the browser lets its connections go, which it
        # does when the test has ended.
        thread.join(0.2)


class Guard:
    """Collects what a page must never do: break its Content-Security-Policy, raise, or ask another host."""

    def __init__(self, page, own: str):
        self.problems: list[str] = []
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.problems.append(f"page error: {error}"))
        page.on("request", lambda request: self._request(request.url, own))

    def _console(self, message) -> None:
        if "Content Security Policy" in message.text or "Content-Security-Policy" in message.text:
            self.problems.append(message.text)

    def _request(self, url: str, own: str) -> None:
        if url.startswith(("http:", "https:")) and not url.startswith(own + "/"):
            self.problems.append(f"request to another host: {url}")


def enter(page, server: str, app, person: Person, code: str | None = None) -> None:
    """Sign in through the real pages, with the code of this half minute unless another one is given."""
    quick(app)
    page.goto(f"{server}/sign-in")
    page.locator("input[name=login]").fill(person.login)
    page.locator("input[name=password]").fill(person.password)
    page.locator("#form button").first.click()
    page.locator("input[name=code]").fill(code or person.code())
    page.locator("#form button").first.click()
    page.wait_for_url(lambda url: "sign-in" not in url)


def standing(page) -> None:
    """Wait until the page asked for last stands: a click returns when its form was sent, maybe before the answer is
    there, and whoever looks between two pages looks at no document at all."""
    page.wait_for_load_state("load")
    page.wait_for_function("document.documentElement && document.readyState === 'complete'")


def violations(page) -> list[dict]:
    """What axe finds on the page. Asked once more when another page took this one's place meanwhile."""
    standing(page)
    try:
        return Axe().run(page, options=RULES).response["violations"]
    except Error:
        standing(page)
        return Axe().run(page, options=RULES).response["violations"]


def check(page, name: str = "") -> None:
    """Nothing for axe to find, and no sideways scrolling. `name` says in a failure which page it was."""
    found = violations(page)
    name = name or page.url
    problems = [(v["id"], [n["html"][:160] for n in v["nodes"]]) for v in found]
    assert not problems, f"{name}: {problems}"
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"], f"{name} is too wide"

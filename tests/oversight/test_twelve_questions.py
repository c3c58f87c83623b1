"""The auditor answers each question of docs/auditor-questions.md from the desk, in three clicks or less."""

import datetime as dt

import pytest

from casework.audit import signer
from casework.audit.sequencer import Sequencer
from casework.db.base import now
from casework.oversight.questions import PAGES
from casework.settings import ROOT
from tests.oversight.conftest import TODAY
from tests.oversight.test_samples import answer_all, prepare
from tests.support.browser import check, enter
from tests.support.people import press


class Auditor:
    """Counts the clicks since the desk."""

    def __init__(self, page, server):
        self.page, self.server, self.clicks = page, server, 0

    def desk(self):
        self.page.goto(f"{self.server}/audit")
        self.clicks = 0
        return self

    def click(self, name):
        self.page.get_by_role("link", name=name, exact=True).first.click()
        self.clicks += 1
        return self

    def fill(self, **fields):
        for name, value in fields.items():
            self.page.locator(f"#f-{name}").fill(value)
        return self

    def choose(self, **fields):
        for name, value in fields.items():
            self.page.locator(f"#f-{name}").select_option(value)
        return self

    def show(self):
        self.page.get_by_role("button", name="Show", exact=True).click()
        self.clicks += 1
        return self

    def reads(self, *wanted, but=()):
        text = self.page.locator("main table, main dl").first.inner_text()
        assert self.clicks <= 3
        for words in wanted:
            assert words in text, (words, text)
        for words in but:
            assert words not in text, (words, text)


def next_code(app, person) -> str:
    """A code that the person did not use yet; the application's clock goes on where there is none."""
    at = app.registry.get("clock", now)
    code = person.fresh_code(at())
    if code is None:
        app.registry["clock"] = lambda: at() + dt.timedelta(seconds=30)
        code = person.fresh_code(app.registry["clock"]())
    return code


def test_twelve_questions_in_three_clicks(page, server, app, world, database, tmp_path):
    who = {name: person.name for name, person in world.people.items()}
    by_hand = world.browser(app, "aud")
    ref = prepare(by_hand)
    press(by_hand, f"/audit/samples/{ref}/draw", status=303)
    answer_all(by_hand, ref)
    Sequencer(database.engine, signer.create(tmp_path / "log.key", "casework.example/log-test")).catch_up()
    enter(page, server, app, world.people["aud"], next_code(app, world.people["aud"]))
    me = Auditor(page, server)
    case = world.case.ref

    me.desk().click("Who touched the records of a case?").fill(ref=case).show().reads(
        world.dara, who["psu"], but=(who["for"],))
    me.desk().click("Who had access on a day, and by which rule?").fill(ref=case, since=TODAY).show().reads(
        world.dara, who["for"], "assigned to the case", who["psu2"], "of the office that leads the case",
        but=(who["inv2"], who["pro"]))
    me.desk().click("Who was refused?").reads(who["inv2"], case, but=(world.dara,))
    me.desk().click("What left the program?").reads(who["psu"], "Complaint 3/2026", but=(world.dara,))
    me.desk().click("Which emergency accesses were there, and were they reviewed?").reads(
        who["pro"], "Not reviewed, overdue")
    me.desk().click("Which accounts does nobody use?").reads(who["clk"], but=(world.dara,))
    me.desk().click("Which rights were never used?").reads(who["for"], but=(world.dara,))
    me.desk().click("Is a random sample in order?").click(ref).reads("Reading of records")
    me.desk().click("Is any reading unusual?").reads(who["sw"], "40", but=(world.dara,))
    me.desk().click("Is any reading unusual?").choose(kind="name").show().reads(world.dara, world.child)
    me.desk().click("Who signed in, and what changed of an account?").fill(login="inv@example.org").show().reads(
        "Sign in", but=(who["psu"],))
    me.desk().click("What did the administrators do?").reads(who["adm"], but=(world.dara,))
    me.desk().click("What did one person do?").fill(login="inv@example.org", since=TODAY).show().reads(
        world.dara, world.child, but=(who["psu"],))
    me.desk().click("Can the log be trusted?").reads("Entries in the tree", "casework.example/log-test")


@pytest.mark.parametrize(("locale", "width"), [("en", 1280), ("km", 360)])
def test_pages_are_accessible_and_fit(page, server, app, world, locale, width):
    enter(page, server, app, world.people["psu"], next_code(app, world.people["psu"]))
    page.context.add_cookies([{"name": "cw_lang", "value": locale, "url": server}])
    page.set_viewport_size({"width": width, "height": 800})
    history = f"/cases/{world.case.ref}/history"
    for path in (history, f"{history}/compare?from=2020-01-01&to={TODAY}", f"{history}/file"):
        page.goto(server + path)
        check(page, path)
    page.context.clear_cookies()
    enter(page, server, app, world.people["aud"])
    page.context.add_cookies([{"name": "cw_lang", "value": locale, "url": server}])
    for path in (
        "/audit", f"/audit/search?ref={world.case.ref}", f"/audit/access?ref={world.case.ref}&since={TODAY}",
        "/audit/emergency", "/audit/hints?kind=name", "/audit/exports/file", "/audit/samples", "/audit/samples/new",
        "/audit/health",
    ):
        page.goto(server + path)
        check(page, path)


def test_the_page_of_the_docs_names_every_question():
    text = (ROOT / "docs" / "auditor-questions.md").read_text(encoding="utf-8")
    assert [page.path for page in PAGES.values() if page.path not in text] == []

"""Accounts around one case, and around one child's support; and pages as people read them."""

import pytest
from webtest import TestApp

from tests.support import scene
from tests.support.people import quick, sign_in
from tests.support_referrals.desk import Desk


def rows(page, place: str = "can") -> list[list[str]]:
    """The cells of the table of a section of the page."""
    section = page.html.find("section", attrs={"aria-labelledby": place})
    return [[cell.get_text(" ", strip=True) for cell in tr.select("th,td")] for tr in section.select("tbody tr")]


@pytest.fixture
def world(app, database):
    quick(app)
    return scene.build(database)


@pytest.fixture
def desk(app, database, monkeypatch) -> Desk:
    """The people around one child, with `desk.accounts` to sign them in."""
    quick(app)
    accounts, make = {}, scene.make_person

    def keep(db, role, agency, login):
        accounts[login.partition("@")[0]] = made = make(db, role, agency, login=login)
        return made

    monkeypatch.setattr("tests.support_referrals.desk.make_person", keep)
    made = Desk.build(database)
    made.accounts = accounts
    return made


@pytest.fixture
def at(app, desk):
    """`at("sw")`: a signed-in browser of somebody at the desk."""
    def browser(name: str) -> TestApp:
        client = TestApp(app, extra_environ={"REMOTE_ADDR": "192.0.2.1"})
        sign_in(client, desk.accounts[name])
        return client

    return browser

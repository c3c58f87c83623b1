"""What oversight sees of cases and reports: numbers, none of which names anybody."""

import datetime as dt

import pytest
from sqlalchemy import select

from casework.cases import service as cases
from casework.cases.models import Case
from casework.db.base import now
from casework.oversight import statistics
from casework.workflow.guard import engine_at_work
from tests.support import scene
from tests.support.people import quick


@pytest.fixture
def made(app, database):
    quick(app)
    return scene.build(database)


def opened(made, number: int) -> None:
    """Open further cases."""
    psu, inv = made.who("psu"), made.who("inv")
    with made.database.work(identity=psu) as db:
        for _number in range(number):
            cases.open_case(db, psu, title="Reed", lead_agency_id=inv.agency_id, conduct=["grooming"], province="12",
                            risk_to_child="high")


def cells(browser) -> list[list[str]]:
    """The rows of the panel of cases."""
    tables = browser.get("/").html.select("table")
    table = next(one for one in tables if one.caption.get_text(strip=True).startswith("Cases by state, counted "))
    return [[cell.get_text(" ", strip=True) for cell in row.select("th,td")] for row in table.select("tbody tr")]


def test_fewer_than_five_are_not_told(app, made):
    assert cells(made.browser(app, "ovs")) == [["Opened", "<5"]]


def test_five_are(app, made):
    opened(made, 4)
    assert cells(made.browser(app, "ovs")) == [["Opened", "5"]]


def test_no_reference_and_no_title_stands_beside_them(app, made):
    page = made.browser(app, "ovs").get("/")
    assert made.case.ref not in page
    assert "Lotus" not in page
    assert made.browser(app, "psu").get("/cases").text.count(made.case.ref) >= 1


def test_numbers_stand_for_five_minutes(app, made, monkeypatch):
    """Whoever could count before and after a change would learn what changed."""
    analyst = made.browser(app, "ovs")
    before = cells(analyst)
    opened(made, 6)
    assert cells(analyst) == before
    later = now() + statistics.STAND + dt.timedelta(seconds=1)
    monkeypatch.setattr(statistics, "now", lambda: later)
    assert cells(analyst) == [["Opened", "7"]]


def test_what_was_voided_or_merged_is_not_counted(app, made):
    opened(made, 5)
    with made.database.work(unscoped=1) as db, engine_at_work():
        reeds = db.scalars(select(Case).where(Case.title == "Reed")).all()
        reeds[0].state, reeds[1].state = "voided", "merged"
    assert cells(made.browser(app, "ovs")) == [["Opened", "<5"]]


@pytest.mark.parametrize(("count", "told"), [(0, "0"), (1, "<5"), (4, "<5"), (5, "5"), (1000, "1000")])
def test_small_numbers(count, told):
    assert statistics.hide_small(count) == told

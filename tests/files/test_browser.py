"""Documents in a real browser: sent in pieces by tus-js-client, paused, cut off, gone on with, cancelled."""

import hashlib
import os
import time
from pathlib import Path

import pytest
from sqlalchemy import select

from casework.cases import service as cases
from casework.files.models import FileUpload, StoredFile
from tests.files import papers
from tests.support.browser import check, enter
from tests.support.people import make_person

CONTENT = papers.texts()["hashes.csv"] * 600


@pytest.fixture
def case(database):
    with database.work() as db:
        people = {role: make_person(db, role) for role in ("INV", "PSU")}
    psu = people["PSU"].identity
    with database.work(identity=psu) as db:
        found = cases.open_case(db, psu, title="Lotus", lead_agency_id=people["INV"].agency_id,
                                lead_officer_id=people["INV"].user_id, conduct=["grooming"], province="12")
    found.people = people
    return found


@pytest.fixture
def slowly(app, monkeypatch):
    """Pieces take their time, as on a slow line, so that there is something to pause."""
    quick = app.registry["files"].receive

    def receive(*args):
        time.sleep(0.4)
        return quick(*args)

    monkeypatch.setattr(app.registry["files"], "receive", receive)


def fill(page, path: Path) -> None:
    """Everything but the sending, by keyboard where a keyboard can."""
    page.locator("input[name=title]").fill("Answer of the provider")
    page.locator("select[name=category]").select_option("report")
    page.locator("input[name=sealed_annex]").check()
    page.locator("input[type=file]").set_input_files(path)
    page.locator("input[name=declaration]").focus()
    page.keyboard.press("Space")
    page.locator("#form button[name=save]").focus()
    page.keyboard.press("Enter")


def shot(page, name: str) -> None:
    """A picture of the page, for who wants to look."""
    folder = os.environ.get("CASEWORK_TEST_PICTURES")
    if folder:
        page.screenshot(path=f"{folder}/{name}.png", full_page=True)


def test_sent_in_pieces(page, server, app, database, case, tmp_path, slowly):
    """Paused, gone on with, cut off twice; then another window goes on with what was begun."""
    path = tmp_path / "list.csv"
    path.write_bytes(CONTENT)
    enter(page, server, app, case.people["INV"])
    page.goto(f"{server}/cases/{case.ref}/files")
    check(page)
    shot(page, "list-empty")
    page.goto(f"{server}/cases/{case.ref}/files/new")
    check(page)
    shot(page, "new")
    gone = []

    def sometimes(route):
        if route.request.method == "PATCH" and len(gone) < 2:
            gone.append(route.request.url)
            return route.abort("connectionreset")
        return route.continue_()

    page.route("**/uploads/*", sometimes)
    fill(page, path)
    pause = page.locator("[data-cw-pause]")
    pause.wait_for()
    check(page, "sending")
    shot(page, "sending")
    assert pause.evaluate("one => one === document.activeElement")
    page.keyboard.press("Enter")
    page.locator("[data-cw-resume]").wait_for()
    assert "Paused" in page.locator("[data-cw-told]").inner_text()
    # The page goes away; the next one knows what was begun.
    page.goto(f"{server}/cases/{case.ref}/files/new")
    fill(page, path)
    page.wait_for_url("**/files/J*")
    check(page)
    shot(page, "file")
    assert len(gone) == 2
    with database.work(readonly=True, unscoped=1) as db:
        record = db.scalars(select(StoredFile)).one()
        assert record.sha256 == hashlib.sha256(CONTENT).hexdigest()
        assert record.sealed_annex
        assert len(db.scalars(select(FileUpload)).all()) == 1
    page.goto(f"{server}/cases/{case.ref}/files")
    page.set_viewport_size({"width": 360, "height": 740})
    check(page, "narrow list")
    shot(page, "list-360")
    page.goto(f"{server}/cases/{case.ref}/files/new")
    page.locator("button[lang=km]").click()
    check(page, "in Khmer")
    shot(page, "new-km-360")


def test_cancelled_and_refused(page, server, app, database, case, tmp_path, slowly):
    path, picture = tmp_path / "list.csv", tmp_path / "report.pdf"
    path.write_bytes(CONTENT)
    picture.write_bytes(b"\xff\xd8\xff\xe0" + bytes(5000))
    enter(page, server, app, case.people["INV"])
    page.goto(f"{server}/cases/{case.ref}/files/new")
    fill(page, picture)
    page.get_by_text("picture, a sound or a film (JPEG)").wait_for()
    assert page.locator("#form").is_visible()
    assert page.locator("input[name=title]").input_value() == "Answer of the provider"
    shot(page, "refused")
    page.route("**/uploads/*", lambda route: (page.wait_for_timeout(100), route.continue_()))
    page.locator("input[type=file]").set_input_files(path)
    page.locator("#form button[name=save]").click()
    page.locator("[data-cw-cancel]").click()
    page.get_by_text("Cancelled. Nothing was kept.").wait_for()
    with database.work(readonly=True, unscoped=1) as db:
        assert db.scalars(select(StoredFile)).all() == []

"""Server and browser are killed at random moments while tus-js-client sends: each document comes whole, and once."""

import gc
import hashlib
import random
import time
from contextlib import suppress

import pytest
from playwright.sync_api import Error, Page, TimeoutError
from sqlalchemy import select

from casework.files.models import FileUpload
from casework.files.service import Files
from tests.files import papers
from tests.files.test_browser import case, fill, slowly  # noqa: F401  fixtures, and the form filled in
from tests.files.test_tus_kills import KILLS, Stage, end, two_days_later, whole_and_once
from tests.support.browser import enter
from tests.support.people import quick


@pytest.fixture
def stage(app, settings, database, case, slowly):  # noqa: F811
    quick(app)
    gc.freeze()
    made = Stage(app, settings, database, {})
    yield made
    end(made.server)
    made.socket.close()
    gc.unfreeze()


@pytest.fixture
def server(stage) -> str:
    """The address of the server that is killed, in place of the one that other tests have."""
    return stage.address


def begin(page: Page, address: str, path) -> None:
    """The form sent; a page that was begun with before goes on by itself."""
    for _again in range(3):
        try:
            page.goto(address)
            break
        except Error:  # the server was killed under it
            time.sleep(0.2)
    fill(page, path)
    page.locator("[data-cw-progress]").wait_for()


def killed(page: Page) -> Page:
    """Another page in the same browser, the process of this one killed."""
    context = page.context
    with pytest.raises(Error):
        page.goto("chrome://crash")
    fresh = context.new_page()
    page.close()
    return fresh


def state(database, name: str) -> str | None:
    """None before it began, "" on its way, then the document's reference."""
    with database.work(readonly=True, unscoped=1) as db:
        uploads = [one for one in db.scalars(select(FileUpload)) if one.facts["name"] == name]
    assert len(uploads) < 2
    return uploads[0].file_ref or "" if uploads else None


def test_uploads_survive(page, server, stage, app, case, database, settings, tmp_path):  # noqa: F811
    sent, dice = {}, random.Random(7)
    kills = dice.sample(["server", "browser"] * ((KILLS + 1) // 2), KILLS)
    address = f"{server}/cases/{case.ref}/files/new"
    enter(page, server, app, case.people["INV"])
    while kills:
        content = f"upload {len(sent)}\n".encode() + papers.texts()["hashes.csv"] * 700
        path = tmp_path / f"list{len(sent)}.csv"
        path.write_bytes(content)
        sent[hashlib.sha256(content).hexdigest()] = len(content)
        begin(page, address, path)
        while not (at := state(database, path.name)):
            with suppress(TimeoutError, Error):
                page.wait_for_url("**/files/J*", timeout=dice.uniform(200, 900))
            if at is None or not kills:
                continue
            if kills.pop() == "server":
                stage.kill_server()
            else:
                page = killed(page)
                if not state(database, path.name):
                    begin(page, address, path)
    files = Files.of(settings)
    with database.work(unscoped=1) as db:
        whole_and_once(db, files, sent)
        two_days_later(db, files)
        whole_and_once(db, files, sent)

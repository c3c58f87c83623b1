"""Digests taken in the browser: the file is read there, in a worker, and nothing of it goes anywhere."""

import hashlib
import os
import re

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from casework.evidence.models import EvidenceItem
from casework.web.headers import HASHING_POLICY, PAGE_POLICY, WORKER_POLICY
from tests.evidence.test_browser import case, people  # noqa: F401  fixtures
from tests.support.browser import check, enter

pytestmark = pytest.mark.one_engine
MIB = 1 << 20
SPARSE = 3 << 30  # reads as zeros and takes no room; long enough to be stopped in the middle


@pytest.fixture
def form(page, server, app, people, case):  # noqa: F811
    """The form of a new item."""
    enter(page, server, app, people["inv"])
    page.goto(f"{server}/cases/{case.ref}/evidence/new")
    return page


@pytest.fixture
def long_file(tmp_path):
    path = tmp_path / "long.bin"
    path.touch()
    os.truncate(path, SPARSE)
    return path


def told(page):
    return page.locator("[data-cw-hashing] [data-cw-told]")


def test_the_values_are_those_of_hashlib_and_nothing_leaves(form, server, tmp_path):
    content = os.urandom(32 * MIB + 1)
    path = tmp_path / "secret name.bin"
    path.write_bytes(content)
    check(form)
    asked = []
    form.context.on("request", lambda request: asked.append(f"{request.method} {request.url}"))
    form.get_by_label("Choose the file").set_input_files(path)
    expect(told(form)).to_contain_text("The values are filled in.", timeout=60_000)
    rows = form.locator("[data-cw-digest=rows] [data-cw-item]")
    found = {}
    for row in rows.all():
        algorithm = row.locator("input[type=radio]:checked").get_attribute("value")
        found[algorithm] = row.locator("[name=value]").input_value()
        assert row.locator("[name=tool]").input_value().startswith("hash-wasm ")
    assert found == {name: hashlib.new(name, content).hexdigest() for name in ("sha256", "sha1", "md5")}
    assert form.locator("input[name=size]").input_value() == str(len(content))
    check(form)
    # Scripts are all that is asked for, and none of them is told anything.
    script = re.compile(rf"GET {server}/static/[0-9a-f]{{8}}/(hash-worker|vendor/hash-wasm/\w+\.umd\.min)\.js")
    assert all(map(script.fullmatch, asked)), asked


def test_a_hash_is_verified_so(form, server, database, case, tmp_path):  # noqa: F811
    """What the page asks for is filled in; what somebody typed of the tool stays."""
    path = tmp_path / "copy.bin"
    path.write_bytes(b"abc")
    with database.work(readonly=True, unscoped=1) as db:
        ref = db.scalar(select(EvidenceItem.ref).where(EvidenceItem.number == 2))
    form.goto(f"{server}/cases/{case.ref}/evidence/{ref}/do/verify_hash")
    form.locator("input[name=tool]").fill("Reader 3")
    form.get_by_label("Choose the file").set_input_files(path)
    expect(form.locator("input[name=value]")).to_have_value(hashlib.sha256(b"abc").hexdigest())
    assert form.locator("input[name=tool]").input_value() == "Reader 3"
    check(form)
    form.locator("#form button[name=save]").click()
    # What was read is not what is on record.
    form.wait_for_url("**?done=verify_hash")
    assert form.get_by_text("Discrepancy", exact=True).first.is_visible()


def test_the_worker_can_ask_nobody_and_the_page_runs_no_wasm(form, server, app, people, case):  # noqa: F811
    assert "wasm" not in PAGE_POLICY + HASHING_POLICY
    assert "connect-src" not in WORKER_POLICY
    worker = form.locator("[data-cw-hashing]").get_attribute("data-worker")
    answer = form.request.get(f"{server}{worker}")
    assert answer.headers["content-security-policy"] == WORKER_POLICY
    assert form.request.get(form.url).headers["content-security-policy"] == HASHING_POLICY
    base = f"/cases/{case.ref}/evidence"
    for other in (base, f"{base}/search", worker.replace("-worker", "ing")):
        assert form.request.get(f"{server}{other}").headers["content-security-policy"] == PAGE_POLICY
    # Another worker, by the same policy or by none, is refused.
    tried = """() => { try { trustedTypes.createPolicy('other', {}); return 'made' } catch (e) { return e.name } }"""
    assert form.evaluate(tried) == "TypeError"


def test_it_can_be_cancelled_and_a_file_that_changes_or_goes_meanwhile_is_told(form, long_file):
    form.get_by_label("Choose the file").set_input_files(long_file)
    expect(form.locator("[data-cw-far]")).to_contain_text("of 3.0 GiB")
    form.get_by_role("button", name="Cancel").press("Enter")
    expect(told(form)).to_have_text("Cancelled. Nothing was filled in.")
    assert form.get_by_label("Choose the file").is_visible()
    assert form.locator("input[name=size]").input_value() == ""
    assert not form.locator("[data-cw-values]").is_visible()
    for harm in (lambda: os.truncate(long_file, SPARSE - 1), long_file.unlink):
        form.get_by_label("Choose the file").set_input_files(long_file)
        expect(form.locator("[data-cw-far]")).to_contain_text("MiB of")
        harm()
        expect(told(form)).to_contain_text("changed, moved or deleted", timeout=20_000)
        assert form.locator("input[name=size]").input_value() == ""


def test_in_khmer_on_a_telephone(form, server, tmp_path):
    form.set_viewport_size({"width": 360, "height": 800})
    form.get_by_role("button", name="ខ្មែរ").click()
    form.wait_for_load_state()
    check(form)
    path = tmp_path / "small.bin"
    path.write_bytes(b"abc")
    form.locator("#cw-hashing-file").set_input_files(path)
    expect(form.locator("[data-cw-value=md5]")).to_have_text(hashlib.md5(b"abc").hexdigest())
    assert "បានបំពេញ" in told(form).inner_text()
    check(form)


def test_without_script_the_command_is_named(browser, server, app, people, case):  # noqa: F811
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        enter(page, server, app, people["inv"])
        page.goto(f"{server}/cases/{case.ref}/evidence/new")
        assert page.get_by_text("casework hash").is_visible()
        assert not page.locator("#cw-hashing-file").is_visible()

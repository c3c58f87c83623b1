"""The pages of packages: asked for, followed, fetched by who asked, given up; and who learns nothing."""

import io
import re
import zipfile

import pyrage
import pytest
from sqlalchemy import select
from webtest import Upload

from casework.audit import signer
from casework.audit.models import AuditEntry
from casework.audit.sequencer import Sequencer
from casework.db.base import now
from casework.exchange.jobs import Packer
from casework.exchange.models import DisclosurePackage
from tests.exchange.world import keeping
from tests.files import papers
from tests.files.test_pages import add
from tests.support import scene
from tests.verifier import made as other

pytestmark = pytest.mark.one_engine
KEY = pyrage.x25519.Identity.generate()


@pytest.fixture
def made(app, database):
    return scene.build(database)


@pytest.fixture
def log(database, settings):
    return Sequencer(database.engine, signer.create(settings.log_key, "log.example/casework"))


def ask(browser, case, key=None) -> object:
    form = browser.get(f"/cases/{case.ref}/packages").click("New").forms["form"]
    form["explanation"], form["legal_basis"] = "Request 12/2026 of the court", "Request of the judge 12/2026"
    form["classification"] = "restricted"
    form["recipients"] = f"Court (fictional) {key or KEY.to_public()}"
    return form.submit("save", status="*")


def make(app, log) -> None:
    with keeping(log):
        assert Packer(app.registry).once()


def test_asked_for_followed_and_fetched(app, made, log, database):
    browser = made.browser(app, "psu")
    wrong = ask(browser, made.case, f"{str(KEY.to_public())[:-1]}{'q' if str(KEY.to_public())[-1] != 'q' else 'p'}")
    assert wrong.status_int == 422
    assert "mistyped" in wrong
    waiting = ask(browser, made.case).follow()
    path = waiting.request.path
    assert "Being made" in waiting
    assert browser.get(f"{path}/progress").json == {"waiting": True, "percent": 0}
    browser.get(f"{path}/download", status=404)
    make(app, log)
    assert browser.get(f"{path}/progress").json == {"waiting": False, "percent": 0}
    ready = browser.get(path)
    assert "Ready" in ready
    assert "Court (fictional)" in ready
    got = browser.get(f"{path}/download")
    assert got.content_type == "application/octet-stream"
    assert ".zip" in got.headers["Content-Disposition"]
    with zipfile.ZipFile(io.BytesIO(got.body)) as archive:
        sealed = next(name for name in archive.namelist() if name.endswith("item.json.age"))
        assert b"cracked corner" in pyrage.decrypt(archive.read(sealed), [KEY])
    assert browser.get(f"{path}/download", headers={"Range": "bytes=0-3"}, status=206).body == got.body[:4]
    with database.work(readonly=True, unscoped=1) as db:
        package = db.scalars(select(DisclosurePackage)).one()
        verbs = db.scalars(select(AuditEntry.verb).where(AuditEntry.record_id == package.id)).all()
    assert verbs.count("download") == 2
    assert package.manifest_sha256 in browser.get(f"/cases/{made.case.ref}/packages")

    form = browser.get(f"{path}/do/receive_package").forms["form"]
    form["day"], form["month"], form["year"] = now().strftime("%d/%m/%Y").split("/")
    form["receipt"] = "Letter 7, the hash was read out"
    assert "Letter 7" in form.submit("save").follow()
    assert "Letter 7" in browser.get(f"/cases/{made.case.ref}/packages")


def test_documents_of_the_case_are_offered_with_their_size_and_listed(app, made, log):
    """A sealed annex is not offered; what leaves says that one stayed."""
    inv, psu = made.browser(app, "inv"), made.browser(app, "psu")
    letter = add(inv, made.case, papers.texts()["english.txt"], "letter.txt", title="Letter").location.rsplit("/")[-1]
    annex = add(inv, made.case, papers.pdf(), title="Names", sealed_annex=True).location.rsplit("/")[-1]
    page = psu.get(f"/cases/{made.case.ref}/packages/new")
    assert re.search(rf"{letter}: Letter \([0-9.]+ [KM]?i?B\)", page.text)
    assert annex not in page.text
    forged = page.forms["form"]
    forged["explanation"], forged["legal_basis"] = "Request 12/2026 of the court", "Request of the judge 12/2026"
    forged["classification"], forged["recipients"] = "restricted", f"Court (fictional) {KEY.to_public()}"
    sent = [(name, annex if value == letter else value) for name, value in forged.submit_fields("save")]
    assert annex in [value for _name, value in sent]
    psu.post(page.request.path, sent, status=422)
    path = ask(psu, made.case).follow().request.path
    make(app, log)
    page = psu.get(path)
    assert letter in page
    assert annex not in page
    assert re.search(r"Sealed annexes left out\s*</dt>\s*<dd[^>]*>1<", page.text)
    form = psu.get("/packages/files/new").forms["form"]
    form["file"] = Upload("package.zip", psu.get(f"{path}/download").body, "application/zip")
    told = form.submit("save")
    assert "PROVED" in told
    assert "Documents of the case" in told
    assert "Sealed annexes left out: 1" in told
    assert annex not in told


def test_only_who_asked_fetches_it(app, made, log):
    path = ask(made.browser(app, "psu"), made.case).follow().request.path
    make(app, log)
    for name in ("psu2", "inv"):  # they see that it was made, and for whom
        browser = made.browser(app, name)
        page = browser.get(path)
        assert "Court (fictional)" in page
        assert "/download" not in page
        browser.get(f"{path}/download", status=404)
    assert "receive_package" not in made.browser(app, "inv").get(path)


def test_given_up_by_a_press(app, made, database):
    browser = made.browser(app, "psu")
    path = ask(browser, made.case).follow().request.path
    page = browser.get(f"{path}/do/cancel_package").forms["form"].submit("save").follow()
    assert "Given up" in page
    assert "Being made" not in page
    assert not Packer(app.registry).once()
    browser.get(f"{path}/download", status=404)


def test_who_may_not_make_one_is_refused(app, made):
    """And learns of none where the case is not theirs: the answer is that for a case that is not there."""
    path = f"/cases/{made.case.ref}/packages"
    for name in ("inv", "for", "pro", "cus", "clk", "sw", "sws", "prv", "hot", "ovs", "aud", "adm"):
        browser = made.browser(app, name)
        asked = browser.get(f"{path}/new", status="*")
        assert asked.status_int in (403, 404), name
        if name in ("inv", "for"):
            assert "packages/new" not in browser.get(path)
            continue
        other = browser.get("/cases/C26-000000-A/packages/new", status="*")
        seen = asked.status_int, browser.get(path, status="*").status_int
        assert seen == (other.status_int, other.status_int), name


def test_words_of_people_do_not_become_labels(app, made, log):
    """What somebody types stands on one line of bag-info.txt, whatever is in it."""
    browser = made.browser(app, "psu")
    form = browser.get(f"/cases/{made.case.ref}/packages/new").forms["form"]
    form["explanation"] = "Request 12/2026\nCasework-Classification: public\n of the court"
    form["legal_basis"], form["classification"] = "Request of the judge 12/2026", "sealed"
    form["recipients"] = f"Court (fictional): {KEY.to_public()}"
    path = form.submit("save").follow().request.path
    make(app, log)
    with zipfile.ZipFile(io.BytesIO(browser.get(f"{path}/download").body)) as archive:
        info = archive.read(next(name for name in archive.namelist() if name.endswith("bag-info.txt"))).decode()
    told = dict(line.split(": ", 1) for line in info.splitlines())
    assert told["Casework-Classification"] == "sealed"
    assert told["Casework-Purpose"].endswith("Casework-Classification: public of the court")
    assert told["Casework-Recipient"] == f"Court (fictional) {KEY.to_public()}"


def test_a_package_is_checked_before_anything_of_it_is_shown(app, made, log, database):
    browser = made.browser(app, "psu")
    path = ask(browser, made.case).follow().request.path
    make(app, log)
    data = browser.get(f"{path}/download").body

    def check(body: bytes, keys: str = "", who: str = "psu"):
        form = made.browser(app, who).get("/packages/files/new").forms["form"]
        form["file"], form["keys"] = Upload("package.zip", body, "application/zip"), keys
        return form.submit("save", status="*")

    item = made.item.ref
    for keys in ("", log._signer.key.text, f"log {log._signer.key.text}\nquorum none"):
        told = check(data, keys)
        assert "PROVED" in told
        assert item in told
        assert "cracked corner" not in told
    assert item in check(data, who="clk")
    for bad, keys in ((data[:-40], ""), (data.replace(b"age-encryption", b"age-encryptiom", 1), ""), (b"nothing", ""),
                      (data, other.LOG.vkey)):
        told = check(bad, keys)
        assert "PROVED" not in told
        assert "What is in it" not in told  # the verdict alone, which may name the file that is wrong
        assert told.status_int == 200
    assert check(data, "no key").status_int == 422
    made.browser(app, "sw").get("/packages/files/new", status=403)
    with database.work(readonly=True) as db:
        assert len(db.scalars(select(AuditEntry).where(AuditEntry.verb == "check_package")).all()) == 8

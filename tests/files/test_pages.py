"""Documents through the whole application: added with a form, listed, given out, removed; for whom it is, and only."""

import hashlib
import io

import pytest
from pypdf import PdfReader
from sqlalchemy import select
from webtest import Upload

from casework.audit.models import AuditEntry as Entry
from casework.cases import service as cases
from casework.files.models import FileUpload, StoredFile
from tests.files import papers
from tests.support.people import make_person, quick, sign_in

pytestmark = pytest.mark.one_engine


@pytest.fixture
def people(database, app):
    quick(app)
    with database.work() as db:
        return {"inv": make_person(db, "INV"), "psu": make_person(db, "PSU"), "pro": make_person(db, "PRO"),
                "other": make_person(db, "INV", "t.other"), "sw": make_person(db, "SW")}


@pytest.fixture
def case(database, people):
    psu = people["psu"].identity
    with database.work(identity=psu) as db:
        return cases.open_case(db, psu, title="Lotus", lead_agency_id=people["inv"].agency_id,
                               lead_officer_id=people["inv"].user_id, conduct=["grooming"], province="12")


def add(client, case, content: bytes, name: str = "report.pdf", *, status: int = 303, **values):
    """Fill in and send the form."""
    form = client.get(f"/cases/{case.ref}/files/new").forms["form"]
    form["title"], form["category"] = "Answer of the provider", "report"
    form["declaration"] = True
    for field, value in values.items():
        form[field] = value
    form["file"] = Upload(name, content)
    return form.submit(status=status)


def only(database, model=StoredFile):
    with database.work(readonly=True, unscoped=1) as db:
        return db.scalars(select(model)).all()


def verbs(database) -> list[str]:
    with database.work(readonly=True) as db:
        return list(db.scalars(select(Entry.verb).order_by(Entry.seq)))


def on_the_disk(tmp_path) -> list[str]:
    return sorted(path.name for path in (tmp_path / "files").rglob("*") if path.is_file())


def test_added_listed_and_given_out(client, database, people, case, tmp_path):
    sign_in(client, people["inv"])
    content = papers.texts()["hashes.csv"] * 300  # more than a segment
    page = add(client, case, content, "ចម្លើយ list.csv").follow()
    record, = only(database)
    assert record.media_type == "text/csv"
    assert record.size == len(content)
    assert record.scan == "not_scanned"
    assert hashlib.sha256(content).hexdigest() in page.text
    assert record.name == "ចម្លើយ list.csv"
    assert on_the_disk(tmp_path) == [record.address]
    assert record.ref in client.get(f"/cases/{case.ref}/files").text
    given = client.get(f"/files/{record.ref}/download")
    assert given.body == content
    assert given.headers["Content-Disposition"].startswith(f'attachment; filename="{record.ref} ')
    assert given.headers["Content-Security-Policy"].startswith("sandbox")
    assert given.headers["Accept-Ranges"] == "bytes"
    assert {"add_file", "download"} <= set(verbs(database))


@pytest.mark.parametrize(("asked", "start", "stop"), [
    ("bytes=0-9", 0, 10), ("bytes=1048500-1048600", 1048500, 1048601), ("bytes=-7", -7, None),
    ("bytes=2000000-", 2000000, None),
])
def test_a_range(client, database, people, case, asked, start, stop):
    sign_in(client, people["inv"])
    content = papers.texts()["hashes.csv"] * 300
    add(client, case, content, "list.csv")
    record, = only(database)
    given = client.get(f"/files/{record.ref}/download", headers={"Range": asked})
    assert given.status_int == 206
    assert given.body == content[start:stop]
    assert given.headers["Content-Range"].endswith(f"/{len(content)}")
    assert client.get(f"/files/{record.ref}/download", headers={"Range": f"bytes={len(content)}-"}, status=416)


def test_a_pdf_names_who_took_it(client, database, people, case):
    sign_in(client, people["inv"])
    add(client, case, papers.pdf(3))
    record, = only(database)
    assert (record.media_type, record.pages) == ("application/pdf", 3)
    given = PdfReader(io.BytesIO(client.get(f"/files/{record.ref}/download").body))
    for number, page in enumerate(given.pages, 1):
        text = page.extract_text()
        assert record.ref in text
        assert people["inv"].name in text
        assert f"Report (fictional) {number}" in text


def test_without_declaration_or_file_nothing_is_taken(client, database, people, case, tmp_path):
    sign_in(client, people["inv"])
    assert "Without this declaration" in add(client, case, papers.pdf(), declaration=False, status=422).text
    form = client.get(f"/cases/{case.ref}/files/new").forms["form"]
    form["title"], form["category"], form["declaration"] = "Answer", "report", True
    assert "Choose a file" in form.submit(status=422).text
    assert only(database) == []
    assert on_the_disk(tmp_path) == []


def test_a_picture_is_refused_and_leaves_nothing_but_an_entry(client, database, people, case, tmp_path):
    sign_in(client, people["inv"])
    page = add(client, case, b"\xff\xd8\xff\xe0\0\x10JFIF\0" + bytes(500), "report.pdf", status=422)
    assert "picture" in page.text
    assert "JPEG" in page.text
    assert page.forms["form"]["title"].value == "Answer of the provider"
    assert only(database) == []
    assert only(database, FileUpload) == []
    assert on_the_disk(tmp_path) == []
    assert "refuse_file" in verbs(database)


def test_too_large(client, database, people, case, app):
    sign_in(client, people["inv"])
    app.registry["files"].limit = 1000
    assert "too large" in add(client, case, papers.texts()["english.txt"], "a.txt", status=422).text
    assert only(database) == []


def test_no_room(client, database, people, case, app, tmp_path):
    sign_in(client, people["inv"])
    app.registry["files"].incoming.reserve = 1 << 60
    page = add(client, case, papers.pdf(), status=503)
    assert "too little room" in page.text
    assert only(database) == []
    assert on_the_disk(tmp_path) == []


def test_sent_twice_it_counts_once(client, database, people, case):
    sign_in(client, people["inv"])
    form = client.get(f"/cases/{case.ref}/files/new").forms["form"]
    form["title"], form["category"], form["declaration"] = "Answer", "report", True
    form["file"] = Upload("a.pdf", papers.pdf())
    assert form.submit(status=303).location == form.submit(status=303).location
    assert len(only(database)) == 1


def test_others_see_and_do_nothing(client, database, people, case):
    sign_in(client, people["inv"])
    add(client, case, papers.pdf())
    record, = only(database)
    for name in ("other", "sw"):
        client.reset()
        sign_in(client, people[name])
        client.get(f"/files/{record.ref}", status=(403, 404))
        client.get(f"/files/{record.ref}/download", status=(403, 404))
        client.get(f"/cases/{case.ref}/files", status=(403, 404))
    client.reset()
    sign_in(client, people["psu"])  # reads, of the own agency
    client.get(f"/files/{record.ref}/download", status=200)
    client.get(f"/cases/{case.ref}/files/new", status=403)


def test_removed_by_two_with_a_reason(client, database, people, case):
    sign_in(client, people["inv"])
    add(client, case, papers.pdf())
    record, = only(database)
    form = client.get(f"/files/{record.ref}/void").forms["form"]
    form["reason_code"] = form["reason_code"].options[1][0] if hasattr(form["reason_code"], "options") else "duplicate"
    form["reason"] = "This belongs to another case altogether."
    form.submit(status=303)
    client.reset()
    sign_in(client, people["psu"])
    form = client.get(f"/files/{record.ref}/void").forms["form"]
    form["decision"] = "approve"
    form.submit(status=303)
    assert "<s>" in client.get(f"/cases/{case.ref}/files").text
    client.get(f"/files/{record.ref}/download", status=404)
    assert "This belongs to another case" in client.get(f"/files/{record.ref}/history").text


def test_nothing_lies_anywhere_in_clear(client, database, people, case, tmp_path, monkeypatch):
    """Nor in a folder for temporary files: whoever would make one there is told no."""
    import tempfile

    def never(*args, **kw):
        raise AssertionError("a temporary file")

    sign_in(client, people["inv"])
    for name in ("NamedTemporaryFile", "mkstemp", "TemporaryFile", "SpooledTemporaryFile"):
        monkeypatch.setattr(tempfile, name, never)
    add(client, case, b"The witness said that nobody was there. " * 60_000, "statement.txt")
    for path in tmp_path.rglob("*"):
        assert path.is_dir() or b"nobody was there" not in path.read_bytes()

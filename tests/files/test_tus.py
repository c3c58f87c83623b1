"""Resumable uploads over the application: the protocol's answers, whose upload it is, what leaves nothing."""

import base64
import datetime as dt
import hashlib

import pytest
from sqlalchemy import select, update

from casework.files import fixity
from casework.files.models import FileUpload, StoredFile
from casework.web.uploads import PIECE_TYPE
from tests.files import papers
from tests.files.test_pages import case, on_the_disk, only, people, verbs  # noqa: F401  fixtures and looks
from tests.support.people import sign_in

pytestmark = pytest.mark.one_engine


class Client:
    """A client of the protocol, with the session and the token of a page."""

    def __init__(self, client, of):
        self.client, self.case = client, of
        token = client.get("/account").forms[0]["csrf_token"].value
        self.headers = {"Tus-Resumable": "1.0.0", "X-CSRF-Token": token, "Sec-Fetch-Site": "same-origin"}

    def ask(self, method: str, path: str, data: bytes = b"", status=None, **headers: str):
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.request(path, method=method, body=data, headers={**self.headers, **named},
                                   status=status or "*")

    def create(self, length: int, status=201, **more: str):
        facts = {"owner": self.case.ref, "title": "Answer of the provider", "category": "report",
                 "declaration": "true", "filename": "list.csv", **more}
        written = ",".join(f"{k} {base64.b64encode(v.encode()).decode()}" for k, v in facts.items() if v)
        answer = self.ask("POST", "/uploads", status=status, Upload_Length=str(length), Upload_Metadata=written)
        return answer.headers["Location"].replace("http://localhost", "") if status == 201 else answer

    def patch(self, path: str, offset: int, data: bytes, status=204, **headers: str):
        named = {"Upload_Offset": str(offset), "Content_Type": PIECE_TYPE, **headers}
        return self.ask("PATCH", path, data, status, **named)

    def offset(self, path: str) -> int:
        return int(self.ask("HEAD", path, status=200).headers["Upload-Offset"])


@pytest.fixture
def tus(client, people, case):  # noqa: F811
    sign_in(client, people["inv"])
    return Client(client, case)


CONTENT = papers.texts()["hashes.csv"] * 250


def test_in_pieces_with_checksums_and_an_answer_that_was_lost(tus, database, client, tmp_path):
    said = tus.ask("OPTIONS", "/uploads", status=204).headers
    assert said["Tus-Version"] == "1.0.0"
    assert {"creation", "checksum", "expiration", "termination"} <= set(said["Tus-Extension"].split(","))
    path = tus.create(len(CONTENT), sha256=hashlib.sha256(CONTENT).hexdigest())
    sent = 0
    while sent < len(CONTENT):
        assert tus.offset(path) == sent
        piece = CONTENT[sent : sent + 900_000]
        checksum = base64.b64encode(hashlib.sha256(piece).digest()).decode()
        tus.patch(path, sent, piece, 460, Upload_Checksum="sha256 " + base64.b64encode(bytes(32)).decode())
        tus.patch(path, sent + 1, piece, 409)
        answer = tus.patch(path, sent, piece, Upload_Checksum=f"sha256 {checksum}")
        sent += len(piece)
    record, = only(database)
    assert answer.headers["Casework-File"] == record.ref
    assert tus.offset(path) == len(CONTENT)  # asks again who never got the answer
    tus.patch(path, sent - len(piece), piece, 409)
    assert client.get(f"/files/{record.ref}/download").body == CONTENT
    assert on_the_disk(tmp_path) == [record.address]
    tus.ask("DELETE", path, status=403)


def test_what_is_refused(tus, database, client, people, tmp_path):  # noqa: F811
    assert tus.create(10, status=422, declaration="").text
    assert tus.create(10, status=422, category="film").text
    tus.create(10, status=404, owner="C26-000000-A")
    tus.create(51 << 20, status=422)
    tus.ask("POST", "/uploads", status=412, Tus_Resumable="0.2.2")
    assert tus.ask("POST", "/uploads", status=400, X_CSRF_Token="other")
    path = tus.create(5000)
    tus.patch(path, 0, b"text", 415, Content_Type="text/plain")
    tus.patch(path, 0, b"x" * 6000, 409)
    assert "JPEG" in tus.patch(path, 0, b"\xff\xd8\xff\xe0" + bytes(900), 422).text
    tus.ask("HEAD", path, status=404)
    path = tus.create(100, sha256="0" * 64)
    assert "hash value" in tus.patch(path, 0, b"x" * 100, 422).text
    path = tus.create(5000)
    tus.patch(path, 0, b"words " * 100)
    tus.ask("DELETE", path, status=204)
    tus.ask("HEAD", path, status=404)
    assert only(database) == []
    assert only(database, FileUpload) == []
    assert on_the_disk(tmp_path) == []
    assert "refuse_file" in verbs(database)


def test_an_upload_is_its_own_persons_and_runs_out(tus, app, database, client, people, tmp_path):  # noqa: F811
    path = tus.create(5000)
    tus.patch(path, 0, b"words " * 100)
    client.reset()
    sign_in(client, people["psu"])
    other = Client(client, tus.case)
    other.ask("HEAD", path, status=404)
    other.patch(path, 600, b"words", 404)
    other.create(5000, status=403)  # reads the case's files, adds none
    with database.work() as db:
        db.execute(update(FileUpload).values(until=dt.datetime(2026, 1, 1, tzinfo=dt.UTC)))
    with database.work() as db:
        fixity.sweep(db, app.registry["files"])
        assert db.scalars(select(FileUpload)).all() == []
    assert on_the_disk(tmp_path) == []
    assert only(database, StoredFile) == []

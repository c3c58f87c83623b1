"""Server and client are killed at random moments while tuspy uploads: each upload ends whole, and once."""

import datetime as dt
import gc
import hashlib
import os
import random
import signal
import socket
import time
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest
import requests
from sqlalchemy import select
from tusclient.client import TusClient
from tusclient.exceptions import TusCommunicationError
from waitress.server import create_server

from casework.audit.models import AuditEntry
from casework.cli.wsgi import behind_proxy
from casework.db.base import now
from casework.files import fixity
from casework.files.models import FileUpload, StoredFile
from casework.files.service import Files
from casework.files.store import check
from tests.files import papers
from tests.files.test_pages import case, people  # noqa: F401  fixtures
from tests.support.people import sign_in

KILLS = int(os.environ.get("CASEWORK_TEST_KILLS", "20"))
PIECE = 200_000
pytestmark = pytest.mark.one_engine


class Stage:
    """A server that is forked off, and a client that is; both may die."""

    def __init__(self, app, settings, database, headers: dict[str, str]):
        self.app, self.settings, self.database, self.headers = app, settings, database, headers
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self.socket.getsockname()[1]}"
        self.dice = random.Random(11)
        self.server = self.fork(self.serve)

    def fork(self, action: Callable[[], None]) -> int:
        for engine in (self.app.registry["engine"], self.database.engine):
            engine.dispose()
        child = os.fork()
        if child:
            return child
        try:
            action()
            os._exit(0)
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(1)

    def serve(self) -> None:
        create_server(behind_proxy(self.app, self.settings), sockets=[self.socket], threads=2).run()

    def client(self) -> TusClient:
        return TusClient(f"{self.address}/uploads", headers=self.headers)

    def send(self, path: Path, url: str) -> None:
        """Until it is there. Asking how far it came is not tried again by tuspy itself."""
        while True:
            try:
                with path.open("rb") as file:
                    self.client().uploader(file_stream=file, url=url, chunk_size=PIECE).upload()
                return
            except (TusCommunicationError, requests.ConnectionError) as problem:
                status = getattr(problem, "status_code", None) or 500
                if 400 <= status < 500 and status not in (409, 423):
                    raise
                time.sleep(0.05)

    def kill_server(self) -> None:
        end(self.server)
        self.server = self.fork(self.serve)


def end(child: int) -> None:
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


def ended(child: int) -> bool:
    found, status = os.waitpid(child, os.WNOHANG)
    if found and status:
        pytest.fail("the client gave up")
    return bool(found)


@pytest.fixture
def stage(app, client, settings, database, people):  # noqa: F811
    sign_in(client, people["inv"])
    token = client.get("/account").forms[0]["csrf_token"].value
    cookies = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
    gc.freeze()
    made = Stage(app, settings, database, {"Cookie": cookies, "X-CSRF-Token": token, "Sec-Fetch-Site": "same-origin"})
    yield made
    end(made.server)
    made.socket.close()
    gc.unfreeze()


def whole_and_once(db, files: Files, sent: dict[str, int]) -> list[StoredFile]:
    """All that was sent, by digest and length, and nothing else, is there as it was; the records of it."""
    records = list(db.scalars(select(StoredFile)))
    assert {record.sha256: record.size for record in records} == sent
    assert len(records) == len(sent)
    for record in records:
        check(files.store, record.address, record.stored)
        assert files.verify(db, record) is None
    return records


def two_days_later(db, files: Files) -> None:
    """The sweep of two days later. Whoever is killed after the record is made and before its pieces are thrown away
    leaves them to it."""
    old = time.time() - 3 * 86_400
    for path in files.incoming.root.iterdir():
        os.utime(path, (old, old))
    fixity.sweep(db, files, now() + dt.timedelta(days=2))
    assert list(files.incoming.root.iterdir()) == []


def test_uploads_survive(stage, case, tmp_path, database, settings):  # noqa: F811
    """Kills go on through as many uploads as it takes; nothing is lost, and nothing comes twice."""
    kills, sent = 0, {}
    while kills < KILLS:
        content = f"upload {len(sent)}\n".encode() + papers.texts()["hashes.csv"] * 200
        path = tmp_path / f"list{len(sent)}.csv"
        path.write_bytes(content)
        facts = {"owner": case.ref, "title": f"List {len(sent)} (fictional)", "category": "report",
                 "declaration": "true", "filename": path.name}
        with path.open("rb") as file:
            url = stage.client().uploader(file_stream=file, chunk_size=PIECE, metadata=facts).create_url()
        at_work = stage.fork(lambda path=path, url=url: stage.send(path, url))
        while not ended(at_work):
            time.sleep(stage.dice.uniform(0.02, 0.25))
            if kills == KILLS:
                continue
            if stage.dice.random() < 0.5:
                stage.kill_server()
            elif ended(at_work):
                break
            else:
                end(at_work)
                at_work = stage.fork(lambda path=path, url=url: stage.send(path, url))
            kills += 1
        sent[hashlib.sha256(content).hexdigest()] = len(content)
    files = Files.of(settings)
    with database.work(unscoped=1) as db:
        records = whole_and_once(db, files, sent)
        assert all(upload.file_ref for upload in db.scalars(select(FileUpload)))
        entries = db.scalars(select(AuditEntry.record_id).where(AuditEntry.verb == "add_file")).all()
        assert sorted(entries) == sorted(record.id for record in records)
        two_days_later(db, files)
        assert whole_and_once(db, files, sent) == records

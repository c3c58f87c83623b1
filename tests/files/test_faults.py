"""Whatever the disk, the store or the scanner does, the answer is clear, nothing is lost, and nothing is left lying."""

import socket
import threading
import uuid

import pytest
from sqlalchemy import select

from casework.files import folder as folders
from casework.files.antivirus import Scanner
from casework.files.content.refusal import NotTaken
from casework.files.models import StoredFile
from casework.files.service import Facts
from casework.files.store import NoSpace, StoreProblem
from tests.files import papers

pytestmark = pytest.mark.one_engine
CONTENT = papers.texts()["hashes.csv"] * 150


class Store:
    """The folder, with one fault of a kind."""

    def __init__(self, store, fault: str):
        self._store, self.fault = store, fault

    def put(self, address, source):
        if self.fault == "full":
            raise NoSpace("the disk is full")
        if self.fault == "down":
            raise StoreProblem("no answer")
        if self.fault != "forgets":
            self._store.put(address, source)
        if self.fault == "power":
            # Put, and gone before anything was told of it.
            self._store.delete(address)

    def read(self, address, start, length):
        data = self._store.read(address, start, length)
        if self.fault == "lies" and start:
            return b"\0" * len(data)
        return data[:-1] if self.fault == "cuts" else data

    def size(self, address):
        return self._store.size(address)

    def delete(self, address):
        self._store.delete(address)

    def objects(self):
        return self._store.objects()


@pytest.mark.parametrize("fault", ["full", "down", "forgets", "power", "lies", "cuts"])
def test_a_finish_that_fails_is_told_and_done_again(desk, files, database, fault):
    """Nothing is recorded before the store gave every byte back; what had arrived is still there afterwards."""
    identity, store = desk.world.who["inv"], files.store
    with database.work(identity=identity) as db:
        case = desk.world.case(db)
        upload = files.begin(db, identity, case, Facts("List (fictional)", "list.csv", "report"), len(CONTENT))
        files.receive(db, upload, 0, [CONTENT[:1_200_000]])
        files.store = Store(store, fault)
        with pytest.raises(StoreProblem), files.finish(db, upload, 1_200_000, iter((CONTENT[1_200_000:],))):
            pytest.fail("recorded")
        assert db.scalars(select(StoredFile)).all() == []
        files.store = store
        stands = files.offset(db, upload)
        assert stands == 1_200_000
        with files.finish(db, upload, stands, iter((CONTENT[stands:],))) as found:
            record = files.record(db, identity, upload, case, found)
        files.discard(upload)
        db.flush()
        assert files.verify(db, record) is None
        assert b"".join(files.open(db, record).whole()) == CONTENT
    assert [address for address, _at in store.objects()] == [found.address]
    assert files.incoming.uploads() == set()


def test_the_disk_is_full_in_the_middle(files, monkeypatch, tmp_path):
    """The words of the operating system become a clear answer, and what was kept stays."""
    upload, key = uuid.uuid4(), bytes(range(32))
    files.incoming.create(upload)
    with files.incoming.open(upload, key, b"x") as part:
        part.append(b"words " * 1000)
        part.keep()

    def full(*_args):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("casework.files.incoming.os.fsync", full)
        with files.incoming.open(upload, key, b"x") as part:
            part.append(b"more " * 1000)
            with pytest.raises(OSError, match="No space"):
                part.keep()
        with pytest.raises(NoSpace), files.incoming.open(upload, key, b"x") as part:
            part.keep()
        patched.setattr(folders.os, "link", full)
        with pytest.raises(NoSpace):
            files.store.put("0" * 64, files.incoming.root / f"{upload}.part")
    with files.incoming.open(upload, key, b"x") as part:
        assert part.offset == 6000


class Clamd(threading.Thread):
    """A scanner that answers what it is told to."""

    def __init__(self, answer: bytes):
        super().__init__(daemon=True)
        self.answer, self.seen = answer, b""
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self.socket.getsockname()[1]}"
        self.start()

    def run(self):
        connection, _ = self.socket.accept()
        with connection:
            while not self.seen.endswith(b"\0\0\0\0") and b"PING" not in self.seen:
                self.seen += connection.recv(65_536)
            connection.sendall(self.answer)
        self.socket.close()


def test_the_scanner_is_asked_where_there_is_one():
    clamd = Clamd(b"stream: OK\0")
    assert Scanner(clamd.address).scan([b"some ", b"words"]) == "clean"
    assert clamd.seen.startswith(b"zINSTREAM\0\0\0\0\x05some ")
    with pytest.raises(NotTaken) as found:
        Scanner(Clamd(b"stream: Example.Test.Signature FOUND\0").address).scan([b"x"])
    assert (found.value.code, found.value.what) == ("virus", "Example.Test.Signature")
    with pytest.raises(StoreProblem):
        Scanner(Clamd(b"INSTREAM size limit exceeded. ERROR\0").address).scan([b"x"])
    with pytest.raises(StoreProblem):
        Scanner("127.0.0.1:1").scan([b"x"])
    assert Scanner("").scan([b"x"]) == "not_scanned"
    assert (Scanner("").state(), Scanner("127.0.0.1:1").state()) == ("none", "down")
    assert Scanner(Clamd(b"PONG\0").address).state() == "up"

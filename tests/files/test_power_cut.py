"""The power goes at every moment at which something becomes certain: what was not synced is gone, what was answered is
there.

A model of the disk stands behind `os.fsync`: the bytes of a file are as they were when it was last synced, the names in
a folder as they were when the folder was. A cut comes in place of each sync of an upload, one after the other; between
two syncs nothing becomes certain, so no other moment differs. A disk may keep more than was promised: then the names
of the last moment are there, and the bytes are not.
"""

import datetime as dt
import os
import shutil
import stat
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import select

from casework.db.base import now
from casework.files import fixity
from casework.files.models import FileUpload, StoredFile
from tests.files import papers
from tests.files.test_pages import case, on_the_disk, people  # noqa: F401  fixtures and a look
from tests.files.test_tus import Client
from tests.support.people import sign_in

pytestmark = pytest.mark.one_engine
PIECE = 800_000
SINCE = dt.timedelta(days=3)  # the clean-up waits for what might still be somebody's
real_fsync = os.fsync


class PowerCut(BaseException):
    """Nothing that runs may go on."""


@dataclass
class Folder:
    """The names in a folder, each with its inode, as they were at a moment."""

    names: dict[str, int]


class Disk:
    """What a cut leaves of `root`, a folder that is not there yet."""

    def __init__(self, root: Path, cut: int):
        self.root, self.cut, self.syncs = root, cut, 0
        self.sure: dict[int, bytes | Folder] = {}
        self.seen: dict[int, bytes | Folder] = {}
        # No number of an inode is given to another file while these are open.
        self.held = [os.open(root.parent, os.O_RDONLY)]

    def fsync(self, handle: int) -> None:
        path = Path(os.readlink(f"/proc/self/fd/{handle}"))
        if path != self.root.parent and not path.is_relative_to(self.root):
            return real_fsync(handle)
        self.syncs += 1
        if self.syncs == self.cut:
            self.look()
            raise PowerCut
        self.held.append(os.open(f"/proc/self/fd/{handle}", os.O_RDONLY))  # a duplicate would keep its lock
        self.sure[os.fstat(handle).st_ino] = self._now(handle)
        return None

    def _now(self, handle: int) -> bytes | Folder:
        if stat.S_ISDIR(os.fstat(handle).st_mode):
            return Folder({one.name: one.inode() for one in os.scandir(handle)})
        return Path(f"/proc/self/fd/{handle}").read_bytes()

    def look(self) -> None:
        """Everything there is at this moment, synced or not."""
        for path in [self.root.parent, self.root, *self.root.rglob("*")]:
            with suppress(FileNotFoundError):
                handle = os.open(path, os.O_RDONLY)
                self.seen[os.fstat(handle).st_ino] = self._now(handle)
                self.held.append(handle)

    def after(self, keeps_names: bool) -> None:
        """Make the folder what it is when the power is back."""
        shutil.rmtree(self.root, ignore_errors=True)
        names = self.seen if keeps_names else self.sure
        above = names.get(os.fstat(self.held[0]).st_ino, Folder({}))
        if self.root.name in above.names:
            self._folder(self.root, above.names[self.root.name], names, {})
        for path in self.root.rglob("*"):
            os.utime(path, (time.time() - SINCE.total_seconds(),) * 2)

    def _folder(self, path: Path, inode: int, names: dict[int, bytes | Folder], made: dict[int, Path]) -> None:
        path.mkdir(mode=0o700)
        for name, child in names.get(inode, Folder({})).names.items():
            if isinstance(self.seen.get(child), Folder):
                self._folder(path / name, child, names, made)
            elif child in made:
                os.link(made[child], path / name)
            else:
                (path / name).write_bytes(self.sure.get(child, b""))
                made[child] = path / name

    def close(self) -> None:
        for handle in self.held:
            os.close(handle)


@dataclass
class Told:
    """What the client was answered."""

    path: str = ""
    offset: int = 0
    file: str = ""


def send(tus: Client, content: bytes, told: Told) -> None:
    """The upload, from where it stands."""
    told.path = told.path or tus.create(len(content))
    while not told.file:
        piece = content[told.offset : told.offset + PIECE]
        answer = tus.patch(told.path, told.offset, piece)
        told.offset += len(piece)
        told.file = answer.headers.get("Casework-File", "")


@pytest.fixture
def tus(client, people, case):  # noqa: F811
    sign_in(client, people["inv"])
    return Client(client, case)


CONTENT = papers.texts()["hashes.csv"] * 180


def cut_at(tus: Client, root: Path, monkeypatch, moment: int, keeps_names: bool) -> tuple[str, bool]:
    """An upload on an empty disk with the power cut at this sync, or when it was answered, and gone on with. The
    document, and whether there were so many syncs."""
    shutil.rmtree(root, ignore_errors=True)
    told, disk = Told(), Disk(root, moment)
    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", disk.fsync)
        try:
            send(tus, CONTENT, told)
            disk.look()
        except PowerCut:
            pass
        disk.after(keeps_names)
        disk.close()
    if told.path:
        stands = tus.offset(told.path)
        assert stands >= told.offset, f"{stands} of {told.offset} that were answered"
        told.offset = stands
    send(tus, CONTENT, told)
    return told.file, disk.syncs >= moment


@pytest.mark.parametrize("keeps_names", [False, True], ids=["names gone", "names there"])
def test_at_every_sync(tus, app, client, database, tmp_path, monkeypatch, keeps_names):
    files, moment, more = app.registry["files"], 0, True
    while more:
        moment += 1
        ref, more = cut_at(tus, files.incoming.root.parent, monkeypatch, moment, keeps_names)
        assert client.get(f"/files/{ref}/download").body == CONTENT
        with database.work(unscoped=1) as db:
            record = db.scalars(select(StoredFile).where(StoredFile.ref == ref)).one()
            fixity.sweep(db, files, now() + SINCE)
            assert db.scalars(select(FileUpload)).all() == []
        assert on_the_disk(tmp_path) == [record.address], moment
    with database.work(readonly=True, unscoped=1) as db:
        assert len(db.scalars(select(StoredFile)).all()) == moment  # each upload once
    assert moment > 12

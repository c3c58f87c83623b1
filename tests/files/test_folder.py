"""Files on the way in and in the folder: what was acknowledged is there, whatever is cut off in between."""

import hashlib
import os
import uuid

import pytest

from casework.files import cipher
from casework.files.cipher import Damaged
from casework.files.folder import Folder
from casework.files.incoming import Busy, Incoming, Linked
from casework.files.reader import Reader
from casework.files.store import Missing, NoSpace, StoreProblem, check, hash_of

BOUND = b"casework/file"
KEY = bytes(range(32))
PLAIN = bytes(range(251)) * 12_000  # a little under three segments


@pytest.fixture
def incoming(tmp_path) -> Incoming:
    return Incoming(tmp_path / "incoming", 0)


@pytest.fixture
def upload(incoming) -> uuid.UUID:
    one = uuid.uuid4()
    incoming.create(one)
    return one


def send(incoming, upload, data: bytes) -> int:
    with incoming.open(upload, KEY, BOUND) as part:
        part.append(data)
        part.keep()
        return part.offset


def finished(incoming, upload, folder: Folder) -> tuple[str, int]:
    with incoming.open(upload, KEY, BOUND) as part:
        part.finish()
        address = hash_of(part.path)
        folder.put(address, part.path)
        return address, part.stored


def test_in_pieces_of_any_length(incoming, upload, tmp_path):
    folder, sent = Folder(tmp_path / "objects"), 0
    for length in (1, 1_048_520 - 1, 1, 700_000, len(PLAIN)):
        piece = PLAIN[sent : sent + length]
        sent += len(piece)
        assert send(incoming, upload, piece) == sent
    address, stored = finished(incoming, upload, folder)
    check(folder, address, stored)
    opened = Reader(lambda *at: folder.read(address, *at), stored, KEY, BOUND)
    assert hashlib.sha256(b"".join(opened.whole())).digest() == hashlib.sha256(PLAIN).digest()


def test_no_word_of_it_lies_on_the_disk_in_clear(incoming, upload, tmp_path):
    words = b"a statement that nobody else may read " * 40_000
    send(incoming, upload, words[:100])
    send(incoming, upload, words[100:])
    finished(incoming, upload, Folder(tmp_path / "objects"))
    for path in tmp_path.rglob("*"):
        assert path.is_dir() or b"nobody else" not in path.read_bytes()


def test_only_its_own_account_may_look(incoming, upload, tmp_path):
    send(incoming, upload, PLAIN)
    address, _ = finished(incoming, upload, folder := Folder(tmp_path / "objects"))
    for path in (incoming.root, folder.path(address), folder.path(address).parent):
        assert path.stat().st_mode & 0o077 == 0


def test_what_was_not_kept_is_cut_off(incoming, upload):
    send(incoming, upload, PLAIN[:100])
    with incoming.open(upload, KEY, BOUND) as part:
        part.append(PLAIN[100:])  # the power goes before keep(): segments may lie there, whole or torn
        part._file.truncate(part.stored - 5)
    with incoming.open(upload, KEY, BOUND) as part:
        kept = part.offset
        assert kept >= 100
        part.append(PLAIN[kept:])
        part.keep()
        assert part.offset == len(PLAIN)
        part.finish()
        opened = Reader(part.fetch, part.stored, KEY, BOUND)
        assert b"".join(opened.whole()) == PLAIN


def test_a_finish_that_was_cut_off_is_undone_and_done_again(incoming, upload, tmp_path):
    send(incoming, upload, PLAIN[:-10])
    folder = Folder(tmp_path / "objects")
    with incoming.open(upload, KEY, BOUND) as part:
        part.append(PLAIN[-10:])
        part.finish()
        first = hash_of(part.path)
        folder.put(first, part.path)  # and here the server is killed
    with pytest.raises(Linked), incoming.open(upload, KEY, BOUND):
        pass
    incoming.unlink_from_store(upload)
    with incoming.open(upload, KEY, BOUND) as part:
        assert part.offset <= len(PLAIN) - 10
        part.append(PLAIN[part.offset :])
        part.finish()
        assert hash_of(part.path) == first
    check(folder, first, cipher.stored_size(len(PLAIN)))


def test_lost_or_changed_pieces_are_told(incoming, upload):
    send(incoming, upload, PLAIN)
    path = incoming.root / f"{upload}.part"
    os.truncate(path, cipher.SEGMENT)
    with pytest.raises(Damaged), incoming.open(upload, KEY, BOUND):
        pass


def test_two_cannot_write_at_once(incoming, upload):
    with incoming.open(upload, KEY, BOUND), pytest.raises(Busy), incoming.open(upload, KEY, BOUND):
        pass


def test_discarded_leaves_nothing(incoming, upload):
    send(incoming, upload, PLAIN)
    incoming.discard(upload)
    assert list(incoming.root.iterdir()) == []
    assert incoming.uploads() == set()
    with pytest.raises(Missing), incoming.open(upload, KEY, BOUND):
        pass


def test_a_reserve_stays_free(incoming, upload):
    incoming.reserve = 1 << 60
    with pytest.raises(NoSpace):
        incoming.require(1)
    with pytest.raises(NoSpace):
        send(incoming, upload, PLAIN)
    incoming.reserve = 0
    assert send(incoming, upload, b"") == 0


def test_reading_back_finds_what_is_not_what_was_put_there(tmp_path):
    folder, source = Folder(tmp_path / "objects"), tmp_path / "source"
    source.write_bytes(PLAIN)
    address = hash_of(source)
    folder.put(address, source)
    folder.put(address, source)  # the same again changes nothing
    check(folder, address, len(PLAIN))
    assert [found for found, _at in folder.objects()] == [address]
    kept = folder.path(address)
    os.chmod(kept, 0o600)
    with open(kept, "r+b") as file:
        file.seek(1000)
        file.write(b"\xff\xfe")
    with pytest.raises(StoreProblem):
        check(folder, address, len(PLAIN))
    folder.delete(address)
    folder.delete(address)
    with pytest.raises(Missing):
        folder.read(address, 0, 10)


def test_across_disks_it_is_copied_and_seen_only_whole(tmp_path, monkeypatch):
    folder, source = Folder(tmp_path / "objects"), tmp_path / "source"
    source.write_bytes(PLAIN)

    def other_disk(*_args):
        raise OSError(18, "cross-device link")

    monkeypatch.setattr(os, "link", other_disk)
    folder.put(address := hash_of(source), source)
    check(folder, address, len(PLAIN))
    assert [p.name for p in folder.path(address).parent.iterdir()] == [address]

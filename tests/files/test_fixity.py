"""Files are read back in time; a bad one becomes a discrepancy that everybody concerned sees; orphans are swept."""

import datetime as dt
import os
import time

import pytest
from sqlalchemy import select

from casework.audit.models import AuditEntry
from casework.cli import main
from casework.db.base import now
from casework.evidence import damaged
from casework.evidence.models import EvidenceItem
from casework.files import fixity
from casework.files.models import StoredFile
from casework.files.service import Facts
from casework.files.store import StoreProblem, hash_of
from tests.support.people import make_person, quick, sign_in


def keep(desk, files, owner_id=None, content: bytes = b"A report of several words.\n" * 9) -> str:
    """A document of the case, or of an item; its reference."""
    identity = desk.world.who["inv"]
    with desk.database.work(identity=identity) as db:
        owner = desk.world.case(db) if owner_id is None else db.get_one(EvidenceItem, owner_id)
        facts = Facts("Report (fictional)", "report.txt", "report")
        upload = files.begin(db, identity, owner, facts, len(content), keep=False)
        with files.finish(db, upload, 0, iter((content,))) as found:
            ref = files.record(db, identity, upload, owner, found).ref
        files.discard(upload)
        return ref


def spoil(files, ref: str, database, how: str) -> None:
    with database.work(readonly=True, unscoped=1) as db:
        path = files.store.path(db.scalars(select(StoredFile.address).where(StoredFile.ref == ref)).one())
    os.chmod(path, 0o600)
    if how == "missing":
        path.unlink()
    elif how == "length":
        os.truncate(path, 60)
    else:
        with path.open("r+b") as file:
            file.seek(45)
            file.write(b"other")


def one(database, ref: str) -> StoredFile:
    with database.work(readonly=True, unscoped=1) as db:
        return db.scalars(select(StoredFile).where(StoredFile.ref == ref)).one()


def test_read_back_in_time_and_a_bad_one_is_told_once(desk, files, database):
    refs = [keep(desk, files) for _ in range(4)]
    for ref, how in zip(refs, ("missing", "length", "changed"), strict=False):
        spoil(files, ref, database, how)
    with database.work() as db:
        assert fixity.read_back(db, files) == []  # nothing is due yet
    later = now() + fixity.AIM + dt.timedelta(hours=1)
    with database.work() as db:
        assert {r.bad for r in fixity.read_back(db, files, later)} == {"missing", "length", "changed"}
    with database.work() as db:
        assert fixity.read_back(db, files, later) == []
    assert [one(database, ref).bad for ref in refs] == ["missing", "length", "changed", None]
    assert one(database, refs[3]).read_at == later
    with database.work(readonly=True) as db:
        told = db.scalars(select(AuditEntry.verb).where(AuditEntry.verb.in_(("bad_file", "verify_file")))).all()
    assert sorted(told) == ["bad_file"] * 3 + ["verify_file"]


def test_the_pace_reads_everything_within_180_days(desk, files, database):
    """As many a run as the number of files asks for, however many there are."""
    for count in (10, 1_000_000):
        a_run = count // (fixity.AIM.days * fixity.RUNS_A_DAY) + 4
        assert count / a_run / fixity.RUNS_A_DAY < fixity.EVERY.days


def test_a_damaged_document_freezes_its_item(desk, files, database):
    damaged.register()
    item = desk.record("inv")
    ref = keep(desk, files, item)
    spoil(files, ref, database, "changed")
    with database.work() as db:
        fixity.read_back(db, files, now() + fixity.EVERY)
    assert desk.look(item, lambda db, found: (found.state, found.discrepancy_kind)) == ("discrepancy", "damaged")


@pytest.mark.one_engine
def test_a_store_that_is_away_makes_nothing_bad(desk, files, database, monkeypatch):
    ref = keep(desk, files)

    def away(*_args):
        raise StoreProblem("away")

    monkeypatch.setattr(files.store, "size", away)
    with database.work() as db:
        assert fixity.read_back(db, files, now() + fixity.EVERY) == []
    assert one(database, ref).bad is None


@pytest.mark.one_engine
def test_swept_is_what_nobody_refers_to_and_only_when_it_is_old(desk, files, database, tmp_path):
    ref = keep(desk, files)
    orphan = tmp_path / "orphan"
    orphan.write_bytes(b"bytes of a finish that was cut off")
    files.store.put(address := hash_of(orphan), orphan)
    with database.work() as db:
        assert fixity.sweep(db, files) == 0
    old = time.time() - 3 * 86_400
    os.utime(files.store.path(address), (old, old))
    os.utime(files.store.path(one(database, ref).address), (old, old))
    with database.work() as db:
        assert fixity.sweep(db, files) == 1
    assert [found for found, _at in files.store.objects()] == [one(database, ref).address]


@pytest.mark.one_engine
def test_the_commands_and_the_pages_tell(desk, files, database, app, client, ini, monkeypatch, capsys):
    for name, value in ini.items():
        monkeypatch.setenv("CASEWORK_" + name.removeprefix("casework.").upper(), value)
    good, bad = keep(desk, files), keep(desk, files)
    assert main(["files", "verify", good]) == 0
    spoil(files, bad, database, "changed")
    assert main(["files", "verify"]) == 1
    assert bad in capsys.readouterr().out
    assert main(["files", "sweep", "--json"]) == 0
    assert main(["files", "verify", "J26-000000-A"]) == 1
    quick(app)
    with database.work() as db:
        psu = make_person(db, "PSU", "t.police")
    sign_in(client, psu)
    assert "not what was stored" in client.get("/").text
    assert "Its bytes were changed" in client.get(f"/files/{bad}").text
    assert "Its bytes were changed" not in client.get(f"/files/{good}").text

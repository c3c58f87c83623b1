"""Lists are received whole or not at all, and match exhibits both ways."""

import datetime as dt
import os

import pytest
from sqlalchemy import select

from casework.cli import main
from casework.evidence import known, service
from casework.evidence.known import hits
from casework.evidence.models import EvidenceItem
from casework.hashes import lists
from casework.hashes.lists import About, ListProblem
from casework.hashes.models import HashHit, HashList
from casework.hashes.store import ListFiles, Said
from tests.evidence.world import SHA, build, digital_data

OTHER = "b" * 64
known.register()


@pytest.fixture
def world(database):
    with database.work() as db:
        return build(db)


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "hashes"


def written(tmp_path, *lines: str):
    path = tmp_path / "list.txt"
    path.write_text("\n".join(lines))
    return path


def about(name: str = "Sample", version: str = "1", **more) -> About:
    return About(name, version, "Hotline (fictional)", **more)


def received(database, folder, path, told=None) -> None:
    with database.work() as db:
        lists.receive(db, folder, path, told or about())


def record(database, world, folder, sha: str = SHA, *, number: int = 1):
    inv = world.who["inv"]
    with database.work(identity=inv, hash_lists=lists.Lists(folder)) as db:
        data = {**digital_data(), "seal": f"S-{number}", "seal_witnesses": ["A", "B"]}
        data["hashes"] = [{"algorithm": "sha256", "value": sha, "tool": "sha256sum 9.1"}]
        return service.record_item(db, inv, world.case(db), data).id


def test_a_new_digest_is_looked_up_in_the_lists(database, world, tmp_path, folder):
    received(database, folder, written(tmp_path, SHA))
    listed, unknown = record(database, world, folder), record(database, world, folder, OTHER, number=2)
    with database.work(readonly=True, identity=world.who["exam"]) as db:
        found = {hit.item_id: hit for hit in db.scalars(select(HashHit))}
        assert set(found) == {listed}
        assert unknown not in found
        (hit,) = hits(db, db.get_one(EvidenceItem, listed))
        assert (hit.list, hit.version, hit.algorithm, hit.expired) == ("Sample", "1", "sha256", False)
    with database.work(readonly=True, identity=world.who["sw"]) as db:
        assert db.scalars(select(HashHit)).all() == []


def test_a_new_list_is_asked_about_every_exhibit(database, world, tmp_path, folder):
    listed = record(database, world, folder)
    received(database, folder, written(tmp_path, SHA))
    for _again in range(2):  # the second time finds nothing new
        with database.work(unscoped=1) as db:
            lists.match(db, lists.Lists(folder), db.get_one(EvidenceItem, listed))
    with database.work(readonly=True, unscoped=1) as db:
        assert [hit.item_id for hit in db.scalars(select(HashHit))] == [listed]


def test_what_is_over_answers_no_more(database, world, tmp_path, folder):
    received(database, folder, written(tmp_path, SHA), about(expires_on=dt.date(2020, 1, 1)))
    received(database, folder, written(tmp_path, SHA), about(version="2"))
    with database.work() as db:
        db.scalar(select(HashList).where(HashList.version == "2")).ended_at = dt.datetime.now(dt.UTC)
    record(database, world, folder)
    with database.work(readonly=True, unscoped=1) as db:
        assert db.scalars(select(HashHit)).all() == []


@pytest.mark.parametrize("lines", [(SHA, "nonsense"), (), ("# nothing",)])
def test_half_a_list_is_not_kept(database, tmp_path, folder, lines):
    with pytest.raises(ListProblem), database.work() as db:
        lists.receive(db, folder, written(tmp_path, *lines), about())
    assert os.listdir(folder) == []
    with database.work(readonly=True) as db:
        assert db.scalars(select(HashList)).all() == []


def test_the_same_version_is_refused(database, tmp_path, folder):
    received(database, folder, written(tmp_path, SHA))
    with pytest.raises(ListProblem):
        received(database, folder, written(tmp_path, OTHER))
    assert len(os.listdir(folder)) == 1


def test_what_a_list_takes_back_and_what_is_near(tmp_path, database, folder):
    space = 'xmlns="https://hashsharing.ncmec.org/hashsharing/v2"'
    pdq = "0" * 64
    path = tmp_path / "list.xml"
    path.write_text(
        f"<queryResult {space}><images><image><classification>A1</classification><fingerprints><sha256>{SHA}</sha256>"
        f"<pdq>{pdq}</pdq></fingerprints></image><image><fingerprints><sha256>{OTHER}</sha256></fingerprints></image>"
        f"<deletedImage><fingerprints><sha256>{OTHER}</sha256></fingerprints></deletedImage></images></queryResult>")
    with database.work() as db:
        made, count = lists.receive(db, folder, path, about())
    assert (count.rows, count.gone) == (2, 1)
    files = ListFiles(folder / str(made.id))
    assert files.find("sha256", SHA).label == "A1"
    assert files.find("sha256", OTHER) is None
    assert files.similar("pdq", f"{2**31 - 1:064x}") == Said("A1", None, 31)
    assert files.similar("pdq", f"{2**32 - 1:064x}") is None
    assert files.similar("photodna", "x") is None


@pytest.mark.one_engine
def test_the_command(tmp_path, capsys):
    data = tmp_path / "data"
    ini = tmp_path / "casework.ini"
    ini.write_text(f"[app:main]\nuse = egg:casework\ncasework.development = true\ncasework.data = {data}\n")
    path = written(tmp_path, SHA, "nonsense")

    def run(*words: str) -> tuple[int, str]:
        code = main(["--ini", str(ini), *words])
        said = capsys.readouterr()
        return code, said.out + said.err

    assert main(["--ini", str(ini), "init"]) == 0
    capsys.readouterr()
    code, said = run("hashlists", "import", str(path), "--dry-run")
    assert code == 1
    assert "line 2: not a digest of its kind: nonsense" in said
    told = ("--name", "Sample", "--version", "1", "--owner", "Hotline (fictional)")
    code, said = run("hashlists", "import", str(path), *told)
    assert code == 1
    assert "nothing was kept" in said
    code, said = run("hashlists", "import", str(path), *told, "--allow-wrong")
    assert code == 0
    assert "1 entries, 0 taken back, 1 wrong" in said
    assert run("hashlists", "ask", SHA)[0] == 0
    assert run("hashlists", "ask", OTHER)[0] == 1
    assert "Sample 1" in run("hashlists", "list")[1]
    assert run("hashlists", "end", "Sample", "1")[0] == 0
    assert run("hashlists", "ask", SHA)[0] == 1

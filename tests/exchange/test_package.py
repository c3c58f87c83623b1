"""A package from the asking to the recipient's hands: what is in it, who may, how it stops, and what is left."""

import datetime as dt
import hashlib
import json
import shutil
import subprocess
import time

import bagit
import bagit_profile
import pyrage
import pytest
from sqlalchemy import select

from casework.audit.models import AuditEntry
from casework.authz.models import Grant
from casework.cli import main
from casework.db.base import now
from casework.evidence.models import EvidenceItem
from casework.exchange import check, importing, jobs, making, service
from casework.exchange.jobs import Packer, spool_of
from casework.exchange.models import PackageJob
from casework.exchange.profile import as_bytes, profile
from casework.files.models import StoredFile
from casework.files.store import StoreProblem
from casework.settings import ROOT
from casework.verifier.casework_verify import PROFILE, Failed, Trust, key_from
from casework.witness.policy import load
from casework.workflow.engine import NotAllowed, Refused
from tests.evidence.world import SHA
from tests.exchange import bags, cases
from tests.exchange.world import REPORT, office, office_on
from tests.verifier.made import WITNESSES


@pytest.fixture
def made(database, tmp_path):
    return office(database, tmp_path)


def trust(made) -> Trust:
    found = Trust()
    found.add_key(key_from(made.vkey))
    return found


def job(made, package) -> PackageJob | None:
    with made.database.work(readonly=True) as db:
        return db.get(PackageJob, package.id)


def left(made) -> list[str]:
    """What lies in the folder of packages."""
    root = spool_of(made.registry).root
    return sorted(path.name for path in root.iterdir()) if root.is_dir() else []


def accepted(path, tmp_path) -> None:
    """The Library of Congress's validator and that of profiles take the archive."""
    folder = tmp_path / "unpacked"
    shutil.unpack_archive(path, folder)
    [root] = folder.iterdir()
    bag = bagit.Bag(str(root))
    assert bag.validate()
    judge = bagit_profile.Profile(PROFILE, profile=profile())
    assert judge.validate(bag), judge.report
    assert judge.validate_serialization(str(path))
    shutil.rmtree(folder)


def test_it_is_made_checked_and_opened(made, tmp_path):
    package = made.make()
    assert package.state == "ready"
    assert package.documents == 3
    path = tmp_path / f"{package.ref}.zip"
    path.write_bytes(made.bytes_of(package))
    assert bags.verdict(path, made.vkey)["exit"] == 0
    accepted(path, tmp_path)

    root, files = bags.apart(path.read_bytes())
    assert root == package.ref
    assert package.manifest_sha256 == importing.check(path, trust(made)).manifest_sha256
    clear = b"".join(data for name, data in files.items() if not name.startswith("data/"))
    for word in (REPORT[:20], b"cracked corner", b"Sok Fictional", b"Inv Fictional", SHA.encode(), b"SN-0001",
                 b"Test street"):
        assert word not in clear, word
    for key in made.keys:
        found = importing.check(path, trust(made))
        [first, second] = importing.unlock(found, key, tmp_path / str(key.to_public())).items
        assert first["item"]["description"] == "Black telephone with a cracked corner"
        assert [one["type"] for one in first["custody"]] == ["seized", "sealed", "released", "received"]
        assert second["item"]["hashes"][0]["value"] == SHA
        kept = sorted((tmp_path / str(key.to_public()) / first["item"]["ref"]).iterdir())
        assert {one.read_bytes() for one in kept} == {REPORT + b"report.txt", REPORT + b"list.txt"}
    with pytest.raises(Exception, match="does not open"):
        importing.unlock(found, pyrage.x25519.Identity.generate())

    with made.database.work(readonly=True) as db:
        told = {e.verb: json.loads(e.body) for e in db.scalars(
            select(AuditEntry).where(AuditEntry.record_id == package.id))}
    assert set(told) == {"ask_package", "export", "finish_package"}
    asked = told["ask_package"]["fields"]
    assert asked["purpose"][1] == "court"
    assert [one["name"] for one in asked["recipients"][1]] == ["Office 1 (fictional)", "Office 2 (fictional)"]
    assert told["export"]["manifest_sha256"] == package.manifest_sha256
    assert list(told["export"]["items"]) == sorted(package.items)
    assert not {"address", "session_id", "request_id"} & set(told["export"])


def change(made, ref: str, **values) -> None:
    """Something becomes of a document, past the forms."""
    with made.database.work(unscoped=1) as db:
        document = db.scalars(select(StoredFile).where(StoredFile.ref == ref)).one()
        for name, value in values.items():
            setattr(document, name, value)


@pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated:DeprecationWarning")
@pytest.mark.filterwarnings("ignore:.* is deprecated. Use files:DeprecationWarning")
def test_documents_of_the_case_go_too_and_sealed_annexes_stay(made, tmp_path):
    """Of the case those that were chosen; a redacted version in the place of its original; of annexes the number."""
    with made.database.work(readonly=True, unscoped=1) as db:
        item = db.scalars(select(EvidenceItem).order_by(EvidenceItem.number)).first()
        case = made.desk.world.case(db).ref
    letter = made.keep(None, b"A letter of the office (fictional).\n" * 30, "letter.txt", title="Letter")
    made.keep(None, b"A list that nobody chose (fictional).\n" * 30, "unchosen.txt", title="List")
    whole = made.keep(item.id, b"Who the child is (fictional).\n" * 30, "whole.txt", title="Whole statement")
    part = made.keep(item.id, b"The statement without names (fictional).\n" * 30, "part.txt", title="Without names",
                     redacted_of=whole)
    for owner in (None, item.id):
        made.keep(owner, b"Names apart from the file (fictional).\n" * 30, "annex.txt", title="Annex of names",
                  sealed_annex=True)
    package = made.make(files=[letter])
    assert (package.state, package.documents, package.left_out, package.files) == ("ready", 5, 2, [letter])
    path = tmp_path / f"{package.ref}.zip"
    path.write_bytes(made.bytes_of(package))
    accepted(path, tmp_path)
    assert bags.verdict(path, made.vkey)["exit"] == 0
    _root, files = bags.apart(path.read_bytes())
    opened = {name: pyrage.decrypt(data, [made.keys[0]]) for name, data in files.items() if name.startswith("data/")}
    everything = b"".join(files.values()) + b"".join(opened.values())
    for absent in (b"Who the child is", b"Whole statement", b"Names apart", b"Annex of names", b"annex.txt",
                   b"that nobody chose", b"unchosen.txt"):
        assert absent not in everything, absent
    assert opened[f"data/{case}/0001.age"].startswith(b"A letter of the office")
    assert f"{case},1,1\n" in files["custody/documents.csv"].decode()
    assert f"{item.ref},3,1\n" in files["custody/documents.csv"].decode()
    assert letter.encode() not in b"".join(data for name, data in files.items() if not name.startswith("data/"))

    graph = json.loads(opened["data/case.jsonld.age"])
    documents = {node["uco-core:name"]: node for node in graph["@graph"] if "casework:category" in node}
    assert len(documents) == 5
    assert [documents[ref]["casework:redacted"] for ref in (letter, part)] == [False, True]
    assert check.problems(graph) == []
    assert b"casework:category" not in files["custody/case.jsonld"]

    found = importing.check(path, trust(made))
    assert found.documents[case] == {"documents": 1, "left_out": 1}
    told = importing.unlock(found, made.keys[0], tmp_path / "out")
    assert [(one["ref"], one["redacted_of"]) for one in told.documents] == [(letter, None)]
    assert [one["redacted_of"] for one in told.items[0]["documents"] if one["ref"] == part] == [whole]
    assert told.items[0]["sealed_annexes_left_out"] == 1
    [kept] = (tmp_path / "out" / case).iterdir()
    assert kept.name == f"{letter} letter.txt"
    with made.database.work(readonly=True) as db:
        entry = db.scalars(select(AuditEntry).where(AuditEntry.verb == "export")).one()
    assert [json.loads(entry.body)[name] for name in ("documents", "left_out")] == [5, 2]


@pytest.mark.one_engine
def test_which_documents_of_the_case_cannot_be_chosen(made):
    """A sealed annex and one of another case are refused like what is not there."""
    annex = made.keep(None, title="Annex of names", sealed_annex=True)
    world = made.desk.world
    made.desk.world = cases.another_case(made.database, world)
    elsewhere, made.desk.world = made.keep(None), world
    said = set()
    for ref in (annex, elsewhere, "J26-000000-A"):
        with pytest.raises(Refused) as refused:
            made.ask(files=[ref])
        said.add((refused.value.problems[0].field, str(refused.value.problems[0].message)))
    assert len(said) == 1
    assert next(iter(said))[0] == "files"


@pytest.mark.one_engine
def test_what_becomes_of_a_chosen_document_meanwhile(made):
    first, second = (made.keep(None, REPORT + name.encode(), f"{name}.txt") for name in ("one", "two"))
    package = made.ask(files=[first, second])
    change(made, first, sealed_annex=True)
    version = made.keep(None, b"Without names (fictional).\n" * 30, "three.txt", redacted_of=second)
    package = made.make(package)
    assert (package.state, package.documents, package.left_out) == ("ready", 4, 1)
    _root, files = bags.apart(made.bytes_of(package))
    [listed] = [data for name, data in files.items() if name.endswith("documents.json.age")]
    assert [one["ref"] for one in json.loads(pyrage.decrypt(listed, [made.keys[0]]))["documents"]] == [version]
    package = made.ask(files=[version])
    change(made, version, voided_at=now())
    assert (made.make(package).state, made.now(package).problem) == ("failed", "right")
    assert len(left(made)) == 1, "the first one"


@pytest.mark.one_engine
def test_what_is_opened_is_held_against_the_log(made, tmp_path):
    """Words that were encrypted anew with other facts, by whoever has a recipient's public key, are not taken."""
    root, files = bags.apart(made.bytes_of(made.make()))
    path = tmp_path / f"{root}.zip"
    path.write_bytes(bags.together(root, files))
    found = importing.check(path, trust(made))
    name = next(name for name in files if name.endswith("item.json.age"))
    facts = json.loads(pyrage.decrypt(files[name], [made.keys[0]]))
    facts["custody"][0]["place"] = "Another street (fictional)"
    files[name] = pyrage.encrypt(json.dumps(facts).encode(), [made.keys[0].to_public()])
    path.write_bytes(bags.together(root, files))
    assert importing.check(path, trust(made)).code == 1
    with pytest.raises(Failed, match="was changed"):  # between the check and the opening
        importing.unlock(found, made.keys[0])
    found.payload[name] = hashlib.sha256(files[name]).hexdigest()
    with pytest.raises(Failed, match="not the one that the log names"):
        importing.unlock(found, made.keys[0])
    with pytest.raises(Failed, match="stays closed"):
        importing.unlock(importing.check(path, trust(made)), made.keys[0])


@pytest.mark.one_engine
def test_what_lies_on_the_disk_says_nothing(made):
    package = made.make()
    [path] = spool_of(made.registry).root.iterdir()
    assert path.stat().st_mode & 0o077 == 0
    assert b"bagit" not in path.read_bytes()
    assert path.stat().st_size == package.stored > package.size


@pytest.mark.one_engine
@pytest.mark.age
def test_age_itself_opens_it(made, tmp_path):
    _root, files = bags.apart(made.bytes_of(made.make()))
    (tmp_path / "key.txt").write_text(f"{made.keys[0]}\n", encoding="ascii")
    sealed = next(data for name, data in files.items() if name.endswith("/0001.age"))
    opened = subprocess.run(["age", "--decrypt", "--identity", tmp_path / "key.txt"], input=sealed,
                            capture_output=True, check=True)
    assert opened.stdout.startswith(REPORT)


@pytest.mark.one_engine
def test_validators_accept_the_packages_of_fifty_random_cases(tmp_path):
    with office_on("sqlite") as made:
        packer, world = made.packer(), made.desk.world
        for seed in range(50):
            made.desk.world = cases.random_case(made.database, world, seed, items=3)
            with made.database.work(readonly=True, unscoped=1) as db:
                items = [str(one) for one in db.scalars(select(cases.EvidenceItem.id).where(
                    cases.EvidenceItem.case_id == made.desk.world.case_id, cases.EvidenceItem.voided_at.is_(None)))]
            package = made.ask("pro" if seed % 2 else "psu", items=items)
            with made.signing():
                packer.once()
            package = made.now(package)
            assert package.state == "ready", (seed, package.problem)
            path = tmp_path / f"{seed}.zip"
            path.write_bytes(made.bytes_of(package))
            accepted(path, tmp_path)
            found = importing.check(path, trust(made))
            assert found.code == 0, (seed, found.problem)
            assert len(importing.unlock(found, made.keys[0]).items) == len(items)


@pytest.mark.one_engine
def test_the_file_of_the_profile_is_what_the_verifier_asks():
    assert (ROOT / "etc/bagit-profile.json").read_bytes() == as_bytes()


@pytest.mark.parametrize("who", ["inv", "exam", "store", "clerk", "sw", "psu2", "pro"])
def test_who_may_not_gets_nothing(made, who):
    """The prosecutor may once the file is with the office; until then nobody but the supervisor of the police."""
    with pytest.raises(NotAllowed):
        made.ask(who)
    with made.database.work(readonly=True) as db:
        assert db.scalars(select(PackageJob)).all() == []


@pytest.mark.one_engine
def test_a_right_that_ends_meanwhile_ends_the_package(made):
    with made.database.work(unscoped=1) as db:
        made.desk.world.case(db).submitted_at = now()
    package = made.ask("pro")
    with made.database.work(unscoped=1) as db:
        identity = made.desk.world.who["pro"]
        db.scalars(select(Grant).where(Grant.principal_id == identity.user_id)).one().ended_at = now()
    assert made.make(package).state == "failed"
    assert made.now(package).problem == "right"
    assert left(made) == []
    assert job(made, package) is None


@pytest.mark.one_engine
@pytest.mark.parametrize(("lines", "field"), [
    (["Office " + "age1" + "q" * 58], "recipients"),
    ([], "recipients"),
])
def test_a_mistyped_key_is_told(made, lines, field):
    if not lines:
        key = str(made.keys[0].to_public())
        lines = [f"Office {key[:-1]}{'q' if key[-1] != 'q' else 'p'}"]
    with pytest.raises(Refused) as refused:
        made.ask(recipients=lines)
    assert refused.value.problems[0].field == field


@pytest.mark.one_engine
def test_there_is_a_most(made, monkeypatch):
    monkeypatch.setattr(service, "MOST", 1)
    with pytest.raises(Refused) as refused:
        made.ask()
    assert refused.value.problems[0].field == "items"


@pytest.mark.one_engine
def test_items_of_another_case_are_not_taken(made):
    world = made.desk.world
    elsewhere = cases.another_case(made.database, world)
    made.desk.world = elsewhere
    with pytest.raises(Refused):
        made.ask()  # the items of the first case, asked for in the second
    made.desk.world = world
    assert made.ask().items


def test_given_up_in_the_middle_it_leaves_nothing(made, monkeypatch):
    package, done = made.ask(), []
    moved = jobs.Progress.moved

    def stop(progress, count):
        done.append(count)
        if len(done) == 2:
            made.do("psu", package, "cancel_package")
            progress._next = 0.0  # as after a second
        moved(progress, count)

    monkeypatch.setattr(jobs.Progress, "moved", stop)
    assert made.make(package).state == "cancelled"
    assert len(done) == 2
    assert left(made) == []
    assert job(made, package) is None
    assert not made.packer().once()
    with made.database.work(readonly=True) as db:
        assert "export" not in db.scalars(select(AuditEntry.verb)).all()


@pytest.mark.one_engine
def test_given_up_at_the_very_end_it_leaves_nothing(made, monkeypatch):
    package, finish = made.ask(), making.Making._finish

    def late(self, *args):
        made.do("psu", package, "cancel_package")
        finish(self, *args)

    monkeypatch.setattr(making.Making, "_finish", late)
    assert made.make(package).state == "cancelled"
    assert left(made) == []


@pytest.mark.one_engine
def test_only_the_agency_gives_up_and_writes_receipts(made):
    with made.database.work(unscoped=1) as db:
        made.desk.world.case(db).submitted_at = now()
    package = made.ask()
    with pytest.raises(Refused):
        made.do("pro", package, "cancel_package")
    with pytest.raises(NotAllowed):
        made.do("inv", package, "cancel_package")
    made.make(package)
    told = {"received_on": dt.date(2026, 11, 1), "receipt": "Letter 7 of the office (fictional)"}
    with pytest.raises(Refused):
        made.do("pro", package, "receive_package", **told)
    made.do("psu", package, "receive_package", **told)
    assert (made.now(package).state, made.now(package).receipt) == ("ready", told["receipt"])


class Killed(BaseException):
    """The server dies: nothing is caught, nothing cleaned up."""


def test_after_a_crash_it_is_begun_anew_and_the_half_is_gone(made, monkeypatch):
    package = made.ask()
    with monkeypatch.context() as patch:
        patch.setattr(making.Making, "_record", lambda *args: (_ for _ in ()).throw(Killed))
        patch.setattr("pathlib.Path.unlink", lambda *args, **kw: None)
        with pytest.raises(Killed), made.signing():
            made.packer().once()
    assert len(left(made)) == 1
    assert made.now(package).state == "waiting"
    assert not made.packer().once()  # its claim may still be alive
    with made.database.engine.begin() as connection:
        connection.execute(PackageJob.__table__.update().values(beat_at=now() - jobs.SILENT * 2))
    assert made.make(package).state == "ready"
    assert left(made) == [f"{package.id}.package"]
    assert bags.apart(made.bytes_of(made.now(package)))[0] == package.ref


@pytest.mark.one_engine
def test_who_lost_its_claim_stops(made):
    package, packer = made.ask(), made.packer()
    _package, claim = packer._claim()
    assert packer._claim() is None
    with made.database.engine.begin() as connection:
        connection.execute(PackageJob.__table__.update().values(beat_at=now() - jobs.SILENT * 2))
    assert packer._claim()[1] != claim
    progress = jobs.Progress(made.database.engine, package.id, claim, packer._stopped)
    with pytest.raises(jobs.Stopped):
        progress.begin(10)


@pytest.mark.one_engine
def test_what_fails_for_no_known_reason_is_tried_three_times(made, monkeypatch):
    package = made.ask()
    monkeypatch.setattr(making, "gather", lambda *args: 1 / 0)
    packer = made.packer()
    for _ in range(jobs.TRIES):
        assert packer.once()
        assert made.now(package).state == "waiting"
    packer.once()
    assert (made.now(package).state, made.now(package).problem) == ("failed", "failed")
    assert left(made) == []


@pytest.mark.one_engine
@pytest.mark.parametrize(("what", "problem"), [("store", "document"), ("log", "unsigned")])
def test_what_stands_in_the_way_is_told(made, monkeypatch, what, problem):
    package = made.ask()
    if what == "store":
        def away(*args):
            raise StoreProblem("away")

        monkeypatch.setattr(made.registry["files"].store, "read", away)
        assert made.make(package).state == "failed"
    else:
        made.log.catch_up()
        monkeypatch.setattr(making, "SIGNED_WITHIN", 0.0)
        assert made.packer().once()
    assert (made.now(package).state, made.now(package).problem) == ("failed", problem)
    assert left(made) == []


@pytest.mark.one_engine
def test_witnesses_that_do_not_answer_hold_it_up_for_a_while_only(made, monkeypatch, tmp_path):
    """The package says so itself: who asks for their signatures finds them missing."""
    policy = tmp_path / "policy.txt"
    policy.write_text(f"log {made.vkey}\nwitness a {WITNESSES[0].vkey}\nquorum a\n", encoding="utf-8")
    made.registry["log_policy"] = load(policy)
    monkeypatch.setattr(making, "COSIGNED_WITHIN", 0.3)
    began = time.monotonic()
    package = made.make()
    assert package.state == "ready"
    assert time.monotonic() - began > 0.3
    path = tmp_path / f"{package.ref}.zip"
    path.write_bytes(made.bytes_of(package))
    assert bags.verdict(path, made.vkey)["exit"] == 0
    assert bags.verdict(path, made.vkey, WITNESSES[0].vkey)["exit"] == 3


@pytest.mark.one_engine
def test_it_tells_how_far_it_is(made, monkeypatch):
    package, seen = made.ask(), []
    monkeypatch.setattr(jobs, "BEAT", 0.0)
    moved = jobs.Progress.moved

    def look(progress, count):
        moved(progress, count)
        found = job(made, package)
        seen.append((found.done, found.total))

    monkeypatch.setattr(jobs.Progress, "moved", look)
    made.make(package)
    assert seen == sorted(seen)
    assert seen[-1][0] == seen[-1][1] > 0
    assert len({done for done, _total in seen}) > 3


def test_its_days_over_it_is_swept(made):
    package = made.make()
    packer: Packer = made.packer()
    assert packer.sweep() == 0
    stranger = spool_of(made.registry).root / "01a20337-0000-7000-8000-000000000000.package"
    stranger.write_bytes(b"of no record")
    assert packer.sweep() == 1
    assert packer.sweep(now() + dt.timedelta(days=3, minutes=1)) == 1
    package = made.now(package)
    assert (package.state, package.slot, left(made)) == ("expired", None, [])
    assert package.manifest_sha256


@pytest.mark.one_engine
def test_the_commands(made, tmp_path, monkeypatch, capsys):
    for name, value in {"DEVELOPMENT": "true", "DATA": str(tmp_path), "DATABASE_URL": made.database.url,
                        "KEYS": str(tmp_path / "keys.json")}.items():
        monkeypatch.setenv(f"CASEWORK_{name}", value)
    package = made.ask()
    with made.signing():
        assert main(["bag", "make"]) == 0
    package = made.now(package)
    assert package.state == "ready"
    path = tmp_path / f"{package.ref}.zip"
    path.write_bytes(made.bytes_of(package))
    (tmp_path / "id.txt").write_text(f"# created today\n{made.keys[1]}\n", encoding="ascii")
    capsys.readouterr()
    assert main(["bag", "check", str(path)]) == 0  # by this installation's own key
    told = capsys.readouterr().out
    assert package.items[0] in told
    assert "cracked corner" not in told
    assert main(["bag", "open", str(path), "--identity", str(tmp_path / "id.txt"), "--into", str(tmp_path / "o")]) == 0
    assert "cracked corner" in capsys.readouterr().out
    assert main(["bag", "open", str(path), "--identity", str(tmp_path / "id.txt"), "--into", str(tmp_path / "o")]) == 1
    assert main(["bag", "open", str(path), "--identity", str(path)]) == 1
    bad = tmp_path / "bad.zip"
    bad.write_bytes(path.read_bytes()[:-40])
    assert main(["bag", "check", str(bad)]) == 2
    assert package.items[0] not in capsys.readouterr().out


@pytest.mark.one_engine
def test_the_thread_makes_what_waits_and_stops(made, monkeypatch):
    package = made.ask()
    made.log.catch_up()
    packer = Packer(made.registry, seconds=0.01)
    packer.start()
    try:
        until = time.monotonic() + 20
        while made.now(package).state == "waiting" and time.monotonic() < until:
            made.log.catch_up()
            time.sleep(0.02)
    finally:
        packer.stop()
        packer.join(10)
    assert not packer.is_alive()
    assert made.now(package).state == "ready"

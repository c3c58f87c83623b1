"""A change of ring keys: killed at any point it goes on, nothing is lost, all is found before, during and after."""

import os
import random
import signal
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import Engine, event, select

import casework.models  # noqa: F401
from casework import cli
from casework.accounts import recovery
from casework.accounts.models import User
from casework.audit import verify
from casework.audit.models import AuditEntry
from casework.authz.scope import unscoped
from casework.cases import service as cases
from casework.cli import keys
from casework.crypto import rotation
from casework.crypto.keyring import KeyRing
from casework.crypto.models import DataKey
from casework.crypto.sources import FileSource
from casework.db.base import now
from casework.db.engine import make_engine
from casework.people import identifiers, names, service
from casework.people.models import Identifier, Person
from casework.referrals import service as referrals
from tests.support.people import PASSWORD, make_agency, make_person, quick_passwords
from tests.support.people import Person as Account
from tests.support.searching import by_name

WORD = "7K3M-9QXW-2HDC"
KILLS = 20


@dataclass
class Kept:
    """What must still be there after the keys were changed."""

    officer: Account
    codes: list[str]
    names: dict
    values: dict
    referral: str


@pytest.fixture
def kept(app, database, settings, monkeypatch) -> Kept:
    """A case with people and identifiers, a reporter's code word, an account with its codes; commands find it all."""
    for name in ("data", "database_url", "keys"):
        monkeypatch.setenv(f"CASEWORK_{name.upper()}", str(getattr(settings, name)))
    monkeypatch.setenv("CASEWORK_DEVELOPMENT", "true")
    monkeypatch.setattr(rotation, "BATCH", 3)
    with database.work() as db:
        officer, chief = make_person(db, "INV", "ahtjpd"), make_person(db, "PSU", "ahtjpd")
        hotline = make_agency(db, "aple", "hotline")
        codes = recovery.replace_all(db, officer.user_id, now())
        referral = referrals.receive(
            db, None, hotline.id, {"immediate_danger": "no", "narrative": "A quiet report (fictional)"},
            source="anonymous_web", channel="web", code_word=WORD)
    with database.work(identity=chief.identity) as db:
        case = cases.open_case(db, chief.identity, title="Lotus", lead_agency_id=officer.agency_id,
                               lead_officer_id=officer.user_id, conduct=["grooming"], province="12")
    found, values = {}, {}
    with database.work(identity=officer.identity) as db:
        for number in range(7):
            latin = f"Chan{'aeiou'[number % 5]}tha Fictional"
            person = service.add_person(db, officer.identity, case, "witness", {"given_latin": latin, "sex": "unknown"})
            phone = f"+855120000{number:02d}"
            known = identifiers.add_identifier(db, officer.identity, case, {"type": "phone", "value": phone})
            found[person.id], values[known.id] = latin, phone
    return Kept(officer, codes, found, values, referral.ref)


def killed(at: int) -> bool:
    """Rotate in a process of its own, which is killed before its statement or commit number `at`. Whether it came so
    far."""
    child = os.fork()
    if child == 0:
        left = at

        def count(*_given) -> None:
            nonlocal left
            left -= 1
            if left <= 0:
                os.kill(os.getpid(), signal.SIGKILL)

        event.listen(Engine, "before_cursor_execute", count)
        event.listen(Engine, "commit", count)
        write = FileSource.write
        FileSource.write = lambda source, body: (count(), write(source, body), count())[1]
        os._exit(cli.main(["keys", "rotate"]))
    _pid, status = os.waitpid(child, 0)
    if os.WIFEXITED(status):
        assert os.WEXITSTATUS(status) == 0
        return False
    return True


def look_ups(database, kept: Kept) -> None:
    """Everything is found, and opens."""
    identity = kept.officer.identity
    with database.work(identity=identity, readonly=True) as db:
        assert {hit.id for hit in by_name(db, identity, "chantha")} == set(kept.names)
        for key, phone in kept.values.items():
            known = db.scalars(select(Identifier).where(Identifier.id == key)).one()
            assert known.value == phone
            assert identifiers._known(db, known, "phone", phone) is None  # of another owner: none
        for person in db.scalars(select(Person).where(Person.id.in_(kept.names))):
            assert person.given_latin == kept.names[person.id]
    with database.work(readonly=True) as db:
        assert referrals.by_code_word(db, WORD.lower()).ref == kept.referral
        with unscoped(db, "test"):
            case = db.scalars(select(cases.Case)).one()
            assert identifiers._known(db, case, "phone", next(iter(kept.values.values()))) is not None
        stored = db.scalars(select(User.password_hash).where(User.id == kept.officer.user_id)).one()
        assert quick_passwords(database.keyring).verify(stored, PASSWORD)


def entries(database, verb: str) -> int:
    with database.work(readonly=True) as db:
        return len(db.scalars(select(AuditEntry.seq).where(AuditEntry.verb == verb)).all())


def test_killed_twenty_times_it_ends_with_nothing_under_the_old_key(database, kept, settings):
    seed = random.randrange(2**32)
    chance, kills, runs = random.Random(seed), 0, 0
    while kills < KILLS:
        runs += 1
        assert runs < 200, f"seed {seed}"
        if killed(chance.randint(1, 60)):
            kills += 1
            if kills % 7 == 3:
                look_ups(database, kept)
    assert cli.main(["keys", "rotate"]) == 0, f"seed {seed}"
    ring = KeyRing.load(settings.keys)
    with database.work(readonly=True) as db:
        for old in ring.ids[1:]:
            assert rotation.under_key(db, old).total == 0, f"seed {seed}"
        assert rotation.under_others(db, ring).total == 0
        assert rotation.under_key(db, ring.current).numbers["data_key"] > 7
    look_ups(database, kept)
    assert entries(database, "keys_rotate") == entries(database, "keys_rotated")
    for old in ring.ids[1:]:
        assert cli.main(["keys", "retire", old]) == 0
    database.keyring = KeyRing.load(settings.keys)
    assert database.keyring.ids == [ring.current]
    look_ups(database, kept)
    with database.work() as db:
        assert recovery.use(db, kept.officer.user_id, kept.codes[0], now())
    report = verify.verify(database.engine)
    assert report.ok, report.problem


def test_a_running_server_goes_on_with_the_new_key(database, kept, settings):
    assert cli.main(["keys", "rotate"]) == 0
    # The ring of this process was read before: it notices the new file by itself.
    assert database.keyring.current == "k2"
    with database.work(identity=kept.officer.identity) as db:
        case = db.scalars(select(cases.Case)).one()
        made = service.add_person(db, kept.officer.identity, case, "witness", {"given_latin": "Later Fictional"})
    with database.work(readonly=True) as db:
        assert db.get(DataKey, made.id).ring_key == "k2"
    look_ups(database, kept)


def test_an_old_key_is_not_retired_while_it_is_needed(database, kept, settings, capsys):
    ring = KeyRing.load(settings.keys)
    ring.change(rotation.with_new_key(ring.content, "k2"))
    assert cli.main(["keys", "retire", "k1"]) == 1
    assert "still needed" in capsys.readouterr().err
    assert cli.main(["keys", "retire", "k2"]) == 1
    assert "current" in capsys.readouterr().err
    assert cli.main(["keys", "retire", "k9"]) == 1
    assert set(KeyRing.load(settings.keys).keys) == {"k1", "k2"}


def test_an_id_is_never_given_to_a_second_key(database, kept, settings, capsys):
    assert cli.main(["keys", "rotate"]) == cli.main(["keys", "retire", "k1"]) == cli.main(["keys", "rotate"]) == 0
    assert KeyRing.load(settings.keys).ids == ["k3", "k2"]
    assert cli.main(["keys", "status", "--json"]) == 0
    assert '"unfinished": false' in capsys.readouterr().out


@pytest.mark.one_engine
def test_two_rotations_at_once_are_one(database, kept, settings, capsys):
    engine = make_engine(settings.database_url)
    with keys._alone(engine, settings):
        assert cli.main(["keys", "rotate"]) == 1
    engine.dispose()
    assert "another process" in capsys.readouterr().err
    assert KeyRing.load(settings.keys).ids == ["k1"]


@pytest.mark.one_engine
def test_without_its_ring_the_database_opens_nothing_and_says_so(database, kept, settings, capsys, tmp_path):
    own = settings.keys.read_bytes()
    for command in (["keys", "status"], ["keys", "rotate"], ["audit", "verify"], ["audit", "checkpoint"]):
        _another_ring(settings.keys)
        assert cli.main(command) == 1
        assert "belongs to another database" in capsys.readouterr().err
        settings.keys.unlink()
        assert cli.main(command) in (1, 2)
        assert "missing" in capsys.readouterr().err
        settings.keys.write_bytes(own)
        settings.keys.chmod(0o600)
    _another_ring(settings.keys, "k7")
    assert cli.main(["serve"]) == 1
    assert "lacks the key k1" in capsys.readouterr().err
    settings.keys.write_bytes(own)
    assert cli.main(["keys", "status"]) == 0


def _another_ring(path: Path, key_id: str = "k1") -> None:
    path.unlink(missing_ok=True)
    ring = KeyRing.create(path)
    if key_id != "k1":
        content = rotation.with_new_key(ring.content, key_id)
        ring.change(type(content)(key_id, {key_id: content.keys[key_id]}, content.made))


@pytest.mark.one_engine
def test_people_from_before_the_index_of_names_are_put_into_it(database, kept, settings):
    with database.work() as db:
        names.forget(db, list(kept.names))
    with database.work(identity=kept.officer.identity, readonly=True) as db:
        assert by_name(db, kept.officer.identity, "chantha") == []
    assert cli.main(["keys", "index"]) == 0
    look_ups(database, kept)

"""Sealed columns: nothing plain on disk, nothing opens in another place, destroyed keys stay destroyed."""

import datetime as dt
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, text

import casework.models  # noqa: F401
from casework.accounts.models import Agency
from casework.crypto.keyring import KeyFileError, KeyRing
from casework.crypto.models import DataKey
from casework.crypto.seal import SealBroken, seal, unseal
from casework.crypto.sealed import Erased, erased, open_value
from casework.crypto.tokens import token
from casework.db.refs import new_ref
from casework.people.models import Person

KEY = bytes(range(32))


@given(st.binary(max_size=200), st.text(max_size=40))
def test_round_trip(plain, place):
    assert unseal(KEY, seal(KEY, plain, place), place) == plain


@given(st.binary(min_size=1, max_size=60), st.integers(min_value=0), st.integers(1, 255))
def test_any_changed_byte_is_refused(plain, at, change):
    sealed = bytearray(seal(KEY, plain, "here"))
    sealed[at % len(sealed)] ^= change
    with pytest.raises(SealBroken):
        unseal(KEY, bytes(sealed), "here")


def test_another_place_key_or_length_is_refused():
    sealed = seal(KEY, b"words", "person.family.1")
    for key, value, place in [(KEY, sealed, "person.family.2"), (bytes(32), sealed, "person.family.1"),
                              (KEY, sealed[:-1], "person.family.1"), (KEY, b"", "person.family.1")]:
        with pytest.raises(SealBroken):
            unseal(key, value, place)


def test_tokens_differ_by_purpose_and_ring():
    ring, other = KeyRing.generate(), KeyRing.generate()
    assert token(ring, "phone", "+85512000000") == token(ring, "phone", "+85512000000")
    assert len({token(ring, "phone", "x"), token(ring, "email", "x"), token(other, "phone", "x")}) == 3


def test_key_file_modes(tmp_path):
    path = tmp_path / "keys.json"
    ring = KeyRing.create(path)
    assert os.stat(path).st_mode & 0o777 == 0o600
    assert KeyRing.load(path) == ring
    with pytest.raises(FileExistsError):
        KeyRing.create(path)
    path.chmod(0o640)
    with pytest.raises(KeyFileError, match="0600"):
        KeyRing.load(path)


@pytest.mark.parametrize("body", [
    "", "{}", "[]", '{"current": "a", "keys": {}}', '{"current": "a", "keys": {"a": "AA=="}}',
])
def test_what_is_no_key_file_is_refused(tmp_path, body):
    path = tmp_path / "keys.json"
    path.write_text(body)
    path.chmod(0o600)
    with pytest.raises(KeyFileError):
        KeyRing.load(path)
    with pytest.raises(KeyFileError):
        KeyRing.load(tmp_path / "absent.json")


def make(db, **values):
    agency = Agency(code=os.urandom(4).hex(), name_en="Test (fictional)", name_km="សាក", type="police", active=True)
    db.add(agency)
    db.flush()
    made = Person(ref=new_ref(db, Person, "P", dt.date(2026, 1, 1)), agency_id=agency.id, role="witness",
                  pseudonym="W-TEST", **values)
    db.add(made)
    return made


def test_values_come_back_and_are_not_on_disk(database, tmp_path):
    canary = "Zzcanary ចាន់ថា"
    with database.work() as db:
        made = make(db, family_latin=canary, aliases=[canary, "b"], dob="2012-03-04")
    with database.work(readonly=True, unscoped=1) as db:
        again = db.get(Person, made.id)
        assert (again.family_latin, again.aliases, again.dob) == (canary, [canary, "b"], "2012-03-04")
    with database.engine.connect() as connection:
        for table in ("person", "audit_entry", "data_key", "search_text"):
            for row in connection.execute(text(f"SELECT * FROM {table}")):
                assert "Zzcanary" not in repr(tuple(row))
    for file in tmp_path.glob("casework.sqlite*"):
        data = file.read_bytes()
        assert b"Zzcanary" not in data
        assert "Zzcanary".encode("utf-16-le") not in data


def test_a_value_moved_to_another_row_does_not_open(database):
    with database.work() as db:
        one, two = make(db, family_latin="One"), make(db, family_latin="Two")
    with database.superuser() as connection:
        blob = connection.execute(select(Person.family_latin_sealed).where(Person.id == one.id)).scalar_one()
        raw = connection.connection.cursor()
        mark = "?" if database.backend == "sqlite" else "%s"
        key = two.id.hex if database.backend == "sqlite" else two.id
        raw.execute(f"UPDATE person SET family_latin_sealed = {mark} WHERE id = {mark}", (blob, key))
    with database.work(readonly=True, unscoped=1) as db, pytest.raises(SealBroken):
        _ = db.get(Person, two.id).family_latin


def test_a_destroyed_key_opens_nothing(database):
    with database.work() as db:
        made = make(db, family_latin="Gone")
    with database.work() as db:
        db.get(DataKey, made.id).wrapped = None
    with database.work(readonly=True, unscoped=1) as db:
        gone = db.get(Person, made.id)
        assert (gone.family_latin, erased(gone)) == (None, "-")
        with pytest.raises(Erased):
            open_value(db, gone, "family_latin", gone.family_latin_sealed)


def test_another_key_ring_opens_nothing(database):
    with database.work() as db:
        made = make(db, family_latin="Closed")
    database.keyring = KeyRing.generate()
    with database.work(readonly=True, unscoped=1) as db, pytest.raises(SealBroken):
        _ = db.get(Person, made.id).family_latin

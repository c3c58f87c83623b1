"""The log: written with the change, refused without it, and proved against itself."""

import datetime as dt
import json

import pytest
import sqlalchemy as sa
from sqlalchemy import select, text

import casework.models  # noqa: F401
from casework.accounts.models import Agency, User
from casework.audit.capture import UnauditedWrite
from casework.audit.models import AuditEntry
from casework.audit.verify import verify
from casework.db.refs import new_ref
from casework.people.models import Person


def person(db, **values):
    """One invented person without a case."""
    agency = db.scalars(select(Agency)).first()
    if agency is None:
        agency = Agency(code="test", name_en="Test (fictional)", name_km="សាកល្បង", type="police", active=True)
        db.add(agency)
        db.flush()
    made = Person(ref=new_ref(db, Person, "P", dt.date(2026, 1, 1)), agency_id=agency.id, role="witness",
                  pseudonym="W-TEST", **values)
    db.add(made)
    return made


def entries(database, record_id):
    with database.work(readonly=True) as db:
        return list(db.scalars(select(AuditEntry).where(AuditEntry.record_id == record_id).order_by(AuditEntry.seq)))


def test_a_change_and_its_entry_are_one(database):
    with database.work() as db:
        made = person(db, sex="female", family_latin="Fictional")
    [entry] = entries(database, made.id)
    body = json.loads(entry.body)
    assert entry.verb == "create"
    assert body["fields"]["sex"] == [None, "female"]
    assert "Fictional" not in entry.body
    assert body["fields"]["family_latin_sealed"][1]


def test_one_entry_per_record_and_transaction_with_first_old_and_last_new(database):
    with database.work() as db:
        made = person(db, sex="female")
    with database.work(unscoped=1) as db:
        again = db.get(Person, made.id)
        again.sex = "male"
        db.flush()
        again.sex = "other"
        db.flush()
    assert [e.verb for e in entries(database, made.id)] == ["create", "update"]
    assert json.loads(entries(database, made.id)[1].body)["fields"] == {"sex": ["female", "other"]}


def test_nothing_is_logged_of_what_was_rolled_back(database):
    made = []

    def fail():
        with database.work() as db:
            made.append(person(db))
            db.flush()
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        fail()
    assert entries(database, made[0].id) == []
    assert verify(database.engine).ok


@pytest.mark.parametrize("statement", [
    sa.update(Person).values(sex="male"), sa.delete(Person), sa.insert(Person).values(sex="male"),
    Person.__table__.update().values(sex="male"), Person.__table__.delete(),
    Person.__table__.insert().values(sex="male"),
])
def test_no_way_around_the_log(database, statement):
    with pytest.raises(UnauditedWrite), database.work(unscoped=1) as db:
        db.execute(statement)


def test_no_nested_transactions(database):
    with pytest.raises(RuntimeError, match="nested"), database.work() as db, db.begin_nested():
        db.execute(text("SELECT 1"))


REFUSED = [
    "UPDATE audit_entry SET verb = 'x'", "DELETE FROM audit_entry", "UPDATE audit_entry SET hash = previous",
]


@pytest.mark.parametrize("statement", REFUSED)
def test_the_database_refuses_to_change_the_log(database, statement):
    with database.work() as db:
        person(db)
    with pytest.raises(sa.exc.DatabaseError, match="append-only"), database.superuser() as connection:
        connection.execute(text(statement))


def test_the_database_refuses_to_replace_or_empty_the_log(database):
    with database.work() as db:
        person(db)
    statement = (
        "INSERT OR REPLACE INTO audit_entry SELECT * FROM audit_entry LIMIT 1" if database.backend == "sqlite"
        else "TRUNCATE audit_entry"
    )
    with pytest.raises(sa.exc.DatabaseError, match="append-only"), database.superuser() as connection:
        connection.execute(text(statement))


def test_reading_a_sealed_field_is_noted_and_reading_another_is_not(database):
    with database.work() as db:
        made = person(db, family_latin="Fictional", sex="female")
    with database.work(readonly=True, unscoped=1) as db:
        again = db.get(Person, made.id)
        assert again.sex == "female"
        assert "reads" not in db.info
        assert again.family_latin == "Fictional"
        assert db.info["reads"] == {("person", made.id, made.id): {"family_latin"}}


def test_the_actor_is_in_the_entry(database):
    from casework.authz.identity import Identity

    with database.work() as db:
        user = User(login="a@example.org", name="A (fictional)")
        db.add(user)
        agency = person(db).agency_id
    identity = Identity(user.id, "A", "INV", agency)
    with database.work(identity=identity, request_id="ab" * 16) as db:
        made = person(db)
    [entry] = entries(database, made.id)
    body = json.loads(entry.body)
    assert (entry.actor_id, body["role"], body["request_id"]) == (user.id, "INV", "ab" * 16)

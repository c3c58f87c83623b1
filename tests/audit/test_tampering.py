"""What a superuser of the database can do to the log behind the program's back is found, and the first bad is named.

Each deed is done with every guard off, and the guards are put back afterwards, as somebody would who wants to hide it.
"""

import hashlib
import uuid
from contextlib import contextmanager

import pytest
import sqlalchemy as sa
from sqlalchemy import text

from casework.audit import signer, triggers
from casework.audit.capture import record_event
from casework.audit.chain import Event, canonical, entry_hash
from casework.audit.models import AuditEntry, AuditHead, LogCheckpoint, LogLeaf, LogNode
from casework.audit.sequencer import CannotExtend, Sequencer, head, head_of, settled_at
from casework.audit.verify import verify
from casework.db.base import Base, now
from casework.verifier.casework_verify import checkpoint_from, note_from
from tests.audit.test_log import person
from tests.support.people import make_person

CHAIN = uuid.UUID(int=7)


def happen(database, count: int) -> None:
    with database.work() as db:
        for number in range(count):
            record_event(db, Event("test", chain=CHAIN if number % 2 else uuid.UUID(int=8), details={"n": number}))


@contextmanager
def behind_the_back(database):
    """A superuser's connection with the guards off; they are on again afterwards."""
    if database.backend == "postgresql":
        with database.superuser() as connection:
            connection.execute(text("SET session_replication_role = replica"))
            yield connection
        return
    with database.engine.begin() as connection:
        guards = connection.execute(text(
            "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")).all()
        for name, _sql in guards:
            connection.execute(text(f"DROP TRIGGER {name}"))
        yield connection
        for _name, sql in guards:
            connection.execute(text(sql))


@pytest.fixture
def logged(database, sequencer):
    """A log of some people and forty entries, signed three times."""
    with database.work() as db:
        make_person(db, "INV")
    for _ in range(3):
        happen(database, 14)
        sequencer.catch_up()
    return database


def found(database, key, **options):
    return verify(database.engine, key=key.key, signed=key.signed(), **options)


def test_all_is_well(logged, key):
    report = found(logged, key)
    assert report.ok, report.problem
    assert report.waiting == 0
    assert report.records > 2
    assert report.entries == report.size > 42


def seq_at(connection, place: int) -> int:
    return connection.execute(sa.select(LogLeaf.entry).where(LogLeaf.place == place)).scalar_one()


def rewrite_chain(connection, chain: uuid.UUID, seq: int) -> None:
    """Give the entry another body, and set right every hash that follows from it: as a clever hand would."""
    table = AuditEntry.__table__
    rows = connection.execute(sa.select(table).where(table.c.chain == chain).order_by(table.c.number)).all()
    previous = bytes(32)
    for row in rows:
        values = dict(row._mapping)
        if row.seq == seq:
            values["body"] = values["body"].replace('"n":', '"m":')
            values["commitment"] = hashlib.sha256(values["salt"] + values["body"].encode()).digest()
        values["previous"] = previous
        previous = values["hash"] = entry_hash(values)
        connection.execute(table.update().where(table.c.seq == row.seq).values(**values))
    connection.execute(AuditHead.__table__.update().where(AuditHead.chain == chain).values(hash=previous))


def insert_between(connection, seq: int) -> None:
    """A new entry that says it stood there all the time, with a chain of its own."""
    body = canonical({"verb": "test", "result": "ok"})
    salt, chain = bytes(16), uuid.UUID(int=99)
    at = connection.execute(sa.select(AuditEntry.at).where(AuditEntry.seq == seq)).scalar_one()
    values = {"chain": chain, "number": 1, "at": at, "verb": "test", "result": "ok", "body": body, "salt": salt,
              "commitment": hashlib.sha256(salt + body.encode()).digest(), "previous": bytes(32)}
    values["hash"] = entry_hash(values)
    # Places are free below the first number only: an entry that is to stand between takes another's.
    connection.execute(AuditEntry.__table__.update().where(AuditEntry.seq == seq).values(seq=10_000_000))
    connection.execute(AuditEntry.__table__.insert().values(seq=seq, **values))
    connection.execute(AuditHead.__table__.insert().values(chain=chain, number=1, hash=values["hash"]))


def swap(connection, table, key, values, one, other) -> None:
    """Exchange `values` of two rows of `table`."""
    rows = {k: dict(connection.execute(sa.select(*values).where(key == k)).first()._mapping) for k in (one, other)}
    if table is LogLeaf.__table__:  # an entry has one place: the first goes out of the way
        connection.execute(table.update().where(key == one).values(entry=-1))
    connection.execute(table.update().where(key == other).values(**rows[one]))
    connection.execute(table.update().where(key == one).values(**rows[other]))


def _entry(change):
    return lambda connection: change(connection, seq_at(connection, 20))


DEEDS = {
    "a column of an entry": _entry(lambda c, seq: c.execute(text(
        f"UPDATE audit_entry SET verb = 'other' WHERE seq = {seq}"))),
    "the time of an entry": _entry(lambda c, seq: c.execute(text(
        f"UPDATE audit_entry SET at = '2020-01-01 00:00:00.000000' WHERE seq = {seq}"))),
    "the body of an entry": _entry(lambda c, seq: c.execute(text(
        f"UPDATE audit_entry SET body = replace(body, 'test', 'tess') WHERE seq = {seq}"))),
    "the actor of an entry": _entry(lambda c, seq: c.execute(text(
        f"UPDATE audit_entry SET actor_id = chain WHERE seq = {seq}"))),
    "a chain written anew": _entry(lambda c, seq: rewrite_chain(
        c, c.execute(sa.select(AuditEntry.chain).where(AuditEntry.seq == seq)).scalar_one(), seq)),
    "a leaf": lambda c: c.execute(LogLeaf.__table__.update().where(LogLeaf.place == 20).values(hash=bytes(32))),
    "one deleted": _entry(lambda c, seq: c.execute(text(f"DELETE FROM audit_entry WHERE seq = {seq}"))),
    "one deleted with its leaf": _entry(lambda c, seq: (
        c.execute(text(f"DELETE FROM audit_entry WHERE seq = {seq}")),
        c.execute(text(f"DELETE FROM log_leaf WHERE entry = {seq}")))),
    "one inserted between": _entry(insert_between),
    "two entries swapped": lambda c: swap(
        c, AuditEntry.__table__, AuditEntry.seq, (AuditEntry.body, AuditEntry.salt, AuditEntry.commitment),
        seq_at(c, 20), seq_at(c, 22)),
    "two leaves swapped": lambda c: swap(
        c, LogLeaf.__table__, LogLeaf.place, (LogLeaf.entry, LogLeaf.hash), 20, 22),
}


@pytest.mark.parametrize("deed", DEEDS)
def test_a_deed_is_found_and_the_first_bad_entry_named(logged, key, deed):
    with logged.engine.connect() as connection:
        seq = seq_at(connection, 20)
    with behind_the_back(logged) as connection:
        DEEDS[deed](connection)
    report = found(logged, key)
    assert not report.ok
    assert str(seq) in report.problem or "place 20" in report.problem, report.problem
    assert report.entries == 20


TAILS = {
    "the last ten": "DELETE FROM audit_entry WHERE seq IN (SELECT entry FROM log_leaf ORDER BY place DESC LIMIT 10)",
    "the last ten with their leaves": "DELETE FROM audit_entry WHERE seq IN "
        "(SELECT entry FROM log_leaf ORDER BY place DESC LIMIT 10);"
        "DELETE FROM log_leaf WHERE entry NOT IN (SELECT seq FROM audit_entry)",
    "a head": "UPDATE audit_head SET number = number + 1",
    "all": "DELETE FROM audit_entry",
    "all and all that is about it": "DELETE FROM audit_entry; DELETE FROM audit_head; DELETE FROM log_leaf;"
        "DELETE FROM log_node; DELETE FROM log_checkpoint",
    "a checkpoint's root": "UPDATE log_checkpoint SET root = parts WHERE size > 40",
    "the last checkpoint": "DELETE FROM log_checkpoint WHERE size = (SELECT max(size) FROM log_checkpoint)",
    "a checkpoint's note": "UPDATE log_checkpoint SET note = replace(note, 'casework.example', 'casework.invalid')",
}


@pytest.mark.parametrize("deed", TAILS)
def test_what_is_cut_off_is_found(logged, key, deed):
    with behind_the_back(logged) as connection:
        for statement in TAILS[deed].split(";"):
            connection.execute(text(statement))
    report = found(logged, key)
    assert not report.ok
    assert report.problem


RECORDS = {
    "a field": ("UPDATE user_account SET name = 'Another (fictional)'", "field name is not what the log says"),
    "a row that the log does not know": (
        "INSERT INTO agency (id, code, name_en, type, active) VALUES "
        "('00000000000000000000000000000009', 'ghost', 'Ghost (fictional)', 'police', true)", "does not know of it"),
    "a row that is gone": ("DELETE FROM membership", "it is not there"),
}


@pytest.mark.parametrize("deed", RECORDS)
def test_a_record_changed_behind_the_log_s_back_is_found(logged, key, deed):
    statement, problem = RECORDS[deed]
    with behind_the_back(logged) as connection:
        assert connection.execute(text(statement)).rowcount > 0
    report = found(logged, key)
    assert not report.ok
    assert problem in report.problem
    assert found(logged, key, records=False).ok


def test_a_sealed_field_changed_behind_the_log_s_back_is_found(logged, key):
    with logged.work() as db:
        made = person(db, family_latin="Fictional")
        other = person(db, family_latin="Another")
    with behind_the_back(logged) as connection:
        connection.execute(text(
            "UPDATE person SET family_latin_sealed = (SELECT o.family_latin_sealed FROM person o WHERE o.ref = :other) "
            "WHERE ref = :ref"), {"ref": made.ref, "other": other.ref})
    assert f"person {made.ref}: its field family_latin_sealed" in found(logged, key).problem


def copy_of(connection, table) -> list[dict]:
    return [dict(row) for row in connection.execute(sa.select(table)).mappings()]


def test_yesterday_s_database_is_found_and_not_signed(logged, key, sequencer):
    tables = [m.__table__ for m in (AuditEntry, AuditHead, LogLeaf, LogNode, LogCheckpoint)]
    with logged.engine.connect() as connection:
        yesterday = {table: copy_of(connection, table) for table in tables}
    happen(logged, 5)
    sequencer.catch_up()
    with behind_the_back(logged) as connection:
        for table in tables:
            connection.execute(table.delete())
            if yesterday[table]:
                connection.execute(table.insert(), yesterday[table])
    report = found(logged, key)
    assert not report.ok
    assert "put back" in report.problem
    happen(logged, 1)
    with pytest.raises(CannotExtend, match="put back"):
        Sequencer(logged.engine, signer.load(key.path)).step()


def test_a_log_signed_again_with_a_new_key_is_found(logged, key, tmp_path):
    with logged.engine.connect() as connection:
        old = checkpoint_from(note_from(head(connection).note).text)
        seq = seq_at(connection, 20)
    stranger = signer.create(tmp_path / "stranger.key", key.key.name)
    with behind_the_back(logged) as connection:
        chain = connection.execute(sa.select(AuditEntry.chain).where(AuditEntry.seq == seq)).scalar_one()
        rewrite_chain(connection, chain, seq)
        for table in (LogLeaf, LogNode, LogCheckpoint):
            connection.execute(table.__table__.delete())
    Sequencer(logged.engine, stranger).catch_up()
    assert verify(logged.engine, key=stranger.key).ok, "the new log is whole in itself"
    report = verify(logged.engine, key=key.key)
    assert "not signed by the log's key" in report.problem
    # Whoever kept an old checkpoint needs no key of ours.
    report = verify(logged.engine, since=old)
    assert "rewritten" in report.problem


GUARDS = {
    "sqlite": "DROP TRIGGER log_leaf_no_update",
    "postgresql": "ALTER TABLE audit_entry DISABLE TRIGGER audit_entry_no_change",
}


def test_a_guard_that_is_off_is_told(logged, key):
    with logged.superuser() as connection:
        connection.execute(text(GUARDS[logged.backend]))
    assert "missing or switched off" in found(logged, key).problem


@pytest.mark.parametrize("table", triggers.TABLES)
def test_the_guards_refuse(logged, table):
    columns = Base.metadata.tables[table].columns
    column = columns.keys()[0]
    statements = [f"UPDATE {table} SET {column} = {column}", f"DELETE FROM {table}"]
    if logged.backend == "sqlite":
        statements.append(f"INSERT OR REPLACE INTO {table} SELECT * FROM {table} LIMIT 1")
    else:
        statements.append(f"TRUNCATE {table}")
    with logged.superuser() as connection:
        if connection.execute(text(f"SELECT count(*) FROM {table}")).scalar() == 0:
            some = {int: 9, bytes: b"x", str: "x", object: now()}  # moments have a type of ours
            connection.execute(Base.metadata.tables[table].insert().values(
                {c.name: some[c.type.python_type] for c in columns}))
    for statement in statements:
        with pytest.raises(sa.exc.DatabaseError, match="append-only"), logged.superuser() as connection:
            connection.execute(text(statement))


def test_going_on_from_the_last_verification(logged, key, sequencer):
    with logged.engine.connect() as connection:
        reached = head(connection)
    happen(logged, 300)
    sequencer.catch_up()
    happen(logged, 3)
    since = checkpoint_from(note_from(reached.note).text)
    report = found(logged, key, since=since)
    assert report.ok, report.problem
    assert (report.entries, report.waiting) == (303, 3)
    with behind_the_back(logged) as connection:
        connection.execute(text(f"UPDATE audit_entry SET verb = 'x' WHERE seq = {seq_at(connection, 250)}"))
    assert not found(logged, key, since=since).ok


def test_what_waits_is_checked_by_a_walk_from_a_checkpoint_too(logged, key):
    """Looked for where it can be: on SQLite above what was signed, on PostgreSQL above what had settled by then."""
    with logged.engine.connect() as connection:
        reached = head(connection)
        low = {size: settled_at(connection, size) for size in (0, reached.size, reached.size + 5)}
    assert low == dict.fromkeys(low, 0) | ({} if logged.backend == "postgresql" else {
        reached.size: reached.last, reached.size + 5: reached.last})
    happen(logged, 3)
    since = checkpoint_from(note_from(reached.note).text)
    assert found(logged, key, since=since).ok
    with behind_the_back(logged) as connection:
        connection.execute(text("UPDATE audit_entry SET verb = 'x' WHERE seq = (SELECT max(seq) FROM audit_entry)"))
    assert "a column of it was changed" in found(logged, key, since=since).problem


def test_the_parts_of_a_head_come_back_as_they_were(logged):
    with logged.engine.connect() as connection:
        row = connection.execute(sa.select(LogCheckpoint.__table__).limit(1)).first()
    assert b"".join(head_of(row).parts) == row.parts

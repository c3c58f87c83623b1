"""The chain of custody: whole when untouched, and every tampering found, whatever the database lets through."""

import datetime as dt
import uuid

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from casework.crypto.models import DataKey
from casework.db.base import now
from casework.evidence import service
from casework.evidence.chain import append, link_hash, links, verify_chain
from casework.evidence.models import EvidenceItem
from casework.workflow.engine import Refused


def problems(desk, item) -> list[tuple[int | None, str]]:
    return desk.look(item, lambda db, i: [(p.seq, str(p.message)) for p in verify_chain(db, i)])


@pytest.fixture
def item(desk) -> uuid.UUID:
    return desk.stored(digital=True)


def test_an_untouched_chain_is_whole(desk, item):
    assert problems(desk, item) == []
    assert desk.look(item, lambda db, i: [e.seq for e in links(db, i)]) == [1, 2, 3, 4]


FORBIDDEN = ["UPDATE custody_event SET remark = 'x'", "DELETE FROM custody_event"]


@pytest.mark.parametrize("statement", FORBIDDEN)
def test_the_database_refuses_to_change_or_remove_a_link(desk, item, statement):
    """Whoever asks through SQL, the application's own account included."""
    with desk.database.superuser() as connection, pytest.raises(DBAPIError, match="append-only"):
        connection.exec_driver_sql(statement)


@pytest.mark.one_engine("postgresql")
def test_postgresql_refuses_to_empty_the_chain(desk, item):
    with desk.database.superuser() as connection, pytest.raises(DBAPIError, match="append-only"):
        connection.exec_driver_sql("TRUNCATE custody_event CASCADE")


@pytest.mark.one_engine
def test_sqlite_refuses_to_replace_a_link(desk, item):
    with desk.database.superuser() as connection, pytest.raises(DBAPIError, match="append-only"):
        connection.exec_driver_sql("INSERT OR REPLACE INTO custody_event SELECT * FROM custody_event WHERE seq = 2")


TAMPER = {
    "a word altered": ("UPDATE custody_event SET place = 'Elsewhere' WHERE seq = 4", {4}),
    "a time moved": ("UPDATE custody_event SET at = recorded_at WHERE seq = 1", {1}),
    "a receiver swapped": ("UPDATE custody_event SET received_by_id = released_by_id WHERE seq = 4", {4, None}),
    "a link removed from the middle": ("DELETE FROM custody_event WHERE seq = 3", {4}),
    "the last link removed": ("DELETE FROM custody_event WHERE seq = 4", {None}),
    "all links removed": ("DELETE FROM custody_event", {None}),
    "hash values swapped out": ("UPDATE custody_event SET hash_after_sealed = NULL WHERE seq = 1", {1}),
    "the item given to another": ("UPDATE evidence_item SET holder_id = created_by_id", {None}),
}


def without_guards(desk, statement: str) -> None:
    """What somebody does who owns the database."""
    with desk.database.superuser() as connection:
        if desk.database.backend == "sqlite":
            for name in ("no_update", "no_delete", "no_replace"):
                connection.exec_driver_sql(f"DROP TRIGGER custody_event_{name}")
        else:
            connection.exec_driver_sql("ALTER TABLE custody_event DISABLE TRIGGER USER")
        connection.exec_driver_sql(statement)


@pytest.mark.parametrize(("statement", "where"), TAMPER.values(), ids=TAMPER.keys())
def test_tampering_is_found(desk, item, statement, where):
    without_guards(desk, statement)
    assert {seq for seq, _message in problems(desk, item)} >= where


def test_a_forged_hash_breaks_the_next_link(desk, item):
    """Who alters a link and computes its hash anew still has all that follow against him."""
    def forged(db, i) -> str:
        event = links(db, i)[1]
        db.expunge(event)
        event.remark = "x"
        return link_hash(event)

    value = desk.look(item, forged)
    without_guards(desk, f"UPDATE custody_event SET remark = 'x', hash = '{value}' WHERE seq = 2")
    assert [seq for seq, _message in problems(desk, item)] == [3]


def test_a_gap_in_custody_is_found(desk, item):
    """A link whose hash is right but whose releaser never had the item."""
    with desk.database.work(unscoped=1) as db:
        found = db.get_one(EvidenceItem, item)
        append(db, desk.world.who["store"], found, "to_court", released_by_id=desk.world.who["exam"].user_id,
               outsider="Registrar (fictional)", seal_before="SEAL-001")
    assert [m for _seq, m in problems(desk, item)] == [
        "Gap: who released the item is not who received it before.",
        "The item's holder is not the last receiver of the chain."]


def test_times_go_forward_only(desk, item):
    with desk.database.work(unscoped=1) as db:
        append(db, desk.world.who["store"], db.get_one(EvidenceItem, item), "correction",
               at=now() - dt.timedelta(days=9), remark="Too early")
    assert [m for _seq, m in problems(desk, item)] == ["This event lies before the one before it."]


def test_another_seal_is_found(desk, item):
    with desk.database.work(unscoped=1) as db:
        append(db, desk.world.who["store"], db.get_one(EvidenceItem, item), "opened", seal_before="OTHER")
    assert [m for _seq, m in problems(desk, item)] == ["The seal number is not the one of the events before."]


def test_the_chain_outlives_the_key(desk, item):
    with desk.database.engine.begin() as connection:
        connection.execute(sa.update(DataKey.__table__).values(wrapped=None))
    assert problems(desk, item) == []


def test_the_system_freezes_what_fails(desk, item):
    whole = desk.stored("SEAL-010")
    key = item.hex if desk.database.backend == "sqlite" else str(item)
    without_guards(desk, f"UPDATE custody_event SET place = 'Elsewhere' WHERE seq = 4 AND item_id = '{key}'")
    with desk.database.work() as db:
        assert [i.id for i in service.open_discrepancies(db, now())] == [item]
    assert desk.look(item, lambda db, i: (i.state, i.discrepancy_kind)) == ("discrepancy", "chain")
    assert desk.look(whole, lambda db, i: i.state) == "in_storage"
    # What supervisor and custodian have resolved is not reported again; what comes after it is.
    desk.do("store", item, "propose_resolution", reason="The shelf list shows where it was")
    desk.do("psu", item, "resolve_discrepancy", reason="The shelf list was checked")
    with desk.database.work() as db:
        assert service.open_discrepancies(db, now()) == []
    assert len(problems(desk, item)) == 1


def test_a_correction_is_an_event_and_alters_nothing(desk, item):
    before = desk.look(item, lambda db, i: [(e.seq, e.hash) for e in links(db, i)])
    assert desk.do("inv", item, "correct", seq=1, remark="The place was the kitchen") == "in_storage"
    after = desk.look(item, lambda db, i: [(e.seq, e.hash) for e in links(db, i)])
    assert after[:-1] == before
    assert problems(desk, item) == []
    with pytest.raises(Refused):
        desk.do("inv", item, "correct", seq=99, remark="There is no such event")

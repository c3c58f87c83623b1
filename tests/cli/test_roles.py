"""PostgreSQL's own rights: the program cannot change the log, the sequencer can read nothing but it."""

import uuid

import pytest
import sqlalchemy as sa
from sqlalchemy import make_url, text

from casework.audit import signer
from casework.audit.capture import record_event
from casework.audit.chain import Event
from casework.audit.sequencer import Sequencer
from casework.audit.verify import verify
from casework.cli import roles
from casework.db.engine import make_engine
from tests.support.postgres import OWNER, ROLE, SEQUENCER

pytestmark = pytest.mark.one_engine("postgresql")


def as_role(database, role: str):
    return make_engine(make_url(database.url).set(username=role).render_as_string(hide_password=False))


@pytest.fixture
def sequencing(database):
    """An engine with the sequencer's role, on a database whose three roles have their own rights."""
    owner = as_role(database, OWNER)
    roles.grant(owner, ROLE, SEQUENCER)
    owner.dispose()
    engine = as_role(database, SEQUENCER)
    yield engine
    engine.dispose()


def refused(engine, statement: str) -> None:
    with pytest.raises(sa.exc.ProgrammingError, match="permission denied"), engine.begin() as connection:
        connection.execute(text(statement))


def test_each_role_does_its_own_work(database, sequencing, tmp_path):
    with database.work() as db:
        record_event(db, Event("test", chain=uuid.UUID(int=7)))
    key = signer.create(tmp_path / "log.key", "casework.example/log-1")
    assert Sequencer(sequencing, key).catch_up().size == 1
    assert verify(database.engine, key=key.key, signed=key.signed()).ok


@pytest.mark.parametrize("table", roles.APPEND_ONLY)
@pytest.mark.parametrize("statement", ["DELETE FROM {}", "TRUNCATE {}", "ALTER TABLE {} DISABLE TRIGGER ALL",
                                       "DROP TABLE {}", "UPDATE {} SET {} = {}"])
def test_the_program_cannot_change_what_is_only_added_to(database, sequencing, table, statement):
    column = database.engine.dialect.identifier_preparer.quote(columns_of(database, table)[0])
    with pytest.raises(sa.exc.ProgrammingError, match=r"permission denied|must be owner"), \
            database.engine.begin() as connection:
        connection.execute(text(statement.format(table, column, column)))


def columns_of(database, table: str) -> list[str]:
    return [column["name"] for column in sa.inspect(database.engine).get_columns(table)]


def test_the_program_cannot_switch_guards_off_or_add_to_the_tree(database, sequencing):
    refused(database.engine, "SET session_replication_role = replica")
    refused(database.engine, "INSERT INTO log_leaf (place, entry, hash) VALUES (0, 1, '')")
    refused(database.engine, "UPDATE alembic_version SET version_num = 'x'")
    with pytest.raises(sa.exc.ProgrammingError, match="permission denied"), \
            database.engine.begin() as connection:
        connection.execute(text("CREATE TABLE mine (id integer)"))


@pytest.mark.parametrize("table", ["person", "user_account", "data_key", "case"])
def test_the_sequencer_reads_no_record(sequencing, table):
    refused(sequencing, f'SELECT count(*) FROM "{table}"')


def test_the_sequencer_writes_no_entry(sequencing):
    refused(sequencing, "INSERT INTO audit_head (chain, number, hash) VALUES (gen_random_uuid(), 1, '')")
    refused(sequencing, "DELETE FROM audit_entry")


def test_a_right_too_many_is_told(database, sequencing):
    owner = as_role(database, OWNER)
    with owner.begin() as connection:
        connection.execute(text(f"GRANT UPDATE ON audit_entry TO {ROLE}"))
    owner.dispose()
    assert "right to update audit_entry" in verify(database.engine).problem

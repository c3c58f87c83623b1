"""The third wall, on PostgreSQL: raw SQL in the program's own role gives each reader what the matrix gives, no more."""

import contextlib
import dataclasses
import os
import re
import shutil
import subprocess
import uuid

import psycopg
import pytest
from sqlalchemy import func, make_url, select, text

import casework.models  # noqa: F401
from casework.authz import row_walls
from casework.authz.facts import FACTS
from casework.authz.identity import ROLES, Identity
from casework.authz.matrix import load
from casework.authz.row_security import functions, scoped_models
from casework.authz.scope import ScopeMissing, scoped_by_hand, unscoped
from casework.cases.models import Case
from casework.cli import roles
from casework.cli.common import Problem
from casework.cli.init import prepare
from casework.db.asking import NAMES
from casework.db.base import Base
from casework.db.engine import make_engine
from casework.db.session import work
from tests.support import databases
from tests.support.matrix import FILE, use_file
from tests.support.postgres import OWNER, ROLE, programs
from tests.support.world import SITUATIONS, World, build

from .matrix_text import cells
from .raw import Raw, be, connected, differences

pytestmark = pytest.mark.one_engine("postgresql")
TABLES = [model.__tablename__ for model in scoped_models()]
CASE = Case.__table__
SOMEBODY = Identity(uuid.UUID(int=1), "Reader (fictional)", "PSU", uuid.UUID(int=2))


@pytest.fixture
def world(database) -> World:
    use_file()
    with database.work() as db:
        return build(db)


@pytest.fixture
def owner(database):
    engine = make_engine(make_url(database.url).set(username=OWNER).render_as_string(hide_password=False))
    yield engine
    engine.dispose()


def test_every_reader_reads_and_writes_what_the_matrix_gives(database, world):
    with connected(database.url) as connection:
        found, asked = differences(Raw(connection, TABLES), connection, world, cells(), ROLES)
    assert found == []
    assert asked > 20_000


def test_a_planted_wrong_cell_is_found(database, world, owner, tmp_path):
    planted = tmp_path / "matrix.csv"
    planted.write_text(FILE.read_text(encoding="utf-8").replace("M own,W a,WA g,", "M own,W a,WA a,"), encoding="utf-8")
    row_walls.apply(owner, load(planted), ROLE)
    with connected(database.url) as connection:
        found, _asked = differences(Raw(connection, ["case"]), connection, world, cells(), ROLES)
    assert {(role, command) for role, _table, command, *_ in found} == {
        ("PSU", "select"), ("PSU", "update"), ("PSU", "insert")}


def test_nobody_gets_nothing(database, world):
    with connected(database.url) as connection:
        raw = Raw(connection, TABLES)
        for table in TABLES:
            assert raw.gets(table) == {"select": set(), "update": set(), "delete": set(), "insert": set()}, table
        for view in ("case", "support_referral", "evidence_item"):
            assert connection.execute(f'SELECT count(*) FROM row_security."{view}"').fetchone() == (0,)


def test_half_an_identity_gets_nothing(database, world):
    reader = world.readers["PSU"]
    for name, value in (("role", "PSU"), ("role", "any"), ("user_id", reader.user_id), ("agency_id", reader.agency_id)):
        with connected(database.url) as connection:
            connection.execute("SELECT set_config(%s, %s, true)", (f"casework.{name}", str(value)))
            assert connection.execute('SELECT count(*) FROM "case"').fetchone() == (0,), name


def settings(connection) -> set:
    query = ", ".join(f"coalesce(current_setting('{name}', true), '')" for name in NAMES)
    return set(connection.execute(text(f"SELECT {query}")).one())


def test_an_identity_ends_with_its_transaction(database, world):
    engine = make_engine(database.url, pool_size=1)
    try:
        for ending in ("commit", "rollback"):
            _ask_and_end(engine, world, ending)
    finally:
        engine.dispose()


def _ask_and_end(engine, world, ending: str) -> None:
    """One person's transaction, then what the same connection gives to others."""
    with contextlib.suppress(ZeroDivisionError), work(engine, info={"identity": world.readers["PSU"]}) as db:
        assert db.scalar(select(func.count()).select_from(Case)) > 0
        assert settings(db.connection()) != {""}
        if ending == "rollback":
            raise ZeroDivisionError
    with engine.connect() as connection:
        assert settings(connection) == {""}
        assert connection.scalar(select(func.count()).select_from(CASE)) == 0
    with work(engine, info={"identity": world.readers["ADM"]}) as db:
        assert db.connection().scalar(select(func.count()).select_from(CASE)) == 0


def test_statements_that_go_past_the_row_scope_meet_the_wall(database, world):
    with database.work(identity=world.readers["INV"]) as db:
        seen = set(db.scalars(select(Case.id)))
        assert set(db.connection().execute(select(CASE.c.id)).scalars()) == seen
        assert set(db.execute(text('SELECT id FROM "case"')).scalars()) == seen
        with scoped_by_hand(db, "a test of a query that forgot to say who sees what"):
            assert set(db.scalars(select(Case.id))) == seen
        with unscoped(db, "a test of what platform code sees"):
            everything = set(db.execute(text('SELECT id FROM "case"')).scalars())
            assert everything > seen
        assert set(db.execute(text('SELECT id FROM "case"')).scalars()) == seen
        hidden = (everything - seen).pop()
        taken = db.execute(text("UPDATE \"case\" SET title = 'taken' WHERE id = :id"), {"id": hidden})
        assert taken.rowcount == 0


def test_a_savepoint_taken_back_does_not_take_the_identity_along(database, world):
    with database.work(readonly=True, identity=world.readers["PSU"]) as db:
        connection = db.connection()
        savepoint = connection.begin_nested()
        seen = connection.scalar(select(func.count()).select_from(CASE))
        savepoint.rollback()
        assert connection.scalar(select(func.count()).select_from(CASE)) == seen > 0


def test_without_identity_the_row_scope_still_speaks_first(database, world):
    with database.work(readonly=True) as db, pytest.raises(ScopeMissing):
        db.scalars(select(Case.id))


OUT = {
    "become the owner": f"SET ROLE {OWNER}",
    "become a superuser": "SET ROLE postgres",
    "another session": "SET SESSION AUTHORIZATION postgres",
    "switch it off": 'ALTER TABLE "case" DISABLE ROW LEVEL SECURITY',
    "do not force it": 'ALTER TABLE "case" NO FORCE ROW LEVEL SECURITY',
    "another policy": 'CREATE POLICY mine ON "case" USING (true)',
    "drop the policy": 'DROP POLICY rows_select ON "case"',
    "another function": "CREATE FUNCTION row_security.mine() RETURNS boolean LANGUAGE sql AS 'SELECT true'",
    "a view": 'CREATE VIEW public.mine AS SELECT * FROM "case"',
    "empty the table": 'TRUNCATE "case" CASCADE',
    "give myself more": f"ALTER ROLE {ROLE} BYPASSRLS",
    "ask for an error": 'SET LOCAL row_security = off; SELECT * FROM "case"',
    "copy the table": """COPY (SELECT * FROM "case") TO PROGRAM 'cat'""",
}


@pytest.mark.parametrize("way", OUT)
def test_the_programs_role_cannot_lift_it(database, way):
    with connected(database.url) as connection:
        be(connection, SOMEBODY)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(OUT[way])


def test_what_the_asking_role_makes_stands_in_for_nothing(database, world):
    """Temporary tables with the names of the scoped ones, and a type whose check runs with the rights of who meets
    it: no answer changes, and nothing of the asking role runs as the owner."""
    tables, roles = ["case", "person", "note"], ("INV", "PSU", "SW")
    with connected(database.url) as connection:
        raw = Raw(connection, tables)
        for name in (*Base.metadata.tables, *FACTS):
            connection.execute(f'CREATE TEMP TABLE IF NOT EXISTS "{name}" (LIKE public."{name}")')
        connection.execute("""
            CREATE TEMP TABLE ran (as_role text); GRANT ALL ON ran TO PUBLIC;
            CREATE FUNCTION pg_temp.note(value text) RETURNS boolean LANGUAGE plpgsql AS
                'BEGIN INSERT INTO pg_temp.ran VALUES (current_user); RETURN true; END';
            CREATE DOMAIN pg_temp.uuid AS pg_catalog.uuid CHECK (pg_temp.note(VALUE::text))""")
        connection.execute("SELECT gen_random_uuid()::uuid")
        found, asked = differences(raw, connection, world, cells(), roles)
        ran = connection.execute("SELECT DISTINCT as_role FROM ran").fetchall()
    assert found == []
    assert asked > 500
    assert ran == [(ROLE,)]


def test_every_name_in_a_function_carries_its_schema():
    """What has none is looked for in the temporary schema first."""
    bodies = "\n".join(made.body for made in functions(load(FILE)))
    called = set(re.findall(r"([\w.]+) ?\(", bodies)) - {"AND", "OR", "NOT", "IN", "EXISTS", "RETURN", "nullif"}
    types = set(re.findall(r"(?:::|  (?:reader|office) )([\w.]+)", bodies))
    tables = set(re.findall(r'(?:FROM|JOIN) ([\w."]+)', bodies))
    assert called == {"pg_catalog.current_setting", "pg_catalog.now"}
    assert types == {"pg_catalog.uuid", "pg_catalog.int4"}
    assert {name.partition(".")[0] for name in tables} == {"public", "row_security"}


def test_a_reset_opens_nothing(database, world):
    with connected(database.url) as connection:
        for reset in ("RESET ROLE", "RESET ALL", "DISCARD PLANS", "SET SESSION AUTHORIZATION DEFAULT"):
            be(connection, world.readers["ADM"])
            connection.execute(reset)
            assert connection.execute('SELECT count(*) FROM "case"').fetchone() == (0,)


def test_the_programs_role_is_nobody_in_particular(database):
    with connected(database.url) as connection:
        role = connection.execute("SELECT rolsuper, rolbypassrls, rolcreaterole, rolcreatedb FROM pg_roles "
                                  "WHERE rolname = current_user").fetchone()
        owned = connection.execute("""
            SELECT oid FROM pg_class WHERE relowner = current_user::regrole UNION ALL
            SELECT oid FROM pg_proc WHERE proowner = current_user::regrole UNION ALL
            SELECT oid FROM pg_namespace WHERE nspowner = current_user::regrole""").fetchall()
        member = connection.execute(
            "SELECT roleid FROM pg_auth_members WHERE member = current_user::regrole").fetchall()
        makes = connection.execute(
            "SELECT nspname FROM pg_namespace WHERE has_schema_privilege(oid, 'CREATE') UNION ALL "
            "SELECT datname FROM pg_database WHERE has_database_privilege(oid, 'CREATE')").fetchall()
    assert role == (False, False, False, False)
    assert owned == member == makes == []


def told(owner) -> list[str]:
    with owner.begin() as connection:
        return list(row_walls.differences(connection, load(FILE), ROLE))


PLANTED = {
    'ALTER POLICY rows_select ON "case" USING (true)': "the policy rows_select of case is not what the matrix gives",
    'CREATE POLICY more ON person USING (true)': "the policy more of person is not of the matrix",
    'DROP POLICY rows_update ON task': "the policy rows_update of task is missing",
    'ALTER POLICY rows_delete ON note TO PUBLIC': "the policy rows_delete of note is not what the matrix gives",
    'ALTER TABLE referral DISABLE ROW LEVEL SECURITY': "the rows of referral are not behind row security",
    'ALTER TABLE referral NO FORCE ROW LEVEL SECURITY': "the rows of referral are not behind row security",
    "CREATE OR REPLACE VIEW row_security.evidence_item AS SELECT id, store_agency_id, receiver_agency_id FROM "
    "evidence_item": "the view evidence_item is not what the matrix gives",
    'CREATE VIEW everything AS SELECT * FROM "case"': "public.everything works with the rights of its owner",
    "CREATE FUNCTION everything() RETURNS SETOF \"case\" LANGUAGE sql SECURITY DEFINER AS 'SELECT * FROM \"case\"'":
        "public.everything works with the rights of its owner",
    f"GRANT {OWNER} TO {ROLE}": f"the role {ROLE} can become the owner of the tables",
}


def test_a_database_as_it_was_made_has_nothing_to_tell(database, owner):
    assert told(owner) == []
    assert not row_walls.apply(owner, load(FILE), ROLE)


@pytest.mark.parametrize("statement", PLANTED)
def test_a_wrong_wall_is_told(database, statement):
    with database.superuser() as connection:
        connection.exec_driver_sql(f"SET LOCAL ROLE {OWNER}" if not statement.startswith("GRANT") else "SELECT 1")
        connection.exec_driver_sql(statement)
        found = list(row_walls.differences(connection, load(FILE), ROLE))
        connection.rollback()
    assert any(one.startswith(PLANTED[statement]) for one in found), found


def test_a_function_that_was_changed_is_told_and_mended(database, world, owner):
    with owner.begin() as connection:
        arguments = connection.scalar(text(
            "SELECT pg_get_function_arguments(oid) FROM pg_proc WHERE proname = 'case_sees'"))
        connection.exec_driver_sql(
            f"CREATE OR REPLACE FUNCTION row_security.case_sees({arguments}) RETURNS integer LANGUAGE plpgsql STABLE "
            "SECURITY DEFINER AS 'BEGIN RETURN 1; END'")
    assert told(owner) == ["the function case_sees is not what the matrix gives"]
    assert row_walls.apply(owner, load(FILE), ROLE)
    assert told(owner) == []
    with connected(database.url) as connection:
        be(connection, world.readers["ADM"])
        assert connection.execute('SELECT count(*) FROM "case"').fetchone() == (0,)


def test_lifted_for_a_migration_the_tables_stay_shut(database, world, owner):
    row_walls.lift(owner)
    with connected(database.url) as connection:
        connection.execute("SELECT set_config('casework.unscoped', 'on', true)")
        assert connection.execute('SELECT count(*) FROM "case"').fetchone() == (0,)
    with owner.begin() as connection:
        assert connection.scalar(select(func.count()).select_from(CASE)) > 0
    assert row_walls.apply(owner, load(FILE), ROLE)
    assert told(owner) == []


def test_a_row_cannot_be_moved_out_of_reach_or_into_it(database, world):
    other = str(uuid.uuid4())
    with connected(database.url) as connection:
        be(connection, world.readers["PSU"])
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute('UPDATE "case" SET lead_agency_id = %s', (other,))


def test_two_identities_in_one_transaction(database, world):
    """A person signs in, or takes up another role, within a request."""
    with database.work(readonly=True, identity=world.readers["PSU"]) as db:
        first = set(db.execute(text('SELECT id FROM "case"')).scalars())
        db.info["identity"] = world.readers["ADM"]
        assert set(db.execute(text('SELECT id FROM "case"')).scalars()) == set() != first
        db.info["identity"] = None
        assert set(db.execute(text('SELECT id FROM "case"')).scalars()) == set()


def test_the_commands_tell_of_it(database, owner):
    assert roles.unwalled(database.engine, load(FILE)) is None
    with database.superuser() as connection:
        connection.exec_driver_sql('ALTER TABLE "case" DISABLE ROW LEVEL SECURITY')
    assert roles.unwalled(database.engine, load(FILE)) == "the rows of case are not behind row security"
    with pytest.raises(Problem, match="run casework init"):
        roles.refuse_unwalled(database.engine, load(FILE))
    assert roles.unwalled(owner, load(FILE)) is None  # who owns the tables has no wall, and is told so elsewhere


def test_init_puts_it_in(database, settings, tmp_path):
    with databases.empty("postgresql", tmp_path) as url:
        program = make_url(url).set(username=ROLE).render_as_string(hide_password=False)
        prepare(dataclasses.replace(settings, database_url=program, owner_url=url))
        engine = make_engine(program)
        assert roles.unwalled(engine, load(FILE)) is None
        engine.dispose()


def test_a_backup_holds_every_row(database, world, tmp_path):
    url = make_url(database.url).set(drivername="postgresql").render_as_string(hide_password=False)
    program = shutil.which("pg_dump") or programs() / "pg_dump"
    command = [program, "--enable-row-security", "--data-only", "--table=case"]
    kept = {name: value for name, value in os.environ.items() if name != "PGOPTIONS"}
    for options, lines in (("", 0), ("-c casework.unscoped=on", len(SITUATIONS))):
        done = subprocess.run([*command, url], env={**kept, "PGOPTIONS": options}, check=True, capture_output=True)
        assert done.stdout.count(b"\tC26-") == lines

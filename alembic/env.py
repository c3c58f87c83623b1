"""How a migration runs. Called from casework.db.migrate, or by the alembic command with an ini of ours.

Foreign keys are off on SQLite, because rebuilding a parent table with them on deletes its children without a word;
they are checked at the end instead, before anything is committed. On PostgreSQL an advisory lock keeps two starts
from migrating at once, and the time limits keep a migration from stopping everybody who waits behind its lock.
"""

from alembic import context
from alembic.operations import ops
from pyramid.paster import get_appsettings
from sqlalchemy import Connection, DateTime, ForeignKeyConstraint

import casework.models  # noqa: F401  every model, so that autogenerate and check see the whole program
from casework.db.base import Base
from casework.db.engine import make_engine
from casework.db.types import UtcDateTime
from casework.settings import Settings

ADVISORY_LOCK = 0x63617365  # "case"
LOCK_TIMEOUT = "4s"
STATEMENT_TIMEOUT = "60s"


def render_item(kind: str, value, autogen_context):
    """Migrations name SQLAlchemy's own types, so that they still run when our classes have moved."""
    if kind == "type" and isinstance(value, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    return False


def compare_type(migration_context, inspected_column, metadata_column, inspected_type, metadata_type):
    """SQLite has one kind of moment only; the rest is left to alembic's own comparison."""
    if migration_context.dialect.name == "sqlite" and isinstance(metadata_type, UtcDateTime):
        return not isinstance(inspected_type, DateTime)
    return None


def not_ours_to_compare(connection: Connection) -> frozenset[str]:
    """SQLite's virtual tables (the search index) and their shadows: made by hand in migrations, unknown to models."""
    if connection.dialect.name != "sqlite":
        return frozenset()
    rows = connection.exec_driver_sql("SELECT name FROM pragma_table_list WHERE type IN ('virtual', 'shadow')")
    return frozenset(row.name for row in rows)


def include_object(item, name: str, kind: str, reflected: bool, counterpart) -> bool:
    """PostgreSQL's trigram indexes belong to the search too: made by hand, unknown to models."""
    by_hand = reflected and counterpart is None and kind == "index"
    return not (by_hand and item.dialect_options["postgresql"]["using"] == "gin")


def close_circles(migration_context, revision, directives) -> None:
    """Two tables that name each other: autogenerate writes the late constraint (use_alter) into its table, where
    PostgreSQL never makes it. Here it becomes a step of its own, after both tables."""
    for script in directives:
        for made in [step for step in script.upgrade_ops.ops if isinstance(step, ops.CreateTableOp)]:
            late = [c for c in made.columns if isinstance(c, ForeignKeyConstraint) and c.use_alter]
            made.columns = [c for c in made.columns if not any(c is other for other in late)]
            steps = [ops.CreateForeignKeyOp.from_constraint(constraint) for constraint in late]
            script.upgrade_ops.ops += [ops.ModifyTableOps(made.table_name, [step]) for step in steps]


def run(connection: Connection) -> None:
    """Run what is missing on `connection`, each revision in a transaction of its own."""
    sqlite = connection.dialect.name == "sqlite"
    if not sqlite:
        connection.exec_driver_sql(f"SELECT pg_advisory_lock({ADVISORY_LOCK})")
        # Search in Khmer needs trigrams; an account that may not add the extension finds it made by the administrator.
        connection.exec_driver_sql("CREATE EXTENSION IF NOT EXISTS pg_trgm")
        connection.exec_driver_sql(f"SET lock_timeout = '{LOCK_TIMEOUT}'")
        connection.exec_driver_sql(f"SET statement_timeout = '{STATEMENT_TIMEOUT}'")
    hidden = not_ours_to_compare(connection)
    connection.commit()
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        include_name=lambda name, kind, parents: kind != "table" or name not in hidden,
        include_object=include_object,
        process_revision_directives=close_circles,
        render_item=render_item,
        compare_type=compare_type,
        render_as_batch=True,
        transaction_per_migration=True,
        # Our BEGIN makes SQLite's data definition part of the transaction too; alembic assumes it is not.
        transactional_ddl=True,
        on_version_apply=check_foreign_keys if sqlite else None,
    )
    try:
        with context.begin_transaction():
            context.run_migrations()
    finally:
        connection.rollback()
        if not sqlite:
            connection.exec_driver_sql(f"SELECT pg_advisory_unlock({ADVISORY_LOCK})")
            connection.commit()


def check_foreign_keys(ctx, **details) -> None:
    """Refuse a revision that leaves a row without its parent; called inside the revision's transaction."""
    broken = ctx.connection.exec_driver_sql("PRAGMA foreign_key_check").all()
    if broken:
        raise RuntimeError(f"the migration leaves {len(broken)} rows without their parent, first in {broken[0][0]}")


def ini_connection() -> Connection:
    """A connection from the ini that the alembic command was given."""
    path = context.config.config_file_name
    settings = Settings.from_ini({**get_appsettings(path), "__file__": path})
    return make_engine(settings.database_url, migrations=True).connect()


given = context.config.attributes.get("connection")
if given is not None:
    run(given)
else:
    with ini_connection() as connection:
        run(connection)

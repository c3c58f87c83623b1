"""Brings a database to the present shape by the revisions in `alembic/versions`; the only way tables are made."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine

from .engine import make_engine

FOLDER = Path(__file__).resolve().parents[2] / "alembic"


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    return config


def head() -> str | None:
    """The newest revision of this program. Raises alembic's CommandError when there are two."""
    return ScriptDirectory.from_config(_config()).get_current_head()


def current(engine: Engine) -> str | None:
    """The revision the database is at, or None when it is empty."""
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Run the revisions that `engine`'s database lacks. A second caller waits, then finds nothing to do."""
    _run(engine, lambda config: command.upgrade(config, revision))


def check(engine: Engine) -> None:
    """Compare the models with the migrated database. Raises alembic's CommandError when they differ."""
    _run(engine, command.check)


def _run(engine: Engine, action) -> None:
    migrations = make_engine(engine.url, migrations=True)
    try:
        with _alone(engine), migrations.connect() as connection:
            config = _config()
            config.attributes["connection"] = connection
            action(config)
    finally:
        migrations.dispose()


@contextmanager
def _alone(engine: Engine) -> Iterator[None]:
    """On SQLite a lock file beside the database; PostgreSQL's advisory lock is taken in alembic/env.py."""
    if engine.dialect.name != "sqlite":
        yield
        return
    with open(f"{engine.url.database}.migrating", "w", encoding="ascii") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield

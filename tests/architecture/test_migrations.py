"""The migrations make what the models say, from nothing, on both engines."""

import subprocess
import sys

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError

from casework.db import migrate
from casework.db.base import Base
from casework.db.engine import make_engine
from casework.db.ready import NotReady, refuse
from tests.architecture.files import ROOT
from tests.support import databases


@pytest.fixture
def empty(backend, tmp_path):
    """An engine on a database without tables."""
    with databases.empty(backend, tmp_path) as url:
        engine = make_engine(url)
        yield engine
        engine.dispose()


def test_there_is_one_head_and_one_line():
    config = Config()
    config.set_main_option("script_location", str(ROOT / "alembic"))
    script = ScriptDirectory.from_config(config)
    assert len(script.get_heads()) == 1
    assert len(script.get_bases()) == 1


def test_from_empty_to_head(empty):
    assert migrate.current(empty) is None
    with pytest.raises(NotReady, match="casework init"):
        refuse(empty)
    migrate.upgrade(empty)
    assert migrate.current(empty) == migrate.head()
    refuse(empty)
    names = set(sa.inspect(empty).get_table_names())
    assert set(Base.metadata.tables) <= names


def test_models_and_migrations_agree(database):
    migrate.check(database.engine)


def test_the_check_sees_a_table_that_no_migration_makes(database):
    extra = sa.Table("never_migrated", Base.metadata, sa.Column("id", sa.Integer, primary_key=True))
    try:
        with pytest.raises(CommandError, match="never_migrated"):
            migrate.check(database.engine)
    finally:
        Base.metadata.remove(extra)


def test_two_starts_at_once_migrate_once(empty):
    url = empty.url.render_as_string(hide_password=False)
    script = f"""
from casework.db import engine, migrate
migrate.upgrade(engine.make_engine({url!r}))
"""
    starts = [subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, stderr=subprocess.PIPE) for _ in range(2)]
    complaints = [start.communicate(timeout=60)[1].decode() for start in starts]
    assert [start.returncode for start in starts] == [0, 0], complaints
    assert migrate.current(empty) == migrate.head()


def test_running_it_again_changes_nothing(database):
    migrate.upgrade(database.engine)
    assert migrate.current(database.engine) == migrate.head()


@pytest.mark.one_engine
def test_a_migration_that_orphans_rows_is_undone(database, tmp_path, monkeypatch):
    folder = tmp_path / "alembic"
    (folder / "versions").mkdir(parents=True)
    for name in ("env.py", "script.py.mako"):
        (folder / name).write_text((ROOT / "alembic" / name).read_text(encoding="utf-8"), encoding="utf-8")
    for path in (ROOT / "alembic" / "versions").glob("*.py"):
        (folder / "versions" / path.name).write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
    (folder / "versions" / "orphan.py").write_text(
        "from alembic import op\n"
        f"revision, down_revision = 'orphan', {migrate.head()!r}\n"
        "branch_labels = depends_on = None\n"
        "def upgrade():\n"
        "    op.execute('CREATE TABLE parent (id INTEGER PRIMARY KEY)')\n"
        "    op.execute('CREATE TABLE child (id INTEGER REFERENCES parent (id))')\n"
        "    op.execute('INSERT INTO child VALUES (1)')\n",
        encoding="utf-8",
    )
    before = migrate.head()
    monkeypatch.setattr(migrate, "FOLDER", folder)
    with pytest.raises(RuntimeError, match="without their parent, first in child"):
        migrate.upgrade(database.engine)
    assert migrate.current(database.engine) == before
    assert not sa.inspect(database.engine).has_table("child")


@pytest.mark.one_engine
def test_the_alembic_command_works_with_our_ini(database, ini, monkeypatch, tmp_path):
    path = tmp_path / "casework.ini"
    lines = [f"{name} = {value}" for name, value in ini.items()]
    path.write_text("\n".join(["[app:main]", "use = egg:casework", *lines, "[alembic]",
                               f"script_location = {ROOT / 'alembic'}"]), encoding="utf-8")
    command.check(Config(str(path)))

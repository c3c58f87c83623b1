"""casework init: folder, keys and tables. Runs again without harm, and after every update of the program."""

import argparse
import fcntl
from pathlib import Path

from sqlalchemy import Engine

from casework.crypto.keyring import KeyRing
from casework.db import migrate
from casework.db.engine import make_engine
from casework.db.ready import refuse
from casework.settings import Settings

from . import common

HELP = "make the folder, the key file and the tables, or bring the tables up to date"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="report as JSON")


def run(args: argparse.Namespace) -> int:
    report = prepare(common.settings(setup=True))
    if args.json:
        common.print_json(report)
    else:
        print(f"data {report['data']}, keys {report['keys']}, database at revision {report['revision']}")
    return 0


def prepare(settings: Settings) -> dict[str, str | bool | None]:
    """Make what is missing and migrate; a second start waits. Raises Problem rather than make new keys for old
    records."""
    settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    engine = make_engine(settings.database_url)
    with open(settings.data / "init.lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            made = _ensure_keys(settings, engine)
            migrate.upgrade(engine)
            refuse(engine)
            revision = migrate.current(engine)
        finally:
            engine.dispose()
    return {"data": str(settings.data), "keys": str(settings.keys), "made_keys": made, "revision": revision}


def _ensure_keys(settings: Settings, engine: Engine) -> bool:
    if settings.keys.exists():
        KeyRing.load(settings.keys)
        return False
    if _has_tables(settings, engine):
        raise common.Problem(
            f"the database has tables but its key file {settings.keys} is missing: restore the file; new keys would "
            "make every sealed field unreadable"
        )
    settings.keys.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    KeyRing.create(settings.keys)
    return True


def _has_tables(settings: Settings, engine: Engine) -> bool:
    if settings.sqlite and not Path(engine.url.database).exists():
        return False
    return migrate.current(engine) is not None

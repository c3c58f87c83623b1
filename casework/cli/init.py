"""casework init: folder, keys and tables. Runs again without harm, and after every update of the program."""

import argparse
import fcntl
import secrets
from pathlib import Path

from sqlalchemy import Engine, make_url

from casework.audit import signer
from casework.audit.sequencer import head
from casework.authz import row_walls
from casework.authz.matrix import load
from casework.crypto.keyring import KeyRing
from casework.crypto.sources import first_ring, ring_of, source_of
from casework.db import migrate
from casework.db.engine import make_engine
from casework.db.ready import refuse
from casework.settings import Settings

from . import common, roles

HELP = "make the folder, the key file and the tables, or bring the tables up to date"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="report as JSON")
    parser.add_argument("--new-log", action="store_true", help="after a database was restored: put the log's key aside "
                                                               "and go on under a new name (docs/operations.md)")


def run(args: argparse.Namespace) -> int:
    report = prepare(common.settings(setup=True), new_log=args.new_log)
    if args.json:
        common.print_json(report)
    else:
        print(f"data {report['data']}, keys {report['keys']}, database at revision {report['revision']}")
        print(f"the log's public key, for witnesses and verifiers: {report['log']}")
    return 0


def prepare(settings: Settings, *, new_log: bool = False) -> dict[str, str | bool | None]:
    """Make what is missing and migrate; a second start waits. Raises Problem rather than make new keys for old
    records."""
    settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    engine = make_engine(settings.database_url)
    with open(settings.data / "init.lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            made = _ensure_keys(settings, engine)
            _migrate(settings, engine)
            refuse(engine)
            common.check_keys(engine, ring_of(settings))
            log = _new_log_key(settings, engine) if new_log else _ensure_log_key(settings, engine)
            revision = migrate.current(engine)
        finally:
            engine.dispose()
    return {"data": str(settings.data), "keys": str(settings.keys), "made_keys": made, "revision": revision,
            "log": log.key.text}


def _migrate(settings: Settings, engine: Engine) -> None:
    """Bring the tables up to date, as their owner where that is another role, and give the program its rights and
    its rows."""
    if not settings.owner_url:
        migrate.upgrade(engine)
        return
    owner, matrix = make_engine(settings.owner_url), load(settings.etc / "matrix.csv")
    try:
        if migrate.current(owner) != migrate.head():
            row_walls.lift(owner)
        migrate.upgrade(owner)
        sequencer = make_url(settings.log_url).username if settings.log_url else None
        roles.grant(owner, engine.url.username, sequencer)
        row_walls.apply(owner, matrix, engine.url.username)
    finally:
        owner.dispose()


def _ensure_log_key(settings: Settings, engine: Engine) -> signer.Signer:
    if settings.log_key.exists():
        return signer.load(settings.log_key)
    with engine.connect() as connection:
        signed = head(connection).note
    if signed is not None:
        raise common.Problem(
            f"the log was signed with a key that is missing: restore {settings.log_key} and {settings.log_key}.signed, "
            "or see docs/operations.md, When the log's key is lost"
        )
    return _create_log_key(settings)


def _create_log_key(settings: Settings) -> signer.Signer:
    # The origin is for good and must not meet another log's, so it has an accidental part.
    return signer.create(settings.log_key, f"{settings.host}/log-{secrets.token_hex(4)}")


def _new_log_key(settings: Settings, engine: Engine) -> signer.Signer:
    """A new key that goes on from the tree in the database; the old one and its memory are kept beside it."""
    with engine.connect() as connection:
        reached = head(connection)
    for path in (settings.log_key, settings.log_key.with_name(f"{settings.log_key.name}.signed")):
        if path.exists():
            path.rename(path.with_name(f"{path.name}.before-{reached.size}-{secrets.token_hex(2)}"))
    made = _create_log_key(settings)
    made.begin_after(reached.size, reached.root)
    return made


def _ensure_keys(settings: Settings, engine: Engine) -> bool:
    source = source_of(settings)
    if settings.key_ring or settings.keys.exists():
        KeyRing.open(source)
        return False
    if _has_tables(settings, engine):
        raise common.Problem(
            f"the database has tables but its key file {settings.keys} is missing: restore the file; new keys would "
            "make every sealed field unreadable"
        )
    settings.keys.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    source.create(first_ring().as_bytes())
    return True


def _has_tables(settings: Settings, engine: Engine) -> bool:
    if settings.sqlite and not Path(engine.url.database).exists():
        return False
    return migrate.current(engine) is not None

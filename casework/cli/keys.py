"""casework keys: which ring keys there are and what is under them, a new one, an old one taken out.

A rotation is told in the log by two entries, its begin and its end; a begin without an end is one that was broken off
and goes on when the command is given again.
"""

import argparse
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

import casework.models  # noqa: F401  every column of tokens
from casework.accounts import rekeying  # noqa: F401  passwords
from casework.audit.capture import record_event
from casework.audit.chain import SYSTEM_CHAIN, Event
from casework.audit.models import AuditEntry
from casework.crypto import rotation
from casework.crypto.keyring import Content, KeyRing
from casework.crypto.sources import EnvironmentSource, source_of
from casework.db.session import work
from casework.people import names
from casework.settings import Settings

from . import common
from .jobs import alone

HELP = "the key ring: what is under which key, a new key, an old one taken out"
BEGUN, ENDED, RETIRED = "keys_rotate", "keys_rotated", "keys_retire"
ADVISORY_LOCK = 0x6B657973  # "keys"


def arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    status = actions.add_parser("status", help="the ring's keys, since when, and how much is under each")
    status.add_argument("--json", action="store_true", help="report as JSON")
    rotate = actions.add_parser("rotate", help="a new key, with everything put under it; goes on where it broke off")
    rotate.add_argument("--json", action="store_true", help="report as JSON")
    actions.add_parser("index", help="make the index of names anew, for people it does not know")
    retire = actions.add_parser("retire", help="take an old key out of the ring; refused while anything is under it")
    retire.add_argument("key", metavar="KEY", help="its id, as `status` shows it")


def run(args: argparse.Namespace) -> int:
    settings = common.settings()
    with common.database(settings) as (engine, ring):
        if args.action == "status":
            return _status(engine, ring, args.json)
        with _alone(engine, settings):
            if args.action == "index":
                return _index(engine, ring)
            return _rotate(settings, engine, ring, args.json) if args.action == "rotate" else _retire(
                engine, ring, args.key)


@contextmanager
def _alone(engine: Engine, settings: Settings) -> Iterator[None]:
    with alone(engine, settings, "keys", ADVISORY_LOCK) as mine:
        if not mine:
            raise common.Problem("another process is changing the keys: wait until it is done")
        yield


def _status(engine: Engine, ring: KeyRing, as_json: bool) -> int:
    with work(engine, readonly=True, info={"keyring": ring}) as db:
        counts = {key_id: rotation.under_key(db, key_id).numbers for key_id in ring.ids}
        elsewhere = rotation.under_others(db, ring).total
        pending = _unfinished(db)
    made = ring.content.made
    if as_json:
        common.print_json({
            "current": ring.current, "unfinished": pending is not None, "not_under_current": elsewhere,
            "keys": [{"id": one, "since": made.get(one), "under": counts[one]} for one in ring.ids],
        })
        return 0
    for one in ring.ids:
        current = ", current" if one == ring.current else ""
        print(f"{one}{current}, since {made.get(one, 'before that was written down')}")
        for name, number in counts[one].items():
            print(f"  {number:>9}  {name}")
    if pending is not None:
        print(f"a change of keys to {pending} was broken off: casework keys rotate goes on with it")
    print(f"{elsewhere} not under the current key")
    return 0


def _rotate(settings: Settings, engine: Engine, ring: KeyRing, as_json: bool) -> int:
    def session(**more: Any):
        return work(engine, info={"keyring": ring, **more})

    target = _target(settings, session, ring)
    if target not in ring.keys:
        ring.change(rotation.with_new_key(ring.content, target))
    moved = rotation.rotate(session, _progress)
    with session() as db:
        left = rotation.under_others(db, ring)
        _note(db, ENDED, to=ring.current, moved=moved.numbers, left=left.total)
    if as_json:
        common.print_json({"current": ring.current, "moved": moved.numbers, "left": left.numbers})
    else:
        print(f"everything is under {ring.current}: {moved.total} put there now"
              if not left.total else f"{left.total} could not be put under {ring.current}: {left.numbers}")
    return int(bool(left.total))


def _target(settings: Settings, session: Any, ring: KeyRing) -> str:
    """The key to go to: the one of a change that was broken off, else a new one. Its begin is in the log before the
    ring is touched."""
    given = isinstance(source_of(settings), EnvironmentSource)
    with session() as db:
        pending = _unfinished(db)
        if pending is not None:
            return ring.current if given else pending
        waiting = rotation.under_others(db, ring)
        if given and not waiting.total:
            raise common.Problem(
                f"{ring.name} cannot be changed from here: add a key to it where it is set, make that the current one, "
                "restart, and give this command again (docs/operations.md, Keys)")
        target = ring.current if given else rotation.next_id(ring.content)
        counts = waiting if given else rotation.under_key(db, ring.current)
        _note(db, BEGUN, to=target, **{"from": ring.current}, under=counts.numbers)
    return target


def _retire(engine: Engine, ring: KeyRing, key_id: str) -> int:
    if key_id not in ring.keys:
        raise common.Problem(f"the ring has no key {key_id}: it has {', '.join(ring.ids)}")
    if key_id == ring.current:
        raise common.Problem(f"{key_id} is the current key: casework keys rotate makes another one first")
    with work(engine, info={"keyring": ring}) as db:
        if _unfinished(db) is not None:
            raise common.Problem("a change of keys was broken off: casework keys rotate first")
        counts = rotation.under_key(db, key_id)
        if counts.total:
            found = ", ".join(f"{number} {name}" for name, number in counts.numbers.items() if number)
            raise common.Problem(f"{key_id} is still needed: {found} under it. Run casework keys rotate")
        _note(db, RETIRED, key=key_id)
    content = ring.content
    rest = {one: key for one, key in content.keys.items() if one != key_id}
    # The day on which it was made stays, so that its id is never given to another key.
    ring.change(Content(content.current, rest, {key_id: "", **content.made}))
    print(f"{key_id} is out of the ring. Backups from before the change of keys need it: keep its copy as long as them")
    return 0


def _index(engine: Engine, ring: KeyRing) -> int:
    after, number = None, 0
    while True:
        with work(engine, info={"keyring": ring}) as db:
            after, done = names.index_next(db, after, rotation.BATCH)
        number += done
        if not done:
            print(f"{number} people are found by their names")
            return 0


def _unfinished(db: Session) -> str | None:
    """The key that a change broken off was going to."""
    query = select(AuditEntry.verb, AuditEntry.body).where(AuditEntry.verb.in_((BEGUN, ENDED)))
    last = db.execute(query.order_by(AuditEntry.seq.desc()).limit(1)).one_or_none()
    return json.loads(last.body)["to"] if last is not None and last.verb == BEGUN else None


def _note(db: Session, verb: str, **details: Any) -> None:
    record_event(db, Event(verb, chain=SYSTEM_CHAIN, details=details))


def _progress(name: str, number: int) -> None:
    if sys.stderr.isatty():
        print(f"{number:>6} {name}", file=sys.stderr)

"""How the log is: for the auditor's desk, the administrators and the alarm."""

import datetime as dt
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select

from casework.db.base import now
from casework.verifier.casework_verify import Checkpoint, Malformed, hash_from

from . import guards
from .models import AuditEntry, LogCheckpoint
from .sequencer import head, waiting_since
from .signer import durable
from .verify_log import Bad

LATE = dt.timedelta(seconds=60)
VERIFIED = "audit.verify"  # the verb of the entry that each verification leaves


@dataclass(frozen=True)
class Health:
    """What there is to say about the log.

    size, root      of the tree as last signed, at `signed_at`; the root in hexadecimal digits
    origin          the log's name; None before the first signature
    waiting         how many of the latest entries have no place in the tree yet, the oldest since `waiting_since`
    late            whether that is longer than a minute: an alarm
    guards          what is wrong with the guards in the database, None when nothing is
    verified_at     the last verification, `verified` whether it found all well, `problem` what it found
    """

    origin: str | None
    size: int
    root: str
    signed_at: dt.datetime | None
    waiting: int
    waiting_since: dt.datetime | None
    late: bool
    guards: str | None
    verified_at: dt.datetime | None
    verified: bool | None
    problem: str | None


def health(connection: Connection) -> Health:
    """The state of the log, with a fixed number of short queries."""
    reached = head(connection)
    table, entries = LogCheckpoint.__table__, AuditEntry.__table__
    signed_at = connection.execute(select(table.c.at).where(table.c.size == reached.size)).scalar()
    count, oldest = waiting_since(connection)
    last = connection.execute(
        select(entries.c.at, entries.c.result, entries.c.body).where(entries.c.verb == VERIFIED)
        .order_by(entries.c.seq.desc()).limit(1)
    ).first()
    try:
        guards.check(connection)
        missing = None
    except Bad as bad:
        missing = bad.problem
    return Health(
        origin=reached.note and reached.note.split("\n", 1)[0], size=reached.size, root=reached.root.hex(),
        signed_at=signed_at, waiting=count, waiting_since=oldest,
        late=oldest is not None and now() - oldest > LATE, guards=missing,
        verified_at=last and last.at, verified=None if last is None else last.result == "ok",
        problem=None if last is None else json.loads(last.body).get("problem"),
    )


def _memory(key: Path) -> Path:
    return key.with_name(key.name + ".verified")


def last_verified(key: Path) -> Checkpoint | None:
    """Up to where an earlier verification found everything good, kept beside the log's key; None when unknown."""
    try:
        kept: dict[str, Any] = json.loads(_memory(key).read_text(encoding="ascii"))
        return Checkpoint(kept["origin"], int(kept["size"]), hash_from(kept["root"]))
    except (OSError, ValueError, KeyError, TypeError, Malformed):
        return None


def remember_verified(key: Path, reached: Checkpoint) -> None:
    """Keep up to where everything was found good."""
    lines = reached.text.split("\n")
    durable(_memory(key), json.dumps({"origin": lines[0], "size": int(lines[1]), "root": lines[2]}).encode())

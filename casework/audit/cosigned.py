"""What witnesses signed: kept beside the checkpoint it is about, and added to it wherever that is given out."""

import datetime as dt
from dataclasses import dataclass, replace

from sqlalchemy import Connection, select

from casework.db.base import now
from casework.verifier.casework_verify import Failed, Key, note_from
from casework.witness.policy import Policy

from .models import LogCheckpoint, LogCosignature
from .sequencer import Head, head, head_of

# How far back a checkpoint with enough cosignatures is looked for.
BACK = 1_000
LATE = dt.timedelta(hours=24)


def name_of(key: Key) -> str:
    """How rows name a witness: by its name and the id of its key, for a new key is a new witness."""
    return f"{key.name}+{key.id.hex()}"


def with_cosignatures(connection: Connection, reached: Head) -> str:
    """The signed checkpoint of a tree with every cosignature there is of it, in the order in which they came."""
    table = LogCosignature.__table__
    query = select(table.c.line).where(table.c.size == reached.size).order_by(table.c.at, table.c.witness)
    return "".join((reached.note or "", *connection.execute(query).scalars()))


def best(connection: Connection, policy: Policy | None, least: int = 0) -> Head:
    """The newest checkpoint of at least `least` entries that has the cosignatures the policy wants, else the newest.

    Its note has its cosignatures. Looks at the latest thousand cosignatures, not for ever back.
    """
    found = None if policy is None or policy.trust.quorum is None else _witnessed(connection, policy, least)
    reached = found or head(connection)
    return replace(reached, note=with_cosignatures(connection, reached) or None)


def _witnessed(connection: Connection, policy: Policy, least: int) -> Head | None:
    table, checkpoints = LogCosignature.__table__, LogCheckpoint.__table__
    query = (
        select(table.c.size, table.c.witness).where(table.c.size >= least).order_by(table.c.size.desc()).limit(BACK)
    )
    names = {name_of(key): name for name, key in policy.witnesses.items()}
    seen: dict[int, set[str]] = {}
    for row in connection.execute(query):
        if row.witness in names:
            seen.setdefault(row.size, set()).add(names[row.witness])
    for size, witnesses in seen.items():
        if not policy.met(witnesses):
            continue
        reached = head_of(connection.execute(select(checkpoints).where(checkpoints.c.size == size)).one())
        if _holds(with_cosignatures(connection, reached), policy, witnesses):
            return reached
    return None


def _holds(text: str, policy: Policy, witnesses: set[str]) -> bool:
    """Whether the signatures are true, and the log is one of the policy's: nothing is given out as proof unseen. A log
    that goes on under a new name has checkpoints of the old one."""
    note = note_from(text)
    origin = note.text.split("\n", 1)[0]
    keys = [policy.witnesses[name] for name in witnesses]
    logs = [key for key in policy.trust.logs if key.name == origin]
    try:
        ours = not policy.trust.logs or any(note.signed_by(key) is not None for key in logs)
        return ours and all(note.signed_by(key) is not None for key in keys)
    except Failed:
        return False


@dataclass(frozen=True)
class Standing:
    """How a witness stands: the largest tree it cosigned (0 before the first), when, and how many entries are signed
    beyond it. `late`: something was signed more than a day ago that it has not cosigned."""

    name: str
    key: Key
    url: str | None
    size: int
    at: dt.datetime | None
    behind: int
    late: bool

    @property
    def ago(self) -> dt.timedelta | None:
        """How long ago it cosigned last."""
        return None if self.at is None else now() - self.at


def standings(connection: Connection, policy: Policy) -> list[Standing]:
    """How each witness of the policy stands."""
    newest = head(connection).size
    return [_standing(connection, policy, name, newest) for name in policy.witnesses]


def _standing(connection: Connection, policy: Policy, name: str, newest: int) -> Standing:
    key = policy.witnesses[name]
    table, checkpoints = LogCosignature.__table__, LogCheckpoint.__table__
    last = connection.execute(
        select(table.c.size, table.c.at).where(table.c.witness == name_of(key)).order_by(table.c.size.desc()).limit(1)
    ).first()
    size = last.size if last else 0
    waits = connection.execute(
        select(checkpoints.c.at).where(checkpoints.c.size > size).order_by(checkpoints.c.size).limit(1)
    ).scalar()
    return Standing(
        name, key, policy.urls.get(name), size, last and last.at, newest - size,
        waits is not None and now() - waits > LATE,
    )

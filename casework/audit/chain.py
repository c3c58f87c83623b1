"""Turns events into chained entries and writes them."""

import datetime as dt
import hashlib
import json
import secrets
import uuid
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from casework.db.base import now

from .models import AuditEntry, AuditHead

START = bytes(32)
# Entries that belong to no case, record or person: start of the server, sign-in tries of unknown names.
SYSTEM_CHAIN = uuid.UUID(int=0)


@dataclass
class Event:
    """What happened, before it has a place in a chain. `details` must be plain JSON values."""

    verb: str
    chain: uuid.UUID = SYSTEM_CHAIN
    record_type: str | None = None
    record_id: uuid.UUID | None = None
    case_id: uuid.UUID | None = None
    result: str = "ok"
    details: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Actor:
    """Who did it, from where, in which request; `SYS` when no person did. `rule` is what the request was allowed by,
    for events that name no rule of their own."""

    user_id: uuid.UUID | None = None
    role: str = "SYS"
    agency_id: uuid.UUID | None = None
    session_id: uuid.UUID | None = None
    request_id: str | None = None
    address: str | None = None
    matrix: str | None = None
    rule: str | None = None


def canonical(value: Any) -> str:
    """JSON in one form (RFC 8785 for what we use: no floats, ASCII keys)."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def entry_hash(entry: dict[str, Any]) -> bytes:
    """The hash of an entry from its leaf: no personal data goes in but through the salted commitment."""
    leaf = {
        "v": 1,
        "chain": str(entry["chain"]),
        "number": entry["number"],
        "at": entry["at"].astimezone(dt.UTC).isoformat(timespec="microseconds"),
        "commitment": entry["commitment"].hex(),
        "previous": entry["previous"].hex(),
    }
    return hashlib.sha256(canonical(leaf).encode()).digest()


def body_of(event: Event, actor: Actor) -> dict[str, Any]:
    """The body of an entry: everything a reader of the log may be shown, minus what is None."""
    body = {
        "verb": event.verb,
        "result": event.result,
        "record_type": event.record_type,
        "record_id": _text(event.record_id),
        "case_id": _text(event.case_id),
        "actor_id": _text(actor.user_id),
        "role": actor.role,
        "agency_id": _text(actor.agency_id),
        "session_id": _text(actor.session_id),
        "request_id": actor.request_id,
        "address": actor.address,
        "matrix": actor.matrix,
        "rule": actor.rule,
        **event.details,
    }
    return {name: value for name, value in body.items() if value is not None}


def write(session: Session, events: list[Event], actor: Actor) -> None:
    """Append `events` to their chains in the session's transaction, with three statements whatever their number, and
    one more where a chain begins."""
    if not events:
        return
    connection = session.connection()
    chains = sorted({event.chain for event in events}, key=str)
    known = _locked_heads(connection, chains)
    rows = []
    moment = now()
    for event in events:
        number, previous = known[event.chain]
        body = canonical(body_of(event, actor))
        salt = secrets.token_bytes(16)
        row = {
            "chain": event.chain,
            "number": number + 1,
            "at": moment,
            "verb": event.verb,
            "result": event.result,
            "actor_id": actor.user_id,
            "agency_id": actor.agency_id,
            "record_type": event.record_type,
            "record_id": event.record_id,
            "case_id": event.case_id,
            "body": body,
            "salt": salt,
            "commitment": hashlib.sha256(salt + body.encode()).digest(),
            "previous": previous,
        }
        row["hash"] = entry_hash(row)
        known[event.chain] = (row["number"], row["hash"])
        rows.append(row)
    connection.execute(AuditEntry.__table__.insert(), rows)
    _move_heads(connection, {chain: known[chain] for chain in chains})


def _locked_heads(connection, chains: list[uuid.UUID]) -> dict[uuid.UUID, tuple[int, bytes]]:
    """Number and hash of the last entry of each chain, which nobody else moves before this transaction ends."""
    heads = AuditHead.__table__
    # In one order, so that two who write to the same chains do not wait for each other.
    query = select(heads).where(heads.c.chain.in_(chains)).order_by(heads.c.chain).with_for_update()
    known = {row.chain: (row.number, row.hash) for row in connection.execute(query)}
    missing = [{"chain": chain, "number": 0, "hash": START} for chain in chains if chain not in known]
    if missing:
        # Two may begin one chain at once: the second waits here for the first, then finds what it wrote.
        insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
        begun = insert(heads).values(missing).on_conflict_do_nothing().returning(heads.c.chain)
        known |= dict.fromkeys(connection.execute(begun).scalars(), (0, START))
    if len(known) < len(chains):
        known = {row.chain: (row.number, row.hash) for row in connection.execute(query)}
    return known


def _move_heads(connection, ends: dict[uuid.UUID, tuple[int, bytes]]) -> None:
    heads = AuditHead.__table__
    statement = heads.update().where(heads.c.chain == bindparam("at_chain"))
    connection.execute(
        statement.values(number=bindparam("to_number"), hash=bindparam("to_hash")),
        [{"at_chain": chain, "to_number": number, "to_hash": hash_} for chain, (number, hash_) in ends.items()],
    )


def _text(value: uuid.UUID | None) -> str | None:
    return None if value is None else str(value)

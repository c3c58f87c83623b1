"""Proves the log against itself: every entry against its body, its columns, its neighbour and the chain's head."""

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Engine, select

from .chain import START, entry_hash
from .models import AuditEntry, AuditHead

_REPEATED = ("verb", "result", "actor_id", "agency_id", "record_type", "record_id", "case_id")


@dataclass(frozen=True)
class Report:
    """What a verification found. `problem` names the first bad entry in words."""

    ok: bool
    entries: int
    chains: int
    problem: str | None = None
    seq: int | None = None

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def check_entry(row, previous: bytes, number: int) -> str | None:
    """What is wrong with one entry, or None."""
    if row.number != number:
        return f"expected number {number} of its chain, found {row.number}: an entry is missing or added"
    if hashlib.sha256(row.salt + row.body.encode()).digest() != row.commitment:
        return "its body was changed"
    body = json.loads(row.body)
    for name in _REPEATED:
        value = getattr(row, name)
        if (None if value is None else str(value)) != body.get(name):
            return f"its column {name} was changed"
    if row.previous != previous:
        return "it does not follow the entry before it"
    if entry_hash(row._mapping) != row.hash:
        return "its hash is wrong"
    return None


def verify(engine: Engine) -> Report:
    """Verify every chain, in memory that does not grow with the log."""
    entries, heads = AuditEntry.__table__, AuditHead.__table__
    query = select(entries).order_by(entries.c.chain, entries.c.number)
    with engine.execution_options(sqlite_begin="BEGIN").connect() as connection:
        ends = {row.chain: (row.number, row.hash) for row in connection.execute(select(heads))}
        streamed = connection.execution_options(stream_results=True, yield_per=2000)
        with streamed.execute(query) as rows:
            return _check(rows, ends)


def _check(rows, ends: dict) -> Report:
    """Walk all entries in the order of their chains; `ends` holds each chain's head and is used up."""
    count = chains = number = 0
    chain, previous = None, START
    for row in rows:
        if row.chain != chain:
            problem = _end(chain, number, previous, ends)
            if problem:
                return Report(False, count, chains, problem)
            chain, previous, number = row.chain, START, 0
            chains += 1
        problem = check_entry(row, previous, number + 1)
        if problem:
            return Report(False, count, chains, f"entry {row.seq}: {problem}", row.seq)
        previous, number = row.hash, row.number
        count += 1
    problem = _end(chain, number, previous, ends)
    lost = next((left for left, end in ends.items() if end[0]), None)
    if problem is None and lost is not None:
        problem = f"chain {lost}: all its entries are missing"
    return Report(problem is None, count, chains, problem)


def _end(chain, number: int, last: bytes, ends: dict) -> str | None:
    if chain is None:
        return None
    head = ends.pop(chain, None)
    if head is None:
        return f"chain {chain}: its head is missing"
    if head != (number, last):
        return f"chain {chain}: ends at {number}, its head says {head[0]}: entries at its end are missing or added"
    return None

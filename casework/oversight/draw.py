"""Drawing a random sample that anybody can draw again from its seed.

Candidate i is HMAC-SHA-256(seed, i) modulo the width of the range, counted from its first entry. A candidate that is
no entry of the wanted kind, or was drawn before, is passed over; so every entry of the kind is as likely as any other,
and the log is never read as a whole.
"""

import hashlib
import hmac
import json
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from casework.audit.models import AuditEntry

from .hints import READ

BATCH = 400
BATCHES = 25


def candidates(seed: str, first: int, last: int) -> Iterator[int]:
    """Numbers of entries from `first` to `last`, in the order that `seed` gives; each may come several times."""
    key, width, number = bytes.fromhex(seed), last - first + 1, 0
    while True:
        digest = hmac.new(key, number.to_bytes(8, "big"), hashlib.sha256).digest()
        yield first + int.from_bytes(digest, "big") % width
        number += 1


def draw(seed: str, first: int, last: int, wanted: int, fits: Callable[[Iterable[int]], set[int]]) -> list[int]:
    """At most `wanted` different entries; `fits` says which of some numbers are of the kind. Fewer where the range
    holds hardly any."""
    order, drawn = candidates(seed, first, last), {}
    for _batch in range(BATCHES):
        batch = list(islice(order, BATCH))
        known = fits(set(batch) - drawn.keys())
        for number in batch:
            if number in known and len(drawn) < wanted:
                drawn[number] = None
        if len(drawn) == wanted:
            break
    return list(drawn)


def of_kind(session: Session, kind: str) -> Callable[[Iterable[int]], set[int]]:
    """Which numbers are entries that a person made, of one kind."""

    def fits(numbers: Iterable[int]) -> set[int]:
        query = select(AuditEntry.seq).where(AuditEntry.seq.in_(list(numbers)), AuditEntry.actor_id.is_not(None))
        if kind == "reads":
            query = query.where(AuditEntry.verb.in_(READ))
        elif kind == "changes":
            query = query.where(AuditEntry.verb.not_in(READ), AuditEntry.record_id.is_not(None))
        return set(session.scalars(query))

    return fits


def digest_of(sample: Any) -> str:
    """SHA-256 over what is signed: the seed, the range, the items, the answers and the finding."""
    signed = {
        "ref": sample.ref, "seed": sample.seed, "kind": sample.kind, "wanted": sample.wanted, "first": sample.first,
        "last": sample.last, "items": sample.items, "answers": sample.answers, "finding": sample.finding,
    }
    return hashlib.sha256(json.dumps(signed, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
                          ).hexdigest()

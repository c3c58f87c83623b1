"""Counters of tries, in the database: shared by all workers, counted before the answer is known.

A try is counted first and judged after, so that fifty at once are fifty. A success gives its places back. Keys are
keyed hashes: the table does not say what was typed.
"""

import datetime as dt
import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import case, delete, literal, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from casework.crypto.keyring import KeyRing
from casework.crypto.tokens import token
from casework.db.types import UtcDateTime

from .credentials import SignInCounter


@dataclass(frozen=True)
class Limit:
    """At most `count` tries in `seconds` from the first one on."""

    count: int
    seconds: int


# SECURITY: NIST SP 800-63B-4 and ASVS 6.3.1; the figures are those of a public package index, made stricter.
ACCOUNT = (Limit(5, 300), Limit(20, 3600))
SECOND_FACTOR = (Limit(5, 300), Limit(20, 3600), Limit(50, 86400))
NETWORK = (Limit(50, 300), Limit(300, 3600))
EVERYBODY = (Limit(1000, 300),)


@dataclass(frozen=True)
class Place:
    """What is counted: a kind of subject and the subject, under some limits."""

    kind: str
    subject: str
    limits: tuple[Limit, ...]

    def keys(self, ring: KeyRing) -> list[tuple[bytes, Limit]]:
        return [
            (token(ring, "sign-in", f"{self.kind}|{limit.seconds}|{self.subject}"), limit) for limit in self.limits
        ]


@dataclass(frozen=True)
class Taken:
    """The outcome of counting one try: the kinds whose limit it passed, and those it passed just now."""

    refused: frozenset[str]
    just_now: frozenset[str]


def network(address: str | None) -> str:
    """The network a client's address is counted by: /24 of IPv4, /64 of IPv6."""
    try:
        parsed = ipaddress.ip_address((address or "").partition("%")[0])
    except ValueError:
        return "unknown"
    if parsed.version == 6 and parsed.ipv4_mapped:
        parsed = parsed.ipv4_mapped
    return str(ipaddress.ip_network((parsed, 24 if parsed.version == 4 else 64), strict=False))


def take(db: Session, ring: KeyRing, at: dt.datetime, places: Sequence[Place]) -> Taken:
    """Count one try under every place. Commits with the session's transaction: give it one of its own."""
    refused, just_now = set(), set()
    wanted = [(key, limit, place.kind) for place in places for key, limit in place.keys(ring)]
    # Always in the same order, so that two at once do not wait for each other.
    for key, limit, kind in sorted(wanted, key=lambda entry: entry[0]):
        count = _count(db, key, limit, at)
        if count > limit.count:
            refused.add(kind)
        if count == limit.count + 1:
            just_now.add(kind)
    return Taken(frozenset(refused), frozenset(just_now))


def _count(db: Session, key: bytes, limit: Limit, at: dt.datetime) -> int:
    table = SignInCounter.__table__
    dialect = postgresql if db.get_bind().dialect.name == "postgresql" else sqlite
    ends = at + dt.timedelta(seconds=limit.seconds)
    over = table.c.ends_at <= literal(at, UtcDateTime())
    statement = dialect.insert(table).values(key=key, window_start=at, ends_at=ends, count=1)
    statement = statement.on_conflict_do_update(
        index_elements=[table.c.key],
        set_={
            "count": case((over, 1), else_=table.c.count + 1),
            "window_start": case((over, literal(at, UtcDateTime())), else_=table.c.window_start),
            "ends_at": case((over, literal(ends, UtcDateTime())), else_=table.c.ends_at),
        },
    ).returning(table.c.count)
    return db.connection().execute(statement).scalar_one()


def forget(db: Session, ring: KeyRing, places: Sequence[Place]) -> None:
    """The try succeeded: these places start anew."""
    keys = [key for place in places for key, _ in place.keys(ring)]
    db.execute(delete(SignInCounter).where(SignInCounter.key.in_(keys)).execution_options(synchronize_session=False))


def give_back(db: Session, ring: KeyRing, places: Sequence[Place]) -> None:
    """The try succeeded: it does not count against the others of these places (a network, everybody)."""
    keys = [key for place in places for key, _ in place.keys(ring)]
    db.execute(
        update(SignInCounter).where(SignInCounter.key.in_(keys), SignInCounter.count > 0)
        .values(count=SignInCounter.count - 1).execution_options(synchronize_session=False)
    )


def purge(db: Session, at: dt.datetime) -> None:
    """Remove counters whose time is over."""
    db.execute(delete(SignInCounter).where(SignInCounter.ends_at <= at).execution_options(synchronize_session=False))

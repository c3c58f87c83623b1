"""Keyed tokens, the blind index: exact search on values that are stored encrypted.

A token tells equality and nothing else, so it is made only for values with many possibilities (identifiers, code words,
parts of names), never for sex or province. It is the ring key's mark (4 bytes) and HMAC-SHA-256, cut to 28 bytes, under
a key of its own per purpose: what is a token of one purpose is none of another.

Whoever stores tokens does three things, so that they outlive a change of keys:

    column    token: Mapped[bytes] = col(S3, LargeBinary(32), info={"token": True}, index=True)
    look-up   Model.token.in_(tokens(ring, purpose, form))       the old and the new key's, while keys are changed
    at import rotating(Model, "token", each(Model, "token", lambda db, record: (purpose, form)))

`form` comes from the sealed original of the record; where that was erased, or for None, the token matches nothing. The
call stands in the module of the model, so that every command knows of it.
Purposes with a wall between them (victim's and suspect's side) are different purposes: "match/victim/phone".
"""

import hashlib
import hmac
import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, not_, update
from sqlalchemy.orm import Session

from .keyring import KeyRing
from .sealed import Erased

_MARK = 4
_LENGTH = 32
_rekeying: ContextVar[bool] = ContextVar("rekeying", default=False)

Renew = Callable[[Session, Sequence[Any]], None]


def token(ring: KeyRing, purpose: str, canonical: str) -> bytes:
    """32 bytes for `canonical` (already in its one form) under the current key for `purpose`: what is stored."""
    return token_under(ring, ring.current, purpose, canonical)


def tokens(ring: KeyRing, purpose: str, canonical: str) -> list[bytes]:
    """The tokens of `canonical` under every ring key, the current one's first: what is looked for."""
    return tokens_of(ring, purpose, [canonical])


def tokens_of(ring: KeyRing, purpose: str, canonicals: Iterable[str]) -> list[bytes]:
    """The tokens of several values under every ring key."""
    values = list(canonicals)
    return [made for one in ring.ids for made in _under(ring, one, purpose, values)]


def token_under(ring: KeyRing, key_id: str, purpose: str, canonical: str) -> bytes:
    """The token under one ring key, for what must be worked out again as it was."""
    return _under(ring, key_id, purpose, [canonical])[0]


def _under(ring: KeyRing, key_id: str, purpose: str, canonicals: Iterable[str]) -> list[bytes]:
    key, first, place = ring.key(key_id, f"token/{purpose}"), mark(key_id), b"1|" + purpose.encode() + b"|"
    return [first + hmac.digest(key, place + one.encode(), "sha256")[: _LENGTH - _MARK] for one in canonicals]


def nothing(ring: KeyRing) -> bytes:
    """A token that matches nothing: of a value that is gone."""
    return mark(ring.current) + secrets.token_bytes(_LENGTH - _MARK)


def mark(key_id: str) -> bytes:
    """The first bytes of every token under a ring key."""
    return hashlib.sha256(b"casework/token/" + key_id.encode()).digest()[:_MARK]


def under(column: Any, key_id: str) -> ColumnElement:
    """The SQL of "this token is under the ring key", which an index answers."""
    first = mark(key_id)
    after = (int.from_bytes(first, "big") + 1).to_bytes(_MARK + 1, "big")
    # Of all marks the last one alone would need a fifth byte; nothing comes after it.
    return and_(column >= first, column < after[1:]) if after[0] == 0 else column >= first


def not_under(column: Any, key_id: str) -> ColumnElement:
    """The SQL of "this token is under another key"."""
    return and_(column.is_not(None), not_(under(column, key_id)))


# ---- rotation

@dataclass(frozen=True)
class Rotating:
    """A column of tokens. `renew(db, records)` puts the tokens of some of its records under the current key."""

    model: type
    column: str
    renew: Renew

    @property
    def attribute(self) -> Any:
        return getattr(self.model, self.column)


_registered: dict[tuple[type, str], Rotating] = {}


def rotating(model: type, column: str, renew: Renew) -> None:
    """Declare a column of tokens, so that `casework keys rotate` renews it and `keys retire` counts it. The model has
    an `id`. `renew` may write the column, within `rekeying()`, and nothing else that the log keeps."""
    _registered[model, column] = Rotating(model, column, renew)


def registered() -> list[Rotating]:
    """Every column of tokens there is, in the order of their tables."""
    return sorted(_registered.values(), key=lambda one: (one.model.__tablename__, one.column))


def each(model: type, column: str, form: Callable[[Session, Any], tuple[str, str] | None]) -> Renew:
    """A `renew` for tokens that follow from one sealed value: `form(db, record)` is (purpose, canonical form)."""

    def renew(db: Session, records: Sequence[Any]) -> None:
        ring, attribute = db.info["keyring"], getattr(model, column)
        for record in records:
            known = getattr(record, column)
            try:
                value = form(db, record)
            except Erased:
                value = None
            made = nothing(ring) if value is None else token(ring, *value)
            # Who changed the value meanwhile has made its token already.
            same = update(model).where(model.id == record.id, attribute == known).values({column: made})
            with rekeying():
                db.connection().execute(same)

    return renew


@contextmanager
def rekeying() -> Iterator[None]:
    """Statements in this block may put keyed columns of audited tables under another key: the log keeps none of these
    values, so it has nothing to say of them. Rotation says what it does in an entry of its own."""
    before = _rekeying.set(True)
    try:
        yield
    finally:
        _rekeying.reset(before)


def is_rekeying() -> bool:
    """Whether the statement at hand stands in `rekeying`."""
    return _rekeying.get()

"""Trying to sign in: what is counted, what is compared, in which order, so that no answer tells more than yes or no.

Everything here happens in short transactions of its own, before the request's begins: tries count also when the
request fails, and no lock is held while a password is hashed.
"""

import datetime as dt
import uuid
from dataclasses import dataclass

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from casework.crypto.keyring import KeyRing
from casework.crypto.tokens import token
from casework.db.session import work

from . import device, ratelimit
from .models import User
from .passwords import Passwords
from .ratelimit import Place
from .service import canonical_login, find_link, may_sign_in, own_words


@dataclass(frozen=True)
class Try:
    """The outcome of one try.

    right       it was right, and counts
    busy        too many tries from this network or altogether: nothing was compared
    locked      too many tries for this account: nothing of it was compared; the person is told only what every wrong
                try is told
    just_locked this very try passed the limit
    user_id     the account, also of a wrong try, for the log alone
    new_hash    the password hashed anew, when its stored hash is out of date
    tag         names what was typed without telling it
    """

    right: bool = False
    busy: bool = False
    locked: bool = False
    just_locked: bool = False
    user_id: uuid.UUID | None = None
    new_hash: str | None = None
    tag: str = ""


@dataclass(frozen=True)
class Link:
    """What a one-time link is for: welcome, password or factor, and whose it is."""

    kind: str
    user_id: uuid.UUID
    login: str
    words: list[str]


@dataclass(frozen=True)
class Gate:
    """From where and when somebody tries."""

    engine: Engine
    ring: KeyRing
    passwords: Passwords
    at: dt.datetime
    address: str | None = None
    device_cookie: str | None = None

    def _own_transaction(self):
        return work(self.engine, info={"keyring": self.ring})

    def _looking(self):
        return work(self.engine, readonly=True, info={"keyring": self.ring})

    def _own_places(self, kind: str, login: str, limits: tuple) -> tuple[Place, bool]:
        """Where a try for this account counts, and whether it comes from a device known for it."""
        known = device.known(self.ring, self.device_cookie, login)
        subject = f"{known}|{login}" if known else login
        return Place(f"{kind}-device" if known else kind, subject, limits), known is not None

    def password(self, login: str, password: str) -> Try:
        """Compare a password. Unknown, disabled, locked and wrong take as long and leave alike."""
        login = canonical_login(login)
        tag = token(self.ring, "sign-in", f"login|{login}").hex()[:16]
        own, known = self._own_places("account", login, ratelimit.ACCOUNT)
        shared = [] if known else self._shared()
        with self._own_transaction() as db:
            taken = ratelimit.take(db, self.ring, self.at, [own, *shared])
            user = db.scalars(select(User).where(User.login == login)).one_or_none()
            user_id = user.id if user else None
            usable = user is not None and may_sign_in(user, self.at)
            stored = user.password_hash if usable else None
        if taken.refused & {place.kind for place in shared}:
            return Try(busy=True, user_id=user_id, tag=tag)
        locked = own.kind in taken.refused
        right = self.passwords.verify(None if locked else stored, password)
        if not right:
            return Try(locked=locked, just_locked=own.kind in taken.just_now, user_id=user_id, tag=tag)
        new_hash = self.passwords.hash(password) if self.passwords.stale(stored) else None
        with self._own_transaction() as db:
            ratelimit.forget(db, self.ring, [own])
            ratelimit.give_back(db, self.ring, shared)
        return Try(right=True, user_id=user_id, new_hash=new_hash, tag=tag)

    def password_alone(self, user_id: uuid.UUID, password: str) -> Try:
        """Compare the password of an account whose second factor was removed and is about to be set up anew."""
        with self._own_transaction() as db:
            user = db.get_one(User, user_id)
            own, _known = self._own_places("account", user.login, ratelimit.ACCOUNT)
            taken = ratelimit.take(db, self.ring, self.at, [own])
            stored = user.password_hash if user.active else None
        locked = own.kind in taken.refused
        right = self.passwords.verify(None if locked else stored, password)
        return Try(right=right, locked=locked, just_locked=own.kind in taken.just_now, user_id=user_id)

    def second_factor(self, login: str) -> Try:
        """Count one try of a code; the code itself is compared in the transaction that uses it up."""
        own, _known = self._own_places("code", login, ratelimit.SECOND_FACTOR)
        with self._own_transaction() as db:
            taken = ratelimit.take(db, self.ring, self.at, [own])
        return Try(locked=own.kind in taken.refused, just_locked=own.kind in taken.just_now)

    def second_factor_was_right(self, db: Session, login: str) -> None:
        """The tries before it are forgiven; `db` is a transaction of its own, after the request's."""
        own, _known = self._own_places("code", login, ratelimit.SECOND_FACTOR)
        ratelimit.forget(db, self.ring, [own])

    def link(self, token: str) -> Link | None:
        """What a one-time link is for, when it can still be used."""
        with self._looking() as db:
            link = find_link(db, token, self.at)
            if link is None:
                return None
            user = db.get_one(User, link.user_id)
            return Link(link.kind, user.id, user.login, own_words(user))

    def own_words(self, user_id: uuid.UUID) -> list[str]:
        """Words that this person's password must not consist of."""
        with self._looking() as db:
            return own_words(db.get_one(User, user_id))

    def _shared(self) -> list[Place]:
        return [
            Place("network", ratelimit.network(self.address), ratelimit.NETWORK),
            Place("everybody", "", ratelimit.EVERYBODY),
        ]

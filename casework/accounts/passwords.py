"""Passwords: what may be one, and how it is kept.

Kept is Argon2id, sealed under a key of the key ring (the pepper), so that a stolen database alone cannot be guessed at,
and the ring's keys can be changed without anybody's password. Policy after NIST SP 800-63B-4: length, no composition
rules, no periodic change, a list of common passwords and words of this program's surroundings.
"""

import base64
import binascii
import gzip
import logging
import os
import secrets
import threading
import unicodedata
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from translationstring import TranslationStringFactory

from casework.crypto.keyring import KeyFileError, KeyRing
from casework.crypto.seal import SealBroken, seal, unseal

_ = TranslationStringFactory("casework")
log = logging.getLogger(__name__)

MIN_LENGTH = 12
MAX_LENGTH = 256
_PLACE = "password"
_REMAINING = 6  # letters that must remain when common and own words are taken out
# Each hash takes 64 MiB: a hundred sign-ins at once would take 6.4 GiB.
_room = threading.BoundedSemaphore(2 * (os.cpu_count() or 1))


class Passwords:
    """Hashes, checks and judges passwords for one installation.

    ring         the key ring; the pepper is derived from it
    folder       the folder with `common-passwords.txt.gz` and `context-words.txt`
    time_cost, memory_cost (KiB)   of Argon2id; tests lower them, nothing else does
    """

    def __init__(self, ring: KeyRing, folder: Path, *, time_cost: int = 3, memory_cost: int = 65536):
        self._ring, self._folder = ring, folder
        self._hasher = PasswordHasher(time_cost=time_cost, memory_cost=memory_cost, parallelism=1)

    def hash(self, password: str) -> str:
        """The text to store: the id of the ring key, a colon, and the sealed Argon2id hash in base64."""
        with _room:
            return self._sealed(self._hasher.hash(_normal(password)))

    def verify(self, stored: str | None, password: str) -> bool:
        """Whether `password` is the stored one. Without a stored one it takes as long and answers no."""
        encoded = self._opened(stored) if stored is not None else None
        try:
            with _room:
                right = self._hasher.verify(encoded or self._dummy, _normal(password))
        except (VerificationError, InvalidHashError):
            return False
        return right and encoded is not None and len(password) <= MAX_LENGTH

    def stale(self, stored: str) -> bool:
        """Whether a stored hash should be made anew at sign-in: other costs, or an old ring key."""
        if not stored.startswith(f"{self._ring.current}:"):
            return True
        return self._hasher.check_needs_rehash(self._opened(stored) or self._dummy)

    def under_current(self, stored: str) -> str | None:
        """A stored hash put under the current ring key; None for one that cannot be opened."""
        encoded = self._opened(stored)
        return None if encoded is None else self._sealed(encoded)

    def problem(self, password: str, own_words: Iterable[str] = ()):
        """What forbids this password, as words for the person, or None. `own_words`: login, names, agency."""
        password = unicodedata.normalize("NFC", password)
        if len(password) < MIN_LENGTH:
            return _("Use at least ${n} characters. Three or four words in a row are good.", mapping={"n": MIN_LENGTH})
        if len(password) > MAX_LENGTH:
            return _("Use at most ${n} characters.", mapping={"n": MAX_LENGTH})
        plain = unicodedata.normalize("NFKC", password).casefold()
        if plain in self._common or plain.strip("0123456789.,-_!?@#$%&*+=/ ") in self._common:
            return _("This password is too common: it is the first that others would try. Choose another one.")
        if len(set(plain)) < 5 or self._what_remains(plain, own_words) < _REMAINING:
            return _("This password is easy to guess from your name, your agency or this program. Choose another one.")
        return None

    def _what_remains(self, plain: str, own_words: Iterable[str]) -> int:
        words = {part for word in own_words if word for part in _parts(word)} | self._context
        for word in sorted(words, key=len, reverse=True):
            plain = plain.replace(word, "")
        return sum(unicodedata.category(char)[0] in "LM" for char in plain)

    def _sealed(self, encoded: str) -> str:
        key_id = self._ring.current
        blob = seal(self._ring.key(key_id, "pepper"), encoded.encode("ascii"), _PLACE)
        return f"{key_id}:{base64.b64encode(blob).decode('ascii')}"

    def _opened(self, stored: str) -> str | None:
        """The Argon2id hash of what is stored, None when it does not open."""
        key_id, _colon, blob = stored.partition(":")
        try:
            sealed = base64.b64decode(blob, validate=True)
            return unseal(self._ring.key(key_id, "pepper"), sealed, _PLACE).decode("ascii")
        except (KeyFileError, SealBroken, binascii.Error):
            log.error("a password that was stored under the ring key %s does not open", key_id)
            return None

    @cached_property
    def _dummy(self) -> str:
        return self._hasher.hash(secrets.token_hex(16))

    @cached_property
    def _common(self) -> frozenset[str]:
        text = gzip.decompress((self._folder / "common-passwords.txt.gz").read_bytes()).decode("utf-8")
        return frozenset(text.split("\n")) - {""}

    @cached_property
    def _context(self) -> frozenset[str]:
        lines = (self._folder / "context-words.txt").read_text(encoding="utf-8").splitlines()
        return frozenset(line.strip().casefold() for line in lines if len(line.strip()) >= 4)

    def check_lists(self) -> None:
        """Read the lists now, so that a missing file stops the start and not the first new password."""
        _lists = (self._common, self._context)


def _normal(password: str) -> bytes:
    return unicodedata.normalize("NFC", password)[: MAX_LENGTH + 1].encode("utf-8", "surrogatepass")


def _parts(word: str) -> list[str]:
    plain = unicodedata.normalize("NFKC", word).casefold()
    split = "".join(char if char.isalnum() or unicodedata.category(char)[0] == "M" else " " for char in plain).split()
    return [part for part in split if len(part) >= 3]

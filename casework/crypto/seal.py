"""AES-256-GCM with the place of the value as associated data: a value moved to another row does not open."""

import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

VERSION = b"\x01"
_NONCE = 12


class SealBroken(Exception):
    """A sealed value was changed, moved, or belongs to another key."""


def seal(key: bytes, plain: bytes, place: str) -> bytes:
    """`plain` sealed with `key` for `place` (table, column, row id): version, nonce, ciphertext and tag."""
    nonce = secrets.token_bytes(_NONCE)
    return VERSION + nonce + AESGCM(key).encrypt(nonce, plain, place.encode())


def unseal(key: bytes, sealed: bytes, place: str) -> bytes:
    """What `seal` was given. Raises SealBroken."""
    if sealed[:1] != VERSION or len(sealed) < 1 + _NONCE + 16:
        raise SealBroken(place)
    try:
        return AESGCM(key).decrypt(sealed[1 : 1 + _NONCE], sealed[1 + _NONCE :], place.encode())
    except InvalidTag:
        raise SealBroken(place) from None

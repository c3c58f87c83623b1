"""Keyed tokens: exact search on values that are stored encrypted.

A token is HMAC-SHA-256 under a key of its own per purpose. It tells equality and nothing else, so it is made
only for values with many possibilities (identifiers, code words, addresses of sign-in), never for sex or province.
"""

import hashlib
import hmac

from .keyring import KeyRing


def token(ring: KeyRing, purpose: str, canonical: str) -> bytes:
    """32 bytes for `canonical` (already in its one form) under the current key for `purpose`."""
    key = ring.key(ring.current, f"token/{purpose}")
    return hmac.new(key, b"1|" + purpose.encode() + b"|" + canonical.encode(), hashlib.sha256).digest()

"""How a file is encrypted: Tink's streaming format AES256_GCM_HKDF_1MB, on the primitives of `cryptography`.

A header (its length, a salt, the first seven bytes of the nonces) and segments of one MiB, each AES-256-GCM with its
number and whether it is the last in the nonce: what is cut off, swapped or flipped does not open. Each segment opens
by itself, so that a part of a large file is read without the rest. Published with Tink as "AES-GCM-HKDF Streaming
AEAD"; tests hold this module to files that Tink wrote (docs/adr/0109-files-at-rest.md).
"""

import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY = 32
SEGMENT = 1 << 20
TAG = 16
_SALT, _PREFIX = 32, 7
HEADER = 1 + _SALT + _PREFIX
FIRST_PLAIN = SEGMENT - HEADER - TAG
PLAIN = SEGMENT - TAG


class Damaged(Exception):
    """The ciphertext was cut, changed or moved, or is another file's."""


def new_key() -> bytes:
    """The key of one file, never used for another."""
    return secrets.token_bytes(KEY)


def new_header() -> bytes:
    """The first 40 bytes of a new file."""
    return bytes([HEADER]) + secrets.token_bytes(HEADER - 1)


def room(segment: int) -> int:
    """How many bytes of the plain file a segment holds when it is full. The first shares its MiB with the header."""
    return PLAIN if segment else FIRST_PLAIN


def starts(segment: int) -> int:
    """Where a segment begins in the plain file."""
    return FIRST_PLAIN + (segment - 1) * PLAIN if segment else 0


def place(segment: int) -> int:
    """Where a segment begins in the ciphertext."""
    return segment * SEGMENT if segment else HEADER


def segment_at(offset: int) -> int:
    """The segment that holds a place of the plain file."""
    return 0 if offset < FIRST_PLAIN else (offset - FIRST_PLAIN) // PLAIN + 1


def segments_of(stored: int) -> int:
    """How many segments a ciphertext of `stored` bytes has. Raises Damaged for a length that none has."""
    count = -(-stored // SEGMENT)
    if count < 1 or stored - place(count - 1) < TAG:
        raise Damaged("the ciphertext has an impossible length")
    return count


def plain_size(stored: int) -> int:
    """The length of the plain file in a ciphertext of `stored` bytes. Raises Damaged."""
    return stored - HEADER - TAG * segments_of(stored)


def stored_size(plain: int) -> int:
    """The length of the ciphertext of a plain file."""
    # A file that ends where a segment does has no empty segment after it.
    return plain + HEADER + TAG * (segment_at(max(plain - 1, 0)) + 1)


class Cipher:
    """One file: its key, its header, and what it is bound to (`bound`, the associated data)."""

    def __init__(self, key: bytes, header: bytes, bound: bytes):
        if len(key) != KEY or len(header) != HEADER or header[0] != HEADER:
            raise Damaged("no header of this format")
        salt = header[1 : 1 + _SALT]
        self.header, self._prefix = header, header[1 + _SALT :]
        self._aead = AESGCM(HKDF(SHA256(), KEY, salt=salt, info=bound).derive(key))

    def _nonce(self, segment: int, last: bool) -> bytes:
        return self._prefix + segment.to_bytes(4, "big") + bytes([last])

    def seal(self, segment: int, plain: bytes | memoryview, *, last: bool) -> bytes:
        """The ciphertext of a segment. All but the last are full."""
        if len(plain) > room(segment) or (not last and len(plain) < room(segment)):
            raise ValueError("a segment of the wrong length")
        return self._aead.encrypt(self._nonce(segment, last), plain, None)

    def open(self, segment: int, sealed: bytes, *, last: bool) -> bytes:
        """What `seal` was given. Raises Damaged."""
        try:
            return self._aead.decrypt(self._nonce(segment, last), sealed, None)
        except InvalidTag:
            raise Damaged(f"segment {segment} does not open") from None

"""Reading a stored file as if it lay there in clear: any part of it, only the segments needed, one at a time."""

import hashlib
import io
from collections.abc import Callable, Iterator

from . import cipher
from .cipher import Cipher, Damaged

Fetch = Callable[[int, int], bytes]  # (place, length) -> exactly these bytes of the ciphertext


class Reader(io.RawIOBase):
    """The plain file in a ciphertext of `stored` bytes that `fetch` reads. Seekable; holds one segment.

    Raises Damaged when what is read was cut, changed, or is not this file's.
    """

    def __init__(self, fetch: Fetch, stored: int, key: bytes, bound: bytes):
        self._fetch, self._stored = fetch, stored
        self._last = cipher.segments_of(stored) - 1
        self.size = cipher.plain_size(stored)
        self._cipher = Cipher(key, fetch(0, cipher.HEADER), bound)
        self._position = 0
        self._held: tuple[int, bytes] = (-1, b"")

    def segment(self, number: int) -> bytes:
        """One segment in clear."""
        if self._held[0] != number:
            self._held = number, self._open(number, self._sealed(number))
        return self._held[1]

    def _sealed(self, number: int) -> bytes:
        begins = cipher.place(number)
        ends = min(cipher.place(number + 1), self._stored)
        sealed = self._fetch(begins, ends - begins)
        if len(sealed) != ends - begins:
            raise Damaged(f"segment {number} is cut short")
        return sealed

    def _open(self, number: int, sealed: bytes) -> bytes:
        return self._cipher.open(number, sealed, last=number == self._last)

    def part(self, start: int, stop: int) -> Iterator[bytes]:
        """The bytes from `start` up to `stop`, in pieces of at most a segment."""
        stop = min(stop, self.size)
        while start < stop:
            number = cipher.segment_at(start)
            within = start - cipher.starts(number)
            piece = self.segment(number)[within : within + stop - start]
            yield piece
            start += len(piece)

    def whole(self) -> Iterator[bytes]:
        """All of it; an empty file opens its one segment too."""
        if self.size == 0:
            self.segment(0)
        return self.part(0, self.size)

    def digests(self) -> tuple[str, str]:
        """The SHA-256 of the plain file and of the ciphertext, in one reading."""
        plain, sealed = hashlib.sha256(), hashlib.sha256(self._fetch(0, cipher.HEADER))
        for number in range(self._last + 1):
            sealed.update(ciphertext := self._sealed(number))
            plain.update(self._open(number, ciphertext))
        return plain.hexdigest(), sealed.hexdigest()

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self.size}[whence]
        if base + offset < 0:
            raise ValueError("before the beginning")
        self._position = base + offset
        return self._position

    def readinto(self, buffer) -> int:
        view = memoryview(buffer).cast("B")
        if self._position >= self.size or not view:
            return 0
        number = cipher.segment_at(self._position)
        within = self._position - cipher.starts(number)
        piece = memoryview(self.segment(number))[within : within + len(view)]
        view[: len(piece)] = piece
        self._position += len(piece)
        return len(piece)

"""Writes a bag: BagIt 1.0 (RFC 8493), one ZIP archive, in one pass over a stream that only takes bytes.

    bag = Bag(stream, "DP26-482913-K", at)
    with bag.file("data/E26-.../0001.age") as sink: sink.write(...)
    bag.manifest()                      after the last file below data/; gives the SHA-256 of the payload manifest
    bag.put("custody/index.csv", data)  tag files
    bag.tags_sha256()                   of all tag files so far, as an entry of the log names it
    bag.close()                         the tag manifests, and the end of the archive

Names are our own ASCII: programs disagree on how the others are spelt in a manifest (docs/exchange.md).
"""

import datetime as dt
import hashlib
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from casework.verifier.casework_verify import tags_digest
from casework.web.i18n import ZONE

KINDS = ("sha256", "sha512")
DECLARATION = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
PAYLOAD = "data/"
MODE = 0o100600 << 16  # a plain file, for its owner
_SAFE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*(/[A-Za-z0-9_][A-Za-z0-9_.-]*)*")


class Sink:
    """A file of the bag being written: counts, hashes, passes on."""

    def __init__(self, stream: Any, moved: Callable[[int], None] | None):
        self.size, self._stream, self._moved = 0, stream, moved
        self.digests = {kind: hashlib.new(kind) for kind in KINDS}

    def write(self, data: bytes) -> int:
        for digest in self.digests.values():
            digest.update(data)
        self._stream.write(data)
        self.size += len(data)
        if self._moved is not None:
            self._moved(len(data))
        return len(data)

    def flush(self) -> None:
        """For those who write into it as into a file; the archive flushes by itself."""


class Bag:
    """A bag on its way into `stream`, below the folder `base`. `moved(count)` hears of each piece of payload, and stops
    the writing by raising."""

    def __init__(self, stream: Any, base: str, at: dt.datetime, moved: Callable[[int], None] | None = None):
        self._archive = zipfile.ZipFile(stream, "w")
        self._base, self._moved = base, moved
        self._at = at.astimezone(ZONE).timetuple()[:6]
        self.sums: dict[str, dict[str, str]] = {}
        self.payload_size = 0

    @contextmanager
    def file(self, name: str) -> Iterator[Sink]:
        """Write one file. Raises ValueError for a name that is not ours to give, or given twice."""
        if not _SAFE.fullmatch(name) or name in self.sums:
            raise ValueError(f"no name in a bag: {name}")
        payload = name.startswith(PAYLOAD)
        info = zipfile.ZipInfo(f"{self._base}/{name}", self._at)
        info.external_attr = MODE
        # What is encrypted does not get smaller.
        info.compress_type = zipfile.ZIP_STORED if payload else zipfile.ZIP_DEFLATED
        with self._archive.open(info, "w", force_zip64=payload) as stream:
            sink = Sink(stream, self._moved if payload else None)
            yield sink
        self.sums[name] = {kind: digest.hexdigest() for kind, digest in sink.digests.items()}
        self.payload_size += sink.size if payload else 0

    def put(self, name: str, data: bytes) -> None:
        """A small file at once."""
        with self.file(name) as sink:
            sink.write(data)

    @property
    def payload(self) -> list[str]:
        """The names below data/."""
        return [name for name in self.sums if name.startswith(PAYLOAD)]

    @property
    def oxum(self) -> str:
        """Payload-Oxum: bytes and number of the files of the payload."""
        return f"{self.payload_size}.{len(self.payload)}"

    def _list(self, name: str, kind: str, names: Iterable[str]) -> str:
        lines = "".join(f"{self.sums[one][kind]}  {one}\n" for one in sorted(names))
        self.put(name, lines.encode())
        return self.sums[name]["sha256"]

    def manifest(self) -> str:
        """Write the payload manifests and the declaration; the SHA-256 of manifest-sha256.txt."""
        self.put("bagit.txt", DECLARATION)
        named = self.payload
        self._list("manifest-sha512.txt", "sha512", named)
        return self._list("manifest-sha256.txt", "sha256", named)

    def info(self, told: Iterable[tuple[str, str]]) -> None:
        """Write bag-info.txt, each value on one line."""
        lines = (f"{label}: {one_line(value)}\n" for label, value in told)
        self.put("bag-info.txt", "".join(lines).encode())

    def tags_sha256(self) -> str:
        """The digest of the tag files, without those of log/, which come after the entry that names it."""
        return tags_digest({name: sums["sha256"] for name, sums in self.sums.items() if not name.startswith(PAYLOAD)})

    def close(self) -> None:
        """Write the tag manifests and end the archive."""
        named = [name for name in self.sums if not name.startswith(PAYLOAD)]
        for kind in KINDS:
            self._list(f"tagmanifest-{kind}.txt", kind, named)
        self._archive.close()


def one_line(text: str) -> str:
    """Text as the value of a label: no line ends, no controls, no spaces at its ends."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())

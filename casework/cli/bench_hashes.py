"""What hash values cost: three digests of a file in one reading, and looking values up in a large list."""

import hashlib
import os
import random
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from casework.hashes.digests import ALGORITHMS, digests_of_file
from casework.hashes.index import ROW, Index, build

MIB = 1 << 20
FILE = 512  # MiB
BLOCK = 8192  # keys made at once
ASKED = 200_000
SHARE = 0.8


@dataclass
class Digests:
    """Seconds for a file that lies in memory: three digests in one reading, and hashlib's own, one after the other."""

    mib: int
    together: float
    hashlib: float

    @property
    def share(self) -> float:
        return self.hashlib / self.together

    def table(self) -> str:
        return (f"three digests of {self.mib} MiB in one reading: {self.together:.2f} s, "
                f"{self.mib / self.together:.0f} MiB/s; hashlib's own one after the other: {self.hashlib:.2f} s; "
                f"{self.share:.0%} (target {SHARE:.0%})")


def digests(folder: Path) -> Digests:
    """Measure both in turn, twice; the better of each."""
    path = folder / "large"
    with path.open("wb") as file:
        for _ in range(FILE):
            file.write(os.urandom(MIB))

    def each() -> None:
        for name in ALGORITHMS:
            with path.open("rb", buffering=0) as file:
                hashlib.file_digest(file, lambda name=name: hashlib.new(name, usedforsecurity=False))

    together, alone = zip(*((seconds(lambda: digests_of_file(path)), seconds(each)) for _ in range(2)), strict=True)
    path.unlink()
    return Digests(FILE, min(together), min(alone))


@dataclass
class Lookups:
    """A list of `hashes` values (SHA-256): seconds to make it, look-ups a second, MiB of the file; and by how many MiB
    this process grew: to make it, by looking (what is its own, and with the pages of the file that it looked at).

    `first`: values looked up for the first time, when the pages of the file that hold them come into this process."""

    hashes: int
    build: float
    build_memory: float
    first: float
    hits: float
    misses: float
    file: float
    own: float
    with_pages: float

    def table(self) -> str:
        return "\n".join((
            f"a list of {self.hashes:,} hash values:",
            f"  made in {self.build:.0f} s ({self.hashes / self.build:,.0f} a second) with {self.build_memory:.0f} MiB "
            f"more than before; {self.file:.0f} MiB on the disk",
            f"  looked up: {self.hits:,.0f} a second that stand there, {self.misses:,.0f} that do not; "
            f"{self.first:,.0f} when their pages were not looked at before",
            f"  memory to look: {self.own:.1f} MiB of its own, {self.with_pages:.0f} MiB with the file's pages",
        ))


def lookups(folder: Path, hashes: int) -> Lookups:
    """Make a list of random values and look into it, by values that are there and by others."""
    path, before = folder / "sha256", memory("VmRSS")
    _forget_peak()
    built = seconds(lambda: build(path, 32, _records(hashes)))
    peak = memory("VmHWM") - before
    index = Index(path)
    try:
        there, absent = _some(path, index), [os.urandom(32) for _ in range(ASKED)]
        own, all_of_it = memory("RssAnon"), memory("VmRSS")
        first, hits = (len(there) / seconds(lambda: _ask(index, there, True)) for _ in range(2))
        _first, misses = (len(absent) / seconds(lambda: _ask(index, absent, False)) for _ in range(2))
        return Lookups(index.count, built, peak, first, hits, misses, path.stat().st_size / MIB,
                       memory("RssAnon") - own, memory("VmRSS") - all_of_it)
    finally:
        index.close()
        path.unlink()


def _records(count: int) -> Iterator[tuple[bytes, int]]:
    for first in range(0, count, BLOCK):
        noise = os.urandom(32 * min(BLOCK, count - first))
        for at in range(0, len(noise), 32):
            yield noise[at : at + 32], first + at // 32


def _some(path: Path, index: Index) -> list[bytes]:
    """Keys from all over the file, in no order."""
    size, chance = 32 + ROW, random.Random(7)
    start = path.stat().st_size - index.count * size
    with path.open("rb") as file:
        return [os.pread(file.fileno(), 32, start + chance.randrange(index.count) * size)
                for _ in range(min(ASKED, index.count))]


def _ask(index: Index, keys: list[bytes], wanted: bool) -> None:
    find = index.find
    for key in keys:
        if (find(key) is not None) is not wanted:
            raise RuntimeError("the list does not say what it holds")


def memory(name: str, pid: int | str = "self") -> float:
    """A figure of /proc/PID/status in MiB."""
    return int(re.search(rf"^{name}:\s+(\d+)", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)[1]) / 1024


def _forget_peak() -> None:
    """Let VmHWM begin anew."""
    Path("/proc/self/clear_refs").write_text("5")


def seconds(act: Callable[[], None]) -> float:
    """How long something takes."""
    started = time.perf_counter()
    act()
    return time.perf_counter() - started

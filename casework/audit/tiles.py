"""The tree as files that anybody can check without us: C2SP tlog-tiles, with the signed checkpoint last.

    <folder>/checkpoint
    <folder>/tile/<level>/<number>[.p/<width>]      256 hashes of a level, or the first `width` of the last tile
    <folder>/tile/entries/<number>[.p/<width>]      the leaves themselves, each after its length in two bytes

Everything here can be made anew from the database. Whoever copies the folder has the whole proof.
"""

import logging
import os
import shutil
from pathlib import Path
from typing import BinaryIO

from sqlalchemy import Connection, select

from casework.verifier.casework_verify import Failed, Malformed, checkpoint_from, note_from

from .cosigned import with_cosignatures
from .leaf import leaf_data, moment
from .models import AuditEntry, LogLeaf
from .sequencer import Head, head
from .signer import durable
from .tree import BITS, WIDTH, stored

log = logging.getLogger(__name__)

TOGETHER = 100  # files open at once


def path_of(kind: str | int, number: int, width: int = WIDTH) -> str:
    """The path of a tile: digits in threes, all but the last with an x before them."""
    digits = [f"{number % 1000:03d}"]
    while number >= 1000:
        number //= 1000
        digits.insert(0, f"x{number % 1000:03d}")
    partial = "" if width == WIDTH else f".p/{width}"
    return f"tile/{kind}/{'/'.join(digits)}{partial}"


def published(folder: Path) -> int:
    """The size of the tree that the folder holds."""
    try:
        return checkpoint_from(note_from((folder / "checkpoint").read_text(encoding="utf-8")).text).size
    except FileNotFoundError:
        return 0
    except (Malformed, Failed, OSError, ValueError):
        log.warning("the published checkpoint cannot be read: the tiles are written anew")
        return 0


def publish(connection: Connection, folder: Path) -> Head:
    """Write what the folder lacks of the tree as last signed; the checkpoint comes last, with its cosignatures."""
    reached = head(connection)
    if reached.note is None:
        return reached
    note, done = with_cosignatures(connection, reached), published(folder)
    if reached.size == done:
        if (folder / "checkpoint").read_text(encoding="utf-8") != note:
            durable(folder / "checkpoint", note.encode(), 0o640)
        return reached
    if done > reached.size:
        done = 0  # another database's folder, or one that was put back: all anew
    tiles = _Tiles(folder)
    _write_entries(connection, tiles, done, reached.size)
    level = 0
    while reached.size >> (BITS * level):
        _write_hashes(connection, tiles, level, done >> (BITS * level), reached.size >> (BITS * level))
        level += 1
    tiles.settle()
    durable(folder / "checkpoint", note.encode(), 0o640)
    return reached


def _write_hashes(connection: Connection, tiles: "_Tiles", level: int, done: int, count: int) -> None:
    for number in range(done // WIDTH, -(-count // WIDTH)):
        hashes = stored(connection, level, number * WIDTH, min((number + 1) * WIDTH, count))
        tiles.put(level, number, len(hashes), b"".join(hashes))


def _write_entries(connection: Connection, tiles: "_Tiles", done: int, size: int) -> None:
    entries, leaves = AuditEntry.__table__, LogLeaf.__table__
    for number in range(done // WIDTH, -(-size // WIDTH)):
        query = (
            select(entries.c.at, entries.c.verb, entries.c.chain, entries.c.number, entries.c.commitment,
                   entries.c.hash)
            .join(leaves, leaves.c.entry == entries.c.seq)
            .where(leaves.c.place >= number * WIDTH, leaves.c.place < min((number + 1) * WIDTH, size))
            .order_by(leaves.c.place)
        )
        found = [leaf_data(moment(row.at), *row[1:]) for row in connection.execute(query)]
        tiles.put("entries", number, len(found), b"".join(len(x).to_bytes(2, "big") + x for x in found))


class _Tiles:
    """Writes tiles, some at a time: the disk is waited for once they are all on their way, which takes it as long as
    one of them."""

    def __init__(self, folder: Path):
        self._folder = folder
        self._fresh: list[tuple[BinaryIO, Path, Path, Path | None]] = []

    def put(self, kind: str | int, number: int, width: int, data: bytes) -> None:
        """Write one tile; a whole one takes the place of its partial ones. It has its name after `settle`."""
        path = self._folder / path_of(kind, number, width)
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_name(f".{path.name}.{os.getpid()}")
        file = open(fresh, "wb")  # noqa: SIM115  closed when it is on the disk
        self._fresh.append((file, fresh, path, self._folder / f"{path_of(kind, number)}.p" if width == WIDTH else None))
        file.write(data)
        file.flush()
        if len(self._fresh) == TOGETHER:
            self.settle()

    def settle(self) -> None:
        """Everything that was put is on the disk, and then has its name."""
        for file, fresh, path, partial in self._fresh:
            with file:
                os.fsync(file.fileno())
            os.replace(fresh, path)
            if partial is not None:
                shutil.rmtree(partial, ignore_errors=True)
        self._fresh.clear()

"""NSRL RDSv3: a SQLite file. Known software, to leave out of what somebody has to look at; nothing of it is executed
but one query, and its delta scripts are never."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from .entry import Row, Wrong, entry


def read_nsrl(path: Path) -> Iterator[Row | Wrong]:
    """One row for each SHA-256."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)) as connection:
        connection.text_factory = lambda raw: raw.decode("utf-8", "replace")
        try:
            connection.execute("PRAGMA trusted_schema=OFF")
            found = connection.execute("SELECT DISTINCT sha256, sha1, md5, file_size FROM FILE ORDER BY sha256")
            for number, (sha256, sha1, md5, size) in enumerate(found, 1):
                yield entry(number, {"sha256": sha256, "sha1": sha1, "md5": md5}, size=size, label="known_software")
        except (sqlite3.DatabaseError, UnicodeDecodeError):  # the latter where an error quotes harmed text
            yield Wrong(1, "bad_file")

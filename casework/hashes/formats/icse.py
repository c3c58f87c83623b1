"""INTERPOL ICSE: semicolons between the fields, no SHA-256."""

import csv
from collections.abc import Iterator
from pathlib import Path

from .entry import Row, Wrong, entry, truth


def read_icse(path: Path) -> Iterator[Row | Wrong]:
    """The label is `baseline` or `other`: whether the material is illegal internationally."""
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        rows = csv.DictReader(file, delimiter=";")
        if not {"MD5", "SHA1"} <= set(rows.fieldnames or ()):
            yield Wrong(1, "bad_file")
            return
        for row in rows:
            if None in row.values() or None in row:
                yield Wrong(rows.line_num, "bad_row")
                continue
            photodna = row.get("PhotoDNA")
            yield entry(
                rows.line_num, {"md5": row["MD5"], "sha1": row["SHA1"]},
                label="baseline" if truth(row.get("Baseline")) else "other", series=row.get("Series name"),
                perceptual={"photodna": photodna} if photodna else {},
            )

"""VICS 1.2, 1.3 and 2.0 (Project VIC): one JSON document, read entry by entry.

What a category means depends on the country part of the document's context, so the label says both. Booleans come as
`true` or `"True"`, numbers as strings; header counts are not trusted. As seen in public parsers: the model itself is
shared under agreement.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ijson

from .entry import PERCEPTUAL, Row, Wrong, entry

_CONTEXT = {"@odata.context", "odata.metadata"}
_COUNTRY = re.compile(r"DataModels/(?P<version>[\d.]+)\.xml(?:/(?P<country>\w+))?")


def read_vics(path: Path) -> Iterator[Row | Wrong]:
    """Media of a list, or of the cases of a report. Entries are numbered from 1."""
    number = 0
    try:
        country = _country(path)
        with path.open("rb") as file:
            for one in ijson.items(file, "value.item", use_float=True):
                for media in one.get("Media", [one]) if isinstance(one, dict) else [one]:
                    number += 1
                    yield _media(number, media, country)
    except (ijson.JSONError, UnicodeDecodeError, RecursionError):
        yield Wrong(number + 1, "bad_file")


def _country(path: Path) -> str:
    with path.open("rb") as file:
        for name, kind, value in ijson.parse(file):
            if kind == "string" and name in _CONTEXT:
                found = _COUNTRY.search(value)
                return (found["country"] or f"vics{found['version']}") if found else "vics"
            if kind == "start_array":
                break
    return "vics"


def _media(number: int, media: Any, country: str) -> Row | Wrong:
    if not isinstance(media, dict):
        return Wrong(number, "bad_row")
    category = media.get("Category")
    perceptual = {"photodna": media["PhotoDNA"]} if media.get("PhotoDNA") else {}
    digests = {"md5": media.get("MD5"), "sha1": media.get("SHA1"), "sha256": media.get("SHA256")}
    for other in media.get("AlternativeHashes") or []:
        if not isinstance(other, dict):
            continue
        name, value = str(other.get("HashName", "")).lower().replace("-", ""), other.get("HashValue")
        if name in PERCEPTUAL and value:
            perceptual[PERCEPTUAL[name]] = str(value)
        elif name == "sha256":
            digests["sha256"] = value
    return entry(
        number, digests, size=media.get("MediaSize"), series=media.get("Series"), name=media.get("RelativeFilePath"),
        label=None if category in (None, "") else f"{country}:{category}", perceptual=perceptual,
    )

"""NCMEC hash sharing v2: XML. Deleted entries are tombstones: what they name leaves the list."""

import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path

from .entry import Row, Wrong, entry

_SPACE = "{https://hashsharing.ncmec.org/hashsharing/v2}"
_MEMBERS = ("image", "video")
_DELETED = ("deletedImage", "deletedVideo")


def read_hashsharing(path: Path) -> Iterator[Row | Wrong]:
    """Entries are numbered from 1. A document type is refused: it could pull in other files, or grow without end."""
    number = 0
    with path.open("rb") as file:
        if b"<!DOCTYPE" in file.read(64 << 10):
            yield Wrong(1, "bad_file")
            return
        file.seek(0)
        try:
            for _event, element in ET.iterparse(file):
                name = element.tag.removeprefix(_SPACE)
                if name in (*_MEMBERS, *_DELETED):
                    number += 1
                    yield _member(number, element, gone=name in _DELETED)
                    element.clear()
        except ET.ParseError:
            yield Wrong(number + 1, "bad_file")


def _member(number: int, element: ET.Element, *, gone: bool) -> Row | Wrong:
    prints = element.find(f"{_SPACE}fingerprints")
    said = {} if prints is None else {one.tag.removeprefix(_SPACE): (one.text or "").strip() for one in prints}
    perceptual = {kind: said[name] for name, kind in (("pdna", "photodna"), ("pdq", "pdq")) if said.get(name)}
    return entry(
        number, {name: said.get(name) for name in ("md5", "sha1", "sha256")}, perceptual=perceptual, gone=gone,
        label=element.findtext(f"{_SPACE}classification"), name=element.findtext(f"{_SPACE}id"),
    )

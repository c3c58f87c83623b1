"""What a file is, by its bytes: documents pass, anything that can hold a picture, a sound or a film does not.

    inspect(file, size) -> Found       file: seekable, in clear; raises NotTaken

The name a file comes under says nothing. What is none of the kinds below is refused, and what is one of them is read
through: each member of an archive, each attachment of a message, each stream of a PDF.
"""

import io
import re
from dataclasses import dataclass

from . import archive, mail, media, pdf, text
from .refusal import NotTaken

HEAD = 8192
PIECE = 1 << 20
DOCUMENT = 50 << 20  # of whatever must be read as one
OFFICE = {
    "word/": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xl/": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "ppt/": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
}
OPEN_DOCUMENT = re.compile(rb"application/vnd\.oasis\.opendocument\.(text|spreadsheet|presentation)\s?")
# What office programs put beside the document itself; never more than this, and looked through for marks all the same.
BESIDE = re.compile(r"(?:xl/printerSettings/printerSettings\d+\.bin|layout-cache)")
BESIDE_SIZE = 64 << 10
# The picture of the first page that OpenDocument programs always make: small, and of a document without pictures.
THUMBNAIL = "Thumbnails/thumbnail.png"
THUMBNAIL_SIDE, THUMBNAIL_SIZE = 256, 32 << 10

ENDINGS = {
    "application/pdf": "pdf", "text/plain": "txt", "text/csv": "csv", "application/json": "json",
    "application/xml": "xml", "text/html": "html", "message/rfc822": "eml", "application/zip": "zip",
    OFFICE["word/"]: "docx", OFFICE["xl/"]: "xlsx", OFFICE["ppt/"]: "pptx",
    "application/vnd.oasis.opendocument.text": "odt", "application/vnd.oasis.opendocument.spreadsheet": "ods",
    "application/vnd.oasis.opendocument.presentation": "odp",
}


@dataclass
class Found:
    """What a file is."""

    media_type: str
    pages: int | None = None


def inspect(file, size: int, name: str = "") -> Found:
    """What the document in `file` is. `name` only tells CSV from other text. Raises NotTaken."""
    return _Look([0]).file(file, size, name, 0)


def refuse_media(head: bytes) -> None:
    """Refuse early what cannot become a document any more. Raises NotTaken."""
    what = media.at_start(head)
    if what is not None:
        raise NotTaken("media", what)


class _Look:
    """One file with everything in it. `spent` counts what was unpacked."""

    def __init__(self, spent: list[int]):
        self._spent = spent

    def bytes(self, data: bytes, name: str, depth: int) -> Found:
        return self.file(io.BytesIO(data), len(data), name, depth)

    def file(self, file, size: int, name: str, depth: int) -> Found:
        if not size:
            raise NotTaken("empty")
        if depth > archive.DEPTH:
            raise NotTaken("packed")
        file.seek(0)
        head = file.read(HEAD)
        if head.startswith(b"%PDF-"):
            data = _whole(file, size)
            return Found("application/pdf", pdf.check(data, lambda part: self.bytes(part, "", depth + 1)))
        if head.startswith(b"PK\x03\x04"):
            return self._archive(file, size, depth)
        refuse_media(head)
        return self._text(file, size, head, name, depth)

    def _text(self, file, size: int, head: bytes, name: str, depth: int) -> Found:
        if mail.is_mail(head):
            data = _whole(file, size)
            mail.check(data, lambda part: self.bytes(part, "", depth + 1))
            return Found("message/rfc822")
        file.seek(0)
        text.check(iter(lambda: file.read(PIECE), b""), head)
        start = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:200].lower()
        if start[:1] in (b"{", b"["):
            return Found("application/json")
        if start.startswith((b"<!doctype html", b"<html")):
            return Found("text/html")
        if start.startswith(b"<?xml") or re.match(rb"<[a-z_][^>]*>", start):
            return Found("application/xml")
        return Found("text/csv" if name.lower().endswith(".csv") else "text/plain")

    def _archive(self, file, size: int, depth: int) -> Found:
        found = archive.members(file, size)
        names = {one.name for one in found}
        media_type = self._office(file, found, names)
        for one, data in archive.contents(file, found, self._spent):
            if not data or (one.name == "mimetype" and media_type):
                continue
            if media_type and one.name == THUMBNAIL and _is_thumbnail(data):
                continue
            if media_type and BESIDE.fullmatch(one.name) and len(data) <= BESIDE_SIZE:
                _no_marks(data, one.name)
                continue
            try:
                self.bytes(data, one.name, depth + 1)
            except NotTaken as refused:
                raise refused.within(one.name) from None
        return Found(media_type or "application/zip")

    def _office(self, file, found: list[archive.Member], names: set[str]) -> str | None:
        """The type of an office document, None for any other archive."""
        if "[Content_Types].xml" in names:
            return next((kind for folder, kind in OFFICE.items() if any(n.startswith(folder) for n in names)), None)
        if found[0].name == "mimetype" and found[0].size < 100:
            told = next(archive.contents(file, found[:1], [0]))[1]
            if OPEN_DOCUMENT.fullmatch(told) and "content.xml" in names:
                return told.decode().strip()
        return None


def _whole(file, size: int) -> bytes:
    if size > DOCUMENT:
        raise NotTaken("large", f"{DOCUMENT >> 20} MiB")
    file.seek(0)
    return file.read(size)


def _no_marks(data: bytes, name: str) -> None:
    what = media.at_start(data[:512]) or media.anywhere(data)
    if what is not None:
        raise NotTaken("media", what, name)


def _is_thumbnail(data: bytes) -> bool:
    width, height = int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")
    small = len(data) <= THUMBNAIL_SIZE and 0 < width <= THUMBNAIL_SIDE and 0 < height <= THUMBNAIL_SIDE
    png = data.startswith(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR") and data.endswith(b"IEND\xaeB`\x82")
    return small and png and media.anywhere(data[8:]) is None

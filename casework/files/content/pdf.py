"""PDF: pages of text and scanned pages, nothing attached, nothing that plays, nothing behind the end."""

import io
import re
from collections.abc import Callable

from pypdf import PdfReader
from pypdf.errors import PdfReadError
from pypdf.generic import ArrayObject, DictionaryObject, IndirectObject, StreamObject

from . import media
from .refusal import NotTaken

LIMIT = 50 << 20
OBJECTS = 200_000
STREAM = 16 << 20  # of a stream that is no picture of a page, unpacked
_SCANNED = {"/DCTDecode", "/DCT", "/CCITTFaxDecode", "/CCF", "/JBIG2Decode", "/FlateDecode", "/Fl", "/LZWDecode",
            "/LZW", "/RunLengthDecode", "/RL"}
_JPEG = {"/DCTDecode", "/DCT"}
_UNPACKED = {"/FlateDecode", "/Fl", "/ASCIIHexDecode", "/AHx", "/ASCII85Decode", "/A85", "/LZWDecode", "/LZW",
             "/RunLengthDecode", "/RL"}
_PLAYS = {"/RichMedia", "/Movie", "/Sound", "/Screen", "/3D", "/FileAttachment"}
_ACTS = {"/Launch", "/JavaScript", "/Rendition", "/Movie", "/Sound", "/ImportData"}
_END = re.compile(rb"%%EOF[\r\n \t\0]{0,8}\Z")
# The outlines and tables of letters are in the language of printers.
_FONT = (b"%!PS-AdobeFont", b"%!FontType", b"%!PS-Adobe-3.0 Resource-")
# A scanner writes none of these into the picture of a page; cameras and telephones write all of them.
_CAMERA = re.compile(rb"\xff\xe1..(?:Exif\0|http://ns\.adobe\.com/xap)|\xff\xe2..MPF\0", re.DOTALL)


def check(data: bytes, look: Callable[[bytes], None]) -> int:
    """The number of pages. Raises NotTaken."""
    if not _END.search(data[-1032:]):
        raise NotTaken("damaged", "PDF")
    try:
        return _check(data, look)
    except NotTaken:
        raise
    except (PdfReadError, ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError,
            NotImplementedError, OverflowError, AssertionError, UnicodeError):
        raise NotTaken("damaged", "PDF") from None


def _check(data: bytes, look: Callable[[bytes], None]) -> int:
    reader = PdfReader(io.BytesIO(data), strict=False)
    if reader.is_encrypted:
        raise NotTaken("locked")
    pages = len(reader.pages)
    if not pages:
        raise NotTaken("damaged", "PDF")
    rest = data
    for found in _objects(reader):
        if isinstance(found, StreamObject):
            rest = _stream(found, rest, look)
        if isinstance(found, DictionaryObject):
            _dictionary(found)
    # What no object of the document accounts for lies between them, for another program to find.
    what = media.anywhere(rest)
    if what is not None:
        raise NotTaken("media", what)
    return pages


def _objects(reader: PdfReader):
    """Every object of the document and what is written within it."""
    numbers = {(number, generation) for generation, table in reader.xref.items() for number in table}
    numbers |= {(number, 0) for number in reader.xref_objStm}
    if len(numbers) > OBJECTS:
        raise NotTaken("packed")
    for number, generation in sorted(numbers):
        if number == 0 or generation > 65_000:
            continue
        waiting = [reader.get_object(IndirectObject(number, generation, reader))]
        while waiting:
            one = waiting.pop()
            yield one
            if isinstance(one, DictionaryObject):
                waiting += [value for value in one.values() if isinstance(value, (DictionaryObject, ArrayObject))]
            elif isinstance(one, ArrayObject):
                waiting += [value for value in one if isinstance(value, (DictionaryObject, ArrayObject))]


def _dictionary(found: DictionaryObject) -> None:
    kinds = {str(found.get(name, "")) for name in ("/Type", "/Subtype", "/S")}
    if kinds & _PLAYS and (str(found.get("/Type", "")) in ("/Annot", "") or "/RichMedia" in kinds):
        raise NotTaken("media", sorted(kinds & _PLAYS)[0][1:])
    if str(found.get("/S", "")) in _ACTS or "/JS" in found:
        raise NotTaken("damaged", "PDF")


def _filters(found: StreamObject) -> list[str]:
    given = found.get("/Filter", [])
    given = given.get_object() if isinstance(given, IndirectObject) else given
    return [str(one) for one in given] if isinstance(given, list) else [str(given)]


def _stream(found: StreamObject, rest: bytes, look: Callable[[bytes], None]) -> bytes:
    """Judge a stream; give the document without the picture of a page that may stand there."""
    raw, filters = found._data, _filters(found)  # what is stored, before any filter
    if str(found.get("/Type", "")) == "/EmbeddedFile":
        look(found.get_data())
        return rest
    if str(found.get("/Subtype", "")) == "/Image":
        if not set(filters) <= _SCANNED or not filters:
            _not_media(found.get_data() if set(filters) <= _UNPACKED else raw)
        if set(filters) & _JPEG:
            picture = raw
            if filters[:-1]:
                raise NotTaken("media", "JPEG")
            if _CAMERA.search(picture[:65536]):
                raise NotTaken("media", "JPEG of a camera")
            if not picture.rstrip(b"\r\n\0 ").endswith(b"\xff\xd9") or media.anywhere(picture[4:]):
                raise NotTaken("media", "JPEG")
            return rest.replace(picture, b"", 1)
        if "/JPXDecode" in filters:
            raise NotTaken("media", "JPEG 2000")
        return rest
    if set(filters) - _UNPACKED:
        raise NotTaken("media", (sorted(set(filters) - _UNPACKED)[0])[1:])
    content = found.get_data()
    if len(content) > STREAM:
        raise NotTaken("packed")
    _not_media(content)
    return rest


def _not_media(content: bytes) -> None:
    start = None if content.startswith(_FONT) else media.at_start(content[:512])
    what = start or media.anywhere(content)
    if what is not None:
        raise NotTaken("media", what)

"""A hundred honest documents and more pass; several hundred media files in disguise do not, nor what cannot be seen
into. None of the bytes here is of any picture."""

import base64
import hashlib
import io
import re

import pytest

from casework.files import content
from casework.files.content import media, text
from casework.files.content.refusal import WORDS, NotTaken
from tests.files import disguises, papers

HONEST, DISGUISED = papers.honest(), disguises.disguised()


def taken(data: bytes, name: str = "report.pdf") -> str | None:
    """The media type, None for what is refused."""
    try:
        return content.inspect(io.BytesIO(data), len(data), name).media_type
    except NotTaken:
        return None


def test_there_are_enough():
    assert len(HONEST) >= 100
    assert len(DISGUISED) >= 500
    assert len(set(DISGUISED.values())) == len(DISGUISED)


def test_every_honest_document_passes():
    refused = {}
    for name, data in HONEST.items():
        try:
            content.inspect(io.BytesIO(data), len(data), name)
        except NotTaken as problem:
            refused[name] = str(problem)
    assert refused == {}


def test_no_disguise_passes():
    assert [name for name, data in DISGUISED.items() if taken(data)] == []


@pytest.mark.parametrize(("name", "media_type"), [
    ("report1.pdf", "application/pdf"), ("letter1.docx", content.OFFICE["word/"]),
    ("table1.xlsx", content.OFFICE["xl/"]),
    ("slides1.pptx", content.OFFICE["ppt/"]), ("text1.odf", "application/vnd.oasis.opendocument.text"),
    ("khmer.txt", "text/plain"), ("list.csv", "text/csv"), ("report.json", "application/json"),
    ("report.xml", "application/xml"), ("page.html", "text/html"), ("mail1.eml", "message/rfc822"),
    ("bundle1.zip", "application/zip"),
])
def test_what_it_is_comes_from_its_bytes(name, media_type):
    assert taken(HONEST[name], name) == media_type
    assert taken(HONEST[name], "other.jpg") in (media_type, "text/plain")


def test_scanned_pages_pass():
    """A picture of a page as scanners make it: no data of a camera, whole, nothing behind its end."""
    scan = disguises.MEDIA["jpeg"][:20] + b"\xff\xdb\0\x43" + bytes(64) + b"\xff\xda" + bytes(500) + b"\xff\xd9"
    assert taken(disguises._image(scan)) == "application/pdf"


def test_the_first_page_of_open_documents_passes():
    small = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\xb5\0\0\1\0\x08\x02\0\0\0" + bytes(900) + b"\0\0\0\0IEND\xaeB`\x82"
    assert taken(papers.open_document("text", **{"Thumbnails/thumbnail.png": small}))


def test_fonts_of_printers_pass():
    assert taken(disguises._pdf_with(disguises._stream(b"%!PS-AdobeFont-1.0: Example 1.0\n" + bytes(99)))) is not None
    assert taken(disguises._pdf_with(disguises._stream(b"%!PS-Adobe-3.0 EPSF-3.0\n" + bytes(99)))) is None


def test_it_says_where_it_was_found():
    data = papers.zipped({"a/b.zip": papers.zipped({"c.txt": disguises.MEDIA["png"]})})
    with pytest.raises(NotTaken) as refused:
        content.inspect(io.BytesIO(data), len(data))
    assert refused.value.code in WORDS
    assert "a/b.zip/c.txt" in refused.value.message.interpolate()
    assert (refused.value.code, refused.value.what, refused.value.path) == ("media", "PNG", "a/b.zip/c.txt")


def test_no_mark_is_written_in_base64_with_small_hexadecimal_digits():
    """That is why runs of those are looked at as hexadecimal only."""
    marks = [(mark, place % 3) for place, mark, _what in media._START if text._telling(mark)]
    marks += [(begins, shift) for begins, _pattern, _what in media._ANYWHERE for shift in range(3)]
    marks += [(bytes([first]), 0) for first in b"BGP\xff"]  # bitmaps, MPEG, Netpbm, sound: known by more than a mark
    for mark, shift in marks:
        written = base64.b64encode(bytes(shift) + mark).decode()
        # What depends on the neighbours before and after is left out; of a first byte six bits are certain.
        certain = written[(0, 2, 3)[shift] : (shift * 8 + len(mark) * 8) // 6]
        assert set(certain) - set("0123456789abcdef"), mark
    for one in re.split(rb"\|", text._IN_BASE64.pattern):
        assert set(one) - set(b"0123456789abcdef"), one


def test_a_list_of_hash_values_passes_and_a_picture_in_its_digits_does_not():
    values = [hashlib.sha256(bytes([n])).hexdigest() for n in range(200)]
    listed = "\n".join(values).encode()
    assert taken(listed, "list.txt") == "text/plain"
    assert taken(listed + b"\n" + disguises.noise(40, "x").hex().encode() + listed, "list.txt") == "text/plain"
    written = (b"\xff\xd8\xff\xe0\0\x10JFIF\0" + disguises.noise(900, "y")).hex().encode()
    assert taken(listed + b"; " + written, "list.txt") is None
    assert taken(listed + b"; " + base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(900)), "list.txt") is None

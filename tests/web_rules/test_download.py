"""A file leaves as an attachment, under a name that is safe in a header and on a disk."""

import re
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casework.web.download import attachment, content_disposition, safe_name

NAMES = {
    "../../etc/passwd": "_.._etc_passwd",
    "..\\..\\boot.ini": "_.._boot.ini",
    "a\0b.pdf": "ab.pdf",
    "a\r\nSet-Cookie: x=y": "aSet-Cookie_ x=y",
    "invoice\u202efdp.exe": "invoicefdp.exe",
    'say "hello".txt': "say _hello_.txt",
    "របាយការណ៍.pdf": "របាយការណ៍.pdf",
    "😀.pdf": "😀.pdf",
    ".htaccess": "htaccess",
    "CON": "_CON",
    "con.txt": "_con.txt",
    "lpt1.pdf": "_lpt1.pdf",
    "": "file",
    "...": "file",
    "   ": "file",
    "\u200b": "file",
    "name.": "name",
    "%2e%2e%2f": "_2e_2e_2f",
    "C26-482913-K.zip": "C26-482913-K.zip",
}


@pytest.mark.parametrize(("given_name", "safe"), NAMES.items())
def test_a_name_is_made_safe(given_name, safe):
    assert safe_name(given_name) == safe


def test_a_long_name_keeps_its_ending():
    for character in ("a", "ក", "😀"):
        name = safe_name(character * 300 + ".pdf")
        assert name.endswith(character + ".pdf")
        assert len(name.encode()) <= 150


@given(st.text(max_size=400))
def test_any_name_makes_one_safe_header(name):
    header = content_disposition(name)
    assert header.isascii()
    assert header.isprintable()
    found = re.fullmatch(r"attachment; filename=\"([\w. -]+)\"; filename\*=UTF-8''([\w!#$&+.^`|~%-]+)", header)
    plain, encoded = found.groups()
    assert unquote(encoded) == safe_name(name)
    for part in (plain, safe_name(name)):
        assert not part.startswith(".")
        assert "/" not in part
        assert "\\" not in part
        assert len(part.encode()) <= 160


@given(st.text(max_size=400))
def test_a_safe_name_is_its_own_safe_name(name):
    assert safe_name(safe_name(name)) == safe_name(name)


def test_a_khmer_name_comes_back_as_it_was():
    header = content_disposition("សំណុំរឿង ១.pdf")
    assert 'filename="_ _.pdf"' in header
    assert unquote(header.rpartition("''")[2]) == "សំណុំរឿង ១.pdf"


def test_the_response_is_saved_and_never_shown():
    response = attachment("report.pdf", b"%PDF-", "application/pdf")
    assert response.headers["Content-Disposition"].startswith("attachment; ")
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.content_type == "application/pdf"
    assert attachment("a.csv", iter([b"a", b"b"]), "text/csv").body == b"ab"


@pytest.mark.parametrize(
    "content_type", ["text/html", "image/svg+xml", "application/xhtml+xml", "text/xml", "image/png", ""]
)
def test_a_type_that_a_browser_runs_is_refused(content_type):
    with pytest.raises(ValueError, match="not given out"):
        attachment("a", b"", content_type)

"""The one way a page leaves as PDF: rendered here from our own HTML, with our own fonts, fetching nothing.

Khmer is written without blanks, and Pango breaks no line in it: an invisible break (U+200B) is put between its words,
else a long sentence runs off the paper and is lost.
"""

import io
import re
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType

from pyramid.renderers import render

from .render import STATIC

SCHEME = "casework-static:"
STYLE = "print.css"
FOLDERS = ("", "fonts")
KINDS = {".css": "text/css", ".woff2": "font/woff2"}
# Text between tags: what stands inside a tag is left as it is.
_TEXT = re.compile(r"(<[^>]*>)")
_KHMER = re.compile(r"[\u1780-\u17d3\u17d7\u17dc\u17dd]{8,}")
_BREAK = "\u200b"


class NoPdf(Exception):
    """This machine lacks the libraries that draw text."""


class Refused(ValueError):
    """Something would have been fetched that is not ours."""


def own_file(url: str) -> tuple[bytes, str]:
    """The static file behind an address of our own scheme, and its type. Raises Refused for every other address."""
    folder, _, name = url.removeprefix(SCHEME).rpartition("/")
    path = STATIC / folder / name
    known = url.startswith(SCHEME) and folder in FOLDERS and path.suffix in KINDS
    if not known or name not in {file.name for file in (STATIC / folder).iterdir()}:
        raise Refused(f"not a file of ours: {url[:100]}")
    return path.read_bytes(), KINDS[path.suffix]


@lru_cache(maxsize=16)
def _font(url: str) -> bytes:
    """A font of ours, decompressed. WeasyPrint would do it for every paper: four fifths of a short one's time."""
    from fontTools.ttLib import woff2

    plain = io.BytesIO()
    woff2.decompress(io.BytesIO(own_file(url)[0]), plain)
    return plain.getvalue()


@lru_cache(maxsize=4096)
def _cut(run: str) -> str:
    from khmercut import tokenize  # its model is loaded when the first PDF is made, not at every start

    return _BREAK.join(tokenize(run))


def breakable(html: str) -> str:
    """HTML with a break between Khmer words, in its text only."""
    parts = _TEXT.split(html)
    parts[::2] = [_KHMER.sub(lambda found: _cut(found[0]), text) for text in parts[::2]]
    return "".join(parts)


@lru_cache(maxsize=1)
def _fetcher():
    """WeasyPrint's way to fetch, narrowed to our files. Raises NoPdf."""
    try:
        from weasyprint.urls import (  # needs libraries that a server may not have
            URLFetcher,
            URLFetcherResponse,
        )
    except OSError as missing:
        raise NoPdf(str(missing)) from None

    class OwnFiles(URLFetcher):
        def fetch(self, url, headers=None):
            body, kind = own_file(url)
            if kind == KINDS[".woff2"]:
                body, kind = _font(url), "font/sfnt"
            return URLFetcherResponse(url, body, {"Content-Type": kind})

    return OwnFiles()


def pdf_from(html: str, attached: Mapping[str, bytes] = MappingProxyType({})) -> bytes:
    """A PDF of an HTML page of ours, with files `attached` by name. Raises NoPdf where the machine cannot draw."""
    fetcher = _fetcher()
    from weasyprint import HTML, Attachment

    files = [Attachment(file_obj=io.BytesIO(body), name=name) for name, body in attached.items()]
    page = HTML(string=breakable(html), base_url=SCHEME, url_fetcher=fetcher)
    return page.write_pdf(uncompressed_pdf=False, attachments=files)


def pdf_of(request, template: str, names: dict, attached: Mapping[str, bytes] = MappingProxyType({})) -> bytes:
    """A PDF of a Jinja2 template that extends `print.jinja2`."""
    return pdf_from(render(template, names, request=request), attached)

"""Files that come with a form, and pieces of files: what the platform lets in, and how none of it lies about in clear.

A form with a file is taken at addresses that end in FORM_END, in one place a form: `file`. The gateway keeps a body
that is too long for memory in a nameless file on the disk, encrypted under a key that only this process's memory has
(`Spool`); the form is then parsed twice, once for its fields, once for the file's bytes (`SentFile.pieces`). WebOb's
own parser would write the file into a temporary one, in clear.

Pieces of an upload that can be resumed come to addresses under PIECES, of at most PIECE_LIMIT each, and wait in a
Spool too: however many people send at once, what they send takes no memory.
"""

import secrets
import tempfile
from collections.abc import Iterator, Mapping
from typing import Any

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from multipart import MultipartError, PushMultipartParser, parse_options_header
from webob.multidict import MultiDict

FORM_END = "/files/new"
FIELD = "file"
PIECES = "/uploads"
PIECE_TYPE = "application/offset+octet-stream"
PIECE_LIMIT = 16 << 20  # for each, the disk is waited for three times: long ones are quicker, short ones lose less
PIECE_METHODS = ("OPTIONS", "HEAD", "GET", "POST", "PATCH", "DELETE")
FIELD_BYTES = 64 * 1024  # of all fields besides the file
BLOCK = 256 << 10
SLOWEST = 32 * 1024  # bytes a second that somebody's line has at least


class BadForm(ValueError):
    """The body is no form of the kind that is taken here."""


def takes_form(path: str, content_type: str) -> bool:
    """Whether a form with a file may come to this address."""
    kind = content_type.partition(";")[0].strip().lower()
    return kind == "multipart/form-data" and path.endswith(FORM_END)


def takes_pieces(path: str) -> bool:
    """Whether this is an address of resumable uploads."""
    return path == PIECES or path.startswith(f"{PIECES}/")


def sends_piece(method: str, path: str) -> bool:
    """Whether a request brings a piece of a file."""
    return method == "PATCH" and takes_pieces(path)


def blocks(body: Any) -> Iterator[bytes]:
    """A body from its beginning, a block at a time."""
    body.seek(0)
    return iter(lambda: body.read(BLOCK), b"")


class Spool:
    """A body on the disk, readable only through this object: written once, then read from its beginning, again and
    again."""

    def __init__(self) -> None:
        self._key, self._nonce = secrets.token_bytes(32), secrets.token_bytes(16)
        # It has no name, and is gone with the process.
        self._file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115  lives as long as the spool
        self._cipher = self._new().encryptor()
        self.size = 0

    def _new(self) -> Cipher:
        return Cipher(algorithms.AES256(self._key), modes.CTR(self._nonce))

    def write(self, data: bytes) -> None:
        """Add bytes. Raises OSError when the disk is full."""
        self.size += len(data)
        rest = memoryview(self._cipher.update(data))
        while rest:
            rest = rest[self._file.write(rest) :]

    def seek(self, place: int, whence: int = 0) -> int:
        """Back to the beginning, which is the only place one can go to."""
        if place or whence:
            raise ValueError("a spool is read from its beginning")
        self._file.seek(0)
        self._cipher = self._new().decryptor()
        return 0

    def read(self, size: int = -1) -> bytes:
        if size is None or size < 0:
            return b"".join(iter(lambda: self.read(BLOCK), b""))
        return self._cipher.update(self._file.read(size))

    def close(self) -> None:
        self._file.close()


class SentFile(str):
    """The file of a form: as text it is the name it came under; its bytes come in pieces."""

    def __new__(cls, name: str, body: Any, boundary: str, size: int) -> "SentFile":
        made = super().__new__(cls, name)
        made._body, made._boundary, made.size = body, boundary, size
        return made

    def pieces(self) -> Iterator[bytes]:
        """The bytes of the file. Raises BadForm."""
        for name, value in _parts(self._body, self._boundary):
            if name == FIELD and isinstance(value, bytes):
                yield value


def _parts(body: Any, boundary: str) -> Iterator[tuple[str, Any]]:
    """(name, header of the part or bytes of it) as they come."""
    body.seek(0)
    parser = PushMultipartParser(boundary, max_header_size=2048, max_header_count=4, max_segment_count=100, strict=True)
    name = ""
    try:
        while not parser.closed:
            for part in parser.parse(body.read(BLOCK)):
                if part is not None and not isinstance(part, (bytes, bytearray)):
                    name = part.name
                if part is not None:
                    yield name, bytes(part) if isinstance(part, (bytes, bytearray)) else part
    except MultipartError as problem:
        raise BadForm(str(problem)) from None


def form_of(environ: Mapping[str, Any]) -> MultiDict:
    """The fields of a form with a file; a file that was not chosen is no field. Raises BadForm."""
    options = parse_options_header(environ.get("CONTENT_TYPE", ""))[1]
    body, boundary = environ["wsgi.input"], options.get("boundary", "")
    if not boundary or not hasattr(body, "seek"):
        raise BadForm("no boundary")
    fields: list[list] = []
    size, length = 0, 0
    for name, value in _parts(body, boundary):
        if not isinstance(value, bytes):
            # One file, in the one field for it; everything else is text.
            twice = name == FIELD and any(one[0] == FIELD for one in fields)
            if (value.filename is not None) != (name == FIELD) or twice:
                raise BadForm("a file in the wrong place")
            fields.append([name, value.filename, b""])
        elif fields[-1][1] is None:
            fields[-1][2] += value
            length += len(value)
            if length > FIELD_BYTES:
                raise BadForm("too much text")
        else:
            size += len(value)
    return MultiDict(_field(one, body, boundary, size) for one in fields if one[1] is None or one[1] or size)


def _field(one: list, body: Any, boundary: str, size: int) -> tuple[str, str]:
    name, filename, data = one
    try:
        text = filename if filename is not None else data.decode("utf-8")
    except UnicodeError:
        raise BadForm("not text") from None
    if "\0" in text or "\0" in name:
        raise BadForm("not text")
    return name, text if filename is None else SentFile(text or "file", body, boundary, size)

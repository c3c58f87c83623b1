"""The one way a file leaves: as an attachment, under a name that is safe in a header and on every disk.

WebOb takes CR and LF into a header as they come, so nothing else may build a Content-Disposition.
"""

import re
import time
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from pathlib import PurePosixPath
from urllib.parse import quote

from pyramid.response import Response

# The types the program itself makes; never one that a person chose, never one that a browser runs.
TYPES = frozenset({
    "application/json", "application/octet-stream", "application/pdf", "application/zip", "text/csv", "text/plain",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
})
NAME_BYTES = 150
FALLBACK = "file"
LOOK = 1.0  # seconds for which bytes may go on leaving after a right has ended

# Attribute characters of RFC 5987 besides letters and digits.
_ATTR_CHARS = "!#$&+-.^_`|~"
# Cc control, Cf format (direction marks, joiners), Cs surrogate, Co private, Cn unassigned, Zl and Zp line ends.
_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
# Khmer writes the break between words as U+200B and it changes nothing on the way to a file name, so it goes too.
_UNSAFE = re.compile(r'[\\/:*?"<>|%;]')
_DEVICES = re.compile(r"(?i)(con|prn|aux|nul|com[0-9]|lpt[0-9])(\.|$)")


def safe_name(name: str) -> str:
    """`name` as a file may be called anywhere: one line, no path, no hidden characters, at most 150 bytes."""
    text = unicodedata.normalize("NFC", "".join(c for c in name if unicodedata.category(c) not in _HIDDEN))
    text = _UNSAFE.sub("_", text).strip(" .")
    if _DEVICES.match(text):
        text = f"_{text}"
    return _shorten(text) or FALLBACK


def _shorten(text: str) -> str:
    if len(text.encode()) <= NAME_BYTES:
        return text
    ending = PurePosixPath(text).suffix
    ending = ending if len(ending.encode()) <= 10 else ""
    stem = text[: len(text) - len(ending)].encode()[: NAME_BYTES - len(ending.encode())]
    return stem.decode(errors="ignore").rstrip(" .") + ending


def content_disposition(name: str) -> str:
    """The header's value for a file called `name`: ASCII for old readers, UTF-8 for the others (RFC 6266)."""
    safe = safe_name(name)
    plain = re.sub(r"[^A-Za-z0-9._ -]+", "_", safe).strip(" .") or FALLBACK
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(safe, safe=_ATTR_CHARS)}"


def attachment(name: str, content: bytes | Iterable[bytes], content_type: str = "application/octet-stream") -> Response:
    """A response that is saved and never shown. `content` is the bytes, or yields them.

    Raises ValueError for a type that is not in TYPES. The policy of the page (sandbox) and the other headers come
    from casework.web.headers.
    """
    if content_type not in TYPES:
        raise ValueError(f"files of type {content_type} are not given out")
    charset = "utf-8" if content_type.startswith("text/") else None
    response = Response(content_type=content_type, charset=charset)
    if isinstance(content, bytes):
        response.body = content
    else:
        response.app_iter = content
    response.headers["Content-Disposition"] = content_disposition(name)
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


class Stream:
    """The bytes of a file on their way out, piece by piece. The gateway asks for each when the last one has left.

    `stands` says whether who gets them may still have them: asked again when LOOK seconds have passed since it was.
    When it says no, nothing more leaves, and the file is shorter than its headers said.
    """

    def __init__(self, pieces: Iterator[bytes], stands: Callable[[], bool]):
        self._pieces, self._stands, self._asked = pieces, stands, time.monotonic()

    def __iter__(self) -> "Stream":
        return self

    def __next__(self) -> bytes:
        at = time.monotonic()
        if at - self._asked >= LOOK:
            self._asked = at
            if not self._stands():
                self.close()
                raise StopIteration
        return next(self._pieces)

    def close(self) -> None:
        """Stop reading."""
        close = getattr(self._pieces, "close", None)
        if close is not None:
            close()


def streamed(
    request, name: str, size: int, part: Callable[[int, int], Iterator[bytes]], stands: Callable[[], bool]
) -> Response:
    """A file of any size as an attachment, or the one range of it that the request asks for (RFC 9110, 14).

    `part(start, stop)` gives its bytes; `stands` (casework.authz.lasting) ends the download when the right to it ends.
    Several ranges at once are answered with the whole.
    """
    response = attachment(name, b"")
    response.headers["Accept-Ranges"] = "bytes"
    start, stop = 0, size
    if request.range is not None:
        wanted = request.range.content_range(size)
        if wanted is None:
            response.status_int = 416
            response.headers["Content-Range"] = f"bytes */{size}"
            return response
        start, stop = wanted.start, wanted.stop
        response.status_int = 206
        response.headers["Content-Range"] = f"bytes {start}-{stop - 1}/{size}"
    response.app_iter = Stream(part(start, stop), stands)
    response.content_length = stop - start
    return response

"""Between the web server and the program: a request takes a thread only once all of it has arrived.

granian calls an RSGI application on its event loop, where waiting costs nothing; casework is WSGI and needs a thread
for each request. Under granian's own WSGI a thread waits for the body, without end: eight slow clients stop the
site. Here the body is awaited on the loop, for a bounded time and up to a bounded size, and the answer is
handed back whole, so that a slow reader holds no thread either. docs/adr/0101-server.md has the measurements.

Files are longer than memory: one that comes with a form, or a piece of one, is kept on the disk, encrypted, until all
of it is there; one that is given out is read piece by piece, each in a thread for as long as that piece takes.
"""

import asyncio
import io
import logging
import sys
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from . import pipe
from .download import Stream
from .sanity import BODY_LIMIT
from .uploads import PIECE_LIMIT, SLOWEST, Spool, sends_piece, takes_form

log = logging.getLogger(__name__)

Headers = list[tuple[str, str]]
WsgiApp = Callable[[dict[str, Any], Callable], Iterable[bytes]]

BODY_SECONDS = 15.0
# Small forms are always let in: one for each connection is little memory. Large ones are not: this many at once.
SMALL_BODY = 64 * 1024
LARGE_BODIES = 64
WAITING_PER_THREAD = 64


class Refused(Exception):
    """Answered here, without asking the program: a status, and words for who reads it."""

    def __init__(self, status: int, words: str):
        self.status, self.words = status, words


class Gateway:
    """An RSGI application around the WSGI application `app`.

    `threads` requests are worked on at once; further ones wait, and when too many do they get 503. A body of more
    than `body_limit` bytes (a form with a file: `form_limit`; a piece of a file: PIECE_LIMIT), or one that is not there
    after `body_seconds` (what a slow line needs for a file), is refused.
    """

    def __init__(
        self, app: WsgiApp, *, threads: int, body_limit: int = BODY_LIMIT, body_seconds: float = BODY_SECONDS,
        form_limit: int = 0,
    ):
        self.app = app
        self.body_limit, self.body_seconds, self.form_limit = body_limit, body_seconds, form_limit
        self.pool = ThreadPoolExecutor(threads, thread_name_prefix="request")
        self.most_waiting = threads * WAITING_PER_THREAD
        self.large = self.waiting = 0

    async def __rsgi__(self, scope, proto) -> None:
        """One request."""
        try:
            body = await self._body(scope, proto)
            if self.waiting >= self.most_waiting:
                if isinstance(body, Spool):
                    body.close()
                raise Refused(503, "Too many requests at the moment. Try again in a few seconds.")
        except Refused as refused:
            proto.response_bytes(refused.status, _own_headers(refused), refused.words.encode())
            return
        environ = environ_of(scope, body)
        self.waiting += 1
        try:
            loop = asyncio.get_running_loop()
            status, headers, content = await loop.run_in_executor(self.pool, self.call, environ)
        finally:
            self.waiting -= 1
            # Objects of a request go when Python's collector comes by; what it sent need not wait for that.
            environ["wsgi.input"].close()
        if isinstance(content, Stream):
            await self._stream(proto, status, headers, content)
        else:
            proto.response_bytes(status, headers, content)

    async def _stream(self, proto, status: int, headers: Headers, content: Stream) -> None:
        """Give out a file, no faster than it is taken. When it cannot be read to its end the connection is cut: half a
        file never looks whole."""
        loop = asyncio.get_running_loop()
        begun: list[bytes] = []
        try:
            while sum(map(len, begun)) <= pipe.SIZE:
                piece = await loop.run_in_executor(self.pool, next, content, None)
                if piece is None:
                    proto.response_bytes(status, headers, b"".join(begun))
                    return
                begun.append(piece)
            await self._pass_on(proto, status, headers, b"".join(begun), content)
        finally:
            content.close()

    async def _pass_on(self, proto, status: int, headers: Headers, piece: bytes | None, content: Stream) -> None:
        loop, through = asyncio.get_running_loop(), pipe.Pipe()
        gone = asyncio.ensure_future(proto.client_disconnect())
        try:
            proto.response_file(status, headers, through.path)
            while piece is not None and await through.send(piece, gone):
                piece = await loop.run_in_executor(self.pool, next, content, None)
        finally:
            gone.cancel()
            through.close()

    async def _body(self, scope, proto) -> "bytes | Spool":
        # Whether it has a length and a lawful one is for casework.web.sanity to say; here only nothing unbounded
        # is waited for.
        if scope.headers.get("content-length", "0") == "0" or "transfer-encoding" in scope.headers:
            return b""
        length = scope.headers.get("content-length")
        kind = scope.headers.get("content-type", "")
        limit, on_disk = self.body_limit, False
        if "cookie" in scope.headers:
            if self.form_limit and takes_form(scope.path, kind):
                limit, on_disk = self.form_limit, True
            elif sends_piece(scope.method, scope.path):
                limit, on_disk = PIECE_LIMIT, True
        if not (length.isascii() and length.isdigit() and int(length) <= limit):
            return b""
        large = int(length) > SMALL_BODY
        if large and self.large >= LARGE_BODIES:
            raise Refused(503, "Too many long forms are being sent at the moment. Try again in a few seconds.")
        self.large += large
        try:
            if on_disk:
                async with asyncio.timeout(self.body_seconds + int(length) / SLOWEST):
                    return await self._spool(proto, int(length))
            async with asyncio.timeout(self.body_seconds):
                return await self._read(proto)
        except TimeoutError:
            raise Refused(408, "The form did not arrive in time. Try again.") from None
        finally:
            self.large -= large

    async def _read(self, proto) -> bytes:
        parts, size = [], 0
        async for part in proto:
            parts.append(part)
            size += len(part)
            if size > self.body_limit:
                raise Refused(413, "The request is too large.")
        return b"".join(parts)

    async def _spool(self, proto, length: int) -> Spool:
        spool = Spool()
        try:
            async for part in proto:
                if spool.size + len(part) > length:
                    raise Refused(413, "The request is too large.")
                spool.write(part)
            if spool.size < length:
                raise Refused(400, "The request was cut short.")
            spool.seek(0)
        except OSError:
            spool.close()
            raise Refused(503, "There is no room for files at the moment.") from None
        except BaseException:
            spool.close()
            raise
        return spool

    def call(self, environ: dict[str, Any]) -> tuple[int, Headers, "bytes | Stream"]:
        """Ask the application, in the thread that calls; a failure becomes a 500 without words."""
        answer: list[tuple[int, Headers]] = []

        def start_response(status: str, headers: Headers, exc_info: Any = None) -> None:
            answer[:] = [(int(status[:3]), [(name.lower(), value) for name, value in headers])]

        try:
            parts = self.app(environ, start_response)
            if isinstance(parts, Stream):
                status, headers = answer[0]
                return status, [*headers, ("server", "casework")], parts
            try:
                content = b"".join(parts)
            finally:
                close = getattr(parts, "close", None)
                if close is not None:
                    close()
            status, headers = answer[0]
            return status, [*headers, ("server", "casework")], content
        except Exception:
            log.error("the program failed outside its own error pages", exc_info=True)
            failed = Refused(500, "Something went wrong.")
            return failed.status, _own_headers(failed), failed.words.encode()


def _own_headers(refused: Refused) -> Headers:
    headers = [
        ("content-type", "text/plain; charset=utf-8"), ("cache-control", "no-store"),
        ("x-content-type-options", "nosniff"), ("content-security-policy", "default-src 'none'; sandbox"),
        ("connection", "close"), ("server", "casework"),
    ]
    return [*headers, ("retry-after", "10")] if refused.status == 503 else headers


def environ_of(scope, body: "bytes | Spool") -> dict[str, Any]:
    """The WSGI environment (PEP 3333) of an RSGI scope."""
    host, _, port = scope.server.rpartition(":")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": scope.method,
        "SCRIPT_NAME": "",
        # Bytes that are not UTF-8 have become U+FFFD here; casework.web.sanity refuses those.
        "PATH_INFO": scope.path.encode().decode("latin-1"),
        "QUERY_STRING": scope.query_string,
        "SERVER_PROTOCOL": f"HTTP/{scope.http_version}",
        "SERVER_NAME": host,
        "SERVER_PORT": port,
        "REMOTE_ADDR": scope.client.rpartition(":")[0].strip("[]"),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.scheme,
        "wsgi.input": body if isinstance(body, Spool) else io.BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in scope.headers.items():
        # An underscore would let a client write a header that a proxy guards under another name.
        if "_" in name:
            continue
        key = name.upper().replace("-", "_")
        key = key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"
        environ[key] = f"{environ[key]},{value}" if key in environ else value
    if isinstance(body, Spool):
        # Else WebOb reads all of it into memory to make it so.
        environ["webob.is_body_seekable"] = True
    if scope.authority is not None:
        # The target of the request line counts above Host (RFC 9112, 3.2.2).
        environ["HTTP_HOST"] = scope.authority
    return environ

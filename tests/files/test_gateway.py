"""Files through the gateway: a form with a file waits on the disk in nobody's words, a download leaves in pieces."""

import asyncio
import contextlib
import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import pytest

from casework.web import uploads
from casework.web.download import Stream
from casework.web.gateway import Gateway
from casework.web.sanity import BODY_LIMIT, head_problem

WORDS = b"The witness said that nobody was there. "
BOUNDARY = "----example"


def form(content: bytes, *fields: tuple[str, str], name: str = "file", filename: str = "a.txt") -> bytes:
    parts = [f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{n}"\r\n\r\n{v}\r\n'.encode() for n, v in fields]
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"; filename="{filename}"\r\n\r\n'
    return b"".join((*parts, head.encode(), content, f"\r\n--{BOUNDARY}--\r\n".encode()))


class Cut(Exception):
    """What reading a file ends with when it cannot be read."""


class Reader:
    """How the client takes a download: `taken` bytes of it (all: None), then it goes, or stays and reads no more."""

    def __init__(self, taken: int | None = None, stays: bool = True):
        self.taken, self.stays, self.thread = taken, stays, None

    def start(self, path: str, sent: list[bytes], end: Callable[[], None]) -> None:
        file = open(path, "rb", buffering=0)  # noqa: SIM115  as the server does, in its own time

        def take() -> None:
            with file:
                while part := file.read(65_536):
                    sent.append(part)
                    if self.taken is not None and sum(map(len, sent)) >= self.taken:
                        if self.stays:
                            time.sleep(0.3)
                            end()
                        return

        self.thread = threading.Thread(target=take)
        self.thread.start()


class Wire:
    """granian's side of a request: the body comes in pieces, the answer is kept."""

    def __init__(self, body: bytes, reader: Reader):
        self._body, self.reader, self.sent, self.status = body, reader, [], 0
        self._gone = asyncio.Event()

    async def __aiter__(self):
        for start in range(0, len(self._body), 65_536):
            yield self._body[start : start + 65_536]

    async def client_disconnect(self):
        await self._gone.wait()

    def response_bytes(self, status, headers, content):
        self.status, self.sent = status, [content]

    def response_file(self, status, headers, path):
        self.status, loop = status, asyncio.get_running_loop()
        self.reader.start(path, self.sent, lambda: loop.call_soon_threadsafe(self._gone.set))


def ask(
    app, body: bytes = b"", *, path: str = "/cases/C1/files/new", limit: int = 1 << 24, method: str = "POST",
    reader: Reader | None = None, **headers: str,
) -> Wire:
    given = {"host": "a.example", "cookie": "cw=x", "content-length": str(len(body)),
             "content-type": f"multipart/form-data; boundary={BOUNDARY}", **headers}
    scope = SimpleNamespace(method=method, path=path, query_string="", http_version="1.1", server="127.0.0.1:6543",
                            client="192.0.2.1:5000", scheme="http", authority=None, headers=given)
    wire = Wire(body, reader or Reader())
    gateway = Gateway(app, threads=2, form_limit=limit)
    # A thread of its own: after a browser test this one has a loop that runs.
    with ThreadPoolExecutor(1) as thread, contextlib.suppress(Cut):
        thread.submit(lambda: asyncio.run(gateway.__rsgi__(scope, wire))).result()
    if wire.reader.thread is not None:
        wire.reader.thread.join()
    return wire


def open_files() -> list[Path]:
    return [Path(f"/proc/self/fd/{fd}") for fd in os.listdir("/proc/self/fd")]


def test_a_form_is_read_twice_and_its_file_is_nowhere_in_clear():
    content, seen = WORDS * 30_000, {}

    def app(environ, start_response):
        fields = uploads.form_of(environ)
        seen["title"], seen["name"], seen["size"] = fields["title"], str(fields["file"]), fields["file"].size
        for path in open_files():
            if "deleted" in str(path.resolve()) or path.is_file():
                assert b"nobody was there" not in path.read_bytes()
        seen["same"] = b"".join(fields["file"].pieces()) == content
        start_response("200 OK", [])
        return [b"fine"]

    wire = ask(app, form(content, ("title", "ចំណងជើង"), filename="ក.txt"))
    assert (wire.status, wire.sent) == (200, [b"fine"])
    assert seen == {"title": "ចំណងជើង", "name": "ក.txt", "size": len(content), "same": True}


@pytest.mark.parametrize(("changes", "body"), [
    ({"limit": 1000}, form(WORDS * 100)), ({"path": "/cases/new"}, form(WORDS * 40_000)),
    ({"content-type": "text/plain"}, WORDS * 40_000),
])
def test_elsewhere_and_beyond_the_limit_nothing_is_kept(changes, body):
    """The program gets no body, and refuses by the length that is told."""

    def app(environ, start_response):
        assert environ["wsgi.input"].read() == b""
        start_response("413 Too Large", [])
        return [b""]

    assert ask(app, body, **changes).status == 413


def piece(body: bytes, seen: list, **changes) -> Wire:
    """Send a piece of an upload that can be resumed; `seen` gets what the program reads of it."""

    def app(environ, start_response):
        if isinstance(environ["wsgi.input"], uploads.Spool):
            assert environ["webob.is_body_seekable"]
            seen.append(b"".join(uploads.blocks(environ["wsgi.input"])))
            seen.append(b"".join(uploads.blocks(environ["wsgi.input"])))
        else:
            seen.append(environ["wsgi.input"].read())
        for path in open_files():
            if "deleted" in str(path.resolve()) or path.is_file():
                assert b"nobody was there" not in path.read_bytes()
        start_response("204 No Content", [])
        return []

    given = {"method": "PATCH", "path": "/uploads/1", "content-type": uploads.PIECE_TYPE, **changes}
    return ask(app, body, **given)


def test_a_piece_waits_on_the_disk_and_is_read_again_and_again():
    content, seen = WORDS * 60_000, []
    assert len(content) > BODY_LIMIT
    assert piece(content, seen).status == 204
    assert seen == [content, content]


def test_a_piece_that_is_cut_short_or_too_long_is_not_taken():
    seen = []
    assert piece(WORDS, seen, **{"content-length": str(len(WORDS) + 1)}).status == 400
    assert piece(WORDS, seen, **{"content-length": str(len(WORDS) - 1)}).status == 413
    assert seen == []
    # Refused by the program, by the length that is told.
    piece(WORDS * 60_000, seen, path="/cases/new")
    piece(WORDS, seen, **{"content-length": str(uploads.PIECE_LIMIT + 1)})
    assert seen == [b"", b""]


@pytest.mark.parametrize(("changes", "status"), [
    ({}, None), ({"CONTENT_LENGTH": str(uploads.PIECE_LIMIT + 1)}, 413), ({"HTTP_COOKIE": None}, 413),
    ({"PATH_INFO": "/cases/new", "REQUEST_METHOD": "POST"}, 413), ({"CONTENT_TYPE": "text/plain"}, 415),
])
def test_long_pieces_are_taken_from_who_has_a_session(changes, status):
    environ = {"REQUEST_METHOD": "PATCH", "PATH_INFO": "/uploads/1", "HTTP_HOST": "a.example", "HTTP_COOKIE": "cw=x",
               "CONTENT_LENGTH": str(uploads.PIECE_LIMIT), "CONTENT_TYPE": uploads.PIECE_TYPE, **changes}
    problem = head_problem({name: value for name, value in environ.items() if value is not None})
    assert (problem and problem.status) == status


def download(size: int, *, taken: int | None = None, stays: bool = True, fails: bool = False) -> tuple[Wire, dict]:
    """Give out `size` pieces of 100,000 bytes to a client that takes as much as `taken` says, and then goes."""
    state = {"made": 0, "closed": False}

    def pieces():
        try:
            for number in range(size):
                state["made"] = number + 1
                if fails and number == size - 1:
                    raise Cut
                yield bytes([number]) * 100_000
        finally:
            state["closed"] = True

    def app(environ, start_response):
        start_response("200 OK", [("Content-Length", str(size * 100_000))])
        return Stream(pieces(), lambda: True)

    return ask(app, reader=Reader(taken, stays)), state


def test_a_short_download_leaves_at_once():
    wire, state = download(2)
    assert wire.sent == [b"".join(bytes([n]) * 100_000 for n in range(2))]
    assert state["closed"]


def test_a_long_download_leaves_as_it_is_taken_and_is_closed():
    before = len(open_files())
    wire, state = download(90)
    assert b"".join(wire.sent) == b"".join(bytes([n]) * 100_000 for n in range(90))
    assert state == {"made": 90, "closed": True}
    assert len(open_files()) == before


@pytest.mark.parametrize("stays", [True, False])
def test_who_takes_no_more_has_no_more_read(stays):
    """Whether the client goes away or only stops to read: what it does not take is not read from the store."""
    before = len(open_files())
    wire, state = download(90, taken=1_000_000, stays=stays)
    assert len(b"".join(wire.sent)) >= 1_000_000
    assert state["made"] < 20
    assert state["closed"]
    assert len(open_files()) <= before + 1


def test_a_download_that_fails_ends_early():
    wire, state = download(90, fails=True)
    assert len(b"".join(wire.sent)) < 90 * 100_000
    assert state["closed"]


@pytest.mark.parametrize("body", [
    b"", b"no form at all", form(b"x")[:-10], form(b"x", name="other"), form(b"x").replace(b"form-data", b"elsewhere"),
    form(b"x", ("file", "text")), form(b"x", ("title", "x" * 70_000)),
    form(b"x", ("title", "a\0b")), form(b"a", ("title", "t")).replace(b"title", b"\xff\xfe"),
])
def test_a_form_that_is_none_is_refused(body):
    with contextlib.closing(uploads.Spool()) as spool:
        spool.write(body)
        environ = {"wsgi.input": spool, "CONTENT_TYPE": f"multipart/form-data; boundary={BOUNDARY}"}
        with pytest.raises(uploads.BadForm):
            uploads.form_of(environ)


def test_a_spool_on_the_disk_is_not_what_was_written():
    with contextlib.closing(uploads.Spool()) as spool:
        spool.write(WORDS * 1000)
        spool.write(WORDS)
        assert WORDS not in os.pread(spool._file.fileno(), 100_000, 0)
        for _time in range(2):
            spool.seek(0)
            assert spool.read(7) + spool.read() == WORDS * 1001
        with pytest.raises(ValueError, match="beginning"):
            spool.seek(5)

"""The one way the log speaks to other machines: a single POST, nothing followed, bounded in time and in size."""

import socket
import threading
from concurrent.futures import Future
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import urlsplit

SECONDS = 10.0
LIMIT = 64 * 1024


class Unreachable(Exception):
    """No whole answer came; the message says why."""


@dataclass(frozen=True)
class Reply:
    """An answer: status, type and bytes."""

    status: int
    type: str
    body: bytes


def post(url: str, body: bytes, kind: str, *, seconds: float = SECONDS, limit: int = LIMIT) -> Reply:
    """Send `body` of the media type `kind`; the whole answer within `seconds`, of at most `limit` bytes.

    Redirections are answers like others; certificates are checked against the machine's authorities.
    Raises Unreachable.
    """
    parts = urlsplit(url)
    make = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    connection = make(parts.hostname, parts.port, timeout=seconds)
    answer: Future[Reply] = Future()
    # A thread of its own: names that are looked up, and answers that come a byte at a time, know no time limit.
    threading.Thread(
        target=_exchange, args=(connection, parts.path or "/", body, kind, limit, answer), daemon=True).start()
    try:
        return answer.result(seconds)
    except TimeoutError:
        _hang_up(connection)
        raise Unreachable(f"no whole answer within {seconds:g} seconds") from None


def _exchange(connection: HTTPConnection, path: str, body: bytes, kind: str, limit: int, answer: Future) -> None:
    try:
        connection.request("POST", path, body, {"Content-Type": kind, "Connection": "close"})
        with connection.getresponse() as response:
            data = response.read(limit + 1)
        if len(data) > limit:
            raise Unreachable(f"an answer of more than {limit} bytes")
        answer.set_result(Reply(response.status, response.headers.get_content_type(), data))
    except TimeoutError as problem:
        answer.set_exception(problem)
    except (OSError, HTTPException) as problem:
        answer.set_exception(Unreachable(f"{type(problem).__name__}: {problem}"[:200]))
    except Exception as problem:
        answer.set_exception(problem)
    finally:
        connection.close()


def _hang_up(connection: HTTPConnection) -> None:
    try:
        if connection.sock is not None:
            connection.sock.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # it was over

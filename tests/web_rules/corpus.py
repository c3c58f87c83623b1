"""Requests as bytes: what smuggles, confuses or stalls a server. Sent by raw sockets to the server that is used."""

import re
import socket
from dataclasses import dataclass

HOST = b"Host: 127.0.0.1\r\n"
FORM = b"Content-Type: application/x-www-form-urlencoded\r\n"
SMUGGLED = b"GET /smuggled HTTP/1.1\r\n" + HOST + b"\r\n"


@dataclass(frozen=True)
class Raw:
    """`statuses`: the first answers that are right; b"" for a connection closed without an answer."""

    name: str
    data: bytes
    statuses: tuple[bytes, ...]


def _get(target: bytes, *headers: bytes) -> bytes:
    return b"GET " + target + b" HTTP/1.1\r\n" + HOST + b"".join(h + b"\r\n" for h in headers) + b"\r\n"


def _post(*headers: bytes, body: bytes = b"") -> bytes:
    return b"POST /form HTTP/1.1\r\n" + HOST + FORM + b"".join(h + b"\r\n" for h in headers) + b"\r\n" + body


REFUSED = (b"400", b"")
CORPUS = (
    Raw("a plain page", _get(b"/"), (b"200",)),
    Raw("path of bytes that are not UTF-8", _get(b"/echo/%ff%fe"), (b"400",)),
    Raw("path of raw bytes", _get(b"/echo/\xff\xfe"), REFUSED),
    Raw("path with NUL", _get(b"/echo/a%00b"), (b"400",)),
    Raw("path with a line end", _get(b"/echo/a%0d%0ab"), (b"400",)),
    Raw("path with a lone surrogate", _get(b"/echo/%ed%a0%80"), (b"400",)),
    Raw("path in Khmer", _get(b"/echo/" + b"%E1%9E%81"), (b"200",)),
    Raw("query of bytes that are not UTF-8", _get(b"/echo/a?q=%ff"), (b"400",)),
    Raw("query of raw bytes", _get(b"/echo/a?q=\xff"), REFUSED),
    Raw("query with NUL", _get(b"/echo/a?q=%00"), (b"400",)),
    Raw("cookie that decodes to a bad byte", _get(b"/", b'Cookie: a="\\377"'), (b"400",)),
    # granian drops a header that is not ASCII; what is left is a plain page.
    Raw("cookie of raw bytes", _get(b"/", b"Cookie: a=\xff"), (b"200", b"400")),
    Raw("agent of raw bytes", _get(b"/", b"User-Agent: \xe9\xff"), (b"200", b"400")),
    Raw("NUL in a header", _get(b"/", b"X-A: a\0b"), REFUSED),
    Raw("bare CR in a header", _get(b"/", b"X-A: a\rX-B: b"), REFUSED),
    Raw("folded header", _get(b"/", b"X-A: a\r\n b"), REFUSED),
    Raw("space before the colon", _get(b"/", b"X-A : a"), REFUSED),
    Raw("no host", b"GET / HTTP/1.1\r\n\r\n", REFUSED),
    Raw("no host in HTTP/1.0", b"GET / HTTP/1.0\r\n\r\n", REFUSED),
    Raw("two hosts", _get(b"/", b"Host: other.example"), REFUSED),
    Raw("host that is none", b"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", REFUSED),
    Raw("host with a path", b"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", REFUSED),
    Raw("length and chunks", _post(b"Content-Length: 6", b"Transfer-Encoding: chunked",
                                   body=b"0\r\n\r\n" + SMUGGLED), (b"400", b"411")),
    Raw("chunks", _post(b"Transfer-Encoding: chunked", body=b"3\r\na=b\r\n0\r\n\r\n"), (b"411",)),
    Raw("chunks after a tab", _post(b"Transfer-Encoding:\tchunked", body=b"0\r\n\r\n"), (b"400", b"411")),
    Raw("chunks under a wrong name", _post(b"Transfer-Encoding : chunked", body=b"0\r\n\r\n"), REFUSED),
    Raw("unknown encoding", _post(b"Content-Length: 3", b"Transfer-Encoding: xchunked", body=b"a=b"),
        (b"400", b"411", b"501")),
    Raw("two encodings", _post(b"Transfer-Encoding: chunked", b"Transfer-Encoding: identity", body=b"0\r\n\r\n"),
        (b"400", b"411", b"501")),
    Raw("two lengths", _post(b"Content-Length: 3", b"Content-Length: 4", body=b"a=bc"), REFUSED),
    Raw("length with a sign", _post(b"Content-Length: +3", body=b"a=b"), REFUSED),
    Raw("negative length", _post(b"Content-Length: -3", body=b"a=b"), REFUSED),
    Raw("length that is no number", _post(b"Content-Length: three", body=b"a=b"), REFUSED),
    Raw("length beyond all bounds", _post(b"Content-Length: 99999999999999999999"), (b"400", b"413", b"")),
    Raw("body too large", _post(b"Content-Length: 1048577"), (b"413",)),
    Raw("body of a page request", b"GET / HTTP/1.1\r\n" + HOST + b"Content-Length: 3\r\n\r\na=b", (b"400",)),
    Raw("file", b"POST /form HTTP/1.1\r\n" + HOST + b"Content-Type: multipart/form-data; boundary=x\r\n"
        b"Content-Length: 5\r\n\r\n--x--", (b"415",)),
    Raw("TRACE", b"TRACE / HTTP/1.1\r\n" + HOST + b"\r\n", (b"405",)),
    Raw("CONNECT", b"CONNECT a:443 HTTP/1.1\r\n" + HOST + b"\r\n", (b"400", b"405", b"")),
    Raw("unknown method", b"BREW / HTTP/1.1\r\n" + HOST + b"\r\n", (b"405",)),
    Raw("method in small letters", b"get / HTTP/1.1\r\n" + HOST + b"\r\n", (b"400", b"405")),
    Raw("OPTIONS *", b"OPTIONS * HTTP/1.1\r\n" + HOST + b"\r\n", (b"405",)),
    Raw("PUT", b"PUT / HTTP/1.1\r\n" + HOST + b"Content-Length: 0\r\n\r\n", (b"405",)),
    Raw("no version", b"GET /\r\n\r\n", REFUSED),
    Raw("version 3", b"GET / HTTP/3.0\r\n" + HOST + b"\r\n", (b"400", b"505", b"")),
    Raw("preface of HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", (b"400", b"505", b"")),
    Raw("header of 200 KB", _get(b"/", b"X-A: " + b"a" * 200_000), (b"400", b"431", b"")),
    Raw("header of 10 KB", _get(b"/", b"X-A: " + b"a" * 10_000), (b"400", b"431")),
    Raw("cookies of 9 KB", _get(b"/", b"Cookie: a=" + b"a" * 9_000), (b"400", b"431")),
    Raw("300 headers", _get(b"/", *(b"X-%d: a" % n for n in range(300))), (b"400", b"431")),
    Raw("address of 9 KB", _get(b"/echo/" + b"a" * 9_000), (b"400", b"414")),
    Raw("address of 70 KB", _get(b"/echo/" + b"a" * 70_000), (b"400", b"414", b"431", b"")),
    Raw("forged header with underscores", _get(b"/", b"X_Forwarded_For: 192.0.2.9"), (b"200", b"400")),
)


def answers(port: int, data: bytes, seconds: float = 2.0) -> list[bytes]:
    """The statuses that the server at `port` sends back before it closes or stays silent for `seconds`."""
    received = b""
    with socket.create_connection(("127.0.0.1", port), timeout=seconds) as connection:
        try:
            connection.sendall(data)
            while part := connection.recv(65536):
                received += part
                if _complete(received) and b"smuggled" not in data:
                    break
        except (TimeoutError, ConnectionError):
            pass
    return re.findall(rb"HTTP/1\.[01] ([0-9]{3}) ", received)


def _complete(received: bytes) -> bool:
    head, end, body = received.partition(b"\r\n\r\n")
    lengths = [line.split(b":")[1] for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    return bool(end) and bool(lengths) and len(body) >= int(lengths[0])


def wrong(port: int, raw: Raw) -> str | None:
    """What is wrong with how the server answers `raw`, or None."""
    got = answers(port, raw.data)
    first = got[0] if got else b""
    if first not in raw.statuses:
        return f"{raw.name}: answered {first.decode() or 'nothing'}"
    if b"/smuggled" in raw.data and len(got) > 1:
        return f"{raw.name}: a second request was smuggled in"
    return None

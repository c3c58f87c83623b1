"""A small S3 on this machine, for tests: what the program uses of the protocol, signatures looked at, faults on
demand. Kept in memory. `faults` is a list of what goes wrong with the next requests: "500", "cut", "lie", "slow"."""

import base64
import hashlib
import itertools
import re
import threading
import time
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

ACCESS, SECRET, NAME = "example-key", "example-secret", "evidence"


class Bucket:
    """The server and what it keeps: key -> bytes, and how each was locked."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.locks: dict[str, str] = {}
        self.parts: dict[str, dict[int, bytes]] = {}
        self.faults: list[str] = []
        self.asked: list[str] = []
        self.number = itertools.count(1)
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"bucket": self}))
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True)
        self.thread.start()

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()


class _Handler(BaseHTTPRequestHandler):
    bucket: Bucket
    protocol_version = "HTTP/1.1"

    def log_message(self, *args) -> None:
        """Quiet."""

    def _answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _refuse(self, status: int, code: str) -> None:
        self._answer(status, f"<Error><Code>{code}</Code></Error>".encode(), Content_Type="application/xml")

    def _body(self) -> bytes:
        raw = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if "aws-chunked" not in self.headers.get("Content-Encoding", ""):
            return raw
        found, at = b"", 0
        while True:
            end = raw.index(b"\r\n", at)
            size = int(raw[at:end].split(b";")[0], 16)
            if not size:
                self.trailer = raw[end + 2 :].decode()
                return found
            found += raw[end + 2 : end + 2 + size]
            at = end + 4 + size

    def _look(self) -> tuple[str, dict[str, list[str]], bytes] | None:
        """Key, query and body, or None when it was answered already."""
        parts = urlsplit(self.path)
        self.trailer = ""
        body, fault = self._body(), self.bucket.faults.pop(0) if self.bucket.faults else ""
        self.bucket.asked.append(f"{self.command} {fault}".strip())
        if f"Credential={ACCESS}/" not in self.headers.get("Authorization", ""):
            return self._refuse(403, "InvalidAccessKeyId")
        if fault == "500":
            return self._refuse(503, "SlowDown")
        if fault == "full":
            return self._refuse(507, "QuotaExceeded")
        if fault == "slow":
            time.sleep(3)
        if fault == "cut":
            self.close_connection = True
            return self.connection.close()
        if not self._as_told(body):
            return self._refuse(400, "BadDigest")
        self.lie = fault == "lie"
        key = unquote(parts.path).removeprefix(f"/{NAME}").lstrip("/")
        return key, parse_qs(parts.query, keep_blank_values=True), body

    def _as_told(self, body: bytes) -> bool:
        found = re.search(r"x-amz-checksum-sha256:(\S+)", self.trailer)
        told = self.headers.get("x-amz-checksum-sha256") or (found and found[1])
        return not told or told == base64.b64encode(hashlib.sha256(body).digest()).decode()

    def do_PUT(self) -> None:
        looked = self._look()
        if looked is None:
            return
        key, query, body = looked
        stored = body[:-1] + b"\0" if self.lie and body else body
        if "uploadId" in query:
            self.bucket.parts[query["uploadId"][0]][int(query["partNumber"][0])] = stored
        else:
            self.bucket.objects[key] = stored
            self._lock(key)
        digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
        self._answer(200, ETag=f'"{hashlib.md5(body).hexdigest()}"', x_amz_checksum_sha256=digest)

    def _lock(self, key: str) -> None:
        if self.headers.get("x-amz-object-lock-mode"):
            self.bucket.locks[key] = self.headers["x-amz-object-lock-mode"]

    def do_POST(self) -> None:
        looked = self._look()
        if looked is None:
            return
        key, query, _body = looked
        if "uploads" in query:
            upload = f"upload{next(self.bucket.number)}"
            self.bucket.parts[upload] = {}
            self._lock(key)
            text = f"<InitiateMultipartUploadResult><UploadId>{upload}</UploadId></InitiateMultipartUploadResult>"
        else:
            parts = self.bucket.parts.pop(query["uploadId"][0])
            self.bucket.objects[key] = b"".join(parts[number] for number in sorted(parts))
            text = "<CompleteMultipartUploadResult><ETag>x</ETag></CompleteMultipartUploadResult>"
        self._answer(200, text.encode(), Content_Type="application/xml")

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        looked = self._look()
        if looked is None:
            return
        key, query, _body = looked
        if "list-type" in query:
            return self._list()
        if key not in self.bucket.objects:
            return self._refuse(404, "NoSuchKey")
        data, when = self.bucket.objects[key], "Mon, 02 Mar 2026 09:00:00 GMT"
        wanted = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
        if wanted is None:
            return self._answer(200, data, Last_Modified=when)
        start, stop = int(wanted[1]), int(wanted[2]) + 1
        if start >= len(data):
            return self._refuse(416, "InvalidRange")
        return self._answer(206, data[start:stop], Last_Modified=when,
                            Content_Range=f"bytes {start}-{min(stop, len(data)) - 1}/{len(data)}")

    def _list(self) -> None:
        moment = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
        found = "".join(
            f"<Contents><Key>{escape(key)}</Key><LastModified>{moment}</LastModified><Size>{len(data)}</Size></Contents>"
            for key, data in sorted(self.bucket.objects.items()))
        self._answer(200, f"<ListBucketResult><IsTruncated>false</IsTruncated>{found}</ListBucketResult>".encode(),
                     Content_Type="application/xml")

    def do_DELETE(self) -> None:
        looked = self._look()
        if looked is None:
            return
        key, query, _body = looked
        if "uploadId" in query:
            self.bucket.parts.pop(query["uploadId"][0], None)
        elif key in self.bucket.locks:
            return self._refuse(403, "AccessDenied")
        else:
            self.bucket.objects.pop(key, None)
        self._answer(204)

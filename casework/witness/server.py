"""The witness as an HTTP server: one address, POST /add-checkpoint, small bodies, no patience."""

import logging
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from .protocol import Answer, Witness
from .store import Store

log = logging.getLogger(__name__)

ADDRESS = "/add-checkpoint"
BODY = 128 * 1024
SILENCE = 10.0  # seconds without a byte
LIFE = 60.0  # seconds of a connection, however busy
CONNECTIONS = 64


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "witness", ""
    timeout = SILENCE
    disable_nagle_algorithm = True  # head and text of an answer are two writes
    server: "Server"

    def setup(self) -> None:
        super().setup()
        # Whoever sends a byte now and then would stay for ever.
        self._end = threading.Timer(LIFE, _hang_up, (self.connection,))
        self._end.daemon = True
        self._end.start()

    def finish(self) -> None:
        self._end.cancel()
        super().finish()

    def do_POST(self) -> None:  # noqa: N802
        if self.path != ADDRESS:
            self._answer(Answer(404, "a witness answers at /add-checkpoint only\n"), close=True)
            return
        length = self.headers.get("Content-Length", "")
        if "Transfer-Encoding" in self.headers or not (length.isascii() and length.isdigit() and len(length) < 10):
            self._answer(Answer(411, "the length of the body must be told\n"), close=True)
            return
        if int(length) > BODY:
            self._answer(Answer(413, f"at most {BODY} bytes\n"), close=True)
            return
        body = self.rfile.read(int(length))
        if len(body) != int(length):
            self.close_connection = True
            return
        try:
            answer = self.server.witness.add_checkpoint(body)
        except Exception:
            log.exception("nothing was signed")
            answer = Answer(500, "the witness cannot sign now\n")
        self._answer(answer)

    def _other(self) -> None:
        if self.path != ADDRESS:
            self._answer(Answer(404, "a witness answers at /add-checkpoint only\n"), close=True)
        else:
            self._answer(Answer(405, "POST only\n"), close=True)

    do_GET = do_HEAD = do_PUT = do_DELETE = do_PATCH = do_OPTIONS = do_TRACE = do_CONNECT = _other

    def _answer(self, answer: Answer, *, close: bool = False) -> None:
        data = answer.text.encode()
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.type)
        self.send_header("Content-Length", str(len(data)))
        self.send_header("X-Content-Type-Options", "nosniff")
        if answer.status == 405:
            self.send_header("Allow", "POST")
        if close:
            # The body was not read: what follows on this connection is not a request.
            self.send_header("Connection", "close")
            self.close_connection = True
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        log.info("%s %s", self.client_address[0], format % args)


class Server(ThreadingHTTPServer):
    """Serves one witness on one address until `shutdown`."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, address: tuple[str, int], witness: Witness):
        self.witness = witness
        self._free = threading.BoundedSemaphore(CONNECTIONS)
        if ":" in address[0]:
            self.address_family = socket.AF_INET6
        super().__init__(address, _Handler)

    def process_request(self, request, client_address) -> None:
        if not self._free.acquire(blocking=False):
            self.shutdown_request(request)
            return
        try:
            super().process_request(request, client_address)
        except BaseException:
            self._free.release()
            raise

    def process_request_thread(self, request, client_address) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()

    def handle_error(self, request, client_address) -> None:
        log.info("%s went away", client_address[0])


def _hang_up(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # it was over


def serve(folder: Path, host: str, port: int) -> None:
    """Be the witness of a folder until the process is ended. Raises WitnessError, OSError."""
    store = Store(folder)
    witness = Witness(store)
    with store.alone(), Server((host, port), witness) as server:
        log.info("listening on %s:%d", *server.server_address[:2])
        server.serve_forever()

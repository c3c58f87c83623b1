"""An HTTP server that answers as a test wants."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Answering(ThreadingHTTPServer):
    """`answer(body)` gives status, headers and bytes; `asked` keeps the bodies that came."""

    daemon_threads = True

    def __init__(self, answer: Callable):
        self.answer, self.asked, self.pause = answer, [], 0.0
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self):  # noqa: N802
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.asked.append((self.path, self.headers.get_content_type(), body))
        status, headers, data = self.server.answer(body)
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        try:
            if self.server.pause:
                for byte in data:
                    self.wfile.write(bytes([byte]))
                    self.wfile.flush()
                    time.sleep(self.server.pause)
            else:
                self.wfile.write(data)
        except OSError:
            return  # the client had enough

    def log_message(self, *args):
        pass


@contextmanager
def answering(answer: Callable) -> Iterator[Answering]:
    """A running server."""
    with Answering(answer) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()

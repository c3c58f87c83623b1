"""The real pages in a real browser: a server on a free port, and a guard against violations of the page's policy."""

import contextlib
import threading
from collections.abc import Iterator

from waitress.server import create_server

from casework.cli.wsgi import behind_proxy
from casework.settings import Settings


@contextlib.contextmanager
def serving(app, settings: Settings) -> Iterator[str]:
    """The address of `app` on this machine, for as long as the test runs."""
    server = create_server(behind_proxy(app, settings), listen="127.0.0.1:0", threads=4)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.effective_port}"
    finally:
        server.close()
        server.task_dispatcher.shutdown()
        thread.join(5)


class Guard:
    """Collects what a page must never do: break its Content-Security-Policy, raise, or ask another host."""

    def __init__(self, page, own: str):
        self.problems: list[str] = []
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.problems.append(f"page error: {error}"))
        page.on("request", lambda request: self._request(request.url, own))

    def _console(self, message) -> None:
        if "Content Security Policy" in message.text or "Content-Security-Policy" in message.text:
            self.problems.append(message.text)

    def _request(self, url: str, own: str) -> None:
        if url.startswith(("http:", "https:")) and not url.startswith(own + "/"):
            self.problems.append(f"request to another host: {url}")

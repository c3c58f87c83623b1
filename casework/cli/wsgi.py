"""The application as the server sees it: told by the settings how people reach it, and through which proxy."""

import contextlib
import ctypes
import gc
from collections.abc import Callable, Iterable
from typing import Any

from granian.utils.proxies import wrap_wsgi_with_proxy_headers

from casework import main
from casework.exchange import jobs as packages
from casework.settings import Settings
from casework.web.gateway import Gateway

from . import common, log_keeper
from .jobs import Periodic

COLLECT = (10_000, 20, 20)  # a request makes thousands of objects, nearly all of which go with it
# Of mallopt(3), glibc: from this size on a piece is fetched from the system by itself and given back at once; what lies
# free at the end of a heap is given back when it is more than this; threads share so many heaps.
M_MMAP_THRESHOLD, LARGE = -3, 4 << 20
M_TRIM_THRESHOLD, FREE = -1, 8 << 20
M_ARENA_MAX, ARENAS = -8, 2
WsgiApp = Callable[[dict[str, Any], Callable], Iterable[bytes]]


def make() -> WsgiApp:
    """The application, with its periodic work and the keeper of its log, as plain WSGI."""
    settings = common.settings()
    app = main({}, **common.ini())
    common.check_keys(app.registry["engine"], app.registry["keyring"])
    Periodic(app.registry, settings).start()
    packages.start(app.registry)
    if settings.sequencer:
        log_keeper.start(settings)
    return behind_proxy(app, settings)


def gateway() -> Gateway:
    """What `casework serve` runs: the application, reached only by requests that have arrived whole."""
    app = make()
    # What the start made stays as long as the process: the collector need not walk through it during requests.
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECT)
    _give_back()
    settings = common.settings()
    return Gateway(app, threads=settings.threads, form_limit=settings.form_limit)


def _give_back() -> None:
    """Let the C library return memory that is done with. By itself it keeps the largest pieces it ever gave, for each
    thread: after an upload that is a hundred MiB that nobody needs. Files go through memory by the MiB, and those it
    keeps: fetching each from the system anew takes four times as long as encrypting it."""
    with contextlib.suppress(AttributeError, OSError):
        library = ctypes.CDLL(None)
        library.mallopt(M_MMAP_THRESHOLD, LARGE)
        library.mallopt(M_TRIM_THRESHOLD, FREE)
        library.mallopt(M_ARENA_MAX, ARENAS)


def behind_proxy(app: WsgiApp, settings: Settings) -> WsgiApp:
    """`app` told its scheme and the client's address.

    The scheme is what base_url says, never what a client says: the origin check of forms depends on it. The address
    comes from X-Forwarded-For only when the connection is the trusted proxy's.
    """
    scheme = "https" if settings.secure else "http"

    def with_scheme(environ, start_response):
        environ["wsgi.url_scheme"] = scheme
        return app(environ, start_response)

    if not settings.trusted_proxy:
        return with_scheme
    return wrap_wsgi_with_proxy_headers(with_scheme, settings.trusted_proxy.split(","))

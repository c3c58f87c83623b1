"""The application as the server sees it: told by the settings how people reach it, and through which proxy."""

from collections.abc import Callable, Iterable
from typing import Any

from granian.utils.proxies import wrap_wsgi_with_proxy_headers

from casework import main
from casework.settings import Settings
from casework.web.gateway import Gateway

from . import common
from .jobs import Periodic

WsgiApp = Callable[[dict[str, Any], Callable], Iterable[bytes]]


def make() -> WsgiApp:
    """The application, with its periodic work, as plain WSGI."""
    settings = common.settings()
    app = main({}, **common.ini())
    Periodic(app.registry, settings).start()
    return behind_proxy(app, settings)


def gateway() -> Gateway:
    """What `casework serve` runs: the application, reached only by requests that have arrived whole."""
    return Gateway(make(), threads=common.settings().threads)


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

"""The application as the server sees it: behind a body limit, told its scheme and the client's address."""

from collections.abc import Callable, Iterable
from typing import Any

from granian.utils.proxies import wrap_wsgi_with_proxy_headers
from pyramid.response import Response

from casework import main
from casework.settings import Settings

from . import common
from .jobs import Periodic

WsgiApp = Callable[[dict[str, Any], Callable], Iterable[bytes]]


def make() -> WsgiApp:
    """Called once in each server process."""
    settings = common.settings()
    ini = common.ini()
    app = main({"__file__": ini.get("__file__", "")}, **ini)
    Periodic(app.registry, settings).start()
    return wrap(app, settings)


def wrap(app: WsgiApp, settings: Settings) -> WsgiApp:
    """`app` behind the limit, and told by `settings` how people reach it."""
    app = with_scheme(limited(app, settings.body_limit), settings)
    if settings.trusted_proxy:
        app = wrap_wsgi_with_proxy_headers(app, settings.trusted_proxy.split(","))
    return app


def with_scheme(app: WsgiApp, settings: Settings) -> WsgiApp:
    """The scheme is what base_url says, never what a client says: the origin check of forms depends on it."""
    scheme = "https" if settings.secure else "http"

    def wrapped(environ, start_response):
        environ["wsgi.url_scheme"] = scheme
        return app(environ, start_response)

    return wrapped


def limited(app: WsgiApp, limit: int) -> WsgiApp:
    """Refuse a body of more than `limit` bytes before reading any of it, and one that does not say its length."""

    def wrapped(environ, start_response):
        length = environ.get("CONTENT_LENGTH") or ""
        if environ.get("HTTP_TRANSFER_ENCODING"):
            refusal = Response("The request must say how long it is.", status=411, content_type="text/plain")
        elif length and not (length.isascii() and length.isdigit()):
            refusal = Response("The length of the request is not a number.", status=400, content_type="text/plain")
        elif length and int(length) > limit:
            refusal = Response("The request is too large.", status=413, content_type="text/plain")
        else:
            return app(environ, start_response)
        return refusal(environ, start_response)

    return wrapped

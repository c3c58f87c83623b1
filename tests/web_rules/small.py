"""A small program on the web's ground rules: enough views to break each rule, no database."""

import sqlite3
from types import SimpleNamespace

from pyramid.config import Configurator
from pyramid.csrf import get_csrf_token
from pyramid.httpexceptions import HTTPForbidden, HTTPNotFound
from pyramid.response import Response
from pyramid.security import NO_PERMISSION_REQUIRED, Allowed, Denied
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm.exc import StaleDataError
from webtest import TestApp

CANARY = "canary-9f2c-ក្រសួង"


class Policy:
    """Signed in is who sends X-Test-User; permission `never` is nobody's."""

    def identity(self, request):
        user = request.headers.get("X-Test-User")
        return SimpleNamespace(name=user, role="HOT", agency_name="Agency (fictional)", locale=None) if user else None

    def authenticated_userid(self, request):
        return request.headers.get("X-Test-User")

    def permits(self, request, context, permission):
        if request.identity is None:
            return Denied("not signed in")
        return Denied("HOT has no A here") if permission == "never" else Allowed("test")

    def remember(self, request, userid, **kw):
        return []

    def forget(self, request, **kw):
        return []


def text(words="fine"):
    return lambda request: Response(words, content_type="text/plain", charset="utf-8")


def raising(make):
    def view(request):
        raise make()

    return view


def secret_of(request):
    user = request.headers.get("X-Test-Session")
    return user.encode().ljust(32, b".") if user else None


def record(request):
    """A record's factory: nothing is there, or it is hidden."""
    if request.matchdict["ref"].endswith("K"):
        raise HTTPNotFound("hidden: " + CANARY)
    raise HTTPNotFound()


FAILURES = {
    "boom": lambda: RuntimeError(CANARY),
    "locked": lambda: OperationalError("insert " + CANARY, {}, _sqlite("database is locked")),
    "nosuch": lambda: OperationalError("insert " + CANARY, {}, _sqlite("no such table: x")),
    "pool": lambda: PoolTimeout(CANARY),
    "unique": lambda: IntegrityError("insert " + CANARY, {"a": CANARY}, _sqlite("UNIQUE")),
    "stale": lambda: StaleDataError(CANARY),
    "forbidden": lambda: HTTPForbidden(CANARY),
}


def _sqlite(message):
    return sqlite3.OperationalError(message)


def configure(config, **options):
    """Add the rules and the views to `config`."""
    config.registry["audited"] = []
    config.registry["csrf_secret"] = secret_of
    config.set_security_policy(Policy())
    config.set_default_permission("nobody")
    config.add_request_method(
        lambda request: lambda verb, **kw: config.registry["audited"].append((verb, kw)), "audit", reify=True
    )
    for name in ("methods", "csrf", "i18n", "render", "logs", "errors", "headers", "sanity"):
        config.include(f"casework.web.{name}")
    public = {"permission": NO_PERMISSION_REQUIRED}
    for name, pattern in (("home", "/"), ("echo", "/echo/{word}"), ("form", "/form"), ("list", "/list"),
                          ("split", "/split"), ("never", "/never"), ("mine", "/mine"), ("token", "/token")):
        config.add_route(name, pattern)
    config.add_route("record", "/records/{ref}", factory=record)
    config.add_view(text(), route_name="home", **public)
    config.add_view(echo, route_name="echo", **public)
    config.add_view(text("sent"), route_name="form", require_methods=("GET", "POST"), **public)
    config.add_view(text("listed"), route_name="list", many=("state",), **public)
    config.add_view(text("read"), route_name="split", request_method="GET", **public)
    config.add_view(text("written"), route_name="split", request_method="POST", **public)
    config.add_view(text(), route_name="never", permission="never", require_methods=("GET", "POST"))
    config.add_view(text(), route_name="mine", permission="signed-in", require_methods=("GET", "POST"))
    config.add_view(text(), route_name="record", permission="signed-in")
    config.add_view(token, route_name="token", **public)
    for name, make in FAILURES.items():
        config.add_route(name, f"/{name}")
        config.add_view(raising(make), route_name=name, require_methods=("GET", "POST"), **public)


def echo(request):
    """What the address says, decoded."""
    return Response(request.matchdict["word"] + request.GET.get("q", ""), content_type="text/plain", charset="utf-8")


def token(request):
    """The token of this response."""
    return Response(get_csrf_token(request), content_type="text/plain")


def make_app(**settings):
    """The WSGI application."""
    with Configurator(settings=settings) as config:
        configure(config)
    return config.make_wsgi_app()


def make_client(**settings):
    """WebTest over a new application."""
    return TestApp(make_app(**settings), extra_environ={"REMOTE_ADDR": "192.0.2.1"})

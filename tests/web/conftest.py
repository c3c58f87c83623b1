"""The shell alone, over WebTest and on a socket; the pages here need no database."""

import threading

import pytest
from waitress.server import create_server
from webtest import TestApp

from tests.web import small_app


@pytest.fixture(scope="session")
def kept() -> small_app.Kept:
    """What the page's script talks to."""
    return small_app.Kept()


@pytest.fixture(scope="session")
def shell(kept):
    """The WSGI application."""
    config = small_app.configurator()
    small_app.add_page(config, "/session/keep", lambda request: kept.keep(request), renderer=None)
    small_app.add_page(config, "/draft", lambda request: kept.draft(request), renderer=None)
    small_app.add_page(config, "/sign-in", lambda request: {"title": "Sign in"})
    small_app.add_page(config, "/form", small_app.form_page, renderer=None)
    config.registry["idle_seconds"] = lambda request: int(request.cookies.get("idle", "1800"))
    return config.make_wsgi_app()


@pytest.fixture
def web(shell) -> TestApp:
    """A browser without scripts, signed in, in English."""
    app = TestApp(shell)
    app.set_cookie("who", "en")
    return app


@pytest.fixture(scope="session")
def server(shell):
    """The address of the shell on this machine."""
    served = create_server(shell, listen="127.0.0.1:0", threads=4)
    threading.Thread(target=served.run, daemon=True).start()
    yield f"http://127.0.0.1:{served.effective_port}"
    served.close()

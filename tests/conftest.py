"""Fixtures: a migrated database on each engine, settings, the application, a client, a browser.

    database   migrated and empty; a test runs once on SQLite and once on PostgreSQL, unless it is marked
               `one_engine` (the engine makes no difference) or drives a browser: then on SQLite only
    settings   of a development installation in the test's folder, on `database`
    app        the WSGI application on `database`
    client     WebTest over `app`; `tests.support.people` signs it in
    server     the address of `app` on a real socket, for `page` of pytest-playwright
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings as examples
from webtest import TestApp

import casework
from casework.crypto.keyring import KeyRing
from casework.settings import Settings
from tests.support import browser, databases, missing, run
from tests.support.databases import Database

# The same examples in every run, so that what passed here passes anywhere; `--hypothesis-profile=default` tries others.
examples.register_profile("same", derandomize=True)
examples.load_profile("same")


def pytest_configure(config: pytest.Config) -> None:
    if hasattr(config, "workerinput"):
        return
    advice = missing.advice()
    if advice and not missing.allowed():
        pytest.exit(f"{advice} (or set CASEWORK_ALLOW_MISSING=1 to leave those tests out)", returncode=1)
    run.begin()


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput") and run.VARIABLE in os.environ:
        run.end()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "backend" not in metafunc.fixturenames:
        return
    only = metafunc.definition.get_closest_marker("one_engine")
    names = databases.BACKENDS
    if only or "page" in metafunc.fixturenames:
        names = (only and only.args) or ("sqlite",)
    marks = {"postgresql": [pytest.mark.postgresql]}
    metafunc.parametrize("backend", [pytest.param(name, marks=marks.get(name, ())) for name in names])


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "page" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.browser)
    missing.mark(items)


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    """A new key file in the test's folder."""
    path = tmp_path / "keys.json"
    KeyRing.create(path)
    return path


@pytest.fixture
def database(backend: str, tmp_path: Path, keys: Path) -> Iterator[Database]:
    """A migrated, empty database of the test's own."""
    with databases.migrated(backend, tmp_path) as url:
        made = Database(url, backend, KeyRing.load(keys))
        yield made
        made.dispose()


@pytest.fixture
def ini(database: Database, tmp_path: Path, keys: Path) -> dict[str, str]:
    """The [app:main] entries of a development installation on `database`."""
    return {
        "casework.development": "true",
        "casework.data": str(tmp_path),
        "casework.database_url": database.url,
        "casework.keys": str(keys),
    }


@pytest.fixture
def settings(ini: dict[str, str]) -> Settings:
    """The same, read."""
    return Settings.from_ini(ini, {})


@pytest.fixture
def app(ini: dict[str, str]) -> Iterator:
    """The application, as the server gets it."""
    made = casework.main({}, **ini)
    yield made
    made.registry["engine"].dispose()


@pytest.fixture
def client(app) -> TestApp:
    """A browser without scripts, over `app`."""
    return TestApp(app, extra_environ={"REMOTE_ADDR": "192.0.2.1"})


@pytest.fixture
def server(app, settings: Settings) -> Iterator[str]:
    """The address of `app` on this machine."""
    with browser.serving(app, settings) as address:
        yield address


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict) -> dict:
    """Debian's Chromium; in a container /dev/shm is small, and root has no sandbox."""
    arguments = ["--disable-dev-shm-usage", *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    return {**browser_type_launch_args, "executable_path": missing.CHROMIUM, "args": arguments}


@pytest.fixture(autouse=True)
def csp_guard(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fails each browser test in which a page broke its policy, raised an error or asked another host."""
    if "page" not in request.fixturenames:
        yield
        return
    guard = browser.Guard(request.getfixturevalue("page"), request.getfixturevalue("server"))
    yield
    assert guard.problems == []

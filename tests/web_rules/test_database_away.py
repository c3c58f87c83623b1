"""A database that is busy or away is a 503 that says so, with the headers of every answer, and nothing half done."""

import sqlite3

import pytest
from sqlalchemy import event, make_url

from tests.support import run
from tests.support.people import quick

from .test_headers import check


@pytest.fixture
def impatient(app):
    """The application, waiting for a lock 50 ms instead of ten seconds."""
    @event.listens_for(app.registry["engine"], "connect")
    def connect(dbapi, record):
        dbapi.execute("PRAGMA busy_timeout=50")

    quick(app)
    return app


@pytest.fixture
def locked(database):
    """Another process that writes and does not finish."""
    connection = sqlite3.connect(database.url.removeprefix("sqlite:///"), isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    yield connection
    connection.close()


@pytest.mark.one_engine
def test_a_locked_database_is_a_503(impatient, client, locked):
    page = client.get("/sign-in", status=200)
    form = page.forms["form"]
    form["login"], form["password"] = "nobody@example.org", "not a password of anybody"
    answer = form.submit(status=503)
    assert answer.headers["Retry-After"]
    assert "locked" not in answer.text
    check(answer)
    locked.execute("ROLLBACK")
    assert form.submit(expect_errors=True).status_int in (200, 303, 422)


@pytest.mark.one_engine
def test_a_database_without_its_tables_is_a_500_that_shows_nothing(impatient, client, database):
    with sqlite3.connect(database.url.removeprefix("sqlite:///")) as connection:
        tables = "SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE '%session%'"
        names = [name for (name,) in connection.execute(tables)]
        for name in names:
            connection.execute(f'ALTER TABLE "{name}" RENAME TO "{name}_away"')
    assert names
    client.set_cookie("cw", "A" * 43)
    answer = client.get("/account", status=500)
    assert "no such table" not in answer.text
    assert answer.headers["X-Request-Id"] in answer.text
    check(answer)


@pytest.mark.one_engine("postgresql")  # SQLite does not go away
def test_postgresql_away_is_a_503_and_back_is_back(client, database):
    name = make_url(database.url).database
    client.set_cookie("cw", "A" * 43)
    client.get("/account", status=303)
    with run.cluster().admin() as admin:
        admin.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
        away = client.get("/account", status=503)
        assert away.headers["Retry-After"] == "10"
        assert name not in away.text
        check(away)
        admin.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
    client.get("/account", status=303)

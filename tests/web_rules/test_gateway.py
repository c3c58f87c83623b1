"""What the gateway makes of a request and of an answer; what it does on a real server is in test_server.py."""

from types import SimpleNamespace

import pytest

from casework.web.gateway import Gateway, environ_of


class Headers:
    """As granian gives them: names in small letters, a name as often as it came."""

    def __init__(self, *items):
        self._items = items

    def items(self):
        return self._items


def scope(*headers, **changes):
    values = {
        "method": "GET", "path": "/", "query_string": "", "http_version": "1.1", "server": "127.0.0.1:6543",
        "client": "192.0.2.1:5000", "scheme": "http", "authority": None,
        "headers": Headers(("host", "a.example"), *headers),
    }
    return SimpleNamespace(**{**values, **changes})


@pytest.mark.parametrize(
    ("given", "name", "expected"),
    [
        (scope(path="/ខ"), "PATH_INFO", "/ខ".encode().decode("latin-1")),
        (scope(("content-type", "text/plain")), "CONTENT_TYPE", "text/plain"),
        (scope(("content-length", "3")), "CONTENT_LENGTH", "3"),
        (scope(("host", "b.example")), "HTTP_HOST", "a.example,b.example"),
        (scope(authority="c.example"), "HTTP_HOST", "c.example"),
        (scope(("x-forwarded-for", "192.0.2.2")), "HTTP_X_FORWARDED_FOR", "192.0.2.2"),
        (scope(("x_forwarded_for", "192.0.2.2")), "HTTP_X_FORWARDED_FOR", None),
        (scope(client="[2001:db8::1]:5000"), "REMOTE_ADDR", "2001:db8::1"),
        (scope(), "REMOTE_ADDR", "192.0.2.1"),
        (scope(), "SERVER_PORT", "6543"),
    ],
)
def test_the_environment(given, name, expected):
    assert environ_of(given, b"").get(name) == expected


def test_nothing_of_the_machine_is_in_it(monkeypatch):
    monkeypatch.setenv("CASEWORK_DATABASE_URL", "secret")
    assert "secret" not in str(environ_of(scope(), b""))


class Parts:
    """An answer in parts that wants to be closed."""

    closed = False

    def __iter__(self):
        yield b"a"
        yield b"b"

    def close(self):
        self.closed = True


def test_an_answer_in_parts_is_handed_over_whole():
    parts = Parts()

    def app(environ, start_response):
        start_response("200 OK", [("Content-Type", "text/plain")])
        return parts

    assert Gateway(app, threads=1).call({}) == (200, [("content-type", "text/plain"), ("server", "casework")], b"ab")
    assert parts.closed


def test_a_failure_outside_the_programs_own_pages_shows_nothing(caplog):
    def app(environ, start_response):
        raise RuntimeError("secret")

    status, headers, content = Gateway(app, threads=1).call({})
    assert status == 500
    assert b"secret" not in content
    assert dict(headers)["cache-control"] == "no-store"
    assert "outside its own error pages" in caplog.text

"""The server as `casework serve` starts it, over the small program: wrong bytes, slow clients, many connections."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time

import pytest

from tests.architecture.files import ROOT

from .corpus import CORPUS, FORM, HOST, answers, wrong

BODY_SECONDS = 3
START = """
import sys
from casework.cli import serve
from casework.settings import Settings
settings = Settings.from_ini({"casework.development": "true", "casework.data": sys.argv[1]}, {})
serve._allow_connections()
serve.server(settings, "127.0.0.1", int(sys.argv[2]), "tests.web_rules.test_server:gateway").serve()
"""
PAGE = b"GET / HTTP/1.1\r\n" + HOST + b"\r\n"
POST = b"POST /form HTTP/1.1\r\n" + HOST + FORM


def gateway():
    """The small program behind the gateway, in the server's process."""
    from casework.web.gateway import Gateway

    from .small import make_app

    return Gateway(make_app(), threads=8, body_seconds=BODY_SECONDS)


@pytest.fixture(scope="module")
def port(tmp_path_factory):
    folder = tmp_path_factory.mktemp("server")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        number = probe.getsockname()[1]
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore"}
    with open(folder / "log", "w+", encoding="utf-8") as log:
        process = subprocess.Popen(
            [sys.executable, "-c", START, str(folder), str(number)], env=environ, stdout=log, stderr=log
        )
        try:
            deadline = time.monotonic() + 30
            while True:
                with contextlib.suppress(ConnectionRefusedError):
                    socket.create_connection(("127.0.0.1", number)).close()
                    break
                assert process.poll() is None, (folder / "log").read_text()
                assert time.monotonic() < deadline, (folder / "log").read_text()
                time.sleep(0.1)
            yield number
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(20)
        log_text = (folder / "log").read_text()
        assert "Traceback" not in log_text, log_text


@pytest.mark.parametrize("raw", CORPUS, ids=lambda raw: raw.name)
def test_what_no_browser_sends(port, raw):
    assert wrong(port, raw) is None


def test_it_goes_on_answering(port):
    assert answers(port, PAGE) == [b"200"]


@contextlib.contextmanager
def held(port, data, count=300):
    """Connections that have sent `data` and wait."""
    connections = []
    try:
        for _ in range(count):
            connections.append(socket.create_connection(("127.0.0.1", port), timeout=5))
            connections[-1].sendall(data)
        yield connections
    finally:
        for connection in connections:
            connection.close()


@pytest.mark.parametrize(
    ("data", "count"),
    [
        (b"", 1000),
        (b"GET / HTTP/1.1\r\nX-A: ", 300),
        (POST + b"Content-Length: 50\r\n\r\nhello", 300),
        (POST + b"Content-Length: 1000000\r\n\r\n" + b"a" * 60_000, 200),
        (POST + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhe", 300),
    ],
    ids=["idle", "half headers", "half bodies", "large half bodies", "half chunks"],
)
def test_slow_clients_do_not_keep_others_waiting(port, data, count):
    with held(port, data, count):
        for _ in range(5):
            started = time.monotonic()
            assert answers(port, PAGE, 5) == [b"200"]
            assert time.monotonic() - started < 1
        started = time.monotonic()
        assert answers(port, POST + b"Content-Length: 3\r\n\r\na=b", 5) == [b"400"]
        assert time.monotonic() - started < 1


def test_a_body_that_does_not_come_is_given_up(port):
    started = time.monotonic()
    assert answers(port, POST + b"Content-Length: 50\r\n\r\nhello", BODY_SECONDS + 5) == [b"408"]
    assert BODY_SECONDS - 1 < time.monotonic() - started < BODY_SECONDS + 3


def test_a_client_that_goes_away_does_no_harm(port):
    with held(port, POST + b"Content-Length: 50\r\n\r\nhello", 50):
        pass
    assert answers(port, PAGE) == [b"200"]


def test_two_requests_on_one_connection(port):
    assert answers(port, PAGE + PAGE.replace(b"GET / ", b"GET /smuggled ")) == [b"200", b"404"]


def test_the_server_does_not_say_what_it_is(port):
    for data in (PAGE, b"TRACE / HTTP/1.1\r\n" + HOST + b"\r\n", PAGE.replace(b"/ HTTP", b"/nowhere HTTP")):
        with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
            connection.sendall(data)
            received = connection.recv(65536).lower()
        assert b"\r\nserver: casework\r\n" in received
        for name in (b"granian", b"hyper", b"python", b"pyramid", b"waitress"):
            assert name not in received

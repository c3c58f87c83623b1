"""`casework serve` on its real server: starts by itself, believes the proxy it was told of, and stops when asked."""

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager

import pytest
from webtest import TestApp

from casework.cli.wsgi import behind_proxy
from casework.settings import Settings
from tests.architecture.files import ROOT
from tests.cli.test_commands import SCRIPT


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def ask(port: int, request: str) -> str:
    """Send bytes as they are, read until the server closes."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(request.encode())
        answer = b""
        while part := connection.recv(65536):
            answer += part
    return answer.decode()


@contextmanager
def serving(folder):
    """A server started in an empty folder without any setting."""
    port = free_port()
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CASEWORK_")}
    with open(folder / "log", "w+", encoding="utf-8") as log:
        process = subprocess.Popen(
            [sys.executable, "-c", SCRIPT, "serve", "--port", str(port)], cwd=folder, stdout=log, stderr=log,
            env={**kept, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore"},
        )
        try:
            deadline = time.monotonic() + 30
            while True:
                try:
                    socket.create_connection(("127.0.0.1", port)).close()
                    break
                except ConnectionRefusedError:
                    assert process.poll() is None, (folder / "log").read_text()
                    assert time.monotonic() < deadline, (folder / "log").read_text()
                    time.sleep(0.1)
            yield port, process
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(20)


def test_serves_from_an_empty_folder_and_stops_when_asked(tmp_path):
    with serving(tmp_path) as (port, process):
        answer = ask(port, f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n")
        assert answer.startswith("HTTP/1.1 ")
        assert "content-security-policy: default-src 'none'" in answer.lower()
        twice = f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"
        assert ask(port, twice).startswith("HTTP/1.1 400 ")
    assert process.returncode == 0
    assert "Traceback" not in (tmp_path / "log").read_text()


def test_slow_clients_do_not_stop_the_others(tmp_path):
    with serving(tmp_path) as (port, _process):
        slow = [socket.create_connection(("127.0.0.1", port)) for _ in range(20)]
        half = f"POST / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Length: 50\r\n\r\nhello"
        for connection in slow:
            connection.sendall(half.encode())
        answer = ask(port, f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n")
        for connection in slow:
            connection.close()
    assert answer.startswith("HTTP/1.1 ")


def shows(environ, start_response):
    """An application that says what it was told."""
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [f"{environ['wsgi.url_scheme']} {environ['REMOTE_ADDR']}".encode()]


@pytest.mark.parametrize(
    ("proxy", "sender", "expected"),
    [
        ("127.0.0.1", "127.0.0.1", "https 198.51.100.7"),
        ("127.0.0.0/8", "127.0.0.1", "https 198.51.100.7"),
        ("127.0.0.1", "192.0.2.9", "https 192.0.2.9"),
        ("", "127.0.0.1", "https 127.0.0.1"),
    ],
)
def test_only_the_trusted_proxy_is_believed(tmp_path, proxy, sender, expected):
    settings = Settings.from_ini(
        {"casework.development": "true", "casework.data": str(tmp_path), "casework.base_url": "https://casework.example",
         "casework.trusted_proxy": proxy}, {},
    )
    client = TestApp(behind_proxy(shows, settings), extra_environ={"REMOTE_ADDR": sender})
    answer = client.get("/", headers={"X-Forwarded-For": "198.51.100.7", "X-Forwarded-Proto": "http"})
    assert answer.text == expected


@pytest.mark.one_engine
def test_the_application_believes_nobody_by_itself(app):
    sent = {"headers": {"X-Forwarded-For": "198.51.100.7"}, "environ": {"REMOTE_ADDR": "192.0.2.9"}}
    request = app.request_factory.blank("/", **sent)
    assert request.client_addr == "192.0.2.9"

"""The witness over HTTP: what is not a request of a log is refused, and nobody can keep it busy."""

import http.client
import socket
import time

import pytest

from casework.cli import main
from casework.verifier.casework_verify import note_from
from casework.witness import server
from casework.witness.key import WitnessError
from casework.witness.store import Store, place
from tests.witness.conftest import running
from tests.witness.logs import post


def test_over_http(address, store, log):
    status, headers, text = post(address, log.request(0, 10))
    assert status == 200
    assert note_from(log.note(10) + text).signed_by(store.key().key)
    status, headers, text = post(address, log.request(0, 20))
    assert (status, headers["Content-Type"], text) == (409, "text/x.tlog.size", "10\n")
    assert "Server" in headers
    assert "Python" not in headers["Server"]


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_other_methods_are_not_allowed(address, method):
    status, headers, _text = post(address, b"", method=method)
    assert (status, headers["Allow"]) == (405, "POST")


def test_other_addresses_do_not_exist(address, log):
    assert post(address, log.request(0, 10), path="/")[0] == 404
    assert post(address, b"", path="/key", method="GET")[0] == 404


def test_a_large_body_is_not_read(address):
    assert post(address, b"", headers={"Content-Length": str(server.BODY + 1)})[0] == 413


def test_the_length_must_be_told(address):
    assert post(address, b"", headers={"Transfer-Encoding": "chunked"})[0] == 411
    assert post(address, b"", headers={"Content-Length": "-1"})[0] == 411


def test_a_connection_serves_several_requests(address, log):
    connection = http.client.HTTPConnection(*address, timeout=10)
    connection.connect()
    first = connection.sock
    for old, size in ((0, 5), (5, 6)):
        connection.request("POST", "/add-checkpoint", log.request(old, size))
        with connection.getresponse() as answer:
            assert answer.status == 200
            assert answer.read()
        assert connection.sock is first
    connection.close()


def test_who_drips_is_hung_up_on(monkeypatch, address):
    monkeypatch.setattr(server, "LIFE", 0.3)
    begun = time.monotonic()
    with socket.create_connection(address, timeout=5) as connection:
        connection.sendall(b"POST /add-checkpoint HTTP/1.1\r\n")
        assert connection.recv(100) == b""
    assert time.monotonic() - begun < 8  # of the ten seconds that silence may last


def test_who_opens_many_connections_does_not_fill_the_memory(monkeypatch, witness, log):
    monkeypatch.setattr(server, "CONNECTIONS", 2)
    with running(witness) as address:
        idle = [socket.create_connection(address, timeout=5) for _ in range(2)]
        with pytest.raises(OSError):  # noqa: PT011  reset or closed, as the timing has it
            post(address, log.request(0, 5))
        for connection in idle:
            connection.close()
        assert _answered(address, log) == 200


def _answered(address, log) -> int:
    """The status of a request, as soon as there is room."""
    end = time.monotonic() + 10
    while True:
        try:
            return post(address, log.request(0, 5))[0]
        except OSError:
            assert time.monotonic() < end
            time.sleep(0.05)


def test_an_error_inside_signs_nothing(address, store, log):
    (store.folder / "latest").rmdir()
    status, _headers, text = post(address, log.request(0, 5))
    assert status == 500
    assert "—" not in text


def test_one_process_for_one_folder(store):
    with store.alone(), pytest.raises(WitnessError, match="another process"), Store(store.folder).alone():
        pass


def test_what_a_killed_process_left_unfinished_is_swept(store, log):
    left = store.folder / "latest" / f".{place(log.key.name)}.4711"
    left.write_text("half")
    with store.alone():
        assert not left.exists()


def test_the_commands(tmp_path, log, capsys):
    folder = str(tmp_path / "w")
    assert main(["witness", "key", folder]) == 1
    assert main(["witness", "init", folder, "witness.example/1"]) == 0
    assert main(["witness", "init", folder, "witness.example/1"]) == 1
    assert main(["witness", "add", folder, "nonsense"]) == 1
    capsys.readouterr()
    assert main(["witness", "add", folder, log.key.text]) == 0
    assert log.key.fingerprint in capsys.readouterr().out
    assert main(["witness", "show", folder]) == 0
    shown = capsys.readouterr().out
    assert "last cosigned: 0 entries" in shown
    assert main(["witness", "key", folder]) == 0
    assert Store(tmp_path / "w").key().key.text in capsys.readouterr().out

"""A witness in the test's folder that knows one log, on a port of this machine."""

import threading
from contextlib import contextmanager

import pytest

from casework.witness.protocol import Witness
from casework.witness.server import Server
from casework.witness.store import Store
from tests.witness.logs import Log


@contextmanager
def running(witness: Witness):
    """The address of a server in a thread."""
    with Server(("127.0.0.1", 0), witness) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield server.server_address
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def log() -> Log:
    return Log(300)


@pytest.fixture
def store(tmp_path, log) -> Store:
    made = Store(tmp_path / "witness")
    made.create("witness.example/1")
    made.add(log.key)
    return made


@pytest.fixture
def witness(store) -> Witness:
    return Witness(store)


@pytest.fixture
def address(witness):
    with running(witness) as found:
        yield found

"""A witness that is killed at any moment never signs two trees, and never forgets what it signed."""

import multiprocessing
import random
import socket
import threading
import time
from http.client import HTTPException
from pathlib import Path

from casework.verifier.casework_verify import note_from
from casework.witness.server import serve
from casework.witness.store import Store
from tests.witness.logs import Log, post

KILLS = 30
FORK = 1
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["casework.witness.server"])


class Client(threading.Thread):
    """Sends one branch of a log, as far as the witness takes it, until it is told to stop."""

    def __init__(self, log: Log, address: tuple[str, int], key):
        super().__init__()
        self.log, self.address, self.key = log, address, key
        self.size, self.cosigned, self.stopped = 0, set(), threading.Event()

    def run(self) -> None:
        chance = random.Random(len(self.log.hashes))
        while not self.stopped.is_set():
            goal = min(self.size + chance.choice((0, 1, 1, 3)), len(self.log.hashes))
            try:
                status, _headers, text = post(self.address, self.log.request(min(self.size, goal), goal))
            except (OSError, HTTPException):
                time.sleep(0.002)
                continue
            if status == 200:
                assert note_from(self.log.note(goal) + text).signed_by(self.key)
                self.cosigned.add(self.log.checkpoint(goal))
                self.size = goal
            elif status == 409 and int(text) <= len(self.log.hashes):
                self.size = int(text)


def test_killed_at_random_moments(tmp_path: Path):
    true = Log(400)
    forked = true.fork(FORK)
    store = Store(tmp_path / "witness")
    key = store.create("witness.example/1").key
    store.add(true.key)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = free.getsockname()
    clients = [Client(log, address, key) for log in (true, forked)]
    for client in clients:
        client.start()
    chance, reached = random.Random(7), 0
    try:
        for _ in range(KILLS):
            witness = PROCESSES.Process(target=serve, args=(store.folder, *address))
            witness.start()
            _until_it_listens(address)
            _until_signed(clients, chance.randrange(4))
            time.sleep(chance.uniform(0.0, 0.02))
            witness.kill()
            witness.join()
            signed = max((found.size for client in clients for found in client.cosigned.copy()), default=0)
            assert store.latest(true.key.name).size >= signed >= reached
            reached = signed
    finally:
        for client in clients:
            client.stopped.set()
        for client in clients:
            client.join()
    beyond = {found for client in clients for found in client.cosigned if found.size > FORK}
    assert len(beyond) > KILLS / 3
    trees = [log for log in (true, forked) if log.checkpoint(reached) in beyond]
    assert len(trees) == 1
    assert all(trees[0].checkpoint(found.size) == found for found in beyond)


def _until_signed(clients: list[Client], more: int) -> None:
    """Wait for so many more cosignatures, however slow the machine is."""
    goal, end = sum(len(client.cosigned) for client in clients) + more, time.monotonic() + 5
    while sum(len(client.cosigned) for client in clients) < goal and time.monotonic() < end:
        time.sleep(0.001)


def _until_it_listens(address: tuple[str, int]) -> None:
    end = time.monotonic() + 10
    while time.monotonic() < end:
        try:
            socket.create_connection(address, timeout=1).close()
            return
        except OSError:
            time.sleep(0.002)
    raise AssertionError("the witness does not listen")

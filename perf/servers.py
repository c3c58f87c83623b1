#!/usr/bin/env python3
"""Compare web servers under one application: speed, slow clients, requests that no browser sends.

  perf/servers.py                                    a small program on the web's own rules
  perf/servers.py --app casework.cli.wsgi:make --path /sign-in      casework itself (CASEWORK_* as for `casework serve`)
  perf/servers.py --path /cases --cookie 'cw=...'    a page for who is signed in

Everything runs on 127.0.0.1, one server after the other, for a few seconds each. waitress and gunicorn are compared
when they are installed. Prints a table in Markdown.
"""

import argparse
import asyncio
import contextlib
import importlib
import importlib.util
import logging
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
THREADS, SLOW_CLIENTS = 8, 300

HALF = {
    "headers": b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-A: ",
    "bodies": b"POST /form HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-www-form-urlencoded\r\n"
              b"Content-Length: 50\r\n\r\nhello",
}


# ---- one server, in a process of its own: servers.py --serve NAME --port N --app MODULE:FACTORY

def serve(name: str, port: int, app: str) -> None:
    """Run server `name` until it is told to stop."""
    os.environ["CASEWORK_SERVERS_APP"] = app
    SERVERS[name](port)


def make():
    """The WSGI application named by --app."""
    module, _, factory = os.environ["CASEWORK_SERVERS_APP"].partition(":")
    return getattr(importlib.import_module(module), factory)()


def gateway():
    """The same behind casework's gateway."""
    from casework.web.gateway import Gateway

    return Gateway(make(), threads=THREADS)


def _granian(port: int, target: str, interface: str, **options) -> None:
    from granian import Granian
    from granian.constants import HTTPModes, Interfaces
    from granian.http import HTTP1Settings

    Granian(
        f"perf.servers:{target}", factory=True, address="127.0.0.1", port=port, interface=Interfaces(interface),
        http=HTTPModes.http1, http1_settings=HTTP1Settings(header_read_timeout=15_000, max_buffer_size=65_536),
        websockets=False, backlog=1024, backpressure=4096, log_level="error", **options,
    ).serve()


def _waitress(port: int) -> None:
    from waitress import serve

    logging.getLogger("waitress").setLevel(logging.ERROR)
    serve(make(), listen=f"127.0.0.1:{port}", threads=THREADS, connection_limit=1000, channel_timeout=30, ident=None)


def _gunicorn(port: int) -> None:
    os.execv(sys.executable, [
        sys.executable, "-W", "ignore", "-m", "gunicorn", "-w", "1", "-k", "gthread", "--threads", str(THREADS),
        "--log-level", "error", "-b", f"127.0.0.1:{port}", "perf.servers:make()",
    ])


SERVERS = {
    "granian, RSGI + gateway": lambda port: _granian(port, "gateway", "rsgi"),
    "granian, RSGI + gateway, 2 workers": lambda port: _granian(port, "gateway", "rsgi", workers=2),
    "granian, WSGI": lambda port: _granian(port, "make", "wsgi", blocking_threads=THREADS),
    "waitress": _waitress,
    "gunicorn gthread": _gunicorn,
}
NEEDS = {"waitress": "waitress", "gunicorn gthread": "gunicorn"}


@contextlib.contextmanager
def running(name: str, app: str) -> Iterator[int]:
    """The port of server `name` while the block runs."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])}
    command = [sys.executable, "-W", "ignore", __file__, "--serve", name, "--port", str(port), "--app", app]
    process = subprocess.Popen(command, env=environ, cwd=ROOT, start_new_session=True)
    try:
        deadline = time.monotonic() + 30
        while True:
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            if time.monotonic() > deadline or process.poll() is not None:
                raise SystemExit(f"{name} did not start")
            time.sleep(0.1)
        yield port
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)


# ---- what is measured

async def _client(port: int, request: bytes, until: float, times: list[float]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    while time.perf_counter() < until:
        started = time.perf_counter()
        writer.write(request)
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        await reader.readexactly(int(head.split(b"content-length:")[1].split(b"\r\n")[0]))
        times.append(time.perf_counter() - started)
        if b"connection: close" in head:
            writer.close()
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.close()


def speed(port: int, request: bytes, users: int, seconds: float) -> tuple[float, float, float]:
    """Requests a second, p50 and p95 in milliseconds, of `users` who each send, wait and send again."""
    times: list[float] = []

    async def load(length: float, into: list[float]) -> None:
        until = time.perf_counter() + length
        await asyncio.gather(*(_client(port, request, until, into) for _ in range(users)))

    asyncio.run(load(0.5, []))
    started = time.perf_counter()
    asyncio.run(load(seconds, times))
    lasted = time.perf_counter() - started
    times.sort()
    return len(times) / lasted, times[len(times) // 2] * 1000, times[int(len(times) * 0.95)] * 1000


def worst_beside_slow(port: int, request: bytes, half: bytes) -> float:
    """The worst of 20 answers, in milliseconds, while 300 clients hold back the rest of their request; at most
    5,000, which means none."""
    held = []
    try:
        for _ in range(SLOW_CLIENTS):
            connection = socket.create_connection(("127.0.0.1", port), timeout=5)
            connection.sendall(half)
            held.append(connection)
        time.sleep(0.5)
        worst = 0.0
        for _ in range(20):
            started = time.perf_counter()
            try:
                with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
                    connection.sendall(request)
                    connection.recv(100)
            except OSError:
                return 5000.0
            worst = max(worst, (time.perf_counter() - started) * 1000)
        return worst
    finally:
        for connection in held:
            connection.close()


def compare(arguments: argparse.Namespace) -> None:
    """Measure each server and print its row."""
    from tests.web_rules.corpus import CORPUS, wrong

    headers = f"Cookie: {arguments.cookie}\r\n" if arguments.cookie else ""
    request = f"GET {arguments.path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{headers}\r\n".encode()
    print("| server | req/s, 1 user | p50 / p95 ms | req/s, 8 users | p50 / p95 ms | worst ms beside 300 half headers "
          "| beside 300 half bodies | wrong answers |\n|---|---|---|---|---|---|---|---|")
    complaints = []
    for name in arguments.only or SERVERS:
        if name in NEEDS and importlib.util.find_spec(NEEDS[name]) is None:
            print(f"| {name} | not installed |")
            continue
        with running(name, arguments.app) as port:
            one = speed(port, request, 1, arguments.seconds)
            eight = speed(port, request, 8, arguments.seconds)
            bad = [problem for raw in CORPUS if (problem := wrong(port, raw))] if arguments.corpus else []
            slow = [worst_beside_slow(port, request, half) for half in HALF.values()]
        cells = [f"{rate:.0f} | {middle:.1f} / {late:.1f}" for rate, middle, late in (one, eight)]
        cells = [name, *cells, *map(_slow, slow), f"{len(bad)} of {len(CORPUS)}"]
        print(f"| {' | '.join(cells)} |", flush=True)
        complaints += [f"- {name}: {problem}" for problem in bad]
    print("\n".join(["", *complaints]))


def _slow(milliseconds: float) -> str:
    return "none" if milliseconds >= 5000 else f"{milliseconds:.0f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--app", default="tests.web_rules.small:make_app", help="module:factory of a WSGI application")
    parser.add_argument("--path", default="/no-such-page", help="page that is measured")
    parser.add_argument("--cookie", help="Cookie header of who is signed in")
    parser.add_argument("--seconds", type=float, default=4, help="length of each measurement (default 4)")
    parser.add_argument("--only", action="append", choices=list(SERVERS), help="only this server; may be repeated")
    parser.add_argument("--no-corpus", dest="corpus", action="store_false", help="leave out the wrong requests")
    parser.add_argument("--serve", help=argparse.SUPPRESS)
    parser.add_argument("--port", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve:
        serve(arguments.serve, arguments.port, arguments.app)
    else:
        compare(arguments)


if __name__ == "__main__":
    main()

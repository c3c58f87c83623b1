"""casework serve: the program on its web server."""

import argparse
import gc
import ipaddress
import logging.config
import os
import resource

from granian import Granian
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings

from casework.audit import signer
from casework.authz import matrix
from casework.settings import Settings

from . import common, demo, init, logs, roles

HELP = "run the server"
CONNECTIONS = 4096


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default 127.0.0.1)")
    parser.add_argument("--port", type=int, default=6543, help="port to listen on (default 6543)")
    parser.add_argument("--demo", action="store_true", help="with invented agencies and cases; development only")


def run(args: argparse.Namespace) -> int:
    settings = common.settings(setup=True)
    rights = matrix.load(settings.etc / "matrix.csv")  # a mistake in it is told here, in one line
    if settings.development:
        _refuse_other_machines(args.host)
        init.prepare(settings)
        if args.demo:
            print(demo.table(demo.ensure(settings)))
    elif args.demo:
        raise common.Problem("demo data has passwords that everybody can read: only in development")
    else:
        with common.database(common.settings()) as (engine, _ring):  # opening it tells whether it is ready
            roles.refuse_unwalled(engine, rights)
    if settings.sequencer:
        signer.load(settings.log_key)  # a key that cannot be read is told here, in one line
    settings = _bind_settings(settings, args)
    _allow_connections()
    logging.config.dictConfig(logs.config(settings.development))
    print(f"casework: {settings.base_url} (listening on {args.host}:{args.port})", flush=True)
    # What is loaded by now is shared with the processes that are forked off, as long as nobody writes to it; Python's
    # collector would, in each of them.
    gc.collect()
    gc.freeze()
    server(settings, args.host, args.port).serve()
    return 0


def _refuse_other_machines(host: str) -> None:
    try:
        loopback = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        loopback = False
    if not loopback:
        raise common.Problem("in development casework listens on this machine only, for example --host 127.0.0.1")


def _bind_settings(settings: Settings, args: argparse.Namespace) -> Settings:
    """Server processes read the settings again: from the same folder, wherever they are started."""
    if "CASEWORK_INI" in os.environ:
        os.environ["CASEWORK_INI"] = os.path.abspath(os.environ["CASEWORK_INI"])
    os.environ["CASEWORK_DATA"] = str(settings.data)
    if settings.development:
        os.environ["CASEWORK_DEVELOPMENT"] = "true"
        name = f"[{args.host}]" if ":" in args.host else args.host
        os.environ.setdefault("CASEWORK_BASE_URL", f"http://{name}:{args.port}")
    return common.settings()


def _allow_connections() -> None:
    """Each connection is an open file, and the usual limit is 1,024."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = CONNECTIONS + 512
    if soft != resource.RLIM_INFINITY and soft < wanted:
        allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))


def server(settings: Settings, host: str, port: int, target: str = "casework.cli.wsgi:gateway") -> Granian:
    """The web server, not yet started; docs/adr/0101-server.md has the reasons for its settings."""
    return Granian(
        target,
        factory=True,
        address=host,
        port=port,
        interface=Interfaces.RSGI,
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(header_read_timeout=15_000, max_buffer_size=65_536),
        websockets=False,
        workers=settings.workers,
        backlog=1024,
        # Counts open connections, the idle ones too: a low number would let idle browsers shut others out.
        backpressure=CONNECTIONS,
        respawn_failed_workers=settings.workers > 1,
        workers_kill_timeout=15,
        log_access=False,  # the application's own log names routes, not addresses
        log_dictconfig=logs.config(settings.development),
    )

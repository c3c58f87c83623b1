"""casework witness: be a witness of another agency's log. Needs no settings and no database (docs/witness.md)."""

import argparse
import logging
import time
from collections.abc import Callable
from pathlib import Path

from casework.verifier.casework_verify import Key
from casework.witness.key import WitnessError
from casework.witness.server import serve
from casework.witness.store import Store, log_key

from .common import Problem

HELP = "be a witness of another agency's log"


def arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    init = _action(actions, "init", _init, "make the folder and the key of a witness")
    init.add_argument("name", metavar="NAME", help="how the witness is called, like witness.agency.example/1")
    _action(actions, "key", _key, "print the public key and its fingerprint")
    add = _action(actions, "add", _add, "know a log by its public key; tells its fingerprint")
    add.add_argument("vkey", metavar="KEY", help="the log's public key, NAME+ID+BASE64")
    _action(actions, "show", _show, "what was cosigned last of each log, and what was refused")
    run_server = _action(actions, "serve", _serve, "answer the logs")
    run_server.add_argument("--host", default="127.0.0.1", help="address to listen on (default 127.0.0.1)")
    run_server.add_argument("--port", type=int, default=6544, help="port to listen on (default 6544)")


def _action(actions, name: str, function: Callable, words: str) -> argparse.ArgumentParser:
    action = actions.add_parser(name, help=words, description=words)
    action.add_argument("folder", metavar="FOLDER", type=Path, help="the folder of the witness")
    action.set_defaults(function=function)
    return action


def run(args: argparse.Namespace) -> int:
    try:
        args.function(Store(args.folder), args)
    except WitnessError as problem:
        raise Problem(str(problem)) from None
    except OSError as problem:
        raise Problem(f"{problem.filename or args.folder}: {problem.strerror}") from None
    return 0


def _tell(key: Key) -> None:
    print(f"{key.text}\nfingerprint {key.fingerprint}")


def _init(store: Store, args: argparse.Namespace) -> None:
    _tell(store.create(args.name).key)


def _key(store: Store, _args: argparse.Namespace) -> None:
    _tell(store.key().key)


def _add(store: Store, args: argparse.Namespace) -> None:
    store.key()
    key = log_key(args.vkey)
    known = not store.add(key)
    _tell(key)
    print("known already" if known else "added: compare the fingerprint by telephone, then start the witness again")


def _show(store: Store, _args: argparse.Namespace) -> None:
    _tell(store.key().key)
    for origin in store.logs():
        latest, refused = store.latest(origin), store.refused(origin)
        print(f"\n{origin}\n  last cosigned: {latest.size} entries, root {latest.root.hex()}")
        for path in refused:
            moment = time.strftime("%Y-%m-%d %H:%M:%SZ", time.gmtime(path.stat().st_mtime))
            print(f"  REFUSED {moment}: {path}")


def _serve(store: Store, args: argparse.Namespace) -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    try:
        serve(store.folder, args.host, args.port)
    except KeyboardInterrupt:
        print("stopped")

"""The console script `casework`. A subcommand is a module with `HELP`, `arguments(parser)` and `run(args)`.

Exit codes: 0 done; 1 the command found or met a problem; 2 the settings or the arguments are wrong.
"""

import argparse
import os
import sys
from collections.abc import Sequence

from alembic.util import CommandError
from sqlalchemy.exc import OperationalError

from casework.audit.signer import LogKeyError
from casework.authz.matrix import MatrixError
from casework.crypto.keyring import KeyFileError
from casework.db.ready import NotReady
from casework.settings import SettingsError

from . import (
    audit,
    bag,
    bench,
    demo,
    evidence,
    files,
    hash,
    hashlists,
    init,
    keys,
    matrix,
    serve,
    user,
    witness,
)
from .common import Problem

COMMANDS = {
    "init": init,
    "serve": serve,
    "demo": demo,
    "user": user,
    "keys": keys,
    "audit": audit,
    "witness": witness,
    "evidence": evidence,
    "files": files,
    "bag": bag,
    "hash": hash,
    "hashlists": hashlists,
    "matrix": matrix,
    "bench": bench,
}


def parser() -> argparse.ArgumentParser:
    """The whole command line."""
    top = argparse.ArgumentParser(prog="casework", description="Tracks cases across agencies.")
    top.add_argument("--ini", metavar="FILE", help="settings file (else CASEWORK_INI, else the environment alone)")
    subcommands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, module in COMMANDS.items():
        sub = subcommands.add_parser(name, help=module.HELP, description=module.HELP)
        module.arguments(sub)
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the value is the exit code."""
    args = parser().parse_args(argv)
    if args.ini:
        os.environ["CASEWORK_INI"] = args.ini
    # Whatever a command writes (records, keys, backups) is for its own account only.
    os.umask(0o077)
    try:
        return COMMANDS[args.command].run(args)
    except SettingsError as problem:
        print(f"casework: {problem}", file=sys.stderr)
        return 2
    except (Problem, KeyFileError, LogKeyError, MatrixError, NotReady, CommandError) as problem:
        print(f"casework: {problem}", file=sys.stderr)
        return 1
    except OperationalError as problem:
        # The driver's own words name host and reason; the statement and its parameters stay out.
        print(f"casework: the database cannot be used: {str(problem.orig).splitlines()[0]}", file=sys.stderr)
        return 1

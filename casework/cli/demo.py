"""casework demo: invented agencies, people and cases to try the program with. Never outside development."""

import argparse
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

import pyotp

import casework
from casework.db.session import work
from casework.settings import Settings
from casework.workflow.engine import Refused

from . import common

HELP = "load invented agencies, people and cases once, and show how to sign in"


@dataclass(frozen=True)
class DemoAccount:
    """One invented account: what a person types to sign in."""

    role: str
    agency: str
    name: str
    sign_in: str
    password: str
    totp_secret: str


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print as JSON")


def run(args: argparse.Namespace) -> int:
    accounts = ensure(common.settings())
    if args.json:
        common.print_json([{**asdict(a), "code": pyotp.TOTP(a.totp_secret).now()} for a in accounts])
    else:
        print(table(accounts))
    return 0


def ensure(settings: Settings) -> list[DemoAccount]:
    """The demo accounts, loaded with their cases when this installation has none yet."""
    if not settings.development:
        raise common.Problem("demo data has passwords that everybody can read: only in development")
    from .demo_data import load  # it needs DemoAccount from here

    note = settings.data / "demo-accounts.json"
    if note.exists():
        return [DemoAccount(**entry) for entry in json.loads(note.read_text(encoding="utf-8"))]
    casework.main({}, **common.ini())  # the demo acts through the whole program: its flows, its clocks, its matrix
    with common.database(settings) as (engine, ring):
        try:
            accounts = load(lambda **info: work(engine, info={"keyring": ring, **info}), settings)
        except Refused as problem:
            raise common.Problem(
                f"the demo data cannot be loaded: {common.words(problem)} If an earlier load was interrupted, delete "
                f"{settings.data} and start again."
            ) from problem
    _write(note, json.dumps([asdict(account) for account in accounts], ensure_ascii=False, indent=1))
    return accounts


def _write(path: Path, text: str) -> None:
    """Write a private file in one step: a start that is interrupted leaves none, and tries again."""
    part = path.with_suffix(".part")
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    part.replace(path)


def table(accounts: list[DemoAccount]) -> str:
    """One line for each account, with the code of this half minute."""
    heads = ("Role", "Sign-in", "Password", "Code now", "TOTP secret", "Name, agency")
    rows = [
        (a.role, a.sign_in, a.password, pyotp.TOTP(a.totp_secret).now(), a.totp_secret, f"{a.name}, {a.agency}")
        for a in accounts
    ]
    widths = [max(len(row[i]) for row in (heads, *rows)) for i in range(len(heads))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in (heads, *rows)]
    return "\n".join(line.rstrip() for line in lines)

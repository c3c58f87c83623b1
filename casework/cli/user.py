"""casework user create-admin: the first two administrators, who let everybody else in."""

import argparse
import getpass
import sys

import pyotp
import segno

from casework.accounts.service import create_first_administrator
from casework.db.session import work
from casework.workflow.engine import Refused

from . import common

HELP = "the first two administrators, who let everybody else in"


def arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    create = actions.add_parser("create-admin", help="make the first or the second administrator")
    create.add_argument("--sign-in", required=True, metavar="NAME", help="what the administrator types to sign in")
    create.add_argument("--name", required=True, help="full name")
    create.add_argument("--agency", required=True, metavar="CODE", help="agency, as in etc/agencies.csv")
    create.add_argument("--password-stdin", action="store_true", help="read the password from standard input")
    create.add_argument("--json", action="store_true", help="print the second factor's secret as JSON")


def run(args: argparse.Namespace) -> int:
    current = common.settings()
    password = _password(args.password_stdin)
    with common.database(current) as (engine, ring):
        try:
            with work(engine, info={"keyring": ring}) as session:
                secret = create_first_administrator(
                    session, sign_in=args.sign_in, name=args.name, agency=args.agency, password=password
                )
        except Refused as problem:
            raise common.Problem(common.words(problem)) from None
    uri = pyotp.TOTP(secret).provisioning_uri(name=args.sign_in, issuer_name="casework")
    if args.json:
        common.print_json({"sign_in": args.sign_in, "totp_secret": secret, "totp_uri": uri})
        return 0
    print(f"Administrator {args.sign_in} made. Scan this with an authenticator now; it is not shown again.\n")
    segno.make(uri, error="m").terminal(compact=True)
    print(f"\nor type the secret: {secret}")
    return 0


def _password(from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\n")
    first = getpass.getpass("Password: ")
    if getpass.getpass("Once more: ") != first:
        raise common.Problem("the two passwords differ")
    return first

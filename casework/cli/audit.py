"""casework audit verify: prove the log against itself."""

import argparse

from casework.audit.verify import verify

from . import common

HELP = "prove that no entry of the audit log was altered, removed or reordered"


def arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    check = actions.add_parser("verify", help="verify every chain; exits with 1 at the first bad entry")
    check.add_argument("--json", action="store_true", help="report as JSON")


def run(args: argparse.Namespace) -> int:
    with common.database(common.settings()) as (engine, _ring):
        report = verify(engine)
    if args.json:
        common.print_json(report.as_dict())
    elif report.ok:
        print(f"{report.entries} entries in {report.chains} chains: whole and unaltered")
    else:
        print(f"the audit log is NOT whole, after {report.entries} good entries: {report.problem}")
    return 0 if report.ok else 1

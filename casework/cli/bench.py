"""casework bench: measure the pages against their targets."""

import argparse

from . import common

HELP = "measure how fast the pages are"


def arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    pages = actions.add_parser("pages", help="time and queries of each page, on a database filled for the purpose")
    pages.add_argument("--cases", type=int, default=10_000, help="cases to fill the database with (default 10000)")
    pages.add_argument("--json", action="store_true", help="report as JSON")


def run(args: argparse.Namespace) -> int:
    from casework.cli.bench_pages import measure

    current = common.settings()
    if not current.development:
        raise common.Problem("bench fills a database with invented records: only in development")
    report = measure(current, args.cases)
    if args.json:
        common.print_json(report.as_dict())
    else:
        print(report.table())
    return 0 if report.ok else 1

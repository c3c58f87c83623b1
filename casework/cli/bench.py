"""casework bench: measure the pages against their targets."""

import argparse
from pathlib import Path

from . import common

HELP = "measure how fast the pages are"


def arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    pages = actions.add_parser("pages", help="time and statements of each page, on a database filled for the purpose")
    pages.add_argument("--cases", type=int, default=10_000, help="cases to fill the database with (default 10000)")
    pages.add_argument("--database", metavar="URL", help="an empty PostgreSQL database (else SQLite, thrown away)")
    pages.add_argument("--seconds", type=float, default=3.0, help="for each page, at one user and at eight (default 3)")
    pages.add_argument("--against", type=Path, metavar="FILE", help="an earlier report as JSON, to compare with")
    pages.add_argument("--json", action="store_true", help="report as JSON")


def run(args: argparse.Namespace) -> int:
    from .bench_measure import measure
    from .bench_report import load

    current = common.settings()
    if not current.development:
        raise common.Problem("bench fills a database with invented records: only in development")
    if args.cases < 100:
        raise common.Problem("bench needs at least 100 cases")
    before = load(args.against) if args.against else None
    report = measure(current, args.cases, args.database, args.seconds)
    if args.json:
        common.print_json(report.as_dict())
    else:
        print(report.table(before))
    return 0 if report.ok else 1

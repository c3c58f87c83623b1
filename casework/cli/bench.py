"""casework bench: measure the pages, the log and the evidence chain against their targets."""

import argparse
import re
from pathlib import Path

from casework.settings import Settings

from . import common

HELP = "measure how fast the pages, the log and the evidence chain are"
PARTS = ("digests", "encryption", "lookups", "pages", "upload")
_SIZE = re.compile(r"([0-9]{1,6})(MiB|GiB)")


def size_of(text: str) -> int:
    """MiB in a size such as 64MiB or 10GiB. Raises ValueError."""
    found = _SIZE.fullmatch(text)
    if found is None or not int(found[1]):
        raise ValueError(text)
    return int(found[1]) * (1024 if found[2] == "GiB" else 1)


def arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    pages = actions.add_parser("pages", help="time and statements of each page, on a database filled for the purpose")
    pages.add_argument("--cases", type=int, default=10_000, help="cases to fill the database with (default 10000)")
    pages.add_argument("--database", metavar="URL", help="an empty PostgreSQL database (else SQLite, thrown away)")
    pages.add_argument("--seconds", type=float, default=3.0, help="for each page, at one user and at eight (default 3)")
    pages.add_argument("--against", type=Path, metavar="FILE", help="an earlier report as JSON, to compare with")
    pages.add_argument("--json", action="store_true", help="report as JSON")
    access = actions.add_parser("access", help="what row scope, redaction and encryption cost each page")
    access.add_argument("--cases", type=int, default=10_000, help="cases to fill the database with (default 10000)")
    access.add_argument("--database", metavar="URL", help="an empty PostgreSQL database (else SQLite, thrown away)")
    access.add_argument("--program", metavar="ROLE", help="run the program as this role, behind row security")
    access.add_argument("--seconds", type=float, default=2.0, help="for each page (default 2)")
    access.add_argument("--json", action="store_true", help="report as JSON")
    evidence = actions.add_parser("evidence", help="hash values, encryption, exhibits' pages, a large document")
    evidence.add_argument("--only", action="append", choices=PARTS, help="a part, or several (default all)")
    evidence.add_argument("--hashes", type=int, default=10_000_000, help="values in the list (default 10000000)")
    evidence.add_argument("--items", type=int, default=10_000, help="exhibits of the largest case (default 10000)")
    evidence.add_argument("--upload", type=size_of, default=64, metavar="SIZE",
                          help="size of the document, such as 10GiB (default 64MiB)")
    evidence.add_argument("--database", metavar="URL", help="an empty PostgreSQL database for the pages (else SQLite)")
    evidence.add_argument("--json", action="store_true", help="report as JSON")
    log = actions.add_parser("audit", help="what the log costs a write; its tree, verification and proofs")
    log.add_argument("--entries", type=int, default=1_000_000, help="entries to fill the log with (default 1000000)")
    log.add_argument("--database", metavar="URL", help="an empty PostgreSQL database (else SQLite, thrown away)")
    log.add_argument("--json", action="store_true", help="report as JSON")


def run(args: argparse.Namespace) -> int:
    current = common.settings()
    if not current.development:
        raise common.Problem("bench fills a database with invented records: only in development")
    return {"access": _access, "audit": _audit, "evidence": _evidence, "pages": _pages}[args.action](current, args)


def _access(current: Settings, args: argparse.Namespace) -> int:
    from .bench_access import LIMIT, measure

    if args.program and not args.database:
        raise common.Problem("row security is PostgreSQL's: say which database, --database URL")
    report = measure(current, args.cases, args.database, args.seconds, args.program)
    if args.json:
        common.print_json(report.as_dict())
    else:
        print(report.table())
    return 0 if report.times <= LIMIT else 1


def _evidence(current: Settings, args: argparse.Namespace) -> int:
    from .bench_evidence import measure

    report = measure(current, tuple(args.only or PARTS), args.hashes, args.items, args.upload, args.database)
    if args.json:
        common.print_json(report.as_dict())
    else:
        print(report.table())
    return 0 if report.ok else 1


def _audit(current: Settings, args: argparse.Namespace) -> int:
    from .bench_audit import measure

    report = measure(current, args.entries, args.database)
    if args.json:
        common.print_json(report.as_dict())
    else:
        print(report.table())
    return 0


def _pages(current: Settings, args: argparse.Namespace) -> int:
    from .bench_measure import measure
    from .bench_report import load

    if args.cases < 100:
        raise common.Problem("bench needs at least 100 cases")
    before = load(args.against) if args.against else None
    report = measure(current, args.cases, args.database, args.seconds)
    if args.json:
        common.print_json(report.as_dict())
    else:
        print(report.table(before))
    return 0 if report.ok else 1

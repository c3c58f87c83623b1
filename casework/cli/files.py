"""casework files: read stored documents back, sweep what nobody refers to."""

import argparse

from sqlalchemy import select

from casework.authz.scope import unscoped
from casework.cases.models import Case
from casework.db.base import now
from casework.db.refs import parse_ref
from casework.db.session import work
from casework.evidence import damaged
from casework.files import fixity
from casework.files.models import StoredFile
from casework.files.service import Files
from casework.files.store import StoreProblem

from . import common

HELP = "read stored documents back, and sweep what nobody refers to"


def arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    verify = actions.add_parser("verify", help="read documents back: one, those of a case, or all")
    verify.add_argument("ref", nargs="?", help="reference of a document or a case (default: all)")
    verify.add_argument("--json", action="store_true", help="report as JSON")
    sweep = actions.add_parser("sweep", help="remove uploads that ran out, and stored bytes without a record")
    sweep.add_argument("--json", action="store_true", help="report as JSON")


def run(args: argparse.Namespace) -> int:
    settings = common.settings()
    import casework.models  # noqa: F401  maps every table

    with common.database(settings) as (engine, ring):
        # As in the server, a damaged document freezes its exhibit.
        damaged.register()
        files = Files.of(settings)
        try:
            if args.action == "verify":
                return _verify(engine, ring, files, args)
            with work(engine, info={"keyring": ring}) as db:
                gone = fixity.sweep(db, files)
        except StoreProblem as problem:
            raise common.Problem(f"the store of files: {problem}") from None
    common.print_json({"removed": gone}) if args.json else print(f"removed: {gone}")
    return 0


def _chosen(db, ref: str | None) -> list:
    """Ids of the documents to read."""
    query = select(StoredFile.id).order_by(StoredFile.id)
    if ref is None:
        return list(db.scalars(query))
    known = parse_ref(ref)
    case = db.scalar(select(Case.id).where(Case.ref == known))
    found = list(db.scalars(query.where(StoredFile.case_id == case if case else StoredFile.ref == known)))
    if not found and case is None:
        raise common.Problem(f"there is no document and no case {ref}")
    return found


def _verify(engine, ring, files: Files, args: argparse.Namespace) -> int:
    """One document at a time, each noted in a transaction of its own: it may take hours. 1 when one is bad."""
    info, bad = {"keyring": ring}, []
    with work(engine, readonly=True, info=dict(info)) as db, unscoped(db, "the command sees every file"):
        chosen = _chosen(db, args.ref)
    for file_id in chosen:
        with work(engine, readonly=True, info=dict(info)) as db, unscoped(db, "the command sees every file"):
            problem = fixity.whole(db, files, db.get_one(StoredFile, file_id))
        with work(engine, info=dict(info)) as db, unscoped(db, "the command sees every file"):
            record = db.get_one(StoredFile, file_id)
            fixity.note(db, [(record, problem)], now())
            if problem:
                bad.append({"ref": record.ref, "problem": problem})
    if args.json:
        common.print_json({"read": len(chosen), "bad": bad})
    else:
        for one in bad:
            print(f"{one['ref']}: {one['problem']}")
        print(f"read back: {len(chosen)}, bad: {len(bad)}")
    return 1 if bad else 0

"""casework evidence: check exhibits from end to end."""

import argparse
import sys
import uuid
from collections.abc import Iterator

from pyramid.i18n import TranslationString
from sqlalchemy import Engine, select

from casework.audit.capture import record_event
from casework.audit.chain import SYSTEM_CHAIN, Event
from casework.authz.scope import unscoped
from casework.cases.models import Case
from casework.db.base import now
from casework.db.refs import parse_ref
from casework.db.session import work
from casework.evidence import damaged
from casework.evidence.checking import Fault, check_item
from casework.evidence.models import EvidenceItem
from casework.files import fixity
from casework.files.models import StoredFile
from casework.files.service import Files
from casework.files.store import StoreProblem

from . import common

HELP = "check exhibits: custody chain, holder, log, documents"
WHY = "the command sees every exhibit"
BATCH = 1_000  # ids of items read at once
TOLD = 100  # faults that a report names


def arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    verify = actions.add_parser("verify", help="check one exhibit, those of a case, or all")
    which = verify.add_mutually_exclusive_group(required=True)
    which.add_argument("ref", nargs="?", help="reference of an exhibit or a case")
    which.add_argument("--all", action="store_true", help="every exhibit")
    verify.add_argument("--json", action="store_true", help="report as JSON")


def run(args: argparse.Namespace) -> int:
    settings = common.settings()
    import casework.models  # noqa: F401  maps every table

    with common.database(settings) as (engine, ring):
        # A damaged document freezes its exhibit here too.
        damaged.register()
        verification = Verification(engine, {"keyring": ring}, Files.of(settings), quiet=args.json)
        try:
            verification.run(args.ref)
        except StoreProblem as problem:
            raise common.Problem(f"the store of files: {problem}") from None
    report = verification.report
    if args.json:
        common.print_json(report)
    else:
        print(f"checked: {report['items']} exhibits, {report['links']} links, {report['documents']} documents; "
              f"bad: {report['bad']}" + (f", the first {report['first']}" if report["bad"] else ""))
    return 1 if report["bad"] else 0


class Verification:
    """One run: an exhibit at a time, in a view of one moment; documents are noted as the periodic work does."""

    def __init__(self, engine: Engine, info: dict, files: Files, *, quiet: bool):
        self._engine, self._info, self._files, self._quiet = engine, info, files, quiet
        options = {"isolation_level": "REPEATABLE READ"} if engine.dialect.name == "postgresql" else {}
        self._reading = engine.execution_options(**options)
        self.report: dict = {"items": 0, "links": 0, "documents": 0, "bad": 0, "first": None, "faults": []}

    def run(self, ref: str | None) -> None:
        """Check what `ref` names, or all. Raises StoreProblem, common.Problem when there is no such thing."""
        for item_id in self._chosen(ref):
            self._check(item_id)
            if not self._quiet and sys.stderr.isatty():
                print(f"\r{self.report['items']} exhibits", end="", file=sys.stderr, flush=True)
        if not self._quiet and sys.stderr.isatty():
            print(file=sys.stderr)
        details = {name: self.report[name] for name in ("items", "links", "documents", "bad", "first")}
        with work(self._engine, info=dict(self._info)) as db:
            record_event(db, Event("verify_evidence", SYSTEM_CHAIN, details={"asked": ref, **details}))

    def _chosen(self, ref: str | None) -> Iterator[uuid.UUID]:
        query = select(EvidenceItem.id).order_by(EvidenceItem.id).limit(BATCH)
        if ref is not None:
            query = query.where(self._named(ref))
        last: list[uuid.UUID] = []
        while True:
            with work(self._engine, readonly=True, info=dict(self._info)) as db, unscoped(db, WHY):
                last = list(db.scalars(query.where(EvidenceItem.id > last[-1]) if last else query))
            if not last:
                return
            yield from last

    def _named(self, ref: str):
        known = parse_ref(ref)
        with work(self._engine, readonly=True, info=dict(self._info)) as db, unscoped(db, WHY):
            case = db.scalar(select(Case.id).where(Case.ref == known))
            if case is not None:
                return EvidenceItem.case_id == case
            if db.scalar(select(EvidenceItem.id).where(EvidenceItem.ref == known)) is None:
                raise common.Problem(f"there is no exhibit and no case {ref}")
        return EvidenceItem.ref == known

    def _check(self, item_id: uuid.UUID) -> None:
        with work(self._reading, readonly=True, info=dict(self._info)) as db, unscoped(db, WHY):
            item = db.get_one(EvidenceItem, item_id)
            done, ref = check_item(db, self._files, item), item.ref
        self.report["items"] += 1
        self.report["links"] += done.links
        self.report["documents"] += len(done.files)
        if done.faults:
            self.report["bad"] += 1
            self.report["first"] = self.report["first"] or ref
            for fault in done.faults:
                self._tell(ref, fault)
        if done.files:
            self._note(done.files)

    def _tell(self, ref: str, fault: Fault) -> None:
        said = fault.message.interpolate() if isinstance(fault.message, TranslationString) else fault.message
        if len(self.report["faults"]) < TOLD:
            self.report["faults"].append({"ref": ref, "what": fault.what, "where": fault.where, "problem": said})
            if not self._quiet:
                where = "" if fault.where is None else f" {fault.where}"
                print(f"{ref}: {fault.what}{where}: {said}")

    def _note(self, found: dict[uuid.UUID, str | None]) -> None:
        with work(self._engine, info=dict(self._info)) as db, unscoped(db, WHY):
            records = db.scalars(select(StoredFile).where(StoredFile.id.in_(found))).all()
            fixity.note(db, [(record, found[record.id]) for record in records], now())

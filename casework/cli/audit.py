"""casework audit: prove the log, keep its tree, and give out what others prove it by."""

import argparse
import logging.config
from pathlib import Path

from sqlalchemy import Engine

from casework.audit import outside, proof, signer, state, timestamp, verify
from casework.audit.capture import record_event
from casework.audit.chain import SYSTEM_CHAIN, Event
from casework.audit.sequencer import head
from casework.authz.matrix import load
from casework.db.session import work
from casework.settings import Settings
from casework.verifier.casework_verify import Checkpoint, key_from

from . import audit_witnesses, common, log_keeper, logs, roles

HELP = "prove the audit log, keep its tree, give out proofs"
INTACT_BUT_LATE = 3


def arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    check = actions.add_parser("verify", help="verify entries, chains, tree, signatures and records; 1 at the first "
                                              "bad one, 3 when all is well but entries wait for their place")
    check.add_argument("--since-last", action="store_true", help="walk only what came after the last verification")
    check.add_argument("--log-only", action="store_true", help="leave out the comparison of records with the log")
    check.add_argument("--key", metavar="VKEY", help="the log's public key, when its key file is not here")
    check.add_argument("--json", action="store_true", help="report as JSON")
    keep = actions.add_parser("sequence", help="append to the tree and sign, until stopped (as casework serve does)")
    keep.add_argument("--once", action="store_true", help="what there is, then end")
    actions.add_parser("key", help="the log's public key and its fingerprint, for witnesses and verifiers")
    signed = actions.add_parser("checkpoint", help="the signed checkpoint as it stands")
    signed.add_argument("--print", action="store_true", help="with a QR code and what to do with it, for paper")
    partners = actions.add_parser("witnesses", help="how each witness stands; 1 when one is late or tells of a fork")
    partners.add_argument("--json", action="store_true", help="report as JSON")
    one = actions.add_parser("proof", help="the proof of one entry, for casework-verify")
    one.add_argument("entry", type=int, help="the entry's number")
    one.add_argument("--to", type=Path, metavar="FILE", help="where to write it and its time stamp; else it is printed")


def run(args: argparse.Namespace) -> int:
    settings = common.settings()
    return {"verify": _verify, "sequence": _sequence, "key": _key, "checkpoint": _checkpoint, "proof": _proof,
            "witnesses": _witnesses}[args.action](settings, args)


def _verify(settings: Settings, args: argparse.Namespace) -> int:
    key, signed = _trusted(settings, args.key)
    with common.database(settings) as (engine, ring):
        since = state.last_verified(settings.log_key) if args.since_last else None
        report = verify.verify(engine, key=key, signed=signed, since=since, records=not args.log_only)
        late = report.ok and _is_late(engine)
        wall = roles.unwalled(engine, load(settings.etc / "matrix.csv"))
        _note(engine, ring, report, wall)
    if report.ok and key is not None and report.size and settings.log_key.parent.is_dir():
        state.remember_verified(settings.log_key, Checkpoint(key.name, report.size, bytes.fromhex(report.root)))
    if args.json:
        common.print_json({**report.as_dict(), "late": late, "signatures": key is not None,
                           "row_security": wall})
    else:
        print(_words(report, late, key is not None))
        if wall:
            print(f"the row security of the database is NOT as the matrix gives it: {wall}")
    if wall or not report.ok:
        return 1
    return INTACT_BUT_LATE if late else 0


def _trusted(settings: Settings, text: str | None):
    """The public key to believe, and what it signed last where its memory is at hand."""
    if text is not None:
        return key_from(text), None
    if not settings.log_key.exists():
        return None, None
    own = signer.load(settings.log_key)
    return own.key, own.signed()


def _is_late(engine: Engine) -> bool:
    with engine.execution_options(sqlite_begin="BEGIN").connect() as connection:
        return state.health(connection).late


def _note(engine: Engine, ring, report: verify.Report, wall: str | None) -> None:
    """That the log was verified, and with which result, is itself in the log."""
    details = {"entries": report.entries, "size": report.size, "root": report.root, "records": report.records,
               "problem": report.problem, "row_security": wall}
    happened = Event(state.VERIFIED, chain=SYSTEM_CHAIN, result="ok" if report.ok and not wall else "failed",
                     details={name: value for name, value in details.items() if value is not None})
    with work(engine, info={"keyring": ring}) as session:
        record_event(session, happened)


def _words(report: verify.Report, late: bool, signatures: bool) -> str:
    if not report.ok:
        return f"the audit log is NOT whole, after {report.entries} good entries: {report.problem}"
    lines = [f"{report.entries} entries, {report.chains} chains begun, a tree of {report.size}: whole and unaltered"]
    if report.records is not None:
        lines.append(f"{report.records} records are as the log says")
    if not signatures:
        lines.append("signatures were not checked: the log's key is not here, give its public part by --key")
    if late:
        lines.append(f"{report.waiting} entries wait for their place, longer than a minute: is the sequencer running?")
    return "\n".join(lines)


def _sequence(settings: Settings, args: argparse.Namespace) -> int:
    with common.database(settings):
        pass  # opening it tells whether it is ready
    engine = log_keeper.engine_of(settings)
    keeper = log_keeper.LogKeeper(settings, engine, signer.load(settings.log_key))
    if args.once:
        done = keeper.once(pause=0)
        engine.dispose()
        return int(not done)
    outside.start(engine, settings)
    logging.config.dictConfig(logs.config(settings.development))
    print("casework: keeping the log's tree", flush=True)
    keeper.run()
    return 0


def _key(settings: Settings, args: argparse.Namespace) -> int:
    key = signer.load(settings.log_key).key
    print(key.text)
    print(key.fingerprint)
    return 0


def _witnesses(settings: Settings, args: argparse.Namespace) -> int:
    return audit_witnesses.witnesses(settings, json=args.json)


def _checkpoint(settings: Settings, args: argparse.Namespace) -> int:
    if args.print:
        print(audit_witnesses.paper(settings), end="")
        return 0
    with common.database(settings) as (engine, _ring), engine.connect() as connection:
        note = head(connection).note
    if note is None:
        raise common.Problem("nothing was signed yet: casework serve or casework audit sequence does that")
    print(note, end="")
    return 0


def _proof(settings: Settings, args: argparse.Namespace) -> int:
    with common.database(settings) as (engine, _ring), engine.connect() as connection:
        try:
            made = proof.as_bytes(proof.entry_file(connection, args.entry, settings.policy()))
        except LookupError as problem:
            raise common.Problem(str(problem)) from None
        if args.to:
            timestamp.export(connection, args.to.parent, args.entry)
    if args.to:
        args.to.write_bytes(made)
    else:
        print(made.decode(), end="")
    return 0

"""casework hashlists: lists of known hashes: look through, receive, match with every exhibit, end, ask."""

import argparse
import datetime as dt
import json
import sys
from pathlib import Path

from sqlalchemy import select

from casework.audit.capture import record_event
from casework.audit.chain import SYSTEM_CHAIN, Event
from casework.authz.scope import unscoped
from casework.db.base import now
from casework.db.session import work
from casework.hashes import lists
from casework.hashes.formats import FORMATS
from casework.hashes.models import HashList
from schemas.hashes import canonical_hash
from schemas.problems import BadIdentifier

from . import common

HELP = "lists of known hashes: receive, list, match, end, ask"
BATCH = 500  # exhibits matched in one transaction
PROBLEMS = {
    "bad_digest": "not a digest of its kind", "no_digest": "no digest", "bad_number": "not a number",
    "bad_row": "fields are missing or too many", "bad_file": "the file is not of this format from here on",
}


def arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    take = actions.add_parser("import", help="receive a list, and match it with every exhibit")
    take.add_argument("file", type=Path)
    take.add_argument("--name", help="of the list, for example ICSE")
    take.add_argument("--version", help="as its owner names it, for example 2026-10")
    take.add_argument("--owner", help="who gave it")
    take.add_argument("--licence", help="terms under which it was given")
    take.add_argument("--purpose", choices=lists.PURPOSES, default="material")
    take.add_argument("--expires", type=dt.date.fromisoformat, metavar="YYYY-MM-DD")
    take.add_argument("--format", choices=sorted(FORMATS), help="else told from the file")
    take.add_argument("--dry-run", action="store_true", help="only look through it and say what it holds")
    take.add_argument("--allow-wrong", action="store_true", help="leave entries out that cannot be used")
    shown = actions.add_parser("list", help="the lists there are")
    shown.add_argument("--json", action="store_true")
    end = actions.add_parser("end", help="use a list no more; its hits stay")
    end.add_argument("name")
    end.add_argument("version")
    actions.add_parser("match", help="look up every exhibit in every list in force")
    ask = actions.add_parser("ask", help="whether digests (or pdq:VALUE, photodna:VALUE) stand on a list; "
                         "one a line on standard input, or given")
    ask.add_argument("digests", nargs="*", metavar="DIGEST")


def run(args: argparse.Namespace) -> int:
    if args.action == "import" and args.dry_run:
        return _look(args)
    import casework.models  # noqa: F401  maps every table

    settings = common.settings()
    with common.database(settings) as (engine, ring):
        found = lists.Lists(settings.data / "hashes")
        act = {"import": _import, "list": _list, "end": _end, "match": _match, "ask": _ask}[args.action]
        return act(engine, ring, found, args)


def _say(count) -> None:
    print(f"{count.rows} entries, {count.gone} taken back, {count.wrong} wrong")
    for name, number in sorted(count.by_algorithm.items()):
        print(f"  {name}: {number}")
    for label, number in sorted(count.labels.items()):
        print(f"  label {label}: {number}")
    for wrong in count.problems:
        print(f"  line {wrong.line}: {PROBLEMS[wrong.problem]}{f': {wrong.value}' if wrong.value else ''}")


def _look(args: argparse.Namespace) -> int:
    kind, count = lists.look_through(_there(args.file), args.format)
    print(f"format {kind}")
    _say(count)
    return 1 if count.wrong or not count.rows else 0


def _there(path: Path) -> Path:
    if not path.is_file():
        raise common.Problem(f"there is no file {path}")
    return path


def _import(engine, ring, found: lists.Lists, args: argparse.Namespace) -> int:
    missing = [name for name in ("name", "version", "owner") if not getattr(args, name)]
    if missing:
        raise common.Problem("say " + ", ".join(f"--{name}" for name in missing))
    about = lists.About(args.name, args.version, args.owner, args.purpose, args.licence, args.expires, args.format)
    try:
        with work(engine, info={"keyring": ring}) as db:
            made, count = lists.receive(db, found.folder, _there(args.file), about, allow_wrong=args.allow_wrong)
            print(f"{made.name} {made.version}, sha256 of the file {made.file_sha256}")
    except lists.ListProblem as problem:
        raise common.Problem(f"nothing was kept: {problem}. --dry-run names the entries") from None
    _say(count)
    return _match(engine, ring, found, args)


def _match(engine, ring, found: lists.Lists, _args: argparse.Namespace) -> int:
    """Exhibits by blocks, each in its own transaction: broken off, it is begun again and finds the rest."""
    from casework.evidence.models import EvidenceItem

    last, looked, hits = None, 0, 0
    while True:
        with work(engine, info={"keyring": ring}) as db, unscoped(db, "the lists are asked about every exhibit"):
            query = select(EvidenceItem).where(EvidenceItem.hashes_sealed.is_not(None)).order_by(EvidenceItem.id)
            items = list(db.scalars(query.where(EvidenceItem.id > last) if last else query).fetchmany(BATCH))
            for item in items:
                hits += len(lists.match(db, found, item))
            looked += len(items)
            if not items:
                record_event(db, Event("hash_lists_match", SYSTEM_CHAIN, details={"exhibits": looked, "hits": hits}))
                break
            last = items[-1].id
    print(f"{looked} exhibits looked up, {hits} new hits")
    return 0


def _list(engine, _ring, _found, args: argparse.Namespace) -> int:
    with work(engine, readonly=True) as db:
        rows = [
            {"name": one.name, "version": one.version, "owner": one.owner, "purpose": one.purpose,
             "entries": one.entries, "received": str(one.received_on),
             "expires": one.expires_on and str(one.expires_on), "ended": one.ended_at is not None,
             "sha256": one.file_sha256}
            for one in db.scalars(select(HashList).order_by(HashList.name, HashList.version))
        ]
    if args.json:
        common.print_json(rows)
        return 0
    for row in rows:
        state = "ended" if row["ended"] else f"until {row['expires']}" if row["expires"] else "in force"
        print(f"{row['name']} {row['version']} ({row['owner']}): {row['entries']} entries, {row['purpose']}, {state}")
    if not rows:
        print("there is no list yet: casework hashlists import FILE")
    return 0


def _end(engine, ring, _found, args: argparse.Namespace) -> int:
    with work(engine, info={"keyring": ring}) as db:
        one = db.scalar(select(HashList).where(HashList.name == args.name, HashList.version == args.version))
        if one is None or one.ended_at is not None:
            raise common.Problem(f"there is no list {args.name} {args.version} in force")
        one.ended_at = now()
    print(f"{args.name} {args.version} is used no more")
    return 0


def _value(text: str) -> tuple[str, str]:
    """Algorithm and value of what was given: a digest, or pdq:VALUE or photodna:VALUE."""
    kind, mark, value = text.partition(":")
    algorithm = kind.lower() if mark else {32: "md5", 40: "sha1", 64: "sha256"}.get(len(text), "sha256")
    try:
        return algorithm, canonical_hash(algorithm, value if mark else text)
    except BadIdentifier:
        raise common.Problem(f"not a digest: {text[:80]}") from None


def _ask(engine, ring, found: lists.Lists, args: argparse.Namespace) -> int:

    answers, asked = [], 0
    with work(engine, info={"keyring": ring}) as db:
        for text in args.digests or sys.stdin:
            algorithm, value = _value(text.strip())
            asked += 1
            for one, _algorithm, said in found.known(db, {algorithm: value}):
                answers.append({"digest": value, "list": one.name, "version": one.version, "label": said.label,
                                "algorithm": algorithm, "distance": said.distance or 0})
        record_event(db, Event("hash_lists_ask", SYSTEM_CHAIN, details={"digests": asked, "hits": len(answers)}))
    for answer in answers:
        print(json.dumps(answer, ensure_ascii=False))
    return 0 if answers else 1

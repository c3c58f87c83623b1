"""casework bag: disclosure packages. Make those that were asked for; check and open one that another agency gave."""

import argparse
from pathlib import Path
from typing import Any

import pyrage

from casework.audit.paper import public_key
from casework.authz import matrix
from casework.authz.scope import use_matrix
from casework.exchange import importing
from casework.exchange.importing import Found, Told
from casework.files.service import Files
from casework.settings import Settings
from casework.verifier import casework_verify as verifier

from . import common

HELP = "disclosure packages: make those that were asked for, check one, open one with its private key"


def arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    actions.add_parser("make",
                       help="make the packages that wait, where no server does; the log must be kept meanwhile")
    trust = argparse.ArgumentParser(add_help=False)
    trust.add_argument("path", type=Path, metavar="FILE", help="the package (.zip)")
    trust.add_argument("--policy", type=Path, metavar="FILE", help="whose signatures count (C2SP tlog-policy)")
    trust.add_argument("--key", action="append", default=[], metavar="VKEY",
                       help="the key of the sender's log; without policy and key: this installation's own")
    trust.add_argument("--json", action="store_true", help="report as JSON")
    actions.add_parser("check", parents=[trust], help="check a package whole, and list what is in it")
    open_ = actions.add_parser("open", parents=[trust], help="the same, and decrypt it with a private key of age")
    open_.add_argument("--identity", type=Path, required=True, metavar="FILE", help="file with the private key")
    open_.add_argument("--into", type=Path, metavar="DIR", help="write the documents to this new folder")


def run(args: argparse.Namespace) -> int:
    if args.action == "make":
        return _make()
    found = importing.check(args.path, _trust(args))
    if found.code != verifier.PROVED:
        # Nothing of what is in it is shown: it may be anything.
        print(found.report.as_json(found.code, found.problem) if args.json
              else found.report.as_text(found.code, found.problem, "en"))
        return found.code
    told: Told | None = None
    if args.action == "open":
        try:
            told = importing.unlock(found, _identity(args.identity), args.into)
        except (verifier.Failed, verifier.Malformed) as problem:
            raise common.Problem(str(problem.sentence)) from None
        except FileExistsError:
            raise common.Problem(f"{args.into} is there already: name a new folder") from None
    common.print_json(_as_json(found, told)) if args.json else _print(found, told)
    return 0


def _trust(args: argparse.Namespace) -> verifier.Trust:
    try:
        if args.policy:
            trust = verifier.trust_from(args.policy.read_text(encoding="utf-8"))
        elif args.key:
            trust = verifier.Trust()
        else:
            return _own_trust(common.settings())
        for text in args.key:
            trust.add_key(verifier.key_from(text))
    except (OSError, ValueError) as problem:
        raise common.Problem(str(problem)) from None
    except verifier.Malformed as problem:
        raise common.Problem(str(problem.sentence)) from None
    return trust


def _own_trust(settings: Settings) -> verifier.Trust:
    policy = settings.policy()
    if policy is not None:
        return policy.trust
    trust, key = verifier.Trust(), public_key(settings)
    if key is not None:
        trust.add_key(key)
    return trust


def _identity(path: Path) -> pyrage.x25519.Identity:
    try:
        lines = path.read_text(encoding="ascii").splitlines()
        return pyrage.x25519.Identity.from_str(next(line for line in lines if line.startswith("AGE-SECRET-KEY-")))
    except (OSError, ValueError, StopIteration, pyrage.IdentityError):
        raise common.Problem(f"{path} holds no private key of age") from None


def _make() -> int:
    import casework.models  # noqa: F401  maps every table
    from casework.exchange.jobs import Packer

    settings, made = common.settings(), 0
    use_matrix(matrix.load(settings.etc / "matrix.csv"))
    with common.database(settings) as (engine, ring):
        packer = Packer({"engine": engine, "keyring": ring, "files": Files.of(settings), "settings": settings,
                         "log_policy": settings.policy()})
        while packer.once():
            made += 1
    print(f"worked on: {made}")
    return 0


def _as_json(found: Found, told: Told | None) -> dict[str, Any]:
    return {"result": "proved", "manifest_sha256": found.manifest_sha256, "info": found.info, "items": found.items,
            "documents": found.documents, "custody": found.custody, "payload": found.payload,
            "opened": told.items if told else None, "opened_documents": told.documents if told else None}


def _print(found: Found, told: Told | None) -> None:
    words = verifier.printable
    print(found.report.as_text(found.code, None, "en"))
    print(f"\nmanifest-sha256.txt  {found.manifest_sha256}")
    for label in verifier.PROFILE_LABELS:
        print(f"{label}: {words(found.info[label.casefold()])}")
    for place, item in enumerate(found.items):
        print(f"\n{item['item']}  {item['kind']}, {item['state']}; documents: {item['documents']}, gap: {item['gap']}")
        closed = {"item": {}, "custody": [{}] * len(found.custody[item["item"]]), "documents": []}
        facts = told.items[place] if told else closed
        if facts["item"].get("description"):
            print(f"  {words(facts['item']['description'])}")
        for one in facts["item"].get("hashes") or ():
            print(f"  {words(one['alg'])}  {words(one['value'])}")
        for event, more in zip(found.custody[item["item"]], facts["custody"], strict=True):
            print(f"  {event['seq']:>3}  {event['at']}  {event['type']}  {words(more.get('remark') or '')}".rstrip())
        _print_documents(found, item["item"], facts["documents"])
    if found.case in found.documents:
        print(f"\n{found.case}  documents of the case: {found.documents[found.case]['documents']}")
        _print_documents(found, found.case, told.documents if told else [])
    if told is None:
        print("\nWhat is encrypted stays closed: casework bag open FILE --identity KEY")


def _print_documents(found: Found, record: str, listing: list[dict[str, Any]]) -> None:
    for one in listing:
        print(f"  {one['ref']}  {verifier.printable(one['title'])}  {one['size']} bytes  {one['sha256']}")
    if found.documents.get(record, {}).get("left_out"):
        print(f"  sealed annexes left out: {found.documents[record]['left_out']}")

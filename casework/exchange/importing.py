"""Opens a disclosure package that another agency gave: everything is checked before anything is shown.

    found = check(path, trust)          the verifier's verdict, and what stands in clear when it is "proved"
    unlock(found, identity, into)       the documents and words, with the private key; each checked once more

What comes out is told and written to a folder: nothing enters the database.
"""

import contextlib
import csv
import datetime as dt
import hashlib
import io
import json
import re
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import pyrage

from casework.evidence.chain import DETAILS, commitment, link_hash
from casework.evidence.models import START, CustodyDetail, CustodyEvent
from casework.verifier import casework_verify as verifier
from casework.verifier.casework_verify import Failed, Malformed, Report, Trust
from casework.web.download import safe_name

from .contents import CLEAR, COLUMNS, GRAPH, LIST, LISTED, OF_CASE

_DOCUMENT = re.compile(r"/[0-9]{4,}\.age$")
_MOMENTS = ("at", "recorded_at", "began_at")
_IDS = ("id", "released_by_id", "received_by_id", "created_by_id", "agency_id", "item_id", "case_id")


@dataclass
class Found:
    """A package that was looked at. `code` and `problem` as the verifier has them; the rest is empty unless it is
    proved. `documents` says of each item and of the case how many documents are in the package, and how many sealed
    annexes are not; it is empty for a package that does not say so."""

    path: Path
    code: int
    report: Report
    problem: Failed | Malformed | None = None
    info: dict[str, str] = field(default_factory=dict)
    items: list[dict[str, str]] = field(default_factory=list)
    custody: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    documents: dict[str, dict[str, int]] = field(default_factory=dict)
    payload: dict[str, str] = field(default_factory=dict)
    manifest_sha256: str = ""

    @property
    def case(self) -> str:
        """The reference of the case."""
        return self.info["internal-sender-identifier"]


class Told(NamedTuple):
    """What is said in a package that was decrypted: of each item, and of the documents of the case itself."""

    items: list[dict[str, Any]]
    documents: list[dict[str, Any]]


def check(path: Path | str, trust: Trust, stream: BinaryIO | None = None) -> Found:
    """Check a package whole: the bag, its profile, its proofs, and that what stands in clear fits together. `stream` is
    the archive, where it does not lie at `path`."""
    report = Report(str(path))
    found = Found(Path(path), verifier.UNREADABLE, report)
    try:
        with contextlib.ExitStack() as stack:
            bag = verifier.Bag(Path(path), stack, stream)
            contents = verifier.check_bag(bag, report)
            if not contents.disclosure:
                raise Malformed("not a disclosure package of casework")
            ends: dict[str, str] = {}
            report.checkpoint = verifier.check_bag_log(bag, contents, trust, report, _ends_into(ends))
            items, custody = _custody(bag, ends)
            documents = _listed(bag, [contents.info["internal-sender-identifier"], *ends])
            if not isinstance(json.loads(bag.text("custody/case.jsonld")), dict):
                raise Malformed("the graph is not an object")
            payload = verifier.manifest_of(bag, "manifest-sha256.txt")
        found.code = verifier.NOT_ENOUGH if report.lacking else verifier.PROVED
    except Failed as problem:
        found.code, found.problem = verifier.FALSE, problem
    except (Malformed, ValueError, OSError) as problem:
        found.problem = problem if isinstance(problem, Malformed) else Malformed("cannot be read: {why}", why=problem)
    if found.code == verifier.PROVED:
        found.info, found.items, found.custody, found.payload = contents.info, items, custody, payload
        found.documents = documents
        found.manifest_sha256 = contents.manifest_sha256
    return found


def _ends_into(ends: dict[str, str]):
    """Takes from the package's own entry where the chain of each item ended."""

    def seen(entry: verifier.Entry) -> None:
        body = json.loads(entry.body) if entry.body else {}
        if body.get("manifest_sha256") is not None:
            ends.update(body.get("items") or {})

    return seen


def _custody(bag: verifier.Bag, ends: dict[str, str]) -> tuple[list[dict[str, str]], dict[str, list[dict[str, Any]]]]:
    """The items and their events, held against each other and against the entry in the log."""
    rows = list(csv.reader(io.StringIO(bag.text("custody/index.csv"))))
    if not rows or tuple(rows[0]) != COLUMNS or any(len(row) != len(COLUMNS) for row in rows):
        raise Malformed("custody/index.csv is not the list of items")
    items = [dict(zip(COLUMNS, row, strict=True)) for row in rows[1:]]
    if {item["item"]: item["chain_end"] for item in items} != ends or len(items) != len(ends):
        raise Failed("the items are not those that the log names")
    custody = {}
    for item in items:
        name = f"custody/{item['item']}.jsonl"
        if name not in bag.sizes:
            raise Malformed("the bag has no {name}", name=name)
        events = [verifier.object_from(line, frozenset(CLEAR)) for line in bag.text(name).splitlines()]
        before = START
        for number, event in enumerate(events, 1):
            try:
                dt.datetime.fromisoformat(event["at"]).astimezone(dt.UTC)
            except (TypeError, ValueError):
                raise Malformed("{name}: not a moment: {text}", name=name, text=event["at"]) from None
            if event["seq"] != number or event["prev_hash"] != before:
                raise Failed("{name}: an event does not follow from the one before", name=name, index=number)
            before = event["hash"]
        if (str(len(events)), before) != (item["events"], item["chain_end"]):
            raise Failed("{name}: the chain does not end as the log says", name=name)
        custody[item["item"]] = events
    return items, custody


def _listed(bag: verifier.Bag, records: list[str]) -> dict[str, dict[str, int]]:
    """How many documents of each record are in the bag, which must be there, and how many sealed annexes are not."""
    if LIST not in bag.sizes:
        return {}
    rows = list(csv.reader(io.StringIO(bag.text(LIST))))
    if not rows or tuple(rows[0]) != LISTED or any(len(row) != len(LISTED) for row in rows):
        raise Malformed("{name} is not the list of documents", name=LIST)
    told = {}
    for record, *counts in rows[1:]:
        count, left_out = (verifier.number(one) for one in counts)
        there = sorted(name for name in bag.sizes if name.startswith(f"data/{record}/") and _DOCUMENT.search(name))
        if len(there) != count or there != [f"data/{record}/{place:04d}.age" for place in range(1, count + 1)]:
            raise Failed("{record}: the documents are not as many as {name} says", record=record, name=LIST)
        told[record] = {"documents": count, "left_out": left_out}
    if len(rows) - 1 != len(records) or told.keys() != set(records):
        raise Failed("{name} does not list the items and the case", name=LIST)
    return told


def unlock(found: Found, identity: pyrage.x25519.Identity, into: Path | None = None) -> Told:
    """What is said of each item and of the documents of the case, decrypted and held against the chain that the log
    names; the documents are written to the new folder `into`, if one is named.

    Raises Failed where something does not fit, Malformed when the key does not open it, FileExistsError.
    """
    if found.code != verifier.PROVED:
        raise Failed("the package is not proved: it stays closed")
    told, name = Told([], []), f"data/{found.case}/{OF_CASE}.age"
    with contextlib.ExitStack() as stack:
        bag = verifier.Bag(found.path, stack)
        graph = _decrypted(bag, found, f"data/{GRAPH}.age", identity)
        if into is not None:
            into.mkdir(mode=0o700)
            (into / GRAPH).write_bytes(graph)
        for item in found.items:
            ref = item["item"]
            try:
                told.items.append(_item(bag, found, ref, identity, into))
            except (KeyError, TypeError, ValueError) as problem:
                raise Malformed("what is said of {item} cannot be read: {why}", item=ref, why=problem) from None
        try:
            if name in found.payload:
                listing = json.loads(_decrypted(bag, found, name, identity))["documents"]
                told.documents.extend(_documents(bag, found, found.case, listing, identity, into))
        except (KeyError, TypeError, ValueError) as problem:
            raise Malformed("what is said of {item} cannot be read: {why}", item=found.case, why=problem) from None
    return told


def _item(bag: verifier.Bag, found: Found, ref: str, identity: pyrage.x25519.Identity, into: Path | None) -> dict:
    facts = json.loads(_decrypted(bag, found, f"data/{ref}/item.json.age", identity))
    _fits(ref, facts["custody"], found.custody[ref])
    _documents(bag, found, ref, facts["documents"], identity, into)
    return facts


def _documents(
    bag: verifier.Bag, found: Found, ref: str, listing: list[dict], identity: pyrage.x25519.Identity, into: Path | None
) -> list[dict]:
    """The documents of a record, each held against what is said of it."""
    for document in listing:
        target = None
        if into is not None:
            (into / ref).mkdir(mode=0o700, exist_ok=True)
            target = into / ref / safe_name(f"{document['ref']} {document['name']}")
        name = f"data/{ref}/{document['file']}.age"
        with open(target, "xb") if target else contextlib.nullcontext() as file:
            opened = _Opened(file)
            _decrypt(bag, found, name, identity, opened)
        if opened.digest.hexdigest() != document["sha256"]:
            if target is not None:
                target.unlink()
            raise Failed("{name} is not the document that was stored", name=name)
    return listing


class _Opened:
    """Takes a file in clear piece by piece: hashes it, and writes it where there is somewhere to write."""

    def __init__(self, file: Any):
        self._file, self.digest = file, hashlib.sha256()

    def write(self, data: bytes) -> int:
        if self._file is not None:
            self._file.write(data)
        self.digest.update(data)  # of what was written: age says nothing when the last piece was not
        return len(data)

    def flush(self) -> None:
        """The file is flushed when it is closed."""


class _Sealed:
    """A file of the payload as age reads it, hashed on the way."""

    def __init__(self, stream: Any):
        self._stream, self.digest = stream, hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        data = self._stream.read(size)
        self.digest.update(data)
        return data


def _decrypt(bag: verifier.Bag, found: Found, name: str, identity: pyrage.x25519.Identity, target: Any) -> None:
    """A file of the payload in clear, into `target`. What is read is held against the manifest once more: whoever could
    write to the disk meanwhile finds no way in."""
    if name not in found.payload:
        raise Malformed("the bag has no {name}", name=name)
    with bag.open(name) as stream:
        sealed = _Sealed(stream)
        try:
            pyrage.decrypt_io(sealed, target, [identity])
        except pyrage.DecryptError:
            raise Malformed("this key does not open {name}", name=name) from None
        while sealed.read(1 << 20):
            pass
    if sealed.digest.hexdigest() != found.payload[name]:
        raise Failed("{name} was changed", name=name)


def _decrypted(bag: verifier.Bag, found: Found, name: str, identity: pyrage.x25519.Identity) -> bytes:
    """A small file of the payload in clear."""
    body = io.BytesIO()
    _decrypt(bag, found, name, identity, body)
    return body.getvalue()


def _fits(ref: str, whole: list[dict[str, Any]], clear: list[dict[str, Any]]) -> None:
    """Whether events with all their words have the hashes that the chain in clear, and so the log, names."""
    if len(whole) != len(clear):
        raise Failed("{item}: events are missing in what is encrypted", item=ref)
    for said, named in zip(whole, clear, strict=True):
        event = CustodyEvent(**{name: _value(name, said.get(name)) for name in _columns()})
        detail = CustodyDetail(**{name: said[name] for name in DETAILS}) if DETAILS[0] in said else None
        kept = "hash_before" not in said or event.commitment == commitment(
            event.id, said["hash_before"], said["hash_after"], detail)
        if link_hash(event) != named["hash"] or not kept:
            raise Failed("{item}: event {number} is not the one that the log names", item=ref, number=named["seq"])


def _columns() -> list[str]:
    return [a.key for a in CustodyEvent.__mapper__.column_attrs if not a.key.endswith("_sealed") and a.key not in (
        "version", "legal_hold", "retention_class", "voided_at", "created_at", "ref")]


def _value(name: str, value: Any) -> Any:
    if value is None:
        return None
    if name in _IDS:
        return uuid.UUID(value)
    return dt.datetime.fromisoformat(value) if name in _MOMENTS else value

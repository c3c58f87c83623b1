"""Makes a disclosure package: one pass, from the encrypted documents to the encrypted bag, without plain bytes between.

    gather       as who asked for it: what he may see no longer is not in it
    pack         payload through age into the bag, tag files, manifests
    record       an entry in the log that names the hash of the manifest and of the tag files
    prove        once that entry has its place in the signed log: its proof, and those of the events of custody
"""

import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from string import Template
from typing import Any

import pyrage
from sqlalchemy import select
from sqlalchemy.orm import Session

from casework.audit import proof
from casework.audit.capture import event_for, record_event
from casework.audit.chain import Event
from casework.audit.cosigned import best
from casework.audit.events import events_file
from casework.audit.models import AuditEntry
from casework.audit.paper import public_key
from casework.authz.identity import Identity
from casework.authz.scope import unscoped
from casework.cases.models import Case
from casework.crypto.seal import seal
from casework.crypto.sealed import vault
from casework.db.base import now
from casework.db.session import work
from casework.files import cipher
from casework.verifier import casework_verify
from casework.workflow import engine
from casework.workflow.engine import NotAllowed

from . import profile, service
from .bag import Bag, Sink
from .contents import Contents, gather
from .models import DisclosurePackage
from .spool import Spool

VERB = "export"  # so that who asks what left the program finds it
SIGNED_WITHIN = 120.0  # seconds that the log may take to sign an entry
COSIGNED_WITHIN = 30.0  # seconds that witnesses may take besides
LOOK = 0.2
README = Path(__file__).with_name("templates") / "readme.txt"


class Unsigned(Exception):
    """The log did not sign the package's entry in time."""


def slot_place(package: uuid.UUID) -> str:
    """What the slot of a package is bound to."""
    return f"disclosure_package.slot.{package}"


class Making:
    """The making of one package by `registry`'s program. `moved(bytes)` and `alive()` stop it by raising."""

    def __init__(self, registry: Any, package: DisclosurePackage, claim: uuid.UUID, spool: Spool,
                 moved: Callable[[int], None], alive: Callable[[], None]):
        self._registry, self._package, self._claim, self._spool = registry, package, claim, spool
        self._moved, self._alive = moved, alive

    def _info(self, identity: Identity | None) -> dict[str, Any]:
        info = {"keyring": self._registry["keyring"], "matrix": self._registry.get("matrix_hash")}
        return info if identity is None else {**info, "identity": identity}

    @contextmanager
    def _reading(self, identity: Identity | None) -> Iterator[Session]:
        with work(self._registry["engine"], readonly=True, info=self._info(identity)) as db:
            yield db

    def run(self, total: Callable[[int], None]) -> None:
        """Make it. `total(bytes)` hears how much there is to do. Raises NotAllowed, Unsigned, and what reading the
        documents and writing to the disk raise."""
        identity, contents = self._gather()
        total(contents.size)
        key = cipher.new_key()
        with self._spool.writing(self._package.id, self._claim, key) as stream:
            bag = Bag(stream, self._package.ref, now(), self._moved)
            manifest = self._pack(bag, identity, contents)
            self._prove(bag, self._record(identity, contents, manifest, bag.tags_sha256()), contents)
            bag.close()
        self._finish(contents, manifest, stream.size, key)

    def _gather(self) -> tuple[Identity, Contents]:
        with self._reading(None) as db:
            identity = service.asker(db, self._package)
        if identity is None:
            raise NotAllowed("who asked for the package has no such role any more")
        with self._reading(identity) as db:
            case = db.get(Case, self._package.case_id)
            if case is None or not service.may_disclose(db, identity, case):
                raise NotAllowed("who asked for the package may not give this evidence out any more")
            contents = gather(db, identity, case, self._package.items, self._package.files, self._registry["files"])
            contents.reads = db.info.pop("reads", {})
        return identity, contents

    def _pack(self, bag: Bag, identity: Identity, contents: Contents) -> str:
        keys = service.keys_of(self._package.recipients)
        while contents.payload:
            name, read, _size = contents.payload.pop(0)  # what was read is let go: each holds some memory
            with bag.file(f"data/{name}.age") as sink:
                encrypt(read(), sink, keys)
        manifest = bag.manifest()
        for name, data in sorted(contents.tags.items()):
            bag.put(name, data)
        bag.put(profile.FILE, profile.as_bytes())
        bag.put("casework_verify.py", Path(casework_verify.__file__).read_bytes())
        bag.put("README.txt", self._readme())
        bag.info(self._told(bag, identity, contents))
        return manifest

    def _told(self, bag: Bag, identity: Identity, contents: Contents) -> list[tuple[str, str]]:
        package = self._package
        with self._registry["engine"].connect() as connection:
            reached = best(connection, None)
        if reached.note is None:
            raise Unsigned
        checkpoint = casework_verify.checkpoint_from(casework_verify.note_from(reached.note).text)
        return [
            ("BagIt-Profile-Identifier", casework_verify.PROFILE),
            ("Source-Organization", contents.organization),
            ("Contact-Name", identity.name),
            ("External-Identifier", package.ref),
            ("Internal-Sender-Identifier", contents.case_ref),
            ("Bagging-Date", now().date().isoformat()),
            ("Payload-Oxum", bag.oxum),
            ("Casework-Recipient", "; ".join(f"{one['name']} {one['key']}" for one in package.recipients)),
            ("Casework-Purpose", f"{package.purpose}: {package.explanation}"),
            ("Casework-Legal-Basis", package.legal_basis),
            ("Casework-Classification", package.classification),
            ("Casework-Log-Origin", checkpoint.origin),
            ("Casework-Log-Size", str(checkpoint.size)),
        ]

    def _readme(self) -> bytes:
        key = public_key(self._registry["settings"])
        words = {"ref": self._package.ref, "vkey": key.text if key else "VKEY",
                 "fingerprint": key.fingerprint if key else "-"}
        return Template(README.read_text(encoding="utf-8")).substitute(words).encode()

    def _record(self, identity: Identity, contents: Contents, manifest: str, tags: str) -> int:
        """Write the package's entry; its number. Whoever gets the package reads it: no word of where it was asked."""
        package = self._package
        self._alive()
        with work(self._registry["engine"], info=self._info(identity)) as db:
            for (table, record, chain), fields in contents.reads.items():
                record_event(db, Event("read", chain=chain, record_type=table, record_id=record, case_id=chain,
                                       details={"fields": sorted(fields), "package": package.ref}))
            record_event(db, event_for(package, VERB, {
                "manifest_sha256": manifest, "tags_sha256": tags, "items": contents.ends, "purpose": package.purpose,
                "explanation": package.explanation, "legal_basis": package.legal_basis,
                "classification": package.classification, "recipients": package.recipients,
                "case": contents.case_ref, "documents": contents.documents,
                "left_out": contents.left_out,
            }))
        with self._registry["engine"].connect() as connection:
            query = select(AuditEntry.seq).where(
                AuditEntry.record_id == package.id, AuditEntry.verb == VERB, AuditEntry.body.contains(manifest))
            return connection.execute(query).scalar_one()

    def _prove(self, bag: Bag, entry: int, contents: Contents) -> None:
        """Put the proofs in, all of one checkpoint, as soon as there is one that the policy takes."""
        began = time.monotonic()
        while True:
            self._alive()
            found = self._proofs(entry, contents.events)
            waited = time.monotonic() - began
            if found is not None and (found[0] or waited > COSIGNED_WITHIN):
                break
            if found is None and waited > SIGNED_WITHIN:
                raise Unsigned
            time.sleep(LOOK)
        for name, data in found[1].items():
            bag.put(name, data)

    def _proofs(self, entry: int, events: list[uuid.UUID]) -> tuple[bool, dict[str, bytes]] | None:
        """Whether the policy is met, and the files of log/; None while the entry is not signed, or the log moved on
        between one file and the next."""
        policy = self._registry["log_policy"]
        with self._registry["engine"].execution_options(sqlite_begin="BEGIN").connect() as connection:
            try:
                made = proof.entry_file(connection, entry, policy)
                wanted = AuditEntry.record_id.in_(events) & (AuditEntry.verb == "create")
                custody = list(events_file(connection, wanted, policy, bodies=False))
            except LookupError:
                return None
        checkpoint = made["proof"].split("\n\n", 1)[1]
        if casework_verify.json_from(custody[0].decode().rstrip("\n"))["checkpoint"] != checkpoint:
            return None
        report = casework_verify.Report("")
        if policy is not None:
            policy.trust.check(checkpoint, report)
        return not report.lacking, {
            "log/checkpoint": checkpoint.encode(), "log/package.entry.json": proof.as_bytes(made),
            "log/custody.events.jsonl": b"".join(custody),
        }

    def _finish(self, contents: Contents, manifest: str, size: int, key: bytes) -> None:
        with work(self._registry["engine"], info=self._info(None)) as db, unscoped(db, "the system made the package"):
            package = db.get_one(DisclosurePackage, self._package.id)
            engine.apply(db, None, package, "finish_package", {
                "documents": contents.documents, "left_out": contents.left_out, "size": size,
                "manifest_sha256": manifest,
                "stored": self._spool.path(package.id).stat().st_size,
                "slot": seal(vault(db).key(package.case_id), key, slot_place(package.id)),
            })


class _Source:
    """What age reads from; it remembers what really went wrong, since age tells it in words only."""

    def __init__(self, stream: Any):
        self._stream, self.problem = stream, None

    def read(self, size: int = -1) -> bytes:
        try:
            return self._stream.read(size)
        except Exception as problem:
            self.problem = problem
            raise


class _Target:
    def __init__(self, sink: Sink):
        self._sink, self.problem = sink, None

    def write(self, data: bytes) -> int:
        try:
            return self._sink.write(data)
        except Exception as problem:
            self.problem = problem
            raise

    def flush(self) -> None:
        """The sink has nothing of its own to flush."""


def encrypt(stream: Any, sink: Sink, keys: list[pyrage.x25519.Recipient]) -> None:
    """Everything of `stream` through age into `sink`. Raises what reading and writing raise, as they raise it."""
    source, target = _Source(stream), _Target(sink)
    try:
        pyrage.encrypt_io(source, target, keys)
    except pyrage.EncryptError as problem:
        raise source.problem or target.problem or problem from None
    if target.problem is not None:
        raise target.problem  # of the last piece age itself does not tell

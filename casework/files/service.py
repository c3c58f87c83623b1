"""Files of a record: taking them in, giving them out, reading them back. Plain values, never a request.

    files = Files.of(settings)                       one per process
    upload = files.begin(db, identity, owner, facts, length)
    files.receive(db, upload, offset, pieces)        any number of times; each time it survives a power cut
    with files.finish(db, upload, offset, pieces) as found:  looked through, stored, read back
        files.record(db, identity, upload, owner, found)   in a writing transaction
"""

import datetime as dt
import hashlib
import io
import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from casework.audit.capture import describe
from casework.authz.access import access_to_one
from casework.authz.identity import Identity
from casework.authz.scope import current_matrix
from casework.crypto.seal import SealBroken, seal, unseal
from casework.crypto.sealed import subject, vault
from casework.db.base import Base, now
from casework.db.refs import new_ref
from casework.settings import Settings
from casework.web.download import safe_name
from casework.workflow.engine import NotAllowed

from . import cipher, content
from .antivirus import Scanner
from .cipher import Damaged
from .content.refusal import NotTaken
from .folder import Folder
from .incoming import Incoming, Linked, Part
from .models import ROWS, FileUpload, StoredFile
from .reader import Reader
from .s3 import S3, Bucket
from .store import Missing, Store, check
from .versions import original_of

PREFIX = "J"
MIB = 1 << 20
UNFINISHED = dt.timedelta(hours=24)


class WrongOffset(Exception):
    """The upload stands elsewhere: another piece came first, or one was lost."""


@dataclass
class Found:
    """What a finished upload turned out to be."""

    address: str
    stored: int
    size: int
    sha256: str
    media_type: str
    pages: int | None
    scan: str


@dataclass
class Facts:
    """What the form says of a file. `redacted_of` is the reference of the document it is the redacted version of."""

    title: str
    name: str
    category: str
    language: str | None = None
    sha256: str | None = None
    sealed_annex: bool = False
    redacted_of: str | None = None


def bound(file_id: uuid.UUID) -> bytes:
    """What a ciphertext is bound to: it does not open as another file."""
    return f"casework/file/1/{file_id}".encode()


def _slot_place(file_id: uuid.UUID) -> str:
    return f"stored_file.slot.{file_id}"


class Files:
    """The store, the folder of uploads, the limits and the scanner of an installation."""

    def __init__(self, store: Store, incoming: Incoming, limit: int, scanner: Scanner):
        self.store, self.incoming, self.limit, self.scanner = store, incoming, limit, scanner

    @classmethod
    def of(cls, settings: Settings) -> "Files":
        root = settings.data / "files"
        store: Store = S3(bucket_of(settings)) if settings.s3_bucket else Folder(root / "objects")
        incoming = Incoming(root / "incoming", settings.file_reserve * MIB)
        return cls(store, incoming, settings.file_limit * MIB, Scanner(settings.clamd))

    def begin(
        self, db: Session, identity: Identity, owner: Base, facts: Facts, length: int, *, keep: bool = True
    ) -> FileUpload:
        """Begin an upload of `length` bytes to a record. `keep` writes its row, so that it can be resumed.

        Raises NotAllowed, NotTaken for what is empty or too large, StoreProblem when there is no room.
        """
        if not may_add(db, identity, owner):
            raise NotAllowed(f"{identity.role} may not add files here")
        if facts.sealed_annex and not may_seal(identity):
            raise NotAllowed(f"{identity.role} sees no sealed annex, and adds none")
        if length > self.limit:
            raise NotTaken("large", f"{self.limit // MIB} MiB")
        if length < 1:
            raise NotTaken("empty")
        self.incoming.require(cipher.stored_size(length))
        upload = FileUpload(
            user_id=identity.user_id, owner_type=owner.__tablename__, owner_id=owner.id, subject_id=subject(owner),
            length=length, facts=vars(facts), until=now() + UNFINISHED,
        )
        key = cipher.new_key()
        upload.slot = seal(vault(db).key(upload.subject_id), key, _slot_place(upload.id))
        self.incoming.create(upload.id)
        if keep:
            db.add(upload)
        return upload

    @contextmanager
    def _part(self, db: Session, upload: FileUpload) -> Iterator[Part]:
        key = _key(db, upload)
        try:
            with self.incoming.open(upload.id, key, bound(upload.id)) as part:
                yield part
        except Linked:
            self.incoming.unlink_from_store(upload.id)
            with self.incoming.open(upload.id, key, bound(upload.id)) as part:
                yield part

    def offset(self, db: Session, upload: FileUpload) -> int:
        """How much has come. Raises Busy, StoreProblem, Damaged."""
        if upload.file_ref is not None:
            return upload.length
        with self._part(db, upload) as part:
            return part.offset

    def receive(self, db: Session, upload: FileUpload, offset: int, pieces: Iterable[bytes]) -> int:
        """Take what is not the last of an upload; give where it stands now.

        Raises WrongOffset, NotTaken for what is a picture from its first bytes, Busy, StoreProblem, Damaged.
        """
        with self._part(db, upload) as part:
            if part.offset != offset:
                raise WrongOffset
            for piece in pieces:
                if part.offset + len(piece) >= upload.length:
                    raise WrongOffset
                if not part.offset:
                    content.refuse_media(piece[: content.HEAD])
                part.append(piece)
            part.keep()
            return part.offset

    @contextmanager
    def finish(self, db: Session, upload: FileUpload, offset: int, pieces: Iterable[bytes]) -> Iterator[Found]:
        """Take the last of an upload: look through the whole, store it, read it back. Nobody else can write the upload
        until the block, in which its record is made, has ended.

        Raises WrongOffset, NotTaken, Busy, StoreProblem, Damaged. After anything but NotTaken it can be tried again.
        """
        with self._part(db, upload) as part:
            if part.offset != offset:
                raise WrongOffset
            for piece in pieces:
                if part.offset + len(piece) > upload.length:
                    raise WrongOffset
                part.append(piece)
            if part.offset != upload.length:
                raise WrongOffset
            part.finish()
            found = self._look(part, _key(db, upload), upload)
            self.store.put(found.address, part.path)
            check(self.store, found.address, found.stored)
            yield found

    def _look(self, part: Part, key: bytes, upload: FileUpload) -> Found:
        reader = Reader(part.fetch, part.stored, key, bound(upload.id))
        digest, sealed = reader.digests()
        wanted = upload.facts.get("sha256")
        if reader.size != upload.length or (wanted and wanted != digest):
            raise NotTaken("hash")
        kind = content.inspect(io.BufferedReader(reader, MIB), reader.size, upload.facts["name"])
        scan = self.scanner.scan(reader.whole())
        return Found(sealed, part.stored, reader.size, digest, kind.media_type, kind.pages, scan)

    def record(self, db: Session, identity: Identity, upload: FileUpload, owner: Base, found: Found) -> StoredFile:
        """The record of a finished upload. Raises NotAllowed when the right was lost meanwhile."""
        if not may_add(db, identity, owner):
            raise NotAllowed(f"{identity.role} may not add files here")
        facts, original = upload.facts, None
        if facts.get("redacted_of"):
            original = original_of(db, identity, owner.id, facts["redacted_of"])
            if original is None:
                raise NotAllowed("the document that it is the redacted version of is not to be seen any more")
        made = StoredFile(
            id=upload.id, ref=new_ref(db, StoredFile, PREFIX, now().date()), agency_id=identity.agency_id,
            created_by_id=identity.user_id, case_id=owner.id if owner.__tablename__ == "case" else owner.case_id,
            owner_type=upload.owner_type, owner_id=upload.owner_id, subject_id=upload.subject_id,
            title=facts["title"], name=safe_name(facts["name"]), category=facts["category"],
            language=facts["language"], media_type=found.media_type, pages=found.pages, size=found.size,
            sha256=found.sha256, declaration=True, scan=found.scan, address=found.address, stored=found.stored,
            slot=upload.slot, read_at=now(), sealed_annex=bool(facts.get("sealed_annex")),
            redacted_of_id=original.id if original is not None else None,
        )
        db.add(made)
        describe(db, made, verb="add_file", owner_type=upload.owner_type)
        return made

    def discard(self, upload: FileUpload) -> None:
        """Leave nothing of an upload's bytes that no record refers to."""
        self.incoming.discard(upload.id)

    def open(self, db: Session, record: StoredFile) -> Reader:
        """A file in clear, piece by piece. Raises Missing, StoreProblem, Damaged, and Erased with its subject."""
        try:
            key = unseal(vault(db).key(record.subject_id), record.slot, _slot_place(record.id))
        except SealBroken:
            raise Damaged("the slot with its key does not open") from None
        address = record.address
        return Reader(lambda start, length: self.store.read(address, start, length), record.stored, key,
                      bound(record.id))

    def verify(self, db: Session, record: StoredFile) -> str | None:
        """Read a file back, whole: None when every byte is as it was stored, else what is wrong (a code of
        `file_problem`). Raises StoreProblem when the store cannot be asked."""
        try:
            if self.store.size(record.address) != record.stored:
                return "length"
            try:
                _plain, sealed = self.open(db, record).digests()
            except Damaged:
                sealed = self._sealed(record)
                if sealed == record.address:
                    return "damaged"
        except Missing:
            return "missing"
        return None if sealed == record.address else "changed"

    def _sealed(self, record: StoredFile) -> str:
        digest = hashlib.sha256()
        for start in range(0, record.stored, MIB):
            digest.update(self.store.read(record.address, start, MIB))
        return digest.hexdigest()


def _key(db: Session, upload: FileUpload) -> bytes:
    return unseal(vault(db).key(upload.subject_id), upload.slot, _slot_place(upload.id))


def bucket_of(settings: Settings) -> Bucket:
    """The bucket that the settings name."""
    return Bucket(settings.s3_endpoint, settings.s3_bucket, settings.s3_region, settings.s3_access_key,
                  settings.s3_secret_key, settings.s3_lock_days)


def may_add(db: Session, identity: Identity, owner: Any) -> bool:
    """Whether this person may add files to a record: by the row of the matrix for files of such records."""
    return "W" in access_to_one(db, identity, owner, ROWS[owner.__tablename__])


def may_seal(identity: Identity) -> bool:
    """Whether this person's role sees sealed annexes: only those that may know who a child is (matrix row 4)."""
    return current_matrix().cell(StoredFile.__scope__.apart[1], identity.role).may("R")


def facts_of(values: Mapping[str, Any]) -> Facts:
    """Facts from what a form or a client gave."""
    return Facts(**{name: values.get(name) for name in Facts.__dataclass_fields__})



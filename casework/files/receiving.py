"""From a finished upload to its record: in a transaction of its own, since looking through a file takes long and the
request's own would hold up everybody who writes."""

import uuid
from collections.abc import Iterator
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from casework.db.session import work
from casework.records import drafts
from casework.records.registry import record_type
from casework.workflow.engine import NotAllowed

from .content.refusal import NotTaken
from .models import FileUpload, StoredFile
from .service import Files

# What a session of its own needs to know of the request: who acts, by which rule, under which keys.
CARRIED = ("identity", "keyring", "matrix", "address", "rule", "request_id")


def files_of(request) -> Files:
    """The files of this installation."""
    return request.registry["files"]


def writing(request):
    """A transaction of its own for who asks. A context manager that gives the session."""
    info = {name: request.db.info[name] for name in CARRIED if name in request.db.info}
    return work(request.registry["engine"], info=info)


def owner_in(db: Session, request, upload: FileUpload) -> Any:
    """The record an upload belongs to, as this person may see it. Raises NotAllowed."""
    owner = db.get(record_type(request.registry, upload.owner_type).model, upload.owner_id)
    if owner is None:
        raise NotAllowed("the record is not to be seen any more")
    return owner


def finish(
    request, upload: FileUpload, offset: int, pieces: Iterator[bytes], token: uuid.UUID | None = None
) -> StoredFile:
    """Take the last of an upload and make its record. `token`: of the form, so that it counts once.

    What is not taken leaves nothing but an entry in the log. Raises what Files.finish raises.
    """
    files, identity = files_of(request), request.identity
    try:
        with files.finish(request.db, upload, offset, pieces) as found, writing(request) as db:
            sent = drafts.sending(db, token, identity.user_id)
            made = files.record(db, identity, upload, owner_in(db, request, upload), found)
            db.flush()
            kept = db.get(FileUpload, upload.id)
            if kept is not None:
                kept.file_ref = made.ref
            if sent is not None:
                sent.location = f"/files/{made.ref}"
    except (NotTaken, NotAllowed) as refused:
        refuse(request, upload, refused.code if isinstance(refused, NotTaken) else "right")
        raise
    files.discard(upload)
    return made


def finished(request, upload: FileUpload) -> str | None:
    """The reference of the file it became, as it stands now: another request may have ended it meanwhile."""
    with work(request.registry["engine"], readonly=True) as db:
        return db.scalar(select(FileUpload.file_ref).where(FileUpload.id == upload.id))


def refuse(request, upload: FileUpload, code: str) -> None:
    """Leave nothing of an upload but an entry that says what was wrong with it."""
    drop(request, upload)
    request.audit("refuse_file", owner_in(request.db, request, upload), result="denied", code=code)


def drop(request, upload: FileUpload) -> None:
    """Give an upload up: its bytes and its row."""
    files_of(request).discard(upload)
    with writing(request) as db:
        kept = db.get(FileUpload, upload.id)
        if kept is not None:
            db.delete(kept)



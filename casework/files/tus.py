"""Resumable uploads: tus 1.0.0 with creation, creation-with-upload, expiration, checksum and termination.

    POST /uploads            owner and facts of the form in Upload-Metadata; 201 with the upload's address
    HEAD, PATCH, DELETE      on that address, by who began it and by nobody else

A piece is at most PIECE_LIMIT long (casework.web.uploads). The last one ends the upload: it is looked through, stored,
read back and made a record, all before the answer; until then a HEAD says that this piece is missing, so that a client
whose answer was lost sends it again and nothing is ever half done. Each request passes the checks of every form: the
session, the token (in the header), the origin.
"""

import base64
import binascii
import hashlib
import hmac
import uuid
from email.utils import format_datetime
from functools import partial
from typing import BinaryIO

import colander
from pyramid.httpexceptions import HTTPNotFound
from pyramid.response import Response

from casework.db.base import now
from casework.records.registry import fetch
from casework.web.render import translate
from casework.web.uploads import PIECE_TYPE, PIECES, blocks
from casework.workflow.engine import NotAllowed
from schemas.files import FileFacts

from . import receiving
from .cipher import Damaged
from .content.refusal import NotTaken
from .incoming import Busy
from .models import ROWS, FileUpload
from .service import WrongOffset, facts_of
from .store import Missing, StoreProblem
from .versions import originals
from .views import problem_of

VERSION = "1.0.0"
EXTENSIONS = "creation,creation-with-upload,expiration,checksum,termination"
ALGORITHMS = {"sha256": "sha256", "sha-256": "sha256", "sha1": "sha1", "md5": "md5"}
MISMATCH = 460  # of the checksum extension
METADATA = 4096


class _Problem(Exception):
    """An answer that is no success: a status, and words."""

    def __init__(self, status: int, words: str = ""):
        self.status, self.words = status, words


def _answer(request, status: int, words: str = "", **headers: str) -> Response:
    response = Response(status=status)
    if status != 204:
        response.content_type, response.charset, response.text = "text/plain", "utf-8", words
    response.headers["Tus-Resumable"] = VERSION
    for name, value in headers.items():
        response.headers[name.replace("_", "-")] = value
    return response


def _speaking(view):
    """Around each view: the version of the protocol, and refusals in its words."""

    def spoken(request) -> Response:
        if request.headers.get("Tus-Resumable") != VERSION:
            return _answer(request, 412, "tus 1.0.0 is spoken here", Tus_Version=VERSION)
        try:
            return view(request)
        except _Problem as problem:
            return _answer(request, problem.status, problem.words)
        except NotTaken as refused:
            return _answer(request, 422, translate(request, refused.message))
        except NotAllowed:
            return _answer(request, 403)
        except WrongOffset:
            return _answer(request, 409)
        except Busy:
            return _answer(request, 423)
        except (StoreProblem, Damaged) as problem:
            status = 410 if isinstance(problem, (Missing, Damaged)) else 507
            return _answer(request, status, problem_of(request, problem))

    return spoken


def options(request) -> Response:
    """What is spoken here."""
    return _answer(
        request, 204, Tus_Version=VERSION, Tus_Extension=EXTENSIONS, Tus_Checksum_Algorithm="sha256,sha1,md5",
        Tus_Max_Size=str(receiving.files_of(request).limit),
    )


@_speaking
def create(request) -> Response:
    """Begin an upload."""
    values = _metadata(request.headers.get("Upload-Metadata", ""))
    length = request.headers.get("Upload-Length", "")
    if not (length.isascii() and length.isdigit() and len(length) < 16):
        raise _Problem(400)
    owner = fetch(request, values.pop("owner", ""))
    if owner is None or owner.__tablename__ not in ROWS:
        raise HTTPNotFound()
    facts = facts_of({**_facts(request, values, owner), "name": values.get("filename") or "file",
                      "sha256": _sha256(values.get("sha256"))})
    upload = receiving.files_of(request).begin(request.db, request.identity, owner, facts, int(length))
    # The row first: what it stands for is found and swept, whatever happens next.
    request.db.flush()
    return _answer(request, 201, Location=f"{PIECES}/{upload.id}", Upload_Offset="0",
                   Upload_Expires=format_datetime(upload.until, usegmt=True))


def _metadata(header: str) -> dict[str, str]:
    """Upload-Metadata: names and base64 values."""
    found: dict[str, str] = {}
    if len(header) > METADATA:
        raise _Problem(400)
    for pair in filter(None, (one.strip() for one in header.split(","))):
        name, _, value = pair.partition(" ")
        try:
            text = base64.b64decode(value.strip(), validate=True).decode("utf-8")
        except (binascii.Error, UnicodeError):
            raise _Problem(400) from None
        if name in found or "\0" in text:
            raise _Problem(400)
        found[name] = text
    return found


def _facts(request, values: dict[str, str], owner) -> dict:
    """What the schema of the form makes of the metadata."""
    schema = FileFacts().bind(
        request=request, codes=request.registry.get("codes"), locale=request.locale_name,
        options=lambda _source: originals(request.db, request.identity, owner.id),
    )
    given = {node.name: values[node.name] for node in schema.children if values.get(node.name)}
    try:
        return schema.deserialize(given)
    except colander.Invalid as invalid:
        problems = [
            f"{translate(request, child.node.title)}: {translate(request, message)}"
            for child in invalid.children for message in child.messages()
        ]
        raise _Problem(422, "\n".join(problems)) from None


def _sha256(text: str | None) -> str | None:
    if text and not (len(text) == 64 and all(c in "0123456789abcdef" for c in text.lower())):
        raise _Problem(400)
    return text.lower() if text else None


def _upload(request) -> FileUpload:
    """This person's upload. Raises HTTPNotFound for what is not there or somebody else's."""
    try:
        upload = request.db.get(FileUpload, uuid.UUID(request.matchdict["upload"]))
    except ValueError:
        upload = None
    if upload is None or upload.user_id != request.identity.user_id or upload.until < now():
        raise HTTPNotFound()
    return upload


@_speaking
def head(request) -> Response:
    """How far it has come."""
    upload = _upload(request)
    ref = upload.file_ref
    try:
        offset = receiving.files_of(request).offset(request.db, upload)
    except Missing:
        ref, offset = receiving.finished(request, upload), upload.length
        if ref is None:
            raise
    more = {"Casework_File": ref} if ref else {}
    return _answer(request, 200, Upload_Offset=str(offset), Upload_Length=str(upload.length),
                   Upload_Expires=format_datetime(upload.until, usegmt=True), **more)


@_speaking
def patch(request) -> Response:
    """Take a piece, the last one too."""
    upload, body, length = _upload(request), request.body_file_seekable, request.content_length or 0
    offset = request.headers.get("Upload-Offset", "")
    if request.headers.get("Content-Type") != PIECE_TYPE:
        raise _Problem(415)
    if not (offset.isascii() and offset.isdigit() and len(offset) < 16):
        raise _Problem(400)
    _check(request.headers.get("Upload-Checksum"), body)
    at = int(offset)
    if upload.file_ref is not None:
        raise WrongOffset
    expires = {"Upload_Expires": format_datetime(upload.until, usegmt=True)}
    try:
        if at + length < upload.length:
            return _answer(request, 204, Upload_Offset=str(_more(request, upload, at, body)), **expires)
        made = receiving.finish(request, upload, at, blocks(body))
    except Missing:
        if receiving.finished(request, upload):
            raise WrongOffset from None
        raise
    return _answer(request, 204, Upload_Offset=str(upload.length), Casework_File=made.ref, **expires)


def _more(request, upload: FileUpload, offset: int, body: BinaryIO) -> int:
    """Take a piece that is not the last; where the upload stands now."""
    try:
        return receiving.files_of(request).receive(request.db, upload, offset, blocks(body))
    except NotTaken as refused:
        receiving.refuse(request, upload, refused.code)
        raise


def _check(header: str | None, body: BinaryIO) -> None:
    """The checksum extension: what arrived is what was sent."""
    if header is None:
        return
    name, _, value = header.partition(" ")
    if name not in ALGORITHMS:
        raise _Problem(400)
    try:
        wanted = base64.b64decode(value, validate=True)
    except binascii.Error:
        raise _Problem(400) from None
    made = hashlib.new(ALGORITHMS[name], usedforsecurity=False)
    for block in blocks(body):
        made.update(block)
    if not hmac.compare_digest(made.digest(), wanted):
        raise _Problem(MISMATCH)


@_speaking
def delete(request) -> Response:
    """Give it up."""
    upload = _upload(request)
    if upload.file_ref is not None:
        raise _Problem(403)
    receiving.drop(request, upload)
    return _answer(request, 204)


def includeme(config) -> None:
    """One route for all uploads, one for each."""
    from casework.authz.policy import SIGNED_IN

    config.add_route("uploads", PIECES)
    config.add_route("upload", PIECES + "/{upload}")
    # Pieces go to the disk, not to the database; records are made in a transaction of their own.
    config.registry.setdefault("reads_by_post", set()).add("upload")
    add = partial(config.add_view, permission=SIGNED_IN)
    for route in ("uploads", "upload"):
        add(options, route_name=route, request_method="OPTIONS", require_methods=("OPTIONS",))
    add(create, route_name="uploads", request_method="POST", require_methods=("POST",))
    add(head, route_name="upload", request_method="HEAD", require_methods=("HEAD",))
    add(patch, route_name="upload", request_method="PATCH", require_methods=("PATCH",))
    add(delete, route_name="upload", request_method="DELETE", require_methods=("DELETE",))

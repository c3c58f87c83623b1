"""Pages of files: the list of a record's files, taking one with a form, giving one out."""

from collections.abc import Callable, Iterator
from typing import Any

from pyramid.httpexceptions import HTTPNotFound, HTTPSeeOther, HTTPServiceUnavailable
from sqlalchemy import select

from casework.authz.access import Shown, access_to, access_to_one
from casework.authz.lasting import still_stands
from casework.db.base import now
from casework.db.ids import uuid7
from casework.records import drafts
from casework.records.frame import expect
from casework.records.labels import label
from casework.records.paging import page_of
from casework.records.registry import Context, path_to
from casework.records.show import cell, want_all
from casework.web.download import attachment, streamed
from casework.web.forms import handle, make_form
from casework.web.i18n import _
from casework.web.render import translate
from casework.web.uploads import PIECES

from . import receiving, watermark
from .cipher import Damaged
from .content.refusal import NotTaken
from .forms import file_form
from .incoming import Busy
from .models import FileUpload, StoredFile
from .service import MIB, Facts, may_add
from .store import StoreProblem
from .types import FILE
from .versions import originals

NO_ROOM = _("The file could not be kept: ${why}. Nothing was saved; try again later.")
REASONS = {
    "NoSpace": _("too little room is left on the disk for files"),
    "StoreProblem": _("the place where files are kept does not answer"),
    "Missing": _("the upload is gone"),
    "Damaged": _("what had arrived is damaged"),
    "Busy": _("it is being sent by another window"),
}


def problem_of(request, problem: Exception) -> str:
    """What to tell who sent a file that could not be kept."""
    why = next((words for name, words in REASONS.items() if name == type(problem).__name__), REASONS["StoreProblem"])
    return translate(request, NO_ROOM, why=translate(request, why))


def _owner(context: Context) -> Any:
    if context.own is None:
        raise HTTPNotFound()
    return context.own


def choices(request) -> list[tuple[str, str]]:
    """What the document that a page is about may be the redacted version of."""
    own = _owner(request.context)
    besides = own if isinstance(own, StoredFile) else None
    return originals(request.db, request.identity, own.owner_id if besides is not None else own.id, besides)


def listing(context: Context, request) -> dict:
    """The files of a record that this person may see; those removed are struck out."""
    owner = _owner(context)
    query = select(StoredFile).where(StoredFile.owner_id == owner.id)
    page = page_of(request, query, StoredFile)
    access = access_to(request.db, request.identity, StoredFile, [r.id for r in page.rows])
    rows = [Shown(record, access[record.id]) for record in page.rows if record.id in access]
    expect(request)
    want_all(request.names, FILE, rows, FILE.columns)
    return {
        "type": FILE, "page": page, "owner": owner, "owner_path": path_to(request, owner),
        "columns": [translate(request, label(FILE, c)) for c in FILE.columns],
        "rows": [[cell(request, FILE, row, c, request.names, f"/files/{row.ref}") for c in FILE.columns]
                 for row in rows],
        "may_create": may_add(request.db, request.identity, owner),
        "bad": [record.ref for record in page.rows if record.bad and record.voided_at is None],
    }


def new(context: Context, request):
    """Take a file with a form: what the page's script does in pieces, for who has none."""
    owner, files, db = _owner(context), receiving.files_of(request), request.db
    token = drafts.token_of(request.POST.get("draft")) if request.method == "POST" else uuid7()
    sent_to = drafts.already_sent(db, token, request.identity.user_id) if request.method == "POST" else None
    if sent_to is not None:
        return HTTPSeeOther(sent_to)
    form = make_form(request, file_form(request.identity, files.limit // MIB), action=request.path,
                     buttons=(("save", _("Add the document")),))
    form.draft = str(token or uuid7())

    def on_valid(data: dict):
        sent = data["file"]
        facts = Facts(data["title"], str(sent), data["category"], data["language"],
                      sealed_annex=data.get("sealed_annex", False), redacted_of=data["redacted_of"])
        try:
            upload = files.begin(db, request.identity, owner, facts, sent.size, keep=False)
            try:
                made = receiving.finish(request, upload, 0, sent.pieces(), token)
            finally:
                files.discard(upload)
        except NotTaken as refused:
            return {"form": _again(form, request, refused.message)}
        except (StoreProblem, Damaged, Busy) as problem:
            request.response.status_int = 503
            return {"form": _again(form, request, problem_of(request, problem))}
        return HTTPSeeOther(f"/files/{made.ref}")

    shown = handle(request, form, on_valid)
    if not isinstance(shown, dict):
        return shown
    return {
        **shown, "title": _("Add a document"), "owner": owner, "back": request.path.removesuffix("/new"),
        "limit": files.limit, "scanner": files.scanner.address != "", "unfinished": unfinished(request, owner),
    }


def unfinished(request, owner: Any) -> list[dict]:
    """What this person began to send to the record and did not finish, for the page's script to go on with."""
    query = select(FileUpload).where(
        FileUpload.user_id == request.identity.user_id, FileUpload.owner_id == owner.id, FileUpload.until > now(),
        FileUpload.file_ref.is_(None),
    )
    return [
        {"url": f"{PIECES}/{one.id}", "name": one.facts["name"], "size": one.length,
         "sealed_annex": "true" if one.facts.get("sealed_annex") else "",
         "redacted_of": one.facts.get("redacted_of") or ""}
        for one in request.db.scalars(query.order_by(FileUpload.id.desc()).limit(20))
    ]


def _again(form, request, message: Any) -> dict:
    """The form once more, with what stood in the way; the file has to be chosen again."""
    form.failure(message)
    if request.response.status_int == 200:
        request.response.status_int = 422
    request.tm.doom()
    return form.render_typed(request.POST)


def download(context: Context, request):
    """A file as an attachment: a PDF with who took it and when on each page, all others as they came."""
    record: StoredFile = _owner(context)
    if record.voided_at is not None:
        raise HTTPNotFound()
    request.audit("download", record, rule=access_to_one(request.db, request.identity, record).rule("R"))
    name = named(record)
    try:
        reader = receiving.files_of(request).open(request.db, record)
        if record.media_type == "application/pdf":
            made = watermark.stamped(request, b"".join(reader.whole()), record)
            if made is not None:
                return attachment(name, made, "application/pdf")
        return streamed(request, name, reader.size, _first_read(reader.part), still_stands(request, record, "R"))
    except (StoreProblem, Damaged):
        raise HTTPServiceUnavailable(_("The file cannot be read at the moment. Tell who keeps this installation.")
                                     ) from None


def _first_read(part: Callable[[int, int], Iterator[bytes]]) -> Callable[[int, int], Iterator[bytes]]:
    """The same, with the first piece read at once: what cannot be read at all is told by a page, not by a cut line."""

    def begin(start: int, stop: int) -> Iterator[bytes]:
        pieces = part(start, stop)
        first = next(pieces, b"")

        def whole() -> Iterator[bytes]:
            yield first
            yield from pieces

        return whole()

    return begin


def named(record: StoredFile) -> str:
    """The name a file leaves under: its reference first, so that it is found again."""
    return f"{record.ref} {record.name}"



"""The record type of files: what their page shows."""

from typing import Any

from markupsafe import Markup
from sqlalchemy.orm import object_session

from casework.authz.access import access_to_one, shown
from casework.records.registry import RecordType, path_to, record_type
from casework.records.show import summary
from casework.web.i18n import _
from casework.web.render import translate

from .forms import correction
from .models import StoredFile
from .sizes import human
from .versions import correct, original, versions


def owner_of(request, record: StoredFile):
    """The record a file belongs to, where this person may see it."""
    rt = record_type(request.registry, record.owner_type)
    return request.db.get(rt.model, record.owner_id)


def page(request, record: StoredFile) -> dict:
    """What the page of a file shows besides its fields."""
    owner, seen = owner_of(request, record), shown(request.db, request.identity, record)
    facts = summary(request, FILE, seen)
    if seen.size is not None:
        facts.append({"key": translate(request, FILE.labels["size"]), "value": human(seen.size)})
    reads = "R" in access_to_one(request.db, request.identity, record)
    return {
        "original": original(request.db, request.identity, record) if reads else None,
        "versions": versions(request.db, request.identity, record) if reads else [],
        "owner": None if owner is None else (owner.ref, path_to(request, owner)), "reads": reads,
        "summary": facts, "sha256": record.sha256 if reads else None,
    }


def _title(request, row, names) -> Any:
    """The title, with what marks the document among the others."""
    marks = [words for words, holds in ((_("Sealed annex"), row.sealed_annex),
                                        (_("Redacted version"), row.redacted_of_id)) if holds]
    tag = Markup(' <strong class="cw-tag">{}</strong>')
    return Markup("{}{}").format(row.title or "", Markup("").join(tag.format(translate(request, one)) for one in marks))


def _values(record: StoredFile) -> dict[str, Any]:
    """What the form of a correction is filled with."""
    session = object_session(record)
    seen = original(session, session.info["identity"], record)
    known = {name: getattr(record, name) for name in ("title", "category", "language", "sealed_annex")}
    return {**{name: value for name, value in known.items() if value is not None},
            **({"redacted_of": seen.ref} if seen is not None else {})}


def _correct(request, record: StoredFile, data: dict) -> None:
    correct(request.db, request.identity, record, data)


def _size(request, row, names) -> str:
    return human(row.size) if row.size is not None else ""


FILE = RecordType(
    name="stored_file", model=StoredFile, path="files", prefix="J", row="evidence.file", title=_("Document"),
    plural=_("Documents"), list_view=False, template="casework:files/templates/file.jinja2", extra=page,
    columns=("ref", "title", "category", "size", "created_by_id", "created_at"), struck=True, search=("title",),
    edit_schema=correction, values=_values, edit=_correct,
    fields=("title", "name", "category", "language", "sealed_annex", "media_type", "pages", "scan", "read_at",
            "created_by_id", "created_at"),
    labels={
        "sealed_annex": _("Sealed annex"), "redacted_of_id": _("Redacted version of"),
        "title": _("Title"), "name": _("Name of the file"), "category": _("Kind of document"),
        "language": _("Language"), "media_type": _("Format"), "pages": _("Pages"), "size": _("Size"),
        "scan": _("Virus scanner"), "read_at": _("Last read back and found whole"), "bad": _("What is wrong"),
        "created_by_id": _("Added by"), "created_at": _("Added"), "owner_type": _("Belongs to"),
        "owner_id": _("Record it belongs to"), "sha256": _("SHA-256"), "address": _("SHA-256 of what is stored"),
        "stored": _("Bytes stored"), "declaration": _("Declaration"), "case_id": _("Case"), "subject_id": _("Key of"),
    },
    codes={"category": "file_category", "language": "languages", "scan": "file_scan", "bad": "file_problem"},
    render={"size": _size, "title": _title}, hidden=("slot", "subject_id"), empty=_("There are no documents here yet."),
)


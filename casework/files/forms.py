"""The form that takes a file: its facts, and the file itself."""

import colander
from deform import widget as stock

from casework.authz.identity import Identity
from casework.web.i18n import _
from casework.web.uploads import FIELD, SentFile
from schemas.files import FileFacts, FileWords

from .content import ENDINGS
from .models import StoredFile
from .service import may_seal

ACCEPT = ",".join(f".{ending}" for ending in dict.fromkeys(ENDINGS.values()))


class FileType(colander.SchemaType):
    """A file that came with the form. It is never shown again: browsers do not take one back."""

    def serialize(self, node, appstruct):
        return colander.null

    def deserialize(self, node, cstruct):
        return cstruct if isinstance(cstruct, SentFile) else colander.null


class FileWidget(stock.Widget):
    """A file input."""

    template = "file"
    file = True
    accept = ACCEPT

    def serialize(self, field, cstruct, **kw):
        return field.renderer(self.template, field=field, cstruct="")

    def deserialize(self, field, pstruct):
        return pstruct if isinstance(pstruct, SentFile) else colander.null


def file_form(identity: Identity, limit: int) -> FileFacts:
    """The schema; `limit` in MiB is told to who chooses a file."""
    schema = _for(identity, FileFacts())
    schema.children.insert(2, colander.SchemaNode(
        FileType(), name=FIELD, title=_("File"), widget=FileWidget(), missing_msg=_("Choose a file."),
        description=_("PDF, text, CSV, JSON, XML, e-mail, OpenDocument or Office document, or a ZIP archive of these; "
                      "at most ${limit} MiB. Pictures, sounds and films are refused.", mapping={"limit": limit}),
    ))
    return schema


def correction(request, _record: StoredFile) -> FileWords:
    """The schema of what may be put right afterwards."""
    return _for(request.identity, FileWords())


def _for(identity: Identity, schema: FileWords) -> FileWords:
    """Without the box for a sealed annex for who would not see one."""
    if not may_seal(identity):
        del schema["sealed_annex"]
    return schema

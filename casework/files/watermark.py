"""Who took a PDF, when, and which it was, on each of its pages."""

import io

from pypdf import PdfReader, PdfWriter
from pypdf.errors import PdfReadError

from casework.db.base import now
from casework.web.i18n import format_datetime
from casework.web.pdf import NoPdf, pdf_of

from .models import StoredFile

TEMPLATE = "casework:files/templates/stamp.jinja2"
WIDTH = 595.0  # points of the page that the line is drawn for (print.css, .cw-stamp)


def stamped(request, content: bytes, record: StoredFile) -> bytes | None:
    """`content` with a line on each page; None when this document cannot carry one."""
    try:
        document = PdfWriter(clone_from=PdfReader(io.BytesIO(content)))
        stamp = _stamp(request, record)
        for page in document.pages:
            box = page.mediabox
            scale = float(box.width) / WIDTH
            page.merge_transformed_page(stamp, (scale, 0, 0, scale, float(box.left), float(box.bottom)))
        made = io.BytesIO()
        document.write(made)
    except (PdfReadError, NoPdf, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    return made.getvalue()


def _stamp(request, record: StoredFile):
    identity = request.identity
    made = pdf_of(request, TEMPLATE, {
        "ref": record.ref, "who": identity.name, "agency": identity.agency_name, "identity": identity,
        "when": format_datetime(now(), request.locale_name), "title": record.ref,
    })
    return PdfReader(io.BytesIO(made)).pages[0]

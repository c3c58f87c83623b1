"""Labels of items as PDF: a code with the reference and nothing else, for a label printer or sheets of labels."""

from dataclasses import dataclass
from typing import Any

import colander
import segno
from markupsafe import Markup

from casework.records.registry import Context
from casework.web.download import attachment
from casework.web.forms import handle, make_form
from casework.web.i18n import _
from casework.web.pdf import NoPdf, pdf_of
from schemas import exhibits as asks
from schemas.rules import at

from .several import numbered

TEMPLATE = "casework:evidence/templates/labels.jinja2"


@dataclass(frozen=True)
class Paper:
    """How many labels stand on a page. Their measures are those of the page's style sheet (labels.css)."""

    code: str
    a_page: int


PAPERS = {paper.code: paper for paper in (
    Paper("p62x29", 1), Paper("p50x30", 1), Paper("p100x50", 1),
    Paper("a4_3x8", 24), Paper("a4_2x7", 14), Paper("a4_4x10", 40),
)}


def code_of(ref: str) -> Markup:
    """The QR code of a reference as SVG, readable when up to a quarter of it is damaged."""
    return Markup(segno.make(ref, error="q", micro=False).svg_inline(border=4, omitsize=True))


def sheets(items: list, paper: Paper, skip: int) -> list[list]:
    """The items by page; `skip` places of the first sheet stay empty (None)."""
    cells: list = [None] * (skip % paper.a_page) + items
    return [cells[start: start + paper.a_page] for start in range(0, len(cells), paper.a_page)]


def pdf(request, case: Any, items: list, data: dict) -> bytes:
    """The labels. Raises NoPdf."""
    paper = PAPERS[data["size"]]
    names = {"title": case.ref, "case": case, "paper": paper, "code_of": code_of,
             "sheets": sheets(items, paper, data.get("skip") or 0)}
    return pdf_of(request, TEMPLATE, names)


def labels(context: Context, request):
    """Which items, which paper; the answer is the file."""
    case = context.parent
    form = make_form(request, asks.Labels(), buttons=(("save", _("Make the labels")),), action=request.path)

    def on_valid(data: dict):
        items = numbered(request.db, case, data.get("numbers"), asks.LABELS + 1)
        if not items:
            raise at(form.schema, "numbers", _("No item of the case bears such a number."))
        if len(items) > asks.LABELS:
            raise at(form.schema, "numbers", _("At most ${most} at once.", mapping={"most": asks.LABELS}))
        try:
            made = pdf(request, case, items, data)
        except NoPdf:
            raise colander.Invalid(
                form.schema, _("This machine cannot make a PDF. Tell the administrator that Pango is missing.")
            ) from None
        request.audit("print", case, part="labels", items=len(items), size=data["size"])
        return attachment(f"labels-{case.ref}.pdf", made, "application/pdf")

    values = {"numbers": request.GET.get("numbers", "")[:200] or None, "size": "a4_3x8", "skip": 0}
    shown = handle(request, form, on_valid, values=values)
    if not isinstance(shown, dict):
        return shown
    return {
        **shown, "title": _("Print labels"), "back": f"/cases/{case.ref}/evidence", "confirm": None, "draft": None,
        "stale": None,
        "lead": _("A label bears the reference as a code, the number, the seal and nothing about what the item is."),
    }

"""A list that leaves the program, as PDF or CSV: it says who made it, when and for which purpose, and so does the log.

    handout = Handout(title, facts, columns, rows, complete)
    give(request, handout, answer) -> the file
"""

from dataclasses import dataclass
from typing import Any

import colander

from casework.db.base import now
from casework.web.download import attachment
from casework.web.forms import handle, make_form
from casework.web.i18n import _
from casework.web.pdf import NoPdf, pdf_of
from casework.web.render import code_label, translate
from casework.web.sheet import csv_of
from schemas import handout as asks

from .package import NoProof, archive

# A PDF is laid out while the reader waits: fifty rows take about a second.
LIMITS = {"pdf": 500, "csv": 5000, "package": 5000}
VERBS = {"pdf": "print", "csv": "export", "package": "export"}
TEMPLATE = "casework:records/templates/handout.jinja2"


@dataclass(frozen=True)
class Handout:
    """What leaves. `facts` are (name, value) pairs that stand over the list, `numbers` those of its entries in the log,
    `complete` whether all that was asked for is in it."""

    title: str
    facts: list[tuple[str, str]]
    columns: list[str]
    rows: list[list[str]]
    numbers: list[int]
    complete: bool


def ask(request, give) -> Any:
    """The form that asks what for; `give(answer)` makes the response of a good one."""
    form = make_form(request, asks.Handout, buttons=(("save", _("Make the file")),), action=request.path_qs)

    def on_valid(answer: dict):
        try:
            return give(answer)
        except NoPdf:
            raise colander.Invalid(form.schema, _("This machine cannot make a PDF. Take the CSV, or tell the "
                                                  "administrator that Pango is missing.")) from None
        except NoProof:
            raise colander.Invalid(form.schema, _("These entries are not in the signed log yet. Try again in a minute, "
                                                  "or take the CSV.")) from None

    return handle(request, form, on_valid)


def details(handout: Handout, answer: dict) -> dict:
    """What the entry of a handout says of it."""
    return {
        "form": answer["form"], "purpose": answer["purpose"], "explanation": answer["explanation"],
        "entries": len(handout.numbers), "complete": handout.complete,
        **({"first": min(handout.numbers), "last": max(handout.numbers)} if handout.numbers else {}),
    }


def file_of(request, handout: Handout, answer: dict, name: str):
    """The response with the file. Raises NoPdf, NoProof."""
    word = lambda text: translate(request, text)  # noqa: E731
    made = now()
    facts = [
        *handout.facts,
        (word(_("Made by")), f"{request.identity.name}, {code_label(request, 'roles', request.identity.role)}, "
                             f"{request.identity.agency_name}"),
        (word(_("Made at")), made.isoformat(timespec="seconds")),
        (word(_("Purpose")), f"{code_label(request, 'handout_purpose', answer['purpose'])}: {answer['explanation']}"),
        (word(_("Entries")), str(len(handout.numbers))),
        (word(_("Complete")), word(_("Yes")) if handout.complete else word(
            _("No: older entries were left out. Narrow the dates and make another list."))),
        (word(_("Request")), request.id),
    ]
    if answer["form"] in ("csv", "package"):
        body = csv_of([[handout.title], *facts, [], handout.columns, *handout.rows])
        if answer["form"] == "csv":
            return attachment(f"{name}.csv", body, "text/csv")
        return attachment(f"{name}.zip", archive(request, handout.numbers, body), "application/zip")
    names = {"title": handout.title, "facts": facts, "columns": handout.columns, "rows": handout.rows,
             "request_id": request.id, "made": made}
    return attachment(f"{name}.pdf", pdf_of(request, TEMPLATE, names), "application/pdf")

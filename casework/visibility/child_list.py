"""The paper for a child: who opened the file, in plain words. Made by the social worker the child is assigned to."""

import datetime as dt
from typing import Any

import colander
from pyramid.httpexceptions import HTTPForbidden, HTTPNotFound
from sqlalchemy import select

from casework.authz.access import access_to_one, shown
from casework.authz.scope import unscoped
from casework.db.base import now
from casework.people.models import Person
from casework.records.history_pages import seen_by
from casework.records.registry import Context, path_to
from casework.web.download import attachment
from casework.web.forms import handle, make_form
from casework.web.i18n import _
from casework.web.pdf import NoPdf, pdf_of
from casework.web.render import translate
from schemas.right_to_know import RightToKnow

from .opened import EMERGENCY, WHO, WHO_ELSE, WHY, WHY_ELSE, Line, opened

TEMPLATE = "casework:visibility/templates/opened.jinja2"
PURPOSE = "person_concerned"
MONTHS = (
    _("January"), _("February"), _("March"), _("April"), _("May"), _("June"), _("July"), _("August"), _("September"),
    _("October"), _("November"), _("December"),
)


def may_make(request, support: Any) -> bool:
    """Whether this person is the social worker whom the support of the child is assigned to."""
    return request.identity.role == "SW" and "W" in access_to_one(request.db, request.identity, support)


def link(request, context: Context) -> dict | None:
    """The way to the form, on the page of the support of a child."""
    support = context.own
    if context.type.name != "support_referral" or not may_make(request, support):
        return None
    return {"href": f"{path_to(request, support)}/right-to-know",
            "label": translate(request, _("Who opened the file: a paper for the child"))}


def make(context: Context, request) -> Any:
    """The form that asks what for, and the paper as PDF in the language of the page."""
    support, rt = context.own, context.type
    if support is None:
        raise HTTPNotFound()
    if not may_make(request, support):
        raise HTTPForbidden(f"{request.identity.role} does not make this paper")
    form = make_form(request, RightToKnow(), buttons=(("save", _("Make the paper")),), action=request.path)

    def on_valid(answer: dict):
        lines, complete = opened(request.db, request.registry["record_types"], support.child_id)
        try:
            body = pdf_of(request, TEMPLATE, paper(request, support, lines, complete))
        except NoPdf:
            raise colander.Invalid(form.schema, _("This machine cannot make a PDF. Tell the administrator that Pango "
                                                  "is missing.")) from None
        request.audit(
            "print", support, rule=seen_by(request, support), part="right_to_know", purpose=answer["purpose"],
            explanation=answer["explanation"], lines=len(lines), complete=complete, language=request.locale_name)
        return attachment(f"list-{support.ref}.pdf", body, "application/pdf")

    found = handle(request, form, on_valid, values={"purpose": PURPOSE})
    if not isinstance(found, dict):
        return found
    path = path_to(request, support)
    return {
        **found, "type": rt, "record": shown(request.db, request.identity, support), "path": path, "back": path,
        "danger": _carer_suspected(request, support),
    }


def _carer_suspected(request, support: Any) -> bool:
    """Whether somebody who cares for the child may be the one suspected."""
    query = select(Person.caregiver_is_suspect).where(Person.id == support.child_id)
    with unscoped(request.db, "one fact about the child whom the social worker is assigned to"):
        return request.db.scalar(query) == "yes"


def paper(request, support: Any, lines: list[Line], complete: bool) -> dict:
    """The names of the paper's template."""
    request.names.want("agency", (one.agency_id for one in lines))
    return {
        "title": translate(request, _("Who opened your file")), "ref": support.ref, "made": now(),
        "complete": complete, "rows": [_row(request, one) for one in lines],
    }


def _row(request, one: Line) -> dict:
    why = [WHY.get(one.role, WHY_ELSE)] + ([EMERGENCY] if one.emergency else [])
    return {
        "who": translate(request, WHO.get(one.role, WHO_ELSE)), "agency": request.names.of("agency", one.agency_id),
        "why": " ".join(translate(request, text) for text in why),
        "when": ", ".join(month(request, *pair) for pair in one.months),
    }


def month(request, year: int, number: int) -> str:
    """A month in words, for people who read slowly."""
    name = translate(request, MONTHS[dt.date(year, number, 1).month - 1])
    digits = str(year)
    if request.locale_name == "km":
        digits = digits.translate(str.maketrans("0123456789", "០១២៣៤៥៦៧៨៩"))
    return f"{name} {digits}"

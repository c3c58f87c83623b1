"""Links between cases on pages: each side shows to the other only what both agencies approved."""

from typing import Any

from pyramid.httpexceptions import HTTPForbidden
from sqlalchemy import ColumnElement, Select, and_, or_, select

from casework.authz.access import access_to_one, shown
from casework.authz.scope import unscoped
from casework.records.forms import run_form
from casework.records.registry import Context, RecordType, path_to
from casework.records.show import summary
from casework.web.i18n import _
from casework.web.render import code_label, translate
from schemas import case as asks

from . import link_flow, screens
from .models import Case, CaseLink


def side(request, link: CaseLink, case_id: Any, ref: str | None) -> dict:
    """One case of a link: all of it for who may open it; reference, unit and officer once approved; else nothing."""
    visible = request.db.get(Case, case_id) if case_id else None
    found = visible
    if found is None and link.state == "approved":
        with unscoped(request.db, "both agencies approved that the other side shows"):
            found = request.db.get(Case, case_id)
    if found is None:
        return {"ref": ref, "href": None, "agency": None, "officer": None}
    names = request.names
    return {
        "ref": found.ref, "href": path_to(request, visible) if visible is not None else None,
        "agency": names.of("agency", found.lead_agency_id), "officer": names.of("user_account", found.lead_officer_id),
    }


def link_page(request, link: CaseLink) -> dict:
    """The two sides; the reference that was typed shows only to those who typed it."""
    record = shown(request.db, request.identity, link)
    ours = link.agency_id == request.identity.agency_id
    return {
        "summary": summary(request, request.registry["record_types"]["case_link"], record),
        "sides": [side(request, link, link.case_id, None),
                  side(request, link, link.other_case_id, link.other_ref if ours else None)],
    }


LINK = RecordType(
    name="case_link", model=CaseLink, path="links", prefix="L", row="case.link", title=_("Link between cases"),
    plural=_("Links"), list_view=False, fields=("type", "basis", "created_by_id", "created_at"),
    labels={"type": _("Kind of link"), "basis": _("What it rests on"), "created_by_id": _("Proposed by"),
            "created_at": _("Proposed"), "approved_a_id": _("Approved by the proposing agency"),
            "approved_b_id": _("Approved by the other agency"), "other_ref": _("Reference as typed")},
    codes={"type": "link_type"}, hidden=("other_case_id", "other_agency_id"),
    template="casework:cases/templates/link.jinja2", voidable=False, extra=link_page,
)


def listing(context: Context, request) -> dict:
    """The links of a case, from either side."""
    case = context.own
    query = select(CaseLink).where(or_(CaseLink.case_id == case.id, CaseLink.other_case_id == case.id))
    links = list(request.db.scalars(query.order_by(CaseLink.id.desc()).limit(100)))
    request.names.want("user_account", (link.created_by_id for link in links))
    rows = []
    for link in links:
        rows.append({
            "ref": link.ref, "href": f"/links/{link.ref}", "type": code_label(request, "link_type", link.type),
            "state": code_label(request, "case_link_state", link.state),
            "by": request.names.of("user_account", link.created_by_id), "at": link.created_at,
        })
    return {"links": rows, "case": case, "may_propose": _may_propose(request, case)}


def _may_propose(request, case: Case) -> bool:
    access = access_to_one(request.db, request.identity, case, "case.link")
    return request.identity.role in ("INV", "PSU") and ("W" in access or "A" in access)


def new(context: Context, request):
    """Propose a link. The answer is the same whether or not there is a case with the reference."""
    case = context.own
    if not _may_propose(request, case):
        raise HTTPForbidden("may not propose a link")

    def save(data: dict) -> str:
        link_flow.propose(request.db, request.identity, case, data["other_case"], data["type"], data["basis"])
        return f"/cases/{case.ref}/links"

    return run_form(
        request, asks.Link(), title=_("Propose a link"), save=save, button=_("Propose"),
        back=f"/cases/{case.ref}/links",
        lead=_("A supervisor of each agency must approve it. Until then the other case shows nothing to you."),
    )


def _undecided(request) -> ColumnElement:
    agency_id = request.identity.agency_id
    return and_(
        CaseLink.state == "proposed",
        or_((CaseLink.agency_id == agency_id) & CaseLink.approved_a_id.is_(None),
            (CaseLink.other_agency_id == agency_id) & CaseLink.approved_b_id.is_(None)),
    )


def waiting(request) -> Select:
    return select(CaseLink.id).where(_undecided(request))


def to_approve(request) -> dict:
    """Panel of a supervisor: links that wait for the word of the own agency."""
    links = list(request.db.scalars(select(CaseLink).where(_undecided(request)).order_by(CaseLink.id).limit(10)))
    return {
        "title": translate(request, _("Links to decide")),
        "columns": [translate(request, _("Reference")), translate(request, _("Kind of link"))],
        "rows": [[screens.link(link.ref, f"/links/{link.ref}"), code_label(request, "link_type", link.type)]
                 for link in links],
        "empty": "",
    }

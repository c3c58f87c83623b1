"""Pages of a case besides the generic ones: the first screen, the 14 points, the team, the timeline, a conflict."""

import uuid
from collections import defaultdict

from pyramid.httpexceptions import HTTPForbidden, HTTPNotFound, HTTPSeeOther
from sqlalchemy import select

from casework.accounts.models import Membership
from casework.authz.access import NOTHING, access_to, access_to_one
from casework.authz.models import Grant
from casework.authz.scope import unscoped
from casework.records.forms import run_form
from casework.records.registry import Context
from casework.web.i18n import _
from casework.web.render import code_label
from casework.workflow.engine import Problem, Refused
from schemas import case as asks

from . import completeness, queue, screens, service, timeline
from .models import Case


def home(request) -> dict:
    """The first screen of a role: its queue, then its panels."""
    return {"tasks": queue.rows(request, queue.of_person(request)), "panels": screens.panels_of(request)}


# ---- the 14 points

def check(context: Context, request) -> dict:
    """The completeness check: each point with its findings and what was typed about it."""
    case = context.own
    with unscoped(request.db, "a point is in order for everybody or nobody; below, who sees a record is told of it"):
        points = completeness.check(request.db, case)
    return {
        "case": case, "points": points, "told": _told(request, points), "ready": all(point.ready for point in points),
        "may_explain": request.identity.role == "INV" and "W" in access_to_one(request.db, request.identity, case),
        "words": {"green": _("In order"), "amber": _("To check"), "red": _("Missing"), "explained": _("Explained")},
    }


def _told(request, points: list[completeness.Point]) -> dict[int, list[completeness.Finding]]:
    """The findings of each point about the case and about records that this person sees."""
    about = defaultdict(set)
    for point in points:
        for finding in point.findings:
            about[type(finding.about)].add(getattr(finding.about, "id", None))
    seen = {model: access_to(request.db, request.identity, model, list(ids))
            for model, ids in about.items() if model is not type(None)}

    def tells(finding: completeness.Finding) -> bool:
        one = finding.about
        return one is None or "M" in seen[type(one)].get(one.id, NOTHING)

    return {point.number: [finding for finding in point.findings if tells(finding)] for point in points}


def explain(context: Context, request):
    """Why one point is not green."""
    case = context.own
    number = int(request.matchdict["point"])
    if number not in completeness.POINTS:
        raise HTTPNotFound()
    if request.identity.role != "INV":
        raise HTTPForbidden("only investigators explain the points of their file")

    def save(data: dict) -> str:
        completeness.explain(case, number, data["why"])
        return f"/cases/{case.ref}/check"

    return run_form(
        request, asks.Explanation(), title=_("Point ${number}", mapping={"number": number}), save=save,
        lead=completeness.TITLES[number], values={"why": (case.explanations or {}).get(str(number))},
        version=case.version, theirs=lambda name: (case.explanations or {}).get(str(number), ""),
        back=f"/cases/{case.ref}/check",
    )


# ---- plan

def plan(context: Context, request):
    """The plan of the enquiry, read by those who may read the notes."""
    case = context.own

    def save(data: dict) -> str:
        case.plan = data["plan"]
        return f"/cases/{case.ref}"

    return run_form(
        request, asks.Plan(), title=_("Plan of the enquiry"), save=save, values={"plan": case.plan},
        version=case.version, theirs=lambda name: case.plan or "", back=f"/cases/{case.ref}",
    )


# ---- team

def team(context: Context, request) -> dict:
    """Who is assigned to the case, and what a supervisor may do about it."""
    case, db = context.own, request.db
    grants = service.grants_on(db, case)
    request.names.want("user_account", (g.principal_id for g in grants))
    request.names.want("agency", (g.agency_id for g in grants))
    rows = []
    for grant in grants:
        office = grant.principal_id == grant.agency_id
        rows.append({
            "id": grant.id, "agency": request.names.of("agency", grant.agency_id),
            "name": None if office else request.names.of("user_account", grant.principal_id),
            "role": code_label(request, "roles", grant.role), "part": code_label(request, "case_part", grant.part),
            "since": grant.created_at, "lead": grant.part == service.LEAD, "chief_only": grant.chief_only,
            "police": grant.role in ("INV", "FOR"),
        })
    return {
        "case": case, "grants": rows, "may_assign": _may_assign(request, case),
        "assigned": any(g.principal_id == request.identity.user_id for g in grants),
    }


def _may_assign(request, case: Case) -> bool:
    return request.identity.role == "PSU" and "A" in access_to_one(request.db, request.identity, case)


def assign(context: Context, request):
    """Put somebody on the case, as lead or on the team, with the load of each in view."""
    case, db = context.own, request.db
    if not _may_assign(request, case):
        raise HTTPForbidden("only a supervisor assigns")

    def save(data: dict) -> str:
        membership = db.get_one(Membership, uuid.UUID(data["assignee"]))
        if data["part"] == service.LEAD and membership.role != "INV":
            raise Refused(Problem(_("Only an investigator leads a case."), "part"))
        service.assign(
            db, request.identity, case, role=membership.role, agency_id=membership.agency_id,
            user_id=membership.user_id, part=data["part"], reason=data["reason"],
        )
        return f"/cases/{case.ref}/team"

    return run_form(
        request, asks.Assign(), title=_("Assign"), save=save, button=_("Assign"), back=f"/cases/{case.ref}/team",
        values={"part": service.MEMBER if case.lead_officer_id else service.LEAD},
    )


def unassign(context: Context, request):
    """Take somebody off the case. An id of another case finds nothing."""
    case, db = context.own, request.db
    if not _may_assign(request, case):
        raise HTTPForbidden("only a supervisor assigns")
    try:
        grant_id = uuid.UUID(request.POST.get("grant", ""))
    except ValueError:
        raise HTTPNotFound() from None
    grant = db.scalars(
        select(Grant).where(Grant.id == grant_id, Grant.subject_id == case.id, Grant.ended_at.is_(None))
    ).one_or_none()
    if grant is None:
        raise HTTPNotFound()
    service.unassign(db, request.identity, grant)
    return HTTPSeeOther(f"/cases/{case.ref}/team")


def conflict(context: Context, request):
    """Declare a conflict of interest: the case is shut to oneself, whatever right one had."""
    case = context.own

    def save(data: dict) -> str:
        service.recuse(request.db, request.identity, request.identity.user_id, case, data["reason"])
        return "/"

    return run_form(
        request, asks.Conflict(), title=_("Declare a conflict of interest"), save=save, back=f"/cases/{case.ref}",
        button=_("Shut this case to me"),
        confirm=_("You will not be able to open this case again, not even in an emergency."),
    )


# ---- timeline

def whole_timeline(context: Context, request) -> dict:
    """Everything that happened, newest first, by kind and page."""
    case = context.own
    kind = request.GET.get("kind")
    kind = kind if kind in timeline.KINDS else None
    items, older = timeline.items_of(request, case, kind)
    return {"case": case, "lines": items, "older": older, "kind": kind, "kinds": timeline.KINDS}

"""Pages of support that the generic ones do not fit: asking, first contact, consent by age, assessment, sending."""

from typing import Any

from pyramid.httpexceptions import HTTPForbidden, HTTPNotFound
from sqlalchemy import select

from casework.authz.access import access_to_one, shown
from casework.cases.guards import as_uuid
from casework.db.base import now
from casework.people.models import Person
from casework.records.forms import run_form
from casework.records.labels import label
from casework.records.registry import Context, path_to
from casework.records.show import cell
from casework.web.i18n import _
from casework.web.render import code_label, translate
from casework.workflow.engine import Transition, apply, possible
from schemas import support as asks
from schemas.fields import Strict

from . import consents, page, service
from .ages import guidance_for
from .minimal import minimal_view
from .models import Assessment, SupportReferral
from .workflow import REQUESTERS

# ---- from a case

def of_case(context: Context, request) -> dict:
    """The support asked for in a case, as far as this person may know of it."""
    case, rt = context.own, request.registry["record_types"]["support_referral"]
    query = select(SupportReferral).where(SupportReferral.case_id == case.id, SupportReferral.voided_at.is_(None))
    columns = ("ref", "child_id", "status", "worker_id", "may_be_interviewed")
    rows = []
    for support in request.db.scalars(query.order_by(SupportReferral.id)):
        record = shown(request.db, request.identity, support)
        # Which child it is about is told to those who see the child.
        named = request.names.of("person", support.child_id)
        cells = [cell(request, rt, record, c, request.names, f"/support/{support.ref}") for c in columns]
        rows.append([cells[0], named, *cells[2:]])
    return {
        "rows": rows, "columns": [translate(request, label(rt, c)) for c in columns],
        "may_ask": _may_ask(request, case), "ask": f"/cases/{case.ref}/support/new",
    }


def _may_ask(request, case: Any) -> bool:
    """Police who work on the case, and social services who see its child."""
    role = request.identity.role
    if role not in REQUESTERS:
        return False
    return role in ("SW", "SWS") or "W" in access_to_one(request.db, request.identity, case)


def ask(context: Context, request):
    """Ask social services to support a child of a case."""
    case, identity = context.own, request.identity
    if not _may_ask(request, case):
        raise HTTPForbidden(f"{identity.role} may not ask for support here")

    def save(data: dict) -> str:
        child = request.db.scalars(select(Person).where(Person.id == as_uuid(data["child"]))).one()
        support = service.create_request(
            request.db, identity, agency_id=as_uuid(data["agency_id"]), child_id=child.id, case_id=case.id,
            referral_id=child.referral_id, urgency=data["urgency"], reason_code=data["reason_code"],
            reason=data["reason"], safe_contact=data["safe_contact"],
        )
        request.db.flush()
        return path_to(request, support)

    return run_form(
        request, asks.RequestFromCase(), title=_("Ask for support of a child"), save=save,
        button=_("Ask for support"), back=f"/cases/{case.ref}/support",
        values={"agency_id": str(case.support_agency_id)} if case.support_agency_id else None,
    )


# ---- steps with a form of their own, at the path of the generic one

def _step(context: Context, request, event: str) -> tuple[SupportReferral, Transition]:
    support = context.own
    if support is None:
        raise HTTPNotFound()
    offered = [t for t in possible(request.db, request.identity, support) if t.event == event]
    if not offered:
        raise HTTPForbidden(f"{request.identity.role} may not {event} here")
    return support, offered[0]


def _form(request, support: SupportReferral, transition: Transition, schema: Strict, **more: Any):
    event = transition.event
    title = f"{code_label(request, 'events', event)}: {support.ref}"

    def save(data: dict) -> str:
        apply(request.db, request.identity, support, event, data)
        return f"{path_to(request, support)}?done={event}"

    return run_form(
        request, schema, title=title, save=save, button=code_label(request, "events", event), version=support.version,
        confirm=transition.confirm, back=path_to(request, support), **more,
    )


def first_contact(context: Context, request):
    """Take a request and log the first contact in one: mostly a call, just now."""
    support, transition = _step(context, request, "first_contact")
    return _form(
        request, support, transition, asks.FirstContact(), values={"first_contact_at": now(), "kind": "call"},
        lead=_("Before you call: a safe time, a safe channel, and who else reads this telephone?"),
    )


def consent(context: Context, request):
    """Consent or assent, with what the child's age asks for filled in."""
    support, transition = _step(context, request, "consent")
    child = consents.child_of(request.db, support)
    kinds = consents.still_missing(request.db, support, now()) or guidance_for(child).kinds
    kind = kinds[0]
    # Who reads the child's file may have the name filled in; the worker is on the child.
    giver = child.name if kind in (consents.CHILD, consents.ASSENT) else None
    told = support.explained or {}
    needed = ", ".join(code_label(request, "consent_kind", one) for one in guidance_for(child).kinds)
    values = {
        "kind": kind, "purposes": list(consents.PROPOSED), "given_at": now(), "form": "thumbprint",
        "given_by": giver, **told,
    }
    return _form(
        request, support, transition, asks.Consent(), values={k: v for k, v in values.items() if v},
        lead=_("At this age it takes: ${kinds}. The child may say no to each purpose.", mapping={"kinds": needed}),
    )


def assess(context: Context, request):
    """Eleven needs on one page. The rules that propose the level stand beside, the person sets it."""
    support, transition = _step(context, request, "assess")
    query = select(Assessment).where(Assessment.support_id == support.id, Assessment.voided_at.is_(None))
    last = request.db.scalars(query.order_by(Assessment.id.desc()).limit(1)).first()
    values = None
    if last is not None:
        names = ("domains", "level_of_risk", "safety_plan", "protective_factors", "may_be_interviewed")
        values = {name: value for name in names if (value := getattr(last, name))}
    found = _form(request, support, transition, asks.Assessment(), values=values)
    return found if not isinstance(found, dict) else {**found, "rules": list(asks.PROPOSAL_RULES.values())}


def send(context: Context, request):
    """To a provider, with exactly what will be sent in view."""
    event = request.matched_route.name.partition(".")[2]
    support, transition = _step(context, request, event)
    found = _form(
        request, support, transition, asks.Send(),
        values={"services": support.services} if support.services else None,
    )
    if not isinstance(found, dict):
        return found
    view = minimal_view(request.db, support, support.services or [], now())
    return {**found, "preview": page.minimal_rows(request, view)}


# ---- print

def sheet(context: Context, request) -> dict:
    """A consent on paper, with a place for the thumbprint. Printing it is written into the log."""
    record = context.own
    if record is None:
        raise HTTPNotFound()
    request.audit("print", record)
    support = context.parent
    return {
        "title": _("Consent ${ref}", mapping={"ref": record.ref}), "back": path_to(request, record),
        "record": shown(request.db, request.identity, record), "child": page.child_of(request, support),
        "support": support,
    }

"""The identity bar over every page of a case: what it is, where it stands, who leads it, what runs out next."""

from sqlalchemy import Select, bindparam, select

from casework.authz.access import shown
from casework.authz.identity import Identity
from casework.authz.scope import kept, narrowed
from casework.records.labels import COMMON
from casework.web.i18n import _, format_date
from casework.web.render import code_label, translate

from .models import Case, Task
from .tasks import OPEN

RISK_COLOURS = {"high": "red", "medium": "orange", "low": "yellow"}


def case_frame(request, case: Case) -> dict:
    """For `records/page.jinja2`: ref, title, tags, meta."""
    seen, names, locale = shown(request.db, request.identity, case), request.names, request.locale_name
    names.want("user_account", [seen.lead_officer_id])
    names.want("agency", [seen.lead_agency_id])
    tags = [{"text": code_label(request, "case_state", seen.state), "colour": "blue"}]
    if seen.risk_to_child in RISK_COLOURS:
        risk = code_label(request, "risk_to_child", seen.risk_to_child)
        text = translate(request, _("Risk to a child: ${level}"), level=risk)
        tags.append({"text": text, "colour": RISK_COLOURS[seen.risk_to_child]})
    if seen.voided_at:
        tags.append({"text": translate(request, _("Voided")), "colour": "red"})
    meta = [
        {"key": translate(request, COMMON["lead_officer_id"]),
         "value": names.of("user_account", seen.lead_officer_id) or translate(request, _("Nobody yet"))},
        {"key": translate(request, COMMON["lead_agency_id"]), "value": names.of("agency", seen.lead_agency_id)},
    ]
    due = next_due(request, case)
    if due is not None:
        meta.append({"key": translate(request, _("Next deadline")), "due": due})
    if seen.limitation_at:
        meta.append({"key": translate(request, _("Limitation")), "value": format_date(seen.limitation_at, locale)})
    return {"ref": case.ref, "title": seen.title, "tags": tags, "meta": meta}


def next_due(request, case: Case):
    """When the first of the open tasks that this person sees runs out."""
    return _first_due(request.db, case=case.id).scalar()


@kept
def _first_due(identity: Identity) -> Select:
    query = select(Task.due_at).where(
        Task.case_id == bindparam("case"), Task.state.in_(OPEN), Task.due_at.is_not(None))
    return narrowed(query.order_by(Task.due_at).limit(1), identity)

"""The generic pages of a record type: list, new, view, edit, transition, history."""

from typing import Any

from pyramid.httpexceptions import HTTPForbidden, HTTPNotFound
from pyramid.i18n import TranslationStringFactory
from sqlalchemy import select

from casework.authz.access import Shown, access_to, access_to_one, shown
from casework.workflow.engine import apply, flow_of, possible
from schemas.fields import ReasonSchema

from .forms import run_form
from .history import entries_of
from .names import agency_names, user_names
from .paging import page_of
from .registry import Context, path_to

_ = TranslationStringFactory("casework")

LIST_KEYS = ("state", "source", "risk_level", "province", "conduct", "kind", "urgency", "risk_to_child")


def _require_record(context: Context) -> Any:
    if context.own is None:
        raise HTTPNotFound()
    return context.own


def listing(context: Context, request) -> dict:
    """A page of the records this person may see, filtered by what the address says."""
    rt = context.type
    query = select(rt.model)
    if context.parent is not None:
        query = query.where(getattr(rt.model, rt.link) == context.parent.id)
    chosen = []
    for column, codes in rt.filters:
        values = [v for v in request.GET.getall(column) if request.registry["codes"].has(codes, v)]
        if values:
            query = query.where(getattr(rt.model, column).in_(values))
            chosen.append((column, codes, values))
    page = page_of(request, query, rt.model)
    access = access_to(request.db, request.identity, rt.model, [r.id for r in page.rows])
    rows = [Shown(record, access[record.id]) for record in page.rows if record.id in access]
    agencies = agency_names(request, (getattr(row, c) for row in rows for c in rt.columns if c.endswith("agency_id")))
    return {
        "type": rt, "rows": rows, "page": page, "chosen": chosen, "agencies": agencies, "parent": context.parent,
        "parent_path": path_to(request, context.parent) if context.parent is not None else None,
        "may_create": rt.create is not None and request.has_permission(f"{rt.row}:W", context),
    }


def new(context: Context, request):
    """Create a record by its type's own `create`."""
    rt = context.type

    def save(data: dict) -> str:
        record = rt.create(request, context.parent, data)
        return path_to(request, record)

    return run_form(request, rt.schema(), title=_("New: ${type}", mapping={"type": rt.title}), save=save)


def record_values(record: Any, schema) -> dict[str, Any]:
    """The record's present values for the fields of a schema."""
    return {node.name: getattr(record, node.name) for node in schema.children
            if hasattr(type(record), node.name) and getattr(record, node.name) is not None}


def view(context: Context, request) -> dict:
    """The record's page."""
    record, rt = _require_record(context), context.type
    request.audit("view", record)
    page = {
        "type": rt, "record": shown(request.db, request.identity, record), "parent": context.parent,
        "path": path_to(request, record),
        "transitions": possible(request.db, request.identity, record) if hasattr(record, "__flow__") else [],
        "may_edit": rt.edit_schema is not None
        and "W" in access_to_one(request.db, request.identity, record),
    }
    if rt.extra is not None:
        page.update(rt.extra(request, record))
    return page


def edit(context: Context, request):
    """Change a record; who saves an old version is shown both."""
    record, rt = _require_record(context), context.type
    schema = rt.edit_schema()

    def save(data: dict) -> str:
        if rt.edit is not None:
            rt.edit(request, record, data)
        else:
            for name, value in data.items():
                setattr(record, name, value)
        return path_to(request, record)

    return run_form(
        request, schema, title=_("Change ${ref}", mapping={"ref": record.ref}), save=save, record=record,
        version=record.version, values=record_values(record, schema) if request.method == "GET" else None,
        back=path_to(request, record),
    )


def do(context: Context, request):
    """One transition: its form (or only a confirmation), its guards, and on to the record."""
    record = _require_record(context)
    event = request.matchdict["event"]
    transitions = flow_of(record).by_event(event)
    if not transitions:
        raise HTTPNotFound()
    transition = next((t for t in transitions if record.state in t.sources), transitions[0])
    if request.identity.role not in transition.roles:
        raise HTTPForbidden(f"{request.identity.role} may not {event}")
    if record.state in transition.sources and transition not in possible(request.db, request.identity, record):
        raise HTTPForbidden(f"{request.identity.role} may not {event} here")
    schema = (transition.schema or ReasonSchema)()
    if transition.schema is None and not transition.reason:
        schema.children = []
    if transition.fresh and request.method == "POST":
        request.registry["require_fresh"](request)

    def save(data: dict) -> str:
        apply(request.db, request.identity, record, event, data)
        return f"{path_to(request, record)}?done={event}"

    label = request.registry["codes"].label("events", event, request.locale_name)
    return run_form(
        request, schema, title=f"{label}: {record.ref}", button=label, save=save, record=record,
        version=record.version, confirm=transition.confirm, back=path_to(request, record),
    )


def history(context: Context, request) -> dict:
    """Who did what with this record, when, by which rule, with old and new values as this person may see them."""
    record = _require_record(context)
    entries, older = entries_of(request, record)
    return {
        "type": context.type, "record": shown(request.db, request.identity, record), "entries": entries,
        "older": older, "path": path_to(request, record),
        "users": user_names(request, (e.actor_id for e in entries)),
    }

"""The generic pages of a record type: list, new, view, edit, transition, void."""

from typing import Any

from pyramid.httpexceptions import HTTPForbidden, HTTPNotFound
from sqlalchemy import select

from casework.audit.capture import describe
from casework.authz.access import Shown, access_to, access_to_one, shown
from casework.authz.scope import among
from casework.crypto.sealed import erased
from casework.web.i18n import _
from casework.web.render import translate
from casework.workflow.engine import apply, flow_of, possible
from schemas.case import VoidCase
from schemas.fields import ReasonSchema
from schemas.voiding import VoidDecision

from . import erasing, filters, voiding
from .forms import run_form
from .frame import expect
from .history_pages import seen_by
from .labels import label
from .names import user_names
from .paging import page_of
from .registry import Context, RecordType, path_to
from .show import cell, summary, want_all, words


def _require_record(context: Context) -> Any:
    if context.own is None:
        raise HTTPNotFound()
    return context.own


def filters_of(rt: RecordType) -> list[filters.Filter]:
    """The filters of a type's list."""
    return [
        one if isinstance(one, filters.Filter) else filters.by_code(rt.model, *one, label(rt, one[0]))
        for one in rt.filters
    ]


def filter_names(rt: RecordType) -> tuple[str, ...]:
    """The fields that may come several times in the address of a list."""
    return tuple(one[0] if isinstance(one, tuple) else one.name for one in rt.filters)


def listing(context: Context, request) -> dict:
    """A page of the records this person may see, filtered by what the address says, mostly without the voided ones."""
    rt = context.type
    query = select(rt.model)
    if hasattr(rt.model, "voided_at") and not rt.struck:
        query = query.where(rt.model.voided_at.is_(None))
    base = request.path
    if context.parent is not None:
        query = query.where(getattr(rt.model, rt.link) == context.parent.id)
    query, fields, tags = filters.narrowed(request, filters_of(rt), query)
    start = among(rt.model, request.identity) if context.parent is None else None
    page = page_of(request, query, rt.model, start)
    access = access_to(request.db, request.identity, rt.model, [r.id for r in page.rows])
    rows = [Shown(record, access[record.id]) for record in page.rows if record.id in access]
    names = request.names
    expect(request)
    want_all(names, rt, rows, rt.columns)
    return {
        "type": rt, "page": page, "filter_fields": fields, "filter_tags": tags,
        "columns": [translate(request, label(rt, c)) for c in rt.columns],
        "rows": [[cell(request, rt, row, c, names, f"{base}/{row.ref}") for c in rt.columns] for row in rows],
        "may_create": rt.create is not None and bool(request.has_permission(f"{rt.permission}:W", context)),
    }


def new(context: Context, request):
    """Create a record by its type's own `create`."""
    rt = context.type

    def save(data: dict) -> str:
        record = rt.create(request, context.parent, data)
        request.db.flush()
        return path_to(request, record)

    return run_form(
        request, rt.make_schema(request), title=_("New: ${type}", mapping={"type": translate(request, rt.title)}),
        save=save, back=request.path.removesuffix("/new"),
    )


def record_values(record: Any, schema: Any) -> dict[str, Any]:
    """The record's present values for the fields of a schema."""
    return {
        node.name: getattr(record, node.name) for node in schema.children
        if hasattr(type(record), node.name) and getattr(record, node.name) is not None
    }


def page_names(request, context: Context) -> dict:
    """What every record's page knows: the record as this person may see it, and what can be done with it."""
    record, rt = _require_record(context), context.type
    db, identity = request.db, request.identity
    expect(request)
    transitions = [t for t in possible(db, identity, record) if t.event not in rt.inner] if rt.flow else []
    erasable = request.registry.get("erasable", ())
    gone = erased(record) if "R" in access_to_one(db, identity, record) else None
    return {
        "type": rt, "record": shown(db, identity, record), "path": path_to(request, record),
        "transitions": [t for t in transitions if t.event not in rt.rare],
        "rare": [t for t in transitions if t.event in rt.rare],
        "erased": gone, "erasing": erasing.asked_of(request, record) if rt.name in erasable else None,
        "may_edit": rt.edit_schema is not None and gone is None and "W" in access_to_one(db, identity, record),
        "may_void": rt.may_be_voided and record.voided_at is None and voiding.may_decide(db, identity, record),
        "voiding": voiding.pending(db, record) if rt.may_be_voided else None, "links": links_of(request, rt),
        "further": [one for make in request.registry.get("further_pages", ()) if (one := make(request, context))],
    }


def links_of(request, rt: RecordType) -> list[tuple[str, str]]:
    """What else hangs under a record of the type: (title, last part of the path) of what this role may see."""
    matrix, role = request.registry["matrix"], request.identity.role
    links = request.registry.get("record_links", {}).get(rt.name, ())
    return [
        (translate(request, title), path) for title, path, row in links
        if matrix.cell(row, role).may("M")
    ]


def view(context: Context, request) -> dict:
    """The record's page."""
    record, rt = _require_record(context), context.type
    rule, stated = seen_by(request, record), request.registry.get("purpose_stated")
    request.audit("view", record, rule=rule, **(stated(request, record, rule) if stated is not None else {}))
    page = page_names(request, context)
    if rt.extra is not None:
        page.update(rt.extra(request, record))
    page.setdefault("summary", None)
    if page["summary"] is None and rt.template.endswith("records/templates/view.jinja2"):
        page["summary"] = summary(request, rt, page["record"])
    return page


def edit(context: Context, request):
    """Change a record; who saves an old version is shown both."""
    record, rt = _require_record(context), context.type
    schema = rt.make_schema(request, record, edit=True)

    def save(data: dict) -> str:
        describe(request.db, record, verb="update", rule=access_to_one(request.db, request.identity, record).rule("W"))
        if rt.edit is not None:
            rt.edit(request, record, data)
        else:
            for name, value in data.items():
                setattr(record, name, value)
        return path_to(request, record)

    values = rt.values(record) if rt.values is not None else record_values(record, schema)
    return run_form(
        request, schema, title=_("Change ${ref}", mapping={"ref": record.ref}), save=save, version=record.version,
        values=values, theirs=lambda name: _saved(request, rt, record, name), back=path_to(request, record),
    )


def _saved(request, rt: RecordType, record: Any, name: str) -> str | None:
    """What is saved now in the column behind a field, as words; None where there is no such column."""
    for column in (name, f"{name}_id"):
        if hasattr(type(record), column):
            return words(request, rt, column, getattr(record, column), request.names)
    return None


def do(context: Context, request):
    """One transition: its form (or only a confirmation), its guards, and on to the record."""
    record, rt = _require_record(context), context.type
    event = request.matchdict["event"]
    transitions = flow_of(record).by_event(event)
    if not transitions or event in rt.inner:
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

    words_of_event = request.registry["codes"].label("events", event, request.locale_name)
    return run_form(
        request, schema, title=f"{words_of_event}: {record.ref}", button=words_of_event, save=save,
        version=record.version, confirm=transition.confirm, back=path_to(request, record),
        theirs=lambda name: _saved(request, rt, record, name),
    )


def void(context: Context, request):
    """The first person asks that a wrong record be voided; the second decides."""
    record = _require_record(context)
    db, identity = request.db, request.identity
    if not voiding.may_decide(db, identity, record) or record.voided_at is not None:
        raise HTTPForbidden("may not void this")
    asked = voiding.pending(db, record)

    def save(data: dict) -> str:
        if asked is None:
            voiding.ask(db, identity, record, data["reason_code"], data["reason"])
        else:
            voiding.decide(db, identity, record, data["decision"] == "approve")
        return path_to(request, record)

    if asked is not None and asked.asked_by_id == identity.user_id:
        raise HTTPForbidden("voiding takes two people")
    lead = None
    if asked is not None:
        by = user_names(request, [asked.asked_by_id]).get(asked.asked_by_id, "")
        lead = _("${who} asked to void this record: ${why}", mapping={"who": by, "why": asked.reason})
    return run_form(
        request, VoidCase() if asked is None else VoidDecision(),
        title=_("Void ${ref}", mapping={"ref": record.ref}), save=save, lead=lead, back=path_to(request, record),
        button=_("Ask to void") if asked is None else _("Save"), version=record.version,
        confirm=_("A voided record stays in the log and is left out of lists, figures and the file. It takes two "
                  "people."),
    )

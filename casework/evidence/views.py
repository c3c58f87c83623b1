"""Pages of evidence besides the generic ones: the list, a new item, several handed over or accepted, the chain."""

from pyramid.httpexceptions import HTTPNotFound
from sqlalchemy import select

from casework.authz.access import access_to_one, shown
from casework.records import views as generic
from casework.records.forms import run_form
from casework.records.registry import Context, path_to
from casework.web.i18n import _
from casework.workflow.engine import Problem, Refused
from schemas import evidence as asks
from schemas.fields import BooleanNode

from . import service
from .chain import problems_of
from .models import EvidenceItem
from .options import title_of
from .panels import waiting_for
from .seen_hashes import dated_rows
from .types import chain_rows, holder, whole_chain

LOT = 50


def listing(context: Context, request) -> dict:
    """The items of a case; who holds some may hand several over."""
    page = generic.listing(context, request)
    mine = select(EvidenceItem.id).where(
        EvidenceItem.case_id == context.parent.id, EvidenceItem.holder_id == request.identity.user_id,
        EvidenceItem.state.in_(("sealed", "in_storage", "in_examination")),
    ).limit(1)
    identity, role = request.identity, request.identity.role
    writes = role in ("INV", "FOR") and "W" in access_to_one(request.db, identity, context.parent, "evidence.item")
    return {**page, "may_create": writes,
            "may_scan": role in ("INV", "FOR", "CUS"),
            "may_release": role in ("INV", "FOR", "CUS") and request.db.execute(mine).first() is not None}


def new(context: Context, request):
    """Record an item; what the last one had in common is filled in. The next one can follow at once."""
    case, identity = context.parent, request.identity
    schema = asks.EvidenceItem()
    schema.add(BooleanNode(name="another", title=_("Record another item after this one")))

    def save(data: dict) -> str:
        another = data.pop("another")
        item = service.record_item(request.db, identity, case, data)
        request.db.flush()
        return f"/cases/{case.ref}/evidence/new" if another else path_to(request, item)

    last = service.last_by(request.db, identity, case) if request.method == "GET" else None
    values = {name: getattr(last, name) for name in service.REPEATED} if last is not None else {}
    return run_form(
        request, schema, title=_("New evidence item"), save=save, values=values, back=f"/cases/{case.ref}/evidence",
    )


def release(context: Context, request):
    """Hand several items to one receiver."""
    case, db = context.parent, request.db

    def save(data: dict) -> str:
        chosen = data.pop("items")
        query = select(EvidenceItem).where(EvidenceItem.id.in_(service.ids(chosen)))
        service.release(db, request.identity, db.scalars(query.order_by(EvidenceItem.number)), data)
        return f"/cases/{case.ref}/evidence"

    held = [value for value, _label in request.options("items:held")]
    return run_form(
        request, asks.ReleaseSeveral(), title=_("Hand over evidence"), button=_("Release"), save=save,
        values={"items": held, "purpose": "storage"}, back=f"/cases/{case.ref}/evidence",
        lead=_("Until the receiver has accepted, every item stays on your account."),
    )


def accept(request):
    """Accept or refuse what waits for me, each with its seal number typed again; what is left empty waits on."""
    items = list(request.db.scalars(waiting_for(request.identity).limit(LOT)))
    if not items:
        return {"title": _("Accept items"), "form": "", "lead": _("Nobody is handing anything to you."), "back": "/",
                "confirm": None, "draft": None, "stale": None}
    schema = asks.AcceptLot()
    for item in items:
        one = asks.LotItem(name=f"item_{item.chain_seq}_{item.ref.replace('-', '_')}", title=title_of(item))
        if item.kind not in asks.DIGITAL:
            del one["hash_after"]
        schema.add(one)
    fields = {node.name: item for node, item in zip(schema.children[1:], items, strict=True)}

    def save(data: dict) -> str:
        location = data["location"]
        found = [
            (item, {**data[name], "location": location}) for name, item in fields.items() if _answered(data[name])
        ]
        if not found:
            raise Refused(Problem(_("Type the seal number of at least one item.")))
        service.accept(request.db, request.identity, found)
        return "/"

    return run_form(
        request, schema, title=_("Accept items"), button=_("Accept"), save=save, back="/",
        lead=_("Read each seal number from the item and type it. Leave empty what you do not answer now."),
        values={name: {"condition": "intact"} for name in fields},
    )


def _answered(data: dict) -> bool:
    return bool(data["seal_before"] or data["refuse"] or data["condition"] == "missing")


def chain(context: Context, request) -> dict:
    """The chain of custody of an item, to be read and printed: gaps in red, or that there is none, and its hash values
    as this person may see them."""
    item = context.parent
    if item is None or "R" not in access_to_one(request.db, request.identity, item, "custody.event"):
        raise HTTPNotFound()
    request.audit("view", item, part="custody")
    events = whole_chain(request, item)
    problems = problems_of(request.db, item, events)
    hashes = dated_rows(request, item)
    rows = chain_rows(request, item, events, problems)
    record = shown(request.db, request.identity, item)
    return {
        "item": record, "path": path_to(request, item), "holder": holder(request, record, request.names),
        "rows": rows, "hashes": hashes, "names": request.names,
        "problems": problems, "at_end": [p.message for p in problems if p.seq is None],
    }

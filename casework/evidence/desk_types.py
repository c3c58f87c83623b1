"""The record types of viewing requests and stocktakes."""

from sqlalchemy import select

from casework.authz.access import shown
from casework.records.registry import RecordType, path_to
from casework.records.show import summary
from casework.web.i18n import _
from casework.workflow.engine import possible
from schemas import exhibits as asks

from . import stocktake, viewing
from .models import EvidenceItem
from .stock_models import Stocktake, StocktakeLine
from .vault_models import ViewingRequest

LINES = 100


def viewing_page(request, record: ViewingRequest) -> dict:
    """The request with its item, and the steps that are this person's to do."""
    db, identity = request.db, request.identity
    item = db.get(EvidenceItem, record.item_id)
    mine = record.created_by_id == identity.user_id
    return {
        "summary": summary(request, VIEWING, shown(db, identity, record)),
        "transitions": [t for t in possible(db, identity, record) if mine or viewing.own not in t.guards],
        "item_ref": item.ref, "item_path": path_to(request, item),
    }


def stocktake_page(request, record: Stocktake) -> dict:
    """Counts, and the lines scanned last; when it is over, the differences first."""
    db, identity = request.db, request.identity
    own = identity.role == "CUS" and record.agency_id == identity.agency_id
    query = select(StocktakeLine).where(StocktakeLine.stocktake_id == record.id)
    is_over = record.state != "open"
    order = ((StocktakeLine.result == "found"), StocktakeLine.id) if is_over else (StocktakeLine.id.desc(),)
    counts = stocktake.counted(db, record)
    return {
        "counts": counts, "may_scan": own and not is_over,
        "awaited": counts.get("found", 0) + counts.get("missing", 0) if is_over else stocktake.awaited(db, record),
        "lines": list(db.scalars(query.order_by(*order).limit(LINES))),
        "transitions": possible(db, identity, record) if own else [],
    }


VIEWING = RecordType(
    name="viewing_request", model=ViewingRequest, path="viewing", prefix="EV", row="restricted.material",
    parent="evidence_item", link="item_id", title=_("Viewing request"), plural=_("Viewing requests"), list_view=False,
    voidable=False, schema=asks.ViewingRequest, extra=viewing_page,
    template="casework:evidence/templates/viewing.jinja2",
    fields=("purpose", "authority", "created_by_id", "created_at", "decided_by_id", "decided_at", "until", "viewed_at",
            "minutes", "files"),
    labels={
        "created_by_id": _("Asked by"), "created_at": _("Asked"), "decided_by_id": _("Decided by"),
        "decided_at": _("Decided"), "until": _("Approved until"), "viewed_at": _("When the viewing began"),
        "minutes": _("Minutes"), "files": _("Files looked at"), "item_id": _("Evidence item"),
    },
)

STOCKTAKE = RecordType(
    name="stocktake", model=Stocktake, path="stocktakes", prefix="ES", row="custody.event", title=_("Stocktake"),
    plural=_("Stocktakes"), list_view=False, voidable=False, extra=stocktake_page,
    template="casework:evidence/templates/stocktake.jinja2",
    fields=("location", "created_by_id", "created_at", "finished_at"),
    labels={"location": _("Place"), "created_at": _("Began"), "finished_at": _("Finished"), "found": _("Found"),
            "missing": _("Missing"), "elsewhere": _("Belongs elsewhere"), "unknown": _("Not known")},
)

"""Pages about what somebody has in hand: a label scanned, what is out and due back, a stocktake, a viewing request."""

from pyramid.httpexceptions import HTTPForbidden, HTTPNotFound
from sqlalchemy import select

from casework.records.forms import run_form
from casework.records.paging import page_of
from casework.records.registry import Context, fetch, path_to
from casework.web.i18n import _
from casework.workflow.engine import Problem, Refused
from schemas import exhibits as asks

from . import stocktake, viewing
from .models import EvidenceItem
from .panels import out_rows
from .references import reference_in
from .stock_models import Stocktake

LONGEST = 200


def scan(request):
    """From a label to the page of its item. What may not be seen is answered like what does not exist."""
    def save(data: dict) -> str:
        ref = reference_in(data["scanned"])
        found = fetch(request, ref) if ref else None
        path = path_to(request, found) if isinstance(found, EvidenceItem) else None
        if path is None:
            raise Refused(Problem(_("No item with this reference was found."), "scanned"))
        return path

    return run_form(request, asks.Scan(), title=_("Scan a label"), button=_("Open the item"), save=save)


def out(request) -> dict:
    """Everything that left the own store, what is due back first on top."""
    request.audit("view", None, page="custody.out")
    columns, rows = out_rows(request, LONGEST)
    return {"columns": columns, "rows": rows, "longest": LONGEST}


def counts(request) -> dict:
    """The stocktakes of the own store, the newest first."""
    query = select(Stocktake).where(Stocktake.agency_id == request.identity.agency_id)
    page = page_of(request, query, Stocktake)
    request.names.want("user_account", (row.created_by_id for row in page.rows))
    return {"page": page, "names": request.names, "may_begin": request.identity.role == "CUS"}


def begin(request):
    """Begin a stocktake: which place."""
    if request.identity.role != "CUS":
        raise HTTPForbidden("only a custodian counts")

    def save(data: dict) -> str:
        made = stocktake.begin(request.db, request.identity, data["location"])
        request.db.flush()
        return f"/stocktakes/{made.ref}"

    page = run_form(request, asks.NewStocktake(), title=_("Begin a stocktake"), button=_("Begin"), save=save,
                    back="/stocktakes")
    return {**page, "places": stocktake.places(request.db, request.identity)} if isinstance(page, dict) else page


def count(context: Context, request):
    """What was scanned. Every scan leads back to the page of the stocktake, with the cursor in the field."""
    found = context.own
    if found is None:
        raise HTTPNotFound()

    def save(data: dict) -> str:
        stocktake.scan(request.db, request.identity, found, data["scanned"])
        return f"/stocktakes/{found.ref}"

    return run_form(
        request, asks.StocktakeScan(), title=_("Scan: ${place}", mapping={"place": found.location}),
        button=_("Note them"), save=save, back=f"/stocktakes/{found.ref}",
    )


def ask_to_view(context: Context, request):
    """Ask to look at restricted material in the vault."""
    item = context.parent
    if item is None:
        raise HTTPNotFound()
    if not viewing.may_ask(request.db, request.identity, item):
        raise HTTPForbidden("may not ask to view this")

    def save(data: dict) -> str:
        made = viewing.ask_to_view(request.db, request.identity, item, data)
        request.db.flush()
        return path_to(request, made)

    return run_form(
        request, asks.ViewingRequest(), title=_("Ask to view: ${ref}", mapping={"ref": item.ref}), save=save,
        button=_("Ask"), back=path_to(request, item),
        lead=_("Restricted material is viewed in the vault only. A second person decides; afterwards you log how long "
               "it took."),
    )

"""Pages of disclosure packages besides the generic ones: the list with its button, the form, the download."""

from typing import Any

from pyramid.httpexceptions import HTTPForbidden, HTTPNotFound, HTTPServiceUnavailable
from sqlalchemy import select

from casework.authz.access import access_to_one
from casework.authz.lasting import still_stands
from casework.crypto.seal import SealBroken, unseal
from casework.crypto.sealed import Erased, vault
from casework.evidence.models import EvidenceItem
from casework.files.cipher import Damaged
from casework.files.store import StoreProblem
from casework.records import views as generic
from casework.records.forms import run_form
from casework.records.registry import Context, path_to
from casework.web.download import streamed
from casework.web.i18n import _
from schemas.exchange import Package

from . import service
from .jobs import spool_of
from .making import slot_place
from .models import PackageJob
from .types import may_fetch, percent_of


def listing(context: Context, request) -> dict[str, Any]:
    """The packages of a case, with the hash of each and its receipt."""
    may = service.may_disclose(request.db, request.identity, context.parent)
    return {**generic.listing(context, request), "may_create": may}


def new(context: Context, request) -> Any:
    """Ask for a package. It is made outside the request; its page says how far it is."""
    case, db = context.parent, request.db
    if not service.may_disclose(db, request.identity, case):
        raise HTTPForbidden(f"{request.identity.role} gives no evidence of this case out")

    def save(data: dict) -> str:
        package = service.ask(db, request.identity, case, data)
        db.flush()
        return path_to(request, package)

    chosen = select(EvidenceItem.id).where(EvidenceItem.case_id == case.id, EvidenceItem.voided_at.is_(None))
    values = {"purpose": "court", "items": [str(one) for one in db.scalars(chosen.limit(service.MOST))],
              "files": [ref for ref, _label in request.options("files:disclosable")]}
    schema = Package()
    if not values["files"]:
        del schema["files"]
    return run_form(
        request, schema, title=_("New disclosure package"), save=save, button=_("Make the package"), values=values,
        back=f"/cases/{case.ref}/packages",
        lead=_("The documents of the chosen items, and those of the case itself that you choose, encrypted for the "
               "recipients, with custody and proofs from the log. Sealed annexes are left out, and only their number "
               "is told. What you may not see is not in it."),
        confirm=_("What has left cannot be called back. Compare each recipient's key by telephone first."),
    )


def progress(context: Context, request) -> dict[str, Any]:
    """How far a package is, for the script of its page."""
    package = context.own
    if package is None:
        raise HTTPNotFound()
    job = request.db.get(PackageJob, package.id) if package.state == "waiting" else None
    return {"waiting": package.state == "waiting", "percent": percent_of(job)}


def download(context: Context, request) -> Any:
    """The package, to who asked for it, while it is kept."""
    package = context.own
    if package is None or not may_fetch(request.identity, package):
        raise HTTPNotFound()
    if not service.may_disclose(request.db, request.identity, context.parent):
        raise HTTPForbidden("the right to give this evidence out has ended")
    request.audit("download", package, rule=access_to_one(request.db, request.identity, package).rule("R"),
                  manifest_sha256=package.manifest_sha256)
    try:
        key = unseal(vault(request.db).key(package.case_id), package.slot, slot_place(package.id))
        reader = spool_of(request.registry).reader(package.id, key)
    except (StoreProblem, Damaged, SealBroken, Erased):
        raise HTTPServiceUnavailable(_("The package cannot be read. Make it anew.")) from None
    return streamed(request, f"{package.ref}.zip", reader.size, reader.part, still_stands(request, package, "R"))

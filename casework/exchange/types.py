"""The record type of disclosure packages: what their list and pages show."""

from typing import Any

from sqlalchemy import select

from casework.authz.access import shown
from casework.db.base import now
from casework.evidence.models import EvidenceItem
from casework.evidence.options import case_of_page, title_of
from casework.files.sizes import human
from casework.records.registry import RecordType
from casework.records.show import summary
from casework.web.i18n import _
from casework.workflow.engine import possible

from . import documents
from .models import DisclosurePackage, PackageJob
from .service import MOST

INNER = ("ask_package", "finish_package", "fail_package", "expire_package")


def package_page(request, package: DisclosurePackage) -> dict[str, Any]:
    """What the page of a package shows besides its fields: how far it is, whether it may be fetched, by whom."""
    db, identity = request.db, request.identity
    seen = shown(db, identity, package)
    job = db.get(PackageJob, package.id) if package.state == "waiting" else None
    own = package.agency_id == identity.agency_id
    return {
        "summary": [row for row in summary(request, PACKAGE, seen) if row["value"] not in ("", None)],
        "recipients": seen.recipients or [], "items": seen.items or [], "files": seen.files or [],
        "job": job, "percent": percent_of(job), "begun": job is not None and job.claim is not None,
        "may_fetch": may_fetch(identity, package), "size": human(package.size) if package.size else "",
        "transitions": [t for t in possible(db, identity, package) if t.event not in INNER] if own else [],
    }


def percent_of(job: PackageJob | None) -> int:
    """How much of a package is packed, of a hundred parts."""
    return 100 * job.done // job.total if job is not None and job.total else 0


def may_fetch(identity: Any, package: DisclosurePackage) -> bool:
    """Whether this person, who may see the package, is who asked for it, and it is there."""
    return package.state == "ready" and package.created_by_id == identity.user_id and package.until > now()


def disclosable(request) -> list[tuple[str, str]]:
    """Items of the case that may go into a package."""
    query = select(EvidenceItem).where(
        EvidenceItem.case_id == case_of_page(request).id, EvidenceItem.voided_at.is_(None))
    return [(str(item.id), title_of(item)) for item in request.db.scalars(
        query.order_by(EvidenceItem.number).limit(MOST))]


def disclosable_files(request) -> list[tuple[str, str]]:
    """Documents of the case itself that may go into a package, each with its size."""
    going, _left_out = documents.of_case(request.db, case_of_page(request))
    return [(one.ref, f"{one.ref}: {one.title} ({human(one.size)})") for one in going[:MOST]]


def _names(request, row: Any, names: Any) -> str:
    return ", ".join(one["name"] for one in row.recipients or ())


def _size(request, row: Any, names: Any) -> str:
    return human(row.size) if row.size is not None else ""


PACKAGE = RecordType(
    name="disclosure_package", model=DisclosurePackage, path="packages", prefix="DP", row="evidence.file",
    parent="case", title=_("Disclosure package"), plural=_("Disclosure packages"), tab=_("Disclosure packages"),
    list_view=False, weight=35, columns=("ref", "state", "recipients", "created_at", "manifest_sha256", "receipt"),
    filters=(("state", "package_state"),), inner=INNER, voidable=False,
    template="casework:exchange/templates/package.jinja2", extra=package_page,
    fields=("purpose", "explanation", "legal_basis", "classification", "created_by_id", "created_at", "documents",
            "left_out", "manifest_sha256", "until", "problem", "received_on", "receipt"),
    labels={
        "purpose": _("Purpose"), "explanation": _("What it is for"), "legal_basis": _("Legal basis"),
        "classification": _("Classification"), "recipients": _("Recipients"), "items": _("Evidence items"),
        "files": _("Documents of the case"), "left_out": _("Sealed annexes left out"),
        "created_by_id": _("Asked for by"), "created_at": _("Asked for"), "documents": _("Documents"),
        "size": _("Size"), "stored": _("Bytes stored"), "manifest_sha256": _("SHA-256 of the payload manifest"),
        "until": _("Can be downloaded until"), "problem": _("What went wrong"), "received_on": _("Received on"),
        "receipt": _("Receipt"), "role": _("Role"), "case_id": _("Case"), "agency_id": _("Agency"),
    },
    codes={"state": "package_state", "purpose": "handout_purpose", "classification": "package_class",
           "problem": "package_problem", "role": "roles"},
    render={"recipients": _names, "size": _size}, hidden=("slot",), history="R",
    empty=_("No evidence of this case has been given out as a package."),
)

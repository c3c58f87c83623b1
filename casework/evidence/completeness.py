"""What the evidence says about points 7, 8 and 9 of the check, and its place in the file. References only."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from casework.cases import file
from casework.cases.completeness import AMBER, GREEN, RED, Finding, provide
from casework.cases.models import Case
from casework.web.i18n import _
from schemas.evidence import DIGITAL

from .models import CustodyEvent, EvidenceItem

WITH_CUSTODIAN = ("in_storage", "in_examination", "at_court", "disposition_ordered")
ENDED = ("returned_owner", "destroyed", "forfeited", "retained")


def items_of(db: Session, case: Case) -> list[EvidenceItem]:
    """The items of a case that count, by number."""
    query = select(EvidenceItem).where(EvidenceItem.case_id == case.id, EvidenceItem.voided_at.is_(None))
    return list(db.scalars(query.order_by(EvidenceItem.number)))


def _finding(case: Case, item: EvidenceItem, state: str, message) -> Finding:
    return Finding(state, message, f"/cases/{case.ref}/evidence/{item.ref}", item)


def seal_and_custodian(db: Session, case: Case) -> list[Finding]:
    """Point 7."""
    return [_held(case, item) for item in items_of(db, case)]


def _held(case: Case, item: EvidenceItem) -> Finding:
    what = {"number": item.number}
    if item.state == "discrepancy":
        return _finding(case, item, RED, _("Item ${number}: a discrepancy is not resolved.", mapping=what))
    if item.seal is None:
        return _finding(case, item, RED, _("Item ${number}: it has no seal.", mapping=what))
    if item.state not in WITH_CUSTODIAN and item.state not in ENDED:
        return _finding(case, item, AMBER, _("Item ${number}: no custodian has accepted it yet.", mapping=what))
    return _finding(case, item, GREEN, _("Item ${number}: sealed, with a custodian.", mapping=what))


def hashes(db: Session, case: Case) -> list[Finding]:
    """Point 8. Whether there are values shows without reading them."""
    items = items_of(db, case)
    digital = [item for item in items if item.kind in DIGITAL]
    if items and not digital:
        return [Finding(GREEN, _("No item is digital."))]
    return [_hashed(case, item) for item in digital]


def _hashed(case: Case, item: EvidenceItem) -> Finding:
    what = {"number": item.number}
    if item.hashes_sealed is None:
        return _finding(case, item, RED, _("Item ${number}: it has no hash value.", mapping=what))
    if item.hash_verified_at is None:
        return _finding(case, item, AMBER, _("Item ${number}: the hash value was never verified.", mapping=what))
    return _finding(case, item, GREEN, _("Item ${number}: the hash value was verified.", mapping=what))


def reports(db: Session, case: Case) -> list[Finding]:
    """Point 9."""
    query = select(CustodyEvent.item_id).where(CustodyEvent.case_id == case.id, CustodyEvent.type == "report_issued")
    reported = set(db.scalars(query))
    found = []
    for item in items_of(db, case):
        what = {"number": item.number}
        if item.id in reported:
            found.append(_finding(case, item, GREEN, _("Item ${number}: the report was issued.", mapping=what)))
        elif item.state == "in_examination":
            found.append(_finding(case, item, AMBER, _("Item ${number}: the report is pending.", mapping=what)))
    return found


def register() -> None:
    """Tell the check and the file."""
    provide(7, seal_and_custodian)
    provide(8, hashes)
    provide(9, reports)
    file.provide(items_of)

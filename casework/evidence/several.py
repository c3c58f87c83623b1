"""Several items at once: all that was taken in one search. Plain values, never a request."""

import itertools
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import or_, select, true
from sqlalchemy.orm import Session

from casework.authz.identity import Identity
from casework.cases.models import Case
from casework.web.i18n import _
from casework.workflow.engine import Problem, Refused
from schemas.exhibits import is_blank, numbers_of
from schemas.text import fold

from . import service
from .models import EvidenceItem

COMMON = (
    "seized_at", "clock", "why_later", "province", "seized_from", "authority_type", "authority_document",
    "restricted_material", "seal_witnesses", "sealed_at",
)
OF_ROW = ("kind", "description", "make", "model", "serial", "imei", "seal")


class RowsRefused(Exception):
    """Nothing was recorded. `rows` says for the number of each row what stood in the way."""

    def __init__(self, rows: dict[int, tuple[Problem, ...]]):
        super().__init__(f"{len(rows)} rows")
        self.rows = rows


def log_search(db: Session, identity: Identity, case: Case, data: Mapping[str, Any]) -> list[EvidenceItem]:
    """Record all items of a search, in the order of the rows; all of them or none. `data` is as schemas.exhibits
    .SearchLog gives it. Raises NotAllowed, RowsRefused with everything that is wrong."""
    service.may_record(db, identity, case)
    number, made, wrong = itertools.count(service.next_number(db, case)), [], dict(_twice(data["rows"]))
    for place, row in enumerate(data["rows"]):
        if is_blank(row) or place in wrong:
            continue
        try:
            made.append(service.record_one(db, identity, case, _item(data, row), next(number)))
        except Refused as refused:
            wrong[place] = refused.problems
    if wrong:
        raise RowsRefused(wrong)
    return made


def _twice(rows: Iterable[Mapping[str, Any]]):
    seen: dict[str, int] = {}
    for place, row in enumerate(rows):
        seal = fold(row.get("seal") or "")
        if seal and seal in seen:
            message = _("Row ${number} has the same seal number.", mapping={"number": seen[seal] + 1})
            yield place, (Problem(message, "seal"),)
        seen.setdefault(seal, place)


def _item(data: Mapping[str, Any], row: Mapping[str, Any]) -> dict[str, Any]:
    hashes = [{"algorithm": "sha256", "value": row["sha256"]}] if row.get("sha256") else None
    common = {name: data.get(name) for name in COMMON}
    own = {name: row.get(name) for name in OF_ROW}
    place = ", ".join(part for part in (data["place"], row.get("place")) if part)
    return {**common, **own, "place": place[:200], "hashes": hashes}


def numbered(db: Session, case: Case, numbers: str | None, most: int) -> list[EvidenceItem]:
    """The first `most` items of a case that bear one of these numbers ("1-20, 23"), of all when None, by number."""
    query = select(EvidenceItem).where(EvidenceItem.case_id == case.id, EvidenceItem.voided_at.is_(None))
    return list(db.scalars(query.where(_among(numbers)).order_by(EvidenceItem.number).limit(most)))


def _among(numbers: str | None):
    return or_(*(EvidenceItem.number.between(*pair) for pair in numbers_of(numbers))) if numbers else true()

"""The documents that may go into a package: those of an item, and those of the case itself that were chosen.

Sealed annexes stay, and only their number is told. A redacted version goes in the place of its original.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from casework.cases.models import Case
from casework.files.models import StoredFile
from casework.files.versions import for_others
from casework.workflow.engine import NotAllowed


@dataclass(frozen=True)
class Given:
    """The documents of one record that go into a package, the reference of the original of each redacted version, and
    how many sealed annexes of the record stay."""

    documents: list[StoredFile]
    originals: dict[Any, str]
    left_out: int

    def listing(self) -> list[dict[str, Any]]:
        """What each is; `file` is its name in the package without ending."""
        return [
            {"file": f"{place:04d}", "ref": one.ref, "title": one.title, "name": one.name, "category": one.category,
             "media_type": one.media_type, "size": one.size, "sha256": one.sha256,
             "redacted_of": self.originals.get(one.redacted_of_id)}
            for place, one in enumerate(self.documents, 1)
        ]


def _found(db: Session, owner: Any) -> list[StoredFile]:
    """All documents of a record that this person may see."""
    query = select(StoredFile).where(
        StoredFile.owner_type == owner.__tablename__, StoredFile.owner_id == owner.id, StoredFile.voided_at.is_(None))
    return list(db.scalars(query.order_by(StoredFile.id)))


def of_item(db: Session, item: Any) -> Given:
    """Those of an item."""
    found = _found(db, item)
    return _given(found, *for_others(found))


def of_case(db: Session, case: Case) -> tuple[list[StoredFile], int]:
    """Those of a case that may be chosen, and how many sealed annexes it has."""
    return for_others(_found(db, case))


def chosen(db: Session, case: Case, refs: Iterable[str]) -> Given:
    """Those of a case with these references; one that became a sealed annex meanwhile stays, of one that has a redacted
    version now that goes. Raises NotAllowed when one is not to be seen any more."""
    found, wanted = _found(db, case), set(refs)
    named = {one.id for one in found if one.ref in wanted}
    if len(named) != len(wanted):
        raise NotAllowed("a document of the package is not to be seen by who asked for it")
    going, left_out = for_others(found)
    return _given(found, [one for one in going if one.id in named or one.redacted_of_id in named], left_out)


def _given(found: list[StoredFile], going: list[StoredFile], left_out: int) -> Given:
    return Given(going, {one.id: one.ref for one in found}, left_out)

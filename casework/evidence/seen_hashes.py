"""Hash values as one person may see them: whole, their end, or not at all (matrix row 18)."""

import datetime as dt
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from casework.authz.access import access_to_one

from .models import CustodyEvent, EvidenceItem

LAST = 8  # characters of a hash value that a custodian sees
RECEIPTS = frozenset({"received", "from_court"})
COMPARES = RECEIPTS | {"imaged"}
Sight = Callable[[str], str]


@dataclass(frozen=True)
class Compared:
    """What an event says of the object's SHA-256: the value on record, the one that was found, and whether they are
    equal; None where there is nothing to compare with. The values are cut as the reader may see them."""

    on_record: str | None
    found: str | None
    equal: bool | None


def sight(request, item: EvidenceItem) -> Sight | None:
    """What becomes of a hash value of this item before this person's eyes; None: nothing of it is shown."""
    if "R" in access_to_one(request.db, request.identity, item, "hash.value"):
        return str
    cell = request.registry["matrix"].cell("hash.value", request.identity.role)
    if "last8" in cell.words and "R" in access_to_one(request.db, request.identity, item):
        return lambda value: f"…{value[-LAST:]}"
    return None


def hash_rows(request, item: EvidenceItem) -> list[dict[str, Any]]:
    """The item's values with their algorithm and tool."""
    return [{"alg": one["alg"], "value": one["value"], "tool": one["tool"]} for one in _entries(request, item)]


def dated_rows(request, item: EvidenceItem) -> list[dict[str, Any]]:
    """The same with the moment when each was recorded and the id of who did, where it is known; their names are asked
    for."""
    rows = [
        {**one, "at": dt.datetime.fromisoformat(one["at"]) if one.get("at") else None,
         "by": uuid.UUID(one["by"]) if one.get("by") else None}
        for one in _entries(request, item)
    ]
    request.names.want("user_account", (row["by"] for row in rows))
    return rows


def _entries(request, item: EvidenceItem) -> list[dict[str, str]]:
    see = sight(request, item) if item.hashes_sealed is not None else None
    return [{**one, "value": see(one["value"])} for one in item.hashes or ()] if see is not None else []


def comparisons(see: Sight | None, events: Iterable[CustodyEvent]) -> dict[int, Compared]:
    """By number of the event. A verification names the value on record itself; what was found at a receipt or when an
    image was made is held against the first value of the chain. Nothing is opened for who sees nothing."""
    found: dict[int, Compared] = {}
    known = None
    for event in events if see is not None else ():
        before, after = event.hash_before, event.hash_after
        known = before or known
        if before or after:
            compared = before or (known if event.type in COMPARES else None)
            equal = compared == after if compared and after else None
            found[event.seq] = Compared(see(before) if before else None, see(after) if after else None, equal)
        if event.type not in RECEIPTS:
            known = known or after
    return found

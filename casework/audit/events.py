"""Many entries with their proofs in one file: `casework-verify events FILE` (docs/verify.md).

The first line says how many there are and holds the signed checkpoint; then one entry a line, in the order of the tree.
"""

import base64
from collections.abc import Collection, Iterator

from sqlalchemy import ColumnElement, Connection, select

from casework.witness.policy import Policy

from .chain import canonical
from .cosigned import best
from .models import AuditEntry, LogLeaf
from .proof import entry_part
from .tree import Tree

FORMAT = "casework-events/1"
AT_ONCE = 500


def events_file(
    connection: Connection, wanted: ColumnElement[bool], policy: Policy | None = None, *, bodies: bool = True,
    only: Collection[int] | None = None,
) -> Iterator[bytes]:
    """The lines of the file about the entries for which `wanted` holds and that have their place.

    Without `bodies` it tells that the entries are there, and not what they say. `only` leaves out all other numbers.
    Raises LookupError when none has a place in the signed tree yet.
    """
    reached = best(connection, policy)
    entries, leaves = AuditEntry.__table__, LogLeaf.__table__
    within = select(leaves.c.place).join(entries, entries.c.seq == leaves.c.entry).where(
        wanted, leaves.c.place < reached.size)
    if only is not None:
        within = within.where(entries.c.seq.in_(only))
    places = list(connection.execute(within.order_by(leaves.c.place)).scalars())
    if not places:
        raise LookupError("none of these entries has a place in the signed tree yet")
    yield _line({"checkpoint": reached.note, "count": len(places), "format": FORMAT})
    for start in range(0, len(places), AT_ONCE):
        tree = Tree(connection)  # anew each time: it keeps what it read
        query = (
            select(entries, leaves.c.place).join(leaves, leaves.c.entry == entries.c.seq)
            .where(leaves.c.place.in_(places[start : start + AT_ONCE])).order_by(leaves.c.place)
        )
        for row in connection.execute(query):
            path = tree.inclusion(row.place, reached.size)
            yield _line({
                **entry_part(row, bodies=bodies), "index": row.place,
                "path": [base64.b64encode(step).decode() for step in path],
            })


def _line(value: dict) -> bytes:
    return canonical(value).encode() + b"\n"

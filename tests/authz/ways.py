"""Every route that stands under a record, and what it asks for, from the table that people look through.

`tests.standing` sees to it that the table is the reviewed one; whether a reader has what is asked for is read from the
text of the matrix alone.
"""

import re
from dataclasses import dataclass
from functools import cache, cached_property

from casework.authz.identity import ROLES
from casework.records.registry import pattern as base_of
from tests.standing import access

from .matrix_text import terms
from .truth import PLACES, Placed, Truth

PLACEHOLDER = re.compile(r"\{(\w+)\}")
# What stands for the parts of an address that are no record; `event` is the first of the record's flow that has a page.
PARTS = {
    "seq": "1", "point": "1", "role": "victim", "kind": "transfer", "id": "00000000-0000-7000-8000-000000000000",
}


@dataclass(frozen=True)
class Way:
    """An address under a record: `at` is the type of the record that it names last, `table` the type that it is about
    (another one for a list, or for the form of a new one), `tail` what follows the record's own address."""

    address: str
    methods: frozenset[str]
    rows: tuple[str, ...]
    level: str
    at: str
    table: str
    tail: str

    @cached_property
    def kind(self) -> str:
        """The last word of the address by which exceptions are named, such as `history/file`."""
        return PLACEHOLDER.sub("*", self.tail).strip("/")

    def path(self, truth: Truth, placed: Placed) -> str:
        return truth.path(placed) + self.tail

    def given(self, truth: Truth, placed: Placed, role: str) -> bool:
        """Whether the matrix gives the reader what the address asks for, of a record whose page is there."""
        if self.at != self.table and self.level == "M":
            return any(terms(truth.texts[row, role]) for row in self.rows)
        own = truth.rows[placed.record_type]
        asked = {placed.row if row in own else row for row in self.rows}
        if role in ("SW", "PRV") and self.at == "person" and placed.row != "victim.identity":
            asked.discard("victim.place")  # theirs is the place of the child that they are assigned to
        return any(self.level in truth.levels(placed, role, row) for row in asked)

    def there(self, truth: Truth, placed: Placed, role: str) -> bool:
        """Whether anything at all is there for the reader; otherwise the answer is the one for an absent record."""
        owner = PLACES[self.table][0] if self.table != self.at else None
        while owner is not None:
            if truth.never(owner, role):
                return False
            owner = PLACES[owner][0]
        return not truth.never(self.table, role) and truth.opens(placed, role)


@cache
def lines(app) -> list[tuple[str, frozenset[str], str]]:
    """Address, methods and permission of each line of the table."""
    found = []
    for line in access.lines(app)[1:]:
        # A view that answers HEAD alone has no method in the table.
        *methods, address, permission = line.split()[len(ROLES):]
        found.append((address, frozenset("".join(methods).split("+")), permission))
    return found


def ways(app) -> dict[str, list[Way]]:
    """Type of record -> the ways under one. Raises KeyError for an address with a part that PARTS does not know."""
    types = app.registry["record_types"]
    bases = {base_of(types, rt): name for name, rt in types.items() if name in PLACES}
    found: dict[str, list[Way]] = {name: [] for name in PLACES}
    for address, methods, permission in lines(app):
        named = [name for name in PLACEHOLDER.findall(address) if name in types]
        # Of what has no record in the world, `tests.need_to_know` keeps a list.
        if not named or named[-1] not in PLACES:
            continue
        _head, _, tail = address.partition(f"{{{named[-1]}}}")
        within = [base for base in bases if f"{address}/".startswith(f"{base}/")]
        rows, _, level = permission.partition(":")
        flow = types[named[-1]].flow
        inner = types[named[-1]].inner
        events = [one.event for one in flow.transitions if one.sources and one.event not in inner] if flow else []
        parts = {**PARTS, "event": events[0]} if events else PARTS
        found[named[-1]].append(Way(
            address, methods, tuple(rows.split("|")), level, named[-1], bases[max(within, key=len)],
            PLACEHOLDER.sub(lambda match, parts=parts: parts[match[1]], tail)))
    return found

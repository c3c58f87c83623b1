"""What decides besides the matrix, for a reader whom the matrix lets in: the role that a step is for, another level on
the same record, or a state that no record of the world is in. Any other page opens."""

from collections.abc import Callable

from tests.support.world import Placed, facts_for

from .matrix_text import ALWAYS, terms
from .truth import Truth

OPENS = (200, 303)
# A transition: the state of the record, a second person and more decide, and tests of each flow say how.
STEPS, STEPPED = "do/", (200, 303, 403, 404)
# As the records of the world stand, nobody gets further.
SHUT = {
    "drop": 403, "reclassify": 403, "result": 403, "charge": 403, "decision": 403, "hearing": 403, "forward": 403,
    "triage": 403, "copy": 403, "sent": 404, "reporter": 404,
}
# Of what is named by an id, nothing is there.
NO_ID = ("withdraw", "end")
# The roles that a step is for.
FOR = {
    "conflicts": "HOT PSU SWS", "conflicts/new": "HOT PSU SWS", "end": "HOT PSU SWS", "check/1": "INV",
    "evidence/report": "INV FOR", "evidence/report/files/new": "INV FOR", "image": "FOR", "links/new": "INV PSU",
    "matches/ask": "INV PSU", "packages/new": "PSU PRO", "people/new/victim": "HOT INV SW", "assign": "PSU",
    "right-to-know": "SW", "therapy/new": "SW PRV", "erase": "INV PSU SW SWS", "support/new": "INV PSU SW SWS",
}
# The same for pages that stand under no record.
OWN_FOR = {
    **dict.fromkeys(("/colleagues", "/colleagues/new"), "PSU SWS ADM"),
    **dict.fromkeys(("/delegations", "/delegations/new"), "HOT INV PSU FOR CUS PRO SW SWS"),
    **dict.fromkeys(("/emergency", "/emergency/ask"), "INV PSU PRO SWS"),
    "/exposure/staff": "PSU SWS", "/referrals/new": "HOT", "/stocktakes/new": "CUS",
}


def _writes(truth: Truth, placed: Placed, role: str) -> bool:
    return "W" in truth.levels(placed, role) or placed.record_type == "exposure_log"  # one's own


def _reads(truth: Truth, placed: Placed, role: str) -> bool:
    return "R" in truth.levels(placed, role)


def _writes_place(truth: Truth, placed: Placed, role: str) -> bool:
    return "W" in truth.levels(placed, role, placed.row.replace("victim.identity", "victim.place"))


def _supports(truth: Truth, placed: Placed, role: str) -> bool:
    return role in ("SW", "SWS") or "W" in truth.levels(placed, role)


def _supervises(truth: Truth, placed: Placed, role: str) -> bool:
    """Reads it as a record of the own office, and is told of the log of the own agency."""
    facts = facts_for(placed, role) | ALWAYS
    rules = [conditions for letters, conditions in terms(truth.texts[placed.row, role])
             if letters & {"R", "W"} and conditions <= facts]
    return truth.texts["audit.log", role] == "own_agency" and bool(rules) and "g" in rules[0] and "x" not in rules[0]


# What else is asked of the record itself.
ALSO: dict[str, Callable[[Truth, Placed, str], bool]] = {
    "void": _writes, "erase": _reads, "addresses/new": _writes_place, "support/new": _supports, "who": _supervises,
}


def allowed(kind: str, truth: Truth, placed: Placed, role: str) -> tuple[int, ...]:
    """How an address that ends in `kind` may answer."""
    if kind.startswith(STEPS):
        return STEPPED
    if kind in SHUT:
        return (SHUT[kind],)
    last = kind.rpartition("/")[2]
    name = last if last in NO_ID else kind
    if role not in FOR.get(name, role).split() or not ALSO.get(kind, _anyway)(truth, placed, role):
        return (403,)
    return (404,) if name in NO_ID else OPENS


def _anyway(_truth: Truth, _placed: Placed, _role: str) -> bool:
    return True


def own_allowed(address: str, role: str) -> tuple[int, ...]:
    """The same of a page that stands under no record."""
    return OPENS if role in OWN_FOR.get(address, role).split() else (403,)

"""What the program tells people by itself, and what it must tell them: the panels of the first screen, the banner.

A panel shows what its reader sees of one kind of record, narrowed by facts of the world; a panel that is not listed
here may show none.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from tests.support.world import Placed, facts_for

from .reader import REF
from .truth import Glass, Truth

SECTION = re.compile(r"<section>\s*<h2[^>]*>([^<]*)</h2>(.*?)</section>", re.DOTALL)
BANNER = re.compile(r'class="cw-mono cw-nowrap" href="/emergency/([^"/]+)"')
# Who answers for whom: a supervisor is told of emergency access by the people of the own office.
STAFF = {"PSU": ("INV", "PSU", "FOR", "CUS"), "SWS": ("SW", "SWS")}


def _anybodys(_truth: Truth, _placed: Placed, _role: str) -> bool:
    return True


def _of_others(_truth: Truth, placed: Placed, role: str) -> bool:
    return placed.mine != role


def _of_staff(_truth: Truth, placed: Placed, role: str) -> bool:
    """A check is with the first of those whose it is."""
    return placed.limits[0][1][0] != role


def _with_case(truth: Truth, placed: Placed, role: str) -> bool:
    """The panel names the case too, so the reader must see that."""
    return truth.opens(placed, role)


@dataclass(frozen=True)
class Panel:
    """`most` rows of a table: of what the roles see there, the records of which these facts hold."""

    title: str
    roles: tuple[str, ...]
    table: str
    facts: frozenset[str] = frozenset()
    most: int = 10
    also: Callable[[Truth, Placed, str], bool] = _anybodys

    def wanted(self, truth: Truth, role: str) -> set[str]:
        return {
            placed.ref for placed in truth.world.placed
            if placed.record_type == self.table and truth.sees(placed, role)
            and self.facts <= facts_for(placed, role) and self.also(truth, placed, role)
        }


PANELS = (
    Panel("My cases by next deadline", ("INV", "FOR"), "case", frozenset({"a"})),
    Panel("Matches in my cases", ("INV",), "match_hit"),
    Panel("Cases without a lead officer", ("PSU",), "case", frozenset({"g"})),
    Panel("Links to decide", ("PSU",), "case_link", frozenset({"g"})),
    Panel("Viewing of restricted material", ("PSU", "PRO"), "viewing_request", most=15, also=_of_others),
    Panel("Hearings in the next 14 days", ("PRO",), "hearing", most=15),
    Panel("Hearings", ("CLK",), "hearing", most=15),
    Panel("Matters seised", ("CLK",), "prosecution", frozenset({"a"}), 15, _with_case),
    Panel("Intake", ("HOT",), "referral", frozenset({"g"}), most=15),
    Panel("Welfare checks", ("PSU", "SWS"), "welfare_check", most=15, also=_of_staff),
)
EMERGENCIES = "Emergency access to review"
DENIED = "Denied tries"  # names what was asked for, from the log, which has no content for who reads it


def told_of(truth: Truth, role: str) -> set[str]:
    """The emergency accesses that a reader is told of: the auditor of all, a supervisor of those by the own people, and
    who supervises the support of children of those to their cases."""
    def told(glass: Glass) -> bool:
        own_case = role == "SWS" and "g" in facts_for(glass.case, role)
        return glass.role != role and (role == "AUD" or glass.role in STAFF.get(role, ()) or own_case)

    return {glass.ref for glass in truth.glasses if told(glass)}


def differences(page: str, truth: Truth, role: str) -> list[str]:
    """What the panels and the banner of a first screen tell unlike what they must."""
    found, told = [], dict(SECTION.findall(page))
    known = {panel.title: panel for panel in PANELS if role in panel.roles}
    for title in told.keys() - {DENIED} | known.keys():
        panel, got = known.get(title), set(REF.findall(told.get(title, "")))
        if title == EMERGENCIES:
            want, most, rows = told_of(truth, role), 10, got
        elif panel is not None:
            want, most = panel.wanted(truth, role), panel.most
            rows = {ref for ref in got if ref in truth.by_ref and truth.by_ref[ref].record_type == panel.table}
        else:
            want, most, rows = set(), 0, got
        if not rows <= want or len(rows) != min(most, len(want)):
            found.append(f"panel {title!r}: {sorted(rows)} of {len(want)}")
    open_now = {glass.ref for glass in truth.glasses if glass.role == role and glass.open}
    if set(BANNER.findall(page.partition("<main")[0])) != open_now:
        found.append("the banner of emergency access")
    return found

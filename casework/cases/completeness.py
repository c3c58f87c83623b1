"""The 14-point check before a file goes to the prosecution (DOMAIN 3.2.1).

Red blocks. Amber blocks until somebody has typed why it is so. A point that nobody found anything about is amber:
that there is nothing must be said.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.orm import Session

from casework.web.i18n import _

from .models import Case

POINTS = tuple(range(1, 15))
GREEN, AMBER, RED = "green", "amber", "red"
_RANK = {GREEN: 0, AMBER: 1, RED: 2}

TITLES = {
    1: _("Conduct and dates"),
    2: _("Place and jurisdiction"),
    3: _("Each child: pseudonym, age at the offence, proof of age"),
    4: _("Each suspect: identity, age at the offence"),
    5: _("Proposed offence and class for each suspect"),
    6: _("Records of interviews, count for each child"),
    7: _("Evidence list with seal and custodian"),
    8: _("Hash and verification date of each digital item"),
    9: _("Forensic report, or why it is pending"),
    10: _("Data from providers with their legal basis"),
    11: _("International requests and answers"),
    12: _("Detention times and authorisations"),
    13: _("Wishes of the child: civil party, lawyer, special measures"),
    14: _("Sealed annex with the child's identity apart from the file"),
}


@dataclass(frozen=True)
class Finding:
    """What one record says about a point: state green, amber or red, a message, the page where to mend it, and the
    record where it is not the case itself: who does not see that is not told."""

    state: str
    message: Any
    href: str | None = None
    about: Any = None


@dataclass
class Point:
    """One point with its findings and what was typed about it."""

    number: int
    findings: list[Finding] = field(default_factory=list)
    explanation: str | None = None

    @property
    def title(self) -> Any:
        return TITLES[self.number]

    @property
    def state(self) -> str:
        """The worst finding; amber when there is none."""
        return max((f.state for f in self.findings), key=_RANK.__getitem__, default=AMBER)

    @property
    def ready(self) -> bool:
        """Whether this point lets the file go."""
        return self.state == GREEN or (self.state == AMBER and bool(self.explanation))


Provider = Callable[[Session, Case], list[Finding]]
_providers: dict[int, list[Provider]] = {number: [] for number in POINTS}


def provide(point_number: int, function: Provider) -> None:
    """Let `function(db, case)` add findings to a point. Registering twice is once. Raises KeyError for no point."""
    if function not in _providers[point_number]:
        _providers[point_number].append(function)


def check(db: Session, case: Case) -> list[Point]:
    """All fourteen points of a case."""
    typed = case.explanations or {}
    return [
        Point(number, [f for function in _providers[number] for f in function(db, case)], typed.get(str(number)))
        for number in POINTS
    ]


def explain(case: Case, number: int, text: str | None) -> None:
    """Keep why a point is not green; empty text takes the explanation back."""
    kept = {**(case.explanations or {}), str(number): (text or "").strip()}
    case.explanations = {point: words for point, words in kept.items() if words}

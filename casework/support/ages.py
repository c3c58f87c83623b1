"""Whose word it takes at which age: `etc/consent-ages.csv`, the guidance of DOMAIN 5.2.19, which a deployment edits.

The file as it comes follows Caring for Child Survivors (UNICEF and IRC).
"""

from dataclasses import dataclass
from pathlib import Path

from casework.people.ages import ages_at
from casework.people.models import Person
from casework.people.service import today
from casework.reference import DEFAULT_ETC
from casework.reference.table import lines

COLUMNS = ("low", "high", "kinds", "written")
KINDS = ("consent", "assent", "caregiver_consent")
UNKNOWN = 6  # where nothing is known of the age, both the caregiver and the child are asked


@dataclass(frozen=True)
class Guidance:
    """From `low` to `high` years: the kinds that are all needed, and whether the child's assent must be in writing."""

    low: int
    high: int | None
    kinds: tuple[str, ...]
    written: bool


_loaded: list[Guidance] = []


def use(etc: Path) -> None:
    """Work with the guidance of a folder, set once at start. Raises BadTable."""
    _loaded[:] = load(etc)


def load(etc: Path) -> list[Guidance]:
    """The guidance of `etc`. Raises BadTable, also for a kind that does not exist."""
    found = []
    for line in lines(etc / "consent-ages.csv", COLUMNS):
        kinds = line.words("kinds")
        if not kinds or not set(kinds) <= set(KINDS):
            raise line.error(f"kinds: each must be one of {', '.join(KINDS)}")
        written = line.one_of("written", ("yes", "no")) == "yes"
        found.append(Guidance(line.converted("low", int), line.optional("high", int), tuple(kinds), written))
    return found


def guidance_for(child: Person) -> Guidance:
    """What holds for a child today. Where two ages are possible, the younger counts."""
    if not _loaded:
        use(DEFAULT_ETC)
    ages = ages_at(child.dob, child.dob_precision or "unknown", today())
    years = UNKNOWN if ages is None else ages.youngest
    return next(one for one in _loaded if one.low <= years and (one.high is None or years <= one.high))

"""Ages and age bands, always from a date of birth with its precision and a day (decision K4): no band is ever stored.

A date of birth is ISO text cut short where more is not known ("2011", "2011-03"); an estimate counts as its whole
year. So an age is a range, and what the range leaves open is not decided by the program.
"""

import datetime as dt
from dataclasses import dataclass

from schemas.dates import ages_on

ADULT = 18


@dataclass(frozen=True)
class Ages:
    """The youngest and the oldest age, in full years, that are possible."""

    youngest: int
    oldest: int

    @property
    def text(self) -> str:
        """`14`, or `13–14` where the date of birth leaves it open."""
        return str(self.oldest) if self.youngest == self.oldest else f"{self.youngest}–{self.oldest}"


@dataclass(frozen=True)
class Band:
    """Ages from `low` to `high` in full years; `high` None is open."""

    low: int
    high: int | None

    @property
    def text(self) -> str:
        """`3–13`, or `18+`."""
        if self.high is None:
            return f"{self.low}+"
        return str(self.low) if self.low == self.high else f"{self.low}–{self.high}"

    def holds(self, age: int) -> bool:
        """Whether an age lies in the band."""
        return self.low <= age and (self.high is None or age <= self.high)


_GROWN = Band(ADULT, None)
# Three sets are needed at once: the hotlines' (INHOPE), the law's limits of 14, 15 and 18 years, and Primero's.
BANDS: dict[str, tuple[Band, ...]] = {
    "inhope": (Band(0, 2), Band(3, 13), Band(14, 17), _GROWN),
    "law": (Band(0, 13), Band(14, 14), Band(15, 17), _GROWN),
    "primero": (Band(0, 5), Band(6, 11), Band(12, 17), _GROWN),
}


def ages_at(dob: str | None, precision: str, day: dt.date | None) -> Ages | None:
    """The possible ages on a day; None without a date of birth or a day, or when the day lies before the birth."""
    if not dob or day is None or precision == "unknown":
        return None
    youngest, oldest = ages_on(dob[:4] if precision == "estimated" else dob, day)
    return Ages(max(youngest, 0), oldest) if oldest >= 0 else None


def band_of(ages: Ages | None, bands: str) -> Band | None:
    """The band of a set (a key of `BANDS`) that all possible ages lie in; None where they lie in several."""
    if ages is None:
        return None
    return next((band for band in BANDS[bands] if band.holds(ages.youngest) and band.holds(ages.oldest)), None)


def minor(ages: Ages | None) -> bool | None:
    """Whether somebody counts as under 18: yes while it is possible, for doubt protects. None: nothing is known."""
    return None if ages is None else ages.youngest < ADULT

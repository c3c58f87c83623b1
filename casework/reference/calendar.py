"""Days on which no office works, and durations on the calendar of Phnom Penh."""

import calendar
import datetime as dt
import re
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

from .table import iso_date, lines

ZONE = ZoneInfo("Asia/Phnom_Penh")
COLUMNS = ("date", "name_en", "name_km", "from_year", "comment")
UNITS = ("minutes", "hours", "days", "working_days", "months", "years")
_SHORT = {"m": "minutes", "h": "hours", "d": "days", "wd": "working_days", "mo": "months", "y": "years"}
_DURATION = re.compile(r"(-?\d+)(mo|wd|m|h|d|y)")
_EVERY_YEAR = re.compile(r"(\d\d)-(\d\d)")


class Holidays:
    """Public holidays: some every year from a year on, some once."""

    def __init__(self, yearly: dict[tuple[int, int], int], once: frozenset[dt.date]) -> None:
        self._yearly, self._once = yearly, once

    @classmethod
    def load(cls, path: Path) -> "Holidays":
        """Raises `BadTable`."""
        yearly: dict[tuple[int, int], int] = {}
        once = set()
        for line in lines(path, COLUMNS):
            every = _EVERY_YEAR.fullmatch(line.text("date"))
            if every:
                # A leap year, so that 29 February may stand here.
                day = line.converted("date", lambda text: iso_date(f"2000-{text}"))
                yearly[day.month, day.day] = line.optional("from_year", int) or dt.MINYEAR
            else:
                once.add(line.converted("date", iso_date))
        return cls(yearly, frozenset(once))

    def __contains__(self, day: dt.date) -> bool:
        since = self._yearly.get((day.month, day.day))
        return day in self._once or (since is not None and day.year >= since)

    def working_day(self, day: dt.date) -> bool:
        """Monday to Friday and no holiday."""
        return day.weekday() < 5 and day not in self


NO_HOLIDAYS = Holidays({}, frozenset())


@dataclass(frozen=True)
class Duration:
    """So many of a unit; negative before the start."""

    number: int
    unit: str

    @classmethod
    def parse(cls, text: str) -> "Duration":
        """`15m 24h 7d 1wd 2mo 1y`. Raises ValueError."""
        match = _DURATION.fullmatch(text)
        if not match:
            raise ValueError("is not a duration such as 15m, 24h, 7d, 1wd, 2mo or 1y")
        return cls(int(match[1]), _SHORT[match[2]])

    def after(self, start: dt.datetime, holidays: Holidays = NO_HOLIDAYS) -> dt.datetime:
        """The moment so much later, in UTC.

        Days, months and years end at the same time of day in Phnom Penh, never later than the last day's end;
        31 January and one month is the last of February. Working days pass over weekends and holidays.
        Raises ValueError for a start without a zone.
        """
        if start.tzinfo is None:
            raise ValueError("a start without a zone")
        if self.unit in ("minutes", "hours"):
            return start.astimezone(dt.UTC) + dt.timedelta(**{self.unit: self.number})
        local = start.astimezone(ZONE)
        return local.combine(self._day(local.date(), holidays), local.timetz()).astimezone(dt.UTC)

    def _day(self, day: dt.date, holidays: Holidays) -> dt.date:
        if self.unit == "days":
            return day + dt.timedelta(days=self.number)
        if self.unit == "working_days":
            return _working_days_on(day, self.number, holidays)
        months = self.number * (12 if self.unit == "years" else 1)
        year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
        return dt.date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def _working_days_on(day: dt.date, number: int, holidays: Holidays) -> dt.date:
    step = dt.timedelta(days=1 if number > 0 else -1)
    left = abs(number)
    while left:
        day += step
        left -= holidays.working_day(day)
    return day

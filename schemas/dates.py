"""Dates and times as people in Cambodia write them.

Times are read in Asia/Phnom_Penh and kept in UTC. A partial date is ISO text cut short ("2019", "2019-03"),
so that what nobody knows is not made up.
"""

import datetime as dt
import re
from typing import Any
from zoneinfo import ZoneInfo

import colander
from colander import Invalid, null

from .i18n import _
from .text import to_ascii_digits

ZONE = ZoneInfo("Asia/Phnom_Penh")
EARLIEST, LATEST = 1900, 2199
CLOCK_SKEW = dt.timedelta(minutes=5)

NOT_A_DATE = _("Write the date as day, month and year, for example 27/03/2025.")
NO_SUCH_DAY = _("There is no such day in the calendar.")
NOT_A_TIME = _("Write the date and the time, for example 27/03/2025 14:05.")
FUTURE = _("This cannot lie in the future.")

_DAY_FIRST = re.compile(r"(\d{1,2})[/.\-](\d{1,2})[/.\-](\d{4})")
_MONTH_FIRST = re.compile(r"(\d{1,2})[/.\-](\d{4})")
_ISO = re.compile(r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?")
_TIME = re.compile(r"(?:\s+|T)([01]?\d|2[0-3])[:.h]([0-5]\d)(?::[0-5]\d)?$")


def today() -> dt.date:
    """The day in Phnom Penh."""
    return dt.datetime.now(ZONE).date()


def now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def precision(partial: str) -> str:
    """"year", "month" or "exact"."""
    return ("year", "month", "exact")[partial.count("-")]


def first_day(partial: str) -> dt.date:
    """The earliest day a partial date can mean."""
    year, month, day = [*(int(part) for part in partial.split("-")), 1, 1][:3]
    return dt.date(year, month, day)


def last_day(partial: str) -> dt.date:
    """The latest day a partial date can mean."""
    first = first_day(partial)
    if partial.count("-") == 2:
        return first
    months = 1 if partial.count("-") else 12
    year, month = divmod(first.year * 12 + first.month - 1 + months, 12)
    return dt.date(year, month + 1, 1) - dt.timedelta(days=1)


def ages_on(born: str, day: dt.date) -> tuple[int, int]:
    """The youngest and the oldest age, in full years, that a partial date of birth allows on a day."""
    return _age(last_day(born), day), _age(first_day(born), day)


def _age(born: dt.date, day: dt.date) -> int:
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def _parts(node: colander.SchemaNode, cstruct: Any, message: Any) -> tuple[str, str, str] | None:
    """Year, month and day as digits, "" where not given; None when nothing was given."""
    if isinstance(cstruct, dict):
        if not all(isinstance(value, str) for value in cstruct.values()):
            raise Invalid(node, message)
        found = tuple(to_ascii_digits(cstruct.get(name, "")).strip() for name in ("year", "month", "day"))
        if not any(found):
            return None
        if not all(part == "" or (part.isascii() and part.isdigit() and len(part) <= 4) for part in found):
            raise Invalid(node, message)
        return found
    if not isinstance(cstruct, str):
        raise Invalid(node, message)
    text = to_ascii_digits(cstruct).strip()
    if not text:
        return None
    if not text.isascii():
        raise Invalid(node, message)
    if match := _DAY_FIRST.fullmatch(text):
        return match[3], match[2], match[1]
    if match := _MONTH_FIRST.fullmatch(text):
        return match[2], match[1], ""
    if match := _ISO.fullmatch(text):
        return match[1], match[2] or "", match[3] or ""
    raise Invalid(node, message)


def _real(node: colander.SchemaNode, year: str, month: str, day: str) -> dt.date:
    try:
        date = dt.date(int(year), int(month), int(day))
    except ValueError:
        raise Invalid(node, NO_SUCH_DAY) from None
    if not EARLIEST <= date.year <= LATEST:
        raise Invalid(node, NO_SUCH_DAY)
    return date


class Date(colander.Date):
    """A day: `27/03/2025`, `2025-03-27`, Khmer digits, or the three boxes of a form. Gives `datetime.date`."""

    def deserialize(self, node: colander.SchemaNode, cstruct: Any) -> Any:
        if cstruct is null or cstruct is None:
            return null
        if isinstance(cstruct, dt.date) and not isinstance(cstruct, dt.datetime):
            return cstruct
        parts = _parts(node, cstruct, NOT_A_DATE)
        if parts is None:
            return null
        if not all(parts):
            raise Invalid(node, NOT_A_DATE)
        return _real(node, *parts)


class PartialDate(colander.String):
    """A day, a month or a year, whichever is known. Gives ISO text; see `precision`."""

    def deserialize(self, node: colander.SchemaNode, cstruct: Any) -> Any:
        if cstruct is null or cstruct is None:
            return null
        parts = _parts(node, cstruct, NOT_A_DATE)
        if parts is None:
            return null
        year, month, day = parts
        if not year or (day and not month):
            raise Invalid(node, NOT_A_DATE)
        text = _real(node, year, month or "1", day or "1").isoformat()
        return text[: 10 if day else 7 if month else 4]


class LocalDateTime(colander.DateTime):
    """A moment; without an offset it is meant in Phnom Penh. Gives an aware `datetime` in UTC."""

    def deserialize(self, node: colander.SchemaNode, cstruct: Any) -> Any:
        if cstruct is null or cstruct is None:
            return null
        if isinstance(cstruct, dt.datetime):
            return self._utc(node, cstruct)
        if isinstance(cstruct, dict):
            cstruct = _joined(node, cstruct)
        if not isinstance(cstruct, str):
            raise Invalid(node, NOT_A_TIME)
        text = to_ascii_digits(cstruct).strip()
        if not text:
            return null
        try:
            return self._utc(node, dt.datetime.fromisoformat(text) if "T" in text else self._written(node, text))
        except ValueError:
            raise Invalid(node, NOT_A_TIME) from None

    def _written(self, node: colander.SchemaNode, text: str) -> dt.datetime:
        match = _TIME.search(text)
        parts = _parts(node, text[: match.start()], NOT_A_TIME) if match else None
        if match is None or parts is None or not all(parts):
            raise Invalid(node, NOT_A_TIME)
        return dt.datetime.combine(_real(node, *parts), dt.time(int(match[1]), int(match[2])))

    def _utc(self, node: colander.SchemaNode, moment: dt.datetime) -> dt.datetime:
        if not EARLIEST <= moment.year <= LATEST:
            raise Invalid(node, NO_SUCH_DAY)
        return (moment if moment.tzinfo else moment.replace(tzinfo=ZONE)).astimezone(dt.UTC)


def _joined(node: colander.SchemaNode, boxes: dict) -> str:
    """Four boxes as one text; "" when all are empty."""
    if not all(isinstance(value, str) for value in boxes.values()):
        raise Invalid(node, NOT_A_TIME)
    day, month, year, time = (boxes.get(name, "").strip() for name in ("day", "month", "year", "time"))
    return f"{day}/{month}/{year} {time}" if any((day, month, year, time)) else ""


def not_in_future(node: colander.SchemaNode, value: dt.date | dt.datetime | str) -> None:
    """Validator for days, moments and partial dates. Clocks that differ by a few minutes are forgiven."""
    if isinstance(value, dt.datetime):
        future = value > now() + CLOCK_SKEW
    else:
        future = (first_day(value) if isinstance(value, str) else value) > today()
    if future:
        raise Invalid(node, FUTURE)

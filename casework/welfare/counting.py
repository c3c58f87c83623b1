"""Sums of exposure: days, weeks, bands, time without a break, the thresholds crossed. Pure functions on entries."""

import datetime as dt
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from casework.web.i18n import ZONE

from .limits import THRESHOLDS, Limits


@dataclass(frozen=True)
class Entry:
    """One entry as it counts; `began` and `ended` only where they are known."""

    day: dt.date
    minutes: int
    band: str
    began: dt.datetime | None = None
    ended: dt.datetime | None = None
    running: bool = False


@dataclass(frozen=True)
class Meter:
    """Where a person stands: minutes of today and of the week, minutes without a break up to now, and whether a clock
    runs in the last part of the shift."""

    today: int = 0
    week: int = 0
    unbroken: int = 0
    shift_ends: bool = False


def day_of(at: dt.datetime) -> dt.date:
    """The day in Phnom Penh."""
    return at.astimezone(ZONE).date()


def monday(day: dt.date) -> dt.date:
    """The Monday of the week of a day."""
    return day - dt.timedelta(days=day.weekday())


def minutes_between(began: dt.datetime, ended: dt.datetime) -> int:
    """Minutes begun, at least one."""
    return max(1, -(-int((ended - began).total_seconds()) // 60))


def by_band(entries: Iterable[Entry]) -> Counter[str]:
    """Minutes by band."""
    found: Counter[str] = Counter()
    for entry in entries:
        found[entry.band] += entry.minutes
    return found


def crossed(entries: Iterable[Entry], limits: Limits) -> str | None:
    """The highest threshold that the entries of one week reach, by its days and as a whole; None for none."""
    days: Counter[dt.date] = Counter()
    for entry in entries:
        days[entry.day] += entry.minutes
    most = max(days.values(), default=0)
    counted = {"day_warning": most, "day_stop": most, "week_stop": sum(days.values())}
    reached = [code for code in THRESHOLDS if counted[code] >= getattr(limits, code)]
    return reached[-1] if reached else None


def meter(entries: Iterable[Entry], at: dt.datetime, limits: Limits) -> Meter:
    """Where somebody with these entries of the week stands at a moment."""
    entries = list(entries)
    today = day_of(at)
    running = any(entry.running for entry in entries)
    return Meter(
        today=sum(entry.minutes for entry in entries if entry.day == today),
        week=sum(entry.minutes for entry in entries if monday(entry.day) == monday(today)),
        unbroken=_unbroken(entries, at, limits), shift_ends=running and _last_part(at, limits),
    )


def _unbroken(entries: list[Entry], at: dt.datetime, limits: Limits) -> int:
    """Minutes up to now with no break of the length that counts as one; 0 when the last work is that long ago."""
    pause = dt.timedelta(minutes=limits.break_length)
    known = sorted(((e.began, e.ended or at) for e in entries if e.began is not None), reverse=True)
    total, edge = dt.timedelta(0), at
    for began, ended in known:
        if edge - ended >= pause:
            break
        total += max(min(ended, edge) - began, dt.timedelta(0))
        edge = min(edge, began)
    return int(total.total_seconds()) // 60


def _last_part(at: dt.datetime, limits: Limits) -> bool:
    local = at.astimezone(ZONE)
    end = dt.datetime.combine(local.date(), limits.shift_end, ZONE)
    return end - dt.timedelta(minutes=limits.shift_quiet) <= local < end

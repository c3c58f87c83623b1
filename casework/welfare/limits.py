"""The limits of `etc/exposure.csv`: data of the deployment, never constants."""

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

from casework.reference import DEFAULT_ETC
from casework.reference.table import BadTable, lines, unique

COLUMNS = ("code", "value", "unit", "check")
THRESHOLDS = ("day_warning", "day_stop", "week_stop")  # from the least to the most
MINUTES = (*THRESHOLDS, "break_after", "break_length", "shift_quiet", "clock_most")


@dataclass(frozen=True)
class Limits:
    """Minutes but for `shift_end`, a time of the day in Phnom Penh; `checked` are the thresholds that ask for a
    welfare check."""

    day_warning: int
    day_stop: int
    week_stop: int
    break_after: int
    break_length: int
    shift_quiet: int
    clock_most: int
    shift_end: dt.time
    checked: frozenset[str]

    @classmethod
    def load(cls, path: Path) -> "Limits":
        """The limits in a file. Raises `BadTable`."""
        seen: set[str] = set()
        values: dict = {}
        checked = set()
        for line in lines(path, COLUMNS):
            code = line.one_of("code", (*MINUTES, "shift_end"))
            unique(line, code, seen, "limit")
            line.one_of("unit", ("time",) if code == "shift_end" else ("minutes",))
            values[code] = line.converted("value", dt.time.fromisoformat if code == "shift_end" else _minutes)
            if line.cells["check"]:
                line.one_of("check", ("yes",) if code in THRESHOLDS else ("",))
                checked.add(code)
        missing = sorted({*MINUTES, "shift_end"} - seen)
        if missing:
            raise BadTable(f"{path}: {', '.join(missing)} missing")
        return cls(**values, checked=frozenset(checked))


def _minutes(text: str) -> int:
    number = int(text) if text.isascii() and text.isdigit() else 0
    if not 0 < number <= 7 * 24 * 60:
        raise ValueError("is no number of minutes of a week")
    return number


_loaded: list[Limits] = []


def use_limits(limits: Limits) -> None:
    """The limits in force, set once at start."""
    _loaded[:] = [limits]


def limits() -> Limits:
    """The limits in force; those of the program's own folder when no start has set any."""
    if not _loaded:
        use_limits(Limits.load(DEFAULT_ETC / "exposure.csv"))
    return _loaded[0]

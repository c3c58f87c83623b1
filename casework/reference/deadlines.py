"""Deadline rules: `etc/deadlines.csv`, one clock a line (decision K12). README.md there explains the columns."""

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from .calendar import NO_HOLIDAYS, UNITS, Duration, Holidays
from .table import Line, in_force, iso_date, lines, unique

COLUMNS = (
    "code", "title_en", "title_km", "kind", "applies", "start", "stop", "limit", "unit", "by_risk", "warn_at",
    "escalate_to", "extendable", "extension", "pause_max_hours", "queue_role", "source", "confidence", "valid_from",
)  # fmt: skip
KINDS = ("statutory", "procedural", "free")
EXTENDABLE = ("none", "once", "twice", "document")
CONFIDENCE = ("sourced", "to_confirm", "house")
_EVENT = re.compile(r"[a-z_]+:[a-z_]+")
_RANGE = re.compile(r"(\d*)\.\.(\d*)")


@dataclass(frozen=True)
class Condition:
    """One fact a rule asks for. A fact that is not known fits, so that the shortest clock is not missed."""

    fact: str
    values: frozenset[str] = frozenset()
    excluded: bool = False
    lowest: int | None = None
    highest: int | None = None

    @classmethod
    def parse(cls, text: str) -> "Condition":
        """`fact=a,b`, `fact=!a` or `fact=14..17`. Raises ValueError."""
        fact, equals, value = text.partition("=")
        if not fact or not equals or not value:
            raise ValueError("is not written fact=value")
        span = _RANGE.fullmatch(value)
        if span and value != "..":
            low, high = (int(end) if end else None for end in span.groups())
            return cls(fact, lowest=low, highest=high)
        return cls(fact, frozenset(value.removeprefix("!").split(",")), value.startswith("!"))

    def fits(self, facts: Mapping[str, object]) -> bool:
        known = facts.get(self.fact)
        if known is None:
            return True
        if self.values:
            text = {True: "yes", False: "no"}.get(known, str(known)) if isinstance(known, bool) else str(known)
            return (text in self.values) is not self.excluded
        if not isinstance(known, int):
            return True
        return (self.lowest is None or known >= self.lowest) and (self.highest is None or known <= self.highest)


@dataclass(frozen=True)
class Rule:
    """One clock: what starts and stops it, its limit, who is warned, what may extend it, and on what ground."""

    code: str
    title_en: str
    title_km: str
    kind: str
    applies: tuple[Condition, ...]
    start: tuple[str, ...]
    stop: tuple[str, ...]
    limit: Duration
    by_risk: Mapping[str, Duration]
    warn_at: tuple[Duration | int, ...]
    escalate_to: tuple[str, ...]
    extendable: str
    extension: Duration | None
    pause_max_hours: int | None
    queue_role: str
    source: str
    confidence: str
    valid_from: dt.date | None

    @property
    def most_extensions(self) -> int | None:
        """How often it may be extended; None as often as a document says so."""
        return {"none": 0, "once": 1, "twice": 2}.get(self.extendable)

    def title(self, locale: str) -> str:
        return self.title_km if locale == "km" else self.title_en

    def limit_for(self, risk: str | None) -> Duration:
        return self.by_risk.get(risk or "", self.limit)


class Rules:
    """All rules, in the order of the file."""

    def __init__(self, rules: list[Rule]) -> None:
        self._rules = {rule.code: rule for rule in rules}

    def __iter__(self):
        return iter(self._rules.values())

    def __len__(self) -> int:
        return len(self._rules)

    @classmethod
    def load(cls, path: Path) -> "Rules":
        """Raises `BadTable`."""
        seen: set[str] = set()
        rules = []
        for line in lines(path, COLUMNS):
            rule = _rule(line)
            unique(line, rule.code, seen, "rule")
            rules.append(rule)
        return cls(rules)

    def get(self, code: str) -> Rule | None:
        return self._rules.get(code)

    def starting(
        self, event: str, facts: Mapping[str, object] | None = None, on: dt.date | None = None
    ) -> list[Rule]:
        """The clocks that `<record>:<event>` starts, given what is known of the record (see `Condition`)."""
        return [
            rule
            for rule in self
            if event in rule.start
            and in_force(rule.valid_from, None, on)
            and all(condition.fits(facts or {}) for condition in rule.applies)
        ]

    def stopping(self, event: str) -> list[Rule]:
        """The clocks that `<record>:<event>` stops."""
        return [rule for rule in self if event in rule.stop]


def due(
    rule: Rule, start: dt.datetime, *, risk: str | None = None, holidays: Holidays = NO_HOLIDAYS
) -> dt.datetime:
    """When the clock runs out, in UTC. `start` is aware; `risk` picks the limit where the rule has several."""
    return rule.limit_for(risk).after(start, holidays)


def warnings(rule: Rule, start: dt.datetime, due_at: dt.datetime) -> list[dt.datetime]:
    """When to warn, in UTC and in order: parts of the way from start to due, or fixed times after the start."""
    begin = start.astimezone(dt.UTC)
    found = set()
    for mark in rule.warn_at:
        found.add(mark.after(begin) if isinstance(mark, Duration) else begin + (due_at - begin) * mark / 100)
    return sorted(found)


def extended(rule: Rule, due_at: dt.datetime, holidays: Holidays = NO_HOLIDAYS) -> dt.datetime | None:
    """The new due time after one extension; None when the rule knows none, or the document says how long."""
    return rule.extension.after(due_at, holidays) if rule.extension else None


def _rule(line: Line) -> Rule:
    if line.words("extension") and line.text("extendable") == "none":
        raise line.error("extension: a rule that cannot be extended has none")
    return Rule(
        code=line.text("code"),
        title_en=line.text("title_en"),
        title_km=line.text("title_km"),
        kind=line.one_of("kind", KINDS),
        applies=tuple(_each(line, "applies", Condition.parse)),
        start=_events(line, "start"),
        stop=_events(line, "stop"),
        limit=Duration(line.converted("limit", int), line.one_of("unit", UNITS)),
        by_risk=dict(_each(line, "by_risk", _risk)),
        warn_at=tuple(_each(line, "warn_at", _mark)),
        escalate_to=line.words("escalate_to"),
        extendable=line.one_of("extendable", EXTENDABLE),
        extension=line.optional("extension", Duration.parse),
        pause_max_hours=line.optional("pause_max_hours", int),
        queue_role=line.text("queue_role"),
        source=line.text("source"),
        confidence=line.one_of("confidence", CONFIDENCE),
        valid_from=line.optional("valid_from", iso_date),
    )


def _each(line: Line, column: str, parse) -> list:
    try:
        return [parse(word) for word in line.words(column)]
    except ValueError as error:
        raise line.error(f"{column}: {error}") from error


def _events(line: Line, column: str) -> tuple[str, ...]:
    words = line.text(column).split()
    for word in words:
        if not _EVENT.fullmatch(word):
            raise line.error(f"{column}: {word!r} is not written <record>:<event>")
    return tuple(words)


def _risk(text: str) -> tuple[str, Duration]:
    level, equals, limit = text.partition("=")
    if not level or not equals:
        raise ValueError(f"{text!r} is not written level=limit")
    return level, Duration.parse(limit)


def _mark(text: str) -> Duration | int:
    """`75%` as 75, anything else as a duration."""
    if text.endswith("%") and text[:-1].isdigit():
        return int(text[:-1])
    return Duration.parse(text)

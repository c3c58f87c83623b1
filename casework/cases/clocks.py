"""Deadline rules at work: which clocks a happening starts, for whom, and when their alarms sound.

Rules are rows of `etc/deadlines.csv`. What happens to a record is written `<flow or table>:<word>`: a state it
entered, an event, or a happening that is no state (`etc/codes/happenings.csv`).
"""

import datetime as dt
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from casework.authz.conditions import CASE_AGENCY, LEAD
from casework.reference import DEFAULT_ETC
from casework.reference.calendar import Holidays
from casework.reference.deadlines import Rule, Rules, due, warnings

Owner = tuple[uuid.UUID | None, str, uuid.UUID | None]

_loaded: dict[str, Any] = {}
_queues: dict[str, Callable[[Any, Rule], Owner]] = {}
_facts: dict[str, Callable[[Any], Mapping[str, Any]]] = {}


def use_rules(rules: Rules, holidays: Holidays) -> None:
    """The rules and holidays to work with, set once at start."""
    _loaded.update(rules=rules, holidays=holidays)


def rules() -> Rules:
    """The rules in force; those of the program's own folder when no start has set any."""
    if "rules" not in _loaded:
        use_rules(Rules.load(DEFAULT_ETC / "deadlines.csv"), Holidays.load(DEFAULT_ETC / "holidays.csv"))
    return _loaded["rules"]


def holidays() -> Holidays:
    """The public holidays that working days pass over."""
    rules()
    return _loaded["holidays"]


def rule_of(code: str) -> Rule:
    """The rule with a code. Raises LookupError."""
    rule = rules().get(code)
    if rule is None:
        raise LookupError(f"there is no deadline rule {code}")
    return rule


def queue_for(flow_name: str, function: Callable[[Any, Rule], Owner]) -> None:
    """Let `function(record, rule)` say who gets the tasks of a flow: (agency_id, role, assignee_id or None)."""
    _queues[flow_name] = function


def recorded(name: str) -> bool:
    """Whether a feature says what happens to records of this flow or table."""
    return name in _queues


def facts_for(flow_name: str, function: Callable[[Any], Mapping[str, Any]]) -> None:
    """Let `function(record)` give the facts that rules ask about. Without it they are read from the record."""
    _facts[flow_name] = function


def name_of(record: Any) -> str:
    """The first half of what happens to a record: its flow's name, else its table's."""
    return getattr(record, "__flow__", record.__tablename__)


def owner(record: Any, rule: Rule, case: Any) -> Owner:
    """Who gets the task: what the feature says, else the agency that has the rule's role on the case."""
    function = _queues.get(name_of(record))
    if function is not None:
        return function(record, rule)
    if case is None:
        return record.agency_id, rule.queue_role, None
    agency = getattr(case, CASE_AGENCY.get(rule.queue_role, LEAD)) or record.agency_id
    return agency, rule.queue_role, case.lead_officer_id if rule.queue_role == "INV" else None


def known_facts(record: Any, rule: Rule) -> dict[str, Any]:
    """The facts a rule asks about, as far as they are known."""
    function = _facts.get(name_of(record))
    source = function(record) if function is not None else None
    return {c.fact: source.get(c.fact) if source is not None else getattr(record, c.fact, None) for c in rule.applies}


def started_by(happening: str, record: Any, at: dt.datetime, risk: str | None) -> list[Rule]:
    """The rules a happening starts. Where a missing fact leaves several that stop alike, the earliest counts."""
    groups: dict[tuple[str, ...], list[tuple[Rule, bool]]] = {}
    for rule in rules():
        if happening not in rule.start or (rule.valid_from is not None and rule.valid_from > at.date()):
            continue
        facts = known_facts(record, rule)
        if all(condition.fits(facts) for condition in rule.applies):
            groups.setdefault(rule.stop, []).append((rule, None in facts.values()))
    found: list[Rule] = []
    for group in groups.values():
        candidates = [rule for rule, _ in group]
        if any(uncertain for _, uncertain in group):
            candidates = [min(candidates, key=lambda rule: due(rule, at, risk=risk, holidays=holidays()))]
        found += candidates
    return found


def due_time(rule: Rule, at: dt.datetime, risk: str | None) -> dt.datetime:
    """When a clock of `rule` started at `at` runs out."""
    return due(rule, at, risk=risk, holidays=holidays())


def moments(rule: Rule, started_at: dt.datetime, due_at: dt.datetime) -> list[dt.datetime]:
    """When the alarms of a clock sound, in order: its warnings, and the moment it runs out."""
    return sorted({*warnings(rule, started_at, due_at), due_at})

"""Rules over several fields of one record. Each puts its message at the field to change."""

from collections.abc import Callable
from typing import Any

import colander
from colander import Invalid

from .dates import first_day, last_day
from .i18n import _

NEEDED = _("This must be filled in.")
BEFORE_START = _("This lies before the start.")
OTHER_PROVINCE = _("This district lies in another province.")

Rule = Callable[[colander.SchemaNode, dict], None]


def at(node: colander.SchemaNode, field: str, message: Any) -> Invalid:
    """A problem of one field of a mapping."""
    error = Invalid(node)
    error[field] = message
    return error


def rules(*checks: Rule) -> Rule:
    """All `checks` as one validator; every problem is told at once."""

    def check(node: colander.SchemaNode, value: dict) -> None:
        problems = []
        for one in checks:
            try:
                one(node, value)
            except Invalid as error:
                problems.append(error)
        if problems:
            whole = Invalid(node)
            for problem in problems:
                if problem.msg:
                    whole.msg = problem.msg
                for child in problem.children:
                    if child.pos not in {known.pos for known in whole.children}:
                        whole.add(child, child.pos)
            raise whole

    return check


def not_before(start: str, end: str) -> Rule:
    """`end` is not before `start`; partial dates count with their latest and earliest day."""

    def check(node: colander.SchemaNode, value: dict) -> None:
        first, last = value.get(start), value.get(end)
        if first is None or last is None:
            return
        first = first_day(first) if isinstance(first, str) else first
        last = last_day(last) if isinstance(last, str) else last
        if last < first:
            raise at(node, end, BEFORE_START)

    return check


def needed_when(field: str, when: Callable[[dict], bool], message: Any = NEEDED) -> Rule:
    """`field` must be given when `when(value)`."""

    def check(node: colander.SchemaNode, value: dict) -> None:
        if when(value) and value.get(field) in (None, "", [], ()):
            raise at(node, field, message)

    return check


def district_in_province(node: colander.SchemaNode, value: dict) -> None:
    """The district's code begins with its province's."""
    province, district = value.get("province"), value.get("district")
    if province and district and not district.startswith(province):
        raise at(node, "district", OTHER_PROVINCE)


def one_of_needed(fields: tuple[str, ...], message: Any) -> Rule:
    """At least one of `fields` is given; the message stands at the first."""

    def check(node: colander.SchemaNode, value: dict) -> None:
        if not any(value.get(field) for field in fields):
            raise at(node, fields[0], message)

    return check

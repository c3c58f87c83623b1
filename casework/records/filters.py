"""Filters of lists: in the URL, each answer a tag that can be removed."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import Select

from casework.web.render import translate

PAGING = ("after", "before")


@dataclass(frozen=True)
class Filter:
    """One filter of a list.

    name     of the field in the URL.
    label    what it is called.
    choices  (request) -> (value, label) pairs; nothing else is taken.
    where    (request, values) -> SQL condition.
    """

    name: str
    label: Any
    choices: Callable[[Any], list[tuple[str, str]]]
    where: Callable[[Any, list[str]], Any]


def by_code(model: type, column: str, codes: str, label: Any) -> Filter:
    """A filter by a column that holds codes of a list."""
    return Filter(
        column, label,
        lambda request: request.registry["codes"].choices(codes, request.locale_name),
        lambda request, values: getattr(model, column).in_(values),
    )


def by_province(model: type, label: Any, column: str = "province") -> Filter:
    """A filter by province."""
    return Filter(
        column, label,
        lambda request: [(p.code, p.name(request.locale_name)) for p in request.registry["gazetteer"].provinces()],
        lambda request, values: getattr(model, column).in_(values),
    )


def narrowed(request, filters: list[Filter], query: Select) -> tuple[Select, list[dict], list[dict]]:
    """The query as the URL narrows it, the fields of the filter form, and the tags of what is chosen."""
    fields, tags = [], []
    for one in filters:
        pairs = [(str(value), label) for value, label in one.choices(request)]
        known = dict(pairs)
        values = [value for value in dict.fromkeys(request.GET.getall(one.name)) if value in known]
        if values:
            query = query.where(one.where(request, values))
        label = translate(request, one.label)
        fields.append({"name": one.name, "label": label, "choices": pairs, "values": values})
        tags += [
            {"text": f"{label}: {known[value]}", "href": without(request, one.name, value)} for value in values
        ]
    return query, fields, tags


def without(request, name: str, value: str) -> str:
    """The address of this list without one answer."""
    kept = [(k, v) for k, v in request.GET.items() if k not in PAGING and (k, v) != (name, value)]
    return request.path + ("?" + urlencode(kept) if kept else "")


def without_all(request, names: tuple[str, ...], more: dict[str, str]) -> str:
    """The address of this list without some fields, and with some more."""
    kept = [(k, v) for k, v in request.GET.items() if k not in names] + list(more.items())
    return request.path + ("?" + urlencode(kept) if kept else "")

"""Values of records as words on a page: labels for codes, names for ids, dates as people write them.

A `Names` collects the ids a page shows and asks for their names with one query a kind, however many rows there are.
"""

import datetime as dt
import uuid
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from markupsafe import Markup, escape
from sqlalchemy import select

from casework.crypto.sealed import erased, is_gone, sealed_fields
from casework.db.base import Base
from casework.web.i18n import _, format_date, format_datetime
from casework.web.render import code_label, translate

from .labels import code_list, label
from .names import names_beside

BESIDE = ("agency", "user_account")
PLACES = ("province", "district", "commune")


@lru_cache(maxsize=2048)
def target_of(model: type, column: str) -> str | None:
    """The table a column's ids point to."""
    mapped = model.__mapper__.columns.get(column)
    keys = list(mapped.foreign_keys) if mapped is not None else []
    return keys[0].column.table.name if keys else None


class Names:
    """Names of agencies, users and records for one page; `request.names` is the one of a request."""

    def __init__(self, request):
        self._request = request
        self._wanted: dict[str, set[uuid.UUID]] = {}
        self._found: dict[str, dict[uuid.UUID, str]] = {}

    def want(self, table: str, ids: Iterable[uuid.UUID | None]) -> None:
        """Note ids that will be asked for, so that they are fetched together."""
        self._wanted.setdefault(table, set()).update(i for i in ids if i is not None)

    def later(self, table: str, key: uuid.UUID | None, otherwise: str = "") -> "Name":
        """The same as `of`, asked for when it is written on the page: then the names of all parts of the page come
        together. `otherwise` stands where there is none."""
        self.want(table, [key])
        return Name(self, table, key, otherwise)

    def of(self, table: str, key: uuid.UUID | None) -> str:
        """The name behind an id; "" where it has none that may be shown."""
        if key is None:
            return ""
        found = self._found.setdefault(table, {})
        if key not in found:
            self.want(table, [key])
            for asked in BESIDE if table in BESIDE else (table,):
                known = self._found.setdefault(asked, {})
                wanted = self._wanted.pop(asked, set()) - known.keys()
                known.update(dict.fromkeys(wanted, ""))
                self._wanted[asked] = wanted
            for asked, names in self._ask(table).items():
                self._found[asked].update(names)
        return found[key]

    def _ask(self, table: str) -> dict[str, dict[uuid.UUID, str]]:
        if table in BESIDE:
            return names_beside(self._request, {name: self._wanted.pop(name) for name in BESIDE})
        ids = self._wanted.pop(table)
        mapper = next((m for m in Base.registry.mappers if m.local_table.name == table), None)
        if mapper is None or "ref" not in mapper.columns:
            return {}
        # People by their pseudonym, other records by reference; the scope leaves out what may not be seen.
        model = mapper.class_
        shown = model.pseudonym if "pseudonym" in mapper.columns else model.ref
        rows = self._request.db.execute(select(model.id, shown).where(model.id.in_(ids)))
        return {table: dict(tuple(row) for row in rows)}


class Name:
    """A name that is found when a template writes it."""

    def __init__(self, names: Names, table: str, key: uuid.UUID | None, otherwise: str):
        self._names, self._asked, self._otherwise = names, (table, key), otherwise

    def __str__(self) -> str:
        return self._names.of(*self._asked) or self._otherwise

    def __html__(self) -> Markup:
        return escape(str(self))


def words(request, rt: Any, column: str, value: Any, names: Names) -> Any:
    """One value as text."""
    if value is None or value == "" or value == []:
        return ""
    if isinstance(value, bool):
        return translate(request, _("Yes") if value else _("No"))
    if isinstance(value, dt.datetime):
        return format_datetime(value, request.locale_name)
    if isinstance(value, dt.date):
        return format_date(value, request.locale_name)
    if isinstance(value, uuid.UUID):
        table = target_of(rt.model, column)
        return names.of(table, value) if table else ""
    codes = code_list(rt, column)
    if codes is not None:
        several = value if isinstance(value, list | tuple) else [value]
        return ", ".join(code_label(request, codes, one) for one in several)
    if column in PLACES:
        return request.registry["gazetteer"].path(value, request.locale_name)
    if isinstance(value, list | tuple):
        return ", ".join(_part(one) for one in value)
    if isinstance(value, dict):
        return _part(value)
    if getattr(rt.nodes.get(column), "partial", False):
        return format_date(value, request.locale_name)
    return str(value)


def _part(value: Any) -> str:
    return ": ".join(str(v) for v in value.values() if v) if isinstance(value, dict) else str(value)


def cell(request, rt: Any, row: Any, column: str, names: Names, href: str | None = None) -> Any:
    """One cell of a list. The reference leads to the record."""
    text = (
        rt.render[column](request, row, names) if column in rt.render else _value(request, rt, row, column, names)
    )
    voided = rt.struck and row.voided_at is not None
    if voided:
        text = Markup("<s>{}</s>").format(text)
    if column == "ref" and href is not None:
        link = Markup('<a class="govuk-link cw-mono cw-nowrap" href="{}">{}</a>').format(href, text)
        return Markup("{} ({})").format(link, translate(request, _("Voided"))) if voided else link
    return text


def want_all(names: Names, rt: Any, rows: Iterable[Any], columns: Iterable[str]) -> None:
    """Note every id that `columns` of `rows` will show."""
    for column in columns:
        table = target_of(rt.model, column)
        if table is not None:
            names.want(table, (getattr(row, column) for row in rows))


def summary(request, rt: Any, record: Any, columns: Iterable[str] = ()) -> list[dict]:
    """Rows for `ui.summary_list`: the fields of a record (a `Shown`) that this person may see."""
    names = request.names
    chosen = [c for c in (columns or rt.fields or rt.nodes) if hasattr(rt.model, c) and record.shows(c)]
    want_all(names, rt, [record], chosen)
    return [{"key": translate(request, label(rt, c)), "value": _value(request, rt, record, c, names)} for c in chosen]


def _value(request, rt: Any, row: Any, column: str, names: Names) -> Any:
    """A field as words; of what was erased, that it was, and under which order."""
    whole = getattr(row, "_record", row)
    if column in sealed_fields(rt.model) and is_gone(whole, column):
        return gone_words(request, erased(whole))
    return words(request, rt, column, getattr(row, column), names)


def gone_words(request, order: str | None) -> str:
    """What stands in the place of an erased value."""
    return translate(request, _("Erased under ${order}"), order=order or "-")


def includeme(config) -> None:
    config.add_request_method(Names, "names", reify=True)

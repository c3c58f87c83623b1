"""The widgets of every form: Deform's, made strict about what arrives and rendered by our own templates.

A widget turns what the browser sent into a cstruct and refuses, with a translated sentence, whatever is not of
its shape. A refused value becomes null, never None, so that a failed form can always be shown again.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime
from functools import cached_property

import colander
from colander import Invalid, null
from deform import widget as stock

from casework.web.i18n import ZONE, _
from schemas.text import problem_in_text, to_ascii_digits
from schemas.types import NOT_UNDERSTOOD, PROBLEMS, UNKNOWN_FIELD

TIME = re.compile(r"([01]?[0-9]|2[0-3])[:.h]?([0-5][0-9])")


class Text(stock.TextInputWidget):
    """One line. `numeric` folds Khmer and full-width digits and asks phones for the number keys."""

    multiline = False
    numeric = False

    def deserialize(self, field, pstruct):
        if pstruct is null:
            return null
        if not isinstance(pstruct, str):
            raise Invalid(field.schema, NOT_UNDERSTOOD, null)
        text = to_ascii_digits(pstruct.strip()) if self.numeric else pstruct.strip()
        problem = problem_in_text(text, multiline=self.multiline)
        if problem:
            raise Invalid(field.schema, PROBLEMS[problem], "" if problem == "surrogate" else text)
        return text or null


class LongText(Text):
    """Several lines."""

    template = "textarea"
    multiline = True
    rows = 5


class Secret(stock.PasswordWidget):
    """A password or code: kept as typed, never shown again."""

    redisplay = False

    def deserialize(self, field, pstruct):
        if pstruct is null or pstruct == "":
            return null
        if not isinstance(pstruct, str):
            raise Invalid(field.schema, NOT_UNDERSTOOD, null)
        return pstruct


class Choice(stock.SelectWidget):
    """One of a list: `values` are (value, label) pairs."""

    def deserialize(self, field, pstruct):
        if pstruct is null or pstruct == "":
            return null
        if not isinstance(pstruct, str):
            raise Invalid(field.schema, NOT_UNDERSTOOD, null)
        if pstruct not in {value for value, _label in self.values}:
            raise Invalid(field.schema, _("Choose one of the answers."), null)
        return pstruct


class Radios(Choice):
    """One of a short list, all in view."""

    template = "radio_choice"


class Later(Choice):
    """One of a list that is not asked for before it is needed: `make()` gives the widget that shows it.

    A form that was sent without an answer never asks.
    """

    def __init__(self, make: Callable[[], Choice]):
        super().__init__()
        self._make = make

    @cached_property
    def _made(self) -> Choice:
        return self._make()

    @property
    def template(self) -> str:
        return self._made.template

    @property
    def values(self) -> list[tuple[str, str]]:
        return self._made.values


class Checkboxes(stock.CheckboxChoiceWidget):
    """Any number of a list."""

    def deserialize(self, field, pstruct):
        if pstruct is null:
            return null
        chosen = (pstruct,) if isinstance(pstruct, str) else pstruct
        known = {value for value, _label in self.values}
        if not isinstance(chosen, list | tuple) or not all(isinstance(one, str) for one in chosen):
            raise Invalid(field.schema, NOT_UNDERSTOOD, null)
        if not known.issuperset(chosen):
            raise Invalid(field.schema, _("Choose among the answers."), null)
        return tuple(dict.fromkeys(chosen)) or null


class Tick(stock.CheckboxWidget):
    """One box: ticked is true."""

    def deserialize(self, field, pstruct):
        if pstruct not in (null, self.true_val, self.false_val):
            raise Invalid(field.schema, NOT_UNDERSTOOD, self.false_val)
        return self.true_val if pstruct == self.true_val else self.false_val


class DateParts(stock.Widget):
    """Day, month and year in three boxes. The cstruct is ISO text.

    `partial` allows "2019" and "2019-03", for dates that nobody knows better.
    """

    template = "dateparts"
    names = ("day", "month", "year")
    partial = False

    def serialize(self, field, cstruct, **kw):
        typed = getattr(field, "typed", None) or self.parts(cstruct)
        return field.renderer(self.template, field=field, cstruct=cstruct, typed=typed, **kw)

    def parts(self, cstruct) -> dict[str, str]:
        """What the boxes show for a stored value."""
        pieces = (cstruct or "").split("T")[0].split("-") if isinstance(cstruct, str) else []
        year, month, day, *_rest = [*pieces, "", "", ""]
        return {"day": day.lstrip("0"), "month": month.lstrip("0"), "year": year}

    def deserialize(self, field, pstruct):
        typed = self.read(field, pstruct)
        return null if typed is None else self.date(field, typed)

    def read(self, field, pstruct) -> dict[str, str] | None:
        """The boxes as typed, with plain digits; None when all are empty. Kept to be shown again."""
        if pstruct is null:
            return None
        known = isinstance(pstruct, dict) and set(pstruct) <= set(self.names)
        if not known or not all(isinstance(value, str) for value in pstruct.values()):
            raise Invalid(field.schema, NOT_UNDERSTOOD, null)
        typed = {name: to_ascii_digits(pstruct.get(name, "").strip()) for name in self.names}
        if not any(typed.values()):
            return None
        field.typed = {name: value if not problem_in_text(value) else "" for name, value in typed.items()}
        return typed

    def date(self, field, typed: dict[str, str]) -> str:
        """ISO text of three boxes, or Invalid."""
        day, month, year = (typed[name] for name in ("day", "month", "year"))
        if any(part and not (part.isascii() and part.isdigit()) for part in (day, month, year)):
            raise Invalid(field.schema, _("Write day, month and year in numbers."), null)
        if len(year) != 4:
            raise Invalid(field.schema, _("Write the year with four digits."), null)
        if self.partial and not day:
            if not month:
                return year
            self.real(field, year, month, "1")
            return f"{year}-{int(month):02}"
        if not day or not month:
            message = _("Write the month too.") if self.partial else _("Write day, month and year.")
            raise Invalid(field.schema, message, null)
        return self.real(field, year, month, day).isoformat()

    def real(self, field, year: str, month: str, day: str) -> date:
        """The date, or Invalid when the calendar has no such day."""
        try:
            return date(int(year), int(month), int(day))
        except ValueError:
            raise Invalid(field.schema, _("There is no such day in the calendar."), null) from None


class DateTimeParts(DateParts):
    """A date and a time of day in Phnom Penh. The cstruct is ISO text with the offset."""

    template = "datetime"
    names = ("day", "month", "year", "time")

    def parts(self, cstruct) -> dict[str, str]:
        try:
            moment = datetime.fromisoformat(cstruct)
        except (TypeError, ValueError):
            return dict.fromkeys(self.names, "")
        local = moment.astimezone(ZONE) if moment.tzinfo else moment
        return super().parts(local.date().isoformat()) | {"time": f"{local:%H:%M}"}

    def deserialize(self, field, pstruct):
        typed = self.read(field, pstruct)
        if typed is None:
            return null
        day = self.date(field, typed)
        match = TIME.fullmatch(typed["time"])
        if not match:
            raise Invalid(field.schema, _("Write the time as hours and minutes, for example 14:05."), null)
        moment = datetime.fromisoformat(f"{day}T{int(match[1]):02}:{match[2]}").replace(tzinfo=ZONE)
        return moment.isoformat()


class Group(stock.MappingWidget):
    """Fields that belong together. A field it does not have is refused, whatever the schema says."""

    def deserialize(self, field, pstruct):
        if pstruct is null:
            pstruct = {}
        if not isinstance(pstruct, dict):
            raise Invalid(field.schema, NOT_UNDERSTOOD, null)
        result, error = {}, None
        if set(pstruct) - {child.name for child in field.children}:
            error = Invalid(field.schema, UNKNOWN_FIELD, result)
        for number, child in enumerate(field.children):
            try:
                result[child.name] = child.deserialize(pstruct.get(child.name, null))
            except Invalid as refused:
                result[child.name] = refused.value
                error = error or Invalid(field.schema, None, result)
                error.add(refused, number)
        if error is not None:
            raise error
        return result


class WholeForm(Group):
    """The form itself."""

    template = "form"


class Items(stock.SequenceWidget):
    """Any number of the same thing, added and removed by the page's script."""

    category = "structural"

    def deserialize(self, field, pstruct):
        if pstruct is not null and not isinstance(pstruct, list):
            raise Invalid(field.schema, NOT_UNDERSTOOD, null)
        return super().deserialize(field, pstruct)

    def blank(self, field):
        """Markup of one more, empty item."""
        return field.children[0].clone().render_template(self.item_template, parent=field)


class Grid(Items):
    """The same as a table: a row for each, a column for each of its fields."""

    template = "grid"
    item_template = "grid_item"


def is_group(widget: stock.Widget) -> bool:
    """Whether a widget is several controls, which need a fieldset and a legend instead of a label."""
    return isinstance(widget, Checkboxes | DateParts) or widget.template == Radios.template


def messages(field) -> list:
    """What is wrong with a field itself. Of a group or a sequence, its members say what is wrong with them."""
    if field.error is None:
        return []
    whole = field.widget.category != "structural"
    inside = [child for child in field.error.children if whole or child.pos is None]
    return [*field.error.messages(), *(message for child in inside for message in everything(child))]


def everything(error: Invalid) -> list:
    """All messages of an error and of what is in it."""
    return [*error.messages(), *(message for child in error.children for message in everything(child))]


def is_multiple(node: colander.SchemaNode) -> bool:
    """Whether a node holds several codes of one list."""
    return isinstance(node.typ, colander.Set | colander.Sequence)

"""The nodes every schema is made of.

A node says what it holds and what is right; what it looks like is for the form to choose, from the node's type
and the attributes `code_list`, `choices`, `long`, `partial`, `secret`. Messages are translation strings and
never repeat what was typed. Bind a schema with `codes` (and `gazetteer`, `options`, or a `request` that
knows them) before use.
"""

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import colander
from colander import Invalid, null

from .dates import Date, LocalDateTime, PartialDate, not_in_future
from .i18n import _
from .text import to_ascii_digits
from .types import CHOOSE_AMONG, Boolean, CodeSet, Integer, Lines, OwnFields, OwnItems, Secret, Text

CHOOSE_ONE = _("Choose one of the answers.")
NOT_A_REF = _("Write the reference as it is shown, for example C26-482913-K.")
NOT_A_PLACE = _("Choose a place of the list.")

_REF = re.compile(r"[A-Z]{1,2}\d{2}-\d{6}-[A-Z]")
_KHMER = re.compile("[\u1780-\u17d3]")
_LATIN = re.compile("[A-Za-z\u00c0-\u024f\u1e00-\u1eff]")


class Strict(colander.MappingSchema):
    """A record's fields, and no others: an unknown field is refused, never ignored."""

    schema_type = OwnFields


def _all(*validators: Any) -> Any:
    """Every validator in turn; deferred ones are resolved when the schema is bound."""
    given = [validator for validator in validators if validator is not None]
    if len(given) < 2:
        return given[0] if given else None
    if not any(isinstance(validator, colander.deferred) for validator in given):
        return colander.All(*given)
    return colander.deferred(
        lambda node, kw: colander.All(
            *(v(node, kw) if isinstance(v, colander.deferred) else v for v in given)
        )
    )


def _length(shortest: int, longest: int) -> colander.Length:
    return colander.Length(
        shortest,
        longest,
        min_err=_("Write at least ${min} characters."),
        max_err=_("Write at most ${max} characters."),
    )


class Node(colander.SchemaNode):
    """A node made with words of its own instead of a type."""

    def clone(self) -> "Node":
        """A copy; colander's own would call the constructor with a type."""
        cloned = type(self).__new__(type(self))
        cloned.__dict__.update(self.__dict__)
        cloned.children = [child.clone() for child in self.children]
        return cloned


class TextNode(Node):
    """Text of `min` to `max` characters, on several lines if `multiline`."""

    def __init__(
        self, *, max: int = 200, min: int = 0, multiline: bool = False, validator: Any = None, **kw: Any
    ) -> None:
        kw.setdefault("long", multiline)
        super().__init__(Text(multiline), validator=_all(_length(min, max), validator), **kw)


class LinesNode(Node):
    """At most `max_lines` values, one a line, each of at most `max` characters."""

    def __init__(self, *, max: int = 200, max_lines: int = 50, validator: Any = None, **kw: Any) -> None:
        def fits(node: colander.SchemaNode, values: list[str]) -> None:
            if len(values) > max_lines:
                raise Invalid(node, _("Write at most ${max} lines.", mapping={"max": max_lines}))
            if any(len(value) > max for value in values):
                raise Invalid(node, _("Write at most ${max} characters a line.", mapping={"max": max}))

        super().__init__(Lines(), validator=_all(fits, validator), long=True, **kw)


class SecretNode(Node):
    """A password or code of `min` to `max` characters."""

    def __init__(self, *, min: int = 1, max: int = 256, validator: Any = None, **kw: Any) -> None:
        super().__init__(Secret(), validator=_all(_length(min, max), validator), secret=True, **kw)


class IntegerNode(Node):
    """A whole number from `min` to `max`."""

    def __init__(self, *, min: int = 0, max: int = 999, validator: Any = None, **kw: Any) -> None:
        limits = colander.Range(
            min, max, min_err=_("Write a number of ${min} or more."), max_err=_("Write a number of ${max} or less.")
        )
        super().__init__(Integer(), validator=_all(limits, validator), **kw)


class BooleanNode(Node):
    """A box to tick; false when it is not. `must` is what to say when it has to be ticked."""

    def __init__(self, *, must: Any = None, **kw: Any) -> None:
        def ticked(node: colander.SchemaNode, value: bool) -> None:
            if not value:
                raise Invalid(node, must)

        if must is None:
            kw.setdefault("missing", False)
        else:
            kw.setdefault("missing_msg", must)
        super().__init__(Boolean(), validator=ticked if must is not None else None, **kw)


class CodeNode(Node):
    """A code of the list `code_list` that may be chosen today; a list of them if `multiple`."""

    def __init__(
        self, code_list: str, *, multiple: bool = False, validator: Any = None, exclude: tuple[str, ...] = (), **kw: Any
    ) -> None:
        @colander.deferred
        def known(node: colander.SchemaNode, bindings: Mapping[str, Any]) -> Callable:
            codes = bindings["codes"]

            def check(node: colander.SchemaNode, value: Any) -> None:
                chosen = value if multiple else [value]
                if not all(codes.may_choose(code_list, code) and code not in exclude for code in chosen):
                    raise Invalid(node, CHOOSE_AMONG if multiple else CHOOSE_ONE)

            return check

        if exclude:
            kw["choices"] = _without(code_list, exclude)
        else:
            kw["code_list"] = code_list
        super().__init__(CodeSet() if multiple else Text(), validator=_all(known, validator), **kw)


def _without(code_list: str, exclude: tuple[str, ...]) -> colander.deferred:
    """The choices of a list without some of its codes."""
    return colander.deferred(
        lambda node, kw: [
            (code, label) for code, label in kw["codes"].choices(code_list, kw.get("locale", "en"))
            if code not in exclude
        ]
    )


class OptionNode(Node):
    """One of what this person may choose now, which only the view knows: an agency, an officer, a child.

    `options(source)` gives (value, label) pairs; it comes as the binding `options` or as `request.options`.
    What is not among them is refused, so that nobody can name a record that he may not see.
    """

    def __init__(self, source: str, *, multiple: bool = False, validator: Any = None, **kw: Any) -> None:
        @colander.deferred
        def known(node: colander.SchemaNode, bindings: Mapping[str, Any]) -> Callable:
            def check(node: colander.SchemaNode, value: Any) -> None:
                allowed = {str(value) for value, _label in _options(bindings)(source)}
                if not allowed.issuperset(value if multiple else [value]):
                    raise Invalid(node, CHOOSE_AMONG if multiple else CHOOSE_ONE)

            return check

        # A function: what nobody answers and nobody is shown is not asked for.
        kw["choices"] = colander.deferred(lambda node, bindings: partial(_options(bindings), source))
        super().__init__(
            CodeSet() if multiple else Text(), validator=_all(known, validator), options_source=source, **kw
        )


def _options(bindings: Mapping[str, Any]) -> Callable:
    return bindings.get("options") or bindings["request"].options


class GazetteerNode(Node):
    """A place of one `level`: province, district or commune, by its code."""

    def __init__(self, level: str = "province", *, validator: Any = None, **kw: Any) -> None:
        @colander.deferred
        def known(node: colander.SchemaNode, bindings: Mapping[str, Any]) -> Callable:
            gazetteer = _gazetteer(bindings)

            def check(node: colander.SchemaNode, value: str) -> None:
                place = gazetteer.get(value)
                if place is None or place.level != level:
                    raise Invalid(node, NOT_A_PLACE)

            return check

        if level != "commune":
            kw["choices"] = colander.deferred(
                lambda node, bindings: _gazetteer(bindings).choices(level, bindings.get("locale", "en"))
            )
        super().__init__(Text(), validator=_all(known, validator), level=level, **kw)


def _gazetteer(bindings: Mapping[str, Any]) -> Any:
    return bindings.get("gazetteer") or bindings["request"].registry["gazetteer"]


class DateNode(Node):
    """A day; not in the future if `past`."""

    def __init__(self, *, past: bool = False, validator: Any = None, **kw: Any) -> None:
        super().__init__(Date(), validator=_all(not_in_future if past else None, validator), **kw)


class PartialDateNode(Node):
    """A day of which month or day may be unknown, as ISO text; not in the future if `past`."""

    def __init__(self, *, past: bool = False, validator: Any = None, **kw: Any) -> None:
        super().__init__(
            PartialDate(), validator=_all(not_in_future if past else None, validator), partial=True, **kw
        )


class DateTimeNode(Node):
    """A moment, read in Phnom Penh and given in UTC; not in the future if `past`."""

    def __init__(self, *, past: bool = False, validator: Any = None, **kw: Any) -> None:
        super().__init__(LocalDateTime(), validator=_all(not_in_future if past else None, validator), **kw)


class RefNode(Node):
    """A reference such as C26-482913-K of one of `kinds`; whether it exists is for the view to find out."""

    def __init__(self, *kinds: str, validator: Any = None, **kw: Any) -> None:
        def written(node: colander.SchemaNode, value: str) -> None:
            kind = value.rstrip("-ABCDEFGHJKLMNPQRSTUVWXYZ").partition("-")[0].rstrip("0123456789")
            if not _REF.fullmatch(value) or (kinds and kind not in kinds):
                raise Invalid(node, NOT_A_REF)

        super().__init__(
            Text(), preparer=lambda value: value if value is null else to_ascii_digits(value).upper(),
            validator=_all(written, validator), width=20, **kw,
        )


def in_khmer(node: colander.SchemaNode, value: str) -> None:
    """Validator: the text is in Khmer letters."""
    if not _KHMER.search(value) or _LATIN.search(value):
        raise Invalid(node, _("Write this in Khmer letters."))


def in_latin(node: colander.SchemaNode, value: str) -> None:
    """Validator: the text is in Latin letters."""
    if not _LATIN.search(value) or _KHMER.search(value):
        raise Invalid(node, _("Write this in Latin letters."))


class Items(colander.SequenceSchema):
    """Any number of the same thing, from `min_len` to `max_len`."""

    schema_type = OwnItems
    min_len, max_len = 0, 100

    def validator(self, node: colander.SchemaNode, values: list) -> None:
        if len(values) < self.min_len:
            raise Invalid(node, _("Add at least ${min}.", mapping={"min": self.min_len}))
        if len(values) > self.max_len:
            raise Invalid(node, _("Add at most ${max}.", mapping={"max": self.max_len}))


class ReasonSchema(Strict):
    """Why: at least ten characters."""

    reason = TextNode(max=2000, min=10, multiline=True, title=_("Reason"))


def reason_from(code_list: str) -> type[Strict]:
    """A schema that asks for a code of a list and the reason in words."""

    class CodedReason(Strict):
        reason_code = CodeNode(code_list, title=_("Reason code"))
        reason = TextNode(max=2000, min=10, multiline=True, title=_("Reason"))

    return CodedReason

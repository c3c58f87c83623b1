"""What a value may look like when it arrives, and what it becomes: the types under the nodes of `fields`.

Each takes only what a form or a program would send, and refuses all else with a sentence that does not repeat it.
"""

import re
from typing import Any

import colander
from colander import Invalid, null

from .i18n import _
from .text import clean, problem_in_text, to_ascii_digits

PROBLEMS = {
    "control": _("This has a character that cannot be seen. Type it again instead of pasting it."),
    "bidi": _("This has a mark that changes the direction of writing. Type it again instead of pasting it."),
    "surrogate": _("This has a broken character. Type it again instead of pasting it."),
}
NOT_UNDERSTOOD = _("This was not sent in a form that can be read. Reload the page and try again.")
UNKNOWN_FIELD = _("The form was sent with a field that it does not have. Reload the page and try again.")
NOT_TEXT = _("This must be text.")
NOT_A_NUMBER = _("Write a whole number.")
CHOOSE_AMONG = _("Choose among the answers.")
NOT_YES_OR_NO = _("This must be yes or no.")


class OwnFields(colander.Mapping):
    """A mapping with no field but its own. colander's `unknown="raise"` would repeat what was sent."""

    def deserialize(self, node: colander.SchemaNode, cstruct: Any) -> Any:
        if cstruct is None or cstruct is null:
            return null
        if not isinstance(cstruct, dict):
            raise Invalid(node, NOT_UNDERSTOOD)
        if set(cstruct) - {child.name for child in node.children}:
            raise Invalid(node, UNKNOWN_FIELD)
        return super().deserialize(node, cstruct)


class OwnItems(colander.Sequence):
    """A list. colander's own would take anything that can be iterated, and repeat what was sent."""

    def deserialize(self, node: colander.SchemaNode, cstruct: Any, accept_scalar: Any = None) -> Any:
        if cstruct is None or cstruct is null:
            return null
        if not isinstance(cstruct, list | tuple):
            raise Invalid(node, NOT_UNDERSTOOD)
        return super().deserialize(node, cstruct, False)


class Text(colander.String):
    """Text, stored as typed but composed and stripped; invisible and direction characters are refused."""

    def __init__(self, multiline: bool = False) -> None:
        super().__init__()
        self.multiline = multiline

    def deserialize(self, node: colander.SchemaNode, cstruct: Any) -> Any:
        if cstruct is null or cstruct is None:
            return null
        if not isinstance(cstruct, str):
            raise Invalid(node, NOT_TEXT)
        text = clean(cstruct)
        problem = problem_in_text(text, multiline=self.multiline)
        if problem:
            raise Invalid(node, PROBLEMS[problem])
        return text or null


class Lines(Text):
    """Several lines, one value each, blank ones left out. Gives a list."""

    def __init__(self) -> None:
        super().__init__(multiline=True)

    def serialize(self, node: colander.SchemaNode, appstruct: Any) -> Any:
        return super().serialize(node, "\n".join(appstruct) if isinstance(appstruct, list | tuple) else appstruct)

    def deserialize(self, node: colander.SchemaNode, cstruct: Any) -> Any:
        if isinstance(cstruct, list | tuple) and all(isinstance(line, str) for line in cstruct):
            cstruct = "\n".join(cstruct)
        text = super().deserialize(node, cstruct)
        return text if text is null else [line.strip() for line in text.split("\n") if line.strip()]


class Secret(colander.String):
    """A password or code, exactly as typed."""

    def deserialize(self, node: colander.SchemaNode, cstruct: Any) -> Any:
        if cstruct is null or cstruct is None or cstruct == "":
            return null
        if not isinstance(cstruct, str):
            raise Invalid(node, NOT_TEXT)
        if problem_in_text(cstruct) == "surrogate":
            raise Invalid(node, PROBLEMS["surrogate"])
        return cstruct


class Integer(colander.Integer):
    """A whole number in Western, Khmer or full-width digits."""

    def deserialize(self, node: colander.SchemaNode, cstruct: Any) -> Any:
        if cstruct is null or cstruct is None:
            return null
        if isinstance(cstruct, int) and not isinstance(cstruct, bool):
            return cstruct
        if not isinstance(cstruct, str):
            raise Invalid(node, NOT_A_NUMBER)
        text = to_ascii_digits(cstruct).strip()
        if not text:
            return null
        if not re.fullmatch(r"-?[0-9]{1,15}", text):
            raise Invalid(node, NOT_A_NUMBER)
        return int(text)


class Boolean(colander.Boolean):
    """True or false; nothing else is guessed to mean either."""

    def deserialize(self, node: colander.SchemaNode, cstruct: Any) -> Any:
        if cstruct is null or cstruct is None:
            return null
        found = {"true": True, "false": False}.get(cstruct) if isinstance(cstruct, str) else cstruct
        if not isinstance(found, bool):
            raise Invalid(node, NOT_YES_OR_NO)
        return found


class CodeSet(colander.Set):
    """Several codes. Gives a list in the order given, each once."""

    def deserialize(self, node: colander.SchemaNode, cstruct: Any) -> Any:
        if cstruct is null or cstruct is None:
            return null
        if not isinstance(cstruct, list | tuple | set | frozenset):
            raise Invalid(node, CHOOSE_AMONG)
        if not all(isinstance(code, str) for code in cstruct):
            raise Invalid(node, CHOOSE_AMONG)
        return list(dict.fromkeys(cstruct)) or null

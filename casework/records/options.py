"""What a person may choose now: agencies, officers, people of a case. Forms name a source, packages supply it."""

from collections.abc import Callable
from typing import Any

Source = Callable[[Any], list[tuple[str, str]]]


def add_options(config, name: str, function: Source) -> None:
    """Directive: `function(request)` gives the (value, label) pairs of the source `name`.

    It must give only what `request.identity` may see: what it leaves out is refused, also when it was sent.
    """
    config.registry.setdefault("options", {})[name] = function


def _options(request) -> Callable[[str], list[tuple[str, str]]]:
    """`request.options(name)`, each source asked once a request. Raises KeyError for a source nobody supplies."""
    asked: dict[str, list[tuple[str, str]]] = {}

    def options(name: str) -> list[tuple[str, str]]:
        if name not in asked:
            pairs = request.registry["options"][name](request)
            asked[name] = [(str(value), label) for value, label in pairs]
        return asked[name]

    return options


def includeme(config) -> None:
    config.add_directive("add_options", add_options)
    config.add_request_method(_options, "options", reify=True)

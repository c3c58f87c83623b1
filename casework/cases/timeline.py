"""One timeline of a case: transitions, tasks, notes and what features add, as one person may see them."""

from collections.abc import Callable
from typing import Any

Provider = Callable[[Any, Any], list[dict]]
_providers: list[Provider] = []


def provide(function: Provider) -> None:
    """Let `function(request, case)` add items. Registering twice is once.

    An item is a dict: when (aware datetime), title, kind (a word for the filter) and, where there is one, by, text,
    href, id (the record's id: ids are ordered by time). Only what `request.identity` may see.
    """
    if function not in _providers:
        _providers.append(function)

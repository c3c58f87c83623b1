"""What the first screen of a role is made of (DOMAIN 6): one queue, and the panels that features add."""

from collections.abc import Callable
from typing import Any

from casework.authz.identity import ROLES

Panel = Callable[[Any], dict | None]
_panels: dict[str, list[Panel]] = {role: [] for role in ROLES}


def panel(role: str, function: Panel) -> None:
    """Add a panel to the first screen of `role`. Registering twice is once. Raises KeyError for no role.

    `function(request)` gives dict(title, columns, rows, empty) or None for no panel: columns and rows as
    `ui.table` takes them, empty the words for no row; `href` and `more` may link to the whole list. Pseudonyms and
    references only, a fixed number of queries.
    """
    if function not in _panels[role]:
        _panels[role].append(function)


def panels_of(request) -> list[dict]:
    """The panels of the person's role, filled."""
    found = (function(request) for function in _panels[request.identity.role])
    return [{"href": None, "more": None, **one} for one in found if one is not None]

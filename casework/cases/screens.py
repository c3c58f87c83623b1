"""What the first screen of a role is made of (DOMAIN 6): one queue, and the panels and entries features add."""

from collections.abc import Callable
from typing import Any

from markupsafe import Markup

from casework.authz.identity import ROLES
from casework.db.refs import parse_ref
from casework.records.registry import may_see_any
from casework.web.i18n import _
from casework.web.render import translate

Panel = Callable[[Any], dict | None]
_panels: dict[str, list[Panel]] = {role: [] for role in ROLES}
_entries: list[tuple[tuple[str, ...], Any, str]] = []


def panel(role: str, function: Panel) -> None:
    """Add a panel to the first screen of `role`. Registering twice is once. Raises KeyError for no role.

    `function(request)` gives dict(title, columns, rows, empty) or None for no panel: columns and rows as
    `ui.table` takes them, and {"due": moment} for a cell with a clock; empty the words for no row; `href` and `more`
    may link to the whole list. Pseudonyms and references only, a fixed number of queries.
    """
    if function not in _panels[role]:
        _panels[role].append(function)


def entry(roles: tuple[str, ...], title: Any, path: str) -> None:
    """Add an entry to the main navigation of some roles, besides the lists of records they may see."""
    if (roles, title, path) not in _entries:
        _entries.append((roles, title, path))


def panels_of(request) -> list[dict]:
    """The panels of the person's role, filled."""
    found = (function(request) for function in _panels[request.identity.role])
    return [{"href": None, "more": None, **one} for one in found if one is not None]


def link(text: str, href: str) -> Markup:
    """A cell that leads somewhere; a reference stands in letters of one width and is not broken."""
    kind = "govuk-link cw-mono cw-nowrap" if parse_ref(text) else "govuk-link"
    return Markup('<a class="{}" href="{}">{}</a>').format(kind, href, text)


def nav(request) -> list[dict]:
    """The main navigation: the first screen, the tasks, every list this person's role may see, and more entries."""
    role = request.identity.role
    found = [(translate(request, _("Start")), "/", "s")]
    if request.registry["matrix"].cell("task", role).may("M"):
        found.append((translate(request, _("Tasks")), "/tasks", "t"))
    for rt in request.registry["record_types"].values():
        if rt.parent is None and rt.list_view and may_see_any(request, rt):
            found.append((translate(request, rt.plural), f"/{rt.path}", rt.path[0]))
    found += [(translate(request, title), path, "") for roles, title, path in _entries if role in roles]
    entries, keys = [], set()
    for label, href, key in found:
        one = {"label": label, "href": href, "current": _within(request.path, href)}
        if key and key not in keys:
            one["key"] = key
            keys.add(key)
        entries.append(one)
    return entries


def _within(path: str, href: str) -> bool:
    return path == href or (href != "/" and path.startswith(f"{href}/"))

"""What the first screen of a role is made of (DOMAIN 6): one queue, and the panels and entries features add."""

from collections.abc import Callable
from typing import Any

from markupsafe import Markup
from sqlalchemy import Select, select

from casework.authz.identity import ROLES
from casework.db.refs import parse_ref
from casework.records.registry import may_see_any
from casework.web.i18n import _
from casework.web.render import translate

Panel = Callable[[Any], dict | list[dict] | None]
Waits = Callable[[Any], Select]
_panels: dict[str, dict[Panel, Waits | None]] = {role: {} for role in ROLES}
_entries: list[tuple[tuple[str, ...], Any, str]] = []


# What stands on top where the order in which features add their panels is not that of DOMAIN 6.
FIRST = {
    "PSU": ("to_answer", "to_review", "to_decide", "overdue_of_team"),
    "FOR": ("to_accept", "in_my_hands", "meter"),
    "PRO": ("new_files", "terms", "hearings_soon", "answers"),
    "SW": ("my_children", "new_requests"),
    "SWS": ("of_team", "workload", "to_answer"),
}


def panel(role: str, function: Panel, waits: Waits | None = None) -> None:
    """Add a panel to the first screen of `role`. Registering twice is once. Raises KeyError for no role.

    `function(request)` gives dict(title, columns, rows, empty), several of them in a list, or None for no panel:
    columns and rows as `ui.table` takes them, and {"due": moment} for a cell with a clock; empty the words for no row;
    `href` and `more` may link to the whole list; form: dict(action, name, label, button) for a field of one line.
    Pseudonyms and references only, a fixed number of queries; names by `request.names.later`, so that they come
    together for all panels.

    `waits(request)` is a select of the ids of what a panel shows that is seldom there: all of these are asked for with
    one statement, and a panel for which nothing waits is left out.
    """
    _panels[role].setdefault(function, waits)


def entry(roles: tuple[str, ...], title: Any, path: str) -> None:
    """Add an entry to the main navigation of some roles, besides the lists of records they may see."""
    if (roles, title, path) not in _entries:
        _entries.append((roles, title, path))


def in_order(role: str) -> dict[Panel, Waits | None]:
    """The panels of a role as they stand on its first screen."""
    panels, first = _panels[role], FIRST.get(role, ())
    places = {name: place for place, name in enumerate(first)}
    return {one: panels[one] for one in sorted(panels, key=lambda one: places.get(one.__name__, len(first)))}


def panels_of(request) -> list[dict]:
    """The panels of the person's role, filled."""
    panels = in_order(request.identity.role)
    asked = {function: waits(request) for function, waits in panels.items() if waits is not None}
    there = {}
    if asked:
        row = request.db.execute(select(*(query.exists() for query in asked.values()))).one()
        there = dict(zip(asked, row, strict=True))
    found: list[dict] = []
    for made in (function(request) for function in panels if there.get(function, True)):
        found += made if isinstance(made, list) else [made] if made is not None else []
    return [{"href": None, "more": None, "form": None, **one} for one in found]


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

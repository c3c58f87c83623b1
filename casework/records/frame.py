"""The frame around every page of a record: who it is about (identity bar) and where one can go (sub-navigation).

A type with `frame` (the case) puts it around its own pages and those of everything that hangs under it.
"""

from functools import partial
from typing import Any

from pyramid.events import BeforeRender

from casework.web.render import translate

from .registry import Context, RecordType, may_see_any
from .show import BESIDE, target_of


def frame_of(request) -> dict | None:
    """ref, title, tags, meta, items of the outermost framed record of this request; None where there is none."""
    context = getattr(request, "context", None)
    if not isinstance(context, Context):
        return None
    for rt, record in context.chain:
        if rt.frame is not None and record is not None:
            found = rt.frame(request, record)
            return {**found, "items": _items(request, rt, record, f"/{rt.path}/{record.ref}")}
    return None


def expect(request) -> None:
    """Note the names that the frame will show, so that they come with those of the page."""
    for rt, record in getattr(getattr(request, "context", None), "chain", ()):
        if rt.frame is not None and record is not None:
            for column in rt.model.__mapper__.columns.keys():  # noqa: SIM118  a collection of columns, no dict
                table = target_of(rt.model, column)
                if table in BESIDE:
                    request.names.want(table, [getattr(record, column)])


def _items(request, rt: RecordType, record: Any, base: str) -> list[dict]:
    """The tabs this person may open; what others may see leaves no trace."""
    matrix, role = request.registry["matrix"], request.identity.role
    tabs = [
        (child.weight, child.tab_title, child.path) for child in request.registry["record_types"].values()
        if child.parent == rt.name and child.tab_title is not None and may_see_any(request, child)
        and (child.when is None or child.when(record))
    ]
    for tab in rt.tabs:
        row, _, level = tab.permission.partition(":")
        if matrix.cell(row, role).may(level):
            tabs.append((tab.weight, tab.title, tab.path))
    items = [{"label": translate(request, rt.overview), "href": base}]
    for _weight, title, path in sorted(tabs, key=lambda tab: tab[0]):
        items.append({"label": translate(request, title), "href": f"{base}/{path}"})
    current = max((i["href"] for i in items if _within(request.path, i["href"])), key=len, default=None)
    return [{**item, "current": item["href"] == current} for item in items]


def _within(path: str, href: str) -> bool:
    return path == href or path.startswith(f"{href}/")


def _add(event: Any) -> None:
    if str(event["renderer_name"]).endswith(".jinja2"):
        event["frame"] = partial(frame_of, event["request"])


def includeme(config) -> None:
    config.add_subscriber(_add, BeforeRender)

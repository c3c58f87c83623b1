"""Places in a store, written one way: "Room 1 / Rack A / Shelf 4". What stands before a slash contains what follows."""

import re

from sqlalchemy import ColumnElement, or_

SLASH = " / "
MOST = 120


def shelf(text: str | None) -> str | None:
    """A place as it is kept: one blank around each slash, no blank too many; None for nothing."""
    parts = [" ".join(part.split()) for part in re.split(r"[/\\]", text or "")]
    return SLASH.join(part for part in parts if part)[:MOST] or None


def within(column, place: str) -> ColumnElement:
    """Whether a column holds this place or one below it."""
    return or_(column == place, column.startswith(f"{place}{SLASH}", autoescape=True))

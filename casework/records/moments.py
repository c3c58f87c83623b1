"""Dates, numbers and ids as they stand in an address: what cannot be read counts as not given."""

import datetime as dt
import uuid

from casework.web.i18n import ZONE
from schemas.text import to_ascii_digits


def day(text: str, *, end: bool = False) -> dt.datetime | None:
    """The first moment of a day in Phnom Penh, or the first after it."""
    try:
        found = dt.date.fromisoformat(to_ascii_digits(text.strip()))
        return dt.datetime.combine(found + dt.timedelta(days=int(end)), dt.time(), ZONE)
    except (ValueError, OverflowError):
        return None


def number(text: str) -> int | None:
    """A number of an entry."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def key(text: str) -> uuid.UUID | None:
    """The id of a record."""
    try:
        return uuid.UUID(text) if text else None
    except ValueError:
        return None

"""The one way a table leaves as CSV: no cell of it is a formula to a spreadsheet."""

import csv
import io
from collections.abc import Iterable
from typing import Any

# What a spreadsheet takes for the beginning of a formula, also after blanks and in its full-width form (OWASP).
_FORMULA = tuple("=+-@\t\r\n|%＝＋－＠")


def safe_cell(value: Any) -> str:
    """A value as text that every spreadsheet shows as it stands: an apostrophe goes before what would be run."""
    text = "" if value is None else str(value)
    return f"'{text}" if text.lstrip(" \u00a0\u200b\ufeff").startswith(_FORMULA) else text


def csv_of(rows: Iterable[Iterable[Any]]) -> bytes:
    """Rows as CSV in UTF-8 with its mark, which spreadsheets need to read Khmer."""
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerows([safe_cell(value) for value in row] for row in rows)
    return b"\xef\xbb\xbf" + out.getvalue().encode()

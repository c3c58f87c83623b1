"""Reading a CSV table of `etc/` so that a mistake is named with its file and line."""

import csv
import datetime as dt
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any


class BadTable(Exception):
    """A file of `etc/` that cannot be used; the message begins with file and line."""


class Line:
    """One line of a table. Every accessor raises `BadTable` naming file, line and column."""

    def __init__(self, path: Path, number: int, cells: dict[str, str]) -> None:
        self.path, self.number, self.cells = path, number, cells

    def error(self, message: str) -> BadTable:
        return BadTable(f"{self.path}:{self.number}: {message}")

    def text(self, column: str) -> str:
        """The cell, which must not be empty."""
        value = self.cells[column]
        if not value:
            raise self.error(f"{column} is empty")
        return value

    def words(self, column: str) -> tuple[str, ...]:
        """The words of a cell, parted by spaces."""
        return tuple(self.cells[column].split())

    def optional(self, column: str, convert: Callable[[str], Any] = str) -> Any:
        """The cell through `convert`, or None when it is empty."""
        value = self.cells.get(column) or ""
        return self.converted(column, convert) if value else None

    def converted(self, column: str, convert: Callable[[str], Any]) -> Any:
        """The cell through `convert`, whose ValueError becomes an error of this line."""
        value = self.text(column)
        try:
            return convert(value)
        except ValueError as error:
            raise self.error(f"{column}: {value!r} {error}") from error

    def one_of(self, column: str, allowed: tuple[str, ...]) -> str:
        value = self.text(column)
        if value not in allowed:
            raise self.error(f"{column}: {value!r} is not one of {', '.join(allowed)}")
        return value


def lines(path: Path, columns: tuple[str, ...], extra: tuple[str, ...] = ()) -> Iterator[Line]:
    """The lines of the table `path`, which has exactly `columns` and perhaps some of `extra`.

    Cells are stripped. Raises `BadTable` for a missing file, wrong columns, a short or long line.
    """
    try:
        file = path.open(encoding="utf-8-sig", newline="")
    except OSError as error:
        raise BadTable(f"{path}: {error.strerror}") from error
    with file:
        reader = csv.reader(file, strict=True)
        try:
            header = next(reader, [])
            unknown = set(header) - set(columns) - set(extra)
            if len(set(header)) != len(header) or unknown or not set(columns) <= set(header):
                raise BadTable(f"{path}:1: the columns must be {', '.join(columns)}")
            for cells in reader:
                if not any(cells):
                    continue
                if len(cells) != len(header):
                    raise BadTable(f"{path}:{reader.line_num}: {len(cells)} cells, {len(header)} columns")
                stripped = (cell.strip() for cell in cells)
                yield Line(path, reader.line_num, dict(zip(header, stripped, strict=True)))
        except (csv.Error, UnicodeDecodeError) as error:
            raise BadTable(f"{path}:{reader.line_num}: {error}") from error


def iso_date(text: str) -> dt.date:
    """A date written yyyy-mm-dd."""
    try:
        return dt.date.fromisoformat(text)
    except ValueError as error:
        raise ValueError("is not a date written yyyy-mm-dd") from error


def in_force(valid_from: dt.date | None, valid_to: dt.date | None, on: dt.date | None) -> bool:
    """Whether `on` lies in the interval, both ends included; any interval fits when `on` is None."""
    if on is None:
        return True
    return (valid_from is None or valid_from <= on) and (valid_to is None or on <= valid_to)


def unique(line: Line, key: Any, seen: set, what: str) -> None:
    """Refuse a second line with the same key."""
    if key in seen:
        raise line.error(f"{what} {key!r} stands here a second time")
    seen.add(key)

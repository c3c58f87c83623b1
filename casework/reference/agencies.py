"""The agencies a new installation starts with: `etc/agencies.csv`."""

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

from .table import Line, in_force, iso_date, lines, unique

COLUMNS = (
    "code", "name_en", "name_km", "abbreviation", "type", "parent", "jurisdiction", "valid_from", "valid_to",
    "successor",
)  # fmt: skip


@dataclass(frozen=True)
class AgencyRow:
    """One agency. `jurisdiction` is national, abroad or a place code; `types` are codes of agency_types."""

    code: str
    name_en: str
    name_km: str
    abbreviation: str | None
    types: tuple[str, ...]
    parent: str | None
    jurisdiction: str
    valid_from: dt.date | None
    valid_to: dt.date | None
    successor: str | None

    def name(self, locale: str) -> str:
        return self.name_km if locale == "km" else self.name_en


class Agencies:
    """The rows by code, parents before their children."""

    def __init__(self, rows: dict[str, AgencyRow]) -> None:
        self._rows = rows

    def __iter__(self):
        return iter(self._rows.values())

    def __len__(self) -> int:
        return len(self._rows)

    @classmethod
    def load(cls, path: Path) -> "Agencies":
        """Raises `BadTable`, also for a parent that does not stand above or an unknown successor."""
        rows: dict[str, AgencyRow] = {}
        successors: list[tuple[Line, str]] = []
        seen: set[str] = set()
        for line in lines(path, COLUMNS):
            row = _row(line)
            unique(line, row.code, seen, "agency")
            if row.parent and row.parent not in rows:
                raise line.error(f"parent {row.parent!r} must stand above")
            if row.successor:
                successors.append((line, row.successor))
            rows[row.code] = row
        for line, successor in successors:
            if successor not in rows:
                raise line.error(f"successor {successor!r} is not listed")
        return cls(rows)

    def get(self, code: str) -> AgencyRow | None:
        return self._rows.get(code)

    def of_type(self, kind: str, on: dt.date | None = None) -> list[AgencyRow]:
        """Agencies of a type that exist on a day (any day when None)."""
        return [r for r in self if kind in r.types and in_force(r.valid_from, r.valid_to, on)]


def _row(line: Line) -> AgencyRow:
    types = line.words("type")
    if not types:
        raise line.error("type is empty")
    return AgencyRow(
        code=line.text("code"),
        name_en=line.text("name_en"),
        name_km=line.text("name_km"),
        abbreviation=line.optional("abbreviation"),
        types=types,
        parent=line.optional("parent"),
        jurisdiction=line.text("jurisdiction"),
        valid_from=line.optional("valid_from", iso_date),
        valid_to=line.optional("valid_to", iso_date),
        successor=line.optional("successor"),
    )

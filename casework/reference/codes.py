"""Code lists: `etc/codes/<list>.csv`, each code with its label in English and Khmer."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

from .table import BadTable, in_force, iso_date, lines, unique

COLUMNS = ("code", "en", "km", "valid_from", "valid_to", "order")


@dataclass(frozen=True)
class Code:
    """One code. `parent` is the code it belongs to in another list, as a subtype of service does."""

    code: str
    en: str
    km: str
    valid_from: dt.date | None
    valid_to: dt.date | None
    order: int
    parent: str | None = None

    def label(self, locale: str) -> str:
        return self.km if locale == "km" else self.en


class Codes:
    """All code lists, by name. A list that does not exist is a mistake of the program: KeyError."""

    def __init__(self, lists: dict[str, list[Code]]) -> None:
        self._lists = lists
        self._by_code = {name: {code.code: code for code in codes} for name, codes in lists.items()}

    @classmethod
    def load(cls, folder: Path) -> "Codes":
        """Every list of `folder`, each sorted by its order. Raises `BadTable`."""
        paths = sorted(folder.glob("*.csv"))
        if not paths:
            raise BadTable(f"{folder}: no code lists here")
        return cls({path.stem: _load_list(path) for path in paths})

    def names(self) -> list[str]:
        return list(self._lists)

    def list(self, name: str) -> list[Code]:
        """All codes of a list, those of the past and the future too, in order."""
        return self._lists[name]

    def active(self, name: str, on: dt.date | None = None) -> list[Code]:
        """The codes that may be chosen on a day (today when None)."""
        day = on or dt.date.today()
        return [code for code in self._lists[name] if in_force(code.valid_from, code.valid_to, day)]

    def choices(self, name: str, locale: str, on: dt.date | None = None) -> list[tuple[str, str]]:
        """(code, label) of the codes that may be chosen, for a form."""
        return [(code.code, code.label(locale)) for code in self.active(name, on)]

    def has(self, name: str, code: object) -> bool:
        """Whether the list has the code, in force or not."""
        return isinstance(code, str) and code in self._by_code[name]

    def may_choose(self, name: str, code: object, on: dt.date | None = None) -> bool:
        """Whether the code is in force on a day (today when None)."""
        if not self.has(name, code):
            return False
        found = self._by_code[name][code]
        return in_force(found.valid_from, found.valid_to, on or dt.date.today())

    def get(self, name: str, code: str) -> Code | None:
        return self._by_code[name].get(code)

    def label(self, name: str, code: str, locale: str) -> str:
        """The label; the code itself when the list lacks it, so that an old record can still be shown."""
        found = self._by_code.get(name, {}).get(code)
        return found.label(locale) if found else code


def _load_list(path: Path) -> list[Code]:
    seen: set[str] = set()
    codes = []
    for line in lines(path, COLUMNS, extra=("parent",)):
        code = Code(
            code=line.text("code"),
            en=line.text("en"),
            km=line.text("km"),
            valid_from=line.optional("valid_from", iso_date),
            valid_to=line.optional("valid_to", iso_date),
            order=line.converted("order", int),
            parent=line.optional("parent"),
        )
        unique(line, code.code, seen, "code")
        codes.append(code)
    return sorted(codes, key=lambda code: code.order)

"""Cambodia's provinces, districts and communes by their 2, 4 and 6 digit codes, which stay text."""

from dataclasses import dataclass
from pathlib import Path

from schemas.text import fold

from .table import BadTable, lines, unique

LEVELS = {2: "province", 4: "district", 6: "commune"}
FILES = {2: "provinces.csv", 4: "districts.csv", 6: "communes.csv"}
COLUMNS = ("code", "en", "km", "kind")
KINDS = {2: ("capital", "province"), 4: ("khan", "krong", "srok"), 6: ("sangkat", "khum")}
URBAN = frozenset({"khan", "krong"})


@dataclass(frozen=True)
class Place:
    """A place; `kind` is capital, province, khan, krong, srok, sangkat or khum."""

    code: str
    en: str
    km: str
    kind: str

    @property
    def level(self) -> str:
        return LEVELS[len(self.code)]

    @property
    def parent(self) -> str | None:
        return self.code[:-2] or None

    def name(self, locale: str) -> str:
        return self.km if locale == "km" else self.en


class Gazetteer:
    """All places, by code."""

    def __init__(self, places: dict[str, Place]) -> None:
        self._places = places
        self._children: dict[str, list[Place]] = {}
        self._choices: dict[tuple[str, str], list[tuple[str, str]]] = {}
        for place in places.values():
            self._children.setdefault(place.parent or "", []).append(place)

    @classmethod
    def load(cls, folder: Path) -> "Gazetteer":
        """The three files of `folder`. Raises `BadTable`, also for a place whose parent is missing."""
        places: dict[str, Place] = {}
        for size, name in FILES.items():
            seen: set[str] = set()
            for line in lines(folder / name, COLUMNS, extra=("iso",)):
                code = line.text("code")
                if len(code) != size or not (code.isascii() and code.isdigit()):
                    raise line.error(f"{code!r} is not a code of {size} digits")
                if size > 2 and code[:-2] not in places:
                    raise line.error(f"{code!r} lies in {code[:-2]!r}, which is not listed")
                unique(line, code, seen, "code")
                kind = line.one_of("kind", KINDS[size])
                places[code] = Place(code, line.text("en"), line.text("km"), kind)
        if not places:
            raise BadTable(f"{folder}: no places")
        return cls(places)

    def get(self, code: str | None) -> Place | None:
        return self._places.get(code or "")

    def has(self, code: object) -> bool:
        return isinstance(code, str) and code in self._places

    def provinces(self) -> list[Place]:
        return self._children[""]

    def children(self, code: str) -> list[Place]:
        """The districts of a province, the communes of a district."""
        return self._children.get(code, [])

    def districts(self) -> list[Place]:
        """Every district, in order of code."""
        return [district for province in self.provinces() for district in self.children(province.code)]

    def choices(self, level: str, locale: str) -> list[tuple[str, str]]:
        """(code, label) of all provinces or all districts, for a form; made once."""
        made = self._choices.get((level, locale))
        if made is None:
            places = self.provinces() if level == "province" else self.districts()
            made = self._choices[level, locale] = [(place.code, self.path(place.code, locale)) for place in places]
        return made

    def name(self, code: str | None, locale: str) -> str:
        """The place's own name; the code itself when it is not listed, "" for none."""
        place = self.get(code)
        return place.name(locale) if place else code or ""

    def path(self, code: str | None, locale: str) -> str:
        """From the smallest to the province: "Doun Penh, Phnom Penh"."""
        names = []
        while code:
            names.append(self.name(code, locale))
            code = code[:-2]
        return ", ".join(names)

    def urban(self, code: str | None) -> bool | None:
        """Whether the place lies in a khan or krong; None for a province, which holds both."""
        district = self.get((code or "")[:4])
        return district.kind in URBAN if district and district.level == "district" else None

    def search(self, text: str, limit: int = 20) -> list[Place]:
        """Places whose Khmer or Latin name contains `text`, however typed; provinces first."""
        key = fold(text)
        if not key:
            return []
        hits = (place for place in self._places.values() if key in fold(place.en) or key in fold(place.km))
        return sorted(hits, key=lambda place: (len(place.code), place.code))[:limit]

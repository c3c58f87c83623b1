"""The register of offences, each as it stood between two dates (decisions K1 and K2).

Conduct, proposed offence and charge are different things: the register only says which offences a conduct may
be, on which day. For some conduct there is none, and that is an answer.
"""

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

from schemas.text import fold

from .table import in_force, iso_date, lines, unique

COLUMNS = (
    "code", "law", "article", "title_en", "title_km", "class", "valid_from", "valid_to", "conduct",
    "victim_age_below", "confirmed",
)  # fmt: skip
CLASSES = ("felony", "misdemeanour", "petty")


@dataclass(frozen=True)
class Offence:
    """An offence in one version. `confirmed`: counsel has checked article, class and dates."""

    code: str
    law: str
    article: str
    title_en: str
    title_km: str
    offence_class: str
    valid_from: dt.date
    valid_to: dt.date | None
    conduct: frozenset[str]
    victim_age_below: int | None
    confirmed: bool

    def title(self, locale: str) -> str:
        return self.title_km if locale == "km" else self.title_en

    def valid_on(self, day: dt.date) -> bool:
        return in_force(self.valid_from, self.valid_to, day)


class Offences:
    """All versions of all offences."""

    def __init__(self, rows: list[Offence]) -> None:
        self._rows = rows

    def __iter__(self):
        return iter(self._rows)

    @classmethod
    def load(cls, path: Path) -> "Offences":
        """Raises `BadTable`, also where two versions of one offence overlap."""
        rows: list[Offence] = []
        seen: set[tuple[str, dt.date]] = set()
        for line in lines(path, COLUMNS):
            row = Offence(
                code=line.text("code"),
                law=line.text("law"),
                article=line.text("article"),
                title_en=line.text("title_en"),
                title_km=line.text("title_km"),
                offence_class=line.one_of("class", CLASSES),
                valid_from=line.converted("valid_from", iso_date),
                valid_to=line.optional("valid_to", iso_date),
                conduct=frozenset(line.words("conduct")),
                victim_age_below=line.optional("victim_age_below", int),
                confirmed=line.one_of("confirmed", ("yes", "no")) == "yes",
            )
            unique(line, (row.code, row.valid_from), seen, "offence")
            if row.valid_to and row.valid_to < row.valid_from:
                raise line.error("valid_to lies before valid_from")
            for other in rows:
                if other.code == row.code and _overlap(other, row):
                    raise line.error(f"two versions of {row.code!r} are in force at once")
            rows.append(row)
        return cls(rows)

    def get(self, code: str, day: dt.date) -> Offence | None:
        """The version of an offence in force on a day."""
        return next((row for row in self._rows if row.code == code and row.valid_on(day)), None)

    def valid_on(self, day: dt.date) -> list[Offence]:
        return [row for row in self._rows if row.valid_on(day)]

    def for_conduct(self, conduct: str, day: dt.date, *, victim_age: int | None = None) -> list[Offence]:
        """The offences a conduct may be on the day of the offence; none is an answer too (indicator I-10).

        An age limit of the offence leaves it out only when the victim's age is known to reach it.
        """
        return [
            row
            for row in self.valid_on(day)
            if conduct in row.conduct
            and (row.victim_age_below is None or victim_age is None or victim_age < row.victim_age_below)
        ]

    def search(self, text: str, day: dt.date | None = None) -> list[Offence]:
        """Offences by article ("41", "art. 41 (2)") or by words of title or law, in either language."""
        words = [word for word in fold(text).replace("(", " ").replace(")", " ").split() if word not in _NOISE]
        if not words:
            return []
        rows = self.valid_on(day) if day else self._rows
        return [row for row in rows if all(_matches(row, word) for word in words)]


_NOISE = frozenset({"art", "art.", "article", "មាត្រា"})


def _matches(row: Offence, word: str) -> bool:
    if word.isdigit():
        return word in fold(row.article).replace("(", " ").replace(")", " ").split() or _in_range(row, int(word))
    return any(word in fold(text) for text in (row.title_en, row.title_km, row.law, row.code))


def _in_range(row: Offence, number: int) -> bool:
    """Whether an entry over several articles ("335-346") holds one of them."""
    first, dash, last = row.article.partition("-")
    return bool(dash) and first.isdigit() and last.isdigit() and int(first) <= number <= int(last)


def _overlap(a: Offence, b: Offence) -> bool:
    return a.valid_from <= (b.valid_to or dt.date.max) and b.valid_from <= (a.valid_to or dt.date.max)

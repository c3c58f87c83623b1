"""What a deployment sets: the stop list, how many holders are too many, questions a day, who looks after matches."""

from dataclasses import dataclass
from pathlib import Path

from casework.reference import DEFAULT_ETC
from casework.reference.mail import load_provider_rules
from casework.reference.table import BadTable, Line, lines, unique
from schemas.identifiers import canonical, matchable
from schemas.problems import BadIdentifier

CODES = ("most_holders", "questions_a_day", "coordinator")


@dataclass(frozen=True)
class Rules:
    """`stopped` are (type, canonical form) of what everybody uses and nobody owns; `most_holders` is the number of
    others with the same value from which on it counts as such; `coordinator` the code of the police unit whose
    supervisors hear of matches that nobody answers."""

    stopped: frozenset[tuple[str, str]]
    most_holders: int
    questions_a_day: int
    coordinator: str

    @classmethod
    def load(cls, etc: Path) -> "Rules":
        """`matching.csv` and `match-stop.csv` of a folder. Raises `BadTable`."""
        values: dict[str, Line] = {}
        path = etc / "matching.csv"
        for line in lines(path, ("code", "value")):
            unique(line, line.one_of("code", CODES), set(values), "rule")
            values[line.cells["code"]] = line
        if missing := sorted(set(CODES) - set(values)):
            raise BadTable(f"{path}: {', '.join(missing)} missing")
        return cls(
            _stopped(etc), values["most_holders"].converted("value", _number),
            values["questions_a_day"].converted("value", _number), values["coordinator"].text("value"),
        )


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text)):
        raise ValueError("is no number from 1 on")
    return int(text)


def _stopped(etc: Path) -> frozenset[tuple[str, str]]:
    providers, found = load_provider_rules(etc / "mail-providers.csv"), set()
    for line in lines(etc / "match-stop.csv", ("type", "value")):
        kind, value = line.text("type"), line.text("value")
        try:
            form = canonical(kind, value, provider_rules=providers)
        except BadIdentifier as problem:
            raise line.error(f"{value!r} is no {kind} ({problem.code})") from None
        if not matchable(kind):
            raise line.error(f"a {kind} is never compared")
        found.add((kind, form))
    return frozenset(found)


_loaded: list[Rules] = []


def use_rules(rules: Rules) -> None:
    """The rules in force, set once at start."""
    _loaded[:] = [rules]


def rules() -> Rules:
    """The rules in force; those of the program's own folder when no start has set any."""
    if not _loaded:
        use_rules(Rules.load(DEFAULT_ETC))
    return _loaded[0]

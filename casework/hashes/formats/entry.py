"""One entry of a list or report, and what is said of one that cannot be used."""

import re
from dataclasses import dataclass, field

from schemas.hashes import canonical_hash
from schemas.problems import BadIdentifier

LENGTHS = {"md5": 32, "sha1": 40, "sha256": 64}
_HEX = re.compile(r"[0-9a-f]*")
PERCEPTUAL = {"photodna": "photodna", "pdna": "photodna", "pdq": "pdq"}


@dataclass(frozen=True)
class Row:
    """Digests by algorithm (lower-case hexadecimal), and what the list says beside them, as it says it.

    `perceptual` holds opaque strings by name (photodna, pdq): compared, never computed. `gone` is a tombstone: the list
    takes the entry back.
    """

    line: int
    digests: dict[str, str]
    label: str | None = None
    size: int | None = None
    series: str | None = None
    name: str | None = None
    perceptual: dict[str, str] = field(default_factory=dict)
    gone: bool = False


@dataclass(frozen=True)
class Wrong:
    """An entry that cannot be used. `problem` is a code: bad_digest, no_digest, bad_number, bad_row, bad_file."""

    line: int
    problem: str
    value: str = ""


def digest(algorithm: str, text: object) -> str | None:
    """A digest in its one form; None for an empty one. Raises ValueError for what is none."""
    value = str(text or "").strip().lower()
    if not value:
        return None
    if len(value) != LENGTHS[algorithm] or not _HEX.fullmatch(value):
        raise ValueError(value)
    return value


def entry(line: int, digests: dict[str, object], **said: object) -> Row | Wrong:
    """A row of what was found, or what is wrong with it."""
    found = {}
    try:
        said["perceptual"] = {kind: perceptual(kind, value) for kind, value in said.get("perceptual", {}).items()}
    except BadIdentifier:
        return Wrong(line, "bad_digest", "PDQ")
    for algorithm, text in digests.items():
        try:
            value = digest(algorithm, text)
        except ValueError:
            return Wrong(line, "bad_digest", str(text)[:80])
        if value:
            found[algorithm] = value
    size = said.pop("size", None)
    if size not in (None, ""):
        try:
            said["size"] = int(str(size))
        except ValueError:
            return Wrong(line, "bad_number", str(size)[:80])
    if not found and not said.get("gone") and not said.get("perceptual"):
        return Wrong(line, "no_digest")
    return Row(line, found, **{name: value for name, value in said.items() if value not in (None, "")})


def perceptual(kind: str, text: str) -> str:
    """A perceptual hash in its one form; a PhotoDNA value of another length as the list writes it. Raises BadIdentifier
    for a PDQ value that is none."""
    try:
        return canonical_hash(kind, text)
    except BadIdentifier:
        if kind == "pdq":
            raise
        return text.strip()


def truth(value: object) -> bool:
    """Lists write true, "True", 1."""
    return str(value).strip().lower() in ("true", "1", "yes")

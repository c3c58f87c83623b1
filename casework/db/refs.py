"""Human references such as `C26-482913-K`: a letter for the kind, the year, six digits, a check letter.

The digits are random: a counter would tell everybody how many records exist that they may not see.
"""

import datetime as dt
import secrets

from sqlalchemy import select, union_all
from sqlalchemy.orm import Session

from .asking import UNSCOPED

CHECK_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXY"  # 23 letters: a prime, without I, O and Z
DRAWN = 4  # references of a kind that are looked for at once
_WEIGHTS = (2, 3, 5, 7, 11, 13, 17, 19, 22)


def check_letter(kind: str, year: int, digits: str) -> str:
    """The letter that catches every single wrong digit and every swap of neighbours."""
    values = [ord(c) - 48 if c.isdigit() else ord(c) for c in kind] + [int(c) for c in f"{year:02d}{digits}"]
    return CHECK_LETTERS[sum(w * v for w, v in zip(_WEIGHTS, reversed(values), strict=False)) % 23]


def format_ref(kind: str, year: int, digits: str) -> str:
    """`kind` is one or two letters, `year` two digits, `digits` six."""
    return f"{kind}{year:02d}-{digits}-{check_letter(kind, year, digits)}"


def parse_ref(text: str) -> str | None:
    """The reference in its one written form, or None when `text` is no reference (check letter included)."""
    parts = text.strip().upper().split("-")
    if len(parts) != 3 or len(parts[1]) != 6 or not (parts[1].isascii() and parts[1].isdigit()):
        return None
    head = parts[0]
    kind, year = head.rstrip("0123456789"), head[len(head.rstrip("0123456789")):]
    if not (kind.isascii() and kind.isalpha() and len(kind) <= 2 and len(year) == 2):
        return None
    ref = format_ref(kind, int(year), parts[1])
    return ref if ref.endswith(parts[2]) and parts[2] else None


def new_ref(session: Session, model: type, kind: str, today: dt.date) -> str:
    """A reference that no row of `model` has, and that this session has not given to one that is still to be written.
    The unique constraint stands behind the look."""
    look_ahead(session, today, (model, kind))
    ref = session.info["refs"][model, kind, today.year].pop()
    session.info.setdefault("refs_given", set()).add(ref)
    return ref


def look_ahead(session: Session, today: dt.date, *wanted: tuple[type, str]) -> None:
    """Look, with one statement, for references that `new_ref` will be asked for: for each model with its kind some are
    kept in the session, unless there are any yet."""
    kept, given = session.info.setdefault("refs", {}), session.info.get("refs_given", set())
    while missing := [one for one in wanted if not kept.get((*one, today.year))]:
        drawn = {one: {_drawn(one[1], today) for _ in range(DRAWN)} for one in missing}
        columns = {model: model.__table__.c.ref for model, _kind in missing}
        looks = (select(columns[model]).where(columns[model].in_(refs)) for (model, _kind), refs in drawn.items())
        taken = session.connection().execute(union_all(*looks), execution_options={UNSCOPED: True}).scalars().all()
        for one, refs in drawn.items():
            kept[*one, today.year] = list(refs.difference(taken, given))


def _drawn(kind: str, today: dt.date) -> str:
    return format_ref(kind, today.year % 100, f"{secrets.randbelow(1_000_000):06d}")

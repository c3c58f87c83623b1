"""What a scanner reads: a reference, however the keyboard behind it was set."""

import re

from casework.db.refs import parse_ref
from schemas.text import to_ascii_digits

_BARE = re.compile(r"([A-Z]{1,2}[0-9]{2})([0-9]{6})([A-Z])")


def reference_in(text: str) -> str | None:
    """The reference that a text is: digits of either script, any dash or none; None for anything else.

    A hand scanner types what it reads, and a keyboard that is set to Khmer types Khmer digits for it.
    """
    plain = re.sub(r"[\s\-\u2010-\u2015\u2212_]", "", to_ascii_digits(text)).upper()
    match = _BARE.fullmatch(plain)
    return parse_ref("-".join(match.groups())) if match else None

"""What to call the person a matter is about: the words follow the state, never run ahead of it (DOMAIN 9.12)."""

from collections.abc import Iterable
from typing import Any

from casework.web.i18n import _

SUSPECT, ACCUSED, CONVICTED, ACQUITTED = _("Suspect"), _("Accused"), _("Convicted person"), _("Acquitted person")
FINAL = ("final", "enforcement", "closed")


def word_for(state: str | None, statuses: Iterable[str | None]) -> Any:
    """The word for somebody with charges of these statuses in a matter in `state`.

    Nobody is accused before the charge is brought, and nobody convicted before the judgment is final.
    """
    found = set(statuses)
    if state in FINAL and "convicted" in found:
        return CONVICTED
    if state in FINAL and found and found <= {"acquitted", "dismissed", "withdrawn", "reclassified"}:
        return ACQUITTED
    if found & {"charged", "convicted", "acquitted"}:
        return ACCUSED
    return SUSPECT

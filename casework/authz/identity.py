"""Who is asking: a plain value, resolved once per request, alive after the transaction is over."""

import datetime as dt
import uuid
from dataclasses import dataclass

ROLES = ("HOT", "INV", "PSU", "FOR", "CUS", "PRO", "CLK", "SW", "SWS", "PRV", "OVS", "AUD", "ADM")
CHIEF, LIAISON = "chief", "liaison"


@dataclass(frozen=True)
class Identity:
    """One person in one role at one agency, signed in with both factors."""

    user_id: uuid.UUID
    name: str
    role: str
    agency_id: uuid.UUID
    agency_code: str = ""
    agency_name: str = ""
    flags: frozenset[str] = frozenset()
    session_id: uuid.UUID | None = None
    mfa_at: dt.datetime | None = None
    locale: str = "en"

    @property
    def chief(self) -> bool:
        """Head of a prosecution office: assigns, may reassign."""
        return CHIEF in self.flags

    @property
    def key(self) -> tuple:
        """What decides on access; two identities with the same key see the same."""
        return (self.user_id, self.role, self.agency_id, self.flags)

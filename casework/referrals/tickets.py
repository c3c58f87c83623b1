"""Tickets of the public forms: they make sending twice harmless and show how long somebody took to write.

A ticket is `<uuid>.<seconds>.<signature>`; the server keeps none.
"""

import base64
import datetime as dt
import hmac
import uuid

from casework.crypto.keyring import KeyRing
from casework.crypto.tokens import token_under
from casework.db.base import now

SHORTEST = dt.timedelta(seconds=3)
LONGEST = dt.timedelta(hours=24)
GOOD, TOO_FAST, UNKNOWN = "good", "too fast", "unknown"


def _signature(ring: KeyRing, key_id: str, body: str) -> str:
    # Without the mark of the ring key, which says nothing of the ticket.
    return base64.urlsafe_b64encode(token_under(ring, key_id, "public-ticket", body)[4:22]).decode()


def issue(ring: KeyRing, at: dt.datetime | None = None) -> str:
    """A new ticket."""
    body = f"{uuid.uuid4().hex}.{int((at or now()).timestamp())}"
    return f"{body}.{_signature(ring, ring.current, body)}"


def key_id_of(ring: KeyRing, ticket: str) -> str | None:
    """The ring key a ticket was issued under; None for what we did not issue."""
    body, dot, signature = ticket.rpartition(".")
    if not dot or not signature.isascii():
        return None
    return next((one for one in ring.ids if hmac.compare_digest(signature, _signature(ring, one, body))), None)


def judge(ring: KeyRing, ticket: str, at: dt.datetime | None = None) -> str:
    """GOOD, TOO_FAST for what no person can have typed, UNKNOWN for what we did not issue today."""
    if key_id_of(ring, ticket) is None:
        return UNKNOWN
    age = (at or now()) - dt.datetime.fromtimestamp(int(ticket.split(".")[1]), dt.UTC)
    if age > LONGEST:
        return UNKNOWN
    return GOOD if age >= SHORTEST else TOO_FAST


def key_of(ticket: str) -> uuid.UUID:
    """The ticket's number, for `Submission`."""
    return uuid.UUID(hex=ticket.partition(".")[0])

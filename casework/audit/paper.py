"""The checkpoint on paper: for agencies without a line, and for the minutes."""

from typing import Any

import segno
from sqlalchemy import Connection, select

from casework.settings import Settings
from casework.verifier.casework_verify import Key, checkpoint_from, note_from

from . import signer
from .models import LogCheckpoint
from .sequencer import head


def qr_of(note: str) -> segno.QRCode:
    """A QR code that holds exactly the text of a signed checkpoint, in UTF-8."""
    return segno.make(note, error="m", micro=False, mode="byte", encoding="utf-8")


def printable(connection: Connection, key: Key | None = None) -> dict[str, Any] | None:
    """What goes on the paper, None before the first signature: `note` (the text, as the log signed it), `origin`,
    `size`, `at` (when it was signed), `qr`, and of the log's public `key` its text `vkey` and its `fingerprint`."""
    reached = head(connection)
    if reached.note is None:
        return None
    checkpoint = checkpoint_from(note_from(reached.note).text)
    at = connection.execute(select(LogCheckpoint.at).where(LogCheckpoint.size == reached.size)).scalar()
    own = key if key is not None and key.name == checkpoint.origin else None
    return {
        "note": reached.note, "origin": checkpoint.origin, "size": checkpoint.size, "at": at,
        "qr": qr_of(reached.note), "vkey": own and own.text, "fingerprint": own and own.fingerprint,
    }


def public_key(settings: Settings) -> Key | None:
    """The log's public key, from its key file or, where another service has that, from the policy."""
    try:
        return signer.load(settings.log_key).key
    except signer.LogKeyError:
        policy = settings.policy()
        return policy.trust.logs[-1] if policy and policy.trust.logs else None

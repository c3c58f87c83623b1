"""The second factor: six digits every thirty seconds (RFC 6238), each accepted once."""

import datetime as dt
import hmac
import io
import re
import unicodedata
import uuid

import pyotp
import segno
from sqlalchemy import update
from sqlalchemy.orm import Session

from schemas.text import to_ascii_digits

from .credentials import UserActivity

STEP = 30
ISSUER = "casework"
_SIX = re.compile(r"[0-9]{6}")


def new_secret() -> str:
    """160 random bits, in base 32."""
    return pyotp.random_base32(32)


def uri(secret: str, login: str) -> str:
    """What an authenticator reads from the QR code."""
    return pyotp.TOTP(secret).provisioning_uri(name=login, issuer_name=ISSUER)


def qr_svg(text: str) -> bytes:
    """`text` as a QR code, a picture of its own in SVG, black on white in any colour scheme."""
    out = io.BytesIO()
    segno.make(text, error="m").save(out, kind="svg", scale=6, border=4, light="#ffffff")
    return out.getvalue()


def grouped(secret: str) -> str:
    """The secret in groups of four, for typing."""
    return " ".join(secret[i : i + 4] for i in range(0, len(secret), 4))


def normal_code(text: str) -> str | None:
    """The six ASCII digits of a typed code, or None. Spaces, hyphens and invisible marks between them do not count;
    Khmer, full-width and other decimal digits do."""
    if len(text) > 60:
        return None
    digits = []
    for char in to_ascii_digits(text):
        if (value := unicodedata.decimal(char, None)) is not None:
            digits.append(str(value))
        elif unicodedata.category(char) not in ("Zs", "Pd", "Cf"):
            return None
    code = "".join(digits)
    return code if _SIX.fullmatch(code) else None


def matching_step(secret: str, code: str, at: dt.datetime) -> int | None:
    """The time step whose code this is: the current one or the one before, else None."""
    totp, current = pyotp.TOTP(secret), int(at.timestamp()) // STEP
    found = None
    for step in (current - 1, current):
        # Both are compared whatever the first one says, so that time tells nothing.
        if hmac.compare_digest(totp.generate_otp(step), code):
            found = step
    return found


def spend(db: Session, user_id: uuid.UUID, step: int) -> bool:
    """Take the step, once. False when it, or a later one, was taken before; of many at once one gets it."""
    statement = (
        update(UserActivity)
        .where(UserActivity.user_id == user_id, UserActivity.totp_last_step < step)
        .values(totp_last_step=step)
        .execution_options(synchronize_session=False)
    )
    return db.execute(statement).rowcount == 1


def check(db: Session, user_id: uuid.UUID, secret: str | None, typed: str, at: dt.datetime) -> bool:
    """Whether `typed` is a code of `secret` that was not used yet; uses it."""
    code = normal_code(typed)
    if code is None or secret is None:
        return False
    step = matching_step(secret, code, at)
    return step is not None and spend(db, user_id, step)

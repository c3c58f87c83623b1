"""Recovery codes: ten of 80 random bits, shown once, kept as keyed hashes, each good for one use.

The key is derived from the account's own data key, so that the codes outlive a change of ring keys.
"""

import datetime as dt
import hmac
import secrets
import unicodedata
import uuid

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from casework.crypto.sealed import vault

from .credentials import RecoveryCode

COUNT = 10
LENGTH = 16
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's base 32: no I, L, O, U
_LOOKALIKE = str.maketrans("OIL", "011")


def replace_all(db: Session, user_id: uuid.UUID, at: dt.datetime) -> list[str]:
    """Ten new codes as they are shown to the person, XXXX-XXXX-XXXX-XXXX; the old ones stop working."""
    void_all(db, user_id, at)
    codes = ["".join(secrets.choice(ALPHABET) for _ in range(LENGTH)) for _ in range(COUNT)]
    for code in codes:
        db.add(RecoveryCode(user_id=user_id, code_hash=_hash(db, user_id, code), created_at=at))
    return ["-".join(code[i : i + 4] for i in range(0, LENGTH, 4)) for code in codes]


def void_all(db: Session, user_id: uuid.UUID, at: dt.datetime) -> None:
    """No code of this person works any more."""
    db.execute(
        update(RecoveryCode).where(RecoveryCode.user_id == user_id, RecoveryCode.used_at.is_(None)).values(used_at=at)
        .execution_options(synchronize_session=False)
    )


def left(db: Session, user_id: uuid.UUID) -> int:
    """How many codes the person still has."""
    query = select(RecoveryCode.id).where(RecoveryCode.user_id == user_id, RecoveryCode.used_at.is_(None))
    return len(db.scalars(query).all())


def normal(text: str) -> str | None:
    """A typed code in its one form, or None: capitals, without what stands between, O read as 0, I and L as 1."""
    if len(text) > 80:
        return None
    plain = unicodedata.normalize("NFKC", text).upper().translate(_LOOKALIKE)
    plain = "".join(char for char in plain if unicodedata.category(char) not in ("Zs", "Pd", "Cf"))
    plain = "".join(str(unicodedata.decimal(char, char)) for char in plain)
    return plain if len(plain) == LENGTH and all(char in ALPHABET for char in plain) else None


def use(db: Session, user_id: uuid.UUID, typed: str, at: dt.datetime) -> bool:
    """Whether `typed` is an unused code of this person; uses it up. Of many at once one gets it."""
    code = normal(typed)
    if code is None:
        return False
    query = select(RecoveryCode).where(RecoveryCode.user_id == user_id, RecoveryCode.used_at.is_(None))
    for known in db.scalars(query):
        if hmac.compare_digest(known.code_hash, _hash(db, user_id, code)):
            burnt = db.execute(
                update(RecoveryCode).where(RecoveryCode.id == known.id, RecoveryCode.used_at.is_(None))
                .values(used_at=at).execution_options(synchronize_session=False)
            )
            return burnt.rowcount == 1
    return False


def _hash(db: Session, user_id: uuid.UUID, code: str) -> bytes:
    key = hmac.digest(vault(db).key(user_id), b"casework/recovery", "sha256")
    return hmac.digest(key, user_id.bytes + code.encode(), "sha256")

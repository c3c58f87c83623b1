"""What signing in leaves behind: sessions, one-time codes and links, counters of tries.

None of these tables is captured by the audit log row by row: the acts themselves are entries (sign-in, sign-out,
second-factor, ...), written by `casework.accounts.service` and the views.
"""

import datetime as dt
import uuid

from sqlalchemy import Boolean, ForeignKey, Index, Integer, LargeBinary, String
from sqlalchemy.orm import Mapped

from casework.crypto.sealed import sealed
from casework.db.base import S1, S2, S3, Base, Keyed, col, now


class UserActivity(Base):
    """What changes with every use of an account: the last accepted step of the second factor, the last minute seen.

    `totp_last_step` only grows, by a conditional update: a code of this step or an earlier one never works again.
    """

    __tablename__ = "user_activity"

    user_id: Mapped[uuid.UUID] = col(S1, ForeignKey("user_account.id"), primary_key=True)
    totp_last_step: Mapped[int] = col(S1, Integer, default=0)
    last_seen_at: Mapped[dt.datetime | None] = col(S1)


class UserSession(Keyed, Base):
    """One sign-in. The cookie holds 256 random bits; here is only their SHA-256.

    `state` is how far the person got: password (the second factor is missing), enrol (must set up a second factor),
    recovery (came with a recovery code: must set up a new one), choose (several roles, none chosen), full.
    `enrol_secret` waits here until its first code proves that the authenticator has it.
    """

    __tablename__ = "user_session"
    __key__ = "user_id"
    __noted__ = False

    token_hash: Mapped[bytes] = col(S1, LargeBinary(32), unique=True)
    user_id: Mapped[uuid.UUID] = col(S1, ForeignKey("user_account.id"))
    membership_id: Mapped[uuid.UUID | None] = col(S1, ForeignKey("membership.id"))
    state: Mapped[str] = col(S1, String(10))
    created_at: Mapped[dt.datetime] = col(S1, default=now)
    last_seen_at: Mapped[dt.datetime] = col(S1, default=now)
    mfa_at: Mapped[dt.datetime | None] = col(S1)
    ended_at: Mapped[dt.datetime | None] = col(S1)
    ended_why: Mapped[str | None] = col(S1, String(20))
    address: Mapped[str | None] = col(S2, String(45))
    user_agent: Mapped[str | None] = col(S2, String(120))
    enrol_secret = sealed(S3)

    __table_args__ = (Index("ix_user_session_user_id_ended_at", "user_id", "ended_at"),)


class RecoveryCode(Keyed, Base):
    """One of ten codes for the day the second factor is lost; only a keyed hash is stored, and it works once."""

    __tablename__ = "recovery_code"

    user_id: Mapped[uuid.UUID] = col(S1, ForeignKey("user_account.id"), index=True)
    code_hash: Mapped[bytes] = col(S2, LargeBinary(32), info={"hashed": True})
    created_at: Mapped[dt.datetime] = col(S1, default=now)
    used_at: Mapped[dt.datetime | None] = col(S1)


class Invitation(Keyed, Base):
    """A one-time link. `kind`: welcome (set a password and a second factor), password (a new password; the second
    factor stays), factor (a new second factor; the password is asked for)."""

    __tablename__ = "invitation"

    token_hash: Mapped[bytes] = col(S1, LargeBinary(32), unique=True)
    user_id: Mapped[uuid.UUID] = col(S1, ForeignKey("user_account.id"), index=True)
    kind: Mapped[str] = col(S1, String(10))
    created_at: Mapped[dt.datetime] = col(S1, default=now)
    created_by_id: Mapped[uuid.UUID | None] = col(S1)
    expires_at: Mapped[dt.datetime] = col(S1)
    used_at: Mapped[dt.datetime | None] = col(S1)
    withdrawn: Mapped[bool] = col(S1, Boolean, default=False)


class SignInCounter(Base):
    """Tries under one key (account, device, network, everybody) since `window_start`. Keys are keyed hashes."""

    __tablename__ = "sign_in_counter"

    key: Mapped[bytes] = col(S1, LargeBinary(32), primary_key=True)
    window_start: Mapped[dt.datetime] = col(S1)
    ends_at: Mapped[dt.datetime] = col(S1, index=True)
    count: Mapped[int] = col(S1, Integer)

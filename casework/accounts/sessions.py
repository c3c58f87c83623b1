"""Sessions: rows in the database, an opaque cookie, times checked on the server.

`start` is the only place that makes a session, `rotate` the only one that gives it a new cookie.
"""

import datetime as dt
import hashlib
import secrets
import uuid
from dataclasses import dataclass

from sqlalchemy import Row, bindparam, delete, func, or_, select, update
from sqlalchemy.orm import Session

from casework.audit.capture import record_event
from casework.audit.chain import Event
from casework.authz.identity import CHIEF, LIAISON, Identity
from casework.authz.models import BreakGlass
from casework.db.base import now
from casework.db.types import UtcDateTime
from casework.web.i18n import local_time

from .credentials import UserActivity, UserSession
from .models import Agency, Membership, User

PASSWORD, ENROL, RECOVERY, CHOOSE, FULL = "password", "enrol", "recovery", "choose", "full"

# CJIS AC-11, AC-12, IA-11; NIST SP 800-63B-4.
IDLE = dt.timedelta(minutes=30)
IDLE_STRICT = dt.timedelta(minutes=15)
STRICT_ROLES = frozenset({"ADM", "AUD"})
ABSOLUTE = dt.timedelta(hours=12)
# How long a person may take for each step before the first page.
PENDING = {PASSWORD: dt.timedelta(minutes=10), CHOOSE: dt.timedelta(minutes=10),
           ENROL: dt.timedelta(minutes=60), RECOVERY: dt.timedelta(minutes=60)}
FRESH = dt.timedelta(minutes=15)
SEEN_EVERY = dt.timedelta(minutes=1)
KEPT = dt.timedelta(days=90)
BY_TIME = ("idle", "absolute")

# Every page says what a person holds open in an emergency, so the number comes with the session.
_OPENED = (
    select(func.count(BreakGlass.id))
    .where(BreakGlass.user_id == UserSession.user_id, BreakGlass.role == Membership.role,
           BreakGlass.ended_at.is_(None), BreakGlass.until > bindparam("at", callable_=now, type_=UtcDateTime()))
    .correlate(UserSession, Membership).scalar_subquery()
)
_CURRENT = (
    select(
        UserSession.id, UserSession.user_id, UserSession.state, UserSession.created_at, UserSession.last_seen_at,
        UserSession.mfa_at, UserSession.ended_at, User.login, User.name, User.name_km, User.locale, User.active,
        User.expires_on, Membership.id.label("membership_id"), Membership.role, Membership.liaison, Membership.chief,
        Membership.valid_from, Membership.valid_until, Membership.ended_at.label("membership_ended_at"),
        Agency.id.label("agency_id"), Agency.code.label("agency_code"), Agency.active.label("agency_active"),
        Agency.name_en, Agency.name_km.label("agency_name_km"), _OPENED.label("opened"),
    )
    .join(User, User.id == UserSession.user_id)
    .outerjoin(Membership, Membership.id == UserSession.membership_id)
    .outerjoin(Agency, Agency.id == Membership.agency_id)
    .where(UserSession.token_hash == bindparam("token", type_=UserSession.token_hash.type))
)


@dataclass(frozen=True)
class Client:
    """From where somebody signs in, for the list of sessions."""

    address: str | None = None
    user_agent: str | None = None


def clock(request) -> dt.datetime:
    """The moment that sessions and codes are judged at; `registry["clock"]` moves it in tests."""
    return request.registry.get("clock", now)()


def day(at: dt.datetime) -> dt.date:
    """The day it is where people work: roles and accounts begin and end by it."""
    return local_time(at).date()


def token_hash(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def new_token() -> str:
    """256 random bits."""
    return secrets.token_urlsafe(32)


def start(
    db: Session, user_id: uuid.UUID, state: str, at: dt.datetime, client: Client, *,
    membership_id: uuid.UUID | None = None, mfa_at: dt.datetime | None = None, enrol_secret: str | None = None,
) -> tuple[UserSession, str]:
    """A new session and the token for its cookie."""
    token = new_token()
    made = UserSession(
        token_hash=token_hash(token), user_id=user_id, state=state, created_at=at, last_seen_at=at, mfa_at=mfa_at,
        membership_id=membership_id, address=client.address, user_agent=(client.user_agent or "")[:120] or None,
    )
    made.enrol_secret = enrol_secret
    db.add(made)
    return made, token


def rotate(session: UserSession, at: dt.datetime) -> str:
    """A new token for the session; the old one is worth nothing from the commit on."""
    token = new_token()
    session.token_hash, session.last_seen_at = token_hash(token), at
    return token


def end(session: UserSession, why: str, at: dt.datetime) -> None:
    """End one session. `why`: sign_out, revoked, idle, absolute, ..."""
    if session.ended_at is None:
        session.ended_at, session.ended_why, session.enrol_secret = at, why, None


def end_all(db: Session, user_id: uuid.UUID, why: str, at: dt.datetime, *, but: uuid.UUID | None = None) -> int:
    """End every session of a person (but one); returns how many were open."""
    open_ones = db.scalars(select(UserSession).where(UserSession.user_id == user_id, UserSession.ended_at.is_(None)))
    count = 0
    for session in open_ones:
        if session.id != but:
            end(session, why, at)
            count += 1
    return count


def of_user(db: Session, user_id: uuid.UUID) -> list[UserSession]:
    """The open sessions of a person, the latest first."""
    query = select(UserSession).where(UserSession.user_id == user_id, UserSession.ended_at.is_(None))
    return list(db.scalars(query.order_by(UserSession.last_seen_at.desc())))


def find(connection, token: str) -> Row | None:
    """Session, person, role and agency behind a token, with one query; None when there is no such session."""
    return connection.execute(_CURRENT, {"token": token_hash(token)}).one_or_none()


def lapsed(connection, token: str) -> uuid.UUID | None:
    """The active person whose session behind a token ran out of time; None when it was ended on purpose."""
    query = select(UserSession.user_id).join(User, User.id == UserSession.user_id).where(
        UserSession.token_hash == token_hash(token), UserSession.state == FULL, User.active.is_(True),
        or_(UserSession.ended_at.is_(None), UserSession.ended_why.in_(BY_TIME)),
    )
    return connection.execute(query).scalar()


def over(row: Row, at: dt.datetime) -> str | None:
    """Why the session may not be used any more, or None."""
    if row.ended_at is not None:
        return "ended"
    if not row.active or (row.expires_on is not None and day(at) > row.expires_on):
        return "disabled"
    if at - row.created_at > ABSOLUTE:
        return "absolute"
    if row.state != FULL:
        return "slow" if at - row.last_seen_at > PENDING[row.state] else None
    if at - row.last_seen_at > idle_limit(row.role):
        return "idle"
    return None


def idle_limit(role: str | None) -> dt.timedelta:
    """How long a session of this role lives without use."""
    return IDLE_STRICT if role in STRICT_ROLES else IDLE


def identity_of(row: Row, today: dt.date, shown_in: str, own_locale: str) -> Identity | None:
    """Who this is, when the role counts today; else None. Names are in the language `shown_in`."""
    if row.state != FULL or row.membership_id is None or row.membership_ended_at is not None or not row.agency_active:
        return None
    if today < row.valid_from or (row.valid_until is not None and today > row.valid_until):
        return None
    flags = frozenset(name for name, set_ in ((LIAISON, row.liaison), (CHIEF, row.chief)) if set_)
    khmer = shown_in == "km"
    return Identity(
        user_id=row.user_id, name=(row.name_km if khmer else None) or row.name, role=row.role,
        agency_id=row.agency_id, agency_code=row.agency_code,
        agency_name=(row.agency_name_km if khmer else None) or row.name_en, flags=flags, session_id=row.id,
        mfa_at=row.mfa_at, locale=own_locale,
    )


def seen(db: Session, row: Row, at: dt.datetime) -> None:
    """Note that the session and its person were here; at most once a minute."""
    db.execute(
        update(UserSession).where(UserSession.id == row.id, UserSession.last_seen_at < at).values(last_seen_at=at)
        .execution_options(synchronize_session=False)
    )
    db.execute(
        update(UserActivity).where(UserActivity.user_id == row.user_id).values(last_seen_at=at)
        .execution_options(synchronize_session=False)
    )


def close(db: Session, row: Row, why: str, at: dt.datetime) -> None:
    """End a session whose time is over, once, with its entry in the log."""
    ended = db.execute(
        update(UserSession).where(UserSession.id == row.id, UserSession.ended_at.is_(None))
        .values(ended_at=at, ended_why=why, enrol_secret_sealed=None).execution_options(synchronize_session=False)
    )
    if ended.rowcount:
        record_event(db, Event(
            "session_ended", chain=row.user_id, record_type="user_session", record_id=row.id, details={"why": why}
        ))


def purge(db: Session, at: dt.datetime) -> None:
    """Remove sessions that ended, or could not be used, since ninety days."""
    old = at - KEPT
    db.execute(
        delete(UserSession).where(or_(UserSession.ended_at < old, UserSession.last_seen_at < old))
        .execution_options(synchronize_session=False)
    )

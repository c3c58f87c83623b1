"""What can be done with accounts. Takes a database session and a moment, never a request.

Whoever may do it, and that it takes two, is the business of `casework.accounts.changes`.
"""

import datetime as dt
import unicodedata
import uuid

from sqlalchemy import select, update
from sqlalchemy.orm import Session
from translationstring import TranslationStringFactory

from casework.audit.capture import describe, record_event
from casework.audit.chain import Event
from casework.authz.identity import ROLES
from casework.db.base import now
from casework.reference.agencies import Agencies
from casework.settings import ROOT
from casework.workflow.engine import Problem, Refused

from . import agencies, leaving, ratelimit, recovery, sessions, totp
from .credentials import Invitation, UserActivity, UserSession
from .models import Agency, Membership, User
from .passwords import Passwords

_ = TranslationStringFactory("casework")

LINK_HOURS = {"welcome": 72, "password": 24, "factor": 24}
LOGIN_MAX = 120


def canonical_login(text: str) -> str:
    """A typed user name or e-mail address in its one form: composed, without white space around, in small letters."""
    return unicodedata.normalize("NFKC", text[: LOGIN_MAX * 4]).strip().casefold()


def may_sign_in(user: User, at: dt.datetime) -> bool:
    """Whether the account can be used at all: active, not expired, both factors set up, a role in force."""
    today = sessions.day(at)
    return (
        user.active and (user.expires_on is None or today <= user.expires_on)
        and user.password_hash is not None and user.mfa_enrolled_at is not None
        and bool(roles_in_force(user, today))
    )


def roles_in_force(user: User, today: dt.date) -> list[Membership]:
    """The roles the person can take today."""
    return [m for m in user.memberships if m.in_force(today) and m.agency.active]


def create_user(
    db: Session, *, login: str, name: str, name_km: str | None = None, locale: str | None = None,
    expires_on: dt.date | None = None, by: uuid.UUID | None = None, user_id: uuid.UUID | None = None,
) -> User:
    """A new account, without password and second factor: these the person sets up with the welcome link.
    Raises Refused when the user name is taken or none."""
    login = canonical_login(login)
    if problem := login_problem(db, login):
        raise Refused(problem)
    user = User(login=login, name=name, name_km=name_km, locale=locale, expires_on=expires_on, created_by_id=by,
                pending_link="welcome", activity=UserActivity())
    if user_id is not None:
        user.id = user_id
    db.add(user)
    return user


def login_problem(db: Session, login: str) -> Problem | None:
    """What is wrong with a new user name."""
    if not 3 <= len(login) <= LOGIN_MAX or any(char.isspace() or not char.isprintable() for char in login):
        return Problem(_("Use 3 to 120 letters or digits without a blank, or an e-mail address."), "login")
    if db.scalars(select(User.id).where(User.login == login)).first() is not None:
        return Problem(_("This user name is taken. Choose another one."), "login")
    return None


def add_membership(
    db: Session, user: User, agency: Agency, role: str, *, at: dt.datetime, liaison: bool = False, chief: bool = False,
    valid_from: dt.date | None = None, valid_until: dt.date | None = None, by: uuid.UUID | None = None,
) -> Membership:
    """Give a person a role at an agency. Raises Refused when there is one already."""
    if role not in ROLES:
        raise ValueError(f"{role} is no role")
    if any(m.agency_id == agency.id and m.ended_at is None for m in user.memberships):
        raise Refused(Problem(_("This person has a role at this agency already: change that one."), "agency"))
    made = Membership(
        user=user, agency=agency, agency_id=agency.id, role=role, liaison=liaison, chief=chief,
        valid_from=valid_from or sessions.day(at), valid_until=valid_until, created_by_id=by,
    )
    db.add(made)
    return made


def end_membership(db: Session, membership: Membership, at: dt.datetime) -> None:
    """Take a role away; whoever works in it stops at the next request."""
    membership.ended_at = at
    sessions.end_all(db, membership.user_id, "role", at)


def disable(db: Session, user: User, at: dt.datetime, reason: str | None = None) -> None:
    """Shut an account: its sessions and links end at once."""
    user.active, user.disabled_at = False, at
    sessions.end_all(db, user.id, "disabled", at)
    withdraw_links(db, user.id)
    leaving.leaves(db, user.id)
    describe(db, user, verb="disable", **({"reason": reason} if reason else {}))


def enable(db: Session, user: User) -> None:
    """Open an account again; password and second factor are as they were."""
    user.active, user.disabled_at = True, None


def hashed(passwords: Passwords, password: str, words: list[str]) -> str:
    """The hash of a new password, to be made before a transaction begins: it takes a quarter of a second.
    Raises Refused when this may not be a password."""
    problem = passwords.problem(password, words)
    if problem is not None:
        raise Refused(Problem(problem, "password"))
    return passwords.hash(password)


def set_password(
    db: Session, user: User, password_hash: str, at: dt.datetime, *, keep: uuid.UUID | None = None
) -> None:
    """Set a password by its hash; the person's other sessions (but `keep`) end."""
    user.password_hash, user.password_changed_at = password_hash, at
    sessions.end_all(db, user.id, "password", at, but=keep)
    describe(db, user, verb="password_changed")


def own_words(user: User) -> list[str]:
    """Words that a password of this person must not consist of."""
    places = [word for m in user.memberships for word in (m.agency.code, m.agency.abbreviation, m.agency.name_en)]
    return [word for word in (user.login, user.name, user.name_km, *places) if word]


def enrol(db: Session, user: User, session: UserSession, typed: str, at: dt.datetime) -> list[str] | None:
    """Set up the second factor whose secret waits in `session`, when `typed` is a code of it.

    Returns ten recovery codes, to be shown once; None when the code is wrong. Other sessions end.
    """
    secret, code = session.enrol_secret, totp.normal_code(typed)
    step = totp.matching_step(secret, code, at) if secret and code else None
    if step is None:
        return None
    activity = db.get(UserActivity, user.id)
    # A new secret: steps used with the old one do not count against it.
    activity.totp_last_step = step
    user.totp_secret, user.mfa_enrolled_at, user.pending_link = secret, at, None
    session.enrol_secret = None
    sessions.end_all(db, user.id, "second_factor", at, but=session.id)
    describe(db, user, verb="enrol")
    return recovery.replace_all(db, user.id, at)


def remove_second_factor(db: Session, user: User, at: dt.datetime) -> None:
    """The authenticator is lost: nobody gets in until the person has set up another with a link and the password."""
    user.totp_secret, user.mfa_enrolled_at, user.pending_link = None, None, "factor"
    recovery.void_all(db, user.id, at)
    sessions.end_all(db, user.id, "second_factor", at)


def finish_sign_in(user: User, session: UserSession, at: dt.datetime) -> str:
    """Both factors were shown: the session is full, or asks for a role first. Returns the new token."""
    session.mfa_at = user.activity.last_seen_at = at
    roles = roles_in_force(user, sessions.day(at))
    session.state = sessions.FULL if len(roles) == 1 else sessions.CHOOSE
    session.membership_id = roles[0].id if len(roles) == 1 else None
    return sessions.rotate(session, at)


def choose_role(user: User, session: UserSession, membership_id: str, at: dt.datetime) -> str | None:
    """Work in one of the person's roles from now on. Returns the new token, None for a role that is not theirs."""
    for membership in roles_in_force(user, sessions.day(at)):
        if str(membership.id) == membership_id:
            session.membership_id, session.state = membership.id, sessions.FULL
            return sessions.rotate(session, at)
    return None


def make_link(db: Session, user: User, at: dt.datetime, by: uuid.UUID | None) -> str:
    """A one-time link's token for what an approved change allows; earlier links stop working. Raises Refused."""
    if user.pending_link is None or not user.active:
        raise Refused(Problem(_("There is no approved change that a link would be for.")))
    withdraw_links(db, user.id)
    token = sessions.new_token()
    hours = LINK_HOURS[user.pending_link]
    made = Invitation(
        token_hash=sessions.token_hash(token), user_id=user.id, kind=user.pending_link, created_by_id=by,
        created_at=at, expires_at=at + dt.timedelta(hours=hours),
    )
    db.add(made)
    record_event(db, Event("link_made", chain=user.id, record_type="user_account", record_id=user.id,
                           details={"kind": made.kind, "hours": hours}))
    return token


def withdraw_links(db: Session, user_id: uuid.UUID) -> None:
    """No link of this person works any more."""
    db.execute(
        update(Invitation).where(Invitation.user_id == user_id, Invitation.used_at.is_(None)).values(withdrawn=True)
        .execution_options(synchronize_session=False)
    )


def find_link(db: Session, token: str, at: dt.datetime) -> Invitation | None:
    """The link behind a token, when it can still be used."""
    query = select(Invitation).where(
        Invitation.token_hash == sessions.token_hash(token), Invitation.used_at.is_(None),
        Invitation.withdrawn.is_(False), Invitation.expires_at > at,
    )
    return db.scalars(query).one_or_none()


def use_link(db: Session, link: Invitation, at: dt.datetime) -> bool:
    """Use a link up; of many at once one succeeds."""
    used = db.execute(
        update(Invitation)
        .where(Invitation.id == link.id, Invitation.used_at.is_(None), Invitation.withdrawn.is_(False))
        .values(used_at=at).execution_options(synchronize_session=False)
    )
    if used.rowcount != 1:
        return False
    record_event(db, Event("link_used", chain=link.user_id, record_type="user_account", record_id=link.user_id,
                           details={"kind": link.kind}))
    return True


def create_first_administrator(db: Session, *, sign_in: str, name: str, agency: str, password: str) -> str:
    """The account that lets everybody else in, made at the terminal; returns the secret of its second factor.
    Raises Refused when there is an administrator already, or something is wrong with the values."""
    at = now()
    administrators = select(Membership).join(User, Membership.user_id == User.id).where(
        Membership.role == "ADM", Membership.ended_at.is_(None), User.active
    )
    # Two are needed to let anybody else in: the terminal makes the first two and no more.
    if len(db.scalars(administrators).all()) >= 2:
        raise Refused(Problem(_("There are two administrators already: they can make further accounts.")))
    agencies.load_agencies(db, Agencies.load(ROOT / "etc" / "agencies.csv"))
    place = agencies.by_code(db, agency)
    if place is None:
        raise Refused(Problem(_("There is no agency with this code."), "agency"))
    user = create_user(db, login=sign_in, name=name)
    add_membership(db, user, place, "ADM", at=at)
    passwords = Passwords(db.info["keyring"], ROOT / "etc")
    set_password(db, user, hashed(passwords, password, own_words(user)), at)
    user.totp_secret, user.mfa_enrolled_at, user.pending_link = totp.new_secret(), at, None
    describe(db, user, verb="create", at_terminal=True)
    return user.totp_secret


def housekeeping(db: Session, at: dt.datetime) -> None:
    """What a periodic job removes: counters, old sessions."""
    ratelimit.purge(db, at)
    sessions.purge(db, at)

"""Changes of accounts that take two people: one proposes, an administrator who is neither the proposer nor the owner
of the account approves (matrix row 41). Shutting an account is not among them: one person does it, at once.
"""

import datetime as dt
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session
from translationstring import TranslationStringFactory

from casework.authz.identity import Identity
from casework.authz.scope import current_matrix
from casework.workflow.engine import (
    Flow,
    Move,
    NotAllowed,
    Problem,
    Refused,
    Transition,
    add_flow,
    apply,
    create,
)

from . import leaving, service, sessions
from .credentials import UserActivity
from .models import AccountChange, Agency, Membership, User

_ = TranslationStringFactory("casework")

ADMINISTRATOR = "ADM"
PROPOSERS = (ADMINISTRATOR, "PSU", "SWS", "PRO")
WATCHING = frozenset({"ADM", "AUD", "OVS"})
SUPERVISOR_KINDS = frozenset({"create_user", "change_role", "end_role", "reset_password", "reset_factor"})
PROPOSED, APPROVED, REFUSED, WITHDRAWN = "proposed", "approved", "refused", "withdrawn"


@dataclass(frozen=True)
class Kind:
    """One kind of change: its name on the page, what speaks against it, and how it is carried out."""

    title: Any
    problem: Callable[[Session, AccountChange], Problem | None]
    carry_out: Callable[[Session, AccountChange, dt.datetime], None]


def _day(text: str | None) -> dt.date | None:
    return dt.date.fromisoformat(text) if text else None


def _user(db: Session, change: AccountChange) -> User:
    return db.get_one(User, change.subject_id)


def _membership(db: Session, change: AccountChange) -> Membership | None:
    found = db.get(Membership, uuid.UUID(change.payload["membership_id"]))
    return found if found is not None and found.user_id == change.subject_id and found.ended_at is None else None


def _create_problem(db: Session, change: AccountChange) -> Problem | None:
    return service.login_problem(db, change.payload["login"]) or _agency_problem(db, change)


def _agency_problem(db: Session, change: AccountChange) -> Problem | None:
    agency = db.get(Agency, change.agency_id) if change.agency_id else None
    return None if agency is not None and agency.active else Problem(_("Choose an agency."), "agency")


def _create(db: Session, change: AccountChange, at: dt.datetime) -> None:
    values = change.payload
    user = service.create_user(
        db, login=values["login"], name=values["name"], name_km=values.get("name_km"), locale=values.get("locale"),
        expires_on=_day(values.get("expires_on")), by=change.created_by_id, user_id=change.subject_id,
    )
    _give_role(db, change, user, at)


def _no_role_there(db: Session, change: AccountChange) -> Problem | None:
    if any(m.agency_id == change.agency_id and m.ended_at is None for m in _user(db, change).memberships):
        return Problem(_("This person has a role at this agency already: change that one."), "agency")
    return _agency_problem(db, change)


def _add_role(db: Session, change: AccountChange, at: dt.datetime) -> None:
    _give_role(db, change, _user(db, change), at)


def _give_role(db: Session, change: AccountChange, user: User, at: dt.datetime) -> None:
    values = change.payload
    service.add_membership(
        db, user, db.get_one(Agency, change.agency_id), values["role"], at=at, liaison=bool(values.get("liaison")),
        chief=bool(values.get("chief")), valid_from=_day(values.get("valid_from")),
        valid_until=_day(values.get("valid_until")), by=change.created_by_id,
    )


def _role_is_there(db: Session, change: AccountChange) -> Problem | None:
    return None if _membership(db, change) else Problem(_("This role was taken away already."))


def _change_role(db: Session, change: AccountChange, at: dt.datetime) -> None:
    membership, values = _membership(db, change), change.payload
    membership.role = values["role"]
    membership.liaison, membership.chief = bool(values.get("liaison")), bool(values.get("chief"))
    membership.valid_until = _day(values.get("valid_until"))
    # What is open on the person's screen was given to the old role.
    sessions.end_all(db, membership.user_id, "role", at)


def _end_role(db: Session, change: AccountChange, at: dt.datetime) -> None:
    service.end_membership(db, _membership(db, change), at)


def _is_shut(db: Session, change: AccountChange) -> Problem | None:
    return Problem(_("This account is open already.")) if _user(db, change).active else None


def _is_open(db: Session, change: AccountChange) -> Problem | None:
    return None if _user(db, change).active else Problem(_("This account is shut: open it first."))


def _enable(db: Session, change: AccountChange, at: dt.datetime) -> None:
    service.enable(db, _user(db, change))


def _reset_password(db: Session, change: AccountChange, at: dt.datetime) -> None:
    user = _user(db, change)
    # Who has not finished the welcome link gets another one; a lost second factor goes first.
    user.pending_link = user.pending_link or "password"


def _reset_factor(db: Session, change: AccountChange, at: dt.datetime) -> None:
    service.remove_second_factor(db, _user(db, change), at)


def _change_expiry(db: Session, change: AccountChange, at: dt.datetime) -> None:
    _user(db, change).expires_on = _day(change.payload.get("expires_on"))


def _agency_there(db: Session, change: AccountChange) -> Problem | None:
    return None if db.get(Agency, change.subject_id) else Problem(_("Choose an agency."))


def _change_agency(db: Session, change: AccountChange, at: dt.datetime) -> None:
    agency, values = db.get_one(Agency, change.subject_id), change.payload
    agency.contact_point, agency.active = values.get("contact_point"), bool(values["active"])
    agency.quality_checked_at = _day(values.get("quality_checked_at"))


KINDS = {
    "create_user": Kind(_("New account"), _create_problem, _create),
    "add_role": Kind(_("Another role"), _no_role_there, _add_role),
    "change_role": Kind(_("Change of a role"), _role_is_there, _change_role),
    "end_role": Kind(_("End of a role"), _role_is_there, _end_role),
    "change_expiry": Kind(_("Change of the last day"), _is_open, _change_expiry),
    "reset_password": Kind(_("Link for a new password"), _is_open, _reset_password),
    "reset_factor": Kind(_("New second factor"), _is_open, _reset_factor),
    "enable": Kind(_("Opening of a shut account"), _is_shut, _enable),
    "change_agency": Kind(_("Change of an agency"), _agency_there, _change_agency),
}


def not_own_account(move: Move) -> Problem | None:
    """Nobody proposes or approves a change of their own account."""
    if move.identity is not None and move.identity.user_id == move.record.subject_id:
        return Problem(_("This is your own account: two others must do it."))
    return None


def may_propose(identity: Identity) -> bool:
    """Whether the matrix lets this person propose changes of accounts at the own agency (prosecutors: their head)."""
    words = current_matrix().cell("users", identity.role).words
    return "propose" in words and (identity.role != "PRO" or identity.chief)


def within_own_agency(move: Move) -> Problem | None:
    """A supervisor proposes for the own agency only, and no role that watches over others."""
    identity, record = move.identity, move.record
    if identity.role == ADMINISTRATOR:
        return None
    if not may_propose(identity):
        raise NotAllowed(f"{identity.role} may not propose")
    own = record.agency_id == identity.agency_id and record.kind in SUPERVISOR_KINDS
    if not own or record.payload.get("role") in WATCHING:
        return Problem(_("You can propose this for your own agency only."))
    if record.kind == "create_user":
        return None
    with move.session.no_autoflush:
        roles = move.session.get_one(User, record.subject_id).memberships
    here = any(m.agency_id == identity.agency_id and m.ended_at is None for m in roles)
    return None if here else Problem(_("You can propose this for your own agency only."))


def can_be_done(move: Move) -> Problem | None:
    """The change still fits the account as it is now."""
    # A new proposal has no state yet, so it cannot be flushed by a look at other rows.
    with move.session.no_autoflush:
        return KINDS[move.record.kind].problem(move.session, move.record)


def only_one(move: Move) -> Problem | None:
    """The same change is not waiting already."""
    record = move.record
    with move.session.no_autoflush:
        waiting = move.session.scalars(select(AccountChange).where(
            AccountChange.state == PROPOSED, AccountChange.kind == record.kind, AccountChange.id != record.id,
        )).all()
    if record.kind == "create_user":
        same = any(other.payload["login"] == record.payload["login"] for other in waiting)
    else:
        same = any(other.subject_id == record.subject_id for other in waiting)
    return Problem(_("The same change is waiting for approval already.")) if same else None


def only_the_proposer(move: Move) -> Problem | None:
    """A proposal is withdrawn by who made it; others refuse it."""
    own = move.identity is not None and move.identity.user_id == move.record.created_by_id
    return None if own else Problem(_("Only who proposed a change can withdraw it. You can refuse it."))


def warned(move: Move) -> None:
    """Who loses the last role leaves: what is open in that name is to be handed over before."""
    if move.record.kind == "end_role" and is_last_role(move.session.get_one(User, move.record.subject_id)):
        leaving.leaves(move.session, move.record.subject_id)


def is_last_role(user: User) -> bool:
    """Whether a person has one role and no other."""
    return sum(role.ended_at is None for role in user.memberships) == 1


def carry_out(move: Move) -> None:
    """Do what was proposed, in the transaction of the approval."""
    KINDS[move.record.kind].carry_out(move.session, move.record, move.at)


def decided(move: Move) -> None:
    """Note who decided and when."""
    move.record.decided_at, move.record.decided_by_id = move.at, move.identity.user_id


FLOW = add_flow(Flow("account_change", (PROPOSED, APPROVED, REFUSED, WITHDRAWN), (
    Transition("propose", (), PROPOSED, PROPOSERS,
               guards=(within_own_agency, not_own_account, only_one, can_be_done), effects=(warned,)),
    Transition("approve", (PROPOSED,), APPROVED, (ADMINISTRATOR,), guards=(not_own_account, can_be_done),
               effects=(carry_out, decided), not_author=("created",), fresh=True),
    Transition("refuse", (PROPOSED,), REFUSED, (ADMINISTRATOR,), guards=(not_own_account,), effects=(decided,),
               reason="account_change", not_author=("created",)),
    Transition("withdraw", (PROPOSED,), WITHDRAWN, (ADMINISTRATOR,), guards=(only_the_proposer,), effects=(decided,)),
), final=(APPROVED, REFUSED, WITHDRAWN)))


def propose(
    db: Session, identity: Identity, kind: str, payload: dict, *, subject_id: uuid.UUID,
    agency_id: uuid.UUID | None = None,
) -> AccountChange:
    """Propose a change; raises Refused. `payload` holds plain JSON values."""
    if kind not in KINDS:
        raise ValueError(f"{kind} is no change of an account")
    change = AccountChange(
        kind=kind, subject_id=subject_id, agency_id=agency_id, payload=payload, created_by_id=identity.user_id
    )
    return create(db, identity, change, "propose")


def decide(
    db: Session, identity: Identity, change_id: uuid.UUID, event: str, reason: str | None = None
) -> AccountChange:
    """Approve, refuse or withdraw a waiting change. Of two at once one succeeds; raises Refused, NotAllowed."""
    change = db.get(AccountChange, change_id, with_for_update=True)
    if change is None:
        raise Refused(Problem(_("There is no such proposal.")))
    apply(db, identity, change, event, {"reason": reason} if reason else {})
    return change


def waiting(db: Session) -> list[AccountChange]:
    """Proposals that wait for a second administrator, the oldest first."""
    return list(db.scalars(select(AccountChange).where(AccountChange.state == PROPOSED).order_by(AccountChange.id)))


@dataclass(frozen=True)
class AdminQueue:
    """What waits for an administrator (DOMAIN 6): proposals, links to hand over, accounts that end soon or sleep."""

    changes: list[AccountChange]
    links: list[User]
    expiring: list[User]
    dormant: list[User]


def admin_queue(db: Session, at: dt.datetime) -> AdminQueue:
    """The administrator's queue. Expiring: within 14 days; dormant: not seen for 90 days (CJIS AC-2(3))."""
    active = select(User).where(User.active).order_by(User.login)
    soon = active.where(User.expires_on.is_not(None), User.expires_on <= sessions.day(at) + dt.timedelta(days=14))
    since = at - dt.timedelta(days=90)
    asleep = active.join(UserActivity, UserActivity.user_id == User.id).where(
        User.mfa_enrolled_at.is_not(None), User.mfa_enrolled_at < since,
        UserActivity.last_seen_at.is_(None) | (UserActivity.last_seen_at < since),
    )
    return AdminQueue(
        waiting(db), list(db.scalars(active.where(User.pending_link.is_not(None)))), list(db.scalars(soon)),
        list(db.scalars(asleep)),
    )

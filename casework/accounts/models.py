"""Agencies, the people who work in them, and the roles they have there."""

import datetime as dt
import uuid

from sqlalchemy import JSON, Date, ForeignKey, Index, Integer, String
from sqlalchemy.orm import Mapped, declared_attr, relationship

from casework.audit.models import Audited
from casework.authz.conditions import Scope
from casework.authz.identity import CHIEF, LIAISON
from casework.crypto.sealed import sealed
from casework.db.base import S0, S1, S2, S3, Base, Keyed, col, now
from casework.workflow.guard import Stateful

from .credentials import UserActivity


class Agency(Audited, Keyed, Base):
    """An agency or one of its offices (DOMAIN 2): the office names its agency in `parent_id`."""

    __tablename__ = "agency"

    code: Mapped[str] = col(S0, String(40), unique=True)
    name_en: Mapped[str] = col(S0)
    name_km: Mapped[str | None] = col(S0)
    abbreviation: Mapped[str | None] = col(S0, String(40))
    type: Mapped[str] = col(S0, String(40))  # one or more codes of agency_types, with blanks between
    parent_id: Mapped[uuid.UUID | None] = col(S0, ForeignKey("agency.id"))
    jurisdiction: Mapped[str | None] = col(S0, String(20))  # "national" or a gazetteer code
    valid_from: Mapped[dt.date | None] = col(S0, Date)
    valid_to: Mapped[dt.date | None] = col(S0, Date)
    successor_code: Mapped[str | None] = col(S0, String(40))
    contact_point: Mapped[str | None] = col(S1)
    quality_checked_at: Mapped[dt.date | None] = col(S1, Date)  # support providers only
    active: Mapped[bool] = col(S0, default=True)

    parent: Mapped["Agency | None"] = relationship(remote_side="Agency.id")

    def name(self, locale: str) -> str:
        """The name in a language, English where there is no other."""
        return (self.name_km if locale == "km" else None) or self.name_en


class User(Audited, Keyed, Base):
    """One person's account. Without a second factor it cannot be signed in to.

    `password_hash` is "<ring key>:<sealed argon2id>" (casework.accounts.passwords). `pending_link` says which one-time
    link an approved change allows to be made for this account: welcome, password or factor.
    """

    __tablename__ = "user_account"
    __key__ = "id"
    __noted__ = False  # the program reads the second factor to check a code; nobody is shown it

    login: Mapped[str] = col(S1, String(120), unique=True)
    name: Mapped[str] = col(S1, String(120))
    name_km: Mapped[str | None] = col(S1, String(120))
    password_hash: Mapped[str | None] = col(S2, String(200), info={"hashed": True})
    password_changed_at: Mapped[dt.datetime | None] = col(S1)
    totp_secret = sealed(S3)
    mfa_enrolled_at: Mapped[dt.datetime | None] = col(S1)
    pending_link: Mapped[str | None] = col(S1, String(10))
    locale: Mapped[str | None] = col(S1, String(2))
    active: Mapped[bool] = col(S1, default=True)
    disabled_at: Mapped[dt.datetime | None] = col(S1)
    expires_on: Mapped[dt.date | None] = col(S1, Date)
    created_at: Mapped[dt.datetime] = col(S1, default=now)
    created_by_id: Mapped[uuid.UUID | None] = col(S1, ForeignKey("user_account.id"))

    memberships: Mapped[list["Membership"]] = relationship(
        back_populates="user", order_by="Membership.id", foreign_keys="Membership.user_id"
    )
    activity: Mapped[UserActivity | None] = relationship(UserActivity, uselist=False)

    @property
    def last_seen_at(self) -> dt.datetime | None:
        """When the person last used the program, to the minute."""
        return self.activity.last_seen_at if self.activity else None

    def display_name(self, locale: str) -> str:
        """The name in a language, the Roman one where there is no other."""
        return (self.name_km if locale == "km" else None) or self.name


class Membership(Audited, Keyed, Base):
    """The one role of a person at one agency, from and until which day; `ended_at` when it was taken away."""

    __tablename__ = "membership"

    user_id: Mapped[uuid.UUID] = col(S1, ForeignKey("user_account.id"))
    agency_id: Mapped[uuid.UUID] = col(S1, ForeignKey("agency.id"))
    role: Mapped[str] = col(S1, String(3))
    liaison: Mapped[bool] = col(S1, default=False)
    chief: Mapped[bool] = col(S1, default=False)
    valid_from: Mapped[dt.date] = col(S1, Date)
    valid_until: Mapped[dt.date | None] = col(S1, Date)
    ended_at: Mapped[dt.datetime | None] = col(S1)
    created_at: Mapped[dt.datetime] = col(S1, default=now)
    created_by_id: Mapped[uuid.UUID | None] = col(S1)

    user: Mapped[User] = relationship(back_populates="memberships", foreign_keys=[user_id])
    agency: Mapped[Agency] = relationship()

    __table_args__ = (
        Index(
            "uq_membership_user_id_agency_id_active", "user_id", "agency_id", unique=True,
            sqlite_where=ended_at.column.is_(None), postgresql_where=ended_at.column.is_(None),
        ),
        Index("ix_membership_agency_id_role", "agency_id", "role"),
    )

    def audit_chain(self) -> uuid.UUID:
        return self.user_id

    @property
    def flags(self) -> frozenset[str]:
        """The capability flags as the identity carries them."""
        return frozenset(name for name, set_ in ((LIAISON, self.liaison), (CHIEF, self.chief)) if set_)

    def in_force(self, today: dt.date) -> bool:
        """Whether the role counts on `today`."""
        return (
            self.ended_at is None and self.valid_from <= today
            and (self.valid_until is None or today <= self.valid_until)
        )


class AccountChange(Stateful, Audited, Keyed, Base):
    """A change of an account that one person proposes and another approves (matrix row 41: "W 2").

    `kind` is a key of `casework.accounts.changes.KINDS`, `payload` its values. `subject_id` is the account it is
    about, also when the account will be made by the approval.
    """

    __tablename__ = "account_change"
    __flow__ = "account_change"
    __scope__ = Scope(row="users", subjects=(), case=None, agency=("agency_id",))

    kind: Mapped[str] = col(S1, String(30))
    subject_id: Mapped[uuid.UUID] = col(S1, index=True)
    agency_id: Mapped[uuid.UUID | None] = col(S1, ForeignKey("agency.id"))
    payload: Mapped[dict] = col(S1, JSON)
    state: Mapped[str] = col(S1, String(20), index=True)
    created_at: Mapped[dt.datetime] = col(S1, default=now)
    created_by_id: Mapped[uuid.UUID | None] = col(S1, ForeignKey("user_account.id"))
    decided_at: Mapped[dt.datetime | None] = col(S1)
    decided_by_id: Mapped[uuid.UUID | None] = col(S1, ForeignKey("user_account.id"))
    version: Mapped[int] = col(S1, Integer, nullable=False)

    @declared_attr.directive
    def __mapper_args__(cls):  # noqa: N805
        return {"version_id_col": cls.version}

    def audit_chain(self) -> uuid.UUID:
        return self.subject_id

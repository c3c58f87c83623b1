"""Invented people of every role, and how a test signs in as one of them.

    person = make_person(database, "INV", agency_code="ahtjpd")     an account, ready to be signed in to
    sign_in(client, person)                                         through the real pages: password, then code

Passwords are hashed with the smallest costs Argon2 knows: `quick(app)` tells the application so, and `sign_in` does.
"""

import datetime as dt
import itertools
import uuid
from dataclasses import dataclass, field

import pyotp
from sqlalchemy import select
from sqlalchemy.orm import Session
from webtest import TestApp
from webtest.response import TestResponse

from casework.accounts import agencies, service
from casework.accounts.models import Agency, Membership, User
from casework.accounts.passwords import Passwords
from casework.authz.identity import CHIEF, LIAISON, Identity
from casework.crypto.keyring import KeyRing
from casework.db.base import now
from casework.settings import ROOT

PASSWORD = "mango leaf paper boat"
AGENCIES = {
    "HOT": ("aple", "hotline"), "INV": ("ahtjpd", "police"), "PSU": ("ahtjpd", "police"), "CUS": ("ahtjpd", "police"),
    "FOR": ("ahtjpd.ito", "police"), "PRO": ("pros.12", "prosecution"), "CLK": ("court.12", "court"),
    "SW": ("dosvy.12", "social_gov"), "SWS": ("dosvy.12", "social_gov"), "PRV": ("hagar", "social_ngo"),
    "OVS": ("cncc", "coordination"), "AUD": ("moi", "coordination"), "ADM": ("moi", "coordination"),
}
_number = itertools.count(1)


@dataclass
class Person:
    """An invented person: what to sign in with, and the identity they will have."""

    user_id: uuid.UUID
    membership_id: uuid.UUID
    login: str
    name: str
    role: str
    agency_id: uuid.UUID
    agency_code: str
    password: str
    secret: str
    flags: frozenset[str] = frozenset()
    used_step: int = field(default=0, repr=False)

    @property
    def identity(self) -> Identity:
        """As the pages know the person, with a second factor shown just now."""
        return Identity(
            user_id=self.user_id, name=self.name, role=self.role, agency_id=self.agency_id,
            agency_code=self.agency_code, agency_name=self.agency_code, flags=self.flags, mfa_at=now(),
        )

    def code(self, at: dt.datetime | None = None) -> str:
        """The code of this half minute."""
        return pyotp.TOTP(self.secret).at(int((at or now()).timestamp()))

    def fresh_code(self, at: dt.datetime | None = None) -> str | None:
        """A code that the program takes now, or None when both of this half minute were used: each works once.

        The step before comes first while it is open for some seconds yet, so that two in a row are to be had.
        """
        moment = int((at or now()).timestamp())
        step, left = moment // 30, 30 - moment % 30
        wanted = max(self.used_step + 1, step - 1 if left > 12 else step)
        if wanted > step:
            return None
        self.used_step = wanted
        return pyotp.TOTP(self.secret).generate_otp(wanted)


def quick_passwords(ring: KeyRing) -> Passwords:
    """Passwords with the least cost: for tests only."""
    return Passwords(ring, ROOT / "etc", time_cost=1, memory_cost=8)


def quick(app) -> None:
    """Let `app` hash passwords at the least cost."""
    app.registry["passwords"] = quick_passwords(app.registry["keyring"])


def make_agency(db: Session, code: str, type_: str = "police") -> Agency:
    """The agency with this code, made when there is none."""
    found = agencies.by_code(db, code)
    if found is None:
        found = Agency(code=code, name_en=f"Agency {code} (fictional)", name_km=f"ស្ថាប័ន {code} (ប្រឌិត)",
                       abbreviation=code.upper(), type=type_)
        db.add(found)
        db.flush()
    return found


def make_person(
    db: Session, role: str, agency_code: str | None = None, *, login: str | None = None, name: str | None = None,
    password: str = PASSWORD, chief: bool = False, liaison: bool = False,
) -> Person:
    """An account in `role` with both factors set up, in the caller's transaction."""
    default_code, type_ = AGENCIES[role]
    agency = make_agency(db, agency_code or default_code, type_)
    number = next(_number)
    login = login or f"{role.lower()}.{number}@example.org"
    user = service.create_user(db, login=login, name=name or f"{role} person {number} (fictional)")
    membership = service.add_membership(
        db, user, agency, role, at=now() - dt.timedelta(days=1), chief=chief, liaison=liaison
    )
    return person_of(membership, give_factors(db, user, password), password)


def give_factors(db: Session, user: User, password: str = PASSWORD) -> str:
    """Set up both factors of an account; the secret of the second."""
    secret = pyotp.random_base32(32)
    user.password_hash, user.password_changed_at = quick_passwords(db.info["keyring"]).hash(password), now()
    user.totp_secret, user.mfa_enrolled_at, user.pending_link = secret, now(), None
    db.flush()
    return secret


def person_of(membership: Membership, secret: str, password: str = PASSWORD) -> Person:
    """The person behind a role."""
    user = membership.user
    flags = frozenset(word for word, has in ((CHIEF, membership.chief), (LIAISON, membership.liaison)) if has)
    return Person(
        user_id=user.id, membership_id=membership.id, login=user.login, name=user.name, role=membership.role,
        agency_id=membership.agency_id, agency_code=membership.agency.code, password=password, secret=secret,
        flags=flags,
    )


def user_of(db: Session, person: Person) -> User:
    """The account as the database has it now."""
    return db.scalars(select(User).where(User.id == person.user_id)).one()


def sign_in(client: TestApp, person: Person, back: str = "/account") -> TestResponse:
    """Sign `person` in through the real pages; returns the page at `back`. Twice within half a minute works."""
    return give_code(give_password(client, person, back), person).follow()


def give_password(client: TestApp, person: Person, back: str = "/account") -> TestResponse:
    """The first step; returns the page that asks for the code."""
    quick(client.app)
    form = client.get("/sign-in", {"back": back}).forms["form"]
    form["login"], form["password"] = person.login, person.password
    return form.submit().follow()


def give_code(page: TestResponse, person: Person, code: str | None = None, status: int | None = None) -> TestResponse:
    """The second step, with a code that was not used yet unless one is given. When there is none, the application's
    clock goes on by half a minute."""
    registry, form = page.test_app.app.registry, page.forms["form"]
    clock = registry.get("clock", now)
    code = code or person.fresh_code(clock())
    if code is None:
        registry["clock"] = lambda: clock() + dt.timedelta(seconds=30)
        code = person.fresh_code(registry["clock"]())
    form["code"] = code
    return form.submit(status=status)


def press(client: TestApp, path: str, status: int | None = None, **fields: str) -> TestResponse:
    """Send a form of one button, with the token that the person's pages carry."""
    token = client.get("/account").html.find("input", {"name": "csrf_token"})["value"]
    return client.post(path, {"csrf_token": token, **fields}, status=status)

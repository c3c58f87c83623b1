"""The invented agencies and accounts of a measurement: one account of each role is signed in."""

import uuid
from dataclasses import dataclass

from sqlalchemy import Engine

from casework.accounts import service, sessions
from casework.accounts.models import Agency
from casework.authz.identity import ROLES
from casework.crypto.keyring import KeyRing
from casework.db.base import now
from casework.db.session import work

from .bench_cases import Staff

AGENCIES = {
    "police": 5, "prosecution": 3, "court": 1, "social_gov": 3, "social_ngo": 1, "hotline": 1, "coordination": 1,
}
# Role: type of agency, people at each agency of that type.
STAFF = {
    "PSU": ("police", 1), "INV": ("police", 20), "FOR": ("police", 2), "CUS": ("police", 1), "PRO": ("prosecution", 5),
    "CLK": ("court", 2), "SW": ("social_gov", 5), "SWS": ("social_gov", 1), "PRV": ("social_ngo", 3),
    "HOT": ("hotline", 5), "OVS": ("coordination", 1), "AUD": ("coordination", 1), "ADM": ("coordination", 2),
}


@dataclass(frozen=True)
class Person:
    """Who is signed in: the first of each role, at the first agency of its type."""

    user_id: uuid.UUID
    membership_id: uuid.UUID


def hire(engine: Engine, ring: KeyRing) -> tuple[Staff, dict[str, Person]]:
    """Make agencies and accounts in an empty database."""
    with work(engine, info={"keyring": ring}) as db:
        agencies = {}
        for kind, count in AGENCIES.items():
            made = [
                Agency(code=f"bench.{kind}{n}", name_en=f"{kind} {n} (fictional)", name_km=f"{kind} {n} (ប្រឌិត)",
                       type=kind, jurisdiction="national", active=True)
                for n in range(count)
            ]
            db.add_all(made)
            agencies[kind] = made
        db.flush()
        users: dict[tuple[str, uuid.UUID], list[uuid.UUID]] = {}
        first: dict[str, Person] = {}
        for role, (kind, count) in STAFF.items():
            for agency in agencies[kind]:
                for n in range(count):
                    login = f"{role}.{n}.{agency.code}@example.org"
                    user = service.create_user(db, login=login, name=f"{role} {n} (fictional)")
                    user.pending_link = None
                    chief = n == 0 and role == "PRO"
                    membership = service.add_membership(db, user, agency, role, at=now(), chief=chief)
                    users.setdefault((role, agency.id), []).append(user.id)
                    first.setdefault(role, Person(user.id, membership.id))
        return Staff({kind: [a.id for a in made] for kind, made in agencies.items()}, users), first


def sign_in(engine: Engine, ring: KeyRing, people: dict[str, Person]) -> dict[str, str]:
    """A session for each role, past the pages of the door. Returns role -> token for the cookie."""
    tokens = {}
    with work(engine, info={"keyring": ring}) as db:
        for role in ROLES:
            person, at = people[role], now()
            _session, tokens[role] = sessions.start(
                db, person.user_id, sessions.FULL, at, sessions.Client(), membership_id=person.membership_id, mfa_at=at,
            )
    return tokens

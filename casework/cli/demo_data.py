"""The demo country: invented people of every role, and reports and cases in different states.

Everything goes through the program's own services, as the people concerned, so that the demo shows only what the
program allows. All people are fictional and say so; numbers, domains and addresses are from reserved ranges.
"""

import datetime as dt
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import pyotp
from sqlalchemy.orm import Session

from casework.accounts import agencies, service
from casework.accounts.passwords import Passwords
from casework.authz.identity import CHIEF, LIAISON, Identity
from casework.db.base import now
from casework.reference.agencies import Agencies
from casework.settings import Settings

from . import demo_cases
from .demo import DemoAccount

Work = Callable[..., AbstractContextManager[Session]]
PASSWORD = "four small paper boats"


@dataclass(frozen=True)
class Part:
    """One account of the demo: login, name, role, agency, flags."""

    login: str
    name: str
    name_km: str
    role: str
    agency: str
    flags: frozenset[str] = frozenset()


PARTS = (
    Part("hotline", "Sok Dara (fictional)", "សុខ ដារ៉ា (ប្រឌិត)", "HOT", "aple"),
    Part("supervisor", "Chan Vanna (fictional)", "ចាន់ វណ្ណា (ប្រឌិត)", "PSU", "ahtjpd"),
    Part("investigator", "Keo Sophea (fictional)", "កែវ សុភា (ប្រឌិត)", "INV", "ahtjpd"),
    Part("examiner", "Ly Piseth (fictional)", "លី ពិសិដ្ឋ (ប្រឌិត)", "FOR", "ahtjpd"),
    Part("custodian", "Heng Bopha (fictional)", "ហេង បុប្ផា (ប្រឌិត)", "CUS", "ahtjpd"),
    Part("prosecutor", "Mao Ratana (fictional)", "ម៉ៅ រតនា (ប្រឌិត)", "PRO", "pros.12", frozenset({CHIEF})),
    Part("prosecutor2", "Chea Kosal (fictional)", "ជា កុសល (ប្រឌិត)", "PRO", "pros.12"),
    Part("clerk", "Nhem Kanha (fictional)", "ញ៉ែម កញ្ញា (ប្រឌិត)", "CLK", "court.12"),
    Part("social", "Oum Sreymom (fictional)", "អ៊ុំ ស្រីមុំ (ប្រឌិត)", "SW", "dosvy.12"),
    Part("social.supervisor", "Pich Samnang (fictional)", "ពេជ្រ សំណាង (ប្រឌិត)", "SWS", "dosvy.12"),
    Part("provider", "Yim Sovann (fictional)", "យឹម សុវណ្ណ (ប្រឌិត)", "PRV", "hagar"),
    Part("analyst", "Ngoun Visal (fictional)", "ងួន វិសាល (ប្រឌិត)", "OVS", "cncc"),
    Part("auditor", "Khiev Veasna (fictional)", "ខៀវ វាសនា (ប្រឌិត)", "AUD", "moi"),
    Part("admin", "Chhim Sopheap (fictional)", "ឈឹម សុភាព (ប្រឌិត)", "ADM", "moi"),
    Part("admin2", "Kong Chenda (fictional)", "គង់ ចិន្តា (ប្រឌិត)", "ADM", "moi"),
    Part("supervisor2", "Sar Phearun (fictional)", "ស ភារុណ (ប្រឌិត)", "PSU", "ahtjpd"),
)


def load(work: Work, settings: Settings) -> list[DemoAccount]:
    """Load the demo into an empty installation; returns what each account signs in with.

    `work(**info)` opens a session in a transaction of its own.
    """
    accounts, identities = [], {}
    with work() as db:
        agencies.load_agencies(db, Agencies.load(Path(settings.etc) / "agencies.csv"))
        passwords = Passwords(db.info["keyring"], Path(settings.etc))
        password_hash = passwords.hash(PASSWORD)
        for part in PARTS:
            account, identity = _account(db, part, password_hash)
            accounts.append(account)
            identities[part.login] = identity
        agencies.by_code(db, "hagar").quality_checked_at = now().date()
    demo_cases.load(work, identities, settings)
    return accounts


def _account(db: Session, part: Part, password_hash: str) -> tuple[DemoAccount, Identity]:
    at = now()
    agency = agencies.by_code(db, part.agency)
    user = service.create_user(db, login=f"{part.login}@demo.example", name=part.name, name_km=part.name_km)
    service.add_membership(db, user, agency, part.role, at=at - dt.timedelta(days=1), chief=CHIEF in part.flags,
                           liaison=LIAISON in part.flags)
    secret = pyotp.random_base32(32)
    user.password_hash, user.password_changed_at = password_hash, at
    user.totp_secret, user.mfa_enrolled_at, user.pending_link = secret, at, None
    identity = Identity(user.id, part.name, part.role, agency.id, agency.code, agency.name_en, part.flags, mfa_at=at)
    account = DemoAccount(part.role, agency.name_en, part.name, user.login, PASSWORD, secret)
    return account, identity

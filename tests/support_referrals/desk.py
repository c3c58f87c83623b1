"""People around one child and its support, made without pages. All invented."""

import datetime as dt
import uuid
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select

import casework.cases.task_flow
import casework.cases.workflow
import casework.models  # noqa: F401
from casework.accounts.models import Agency
from casework.authz.access import shown
from casework.authz.identity import Identity
from casework.authz.scope import unscoped
from casework.cases import service as cases
from casework.cases.models import Task
from casework.db.base import now
from casework.db.refs import new_ref
from casework.people.models import Person
from casework.support import service
from casework.support.models import Consent, SupportReferral, SupportSending
from casework.web.i18n import local_time
from casework.workflow import engine
from schemas.support import DOMAINS
from tests.support.databases import Database
from tests.support.people import make_person

PEOPLE = {
    "hot": ("HOT", "aple"), "inv": ("INV", "ahtjpd"), "psu": ("PSU", "ahtjpd"), "pro": ("PRO", "pros.12"),
    "sw": ("SW", "dosvy.12"), "sw2": ("SW", "dosvy.12"), "sws": ("SWS", "dosvy.12"), "sws2": ("SWS", "dosvy.12"),
    "far": ("SW", "dosvy.17"), "far_sws": ("SWS", "dosvy.17"), "prv": ("PRV", "hagar"), "prv2": ("PRV", "hagar"),
    "other_prv": ("PRV", "chab"), "aud": ("AUD", "moi"),
}
REASON = "Written down for the test"
SERVICES = [{"type": "counselling", "subtype": "counselling_trauma"}]
TODAY = dt.date(2026, 3, 2)


def in_days(days: int) -> dt.date:
    return local_time(now() + dt.timedelta(days=days)).date()


def assessment(**levels: str) -> dict[str, Any]:
    """Eleven domains without need but for `levels`; the level is the one of the rule for none or for high."""
    found = {name: {"level": "0", "text": None} for name, _title in DOMAINS}
    found |= {name: {"level": level, "text": "Written"} for name, level in levels.items()}
    high = "3" in levels.values()
    return {
        "domains": found, "assessed_on": TODAY, "level_of_risk": "high" if high else "no_action", "level_reason": None,
        "safety_plan": "Stays with an aunt (fictional)" if high else None, "child_view": "Wants to go to school.",
        "may_be_interviewed": "with_support_person", "next_on": in_days(30), "protective_factors": None,
    }


def consent(kind: str = "caregiver_consent", **changes: Any) -> dict[str, Any]:
    return {
        "kind": kind, "purposes": ["support", "share_provider", "share_police"], "informed_how": "With a picture card",
        "language": "khm", "form": "thumbprint", "given_by": "Aunt Fictional",
        "relation": "other_family" if kind == "caregiver_consent" else None, "given_at": now(), "valid_to": None,
        "given_by_person": None, "withheld": None, **changes,
    }


@dataclass
class Desk:
    """The people by nickname, one child in one case, and shortcuts for acting as somebody."""

    database: Database
    who: dict[str, Identity] = field(default_factory=dict)
    case_id: uuid.UUID | None = None
    child_id: uuid.UUID | None = None

    @classmethod
    def build(cls, database: Database, dob: str | None = "2017-05-01") -> "Desk":
        desk = cls(database)
        with database.work(unscoped=1) as db:
            for name, (role, agency) in PEOPLE.items():
                desk.who[name] = make_person(db, role, agency, login=f"{name}@example.org").identity
            for name in ("prv", "other_prv"):
                db.get_one(Agency, desk.who[name].agency_id).quality_checked_at = TODAY
            inv = desk.who["inv"]
            case = cases.open_case(
                db, desk.who["psu"], title="Green bridge", lead_agency_id=inv.agency_id, lead_officer_id=inv.user_id,
                conduct=["grooming"], province="12",
            )
            desk.case_id = case.id
            desk.child_id = desk._person(db, "victim", family_latin="Childfamily", given_latin="Childgiven", dob=dob,
                                         dob_precision="exact" if dob else "unknown", sex="female",
                                         caregiver_is_suspect="unknown")
        return desk

    def _person(self, db, role: str, **fields: Any) -> uuid.UUID:
        person = Person(
            ref=new_ref(db, Person, "P", TODAY), agency_id=self.who["inv"].agency_id, case_id=self.case_id, role=role,
            pseudonym=f"{role[0].upper()}-7K2M", created_by_id=self.who["inv"].user_id, **fields,
        )
        db.add(person)
        db.flush()
        return person.id

    def add_person(self, role: str, **fields: Any) -> uuid.UUID:
        with self.database.work(unscoped=1) as db:
            return self._person(db, role, **fields)

    def request(self, name: str | None = "inv", agency: str = "sw", **changes: Any) -> uuid.UUID:
        """A request for support of the child by somebody; the id of the support referral."""
        identity = self.who[name] if name else None
        with self.database.work(identity=identity) as db:
            values = {
                "agency_id": self.who[agency].agency_id, "child_id": self.child_id, "case_id": self.case_id,
                "urgency": "high", "safe_contact": "Through the school, before noon", "reason": "A safe place to stay",
                "reason_code": "victim_identified", **changes,
            }
            return service.create_request(db, identity, **values).id

    def do(self, name: str | None, support_id: uuid.UUID, event: str, /, model: type = SupportReferral, **data) -> str:
        """One transition by somebody (None: the system); the new state. Raises NotAllowed, Refused."""
        identity = self.who[name] if name else None
        with self.database.work(identity=identity) as db:
            with unscoped(db, "the test hands over the record; the engine asks for the right"):
                record = db.get_one(model, support_id)
            engine.apply(db, identity, record, event, data)
            return record.state

    def answer(self, name: str, support_id: uuid.UUID, event: str, **data: Any) -> str:
        """The same on the newest sending."""
        sending = self.look(support_id, lambda db, s: self.sending(db, s).id)
        return self.do(name, sending, event, SupportSending, **data)

    @staticmethod
    def sending(db, support: SupportReferral) -> SupportSending:
        query = select(SupportSending).where(SupportSending.support_id == support.id)
        return db.scalars(query.order_by(SupportSending.id.desc())).first()

    def look(self, support_id: uuid.UUID, function=lambda db, support: support):
        """Something read of a support referral, whoever may see it."""
        with self.database.work(readonly=True, unscoped=1) as db:
            return function(db, db.get_one(SupportReferral, support_id))

    def sees(self, name: str, model: type = SupportReferral) -> list:
        """What somebody finds of a model, as they are shown it."""
        with self.database.work(readonly=True, identity=self.who[name]) as db:
            return [shown(db, self.who[name], record) for record in db.scalars(select(model))]

    def name_seen_by(self, name: str) -> str | None:
        """The child's name as somebody sees it; None where they find no child or no name."""
        with self.database.work(readonly=True, identity=self.who[name]) as db:
            child = db.scalars(select(Person).where(Person.id == self.child_id)).one_or_none()
            return None if child is None else shown(db, self.who[name], child).family_latin

    def clocks(self, record_id: uuid.UUID) -> dict[str, Task]:
        """Running tasks about a record by rule or title."""
        with self.database.work(readonly=True, unscoped=1) as db:
            found = db.scalars(
                select(Task).where(Task.record_id == record_id, Task.state.in_(("open", "in_progress")))
            )
            return {task.rule or task.title: task for task in found}

    def case_ref(self, db) -> str:
        """The reference of the case."""
        return cases.case_of(db, self.case_id).ref

    # ---- steps of the way

    def taken(self) -> uuid.UUID:
        support = self.request()
        self.do("sw", support, "first_contact", first_contact_at=now(), kind="call", safe="yes", note=None)
        return support

    def explained(self) -> uuid.UUID:
        support = self.taken()
        self.do("sw", support, "explain", informed_how="With a picture card", language="khm")
        return support

    def agreed(self) -> uuid.UUID:
        support = self.explained()
        self.do("sw", support, "consent", **consent())
        self.do("sw", support, "consent", **consent("assent", given_by="The child"))
        return support

    def assessed(self, **levels: str) -> uuid.UUID:
        support = self.agreed()
        self.do("sw", support, "assess", **assessment(**levels))
        return support

    def sent(self, to: str = "prv") -> uuid.UUID:
        support = self.assessed()
        self.do("sw", support, "send", services=SERVICES, provider_agency=str(self.who[to].agency_id))
        return support

    def accepted(self) -> uuid.UUID:
        support = self.sent()
        self.answer("prv", support, "accept")
        return support

    def named(self) -> uuid.UUID:
        support = self.accepted()
        self.answer("prv2", support, "name_worker", provider_worker=str(self.who["prv"].user_id))
        return support

    def planned(self) -> uuid.UUID:
        support = self.named()
        self.do("prv", support, "plan", child_view="Agrees.", plan_goals=[
            {"goal": "Back to school", "service": None, "responsible": "Worker", "due_on": in_days(30)}])
        self.do("sws", support, "approve_plan")
        return support

    def in_service(self) -> uuid.UUID:
        support = self.planned()
        self.do("prv", support, "start_service")
        return support

    def closing(self, by: str = "sw") -> uuid.UUID:
        support = self.in_service()
        self.do("prv", support, "start_follow_up")
        self.do(by, support, "request_closure", closure_reason="goals_met", closure_safety="yes", child_asked=True,
                court_steps="The verdict is final.", follow_up_dates=[in_days(90), in_days(30)])
        return support


def consents_of(db, support: SupportReferral) -> list[Consent]:
    return list(db.scalars(select(Consent).where(Consent.support_id == support.id).order_by(Consent.id)))

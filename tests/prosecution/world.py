"""One complete case file, two prosecution offices, a court and those who support the child. All invented."""

import datetime as dt
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import casework.models  # noqa: F401  maps every table
from casework.accounts.models import Agency, Membership, User
from casework.authz.identity import Identity
from casework.authz.matrix import load
from casework.authz.models import Grant
from casework.authz.scope import use_matrix
from casework.cases import points, task_flow, tasks, workflow  # noqa: F401  register flows, clocks and the check
from casework.cases.models import Case, OffenceProposal
from casework.db.base import now
from casework.db.refs import new_ref
from casework.people.models import Person
from casework.prosecution import receiving, records
from casework.prosecution.guards import charges_of
from casework.prosecution.models import Prosecution
from casework.reference.offences import Offences
from casework.workflow import engine
from casework.workflow.engine import NotAllowed
from casework.workflow.guard import engine_at_work

ETC = Path(__file__).parents[2] / "etc"
OFFENCES = Offences.load(ETC / "offences.csv")
TODAY = dt.date(2026, 3, 2)
FELONY, MISDEMEANOUR = "tshtse.41.3", "tshtse.41.1"
AGENCIES = {
    "police": ("t.police", "police", "12"), "office": ("pros.t12", "prosecution", "12"),
    "other": ("pros.t17", "prosecution", "17"), "court": ("court.t12", "court", "12"),
    "social": ("t.social", "social_gov", "12"),
}
STAFF = {
    "inv": ("INV", "police"), "psu": ("PSU", "police"), "chief": ("PRO", "office"), "pro": ("PRO", "office"),
    "pro2": ("PRO", "office"), "stranger": ("PRO", "other"), "head": ("PRO", "other"), "clerk": ("CLK", "court"),
    "sw": ("SW", "social"), "sws": ("SWS", "social"),
}
CHIEFS = ("chief", "head")


@dataclass
class World:
    """Ids of what was made, by name."""

    agencies: dict[str, uuid.UUID]
    who: dict[str, Identity]
    case_id: uuid.UUID
    suspect: uuid.UUID
    minor: uuid.UUID


def build(db) -> World:
    """A case that the supervisor could submit now."""
    use_matrix(load(ETC / "matrix.csv"))
    engine.subscribe(tasks.on_transition)
    engine.subscribe(receiving.on_transition)
    agencies, who = {}, {}
    for name, (code, kind, place) in AGENCIES.items():
        agency = Agency(code=code, name_en=f"{name.title()} (fictional)", name_km="សាកល្បង", type=kind,
                        jurisdiction=place, active=True)
        db.add(agency)
        agencies[name] = agency.id
    db.flush()
    for name, (role, place) in STAFF.items():
        user = User(login=f"{name}@example.org", name=f"{name.title()} Fictional")
        db.add(user)
        db.flush()
        db.add(Membership(user_id=user.id, agency_id=agencies[place], role=role, chief=name in CHIEFS,
                          valid_from=dt.date(2020, 1, 1)))
        flags = frozenset({"chief"}) if name in CHIEFS else frozenset()
        who[name] = Identity(user.id, user.name, role, agencies[place], flags=flags)
    with engine_at_work():
        case = Case(
            ref=new_ref(db, Case, "C", TODAY), agency_id=agencies["police"], title="Lotus", province="12",
            district="1202", state="supervisor_review", lead_agency_id=agencies["police"],
            conduct=["csam_distribution"], offence_from=dt.date(2025, 5, 1), offence_to=dt.date(2025, 5, 2),
            offence_precision="exact",
            lead_officer_id=who["inv"].user_id, support_agency_id=agencies["social"], created_by_id=who["inv"].user_id,
            explanations={str(n): "Explained for the test" for n in range(1, 15)},
        )
    db.add(case)
    db.flush()
    suspect, minor = _person(db, case, "1980-01-01", False), _person(db, case, "2009-01-01", True)
    for person in (suspect, minor):
        db.add(OffenceProposal(ref=new_ref(db, OffenceProposal, "O", TODAY), agency_id=case.agency_id, case_id=case.id,
                               person_id=person.id, offence_code=FELONY, offence_class="felony"))
    inv = who["inv"]
    db.add(Grant(principal_id=inv.user_id, agency_id=inv.agency_id, role="INV", subject_id=case.id,
                 subject_type="case", case_id=case.id, part="lead"))
    return World(agencies, who, case.id, suspect.id, minor.id)


def _person(db, case: Case, born: str, minor: bool) -> Person:
    person = Person(ref=new_ref(db, Person, "P", TODAY), agency_id=case.agency_id, case_id=case.id, role="suspect",
                    pseudonym=f"S-{born[:4]}", family_latin="Fictional", dob=born, dob_precision="exact",
                    minor_at_offence=minor, suspect_status="identified")
    db.add(person)
    db.flush()
    return person


class Office:
    """Acts on the one matter, each in a transaction of its own."""

    def __init__(self, database, world: World):
        self.database, self.world = database, world
        self.matter_id: uuid.UUID | None = None

    def submit(self, to: str = "office") -> None:
        """The supervisor submits the case."""
        psu = self.world.who["psu"]
        with self.database.work(identity=psu) as db:
            case = db.get_one(Case, self.world.case_id)
            engine.apply(db, psu, case, "submit", {"prosecution": str(self.world.agencies[to])})
            self.matter_id = receiving.running(db, case).id

    def work(self, name: str, function):
        """`function(db, identity, matter)` as somebody who sees the matter."""
        identity = self.world.who[name]
        with self.database.work(identity=identity) as db:
            matter = db.get(Prosecution, self.matter_id)
            if matter is None:
                raise NotAllowed("not visible")
            return function(db, identity, matter)

    def do(self, name: str, event: str, /, **data: Any) -> str:
        """Apply an event; the new state."""
        def act(db, identity, matter):
            engine.apply(db, identity, matter, event, data)
            return matter.state

        return self.work(name, act)

    def look(self, function):
        """`function(db, matter)`, whoever may see it."""
        with self.database.work(readonly=True, unscoped=1) as db:
            return function(db, db.get_one(Prosecution, self.matter_id))

    def case_state(self) -> str:
        return self.look(lambda db, m: db.get_one(Case, m.case_id).state)

    def under_review(self) -> None:
        """Submitted, registered, assigned to `pro` and taken over."""
        self.submit()
        self.do("chief", "register", register_number="R-1/2026", registered_on=TODAY)
        self.do("chief", "assign", prosecutor=str(self.world.who["pro"].user_id))
        self.do("pro", "take_over", no_conflict=True)

    def charge(self, name: str = "pro", *, person: uuid.UUID | None = None, offence: str = FELONY, **changes):
        data = {"person": str(person or self.world.suspect), "offence": offence, "facts": "Facts in words (fictional)",
                "offence_from": dt.date(2025, 5, 1), "offence_to": dt.date(2025, 5, 2), "mode": "principal", **changes}
        return self.work(name, lambda db, who, m: records.enter_charge(db, who, m, data, OFFENCES).id)

    def with_judge(self) -> None:
        """A felony charged, the judge seised."""
        self.under_review()
        self.charge()
        self.do("pro", "submit_to_judge", named=True, measures=["screen"], document="I-1/2026")
        self.do("pro", "judge_seised", judge="Judge (fictional)", judge_number="J-1", seised_on=TODAY)

    def indicted(self) -> None:
        self.with_judge()
        self.do("pro", "end_investigation", announced_on=TODAY, detained=False)
        self.do("pro", "indict", order_number="O-1", decided_on=TODAY, detained=False)

    def hearing(self, **changes) -> dict[str, Any]:
        return {"court": str(self.world.agencies["court"]), "chamber": "2", "type": "trial",
                "at": now() + dt.timedelta(days=30), "duration": 60, "child_presence": "screen",
                "measures": ["screen", "closed_session"], "support_person": "Aunt (fictional)", "closed_session": True,
                **changes}

    def in_deliberation(self) -> None:
        self.indicted()
        self.do("pro", "schedule_trial", **self.hearing())
        self.do("pro", "start_trial")
        self.do("pro", "start_deliberation")

    def judgment(self, verdict: str = "convicted", **changes) -> dict[str, Any]:
        charges = self.look(lambda db, m: [c.id for c in charges_of(db, m, ("charged", "convicted", "acquitted"))])
        return {"body": str(self.world.agencies["court"]), "type": "judgment", "decided_on": TODAY, "by_default": False,
                "results": [{"charge": str(c), "verdict": verdict, "months": 24 if verdict == "convicted" else None,
                             "suspended_months": None, "fine": None} for c in charges], **changes}

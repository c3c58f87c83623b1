"""One case and three reports with people of every role around them, made by the program's own services. All invented.

For tests that go through the pages: kills, races, crawls.
"""

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

from webtest import TestApp

from casework.authz.identity import Identity
from casework.cases import service as cases
from casework.cases.models import Case
from casework.db.base import now
from casework.evidence import service as evidence
from casework.evidence.models import EvidenceItem
from casework.referrals import service as referrals
from casework.referrals.models import Referral
from casework.workflow.engine import apply

from .databases import Database
from .people import Person, make_agency, make_person, sign_in

STAFF = {
    "hot": ("HOT", "aple"), "inv": ("INV", "ahtjpd"), "inv2": ("INV", "ahtjpd"), "psu": ("PSU", "ahtjpd"),
    "psu2": ("PSU", "ahtjpd"), "for": ("FOR", "ahtjpd"), "cus": ("CUS", "ahtjpd"), "pro": ("PRO", "pros.12"),
    "clk": ("CLK", "court.12"), "sw": ("SW", "dosvy.12"), "sws": ("SWS", "dosvy.12"), "prv": ("PRV", "hagar"),
    "ovs": ("OVS", "cncc"), "aud": ("AUD", "moi"), "adm": ("ADM", "moi"),
}
FACTS = {"immediate_danger": "no", "narrative": "Somebody writes to a pupil (fictional).", "province": "12"}


@dataclass
class Scene:
    """The people by nickname, the case, its item, and reports: received, in triage, forwarded to the police."""

    database: Database
    people: dict[str, Person] = field(default_factory=dict)
    case: Case | None = None
    item: EvidenceItem | None = None
    reports: dict[str, Referral] = field(default_factory=dict)

    def who(self, name: str) -> Identity:
        return self.people[name].identity

    def browser(self, app, name: str, address: str = "192.0.2.1") -> TestApp:
        """A browser in which somebody is signed in."""
        made = TestApp(app, extra_environ={"REMOTE_ADDR": address})
        sign_in(made, self.people[name])
        return made


def item_data(**changes: Any) -> dict[str, Any]:
    """What the form of a new item gives for a telephone."""
    return {
        "kind": "physical", "description": "Black telephone with a cracked corner", "make": "Example", "model": "One",
        "serial": "SN-0001", "imei": "490154203237518", "seized_at": now() - dt.timedelta(hours=2), "province": "12",
        "place": "Test street (fictional)", "authority_type": "warrant", "authority_document": "W-1/2026",
        "restricted_material": "not_examined", **changes,
    }


def build(database: Database) -> Scene:
    """Fill an empty database. The application must be there before: it puts the matrix and the flows in force."""
    made = Scene(database)
    with database.work() as db:
        make_agency(db, "court.12", "court").jurisdiction = "12"
        for name, (role, agency) in STAFF.items():
            made.people[name] = make_person(db, role, agency, login=f"{name}@example.org")
        make_agency(db, "pros.12", "prosecution").jurisdiction = "12"
    psu, inv = made.who("psu"), made.who("inv")
    with database.work(identity=psu) as db:
        made.case = cases.open_case(
            db, psu, title="Lotus", lead_agency_id=inv.agency_id, lead_officer_id=inv.user_id, conduct=["grooming"],
            province="12", risk_to_child="high",
        )
    with database.work(identity=psu) as db:
        for name in ("for", "sw", "pro"):
            person = made.who(name)
            cases.assign(db, psu, db.get_one(Case, made.case.id), role=person.role, agency_id=person.agency_id,
                         user_id=person.user_id)
    with database.work(identity=inv) as db:
        made.item = evidence.record_item(db, inv, db.get_one(Case, made.case.id), item_data())
    for name in ("received", "triage", "forwarded"):
        made.reports[name] = _report(made, name)
    return made


def _report(made: Scene, upto: str) -> Referral:
    hot = made.who("hot")
    with made.database.work(identity=hot) as db:
        referral = referrals.receive(db, hot, hot.agency_id, dict(FACTS), source="family", channel="phone")
    steps = {"received": (), "triage": ("start_triage",), "forwarded": ("start_triage", "forward")}[upto]
    for event in steps:
        data = {"forwarded_to": made.who("psu").agency_id, "forward_basis": "competent_authority", "seen": True}
        with made.database.work(identity=hot) as db:
            apply(db, hot, db.get_one(Referral, referral.id), event, data if event == "forward" else {})
    return referral

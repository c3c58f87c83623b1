"""Reports and cases of the demo, each taken as far as its line says, by the people whose work it is."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from casework.authz.identity import Identity
from casework.authz.scope import unscoped
from casework.cases import completeness, tasks
from casework.cases.models import Case, OffenceProposal
from casework.db.base import now
from casework.db.refs import new_ref
from casework.evidence import service as evidence
from casework.people import service as people
from casework.people.models import Person
from casework.referrals import service as referrals
from casework.referrals.models import Referral
from casework.settings import Settings
from casework.workflow import engine

WISH = {
    "urgency": "high", "reason_code": "victim_identified",
    "safe_contact": "Through the teacher, after school (invented).",
    "reason": "The child needs somebody to talk to (invented).",
}
REPORTS: tuple[dict[str, Any], ...] = (
    {"narrative": "A teacher says that a pupil is asked for pictures by somebody met in a game (invented).",
     "immediate_danger": "no", "source": "school", "risk": "medium", "title": "Green bridge", "upto": "evidence",
     "urls": ["https://profile.example/user-17"]},
    {"narrative": "A mother found threats on her child's telephone: money is demanded (invented).",
     "immediate_danger": "no", "source": "family", "risk": "high", "title": "Quiet harbour", "upto": "case", "urls": [],
     "support": True},
    {"narrative": "A shop owner found that a customer asks pupils for their accounts (invented).",
     "immediate_danger": "no", "source": "community", "risk": "medium", "title": "Silver river", "upto": "submitted",
     "urls": []},
    {"narrative": "Somebody offers accounts for sale in a public group (invented).", "immediate_danger": "unknown",
     "source": "anonymous_web", "risk": "low", "title": "Paper lantern", "upto": "triage",
     "urls": ["https://group.example/offer/4"]},
    {"narrative": "A neighbour is worried about a stranger who writes to children (invented).",
     "immediate_danger": "yes", "source": "community", "risk": "high", "title": "North field", "upto": "received",
     "urls": []},
)
ITEMS = (
    {"kind": "physical", "description": "Telephone, black, cracked screen, in a paper bag", "make": "Example",
     "model": "One", "seal": "DEMO-0001"},
    {"kind": "physical", "description": "USB stick, 16 GB, blue", "make": "Example", "model": "Two",
     "seal": "DEMO-0002"},
)


@dataclass
class _Stage:
    """The people of the demo and how one of them acts."""

    work: Any
    people: dict[str, Identity]
    settings: Settings

    def act(self, who: str, model: type, record_id: Any, event: str, **data: Any) -> None:
        """One transition of a record by one person, in a transaction of its own."""
        with self.work(identity=self.people[who]) as db:
            with unscoped(db, "the demo hands over the record; the engine asks for the right"):
                record = db.get_one(model, record_id)
            engine.apply(db, self.people[who], record, event, data)


def load(work: Any, people: dict[str, Identity], settings: Settings) -> None:
    """Play the reports one after the other."""
    stage = _Stage(work, people, settings)
    for report in REPORTS:
        _play(stage, report)


def _play(stage: _Stage, report: dict[str, Any]) -> None:
    hotline, supervisor, officer = (stage.people[n] for n in ("hotline", "supervisor", "investigator"))
    facts = {name: report[name] for name in ("narrative", "immediate_danger", "urls")} | {"province": "12"}
    with stage.work(identity=hotline) as db:
        referral = referrals.receive(db, hotline, hotline.agency_id, facts, source=report["source"], channel="phone")
    if report["upto"] == "received":
        return
    stage.act("hotline", Referral, referral.id, "start_triage")
    if report["upto"] == "triage":
        return
    stage.act("hotline", Referral, referral.id, "forward", forwarded_to=supervisor.agency_id,
              forward_basis="competent_authority", seen=True)
    wish = {"support": {**WISH, "agency_id": str(stage.people["social"].agency_id)}} if report.get("support") else {}
    stage.act("supervisor", Referral, referral.id, "accept", conduct=["grooming"], risk_level=report["risk"],
              jurisdiction=["child"], child_known="yes", child_count=1, accept_as="new_case", title=report["title"],
              lead_agency_id=str(supervisor.agency_id), lead_officer_id=str(officer.user_id), province="12", **wish)
    if report["upto"] == "case":
        return
    case_id = _log_items(stage, referral.id)
    if report["upto"] == "submitted":
        _submit(stage, case_id)


def _log_items(stage: _Stage, referral_id: Any) -> Any:
    """Two exhibits in the case of a referral; returns the case's id."""
    officer = stage.people["investigator"]
    with stage.work(identity=officer) as db:
        with unscoped(db, "the demo follows the referral to its case"):
            case = db.get_one(Case, db.get_one(Referral, referral_id).case_id)
        for item in ITEMS:
            evidence.record_item(db, officer, case, {
                **item, "seal": f"{item['seal']}-{case.ref[4:10]}", "seized_at": now() - dt.timedelta(hours=5),
                "province": "12", "place": "An invented house",
                "authority_type": "warrant", "authority_document": "W-DEMO-1", "restricted_material": "not_examined",
                "seal_witnesses": ["Witness A (fictional)", "Witness B (fictional)"],
            })
        return case.id


def _submit(stage: _Stage, case_id: Any) -> None:
    """A suspect with a proposed offence, the 14 points explained, and the file goes to the prosecution."""
    officer = stage.people["investigator"]
    with stage.work(identity=officer) as db:
        case = db.get_one(Case, case_id)
        suspect = people.add_person(db, officer, case, "suspect", {
            "family_latin": "Suspectname", "given_latin": "Fictional", "sex": "male", "dob": "1990-06-05",
            "dob_precision": "exact", "age_basis": "document", "suspect_status": "identified",
        })
        db.flush()
        tasks.add_free(db, officer, case, "Ask the provider to preserve", now() + dt.timedelta(days=3), officer.user_id)
        db.add(OffenceProposal(
            ref=new_ref(db, OffenceProposal, "O", now().date()), agency_id=case.lead_agency_id, case_id=case.id,
            created_by_id=officer.user_id, person_id=suspect.id, offence_code="cc.372", offence_class="misdemeanour",
        ))
        child = db.scalars(select(Person).where(Person.case_id == case.id, Person.role == "victim")).one()
        child.age_statement = "Papers are asked for (invented)."
        case.offence_from = case.offence_to = now().date() - dt.timedelta(days=30)
        for point in completeness.POINTS:
            completeness.explain(case, point, "Nothing of the kind in this invented case.")
    stage.act("investigator", Case, case_id, "start_enquiry", plan="Find the account holder (invented).",
              no_conflict=True)
    stage.act("investigator", Case, case_id, "prepare_file")
    stage.act("investigator", Case, case_id, "send_for_review")
    stage.act("supervisor", Case, case_id, "submit", prosecution=str(stage.people["prosecutor"].agency_id))

"""Decisions and charges as records: made by the prosecution office, for the moves of a matter and beside them."""

import datetime as dt
import uuid
from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from casework.audit.capture import describe
from casework.authz.access import access_to_one
from casework.authz.identity import Identity
from casework.authz.scope import unscoped
from casework.cases.guards import as_uuid
from casework.db.base import now
from casework.db.refs import new_ref
from casework.people.models import Person
from casework.reference.offences import Offence, Offences
from casework.web.i18n import ZONE, _
from casework.workflow.engine import Move, NotAllowed, Problem, Refused
from schemas.dates import ages_on

from .models import Charge, Decision, Prosecution

# Responsibility under the criminal law starts at 14.
RESPONSIBLE_FROM = 14
CHARGING = ("under_review",)
RECLASSIFYING = ("under_review", "judicial_investigation", "final_submission_due", "closing_order_indictment",
                 "trial_scheduled", "trial", "deliberation")
_OF_JUDGMENT = ("compensation_awarded", "compensation_paid", "currency", "confiscation", "by_default", "notified_at",
                "victim_informed_at", "release_on")


def add_decision(
    move: Move, kind: str, *, body_id: uuid.UUID, document: str | None = None, decided_on: dt.date | None = None,
    judgment: bool = False,
) -> Decision:
    """The decision that a move of a matter stands for. A judgment brings its results along in the move's data."""
    matter = move.record
    decision = Decision(
        ref=new_ref(move.session, Decision, "D", move.at.date()), agency_id=matter.agency_id,
        created_by_id=move.identity.user_id, case_id=matter.case_id, prosecution_id=matter.id, body_id=body_id,
        type=kind, decided_on=decided_on or move.at.astimezone(ZONE).date(), document=document,
    )
    if judgment:
        decision.results = [dict(result) for result in move.data["results"]]
        for name in _OF_JUDGMENT:
            setattr(decision, name, move.data.get(name))
    move.session.add(decision)
    return decision


def other_decision(db: Session, identity: Identity, matter: Prosecution, data: Mapping[str, Any]) -> Decision:
    """A decision that moves nothing: detention, supervision, compensation paid, release. Raises NotAllowed."""
    refuse_unless_working(db, identity, matter)
    decision = Decision(
        ref=new_ref(db, Decision, "D", now().date()), agency_id=matter.agency_id, created_by_id=identity.user_id,
        case_id=matter.case_id, prosecution_id=matter.id, body_id=as_uuid(data["body"]), type=data["type"],
        decided_on=data["decided_on"], document=data.get("document"), notified_at=data.get("notified_at"),
        release_on=data.get("release_on"),
    )
    db.add(decision)
    return decision


def enter_charge(
    db: Session, identity: Identity, matter: Prosecution, data: Mapping[str, Any], offences: Offences
) -> Charge:
    """A charge against one suspect. It stands as proposed until the matter goes to the judge or to trial.

    Raises NotAllowed, or Refused when the offence was not in force, or the person was too young.
    """
    refuse_unless_working(db, identity, matter)
    if matter.state not in CHARGING:
        raise Refused(Problem(_("Charges are entered while the file is under review.")))
    offence = in_force(offences, data["offence"], data["offence_from"], data["offence_to"])
    with unscoped(db, "the person is chosen among the suspects this prosecutor sees"):
        person = db.get(Person, as_uuid(data["person"]))
    if person is None or person.case_id != matter.case_id or person.role != "suspect":
        raise Refused(Problem(_("Choose a suspect of this case."), "person"))
    if person.dob and ages_on(person.dob, data["offence_to"])[1] < RESPONSIBLE_FROM:
        raise Refused(Problem(_("Who was under 14 cannot be charged: ask for the child's protection."), "person"))
    charge = Charge(
        ref=new_ref(db, Charge, "G", now().date()), agency_id=matter.agency_id, created_by_id=identity.user_id,
        case_id=matter.case_id, prosecution_id=matter.id, person_id=person.id, offence_code=offence.code,
        offence_class=offence.offence_class, facts=data["facts"], offence_from=data["offence_from"],
        offence_to=data["offence_to"], mode=data["mode"], status="proposed",
    )
    db.add(charge)
    return charge


def reclassify(
    db: Session, identity: Identity, matter: Prosecution, charge: Charge, code: str, reason: str, offences: Offences
) -> Charge:
    """Another offence for the same facts: a new charge takes the place of the old one, which stays. Raises Refused."""
    refuse_unless_working(db, identity, matter)
    if matter.state not in RECLASSIFYING or charge.status not in ("proposed", "charged"):
        raise Refused(Problem(_("This charge cannot be changed any more.")))
    offence = in_force(offences, code, charge.offence_from, charge.offence_to)
    new = Charge(
        ref=new_ref(db, Charge, "G", now().date()), agency_id=matter.agency_id, created_by_id=identity.user_id,
        case_id=matter.case_id, prosecution_id=matter.id, person_id=charge.person_id, offence_code=offence.code,
        offence_class=offence.offence_class, facts=charge.facts, offence_from=charge.offence_from,
        offence_to=charge.offence_to, mode=charge.mode, status=charge.status, reclassified_from_id=charge.id,
    )
    db.add(new)
    charge.status = "reclassified"
    describe(db, charge, verb="reclassify", reason=reason)
    return new


def drop_charge(
    db: Session, identity: Identity, matter: Prosecution, charge: Charge, status: str, reason: str
) -> None:
    """A charge is withdrawn or dismissed. Raises NotAllowed, Refused."""
    refuse_unless_working(db, identity, matter)
    if charge.status not in ("proposed", "charged"):
        raise Refused(Problem(_("This charge cannot be changed any more.")))
    charge.status = status
    describe(db, charge, verb="drop_charge", reason=reason)


def in_force(offences: Offences, code: str, first: dt.date, last: dt.date) -> Offence:
    """The version of an offence that was law on every day of the act. Raises Refused."""
    found = offences.get(code, first)
    if found is None or found != offences.get(code, last):
        raise Refused(Problem(_("This offence was not law on the days of the act."), "offence"))
    return found


def refuse_unless_working(db: Session, identity: Identity, matter: Prosecution) -> None:
    """Raises NotAllowed for anybody but the prosecutor who has the matter and has answered the question."""
    if "W" not in access_to_one(db, identity, matter):
        raise NotAllowed(f"{identity.role} may not write in this matter")
    if matter.prosecutor_id != identity.user_id or matter.conflict_answered_at is None:
        raise NotAllowed("the matter is not this prosecutor's")

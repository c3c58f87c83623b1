"""Hearings: fixed, held or adjourned, with what protects a child in them; those who support the child are told."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from casework.accounts.models import Agency
from casework.authz.identity import Identity
from casework.authz.models import Grant
from casework.cases import service as cases
from casework.cases import tasks
from casework.cases.guards import as_uuid
from casework.db.base import now
from casework.db.refs import new_ref
from casework.web.i18n import _
from casework.workflow.engine import Problem, Refused

from .models import Hearing, Prosecution

_FIELDS = ("chamber", "type", "at", "duration", "child_presence", "measures", "support_person", "closed_session")


def fix(db: Session, identity: Identity, matter: Prosecution, data: Mapping[str, Any]) -> Hearing:
    """A hearing to come. The supporters of the child learn time and place, and nothing else."""
    hearing = Hearing(
        ref=new_ref(db, Hearing, "H", now().date()), agency_id=matter.agency_id, created_by_id=identity.user_id,
        case_id=matter.case_id, prosecution_id=matter.id, court_id=as_uuid(data["court"]),
        **{name: data.get(name) for name in _FIELDS},
    )
    db.add(hearing)
    db.flush()
    tasks.happened(db, matter, "hearing_at", at=hearing.at)
    if tell_supporters(db, hearing):
        tasks.happened(db, matter, "support_worker_informed")
    return hearing


def record_result(
    db: Session, identity: Identity, matter: Prosecution, hearing: Hearing, data: Mapping[str, Any]
) -> None:
    """What came of a hearing. An adjourned one is fixed anew for its next date, measures and all. Raises Refused."""
    if hearing.voided_at is not None:
        raise Refused(Problem(_("This hearing was voided.")))
    if hearing.result is not None:
        raise Refused(Problem(_("The result of this hearing was recorded already.")))
    if data.get("next_at") is not None and data["next_at"] <= hearing.at:
        raise Refused(Problem(_("The next hearing comes after this one."), "next_at"))
    for name in ("result", "adjourned_reason", "next_at", "victim_informed_at"):
        setattr(hearing, name, data.get(name))
    if hearing.result == "adjourned" and hearing.next_at is not None:
        again = {name: getattr(hearing, name) for name in _FIELDS}
        fix(db, identity, matter, {**again, "court": hearing.court_id, "at": hearing.next_at})


def tell_supporters(db: Session, hearing: Hearing) -> bool:
    """A task "court date" for each social worker of a child of the case, else for their supervisor. Whether any."""
    case = cases.case_of(db, hearing.case_id)
    workers = select(Grant.principal_id, Grant.agency_id).where(
        Grant.case_id == case.id, Grant.role == "SW", Grant.ended_at.is_(None), Grant.principal_id != Grant.agency_id
    ).distinct()
    court = db.get_one(Agency, hearing.court_id)
    place = " / ".join(filter(None, (court.name_km, court.name_en, hearing.chamber)))
    told = False
    for user_id, agency_id in db.execute(workers).all():
        _court_date(db, hearing, place, (agency_id, "SW"), user_id)
        told = True
    if not told and case.support_agency_id is not None:
        _court_date(db, hearing, place, (case.support_agency_id, "SWS"), None)
        told = True
    return told


def _court_date(db: Session, hearing: Hearing, place: str, queue: tuple, user_id) -> None:
    tasks.add_free(db, None, hearing, "court_date", hearing.at, assignee_id=user_id, kind="procedural", queue=queue,
                   detail=place[:200])

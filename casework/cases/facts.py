"""What follows from the facts of a case: class of the offence, limitation, and a code name that names nobody."""

import datetime as dt

from sqlalchemy import select
from sqlalchemy.orm import Session

from casework.authz.scope import unscoped
from casework.people import service as people
from casework.people.models import Person
from casework.web.i18n import ZONE, _
from casework.workflow.engine import Problem, Refused
from schemas.text import fold

from . import tasks
from .models import Case, OffenceProposal

LIMITATION = ("D-19a", "D-19b")
CLASSES = ("petty", "misdemeanour", "felony")
NAME_PARTS = ("family_km", "given_km", "family_latin", "given_latin")


def set_facts(db: Session, case: Case, values: dict) -> None:
    """Change the facts of a case and what follows from them. Raises Refused for a code name that is a name."""
    values = dict(values)
    limitation = values.pop("limitation_at", None)
    check_title(db, case, values.get("title", case.title))
    offence_from, offence_to = case.offence_from, case.offence_to
    for name, value in values.items():
        setattr(case, name, value)
    if case.offence_to != offence_to:
        restart_limitation(db, case)
    if (case.offence_from, case.offence_to) != (offence_from, offence_to):
        people.offence_moved(db, case)
    if limitation is not None:
        case.limitation_at = limitation


def check_title(db: Session, case: Case, title: str) -> None:
    """A code name must not hold a name of somebody in the case (DOMAIN 5.2.4)."""
    words = fold(title)
    with unscoped(db, "compares the code name with the names it must not hold; shows none"):
        known = db.scalars(select(Person).where(Person.case_id == case.id)).all()
        names = {fold(value) for person in known for part in NAME_PARTS if (value := getattr(person, part))}
    if any(len(name) >= 3 and name in words for name in names):
        raise Refused(Problem(_("The code name must not name anybody of the case."), "title"))


def restart_limitation(db: Session, case: Case) -> None:
    """Another last day or class of the offence: the clock of limitation starts anew from it (D-19)."""
    tasks.supersede(db, case, LIMITATION, "-")
    case.limitation_at = None
    if case.offence_to is not None:
        for task in tasks.happened(db, case, "offence_to", at=case.offence_to):
            if task.rule in LIMITATION:
                case.limitation_at = task.due_at.astimezone(ZONE).date()


def set_offence_class(db: Session, case: Case) -> None:
    """The gravest class proposed for anybody."""
    with unscoped(db, "the class rests on every proposal"):
        found = db.scalars(
            select(OffenceProposal.offence_class).where(
                OffenceProposal.case_id == case.id, OffenceProposal.voided_at.is_(None)
            )
        ).all()
    gravest = max(found, key=CLASSES.index, default=None)
    if gravest != case.offence_class:
        case.offence_class = gravest
        db.flush()
        restart_limitation(db, case)


def offence_day(case: Case) -> dt.date:
    """The day on which an offence must have been in force: the last of the offence, else today."""
    return case.offence_to or case.offence_from or dt.datetime.now(ZONE).date()


"""What the case, its people and its offences say about the 14 points. Pseudonyms and references only."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from casework.people.models import Person
from casework.web.i18n import _

from .completeness import AMBER, GREEN, RED, Finding, provide
from .models import Case, OffenceProposal


def people(db: Session, case: Case, role: str) -> list[Person]:
    """The people of a case in one role, oldest record first."""
    query = select(Person).where(Person.case_id == case.id, Person.role == role, Person.voided_at.is_(None))
    return list(db.scalars(query.order_by(Person.id)))


def _finding(case: Case, person: Person, state: str, message: Any) -> Finding:
    return Finding(state, message, f"/cases/{case.ref}/people/{person.ref}", person)


def _of(person: Person, **more) -> dict:
    return {"who": person.pseudonym, **more}


def conduct_and_dates(db: Session, case: Case) -> list[Finding]:
    here = f"/cases/{case.ref}/edit"
    found = []
    if not case.conduct:
        found.append(Finding(RED, _("No conduct is chosen."), here))
    if case.offence_from is None and case.offence_to is None:
        found.append(Finding(RED, _("No day of the offence is written."), here))
    elif case.offence_precision not in (None, "exact"):
        found.append(Finding(AMBER, _("The days of the offence are not exact."), here))
    return found or [Finding(GREEN, _("Conduct and days are written."))]


def place(db: Session, case: Case) -> list[Finding]:
    if case.district is None:
        return [Finding(AMBER, _("The district is not written."), f"/cases/{case.ref}/edit")]
    return [Finding(GREEN, _("The place is written."))]


def each_child(db: Session, case: Case) -> list[Finding]:
    return [_child(case, person) for person in people(db, case, "victim")]


def _child(case: Case, child: Person) -> Finding:
    proven = child.dob_precision != "unknown" and child.age_basis in ("document", "medical")
    if proven or child.age_statement:
        return _finding(case, child, GREEN, _("${who}: age and its proof are written.", mapping=_of(child)))
    return _finding(case, child, RED, _("${who}: write the proof of age, or why there is none.", mapping=_of(child)))


def each_suspect(db: Session, case: Case) -> list[Finding]:
    suspects = people(db, case, "suspect")
    if not suspects:
        if case.suspects_unknown:
            return [Finding(AMBER, _("The suspects are unknown."))]
        return [Finding(RED, _("No suspect is listed, and it is not said that they are unknown."))]
    return [_suspect(case, person) for person in suspects]


def _suspect(case: Case, suspect: Person) -> Finding:
    # Whether there is a name shows without reading it.
    named = suspect.family_km_sealed is not None or suspect.family_latin_sealed is not None
    if not named:
        return _finding(case, suspect, AMBER, _("${who}: no name is written.", mapping=_of(suspect)))
    if suspect.dob_precision == "unknown":
        return _finding(case, suspect, AMBER, _("${who}: the age at the offence is not known.", mapping=_of(suspect)))
    if suspect.minor_at_offence:
        return _finding(case, suspect, GREEN, _("${who}: under 18 at the offence.", mapping=_of(suspect)))
    return _finding(case, suspect, GREEN, _("${who}: identity and age are written.", mapping=_of(suspect)))


def offence_for_each(db: Session, case: Case) -> list[Finding]:
    query = select(OffenceProposal.person_id).where(
        OffenceProposal.case_id == case.id, OffenceProposal.voided_at.is_(None)
    )
    proposed = set(db.scalars(query))
    return [
        Finding(GREEN, _("${who}: an offence is proposed.", mapping=_of(s)), f"/cases/{case.ref}/offences", s)
        if s.id in proposed else
        Finding(RED, _("${who}: no offence is proposed.", mapping=_of(s)), f"/cases/{case.ref}/offences", s)
        for s in people(db, case, "suspect")
    ]


def interviews(db: Session, case: Case) -> list[Finding]:
    return [
        _finding(case, child, GREEN if child.interview_count else AMBER,
                 _("${who}: interviews recorded: ${count}.", mapping=_of(child, count=child.interview_count)))
        for child in people(db, case, "victim")
    ]


def wishes(db: Session, case: Case) -> list[Finding]:
    return [_wish(case, child) for child in people(db, case, "victim")]


def _wish(case: Case, child: Person) -> Finding:
    asked = child.civil_party is not None and (
        child.wishes_sealed is not None or child.lawyer_sealed is not None or child.special_measures
    )
    if asked:
        return _finding(case, child, GREEN, _("${who}: the child's wishes are written.", mapping=_of(child)))
    return _finding(
        case, child, AMBER, _("${who}: wishes, lawyer or special measures are not written.", mapping=_of(child))
    )


def annex(db: Session, case: Case) -> list[Finding]:
    return [
        Finding(GREEN, _("${who}: the identity goes into the sealed annex.", mapping=_of(child)), about=child)
        for child in people(db, case, "victim")
    ]


for _number, _function in (
    (1, conduct_and_dates), (2, place), (3, each_child), (4, each_suspect), (5, offence_for_each), (6, interviews),
    (13, wishes), (14, annex),
):
    provide(_number, _function)

"""What must be true before a matter moves (DOMAIN 3.4)."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from casework.accounts.models import Agency, Membership
from casework.authz.scope import unscoped
from casework.cases import file, recusal
from casework.cases import service as cases
from casework.cases.guards import as_uuid
from casework.cases.models import FileVersion
from casework.people.models import Person
from casework.web.i18n import ZONE, _, format_date
from casework.workflow.engine import Move, Problem

from . import remedies
from .models import Charge, Prosecution

LIVE = ("proposed", "charged")


def charges_of(session: Session, matter: Prosecution, status: tuple[str, ...] = LIVE) -> list[Charge]:
    """The charges of a matter with one of these statuses, oldest first, whoever asks."""
    with unscoped(session, "guards and effects work on all charges of the matter"):
        return list(session.scalars(
            select(Charge)
            .where(Charge.prosecution_id == matter.id, Charge.status.in_(status), Charge.voided_at.is_(None))
            .order_by(Charge.id)
        ))


def manifest_holds(move: Move) -> Problem | None:
    """What arrives is what was sent: every record of the file hashes as its manifest says."""
    # The matter itself has no state yet and cannot be written before it is let in.
    with unscoped(move.session, "the office checks the file it is given"), move.session.no_autoflush:
        version = move.session.get(FileVersion, move.record.file_version_id)
        case = cases.case_of(move.session, move.record.case_id)
        differing = file.differences(move.session, case, version)
    if differing:
        return Problem(_("The file is not as its manifest says: ${refs}.", mapping={"refs": ", ".join(differing)}))
    return None


def works_in_office(move: Move) -> Problem | None:
    """The assignee is a prosecutor of this office today, without a conflict of interest in the case."""
    user_id, matter = as_uuid(move.data.get("prosecutor")), move.record
    today = move.at.astimezone(ZONE).date()
    query = select(Membership).where(
        Membership.user_id == user_id, Membership.agency_id == matter.agency_id, Membership.role == "PRO"
    )
    if not any(m.in_force(today) for m in move.session.scalars(query)):
        return Problem(_("Choose a prosecutor of this office."), "prosecutor")
    return recusal.problem(move.session, user_id, matter, "prosecutor")


def is_asked(move: Move) -> Problem | None:
    """The question of a conflict of interest is answered by the assignee."""
    if move.record.prosecutor_id != move.identity.user_id:
        return Problem(_("Only the prosecutor the matter was assigned to answers this."))
    return None


def is_assignee(move: Move) -> Problem | None:
    """The matter is worked on by the prosecutor who has it and has answered the question of a conflict."""
    matter = move.record
    if matter.prosecutor_id != move.identity.user_id or matter.conflict_answered_at is None:
        return Problem(_("Only the prosecutor the matter is assigned to may do this."))
    return None


def has_charges(move: Move) -> Problem | None:
    if not charges_of(move.session, move.record):
        return Problem(_("Enter at least one charge first."))
    return None


def no_felony(move: Move) -> Problem | None:
    """A felony always goes to the investigating judge."""
    if any(charge.offence_class == "felony" for charge in charges_of(move.session, move.record)):
        return Problem(_("A felony is charged: the matter goes to the investigating judge."))
    return None


def court_is_known(move: Move) -> Problem | None:
    """The case names the court whose clerk will read the file."""
    case = cases.case_of(move.session, move.record.case_id)
    court = move.session.get(Agency, case.court_agency_id) if case.court_agency_id else None
    if court is None or not court.active:
        return Problem(_("The case has no court of first instance. Correct the case first."))
    return None


def _accused(move: Move) -> list[Person]:
    ids = {charge.person_id for charge in charges_of(move.session, move.record)}
    with unscoped(move.session, "a guard asks for the age of those charged"):
        return list(move.session.scalars(select(Person).where(Person.id.in_(ids))))


def all_minors(move: Move) -> Problem | None:
    """Diversion is for those who were under 18 at the offence."""
    people = _accused(move)
    if not people or not all(person.minor_at_offence for person in people):
        return Problem(_("Diversion is only for suspects who were under 18 at the offence."))
    return None


def all_adults(move: Move) -> Problem | None:
    if any(person.minor_at_offence is not False for person in _accused(move)):
        return Problem(_("Immediate appearance is only for those who were adults at the offence."))
    return None


def is_flagrant(move: Move) -> Problem | None:
    if cases.case_of(move.session, move.record.case_id).regime != "flagrante":
        return Problem(_("Immediate appearance needs a case of flagrant offence."))
    return None


def trial_fits(move: Move) -> Problem | None:
    """What the move fixes is a hearing for trial, in the future."""
    if move.data["type"] not in ("trial", "juvenile", "appeal", "cassation"):
        return Problem(_("Choose the kind of a trial hearing."), "type")
    if move.data["at"] <= move.at:
        return Problem(_("A hearing is fixed for a time to come."), "at")
    return None


def every_charge_decided(move: Move) -> Problem | None:
    """A judgment says something about each charge, and about no other."""
    asked = {str(charge.id) for charge in charges_of(move.session, move.record, ("charged", "convicted", "acquitted"))}
    given = {str(result["charge"]) for result in move.data["results"]}
    if asked != given:
        return Problem(_("Give a result for each charge."), "results")
    return None


def decided_in_order(move: Move) -> Problem | None:
    """The kind of decision fits the court it comes from."""
    wanted = {"appeal": "judgment_on_appeal", "cassation": "cassation"}.get(move.from_state)
    usual = ("default_judgment",) if move.data.get("by_default") else ("judgment",)
    if move.data["type"] not in ((wanted,) if wanted else usual):
        return Problem(_("This kind of decision does not fit where the matter stands."), "type")
    return None


def remedy_exists(move: Move) -> Problem | None:
    """The last decision may be contested this way; being late does not stop the filing, it is shown."""
    event = move.transition.event.removeprefix("file_")
    if remedies.rule_for(move.record, move.from_state, event, move.data["party"]) is None:
        return Problem(_("This decision cannot be contested this way."))
    if move.data["filed_on"] < move.record.decided_on:
        return Problem(_("This lies before the decision."), "filed_on")
    return None


def remedies_over(move: Move) -> Problem | None:
    """A decision is final when nobody can contest it any more."""
    end = remedies.last_end(move.record, move.from_state)
    if end is not None and end > move.at:
        day = format_date(end.astimezone(ZONE).date())
        return Problem(_("A remedy may still be filed until ${day}.", mapping={"day": day}))
    return None


def has_conviction(move: Move) -> Problem | None:
    if not charges_of(move.session, move.record, ("convicted",)):
        return Problem(_("There is no sentence to enforce."))
    return None


def nothing_to_enforce(move: Move) -> Problem | None:
    """A conviction is enforced before the matter is closed."""
    if move.from_state == "final" and charges_of(move.session, move.record, ("convicted",)):
        return Problem(_("A sentence was passed: record its enforcement first."))
    return None

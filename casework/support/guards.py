"""What must be true before the support of a child moves (DOMAIN 3.5)."""

from sqlalchemy import func, select

from casework.accounts.models import Agency, Membership
from casework.authz.scope import unscoped
from casework.cases import recusal
from casework.cases.guards import as_uuid
from casework.people.models import Person
from casework.web.i18n import ZONE, _
from casework.workflow.engine import Move, Problem
from schemas.support import DOMAINS, proposed_level
from schemas.text import fold

from . import consents
from .models import Assessment, SupportReferral

SUPPORTS = frozenset({"social_gov", "social_ngo"})
NAMES = (("family_km", "given_km"), ("family_latin", "given_latin"))


def child_is_known(move: Move) -> Problem | None:
    """Support is for a child known at least by a pseudonym."""
    # A new record is in the session and has no state yet: asking must not write it.
    with unscoped(move.session, "a request names its child, whoever asks"), move.session.no_autoflush:
        child = move.session.get(Person, move.record.child_id) if move.record.child_id else None
    if child is None or child.role != "victim" or child.voided_at is not None:
        return Problem(_("Say for which child support is asked."), "child")
    return None


def no_other_request(move: Move) -> Problem | None:
    """A child has one support referral at a time."""
    ended = ("closed", "transferred", "voided")
    query = select(func.count(SupportReferral.id)).where(
        SupportReferral.child_id == move.record.child_id, SupportReferral.id != move.record.id,
        SupportReferral.state.not_in(ended),
    )
    why = "counts; who may ask for support of a child may know that it was asked"
    with unscoped(move.session, why), move.session.no_autoflush:
        if move.session.scalar(query):
            return Problem(_("Support was asked for this child already."), "child")
    return None


def can_be_reached(move: Move) -> Problem | None:
    """How urgent it is, and how the child is contacted without putting it at risk."""
    if not move.record.urgency:
        return Problem(_("Say how urgent the support is."), "urgency")
    if not (move.record.safe_contact or "").strip():
        return Problem(_("Write down a safe way to reach the child."), "safe_contact")
    return None


def agency_supports(move: Move) -> Problem | None:
    """The request goes to an active agency of social services."""
    with move.session.no_autoflush:
        agency = move.session.get(Agency, move.record.agency_id) if move.record.agency_id else None
    if agency is None or not agency.active or SUPPORTS.isdisjoint(agency.type.split()):
        return Problem(_("Choose a social services agency."), "agency_id")
    return None


def own_request(move: Move) -> Problem | None:
    """Who works in social services asks the own agency; another one is asked by a transfer."""
    if move.identity is not None and move.identity.role in ("SW", "SWS"):
        if move.record.agency_id != move.identity.agency_id:
            return Problem(_("Choose your own agency."), "agency_id")
    return None


def nobody_has_it(move: Move) -> Problem | None:
    """A request is taken once."""
    if move.record.worker_id not in (None, move.identity.user_id):
        return Problem(_("Another social worker has taken this request."))
    return None


def worker_is_ours(move: Move) -> Problem | None:
    """The new worker is a social worker of the own agency, without a conflict of interest."""
    if not _works_as(move, move.data.get("worker"), "SW", move.record.agency_id):
        return Problem(_("Choose a social worker of your agency."), "worker")
    return recusal.problem(move.session, as_uuid(move.data["worker"]), move.record, "worker")


def _works_as(move: Move, user_id, role: str, agency_id) -> bool:
    today = move.at.astimezone(ZONE).date()
    query = select(Membership).where(
        Membership.user_id == as_uuid(user_id), Membership.role == role, Membership.agency_id == agency_id,
        Membership.ended_at.is_(None),
    )
    return user_id is not None and any(m.in_force(today) for m in move.session.scalars(query))


def child_was_contacted(move: Move) -> Problem | None:
    """Explaining follows a contact."""
    if move.record.first_contact_at is None:
        return Problem(_("Record the first contact with the child first."))
    return None


def contact_after_request(move: Move) -> Problem | None:
    """A contact cannot lie in the future."""
    if move.data["first_contact_at"] > move.at:
        return Problem(_("This cannot lie in the future."), "first_contact_at")
    return None


# ---- consent

def giver_is_no_suspect(move: Move) -> Problem | None:
    """A suspect never consents for a child: by the record named, by the name typed, or by being the caregiver."""
    data, support = move.data, move.record
    if data["kind"] != consents.CAREGIVER and not data.get("given_by_person"):
        return None
    suspects = _suspects(move)
    giver_id = as_uuid(data.get("given_by_person"))
    ids = {s.id for s in suspects} | {s.same_as_id for s in suspects if s.same_as_id}
    if giver_id is not None:
        with unscoped(move.session, "compares who consents with the suspects; shows nobody"):
            giver = move.session.get(Person, giver_id)
        if giver is None or giver.role == "suspect" or {giver.id, giver.same_as_id} & ids:
            return Problem(SUSPECT_GIVES, "given_by_person")
    if fold(data.get("given_by") or "") in {name for suspect in suspects for name in _names(suspect)}:
        return Problem(SUSPECT_GIVES, "given_by")
    relations = {s.relation_to_victim for s in suspects if s.is_caregiver}
    child = consents.child_of(move.session, support)
    implicated = child.caregiver_is_suspect == "yes" and data.get("relation") == "primary_caregiver"
    if data["kind"] == consents.CAREGIVER and (implicated or data.get("relation") in relations - {None}):
        return Problem(SUSPECT_GIVES, "relation")
    return None


SUSPECT_GIVES = _(
    "This person cannot consent for the child. Ask another caregiver, or ask for a best-interests override."
)


def _suspects(move: Move) -> list[Person]:
    support = move.record
    where = Person.case_id == support.case_id if support.case_id else Person.referral_id == support.referral_id
    with unscoped(move.session, "compares who consents with the suspects; shows nobody"):
        return list(move.session.scalars(select(Person).where(where, Person.role == "suspect",
                                                              Person.voided_at.is_(None))))


def _names(person: Person) -> set[str]:
    """A person's names as one word each way round."""
    found = set()
    for family, given in NAMES:
        parts = [value for name in (family, given) if (value := getattr(person, name))]
        if len(parts) == 2:
            found |= {fold(" ".join(parts)), fold(" ".join(reversed(parts)))}
    return found


def something_to_withdraw(move: Move) -> Problem | None:
    """What is taken back was given."""
    day = move.at.astimezone(ZONE).date()
    given = set().union(*(consents.purposes_of(c, day) for c in consents.all_of(move.session, move.record)))
    if not given & set(move.data["withdrawn_scope"]):
        return Problem(_("There is no consent to this that could be withdrawn."), "withdrawn_scope")
    return None


def no_override_waits(move: Move) -> Problem | None:
    if consents.waiting_override(move.session, move.record) is not None:
        return Problem(_("An override was asked for already. The supervisor decides."))
    return None


def override_waits(move: Move) -> Problem | None:
    if consents.waiting_override(move.session, move.record) is None:
        return Problem(_("Nobody has asked for an override."))
    return None


def consent_given(move: Move) -> Problem | None:
    """Support rests on consent, or on an override that was approved."""
    if not move.record.consent_support:
        return Problem(_("There is no consent to support yet. Record it, or ask for a best-interests override."))
    return None


def provider_consent_given(move: Move) -> Problem | None:
    """Nothing goes to a provider without consent to it, not even without a name."""
    if not move.record.consent_provider:
        return Problem(_("There is no consent to share with a provider yet."))
    return None


# ---- assessment and provider

def assessment_is_whole(move: Move) -> Problem | None:
    """Eleven domains, words where a need is above 1, a safety plan where the risk is high, and why when the level
    is not the one that the rule proposes."""
    data = move.data
    domains = data.get("domains") or {}
    if set(domains) != {name for name, _title in DOMAINS}:
        return Problem(_("Answer all eleven needs."), "domains")
    if any(need["level"] in ("2", "3") and not need.get("text") for need in domains.values()):
        return Problem(_("Say more for level 2 and 3."), "domains")
    if data["level_of_risk"] == "high" and not data.get("safety_plan"):
        return Problem(_("A child at high risk needs a safety plan."), "safety_plan")
    if data["level_of_risk"] != proposed_level(domains)[0] and not data.get("level_reason"):
        return Problem(_("The rule proposes another level. Say why you set this one."), "level_reason")
    return None


def is_assessed(move: Move) -> Problem | None:
    query = select(func.count(Assessment.id)).where(
        Assessment.support_id == move.record.id, Assessment.voided_at.is_(None)
    )
    with unscoped(move.session, "counts what a guard asks for"):
        if not move.session.scalar(query):
            return Problem(_("Assess needs and risk first."))
    return None


def services_are_named(move: Move) -> Problem | None:
    if not move.data.get("services"):
        return Problem(_("Choose at least one service."), "services")
    return None


def provider_fits(move: Move) -> Problem | None:
    """A provider is active, was checked for quality, and is not asked twice for the same child at once."""
    found = move.data.get("provider_agency")
    agency = move.session.get(Agency, as_uuid(found)) if found else None
    if agency is None or not agency.active or SUPPORTS.isdisjoint(agency.type.split()):
        return Problem(_("Choose a provider of support."), "provider_agency")
    if agency.quality_checked_at is None:
        return Problem(_("The quality of this provider was not checked. Choose another one."), "provider_agency")
    if move.from_state == "sent" and agency.id == move.record.provider_agency_id:
        return Problem(_("This provider has been asked already."), "provider_agency")
    return None


def provider_worker_fits(move: Move) -> Problem | None:
    """The provider names one of its own people, without a conflict of interest."""
    if not _works_as(move, move.data.get("provider_worker"), "PRV", move.identity.agency_id):
        return Problem(_("Choose somebody who works at your agency."), "provider_worker")
    return recusal.problem(move.session, as_uuid(move.data["provider_worker"]), move.record, "provider_worker")


def provider_asked(move: Move) -> Problem | None:
    """Only the agency that was asked answers."""
    if move.identity.agency_id != move.record.provider_agency_id:
        return Problem(_("Another agency was asked."))
    return None


def provider_worker_named(move: Move) -> Problem | None:
    if move.record.provider_worker_id is None:
        return Problem(_("The provider has not named a worker yet."))
    return None


# ---- plan, service, closure

def plan_is_whole(move: Move) -> Problem | None:
    """Goals, and the child's own view of them."""
    if not move.data.get("plan_goals"):
        return Problem(_("Write at least one goal."), "plan_goals")
    if not (move.data.get("child_view") or "").strip():
        return Problem(_("Write down what the child says."), "child_view")
    return None


def plan_waits(move: Move) -> Problem | None:
    if move.record.plan_asked_at is None:
        return Problem(_("No plan waits for approval."))
    return None


def plan_is_approved(move: Move) -> Problem | None:
    if move.record.plan_approved_at is None:
        return Problem(_("The supervisor has not approved the plan yet."))
    return None


def closure_is_thought_through(move: Move) -> Problem | None:
    """The child is safe or it is said otherwise, was asked, and steps in court are with somebody."""
    data = move.data
    if not data.get("child_asked"):
        return Problem(_("Ask the child first."), "child_asked")
    if not data.get("closure_safety"):
        return Problem(_("Say whether the child is safe."), "closure_safety")
    if not (data.get("court_steps") or "").strip():
        return Problem(_("Say how the steps in court stand, or who takes them over."), "court_steps")
    return None


def follow_up_is_set(move: Move) -> Problem | None:
    if not move.record.follow_up_dates:
        return Problem(_("Set the dates of the follow-up first."), "follow_up_dates")
    return None


def another_agency(move: Move) -> Problem | None:
    """A transfer goes to another active agency of social services."""
    found = move.data.get("to_agency")
    agency = move.session.get(Agency, as_uuid(found)) if found else None
    if agency is None or not agency.active or "social_gov" not in agency.type.split():
        return Problem(_("Choose a social services agency."), "to_agency")
    if agency.id == move.record.agency_id:
        return Problem(_("The child is with this agency already."), "to_agency")
    return None


def void_was_asked(move: Move) -> Problem | None:
    """Two people void: one asks, another agrees."""
    if move.record.void_asked_at is None:
        return Problem(_("Nobody has asked to void this record."))
    return None

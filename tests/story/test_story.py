"""One case from the first call to the verdict and a supported child, by separate people in separate browsers.

At each step people whose work it is not try the same page and form and are refused; the auditor finds the steps and
the refusals, and no content.
"""

import datetime as dt
import re
from zoneinfo import ZoneInfo

import pytest

from casework.accounts.agencies import by_code, load_agencies
from casework.db.base import now
from casework.reference.agencies import Agencies
from casework.settings import ROOT
from tests.story.actor import Actor
from tests.support.people import make_person, quick

CAST = {
    "hotline": ("HOT", "aple"), "supervisor": ("PSU", "ahtjpd"), "investigator": ("INV", "ahtjpd"),
    "custodian": ("CUS", "ahtjpd"), "prosecutor": ("PRO", "pros.12"), "clerk": ("CLK", "court.12"),
    "worker": ("SW", "dosvy.12"), "head": ("SWS", "dosvy.12"), "provider": ("PRV", "hagar"),
    "auditor": ("AUD", "moi"), "stranger": ("INV", "accd"), "administrator": ("ADM", "moi"),
}
NARRATIVE = "A teacher says that a pupil is pressed for pictures by somebody met in a game (invented)."
CHILD = ("Fictionalfamily", "Fictionalgiven")


def today(days: int = 0) -> tuple[int, int, int]:
    """A day as the boxes want it."""
    day = dt.datetime.now(ZoneInfo("Asia/Phnom_Penh")).date() + dt.timedelta(days=days)
    return day.day, day.month, day.year


@pytest.fixture
def cast(database, app, server, browser):
    """Everybody, signed in."""
    quick(app)
    with database.work() as db:
        load_agencies(db, Agencies.load(ROOT / "etc" / "agencies.csv"))
        by_code(db, "hagar").quality_checked_at = now().date()
        people = {
            name: make_person(db, role, agency, chief=name == "prosecutor", name=f"{name.title()} (fictional)")
            for name, (role, agency) in CAST.items()
        }
    actors = {name: Actor.arrive(browser, server, person) for name, person in people.items()}
    yield actors
    problems = {name: actor.guard.problems for name, actor in actors.items() if actor.guard.problems}
    for actor in actors.values():
        actor.context.close()
    assert not problems


@pytest.mark.browser
def test_from_the_call_to_the_verdict(cast):
    referral = _the_call(cast)
    case = _the_case(cast, referral)
    _the_enquiry(cast, case)
    _the_file(cast, case)
    _the_prosecution(cast, case)
    _the_support(cast, case)
    _the_verdict(cast, case)
    _the_closure(cast)
    _the_log(cast, referral, case)


def _the_call(cast) -> str:
    """The hotline takes a telephone report, looks at it and passes it to the police."""
    hotline = cast["hotline"]
    referral = hotline.send("/referrals/new", {
        "immediate_danger": "no", "What happened": ["grooming"], "narrative": NARRATIVE,
        "urls": "https://profile.example/user-17", "province": "12", "child_known": "yes", "source": "school",
        "channel": "phone", "family_latin": "Reporterfamily", "given_latin": "Reportergiven",
    })
    assert re.fullmatch(r"/referrals/R\d\d-\d{6}-[A-Z]", referral)
    for name in ("investigator", "prosecutor", "worker", "provider", "administrator"):
        cast[name].refused(referral)
    hotline.press(referral, "Start triage")
    hotline.send(f"{referral}/person", {
        "family_latin": CHILD[0], "given_latin": CHILD[1], "role": "victim", "sex": "female",
        "Date of birth": (3, 4, 2013),
    })
    for name in ("custodian", "clerk"):
        cast[name].refused(f"{referral}/forward")
    hotline.send(f"{referral}/forward", {
        "forwarded_to": "Anti-Human Trafficking and Juvenile Protection Department",
        "forward_basis": "competent_authority", "seen": True,
    })
    return referral


def _the_case(cast, referral: str) -> str:
    """The police accept it: a case and a request for support come of it, neither waiting for the other."""
    supervisor = cast["supervisor"]
    supervisor.sees_not(referral, "Reporterfamily")
    for name in ("stranger", "head"):
        cast[name].refused(f"{referral}/triage")
    supervisor.send(f"{referral}/triage", {
        "What happened": ["grooming"], "risk_level": "high", "Link to Cambodia": ["child"], "child_known": "yes",
        "accept_as": "new_case", "title": "Green bridge",
        "lead_agency_id": "Anti-Human Trafficking and Juvenile Protection Department",
        "lead_officer_id": str(cast["investigator"].person.user_id), "province": "12", "support_wanted": True,
        "support_agency_id": "Phnom Penh", "support_urgency": "high", "support_reason_code": "victim_identified",
        "support_reason": "The child needs somebody to talk to (invented).",
        "support_safe_contact": "Through the teacher, after school (invented).",
    })
    supervisor.open("/cases")
    return supervisor.page.locator("main table a[href^='/cases/C']").first.get_attribute("href")


def _the_enquiry(cast, case: str) -> None:
    """The investigator plans, adds people and identifiers, logs two exhibits and hands one over."""
    investigator, custodian = cast["investigator"], cast["custodian"]
    investigator.sees(case, "Green bridge")
    for name in ("stranger", "provider", "clerk", "prosecutor"):
        cast[name].refused(case)
        cast[name].refused(f"{case}/plan")
    investigator.send(f"{case}/tasks/new", {
        "title": "Ask the school for a quiet room", "assignee": "Investigator (fictional)",
        "Due": (*today(3), "10:00"),
    })
    investigator.send(f"{case}/do/start_enquiry", {
        "plan": "Talk to the teacher; ask the provider to preserve; find the account holder.", "no_conflict": True})
    for name in ("stranger", "worker", "hotline"):
        cast[name].refused(f"{case}/people/new/suspect")
    suspect = investigator.send(f"{case}/people/new/suspect", {
        "family_latin": "Suspectfamily", "given_latin": "Suspectgiven", "sex": "male",
        "Date of birth": (5, 6, 1990), "dob_precision": "exact", "age_basis": "document",
        "suspect_status": "identified", "relation_to_victim": "known_online_only",
    })
    investigator.sees(suspect, "Suspectfamily")
    investigator.send(f"{case}/identifiers/new", {
        "side": "suspect", "reliability": "B", "type": "email", "value": "User.17@mail.example"})
    for number, words in enumerate(("Telephone, black, in a paper bag", "USB stick, 16 GB, blue"), 1):
        investigator.send(f"{case}/evidence/new", {
            "kind": "physical", "description": words, "Seized or received": (*today(-1), "09:30"), "province": "12",
            "place": "An invented house", "authority_type": "warrant", "authority_document": "W-17",
            "seal": f"SEAL-{number}", "seal_witnesses": "Witness One (fictional)\nWitness Two (fictional)",
            "restricted_material": "no",
        })
    for name in ("custodian", "stranger", "head"):
        cast[name].refused(f"{case}/evidence/release")
    investigator.send(f"{case}/evidence/release", {
        "Items": ["Telephone, black"], "receiver": "Custodian (fictional)", "purpose": "storage",
        "place": "Evidence room", "seal_before": "SEAL-1",
    })
    custodian.open("/")
    investigator.open(f"{case}/evidence")
    item = investigator.page.locator("main table a[href*='/evidence/E']").last.get_attribute("href")
    for name in ("prosecutor", "worker"):
        cast[name].refused(f"{item}/do/accept")
    custodian.send(f"{item}/do/accept", {
        "seal_before": "SEAL-1", "condition": "intact", "location": "Shelf 3"})
    custodian.sees(item, "Custodian (fictional)")


def _the_file(cast, case: str) -> None:
    """Fourteen points, and the supervisor, not the author, submits."""
    investigator, supervisor = cast["investigator"], cast["supervisor"]
    for name in ("stranger", "clerk"):
        cast[name].refused(f"{case}/offences/new")
    investigator.send(f"{case}/offences/new", {"person": "(Suspect)", "offence": "cc.372"})
    investigator.send(f"{case}/edit", {
        "First day of the offence": today(-40), "Last day of the offence": today(-20), "offence_precision": "exact"})
    investigator.open(f"{case}/people")
    child = investigator.page.locator("main table tr", has_text="V-").locator("a").first.get_attribute("href")
    investigator.send(f"{child}/edit", {"age_basis": "document", "dob_precision": "exact"})
    investigator.send(f"{case}/do/prepare_file")
    investigator.open(f"{case}/check")
    for href in sorted({a.get_attribute("href") for a in investigator.page.locator("main a[href*='/check/']").all()}):
        investigator.send(href, {"why": "There is nothing of the kind in this case (invented)."})
    for name in ("supervisor", "prosecutor"):
        cast[name].refused(f"{case}/do/send_for_review")
    investigator.send(f"{case}/do/send_for_review")
    for name in ("investigator", "prosecutor", "head"):
        cast[name].refused(f"{case}/do/submit")
    cast["prosecutor"].refused(case)
    supervisor.send(f"{case}/do/submit", {"prosecution": "Phnom Penh"})
    supervisor.sees(case, "Submitted")


def _the_prosecution(cast, case: str) -> None:
    """Returned once with instructions; later charges, a hearing, a judgment."""
    prosecutor, investigator, supervisor = cast["prosecutor"], cast["investigator"], cast["supervisor"]
    prosecutor.open(f"{case}/prosecution")
    matter = prosecutor.page.locator("main a[href*='/prosecution/X']").first.get_attribute("href")
    for name in ("supervisor", "investigator", "clerk", "stranger"):
        cast[name].refused(f"{matter}/do/register")
    prosecutor.send(f"{matter}/do/register", {"register_number": "2026/117", "Registered on": today()})
    prosecutor.send(f"{matter}/do/assign", {"prosecutor": "Prosecutor (fictional)"})
    prosecutor.send(f"{matter}/do/take_over", {"no_conflict": True})
    prosecutor.send(f"{matter}/do/return_file", {
        "instructions": "Ask the provider for the times of sign-in (invented).", "Due": today(10)})
    cast["supervisor"].refused(f"{case}/do/finish_further_enquiry")
    investigator.send(f"{case}/do/finish_further_enquiry", {"answer_1": "Asked; the answer is on file (invented)."})
    supervisor.send(f"{case}/do/submit", {"prosecution": "Phnom Penh"})
    for name in ("investigator", "clerk"):
        cast[name].refused(f"{matter}/charge")
    cast["clerk"].refused(case)
    prosecutor.send(f"{matter}/charge", {
        "person": "(Suspect)", "offence": "cc.372", "facts": "Money was demanded under threats (invented).",
        "mode": "principal",
    })
    prosecutor.send(f"{matter}/do/submit_to_judge", {"document": "IS-17"})
    cast["clerk"].sees(case, "Green bridge")
    cast["clerk"].refused(f"{matter}/do/judge_seised")


def _the_support(cast, case: str) -> None:
    """Consent and assent, an assessment, the minimal view; the provider sees the name only afterwards."""
    worker, head, provider = cast["worker"], cast["head"], cast["provider"]
    head.open("/support")
    support = head.page.locator("main table a[href^='/support/S']").first.get_attribute("href")
    for name in ("investigator", "stranger", "provider", "hotline"):
        cast[name].refused(f"{support}/do/first_contact")
    head.send(f"{support}/do/assign", {"worker": "Worker (fictional)"})
    worker.send(f"{support}/do/first_contact", {"When": (*today(), "00:01"), "kind": "visit", "safe": "yes"})
    worker.send(f"{support}/do/explain", {
        "informed_how": "Talked in Khmer, with pictures (invented).", "language": "khm"})
    for kind, giver in (("caregiver_consent", "Aunt (fictional)"), ("assent", "The child")):
        worker.send(f"{support}/do/consent", {
            "kind": kind, "What it is for": ["support", "share_provider"], "given_by": giver, "form": "thumbprint",
            "informed_how": "Talked in Khmer, with pictures (invented).", "language": "khm",
            "relation": "other_family", "When": (*today(), "00:02"),
        })
    for name in ("head", "provider", "prosecutor"):
        cast[name].refused(f"{support}/do/assess")
    worker.send(f"{support}/do/assess", {
        "Date": today(), "each Level": "1", "level_of_risk": "low", "child_view": "I want to go to school (invented).",
        "may_be_interviewed": "with_support_person", "Next assessment": today(20),
    })
    provider.refused(support)
    worker.send(f"{support}/do/send", {
        "type": "counselling", "subtype": "counselling_generalist", "provider_agency": "Hagar", "seen": True})
    sending = provider.follow("/", r"^M\d\d-")
    provider.sees_not(sending, *CHILD)
    for name in ("investigator", "supervisor", "stranger"):
        cast[name].refused(f"{sending}/do/accept")
    provider.send(f"{sending}/do/accept")
    provider.sees_not(sending, *CHILD)
    provider.send(f"{sending}/do/name_worker", {"provider_worker": "Provider (fictional)"})
    provider.sees(support, *CHILD)
    cast["investigator"].sees_not(case, "pictures (invented)", "I want to go to school")


def _the_verdict(cast, case: str) -> None:
    """Through the judge to the court."""
    prosecutor, clerk = cast["prosecutor"], cast["clerk"]
    prosecutor.open(f"{case}/prosecution")
    matter = prosecutor.page.locator("main a[href*='/prosecution/X']").first.get_attribute("href")
    prosecutor.send(f"{matter}/do/judge_seised", {"judge": "Judge (fictional)", "judge_number": "J-5", "Date": today()})
    prosecutor.send(f"{matter}/do/end_investigation", {"Date": today()})
    prosecutor.send(f"{matter}/do/make_final_submission", {"Date": today(), "document": "FS-3"})
    prosecutor.send(f"{matter}/do/indict", {"order_number": "CO-9", "Date": today()})
    for name in ("clerk", "investigator"):
        cast[name].refused(f"{matter}/do/schedule_trial")
    prosecutor.send(f"{matter}/do/schedule_trial", {
        "court": "Phnom Penh", "type": "trial", "When": (*today(), "23:30"), "child_presence": "link",
        "closed_session": True, "support_person": "Worker (fictional)",
    })
    clerk.sees(matter, "Trial")
    prosecutor.send(f"{matter}/do/start_trial")
    prosecutor.send(f"{matter}/do/start_deliberation")
    for name in ("clerk", "supervisor"):
        cast[name].refused(f"{matter}/do/judge")
    prosecutor.send(f"{matter}/do/judge", {
        "body": "Phnom Penh", "type": "judgment", "Date": today(), "each Verdict": "convicted", "months": "24"})
    prosecutor.sees(matter, "Judged")


def _the_closure(cast) -> None:
    """Plan, service, follow-up; who asks for closure is not who approves it."""
    worker, head, provider = cast["worker"], cast["head"], cast["provider"]
    head.open("/support")
    support = head.page.locator("main table a[href^='/support/S']").first.get_attribute("href")
    worker.send(f"{support}/do/plan", {
        "goal": "Back in school (invented)", "responsible": "Provider (fictional)", "By": today(30),
        "child_view": "I want to go to school (invented)."})
    worker.refused(f"{support}/do/approve_plan")
    head.send(f"{support}/do/approve_plan")
    provider.send(f"{support}/do/start_service")
    provider.send(f"{support}/do/start_follow_up")
    worker.send(f"{support}/do/request_closure", {
        "closure_reason": "goals_met", "closure_safety": "yes", "child_asked": True, "court_steps": "Done (invented).",
        "Date": today(30)})
    for name in ("worker", "provider", "investigator"):
        cast[name].refused(f"{support}/do/approve_closure")
    head.send(f"{support}/do/approve_closure")
    head.sees(support, "Closed")


def _the_log(cast, referral: str, case: str) -> None:
    """The auditor sees the steps and the refusals, and no content."""
    auditor = cast["auditor"]
    for path in (referral, case):
        auditor.refused(path)
    ref = case.rsplit("/", 1)[1]
    auditor.sees(f"/audit?ref={ref}&result=denied", "Stranger (fictional)", "Refused")
    for who, verb in (("Supervisor", "submit"), ("Investigator", "start_enquiry"), ("Prosecutor", "judge")):
        auditor.sees(f"/audit?ref={ref}&verb={verb}", f"{who} (fictional)")
    auditor.sees(f"/audit?ref={referral.rsplit('/', 1)[1]}", "Hotline (fictional)")
    for path in (f"/audit?ref={ref}", "/audit", "/audit?result=denied"):
        auditor.sees_not(path, *CHILD, "Suspectfamily", NARRATIVE, "Green bridge")

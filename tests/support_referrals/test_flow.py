"""Each step of the support of a child, and each refusal."""

import datetime as dt

import pytest
from sqlalchemy import select

from casework.cases.models import Task
from casework.db.base import now
from casework.support.models import Assessment, FollowUp, Service, SupportReferral, SupportSending
from casework.workflow.engine import NotAllowed, Refused
from casework.workflow.guard import StateSetByHand
from tests.support_referrals.desk import PEOPLE, REASON, SERVICES, assessment, consent, in_days

CONTACT = {"first_contact_at": None, "kind": "call", "safe": "yes", "note": None}
EXPLAIN = {"informed_how": "With a picture card", "language": "khm"}
PLAN = {"plan_goals": [{"goal": "Back to school", "service": None, "responsible": "Worker", "due_on": in_days(9)}],
        "child_view": "Agrees."}


def refused(message: str):
    return pytest.raises(Refused, match=message)


def test_the_whole_way(desk):
    support = desk.closing()
    assert desk.do("sws", support, "approve_closure") == "closed"
    end = desk.look(support)
    assert (end.status, end.closed_at is not None) == ("no", True)
    # Each follow-up date is a task; the clocks of the way have ended.
    assert set(desk.clocks(support)) == {"support_follow_up"}
    assert desk.do("sw", support, "reopen", reason=REASON) == "draft"
    assert desk.clocks(support)["D-20a"].assignee_id == desk.who["sw"].user_id


# ---- who asks

@pytest.mark.parametrize("name", ["inv", "hot", "psu", "sws"])
def test_a_request_waits_for_a_social_worker(desk, name):
    support = desk.request(name)
    found = desk.look(support)
    assert (found.state, found.status, found.worker_id) == ("draft", "requested", None)
    assert found.requested_by_id == desk.who[name].agency_id
    clock = desk.clocks(support)["D-20a"]
    assert (clock.queue_role, clock.queue_agency_id, clock.assignee_id) == ("SW", desk.who["sw"].agency_id, None)
    assert clock.case_id is None
    assert desk.do("sw", support, "take") == "draft"
    assert desk.clocks(support)["D-20a"].assignee_id == desk.who["sw"].user_id


def test_who_asks_as_a_social_worker_has_the_child(desk):
    support = desk.request("sw")
    assert desk.look(support).worker_id == desk.who["sw"].user_id
    assert desk.name_seen_by("sw") == "Childfamily"


@pytest.mark.parametrize("name", ["pro", "prv", "aud"])
def test_others_do_not_ask(desk, name):
    with pytest.raises(NotAllowed):
        desk.request(name)


@pytest.mark.parametrize(("changes", "message"), [
    ({"urgency": None}, "urgent"), ({"safe_contact": " "}, "safe way"),
])
def test_a_request_says_how_urgent_and_how_to_reach_the_child(desk, changes, message):
    with refused(message):
        desk.request(**changes)


def test_a_request_names_a_child_and_a_social_agency(desk):
    with refused("which child"):
        desk.request(child_id=desk.add_person("witness"))
    with refused("social services"):
        desk.request(agency="psu")
    with refused("own agency"):
        desk.request("far")


def test_a_child_has_one_support_at_a_time(desk):
    desk.request()
    with refused("already"):
        desk.request("psu")


# ---- taking, contact, explaining

def test_a_request_is_taken_once(desk):
    support = desk.taken()
    assert desk.look(support).worker_id == desk.who["sw"].user_id
    assert "D-20a" not in desk.clocks(support)
    assert "D-20b" in desk.clocks(support)
    with pytest.raises(NotAllowed):
        desk.do("sw2", support, "take")
    with pytest.raises(NotAllowed):
        desk.do("far", support, "explain", **EXPLAIN)


def test_contact_comes_before_explaining_and_not_in_the_future(desk):
    support = desk.request()
    with refused("first contact"):
        desk.do("sw", support, "explain", **EXPLAIN)
    with refused("future"):
        desk.do("sw", support, "first_contact", **{**CONTACT, "first_contact_at": now().replace(year=2100)})
    with pytest.raises(NotAllowed):
        desk.do("sws", support, "first_contact", **{**CONTACT, "first_contact_at": now()})


def test_the_supervisor_gives_a_child_to_another_worker(desk):
    support = desk.taken()
    with refused("social worker of your agency"):
        desk.do("sws", support, "assign", worker=str(desk.who["far"].user_id))
    with pytest.raises(NotAllowed):
        desk.do("sw", support, "assign", worker=str(desk.who["sw2"].user_id))
    with pytest.raises(NotAllowed):
        desk.do("far_sws", support, "assign", worker=str(desk.who["far"].user_id))
    desk.do("sws", support, "assign", worker=str(desk.who["sw2"].user_id))
    assert desk.name_seen_by("sw2") == "Childfamily"
    assert desk.name_seen_by("sw") is None
    assert desk.sees("sw") == []
    assert desk.clocks(support)["D-20b"].assignee_id == desk.who["sw2"].user_id


# ---- assessment

def test_an_assessment_needs_consent(desk):
    support = desk.explained()
    with refused("no consent to support"):
        desk.do("sw", support, "assess", **assessment())
    desk.do("sw", support, "consent", **consent())
    with refused("no consent to support"):
        desk.do("sw", support, "assess", **assessment())


def test_the_rule_proposes_and_the_person_explains_another_level(desk):
    support = desk.agreed()
    with refused("Say why"):
        desk.do("sw", support, "assess", **{**assessment(), "level_of_risk": "low"})
    with refused("safety plan"):
        desk.do("sw", support, "assess", **{**assessment(safety="3"), "safety_plan": None})
    with refused("eleven"):
        desk.do("sw", support, "assess", **{**assessment(), "domains": {}})
    with refused("level 2 and 3"):
        data = assessment(legal="2")
        data["domains"]["legal"]["text"] = None
        desk.do("sw", support, "assess", **data)
    with pytest.raises(NotAllowed):
        desk.do("sws", support, "assess", **assessment())
    assert desk.do("sw", support, "assess", **assessment(safety="3")) == "assessed"
    found = desk.sees("sw", Assessment)[0]
    assert (found.proposed_level, found.rule_shown, found.level_of_risk) == ("high", "urgent_safety", "high")
    assert desk.clocks(support)["D-20c"].due_at < now() + dt.timedelta(hours=25)
    assert desk.do("sw", support, "assess", **assessment()) == "assessed"


# ---- provider

def test_a_provider_is_active_and_quality_checked(desk):
    support = desk.assessed()
    with refused("quality"):
        desk.do("sw", support, "send", services=SERVICES, provider_agency=str(desk.who["far"].agency_id))
    with refused("provider of support"):
        desk.do("sw", support, "send", services=SERVICES, provider_agency=str(desk.who["psu"].agency_id))
    with refused("at least one service"):
        desk.do("sw", support, "send", services=[], provider_agency=str(desk.who["prv"].agency_id))
    with pytest.raises(NotAllowed):
        desk.do("sws", support, "send", services=SERVICES, provider_agency=str(desk.who["prv"].agency_id))


def test_nothing_is_sent_without_consent_to_it(desk):
    support = desk.explained()
    for kind in ("caregiver_consent", "assent"):
        desk.do("sw", support, "consent", **consent(kind, purposes=["support"]))
    desk.do("sw", support, "assess", **assessment())
    with refused("share with a provider"):
        desk.do("sw", support, "send", services=SERVICES, provider_agency=str(desk.who["prv"].agency_id))


def test_the_clock_of_the_answer_runs_at_the_provider(desk):
    support = desk.sent()
    sending = desk.look(support, lambda db, s: desk.sending(db, s).id)
    clock = desk.clocks(sending)["D-20d"]
    assert (clock.queue_role, clock.queue_agency_id) == ("PRV", desk.who["prv"].agency_id)
    assert desk.answer("prv", support, "accept") == "accepted"
    assert desk.look(support).state == "accepted"
    assert "D-20d" not in desk.clocks(sending)
    assert "D-20e" in desk.clocks(support)


def test_a_rejection_leads_to_the_next_provider(desk):
    support = desk.sent()
    with refused("reason"):
        desk.answer("prv", support, "reject", reject_reason="capacity", reason="no")
    with pytest.raises(NotAllowed):
        desk.answer("other_prv", support, "reject", reject_reason="capacity", reason=REASON)
    assert desk.answer("prv", support, "reject", reject_reason="capacity", reason=REASON) == "rejected"
    assert (desk.look(support).state, desk.look(support).reject_reason) == ("rejected", "capacity")
    to_other = {"services": SERVICES, "provider_agency": str(desk.who["other_prv"].agency_id)}
    assert desk.do("sws", support, "send_to_next", **to_other) == "sent"
    with refused("asked already"):
        desk.do("sw", support, "send_to_next", **to_other)
    assert desk.answer("other_prv", support, "accept") == "accepted"


def test_who_does_not_answer_is_asked_no_longer(desk):
    support = desk.sent()
    first = desk.look(support, lambda db, s: desk.sending(db, s).id)
    desk.do("sw", support, "send_to_next", services=SERVICES, provider_agency=str(desk.who["other_prv"].agency_id))
    with refused("moved on"):
        desk.do("prv", first, "accept", SupportSending)


def test_the_system_alone_enters_the_answer(desk):
    support = desk.sent()
    for name in ("sw", "sws", "prv"):
        with pytest.raises(NotAllowed):
            desk.do(name, support, "accept")


# ---- plan, service, closure

def test_nobody_approves_their_own_plan(desk):
    support = desk.accepted()
    with refused("named a worker"):
        desk.do("sw", support, "plan", **PLAN)
    desk.answer("prv", support, "name_worker", provider_worker=str(desk.who["prv"].user_id))
    with refused("No plan waits"):
        desk.do("sws", support, "approve_plan")
    with refused("goal"):
        desk.do("prv", support, "plan", plan_goals=[], child_view="Agrees.")
    with refused("child says"):
        desk.do("prv", support, "plan", **{**PLAN, "child_view": " "})
    desk.do("prv", support, "plan", **PLAN)
    for name in ("sw", "prv", "far_sws"):
        with pytest.raises(NotAllowed):
            desk.do(name, support, "approve_plan")
    with refused("reason"):
        desk.do("sws", support, "return_plan")
    desk.do("sws", support, "return_plan", reason=REASON)
    with refused("No plan waits"):
        desk.do("sws", support, "approve_plan")
    desk.do("prv", support, "plan", **PLAN)
    assert desk.do("sws", support, "approve_plan") == "planned"
    assert "D-20e" not in desk.clocks(support)
    assert "D-20f" in desk.clocks(support)


def test_service_follows_an_approved_plan_and_is_written_down(desk):
    support = desk.planned()
    with pytest.raises(NotAllowed):
        desk.do("sws", support, "start_service")
    assert desk.do("prv", support, "start_service") == "in_service"
    desk.do("prv", support, "log_service", type="counselling", subtype="counselling_trauma",
            planned_from=in_days(0), status="implemented")
    desk.do("sw", support, "record_follow_up", kind="call", done_at=now(), safe="yes", wellbeing=4, next_at=in_days(7))
    first = desk.clocks(support)["D-20f"].id
    desk.do("sw", support, "review_plan", reason=REASON)
    assert desk.clocks(support)["D-20f"].id != first
    (given,) = desk.sees("prv", Service)
    assert (given.subtype, given.provider_agency_id) == ("counselling_trauma", desk.who["prv"].agency_id)

    def followed(db, _support):
        one = db.scalars(select(FollowUp)).one()
        return one.safe, one.wellbeing, one.next_on

    assert desk.look(support, followed) == ("yes", 4, in_days(7))
    assert desk.look(support).next_contact_on == in_days(7)


def test_services_and_follow_ups_are_for_who_works_with_the_child(desk):
    support = desk.in_service()
    desk.do("prv", support, "log_service", type="counselling", subtype="counselling_trauma",
            planned_from=in_days(0), status="implemented")
    desk.do("sw", support, "record_follow_up", kind="call", done_at=now(), safe="yes", text="Goes to school")
    for model in (Service, FollowUp):
        assert {name: len(desk.sees(name, model)) for name in PEOPLE} == {
            name: int(name in ("sw", "sws", "sws2", "prv")) for name in PEOPLE}
    # Without consent the provider sees no more of it, not even what it wrote itself.
    desk.do("sw", support, "withdraw_consent", withdrawn_scope=["share_provider"])
    assert desk.sees("prv", Service) == []


def test_a_follow_up_after_the_end_does_the_task_that_was_set_for_it(desk):
    support = desk.closing()
    desk.do("sws", support, "approve_closure")
    later = desk.look(support, lambda db, s: db.scalars(
        select(Task).where(Task.record_id == s.id, Task.title == "support_follow_up").order_by(Task.due_at)).all())
    assert [task.state for task in later] == ["open", "open"]
    with pytest.raises(NotAllowed):
        desk.do("prv", support, "record_follow_up", kind="call", done_at=now(), safe="yes")
    desk.do("sw", support, "record_follow_up", kind="visit", done_at=now(), safe="yes")
    states = desk.look(support, lambda db, s: [db.get_one(Task, task.id).state for task in later])
    assert states == ["done", "open"]
    assert desk.sees("sw", FollowUp)[0].due_on == in_days(30)


def test_a_pause_leads_back_to_where_it_began(desk):
    support = desk.planned()
    assert desk.do("sw", support, "suspend", reason=REASON, review_at=in_days(9)) == "suspended"
    with pytest.raises(NotAllowed):
        desk.do("prv", support, "resume", reason=REASON)
    assert desk.do("sw", support, "resume", reason=REASON) == "planned"


def test_nobody_approves_their_own_closure(desk):
    support = desk.in_service()
    desk.do("sw", support, "start_follow_up")
    with refused("Ask the child"):
        desk.do("prv", support, "request_closure", closure_reason="goals_met", closure_safety="yes", child_asked=False,
                court_steps="Done", follow_up_dates=[in_days(9)])
    ask = {"closure_reason": "goals_met", "closure_safety": "yes", "child_asked": True, "court_steps": "Done",
           "follow_up_dates": []}
    desk.do("prv", support, "request_closure", **ask)
    for name in ("sw", "prv"):
        with pytest.raises(NotAllowed):
            desk.do(name, support, "approve_closure")
    with refused("dates of the follow-up"):
        desk.do("sws", support, "approve_closure")
    assert desk.do("sws", support, "refuse_closure", reason=REASON) == "follow_up"


def test_a_transfer_makes_a_new_request_without_consent(desk):
    support = desk.named()
    with refused("with this agency"):
        desk.do("sws", support, "transfer", to_agency=str(desk.who["sw"].agency_id), reason=REASON)
    with pytest.raises(NotAllowed):
        desk.do("sw", support, "transfer", to_agency=str(desk.who["far"].agency_id), reason=REASON)
    assert desk.do("sws", support, "transfer", to_agency=str(desk.who["far"].agency_id), reason=REASON) == "transferred"
    assert desk.name_seen_by("prv") is None
    new = [one for one in desk.sees("far") if one.state == "draft"]
    assert len(new) == 1
    assert new[0].consent_support is False
    assert desk.look(new[0].id, lambda db, s: s.safe_contact) == "Through the school, before noon"
    assert desk.do("far", new[0].id, "take") == "draft"


def test_declining_leaves_the_door_open(desk):
    support = desk.explained()
    decline = {"declined_what": "All of it", "door_open_until": in_days(60), "safety_information": True}
    with pytest.raises(NotAllowed):
        desk.do("sws", support, "decline", **decline)
    assert desk.do("sw", support, "decline", **decline) == "declined"
    assert desk.look(support).status == "declined"
    assert set(desk.clocks(support)) == {"H-06"}
    assert desk.do("sw", support, "reopen", reason=REASON) == "consent_pending"
    assert desk.clocks(support) == {}
    assert desk.do("sw", support, "consent", **consent()) == "consent_pending"


def test_two_people_void(desk):
    support = desk.taken()
    with refused("Nobody has asked"):
        desk.do("sws", support, "void", reason=REASON, reason_code="wrong_person")
    desk.do("sws", support, "propose_void", reason=REASON, reason_code="wrong_person")
    with pytest.raises(NotAllowed):
        desk.do("sws", support, "void", reason=REASON, reason_code="wrong_person")
    assert desk.do("sws2", support, "void", reason=REASON, reason_code="wrong_person") == "voided"
    assert desk.look(support).voided_at is not None
    assert desk.clocks(support) == {}


def test_a_state_set_by_hand_is_refused(desk):
    support = desk.request()
    with pytest.raises(StateSetByHand), desk.database.work(unscoped=1) as db:
        db.get_one(SupportReferral, support).state = "closed"

"""Who learns what of the support of a child."""

import pytest
from sqlalchemy import select

from casework.authz.models import Grant
from casework.authz.scope import unscoped
from casework.cases import service as cases
from casework.cases.models import Case, Task
from casework.cases.tasks import OPEN
from casework.referrals.models import Referral
from casework.support import people, service
from casework.support.minimal import FIELDS
from casework.support.models import Assessment, Consent, SupportReferral, SupportSending
from casework.workflow import engine
from casework.workflow.engine import Refused
from casework.workflow.guard import engine_at_work
from casework.workflow.models import StateChange


def test_the_name_opens_with_acceptance_consent_and_a_named_worker_only(desk):
    support = desk.sent()
    assert desk.name_seen_by("prv") is None
    desk.answer("prv", support, "accept")
    assert desk.name_seen_by("prv") is None
    assert desk.sees("prv") == []
    desk.answer("prv", support, "name_worker", provider_worker=str(desk.who["prv2"].user_id))
    assert desk.name_seen_by("prv2") == "Childfamily"
    for name in ("prv", "other_prv"):
        assert desk.name_seen_by(name) is None
        assert desk.sees(name) == []
    desk.answer("prv", support, "name_worker", provider_worker=str(desk.who["prv"].user_id))
    assert desk.name_seen_by("prv") == "Childfamily"
    assert desk.name_seen_by("prv2") is None


def test_acceptance_without_consent_opens_nothing(desk):
    support = desk.sent()
    desk.do("sw", support, "withdraw_consent", withdrawn_scope=["share_provider"])
    desk.answer("prv", support, "accept")
    desk.answer("prv", support, "name_worker", provider_worker=str(desk.who["prv"].user_id))
    assert desk.name_seen_by("prv") is None
    assert desk.sees("prv") == []


def test_a_provider_is_sent_six_fields(desk):
    support = desk.sent()
    view = desk.look(support, lambda db, s: desk.sending(db, s).minimal_view)
    assert set(view) == set(FIELDS)
    assert (view["pseudonym"], view["sex"], view["district"]) == ("V-7K2M", "female", "12")
    assert "Child" not in str(view)
    seen = desk.sees("prv", SupportSending)
    assert len(seen) == 1
    assert desk.sees("other_prv", SupportSending) == []
    assert desk.sees("sw2", SupportSending) == []
    for name in ("inv", "psu", "pro", "hot"):
        assert desk.sees(name, SupportSending) == []


def test_the_view_stays_as_it_was_sent(desk):
    support = desk.sent()
    before = desk.look(support, lambda db, s: desk.sending(db, s).minimal_view)
    with desk.database.work(unscoped=1) as db:
        db.get_one(SupportReferral, support).level_of_risk = "high"
    assert desk.look(support, lambda db, s: desk.sending(db, s).minimal_view) == before


def test_police_see_the_short_answer_and_nothing_else(desk):
    desk.planned()
    for name in ("inv", "psu"):
        (record,) = desk.sees(name)
        assert (record.status, record.may_be_interviewed) == ("yes", "with_support_person")
        assert record.worker_id == desk.who["sw"].user_id
        for hidden in ("state", "urgency", "level_of_risk", "reason", "safe_contact", "child_view", "plan_goals",
                       "provider_agency_id", "services", "reject_reason", "child_id", "first_contact_result"):
            assert getattr(record, hidden) is None, (name, hidden)
        for consent in desk.sees(name, Consent):
            assert (consent.kind, consent.purposes, consent.given_by) == (None, None, None)
        for assessment in desk.sees(name, Assessment):
            assert (assessment.domains, assessment.child_view, assessment.safety_plan) == (None, None, None)


def test_who_asked_keeps_metadata_once_it_is_taken(desk):
    support = desk.request("hot")
    assert desk.sees("hot")[0].urgency == "high"
    desk.do("sw", support, "take")
    (record,) = desk.sees("hot")
    assert (record.urgency, record.status) == (None, "requested")


def test_another_social_worker_sees_nothing(desk):
    support = desk.request()
    assert len(desk.sees("sw2")) == 1
    assert desk.name_seen_by("sw2") is None
    assert desk.sees("far") == []
    desk.do("sw", support, "take")
    for name in ("sw2", "far", "far_sws", "pro", "aud"):
        assert desk.sees(name) == [], name
        assert desk.name_seen_by(name) is None
    with desk.database.work(readonly=True, unscoped=1) as db:
        assert db.get_one(Case, desk.case_id).support_agency_id == desk.who["sw"].agency_id


def test_support_keeps_a_log_of_its_own(desk):
    support = desk.taken()
    with desk.database.work(readonly=True, unscoped=1) as db:
        chains = set(db.scalars(select(StateChange.chain_id).where(StateChange.record_id == support)))
    assert chains == {support}


def test_an_accepted_referral_asks_for_support(desk):
    psu = desk.who["psu"]
    with desk.database.work(identity=psu) as db:
        with engine_at_work():
            referral = Referral(ref="R26-000001-A", agency_id=psu.agency_id, source="family", channel="phone",
                                immediate_danger="no", state="triage")
        db.add(referral)
        db.flush()
        wish = {"agency_id": str(desk.who["sw"].agency_id), "urgency": "high", "reason_code": "disclosure",
                "reason": None, "safe_contact": "Through the school", "child_id": desk.child_id,
                "case_id": desk.case_id}
        transition = engine.Transition("accept", ("triage",), "accepted", ("PSU",))
        change = StateChange(record_type="referral", record_id=referral.id, chain_id=referral.id, event="accept",
                             from_state="triage", to_state="accepted", role="PSU")
        event = engine.Transitioned(
            engine.Move(db, psu, referral, transition, {"support": wish}, referral.received_at, "triage"), change)
        service.on_referral_accepted(event)
        service.on_referral_accepted(event)
        with unscoped(db, "the test looks"):
            (made,) = db.scalars(select(SupportReferral))
        assert (made.referral_id, made.requested_by_id) == (referral.id, psu.agency_id)
        assert made.agency_id == desk.who["sw"].agency_id


def tasks_seen(desk, name: str) -> list[str]:
    with desk.database.work(readonly=True, identity=desk.who[name]) as db:
        return [task.rule or task.title for task in db.scalars(select(Task).where(Task.state.in_(OPEN)))]


def test_a_conflict_of_interest_shuts_the_tasks_of_support_too_and_asks_for_another_worker(desk):
    """These keep a log apart from the case's and do not name it."""
    support = desk.taken()
    with desk.database.work() as db:
        grants = db.scalars(select(Grant).where(Grant.principal_id == desk.who["sw"].user_id)).all()
    assert "D-20b" in tasks_seen(desk, "sw")
    with desk.database.work(unscoped=1) as db:
        cases.recuse(db, desk.who["sws"], desk.who["sw"].user_id, db.get_one(Case, desk.case_id))
    assert tasks_seen(desk, "sw") == []
    clocks = desk.clocks(support)
    assert {name: task.assignee_id for name, task in clocks.items()} == dict.fromkeys(clocks)
    assert (clocks["hand_over"].queue_agency_id, clocks["hand_over"].queue_role) == (desk.who["sws"].agency_id, "SWS")
    assert {"D-20b", "hand_over"} <= set(tasks_seen(desk, "sws"))
    desk.do("sws", support, "assign", worker=str(desk.who["sw2"].user_id))
    assert "hand_over" not in tasks_seen(desk, "sws"), "what was asked for was done"
    assert "hand_over" not in tasks_seen(desk, "sw2")
    with desk.database.work(readonly=True, unscoped=1) as db:
        assert grants
        assert all(db.get_one(Grant, grant.id).ended_at is not None for grant in grants)


def test_a_supervisor_with_a_conflict_sees_no_task_of_the_child(desk):
    desk.taken()
    assert len(tasks_seen(desk, "sws")) >= 1
    with desk.database.work(unscoped=1) as db:
        cases.recuse(db, None, desk.who["sws"].user_id, db.get_one(Case, desk.case_id))
    assert tasks_seen(desk, "sws") == []
    assert len(tasks_seen(desk, "sws2")) >= 1


def test_a_worker_of_a_provider_with_a_conflict_is_followed_by_another(desk):
    support = desk.named()
    with desk.database.work(unscoped=1) as db:
        cases.recuse(db, None, desk.who["prv"].user_id, db.get_one(Case, desk.case_id))
    assert desk.name_seen_by("prv") is None
    assert desk.clocks(support)["hand_over"].queue_agency_id == desk.who["prv"].agency_id
    desk.answer("prv2", support, "name_worker", provider_worker=str(desk.who["prv2"].user_id))
    assert "hand_over" not in desk.clocks(support)


def test_nobody_gives_the_child_to_who_has_a_conflict(desk):
    """Not to a social worker, nor to a worker of the provider; and consent opens nothing to the one named before."""
    support = desk.named()
    with desk.database.work(unscoped=1) as db:
        for name in ("sw2", "prv"):
            cases.recuse(db, None, desk.who[name].user_id, db.get_one(Case, desk.case_id))
    with pytest.raises(Refused, match="cannot take part"):
        desk.do("sws", support, "assign", worker=str(desk.who["sw2"].user_id))
    with pytest.raises(Refused, match="cannot take part"):
        desk.answer("prv2", support, "name_worker", provider_worker=str(desk.who["prv"].user_id))
    with desk.database.work(unscoped=1) as db:
        people.open_to_provider(db, None, db.get_one(SupportReferral, support))
        assert desk.who["prv"].user_id not in {grant.principal_id for grant in db.scalars(
            select(Grant).where(Grant.subject_id == support, Grant.ended_at.is_(None)))}

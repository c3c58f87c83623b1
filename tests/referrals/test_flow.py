"""Each arrow of a referral's flow: done by who may, refused to who may not, stopped by its guards."""

import datetime as dt

import pytest
from sqlalchemy import select

from casework.authz.scope import unscoped
from casework.cases.models import Case
from casework.db.refs import new_ref
from casework.people.models import Identifier, Person
from casework.referrals import effects, service
from casework.referrals.models import Referral
from casework.workflow import engine
from casework.workflow.engine import NotAllowed, Refused
from tests.referrals.conftest import FINDINGS

REASON = "Written down for the test (fictional)."


def refused(problem, field=None):
    """A Refused whose first problem is about `field`."""
    assert problem.value.problems, problem.value
    assert field is None or field in [p.field for p in problem.value.problems]


# ---- receiving

def test_a_report_starts_the_clock_of_triage(desk):
    referral = desk.receive()
    assert referral.state == "received"
    assert set(desk.clocks(referral)) == {"D-01"}
    task = desk.clocks(referral)["D-01"]
    assert (task.queue_role, task.queue_agency_id) == ("HOT", desk.who["hot"].agency_id)


def test_immediate_danger_has_a_clock_of_its_own(desk):
    referral = desk.receive(immediate_danger="yes")
    assert set(desk.clocks(referral)) == {"D-01", "D-02"}
    with desk.database.work(identity=desk.who["hot"]) as db:
        service.duty_officer_called(db, db.get_one(Referral, referral.id))
    assert set(desk.clocks(referral)) == {"D-01"}


@pytest.mark.parametrize(("changes", "field"), [
    ({"narrative": "short"}, "narrative"), ({"immediate_danger": None}, "immediate_danger"),
])
def test_a_report_without_substance_is_refused(desk, changes, field):
    with pytest.raises(Refused) as problem:
        desk.receive(**changes)
    refused(problem, field)


def test_a_report_from_the_future_is_refused(desk, at):
    with pytest.raises(Refused) as problem:
        desk.receive(received_at=at + dt.timedelta(hours=1))
    refused(problem, "received_at")


@pytest.mark.parametrize("name", ["inv", "psu", "sw", "pro", "prv", "aud"])
def test_only_the_hotline_takes_reports(desk, name):
    with pytest.raises(NotAllowed):
        desk.receive(name)


def test_the_reporter_is_kept_apart_from_the_facts(desk):
    referral = desk.receive(family_latin="Zzreporter", safe_contact="evenings, by telephone")
    with desk.database.work(readonly=True, identity=desk.who["hot"]) as db:
        assert [p.role for p in db.scalars(select(Person))] == ["reporter"]
    for name in ("other_hot", "inv", "psu", "sws", "pro"):
        with desk.database.work(readonly=True, identity=desk.who[name]) as db:
            assert db.scalars(select(Person)).all() == []
    assert not referral.reporter_anonymous


def test_addresses_become_identifiers_once_each(desk):
    referral = desk.receive(urls=["https://example.org/a?utm_source=x", "hxxps://example[.]org/a", "example.org/b"])
    with desk.database.work(readonly=True, identity=desk.who["hot"]) as db:
        found = db.scalars(select(Identifier).where(Identifier.referral_id == referral.id)).all()
        assert sorted(i.canonical for i in found) == ["example.org/a", "example.org/b"]


# ---- imports

def staged(desk, **changes):
    with desk.database.work() as db:
        record = Referral(ref=new_ref(db, Referral, "R", dt.date(2026, 1, 1)), agency_id=desk.who["psu"].agency_id,
                          source="ncmec", channel="api_import", external_ref="X-1", immediate_danger="no",
                          narrative="Imported report (fictional)", **changes)
        return engine.create(db, None, record, "stage")


def rule(desk, at, days=30):
    return {"name": "informational", "owner_id": desk.who["psu"].user_id, "review_on": at.date() + dt.timedelta(days)}


def test_an_import_waits_until_a_rule_sorts_it(desk, at):
    record = staged(desk)
    assert record.state == "staged"
    assert desk.clocks(record) == {}
    with pytest.raises(Refused):
        desk.do("psu", record, "receive")
    with pytest.raises(Refused):
        desk.do("psu", record, "archive_low", rule=rule(desk, at, days=-1))
    assert desk.do("psu", record, "receive", rule=rule(desk, at)).state == "received"


def test_an_import_may_be_archived_low(desk, at):
    assert desk.do(None, staged(desk), "archive_low", rule=rule(desk, at)).state == "archived_low"


def test_an_import_comes_once(desk):
    staged(desk)
    with pytest.raises(Refused) as problem:
        staged(desk)
    refused(problem, "external_ref")


# ---- triage

def test_one_person_works_on_it_at_a_time(desk):
    referral = desk.in_triage()
    assert referral.triage_by_id == desk.who["hot"].user_id
    with pytest.raises(Refused):
        desk.do("hot2", referral, "start_triage")
    with pytest.raises(Refused):
        desk.do("hot2", referral, "reject", reason_code="hoax", reason=REASON)
    desk.later(referral, minutes=31)
    assert desk.do("hot2", referral, "start_triage").triage_by_id == desk.who["hot2"].user_id


@pytest.mark.parametrize("name", ["other_hot", "inv", "psu", "sw", "sws", "pro"])
def test_triage_is_refused_to_others(desk, name):
    with pytest.raises(NotAllowed):
        desk.do(name, desk.receive(), "start_triage")


def test_an_investigator_works_on_what_the_supervisor_assigned(desk):
    referral = desk.forwarded()
    desk.do("psu", referral, "send_back", reason=REASON)
    referral = desk.forwarded()
    with desk.database.work(identity=desk.who["psu"]) as db:
        service.assign(db, desk.who["psu"], db.get_one(Referral, referral.id), desk.who["inv"].user_id)
    with desk.database.work(readonly=True, identity=desk.who["inv"]) as db:
        assert db.scalars(select(Referral.id)).all() == [referral.id]


def test_a_question_stops_the_clock_once(desk):
    referral = desk.in_triage()
    asked = desk.do("hot", referral, "ask", question="Which day was it, roughly?", channel_safe=True)
    assert asked.state == "needs_information"
    assert desk.clocks(referral)["D-01"].paused_at is not None
    answered = desk.do("hot", referral, "answered", answer="On a Monday.")
    assert answered.state == "triage"
    assert [m["who"] for m in answered.messages] == ["hotline", "reporter"]
    assert desk.clocks(referral)["D-01"].paused_at is None
    desk.do("hot", referral, "ask", question="And at which hour was it?", channel_safe=True)
    assert desk.clocks(referral)["D-01"].paused_at is None


@pytest.mark.parametrize(("data", "field"), [
    ({"question": "Short", "channel_safe": True}, "question"),
    ({"question": "A question that is long enough"}, "channel_safe"),
])
def test_a_question_needs_words_and_a_safe_way(desk, data, field):
    with pytest.raises(Refused) as problem:
        desk.do("hot", desk.in_triage(), "ask", **data)
    refused(problem, field)


# ---- accepting

def test_accepting_opens_a_case_that_takes_the_people_but_not_the_reporter(desk, case_data):
    referral = desk.in_triage(family_latin="Zzreporter", urls=["example.org/a"])
    done = desk.do("hot", referral, "accept", **{**case_data, "child_known": "yes"})
    assert (done.state, done.decision, done.accepted_as) == ("accepted", "accepted", "new_case")
    assert desk.clocks(referral) == {}
    with desk.database.work(readonly=True) as db, unscoped(db, "the test looks"):
        case = db.get_one(Case, done.case_id)
        assert (case.title, case.state, case.referral_agency_id) == ("River", "opened", desk.who["hot"].agency_id)
        assert case.conduct == ["grooming"]
        people = {p.role: p.case_id for p in db.scalars(select(Person))}
        assert people == {"reporter": None, "victim": case.id}
        assert [i.case_id for i in db.scalars(select(Identifier))] == [case.id]
    with desk.database.work(readonly=True, identity=desk.who["hot"]) as db:
        assert db.scalars(select(Case.id)).all() == [done.case_id]
    with desk.database.work(readonly=True, identity=desk.who["psu"]) as db:
        assert "reporter" not in [p.role for p in db.scalars(select(Person))]


def test_the_police_who_lead_the_case_read_what_it_came_from(desk, case_data):
    referral = desk.do("hot", desk.in_triage(), "accept", **case_data)
    for name, sees in (("psu", True), ("other_psu", False), ("inv", False), ("other_hot", False)):
        with desk.database.work(readonly=True, identity=desk.who[name]) as db:
            assert (db.scalars(select(Referral.id)).all() == [referral.id]) is sees, name


@pytest.mark.parametrize("missing", ["conduct", "risk_level", "jurisdiction", "child_known", "accept_as"])
def test_accepting_asks_for_everything(desk, case_data, missing):
    with pytest.raises(Refused) as problem:
        desk.do("hot", desk.in_triage(), "accept", **{**case_data, missing: None})
    refused(problem, missing)


def test_material_needs_a_label(desk, case_data):
    data = {**case_data, "conduct": ["csam_distribution"]}
    with pytest.raises(Refused) as problem:
        desk.do("hot", desk.in_triage(), "accept", **data)
    refused(problem, "label")
    assert desk.do("hot", desk.in_triage(), "accept", **data, label="baseline").state == "accepted"


@pytest.mark.parametrize(("changes", "field"), [
    ({"title": None}, "title"), ({"lead_agency_id": "sws"}, "lead_agency_id"), ({"accept_as": "existing_case"}, "case"),
    ({"accept_as": "support_only"}, "support_agency_id"),
    ({"support": {"agency_id": "psu", "urgency": "high"}}, "support_agency_id"),
    ({"support": {"agency_id": "sws"}}, "support_urgency"),
    ({"support": {"agency_id": "sws", "urgency": "high"}}, "support_safe_contact"),
])
def test_what_becomes_of_it_must_be_possible(desk, case_data, changes, field):
    def agency(value):
        return desk.who[value].agency_id if value in desk.who else value

    changes = {k: {n: agency(v) for n, v in value.items()} if isinstance(value, dict) else agency(value)
               for k, value in changes.items()}
    with pytest.raises(Refused) as problem:
        desk.do("hot", desk.in_triage(), "accept", **{**case_data, **changes})
    refused(problem, field)


def test_takedown_only_opens_nothing(desk):
    done = desk.do("hot", desk.in_triage(), "accept", **FINDINGS, accept_as="takedown_only")
    assert (done.state, done.case_id) == ("accepted", None)


def test_police_accept_what_was_forwarded(desk, case_data):
    referral = desk.forwarded()
    assert desk.do("psu", referral, "accept", **case_data).state == "accepted"
    with desk.database.work(readonly=True, identity=desk.who["hot"]) as db:
        assert db.get_one(Referral, referral.id).state == "accepted"


def test_a_case_is_linked_instead_of_opened(desk, case_data):
    first = desk.do("psu", desk.forwarded(), "accept", **case_data)
    second = desk.forwarded()
    with desk.database.work(identity=desk.who["psu"]) as db:
        case = db.get_one(Case, first.case_id)
        data = {**FINDINGS, "accept_as": "existing_case", "case": case.ref}
        engine.apply(db, desk.who["psu"], db.get_one(Referral, second.id), "accept", data)
    assert desk.get(second).case_id == first.case_id


@pytest.mark.parametrize("name", ["inv", "sw", "sws", "pro", "other_hot", "other_psu"])
def test_accepting_is_refused_to_others(desk, case_data, name):
    with pytest.raises(NotAllowed):
        desk.do(name, desk.in_triage(), "accept", **case_data)


def test_what_is_illegal_and_ours_goes_to_the_police_within_a_day(desk, case_data):
    referral = desk.in_triage()
    with desk.database.work(identity=desk.who["hot"]) as db:
        found = {"label": "baseline", "jurisdiction": ["host"], "conduct": ["csam_distribution"]}
        service.save_findings(db, desk.who["hot"], db.get_one(Referral, referral.id), found)
    assert set(desk.clocks(referral)) == {"D-01", "D-03"}
    desk.do("hot", referral, "forward", forwarded_to=desk.who["psu"].agency_id, forward_basis="competent_authority",
            seen=True)
    assert set(desk.clocks(referral)) == {"H-01"}
    desk.do("psu", referral, "send_back", reason=REASON)
    assert set(desk.clocks(referral)) == {"D-01", "D-03"}
    desk.do("hot", referral, "start_triage")
    desk.do("hot", referral, "accept", **{**case_data, **found})
    assert desk.clocks(referral) == {}


def test_what_has_no_link_to_cambodia_does_not_wait_for_the_police(desk):
    referral = desk.in_triage()
    with desk.database.work(identity=desk.who["hot"]) as db:
        found = {"label": "baseline", "jurisdiction": ["none"], "conduct": ["csam_distribution"]}
        service.save_findings(db, desk.who["hot"], db.get_one(Referral, referral.id), found)
    assert set(desk.clocks(referral)) == {"D-01"}


# ---- rejecting

def test_rejecting_needs_a_reason_and_stops_the_clock(desk):
    referral = desk.in_triage()
    with pytest.raises(Refused) as problem:
        desk.do("hot", referral, "reject", reason_code="hoax", reason="short")
    refused(problem, "reason")
    assert desk.do("hot", referral, "reject", reason_code="hoax", reason=REASON).state == "rejected"
    assert desk.clocks(referral) == {}


@pytest.mark.parametrize(("lot", "drawn"), [(0, True), (1, False), (9, False)])
def test_one_rejection_in_ten_is_reviewed(desk, monkeypatch, lot, drawn):
    monkeypatch.setattr(effects.secrets, "randbelow", lambda n: lot if n == 10 else 0)
    referral = desk.do("hot", desk.in_triage(), "reject", reason_code="hoax", reason=REASON)
    assert referral.second_review is drawn


def test_the_sample_is_closed_only_after_somebody_else_looked(desk, monkeypatch):
    referral = desk.do("hot", desk.in_triage(), "reject", reason_code="hoax", reason=REASON)
    with desk.database.work() as db, unscoped(db, "the test draws the lot"):
        db.get_one(Referral, referral.id).second_review = True
    with pytest.raises(Refused):
        desk.do("hot", referral, "close", feedback="not_possible")
    with pytest.raises(NotAllowed):
        desk.do("hot", referral, "second_review", reason=REASON)
    desk.do("hot2", referral, "second_review", reason=REASON)
    assert desk.do("hot", referral, "close", feedback="not_possible").state == "closed"


def test_what_the_sample_did_not_draw_is_not_reviewed(desk, monkeypatch):
    referral = desk.do("hot", desk.in_triage(), "reject", reason_code="hoax", reason=REASON)
    with desk.database.work() as db, unscoped(db, "the test draws the lot"):
        db.get_one(Referral, referral.id).second_review = False
    with pytest.raises(Refused):
        desk.do("hot2", referral, "second_review", reason=REASON)


# ---- merging

def test_merged_reports_count_once_and_from_the_earlier(desk):
    first, second = desk.in_triage(), desk.in_triage()
    desk.later(second, hours=5)
    earliest = desk.get(second).received_at
    with desk.database.work(identity=desk.who["hot"]) as db:
        engine.apply(db, desk.who["hot"], db.get_one(Referral, second.id), "merge",
                     {"merged_into": first.ref, "reason_code": "same_content", "reason": REASON})
    assert desk.get(second).state == "merged"
    assert desk.get(second).merged_into_id == first.id
    assert desk.get(first).received_at == earliest
    assert desk.get(first).state == "triage"


@pytest.mark.parametrize("other", ["none", "itself"])
def test_merging_needs_another_report(desk, other):
    referral = desk.in_triage()
    with pytest.raises(Refused) as problem:
        desk.do("hot", referral, "merge", merged_into=None if other == "none" else referral.ref,
                reason_code="same_content", reason=REASON)
    refused(problem, "merged_into")


# ---- forwarding

def test_forwarding_freezes_what_was_sent_and_asks_for_an_answer(desk):
    referral = desk.forwarded(family_latin="Zzreporter", safe_contact="Zzcontact", urls=["example.org/secret"])
    view = referral.minimal_view
    assert view["narrative"].startswith("Somebody")
    assert "Zz" not in str(view)
    assert [p["role"] for p in view.get("people", [])] == []
    clocks = desk.clocks(referral)
    assert set(clocks) == {"H-01"}
    assert (clocks["H-01"].queue_role, clocks["H-01"].queue_agency_id) == ("PSU", desk.who["psu"].agency_id)
    assert referral.forwarded_to_police_at is not None


def test_what_the_reporter_wrote_stays_with_the_hotline(desk):
    referral = desk.in_triage()
    desk.do("hot", referral, "ask", question="On which day did it begin?", channel_safe=True)
    desk.do("hot", referral, "answered", answer="Zzanswer, I am the aunt (fictional).")
    with desk.database.work(identity=desk.who["hot"]) as db:
        record = db.get_one(Referral, referral.id)
        service.save_findings(db, desk.who["hot"], record, {"facts_added": "It began on a Monday."})
    view = desk.do("hot", referral, "forward", forwarded_to=desk.who["psu"].agency_id, seen=True,
                   forward_basis="competent_authority").minimal_view
    assert view["facts_added"] == "It began on a Monday."
    assert "Zzanswer" not in str(view)


def test_a_reporter_who_agreed_is_named_to_the_recipient(desk):
    referral = desk.in_triage(family_latin="Zzreporter", safe_contact="Zzcontact", may_be_named=True)
    data = {"forwarded_to": desk.who["psu"].agency_id, "forward_basis": "consent", "seen": True}
    sent = desk.do("hot", referral, "forward", **data, share_reporter=True).minimal_view["reporter"]
    assert sent == {"name": "Zzreporter", "contact": "Zzcontact"}


@pytest.mark.parametrize(("changes", "field"), [
    ({"forwarded_to": None}, "forwarded_to"), ({"forward_basis": None}, "forward_basis"), ({"seen": False}, "seen"),
    ({"share_reporter": True}, "share_reporter"), ({"forwarded_to": "own"}, "forwarded_to"),
    ({"forwarded_to": "court"}, "forwarded_to"),
])
def test_forwarding_is_guarded(desk, changes, field):
    data = {"forwarded_to": desk.who["psu"].agency_id, "forward_basis": "competent_authority", "seen": True}
    data.update(changes)
    data["forwarded_to"] = {"own": desk.who["hot"].agency_id, "court": desk.who["pro"].agency_id}.get(
        data["forwarded_to"], data["forwarded_to"])
    with pytest.raises(Refused) as problem:
        desk.do("hot", desk.in_triage(), "forward", **data)
    refused(problem, field)


def test_the_recipient_acknowledges(desk):
    referral = desk.forwarded()
    assert desk.do("psu", referral, "acknowledge").acknowledged_at is not None
    assert desk.clocks(referral) == {}
    assert desk.get(referral).state == "forwarded"


def test_silence_brings_it_back(desk):
    referral, heard = desk.forwarded(), desk.forwarded()
    desk.do("psu", heard, "acknowledge")
    with desk.database.work() as db:
        assert service.return_unacknowledged(db) == []
    for one in (referral, heard):
        desk.later(one, hours=25)
    with desk.database.work() as db:
        assert [r.id for r in service.return_unacknowledged(db)] == [referral.id]
    back = desk.get(referral)
    assert (back.state, back.forwarded_to_id, back.forwarded_to_police_at) == ("triage", None, None)
    assert set(desk.clocks(referral)) == {"D-01"}
    assert desk.get(heard).state == "forwarded"
    with desk.database.work(readonly=True, identity=desk.who["psu"]) as db:
        assert db.scalars(select(Referral.id)).all() == [heard.id]


def test_the_recipient_may_send_it_back_or_reject_it(desk):
    with pytest.raises(Refused) as problem:
        desk.do("psu", desk.forwarded(), "send_back")
    refused(problem, "reason")
    assert desk.do("psu", desk.forwarded(), "send_back", reason=REASON).state == "triage"
    assert desk.do("psu", desk.forwarded(), "reject", reason_code="not_illegal", reason=REASON).state == "rejected"


@pytest.mark.parametrize("event", ["acknowledge", "accept", "reject", "send_back"])
@pytest.mark.parametrize("name", ["hot", "other_psu", "inv", "sw", "pro"])
def test_nobody_but_the_recipient_answers(desk, case_data, name, event):
    data = {**case_data, "reason": REASON, "reason_code": "hoax"}
    with pytest.raises(NotAllowed):
        desk.do(name, desk.forwarded(), event, **data)


def test_social_services_take_up_support_only(desk, case_data):
    support = {"agency_id": desk.who["sws"].agency_id, "urgency": "high", "safe_contact": "at school"}
    referral = desk.forwarded(to="sws")
    with pytest.raises(Refused) as problem:
        desk.do("sws", referral, "accept", **case_data)
    refused(problem, "accept_as")
    data = {**FINDINGS, "accept_as": "support_only", "support": support}
    assert desk.do("sws", referral, "accept", **data).state == "accepted"


# ---- the end

@pytest.mark.parametrize(("data", "field"), [
    ({}, "feedback"), ({"feedback": "given"}, "answer"),
])
def test_closing_needs_an_answer_to_the_reporter(desk, data, field):
    referral = desk.do("hot", desk.in_triage(), "accept", **FINDINGS, accept_as="takedown_only")
    with pytest.raises(Refused) as problem:
        desk.do("hot", referral, "close", **data)
    refused(problem, field)


def test_closed_reports_open_again_for_new_information(desk):
    referral = desk.do("hot", desk.in_triage(), "accept", **FINDINGS, accept_as="takedown_only")
    closed = desk.do("hot", referral, "close", feedback="given", answer="Thank you, it was looked into.")
    assert closed.messages[-1]["who"] == "hotline"
    for name in ("hot", "inv"):
        with pytest.raises(NotAllowed):
            desk.do(name, referral, "reopen", reason=REASON)
    with pytest.raises(Refused):
        desk.do("hot_psu", referral, "reopen", reason="short")
    assert desk.do("hot_psu", referral, "reopen", reason=REASON).state == "triage"


def test_voiding_takes_two(desk):
    referral = desk.in_triage()
    with pytest.raises(Refused):
        desk.do("hot", referral, "void", reason_code="duplicate", reason=REASON)
    desk.do("hot", referral, "propose_void", reason_code="duplicate", reason=REASON)
    with pytest.raises(NotAllowed):
        desk.do("hot", referral, "void", reason_code="duplicate", reason=REASON)
    done = desk.do("hot_psu", referral, "void", reason_code="duplicate", reason=REASON)
    assert (done.state, done.voided_at is not None) == ("voided", True)
    assert desk.clocks(referral) == {}

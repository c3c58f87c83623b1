"""Consent by age and purpose, who may never give it, withdrawal at once, and the override of two people."""

import datetime as dt

import pytest
from sqlalchemy import select

from casework.cases.models import Task
from casework.db.base import now
from casework.reference.table import BadTable
from casework.support import ages
from casework.support.consenting import close_what_ran_out
from casework.support.models import Consent
from casework.workflow.engine import NotAllowed, Refused
from tests.support_referrals.desk import REASON, SERVICES, Desk, assessment, consent, consents_of, in_days


def refused(message: str):
    return pytest.raises(Refused, match=message)


@pytest.mark.parametrize(("dob", "kinds"), [
    ("2024-05-01", ("caregiver_consent",)), ("2017-05-01", ("caregiver_consent", "assent")),
    ("2010-01-01", ("consent",)), (None, ("caregiver_consent", "assent")),
])
@pytest.mark.one_engine
def test_the_age_says_whose_word_it_takes(database, dob, kinds):
    from tests.support import matrix
    matrix.use_file()
    desk = Desk.build(database, dob)
    support = desk.explained()
    for number, kind in enumerate(kinds, 1):
        assert desk.look(support).consent_support is False
        desk.do("sw", support, "consent", **consent(kind))
        assert desk.look(support).consent_support is (number == len(kinds))


@pytest.mark.one_engine
def test_an_older_child_assents_in_writing(database):
    from tests.support import matrix
    matrix.use_file()
    desk = Desk.build(database, str(in_days(-13 * 366)))
    support = desk.explained()
    desk.do("sw", support, "consent", **consent())
    desk.do("sw", support, "consent", **consent("assent", form="oral_witnessed"))
    assert desk.look(support).consent_support is False
    desk.do("sw", support, "consent", **consent("assent", form="thumbprint"))
    assert desk.look(support).consent_support is True


def test_each_purpose_stands_alone(desk):
    support = desk.explained()
    desk.do("sw", support, "consent", **consent(purposes=["support", "share_police"]))
    desk.do("sw", support, "consent", **consent("assent", purposes=["support", "share_provider"]))
    found = desk.look(support)
    assert (found.consent_support, found.consent_provider, found.consent_police) == (True, False, False)
    with pytest.raises(NotAllowed):
        desk.do("sws", support, "consent", **consent())
    with pytest.raises(NotAllowed):
        desk.do("sw2", support, "consent", **consent())


def test_what_has_ended_counts_no_longer(desk):
    support = desk.explained()
    desk.do("sw", support, "consent", **consent(valid_to=in_days(-2)))
    desk.do("sw", support, "consent", **consent("assent"))
    assert desk.look(support).consent_support is False


def test_a_suspect_never_consents(desk):
    suspect = desk.add_person("suspect", family_latin="Suspectfamily", given_latin="Suspectgiven",
                              is_caregiver=True, relation_to_victim="primary_caregiver")
    linked = desk.add_person("caregiver", family_latin="Another", same_as_id=suspect)
    support = desk.explained()
    with refused("cannot consent"):
        desk.do("sw", support, "consent", **consent(given_by_person=str(suspect)))
    with refused("cannot consent"):
        desk.do("sw", support, "consent", **consent(given_by_person=str(linked)))
    with refused("cannot consent"):
        desk.do("sw", support, "consent", **consent(given_by="suspectgiven SUSPECTFAMILY"))
    with refused("cannot consent"):
        desk.do("sw", support, "consent", **consent(relation="primary_caregiver"))
    assert desk.look(support, lambda db, s: consents_of(db, s)) == []
    other = desk.add_person("caregiver", family_latin="Aunt")
    desk.do("sw", support, "consent", **consent(given_by_person=str(other)))
    assert len(desk.look(support, consents_of)) == 1


def test_an_override_takes_two_people(desk):
    support = desk.explained()
    ask = {"override_reason": "caregiver_implicated", "reason": REASON}
    with refused("Nobody has asked"):
        desk.do("sws", support, "approve_override", reason=REASON)
    with refused("reason"):
        desk.do("sw", support, "override", **{**ask, "reason": "short"})
    desk.do("sw", support, "override", **ask)
    assert desk.look(support).consent_support is False
    with refused("already"):
        desk.do("sw", support, "override", **ask)
    for name in ("sw", "far_sws"):
        with pytest.raises(NotAllowed):
            desk.do(name, support, "approve_override", reason=REASON)
    desk.do("sws", support, "refuse_override", reason=REASON)
    assert desk.look(support).consent_support is False
    desk.do("sw", support, "override", **ask)
    desk.do("sws", support, "approve_override", reason=REASON)
    found = desk.look(support)
    assert (found.consent_support, found.consent_provider, found.consent_police) == (True, True, False)


def test_withdrawal_works_at_once(desk):
    support = desk.named()
    assert desk.name_seen_by("prv") == "Childfamily"
    with refused("no consent to this"):
        desk.do("sw", support, "withdraw_consent", withdrawn_scope=["interview"])
    with pytest.raises(NotAllowed):
        desk.do("sws", support, "withdraw_consent", withdrawn_scope=["share_provider"])
    desk.do("sw", support, "withdraw_consent", withdrawn_scope=["share_provider", "share_police"])
    assert desk.name_seen_by("prv") is None
    assert desk.sees("prv") == []
    assert desk.sees("prv", Consent) == []
    # The recipients are told: the provider on what it was sent, the police on their case.
    sending = desk.look(support, lambda db, s: desk.sending(db, s).id)
    assert desk.clocks(sending)["consent_withdrawn"].assignee_id == desk.who["prv"].user_id
    assert desk.clocks(desk.case_id)["consent_withdrawn"].queue_role == "INV"
    # Given again, it opens again, to the same worker.
    desk.do("sw", support, "consent", **consent())
    desk.do("sw", support, "consent", **consent("assent"))
    assert desk.name_seen_by("prv") == "Childfamily"


def test_the_guidance_is_read_from_a_file_and_checked(tmp_path):
    (tmp_path / "consent-ages.csv").write_text("low,high,kinds,written\n0,,nobody,no\n", encoding="utf-8")
    with pytest.raises(BadTable, match="kinds"):
        ages.load(tmp_path)


def later(desk, days: int) -> None:
    """The periodic work of a day to come."""
    with desk.database.work() as db:
        close_what_ran_out(db, now() + dt.timedelta(days=days))


def test_what_rested_on_a_consent_ends_with_it(desk):
    support = desk.explained()
    desk.do("sw", support, "consent", **consent(valid_to=in_days(10), purposes=["support", "share_provider",
                                                                                "share_police"]))
    desk.do("sw", support, "consent", **consent("assent"))
    desk.do("sw", support, "assess", **assessment())
    desk.do("sw", support, "send", services=SERVICES, provider_agency=str(desk.who["prv"].agency_id))
    desk.answer("prv", support, "accept")
    desk.answer("prv2", support, "name_worker", provider_worker=str(desk.who["prv"].user_id))
    # The last day still counts.
    later(desk, 10)
    assert desk.name_seen_by("prv") == "Childfamily"
    assert desk.look(support).consent_support is True
    later(desk, 12)
    found = desk.look(support)
    assert (found.consent_support, found.consent_provider, found.consent_police) == (False, False, False)
    assert desk.name_seen_by("prv") is None
    assert desk.sees("prv") == []
    sending = desk.look(support, lambda db, s: desk.sending(db, s).id)
    assert desk.clocks(sending)["consent_ran_out"].assignee_id == desk.who["prv"].user_id
    assert desk.clocks(desk.case_id)["consent_ran_out"].queue_role == "INV"
    assert desk.clocks(support)["ask_consent_again"].assignee_id == desk.who["sw"].user_id
    assert [c.ended_at is not None for c in desk.look(support, consents_of)] == [True, False]

    def told(db, _support):
        return len(db.scalars(select(Task).where(Task.title == "consent_ran_out")).all())

    assert desk.look(support, told) == 2
    later(desk, 12)
    assert desk.look(support, told) == 2
    with pytest.raises(NotAllowed):
        desk.do("sw", support, "consent_ran_out", at=now())


def test_a_newer_consent_stands_for_the_one_that_ended(desk):
    support = desk.explained()
    desk.do("sw", support, "consent", **consent(valid_to=in_days(10)))
    desk.do("sw", support, "consent", **consent())
    desk.do("sw", support, "consent", **consent("assent"))
    later(desk, 12)
    assert desk.look(support).consent_provider is True
    assert "ask_consent_again" not in desk.clocks(support)


def test_what_was_over_when_written_down_tells_nobody(desk):
    support = desk.explained()
    desk.do("sw", support, "consent", **consent(valid_to=in_days(-2)))
    desk.do("sw", support, "consent", **consent("assent"))
    later(desk, 0)
    assert "consent_ran_out" not in desk.clocks(desk.case_id)
    assert desk.look(support, consents_of)[0].ended_at is not None

"""Two at once, and any order of acts: one handover is accepted once, and an item always has exactly one holder."""

import contextlib
import threading

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy.orm.exc import StaleDataError

from casework.evidence import workflow
from casework.evidence.chain import links, verify_chain
from casework.evidence.models import EvidenceItem
from casework.workflow import engine
from casework.workflow.engine import NotAllowed, Refused


def test_two_acceptances_of_one_release_never_both_succeed(desk):
    item = desk.record("inv")
    desk.seal("inv", item)
    desk.release("inv", item, "store")
    start, outcomes = threading.Barrier(2), []

    def accept() -> None:
        identity = desk.world.who["store"]
        start.wait()
        try:
            with desk.database.work(identity=identity) as db:
                found = db.get_one(EvidenceItem, item)
                engine.apply(db, identity, found, "accept", {"seal_before": "SEAL-001", "condition": "intact"})
            outcomes.append("accepted")
        except (Refused, StaleDataError) as problem:
            outcomes.append(type(problem).__name__)

    threads = [threading.Thread(target=accept) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes)[1] == "accepted"
    assert len(outcomes) == 2
    assert outcomes.count("accepted") == 1
    assert desk.look(item, lambda db, i: [e.type for e in links(db, i)].count("received")) == 1
    assert desk.look(item, verify_chain_of) == []


def verify_chain_of(db, item):
    return verify_chain(db, item)


@pytest.mark.one_engine("postgresql")  # on SQLite the second writer cannot even begin before the first is done
def test_acceptance_and_withdrawal_never_both_succeed(desk):
    """The second finds the record moved on, in a session that had read it before."""
    item = desk.record("inv")
    desk.seal("inv", item)
    desk.release("inv", item, "store")
    inv, store = desk.world.who["inv"], desk.world.who["store"]

    def withdraw_too_late() -> None:
        with desk.database.work(identity=inv) as late:
            found = late.get_one(EvidenceItem, item)
            with desk.database.work(identity=store) as db:
                engine.apply(db, store, db.get_one(EvidenceItem, item), "accept",
                             {"seal_before": "SEAL-001", "condition": "intact"})
            engine.apply(late, inv, found, "withdraw", {"reason": "I take it back after all"})

    with pytest.raises(StaleDataError):
        withdraw_too_late()
    assert desk.look(item, lambda db, i: (i.state, i.holder_id)) == ("in_storage", store.user_id)


def test_custody_by_any_order_of_acts(desk):
    """Whatever people try, in whatever order: one holder, an unbroken chain, and no two see themselves as holder."""
    item = desk.record("inv")

    class Custody(RuleBasedStateMachine):
        def __init__(self) -> None:
            super().__init__()
            self.seal = desk.look(item, lambda db, i: i.seal)

        def attempt(self, name: str, event: str, **data) -> None:
            with contextlib.suppress(Refused, NotAllowed):
                desk.do(name, item, event, **data)

        @precondition(lambda self: self.seal is None)
        @rule()
        def put_seal(self) -> None:
            self.seal = "SEAL-001"
            desk.seal("inv", item)

        @rule(name=st.sampled_from(["inv", "exam", "store"]), to=st.sampled_from(["store", "exam", "inv2", "store2"]),
              purpose=st.sampled_from(["storage", "examination", "court"]))
        def release(self, name: str, to: str, purpose: str) -> None:
            extra = {"outsider": "Registrar (fictional)", "receipt": "R-1"} if purpose == "court" else {}
            self.attempt(name, "release", receiver=desk.world.membership[to], purpose=purpose, **extra)

        @rule(name=st.sampled_from(["exam", "store", "store2"]), right=st.sampled_from([True, True, False]),
              event=st.sampled_from(["accept", "take_back"]))
        def take(self, name: str, right: bool, event: str) -> None:
            self.attempt(name, event, seal_before=self.seal if right else "WRONG", condition="intact")

        @rule(name=st.sampled_from(["inv", "exam", "store", "store2"]), event=st.sampled_from(["refuse", "withdraw"]))
        def call_off(self, name: str, event: str) -> None:
            self.attempt(name, event, reason="Called off by the test")

        @rule(name=st.sampled_from(["inv", "psu", "store"]))
        def report(self, name: str) -> None:
            self.attempt(name, "report_discrepancy", kind="other", discrepancy="Something is not as it was")

        @rule(name=st.sampled_from(["psu", "store"]),
              event=st.sampled_from(["propose_resolution", "resolve_discrepancy"]))
        def resolve(self, name: str, event: str) -> None:
            self.attempt(name, event, reason="Both have looked at it")

        @invariant()
        def one_holder(self) -> None:
            state, holder, outside, found = desk.look(item, lambda db, i: (
                i.state, i.holder_id, i.holder_name, verify_chain(db, i)))
            assert found == []
            assert state in workflow.OPEN
            assert (holder is None) != (outside is None)

    run_state_machine_as_test(Custody, settings=settings(
        max_examples=4, stateful_step_count=12, deadline=None, database=None,
        suppress_health_check=list(HealthCheck)))

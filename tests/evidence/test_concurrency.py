"""Two at once: one handover is accepted once. Any order of acts is the matter of test_custody_machine."""

import threading

import pytest
from sqlalchemy.orm.exc import StaleDataError

from casework.evidence.chain import links, verify_chain
from casework.evidence.models import EvidenceItem
from casework.workflow import engine
from casework.workflow.engine import Refused


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

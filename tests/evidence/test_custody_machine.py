"""Whatever several people do with several items, in whatever order and also at once: each item has exactly one holder,
no chain has a gap that nobody notices, and of two acceptances of one release one fails."""

import itertools
import random
import threading
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm.exc import StaleDataError

from casework.db.base import now
from casework.evidence import service, workflow
from casework.evidence.chain import append, links, verify_chain
from casework.evidence.models import CustodyEvent, EvidenceItem
from casework.workflow.engine import NotAllowed, Refused
from tests.evidence.world import SHA, digital_data

ITEMS = 3
PLACES, SEEDS = st.integers(0, ITEMS - 1), st.integers(0, 2**32)
WORDS = {"reason": "Both have looked at it", "discrepancy": "Something is not as it was", "kind": "other"}
TO_COURT = {"purpose": "court", "outsider": "Registrar (fictional)", "receipt": "R-1", "authority": "Order 1"}
# What the program may answer to somebody who comes second.
OVERTAKEN = (Refused, NotAllowed, StaleDataError, IntegrityError, OperationalError)


def acts() -> list[tuple[str, str, dict[str, Any]]]:
    """(who, event, data): everything that people may try."""
    found = [("inv", "release", {"to": to, "purpose": "storage"}) for to in ("store", "store2")]
    for store, other in (("store", "store2"), ("store2", "store")):
        found += [(store, "release", {"to": to, "purpose": "examination"}) for to in ("exam", "exam2")]
        found += [(store, "release", {"to": other, "purpose": "storage"}), (store, "release", TO_COURT),
                  (store, "take_back", {"right": True}), (store, "take_back", {"right": False}), (store, "move", {})]
    for exam in ("exam", "exam2"):
        found += [(exam, "release", {"to": "store", "purpose": "storage"}), (exam, "open_seal", WORDS),
                  (exam, "reseal", {})]
        found += [(exam, "examine", {"hash_value": value}) for value in (SHA, "b" * 64)]
    for receiver in ("store", "store2", "exam", "exam2"):
        found += [(receiver, "accept", {"right": True})] * 3
        found += [(receiver, "accept", {"right": False}), (receiver, "refuse", WORDS)]
    found += [(who, "withdraw", WORDS) for who in ("inv", "store", "exam")]
    found += [(who, "report_discrepancy", WORDS) for who in ("psu", "store", "pro")]
    for event in ("propose_resolution", "resolve_discrepancy"):
        found += [(who, event, WORDS) for who in ("psu", "store")] * 4
    found += [("inv", "correct", {"seq": 1, "remark": "The place was the kitchen"})]
    for kind in ("destroyed", "retained"):
        found.append(("pro", "order_disposition", {"disposition": kind, "authority": "J-1"}))
    found += [("store", "carry_out", {}), ("psu", "confirm_disposition", {}), ("pro", "confirm_disposition", {})] * 2
    return found


ACTS = acts()


def by_hand(events) -> tuple[Any, list[str]]:
    """Who has the object after these events, and every gap: written again here, as a clerk would follow the paper."""
    holder, asked, gaps = None, None, []
    for event in events:
        gives = event.type in ("released", "received", "to_court", "returned", "destroyed", "forfeited", "retained")
        if gives and event.released_by_id != holder:
            gaps.append(f"{event.seq}: who gives it never had it")
        if event.type == "received" and (asked is None or event.received_by_id != asked):
            gaps.append(f"{event.seq}: nobody asked this person to take it")
        if event.type == "from_court" and event.outsider != holder:
            gaps.append(f"{event.seq}: it was not at the court")
        if event.type == "released":
            if asked is not None:
                gaps.append(f"{event.seq}: it was released already")
            asked = event.received_by_id
        elif event.type in ("received", "refused", "withdrawn", "discrepancy"):
            asked = None
        if event.type in ("seized", "received", "from_court"):
            holder = event.received_by_id
        elif event.type in ("to_court", "returned", "destroyed", "forfeited"):
            holder = event.outsider
    return holder, gaps


@pytest.fixture
def submitted(desk):
    """The desk, with the file at the prosecution: the prosecutor reads the items."""
    with desk.database.work(unscoped=1) as db:
        desk.world.case(db).submitted_at = now()
    return desk


def test_custody_holds_whatever_people_do(submitted):
    desk, seals = submitted, (f"SEAL-{number:04}" for number in itertools.count(1))

    class Custody(RuleBasedStateMachine):
        def __init__(self) -> None:
            super().__init__()
            self.gapped: set = set()
            inv = desk.world.who["inv"]
            with desk.database.work(identity=inv) as db:
                case = desk.world.case(db)
                self.items = [
                    service.record_item(db, inv, case, digital_data(seal=next(seals), seal_witnesses=["A", "B"])).id
                    for _number in range(ITEMS)
                ]

        def chosen(self, item, seed: int, count: int) -> list[tuple]:
            """Acts that make sense in the state the item is in; mostly by who has it or is asked to take it."""
            state, near = desk.look(item, lambda db, i: (i.state, {i.holder_id, i.receiver_id}))
            able = [one for one in ACTS if any(state in t.sources for t in workflow.FLOW.by_event(one[1]))]
            likely = [one for one in able if desk.world.who[one[0]].user_id in near or state == "discrepancy"]
            dice = random.Random(seed)
            pools = [likely if likely and dice.random() < 0.8 else able for _number in range(count)]
            return [dice.choice(pool) for pool in pools if pool]

        def attempt(self, item, who: str, event: str, data: dict, outcomes: list, start=None) -> None:
            """One act in a transaction of its own, by somebody who looked at the item before."""
            seal = desk.look(item, lambda db, i: i.seal)
            data = {**data, **self.rest(event, data, seal)}
            if start is not None:
                start.wait()
            try:
                desk.do(who, item, event, **data)
                outcomes.append((event, True))
            except OVERTAKEN:
                outcomes.append((event, False))

        def rest(self, event: str, data: dict, seal: str) -> dict:
            moment = {"tool": "Imager 2.0", "write_blocker": True, "started_at": now(), "ended_at": now()}
            return {
                "release": {"receiver": desk.world.membership.get(data.get("to")), "place": "Counter"},
                "accept": {"seal_before": seal if data.get("right") else "WRONG", "condition": "intact",
                           "location": "Room 1/Shelf 2"},
                "take_back": {"seal_before": seal if data.get("right") else "WRONG", "condition": "intact"},
                "move": {"location": "Room 1 / Shelf 3"},
                "reseal": {"seal": next(seals) if event == "reseal" else "", "seal_witnesses": ["A", "B"]},
                "examine": {"event": "hash_verified", **moment},
                "carry_out": {"witness": str(desk.world.who["psu"].user_id), "place": "Store"},
            }.get(event, {})

        @rule(place=PLACES, seed=SEEDS)
        def one_after_another(self, place: int, seed: int) -> None:
            item = self.items[place]
            for number in range(4):
                for one in self.chosen(item, seed + number, 1):
                    self.attempt(item, *one, outcomes=[])

        @rule(place=PLACES, seed=SEEDS, count=st.integers(2, 3))
        def several_at_once(self, place: int, seed: int, count: int) -> None:
            chosen = self.chosen(self.items[place], seed, count)
            if chosen:
                self.at_once(self.items[place], chosen)

        @rule(place=PLACES)
        def accepted_twice_at_once(self, place: int) -> None:
            item = self.items[place]
            state, receiver = desk.look(item, lambda db, i: (i.state, i.receiver_id))
            if state == "in_transit":
                who = next(name for name, identity in desk.world.who.items() if identity.user_id == receiver)
                outcomes = self.at_once(item, [(who, "accept", {"right": True})] * 2)
                assert outcomes.count(("accept", True)) == 1

        def at_once(self, item, chosen: list[tuple]) -> list:
            start, outcomes = threading.Barrier(len(chosen)), []
            threads = [
                threading.Thread(target=self.attempt, args=(item, *one, outcomes, start)) for one in chosen
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert len(outcomes) == len(chosen), "somebody got an answer that the program does not give"
            return outcomes

        @rule(place=PLACES, chance=st.integers(0, 9))
        def a_gap_comes_into_a_chain(self, place: int, chance: int) -> None:
            """Somebody writes past the program: it is noticed, and the item is frozen by itself."""
            item = self.items[place]
            if chance != 7 or item in self.gapped:
                return
            with desk.database.work(unscoped=1) as db:
                found = db.get_one(EvidenceItem, item)
                if found.state not in workflow.WORKING:
                    return
                append(db, desk.world.who["store"], found, "to_court", outsider="Nobody (fictional)",
                       released_by_id=desk.world.who["sw"].user_id)
            self.gapped.add(item)
            assert desk.look(item, verify_chain)
            with desk.database.work() as db:
                service.open_discrepancies(db, now())
            assert desk.look(item, lambda db, i: (i.state, i.discrepancy_kind)) == ("discrepancy", "chain")

        @invariant()
        def custody_holds(self) -> None:
            for item in self.items:
                state, person, outside, problems, events = desk.look(item, lambda db, i: (
                    i.state, i.holder_id, i.holder_name, verify_chain(db, i), links(db, i)))
                holder, gaps = by_hand(events)
                assert bool(gaps) <= bool(problems), "a gap that nobody notices"
                if item in self.gapped:
                    assert problems
                    continue
                assert problems == []
                assert gaps == []
                assert holder == (person or outside)
                if state != "destroyed":
                    assert (person is None) != (outside is None)
                kinds = [event.type for event in events]
                assert kinds.count("received") <= kinds.count("released")

    run_state_machine_as_test(Custody, settings=settings(
        max_examples=10, stateful_step_count=24, deadline=None, database=None,
        suppress_health_check=list(HealthCheck)))
    with desk.database.work(readonly=True, unscoped=1) as db:
        happened = set(db.scalars(select(CustodyEvent.type)))
    assert happened >= {"released", "received", "discrepancy", "resolved"}, "too little happened to prove anything"


def test_the_clerk_finds_the_gaps_that_are_there(desk):
    """The test's own way along a chain sees what it should: it is no rubber stamp."""
    item = desk.stored()
    assert desk.look(item, lambda db, i: by_hand(links(db, i))) == (desk.world.who["store"].user_id, [])
    with desk.database.work(unscoped=1) as db:
        found = db.get_one(EvidenceItem, item)
        append(db, desk.world.who["store"], found, "received", released_by_id=desk.world.who["store"].user_id,
               received_by_id=desk.world.who["exam"].user_id)
    assert len(desk.look(item, lambda db, i: by_hand(links(db, i)))[1]) == 1

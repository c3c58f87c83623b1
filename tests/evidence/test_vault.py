"""Restricted material: registered only, viewed by two people's decision, minutes counted for who looked."""

import datetime as dt

import pytest
from sqlalchemy import select
from sqlalchemy.exc import NoResultFound

from casework.authz.access import shown
from casework.db.base import now
from casework.evidence import viewing
from casework.evidence.models import EvidenceItem
from casework.evidence.vault_models import ViewingRequest
from casework.web.i18n import local_time
from casework.welfare import automatic, limits
from casework.welfare.models import ExposureLog
from casework.workflow import engine
from casework.workflow.engine import NotAllowed, Refused
from tests.evidence.world import ETC


@pytest.fixture(autouse=True)
def counting():
    limits.use_limits(limits.Limits.load(ETC / "exposure.csv"))
    engine.subscribe(automatic.on_transition)


@pytest.fixture
def item(desk):
    return desk.record("inv", restricted_material="yes", vault_ref="V-1")


def ask(desk, item, name="inv"):
    who = desk.world.who[name]
    with desk.database.work(identity=who) as db:
        made = viewing.ask_to_view(db, who, db.get_one(EvidenceItem, item), {
            "purpose": "The label has to be decided", "authority": "Order 1"})
        return made.id


def do(desk, request, name, event, **data) -> str:
    who = desk.world.who[name]
    with desk.database.work(identity=who) as db:
        found = db.get(ViewingRequest, request)
        if found is None:
            raise NotAllowed("not visible")
        engine.apply(db, who, found, event, data)
        return found.state


def minutes(desk) -> list[tuple]:
    with desk.database.work(readonly=True, unscoped=1) as db:
        return [(e.created_by_id, e.activity, e.minutes, e.band) for e in db.scalars(select(ExposureLog))]


def test_one_asks_another_approves_and_the_minutes_count(desk, item):
    request = ask(desk, item)
    assert do(desk, request, "psu", "approve_viewing") == "approved"
    logged = {"viewed_at": now(), "minutes": 20, "files": 5}
    with pytest.raises(Refused):
        do(desk, request, "psu", "log_viewing", **logged)
    assert do(desk, request, "inv", "log_viewing", **logged) == "viewed"
    assert minutes(desk) == [(desk.world.who["inv"].user_id, "view", 20, "few")]
    with pytest.raises(Refused):
        do(desk, request, "inv", "log_viewing", **logged)


def test_nobody_approves_their_own_request_nor_without_the_right(desk, item):
    request = ask(desk, item, "psu")
    with pytest.raises(NotAllowed):
        do(desk, request, "psu", "approve_viewing")
    for name in ("inv", "store", "exam", "pro", "psu2"):
        with pytest.raises(NotAllowed):
            do(desk, request, name, "approve_viewing")
    for name in ("exam", "store", "clerk"):
        with pytest.raises((NotAllowed, NoResultFound)):
            ask(desk, item, name)


def test_an_approval_runs_out(desk, item):
    request = ask(desk, item)
    do(desk, request, "psu", "approve_viewing")
    with desk.database.work(unscoped=1) as db:
        found = db.get_one(ViewingRequest, request)
        found.decided_at = now() - dt.timedelta(days=20)
        found.until = found.decided_at + viewing.HOLDS
    with pytest.raises(Refused, match="run out"):
        do(desk, request, "inv", "log_viewing", viewed_at=now(), minutes=1, files=1)
    with pytest.raises(Refused, match="before the approval"):
        do(desk, request, "inv", "log_viewing", viewed_at=now() - dt.timedelta(days=30), minutes=1, files=1)
    assert do(desk, request, "inv", "withdraw_viewing") == "withdrawn"


def test_only_what_is_in_the_vault_and_once_at_a_time(desk, item):
    with pytest.raises(Refused, match="No restricted material"):
        ask(desk, desk.record("inv"))
    request = ask(desk, item)
    with pytest.raises(Refused, match="asked already"):
        ask(desk, item)
    assert do(desk, request, "psu", "decline_viewing", reason="The label was decided already") == "declined"
    ask(desk, item)


def counts(**changes) -> dict:
    return {"baseline": 0, "nationally_illegal": 0, "not_illegal": 0, "not_assessed": 0, "unable": 0, "minutes": 30,
            **changes}


def test_labels_are_counted_and_need_the_vault(desk):
    item = desk.stored()
    desk.release("store", item, "exam", "examination", authority="Request 1",
                 expected_return=local_time(now()).date())
    desk.accept("exam", item)
    with pytest.raises(Refused, match="vault"):
        desk.do("exam", item, "count_labels", **counts(baseline=12))
    desk.do("exam", item, "count_labels", **counts(baseline=12, not_illegal=100, vault_ref="V-7"))
    assert minutes(desk) == [(desk.world.who["exam"].user_id, "label", 30, "hundreds")]
    for name, seen in (("exam", {"baseline": 12, "not_illegal": 100}), ("psu", {"baseline": 12, "not_illegal": 100}),
                       ("store", None)):
        who = desk.world.who[name]
        with desk.database.work(readonly=True, identity=who) as db:
            found = db.get_one(EvidenceItem, item)
            assert found.restricted_material == "yes"
            assert shown(db, who, found).label_counts == seen
    with pytest.raises(NotAllowed):
        desk.do("inv", item, "count_labels", **counts())

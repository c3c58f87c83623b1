"""An item whose holder cannot hand it over any more is taken over, with a receipt on paper and a chain without gap."""

import datetime as dt
import uuid

import pytest
from sqlalchemy import select

from casework.accounts.models import Membership, User
from casework.authz.identity import Identity
from casework.cases import service as cases
from casework.cases.models import Task
from casework.cases.tasks import OPEN
from casework.db.base import now
from casework.evidence.chain import links, verify_chain
from casework.workflow.engine import NotAllowed, Refused
from tests.evidence.world import grant

PAPER = {"receipt": "Paper 4 of 2 March", "location": "Room 3"}
SOUND = {**PAPER, "seal_before": "SEAL-001", "condition": "intact"}


def recuse(desk, name: str) -> None:
    with desk.database.work(unscoped=1) as db:
        cases.recuse(db, None, desk.world.who[name].user_id, desk.world.case(db))


def assigned(desk, name: str) -> None:
    with desk.database.work() as db:
        grant(db, desk.world, name)


def asked(desk) -> list[tuple]:
    """The tasks to hand something over: agency, role, record."""
    with desk.database.work(readonly=True, unscoped=1) as db:
        return [(t.queue_agency_id, t.queue_role, t.record_id) for t in db.scalars(
            select(Task).where(Task.title == "hand_over", Task.state.in_(OPEN)).order_by(Task.id))]


def chain(desk, item: uuid.UUID) -> list[str]:
    return desk.look(item, lambda db, i: [e.type for e in links(db, i)])


def sound(desk, item: uuid.UUID) -> bool:
    return desk.look(item, lambda db, i: verify_chain(db, i)) == []


def test_an_investigator_with_a_conflict_is_followed_by_another(desk):
    item, loose = desk.record("inv"), desk.record("inv")
    desk.seal("inv", item)
    recuse(desk, "inv")
    police = desk.world.agencies["police"]
    assert asked(desk) == [(police, "PSU", item)], "one task for all that is held"
    with pytest.raises(NotAllowed):
        desk.do("inv2", item, "relieve", **SOUND)
    assigned(desk, "inv2")
    for data, field in ((PAPER, "condition"), ({**SOUND, "happened_at": now() + dt.timedelta(hours=1)}, "happened_at")):
        with pytest.raises(Refused) as refused:
            desk.do("inv2", item, "relieve", **data)
        assert [one.field for one in refused.value.problems] == [field]
    with pytest.raises(Refused, match="role that has the item"):
        desk.do("exam", item, "relieve", **SOUND)
    assert desk.do("inv2", item, "relieve", **SOUND) == "sealed"
    assert desk.do("inv2", loose, "relieve", **PAPER) == "recorded", "without a seal there is none to read"
    for one in (item, loose):
        assert desk.look(one, lambda db, i: (i.holder_id, i.location)) == (desk.world.who["inv2"].user_id, "Room 3")
        assert sound(desk, one)
    assert chain(desk, item) == ["seized", "sealed", "released", "received"]
    released, received = desk.look(item, lambda db, i: links(db, i)[2:])
    assert (released.released_by_id, released.created_by_id) == (
        desk.world.who["inv"].user_id, desk.world.who["inv2"].user_id)
    assert (released.remark, received.condition) == (PAPER["receipt"], "intact")
    with pytest.raises(Refused, match="hands it over"):
        desk.do("inv2", item, "relieve", **SOUND)  # who comes second
    desk.release("inv2", item, "store")
    assert desk.accept("store", item, location="Shelf 1") == "in_storage"
    assert sound(desk, item)


def test_while_the_holder_is_there_they_hand_it_over(desk):
    item = desk.record("inv")
    assigned(desk, "inv2")
    with pytest.raises(Refused, match="hands it over"):
        desk.do("inv2", item, "relieve", **PAPER)


@pytest.mark.parametrize("how", ["left", "closed"])
def test_who_left_the_service_is_followed_too(desk, how):
    item = desk.record("inv")
    assigned(desk, "inv2")
    with desk.database.work() as db:
        if how == "left":
            db.get_one(Membership, uuid.UUID(desk.world.membership["inv"])).ended_at = now()
        else:
            db.get_one(User, desk.world.who["inv"].user_id).active = False
    assert desk.do("inv2", item, "relieve", **PAPER) == "recorded"


def test_another_seal_than_on_record_freezes_the_item_with_its_new_holder(desk):
    item = desk.record("inv")
    desk.seal("inv", item)
    recuse(desk, "inv")
    assigned(desk, "inv2")
    found = {**PAPER, "seal_before": "SEAL-999", "condition": "intact", "remark": "Another number"}
    assert desk.do("inv2", item, "relieve", **found) == "discrepancy"
    assert desk.look(item, lambda db, i: (i.holder_id, i.resume_state)) == (desk.world.who["inv2"].user_id, "sealed")
    assert chain(desk, item)[-3:] == ["released", "received", "discrepancy"]
    assert sound(desk, item)
    desk.do("store", item, "propose_resolution", reason="A slip of the pen on the paper")
    assert desk.do("psu", item, "resolve_discrepancy", reason="Seen and compared with the photograph") == "sealed"


def test_what_lies_in_a_store_stays_with_its_custodians(desk):
    item = desk.stored()
    with desk.database.work() as db:
        police = desk.world.agencies["police"]
        user = User(login="store3@example.org", name="Store3 Fictional")
        db.add(user)
        db.flush()
        db.add(Membership(user_id=user.id, agency_id=police, role="CUS", valid_from=dt.date(2020, 1, 1)))
        desk.world.who["store3"] = Identity(user.id, user.name, "CUS", police)
    with pytest.raises(Refused, match="hands it over"):
        desk.do("store3", item, "relieve", **SOUND)
    recuse(desk, "store")
    assert asked(desk) == [(police, "CUS", item)]
    for name in ("inv", "exam"):
        with pytest.raises(Refused, match="role that has the item"):
            desk.do(name, item, "relieve", **SOUND)
    with pytest.raises(NotAllowed):
        desk.do("store2", item, "relieve", **SOUND)
    assert desk.do("store3", item, "relieve", **SOUND) == "in_storage"
    assert sound(desk, item)


def test_what_a_court_has_comes_back_from_the_court(desk):
    """Nobody of the program holds it, so nobody is gone."""
    item = desk.stored()
    with desk.database.work(unscoped=1) as db:
        desk.world.case(db).submitted_at = now()
    desk.do("store", item, "release", purpose="court", outsider="Registrar (fictional)", authority="Order 3/2026",
            place="Court", receipt="R-12/2026")
    desk.do("pro", item, "order_disposition", disposition="destroyed", authority="J-5/2026")
    with pytest.raises(Refused, match="hands it over"):
        desk.do("store", item, "relieve", **SOUND)

"""A custodian counts a shelf by scanning it: found, missing, elsewhere, not known."""

import pytest
from sqlalchemy import event, select

from casework.db.base import now
from casework.evidence import stocktake
from casework.evidence.models import EvidenceItem
from casework.evidence.stock_models import Stocktake, StocktakeLine
from casework.web.i18n import local_time
from casework.workflow import engine
from casework.workflow.engine import NotAllowed, Refused

SHELF = "Room 1 / Shelf 4"


@pytest.fixture
def stock(desk):
    """Four items on a shelf and one on the next; and one still with the investigator."""
    items = []
    for number in range(5):
        item = desk.record("inv")
        desk.seal("inv", item, f"S-{number}")
        desk.release("inv", item, "store")
        desk.accept("store", item, f"S-{number}", location="Room 1/Shelf 4" if number < 4 else "Room 1 / Shelf 5")
        items.append(item)
    away = desk.record("inv")
    desk.seal("inv", away, "S-9")
    return [*items, away]


def ref(desk, item) -> str:
    return desk.look(item, lambda db, i: i.ref)


def begin(desk, place=SHELF, name="store"):
    with desk.database.work(identity=desk.world.who[name]) as db:
        return stocktake.begin(db, desk.world.who[name], place).id


def scan(desk, taken, *texts, name="store") -> list[str]:
    with desk.database.work(identity=desk.world.who[name]) as db:
        made = stocktake.scan(db, desk.world.who[name], db.get_one(Stocktake, taken), texts)
        return [line.result for line in made]


def do(desk, taken, event, name="store") -> None:
    with desk.database.work(identity=desk.world.who[name]) as db:
        found = db.get(Stocktake, taken)
        if found is None:
            raise NotAllowed("not visible")
        engine.apply(db, desk.world.who[name], found, event)


def test_a_shelf_is_counted(desk, stock):
    taken = begin(desk, "Room 1 /Shelf 4")
    refs = [ref(desk, item) for item in stock]
    assert scan(desk, taken, refs[0]) == ["found"]
    # A second scan of the same changes nothing, however it is typed.
    assert scan(desk, taken, refs[0].lower().replace("-", " ")) == []
    rest = scan(desk, taken, refs[1], refs[4], refs[5], "no reference")
    assert rest == ["found", "elsewhere", "elsewhere", "unknown"]
    with desk.database.work(identity=desk.world.who["inv"]) as db:
        engine.apply(db, desk.world.who["inv"], db.get_one(EvidenceItem, stock[5]), "release", {
            "receiver": desk.world.membership["store"], "purpose": "storage"})
    do(desk, taken, "finish_count")
    states = [desk.look(item, lambda db, i: (i.state, i.discrepancy_kind)) for item in stock]
    assert states == [("in_storage", None)] * 2 + [("discrepancy", "missing")] * 2 + [("in_storage", None),
                                                                                      ("in_transit", None)]
    with desk.database.work(readonly=True, unscoped=1) as db:
        found = db.get_one(Stocktake, taken)
        assert (found.found, found.missing, found.elsewhere, found.unknown) == (2, 2, 2, 1)
        results = db.scalars(select(StocktakeLine.result).where(StocktakeLine.stocktake_id == taken))
        assert sorted(results) == ["elsewhere", "elsewhere", "found", "found", "missing", "missing", "unknown"]
    with pytest.raises(Refused, match="over"):
        scan(desk, taken, refs[2])


def test_what_somebody_else_has_by_the_record_is_a_discrepancy(desk, stock):
    desk.release("store", stock[4], "exam", "examination", authority="Request 1",
                 expected_return=local_time(now()).date())
    desk.accept("exam", stock[4], "S-4")
    taken = begin(desk)
    assert scan(desk, taken, *(ref(desk, item) for item in stock[:5])) == ["found"] * 4 + ["elsewhere"]
    do(desk, taken, "finish_count")
    assert desk.look(stock[4], lambda db, i: (i.state, i.discrepancy_kind)) == ("discrepancy", "other")


def test_a_room_has_its_shelves(desk, stock):
    taken = begin(desk, "Room 1")
    assert scan(desk, taken, ref(desk, stock[4])) == ["found"]
    with pytest.raises(Refused):
        begin(desk, "Room")
    with pytest.raises(Refused):
        begin(desk, "Room 1 / Shelf %")


def test_another_store_counts_its_own(desk, stock):
    with pytest.raises(Refused):
        begin(desk, name="store2")
    taken = begin(desk)
    for act in ("finish_count", "abandon_count"):
        for name in ("store2", "inv", "psu"):
            with pytest.raises((NotAllowed, Refused)):
                do(desk, taken, act, name)
    do(desk, taken, "abandon_count")
    assert desk.look(stock[0], lambda db, i: i.state) == "in_storage"


def test_a_lot_scanned_takes_a_fixed_number_of_statements(desk, stock):
    taken, sent = begin(desk), []
    event.listen(desk.database.engine, "before_cursor_execute", lambda *a: sent.append(a[2]))
    scan(desk, taken, "one that is not known")
    few = len(sent)
    sent.clear()
    scan(desk, taken, *(f"not known {number}" for number in range(200)))
    assert len(sent) <= few + 2, "\n".join(sent)

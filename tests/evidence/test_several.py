"""A search logged in one sitting, images, clocks and corrections, parents and roots."""

import datetime as dt
import uuid

import pytest
from sqlalchemy.exc import DBAPIError, NoResultFound

from casework.db.base import now
from casework.db.refs import check_letter
from casework.evidence import several
from casework.evidence.chain import links, verify_chain
from casework.evidence.images import make_image
from casework.evidence.models import EvidenceItem
from casework.evidence.references import reference_in
from casework.web.i18n import local_time
from casework.workflow.engine import NotAllowed, Refused
from schemas.exhibits import code_of, numbers_of, rows_of_table
from tests.evidence.world import SHA

HASHES = [{"algorithm": "sha256", "value": SHA}]


def row(number: int, **changes) -> dict:
    return {"kind": "physical", "description": f"Telephone {number} (fictional)", "place": "Bedroom",
            "seal": f"S-{number:03}", **changes}


def search(*rows: dict, **changes) -> dict:
    return {
        "seized_at": now() - dt.timedelta(hours=3), "province": "12", "place": "House 1 (fictional)",
        "authority_type": "warrant", "authority_document": "W-1/2026", "restricted_material": "not_examined",
        "seal_witnesses": ["Sok Fictional", "Dara Fictional"], "sealed_at": now() - dt.timedelta(hours=2),
        "clock": "watch", "rows": list(rows), **changes,
    }


def log(desk, data: dict, name: str = "inv") -> list:
    with desk.database.work(identity=desk.world.who[name]) as db:
        made = several.log_search(db, desk.world.who[name], desk.world.case(db), data)
        return [item.id for item in made]


def count(desk) -> int:
    with desk.database.work(readonly=True, unscoped=1) as db:
        return db.query(EvidenceItem).count()


def test_twenty_items_of_one_search(desk):
    blank = {"kind": "physical", "place": "Bedroom"}
    made = log(desk, search(*(row(number) for number in range(20)), blank))
    assert len(made) == 20
    item = desk.look(made[19], lambda db, i: (i.number, i.state, i.seal, i.place))
    assert item == (20, "sealed", "S-019", "House 1 (fictional), Bedroom")
    events = desk.look(made[0], lambda db, i: [(e.type, e.at < e.recorded_at, e.detail.clock) for e in links(db, i)])
    assert events == [("seized", True, "watch"), ("sealed", True, "watch")]
    assert desk.look(made[0], verify_chain) == []


@pytest.mark.parametrize(("rows", "wrong"), [
    ((row(1), row(2, seal="S-001")), {1: "seal"}),
    ((row(1), row(2, kind="digital_original")), {1: "hashes"}),
    ((row(1, seal="USED"), row(2), row(3, seal="USED")), {0: "seal", 2: "seal"}),
])
def test_every_row_that_is_wrong_is_told_and_nothing_is_recorded(desk, rows, wrong):
    log(desk, search(row(9, seal="USED")))
    with pytest.raises(several.RowsRefused) as refused:
        log(desk, search(*rows))
    assert {place: problems[0].field for place, problems in refused.value.rows.items()} == wrong
    assert count(desk) == 1


def test_only_who_may_record_logs_a_search(desk):
    with pytest.raises((NotAllowed, NoResultFound)):
        log(desk, search(row(1)), "inv2")


def test_what_a_spreadsheet_holds():
    assert rows_of_table("a\tb; c\n\n d \t\n") == [["a", "b; c"], ["d", ""]]
    assert rows_of_table("a;b") == [["a", "b"]]
    kinds = [("physical", "Physical object"), ("document", "ឯកសារ")]
    assert [code_of(text, kinds) for text in ("PHYSICAL", "physical object", "ឯកសារ", "sofa")] == [
        "physical", "physical", "document", None]


def test_numbers_of_items():
    assert numbers_of("1-3, 7") == [(1, 3), (7, 7)]
    assert numbers_of("១ – ៣") == [(1, 3)]
    assert numbers_of("3-1") == numbers_of("all") == numbers_of("1 to 3") == []


@pytest.mark.parametrize("text", ["E26-482913-{}", " e26 482913 {} ", "E26482913{}", "E២៦-៤៨២៩១៣-{}", "E26–482913–{}"])
def test_a_scanner_may_type_it_in_many_ways(text):
    letter = check_letter("E", 26, "482913")
    assert reference_in(text.format(letter)) == f"E26-482913-{letter}"
    assert reference_in(text.format("A" if letter != "A" else "B")) is None


def imaged(desk, source, **changes):
    moment = now()
    data = {"description": "Disk 1", "tool": "Imager 2.0", "write_blocker": True, "started_at": moment,
            "ended_at": moment, "source_sha256": SHA, "image_sha256": SHA, **changes}
    exam = desk.world.who["exam"]
    with desk.database.work(identity=exam) as db:
        return make_image(db, exam, db.get_one(EvidenceItem, source), data).id


def in_examination(desk, **changes):
    item = desk.stored(**changes)
    desk.release("store", item, "exam", "examination", authority="Request 1",
                 expected_return=local_time(now()).date())
    assert desk.accept("exam", item) == "in_examination"
    return item


def test_an_image_is_an_item_made_from_another(desk):
    source = in_examination(desk)
    image = imaged(desk, source, md5="b" * 32)
    assert desk.look(image, lambda db, i: (i.kind, i.state, i.parent_id, i.root_id)) == (
        "forensic_image", "recorded", source, source)
    assert desk.look(image, lambda db, i: [e.type for e in links(db, i)]) == ["acquired", "hash_verified"]
    assert desk.look(source, lambda db, i: links(db, i)[-1].type) == "imaged"
    assert desk.look(image, verify_chain) == desk.look(source, verify_chain) == []


def test_an_image_that_differs_is_frozen_and_its_source_is_not(desk):
    source = in_examination(desk)
    image = imaged(desk, source, image_sha256="c" * 64)
    assert desk.look(image, lambda db, i: (i.state, i.discrepancy_kind)) == ("discrepancy", "hash")
    assert desk.look(source, lambda db, i: i.state) == "in_examination"


def test_a_source_that_is_not_what_was_recorded_is_frozen(desk):
    source = in_examination(desk, digital=True)
    imaged(desk, source, source_sha256="c" * 64, image_sha256="c" * 64)
    assert desk.look(source, lambda db, i: (i.state, i.discrepancy_kind)) == ("discrepancy", "hash")


def test_an_image_names_what_it_was_made_from(desk):
    with pytest.raises(Refused, match="made from"):
        desk.record("inv", kind="forensic_image", hashes=HASHES)


def test_a_parent_is_of_the_same_case(desk):
    with pytest.raises(Refused, match="not one of the case"):
        desk.record("inv", kind="extract", hashes=HASHES, parent=str(uuid.uuid4()))


def test_what_happened_earlier_names_its_clock_and_keeps_the_order(desk):
    item = desk.record("inv")
    seal = {"seal": "S-1", "seal_witnesses": ["Sok F.", "Dara F."], "clock": "watch"}
    with pytest.raises(Refused, match="before the last event"):
        desk.do("inv", item, "seal", **seal, happened_at=now() - dt.timedelta(days=1))
    with pytest.raises(Refused, match="future"):
        desk.do("inv", item, "seal", **seal, happened_at=now() + dt.timedelta(days=1))
    desk.do("inv", item, "seal", **seal, happened_at=now() - dt.timedelta(hours=1))
    with pytest.raises(Refused, match="when they confirm"):
        desk.release("inv", item, "store", happened_at=now() - dt.timedelta(minutes=1), clock="watch")
    assert desk.look(item, verify_chain) == []


def test_a_correction_points_at_the_event(desk):
    item = desk.stored()
    desk.do("inv", item, "correct", seq=1, remark="The place was the kitchen")
    last = desk.look(item, lambda db, i: (links(db, i)[-1].detail.corrects, links(db, i)[-1].remark))
    assert last == (1, "The place was the kitchen")


@pytest.mark.parametrize("statement", ["UPDATE custody_detail SET clock = 'network'", "DELETE FROM custody_detail"])
def test_what_a_link_says_besides_is_append_only(desk, statement):
    item = desk.stored()
    desk.do("inv", item, "correct", seq=1, remark="The place was the kitchen")
    with desk.database.superuser() as connection, pytest.raises(DBAPIError, match="append-only"):
        connection.exec_driver_sql(statement)


@pytest.mark.one_engine
@pytest.mark.parametrize("statement", ["UPDATE custody_detail SET corrects = 2", "DELETE FROM custody_detail"])
def test_and_whoever_gets_around_that_is_found(desk, statement):
    item = desk.stored()
    desk.do("inv", item, "correct", seq=1, remark="The place was the kitchen")
    with desk.database.superuser() as connection:
        for name in ("no_update", "no_delete"):
            connection.exec_driver_sql(f"DROP TRIGGER custody_detail_{name}")
        connection.exec_driver_sql(statement)
    assert [problem.seq for problem in desk.look(item, verify_chain)] == [5]


def test_another_shelf(desk):
    item = desk.stored()
    assert desk.do("store", item, "move", location="Room 2/ Rack A /Shelf  1") == "in_storage"
    assert desk.look(item, lambda db, i: i.location) == "Room 2 / Rack A / Shelf 1"
    assert desk.look(item, verify_chain) == []
    with pytest.raises(NotAllowed):
        desk.do("store2", item, "move", location="Elsewhere")

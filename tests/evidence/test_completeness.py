"""What the evidence says about points 7, 8 and 9, and its place in the frozen file."""

import pytest

from casework.cases import file
from casework.cases.completeness import AMBER, GREEN, RED
from casework.evidence import completeness
from casework.evidence.models import EvidenceItem

pytestmark = pytest.mark.one_engine


def states(desk, point) -> list[str]:
    with desk.database.work(readonly=True, unscoped=1) as db:
        return [f.state for f in point(db, desk.world.case(db))]


def test_nothing_recorded_says_nothing(desk):
    for point in (completeness.seal_and_custodian, completeness.hashes, completeness.reports):
        assert states(desk, point) == []


def test_seal_and_custodian(desk):
    item = desk.record("inv")
    assert states(desk, completeness.seal_and_custodian) == [RED]
    desk.seal("inv", item)
    assert states(desk, completeness.seal_and_custodian) == [AMBER]
    desk.release("inv", item, "store")
    assert states(desk, completeness.seal_and_custodian) == [AMBER]
    desk.accept("store", item)
    assert states(desk, completeness.seal_and_custodian) == [GREEN]
    desk.do("store", item, "report_discrepancy", kind="missing", discrepancy="Not on its shelf at stocktake")
    assert states(desk, completeness.seal_and_custodian) == [RED]


def test_hashes_without_reading_them(desk):
    desk.record("inv")
    assert states(desk, completeness.hashes) == [GREEN]
    item = desk.record("inv", digital=True)
    assert states(desk, completeness.hashes) == [AMBER]
    desk.do("inv", item, "verify_hash", value="a" * 64, tool="sha256sum 9.1")
    assert states(desk, completeness.hashes) == [GREEN]
    with desk.database.work(readonly=True, unscoped=1) as db:
        completeness.hashes(db, desk.world.case(db))
        assert "reads" not in db.info


def test_a_voided_item_does_not_count(desk):
    item = desk.record("inv")
    agree = {"reason_code": "duplicate", "reason": "Recorded twice by mistake"}
    desk.do("inv", item, "propose_void", **agree)
    desk.do("psu", item, "void", **agree)
    assert states(desk, completeness.seal_and_custodian) == []


def test_items_are_in_the_manifest(desk):
    completeness.register()
    item = desk.record("inv")
    with desk.database.work(readonly=True, unscoped=1) as db:
        listed = {entry["ref"]: entry["type"] for entry in file.listed(db, desk.world.case(db))}
        ref = db.get_one(EvidenceItem, item).ref
    assert listed[ref] == "evidence_item"

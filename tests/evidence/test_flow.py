"""The way of an item: who may move it, from where to where, and what stands in the way (DOMAIN 3.6)."""

import datetime as dt

import pytest
from sqlalchemy import event
from sqlalchemy.exc import NoResultFound

from casework.db.base import now
from casework.evidence import service
from casework.evidence.chain import append, links
from casework.evidence.models import EvidenceItem
from casework.workflow.engine import NotAllowed, Refused
from tests.evidence.world import SHA, digital_data, item_data


def fields(refused) -> list:
    return [problem.field for problem in refused.value.problems]


def test_the_whole_way_to_the_store_and_back_from_the_laboratory(desk):
    item = desk.record("inv")
    assert desk.look(item, lambda db, i: (i.state, i.holder_id, i.number)) == (
        "recorded", desk.world.who["inv"].user_id, 1)
    assert desk.seal("inv", item) == "sealed"
    assert desk.release("inv", item, "store") == "in_transit"
    # Until it is accepted the item is on the releaser's account.
    assert desk.look(item, lambda db, i: i.holder_id) == desk.world.who["inv"].user_id
    assert desk.accept("store", item, "seal 001", location="Shelf 4") == "in_storage"
    assert desk.look(item, lambda db, i: (i.holder_id, i.location)) == (desk.world.who["store"].user_id, "Shelf 4")
    due = now().date() + dt.timedelta(days=20)
    ask = {"authority": "Request 7/2026", "expected_return": due}
    assert desk.release("store", item, "exam", "examination", **ask) == "in_transit"
    assert desk.accept("exam", item) == "in_examination"
    assert desk.do("exam", item, "open_seal", reason="To make a forensic image") == "in_examination"
    step = {"tool": "Imager 2.0", "write_blocker": True, "started_at": now(), "ended_at": now()}
    assert desk.do("exam", item, "examine", event="image_made", hash_value=SHA, **step) == "in_examination"
    step["ended_at"] = now()
    assert desk.do("exam", item, "examine", event="hash_verified", hash_value=SHA, **step) == "in_examination"
    with pytest.raises(Refused, match="opened"):
        desk.release("exam", item, "store")
    assert desk.do("exam", item, "reseal", seal="SEAL-002", seal_witnesses=["Sok F.", "Dara F."]) == "in_examination"
    assert desk.release("exam", item, "store") == "in_transit"
    assert desk.accept("store", item, "SEAL-002") == "in_storage"
    chain = desk.look(item, lambda db, i: [(e.seq, e.type) for e in links(db, i)])
    assert chain == list(enumerate(
        ["seized", "sealed", "released", "received", "released", "received", "opened", "imaged", "hash_verified",
         "resealed", "released",
         "received"], 1))


def test_court_and_back_then_destroyed_before_a_witness(desk):
    item = desk.stored()
    with desk.database.work(unscoped=1) as db:
        desk.world.case(db).submitted_at = now()
    give = {"purpose": "court", "outsider": "Registrar (fictional)", "authority": "Order 3/2026", "place": "Court"}
    with pytest.raises(Refused) as refused:
        desk.do("store", item, "release", **give)
    assert fields(refused) == ["receipt"]
    assert desk.do("store", item, "release", receipt="R-12/2026", **give) == "at_court"
    assert desk.look(item, lambda db, i: (i.holder_id, i.holder_name)) == (None, "Registrar (fictional)")
    order = {"disposition": "destroyed", "authority": "J-5/2026"}
    assert desk.do("pro", item, "order_disposition", **order) == "disposition_ordered"
    carry = {"witness": str(desk.world.who["psu"].user_id)}
    with pytest.raises(Refused, match="has the item"):
        desk.do("store", item, "carry_out", **carry)
    assert desk.do("store", item, "take_back", seal_before="SEAL-001", condition="intact") == "disposition_ordered"
    assert desk.do("store", item, "carry_out", **carry) == "disposition_ordered"
    with pytest.raises(Refused, match="witness"):
        desk.do("inv", item, "confirm_disposition")
    with pytest.raises(NotAllowed):
        desk.do("store", item, "confirm_disposition")
    assert desk.do("psu", item, "confirm_disposition") == "destroyed"
    assert desk.look(item, lambda db, i: (i.holder_id, i.holder_name)) == (None, None)


@pytest.mark.parametrize(("changes", "field"), [
    ({"kind": "extract"}, "hashes"),
    ({"hashes": [{"algorithm": "sha256", "value": "abc"}]}, "hashes"),
    ({"hashes": [{"algorithm": "md5", "value": "g" * 32}]}, "hashes"),
    ({"restricted_material": "yes"}, "vault_ref"),
    ({"seized_at": now() + dt.timedelta(days=1)}, "seized_at"),
])
def test_an_item_lacks_something(desk, changes, field):
    with pytest.raises(Refused) as refused:
        desk.record("inv", **changes)
    assert fields(refused) == [field]


def test_only_who_is_assigned_records(desk):
    for name in ("inv2", "psu", "store", "pro", "clerk", "sw"):
        with pytest.raises((NotAllowed, NoResultFound)):
            desk.record(name)


def test_sealing(desk):
    item, other = desk.record("inv"), desk.record("inv")
    with pytest.raises(Refused) as refused:
        desk.do("inv", item, "seal", seal="S-1", seal_witnesses=["Sok", "sok"])
    assert fields(refused) == ["seal_witnesses"]
    with pytest.raises(Refused) as refused:
        desk.do("inv", item, "seal", seal="S-1", seal_witnesses=["Sok", "Inv Fictional"])
    assert fields(refused) == ["seal_witnesses"]
    with pytest.raises(Refused, match="has the item"):
        desk.seal("exam", item, "S-1")
    desk.seal("inv", item, "S-1")
    with pytest.raises(Refused) as refused:
        desk.seal("inv", other, "S-1")
    assert fields(refused) == ["seal"]


def test_a_release_names_somebody_who_may_take_it(desk):
    item = desk.record("inv")
    with pytest.raises(Refused):  # not sealed
        desk.release("inv", item, "store")
    desk.seal("inv", item)
    for to, purpose, field in (("exam", "storage", "receiver"), ("exam", "examination", "purpose"),
                               ("inv2", "storage", "receiver")):
        with pytest.raises(Refused) as refused:
            desk.release("inv", item, to, purpose)
        assert fields(refused) == [field]
    with pytest.raises(Refused, match="has the item"):
        desk.release("exam", item, "store")
    with pytest.raises(NotAllowed):
        desk.release("inv2", item, "store")
    with desk.database.work() as db:
        from casework.authz.models import Recusal

        db.add(Recusal(user_id=desk.world.who["store"].user_id, case_id=desk.world.case_id))
    with pytest.raises(Refused, match="cannot take part"):
        desk.release("inv", item, "store")


def test_a_wrong_seal_freezes_the_item_on_the_releasers_account(desk):
    item = desk.record("inv")
    desk.seal("inv", item)
    desk.release("inv", item, "store")
    assert desk.accept("store", item, "SEAL-009") == "discrepancy"
    assert desk.look(item, lambda db, i: (i.holder_id, i.receiver_id, i.discrepancy_kind)) == (
        desk.world.who["inv"].user_id, None, "seal_number")
    for act in ("accept", "withdraw", "refuse"):
        with pytest.raises(Refused):
            desk.do("store" if act != "withdraw" else "inv", item, act, reason="because it is wrong",
                    seal_before="SEAL-001", condition="intact")
    with pytest.raises(Refused):
        desk.release("inv", item, "store")


def test_a_broken_seal_is_a_discrepancy_too(desk):
    item = desk.record("inv")
    desk.seal("inv", item)
    desk.release("inv", item, "store")
    assert desk.accept("store", item, condition="broken") == "discrepancy"
    assert desk.look(item, lambda db, i: i.discrepancy_kind) == "seal_condition"


def test_supervisor_and_custodian_resolve_together(desk):
    item = desk.record("inv")
    desk.seal("inv", item)
    desk.release("inv", item, "store")
    desk.accept("store", item, "SEAL-009")
    words = {"reason": "Both have looked at the seal"}
    with pytest.raises(Refused, match="Nobody has proposed"):
        desk.do("psu", item, "resolve_discrepancy", **words)
    with pytest.raises(NotAllowed):
        desk.do("inv", item, "propose_resolution", reason="Read wrongly on the label")
    desk.do("psu", item, "propose_resolution", reason="Read wrongly on the label")
    with pytest.raises(NotAllowed, match="own work"):
        desk.do("psu", item, "resolve_discrepancy", **words)
    assert desk.do("store", item, "resolve_discrepancy", **words) == "sealed"
    assert desk.look(item, lambda db, i: (i.discrepancy_kind, i.resolution)) == (None, None)
    # The handover starts anew.
    assert desk.release("inv", item, "store") == "in_transit"


def test_two_of_the_same_side_do_not_resolve(desk):
    item = desk.stored()
    desk.do("store", item, "report_discrepancy", kind="missing", discrepancy="Not on its shelf at stocktake")
    desk.do("store", item, "propose_resolution", reason="It stood one shelf further")
    with desk.database.work() as db:
        from casework.accounts.models import Membership, User
        from casework.authz.identity import Identity

        user = User(login="third@example.org", name="Third Fictional")
        db.add(user)
        db.flush()
        db.add(Membership(user_id=user.id, agency_id=desk.world.agencies["police"], role="CUS",
                          valid_from=dt.date(2020, 1, 1)))
        desk.world.who["third"] = Identity(user.id, user.name, "CUS", desk.world.agencies["police"])
    with pytest.raises(Refused, match="both"):
        desk.do("third", item, "resolve_discrepancy", reason="I agree with it all")


def test_refuse_and_withdraw_leave_it_where_it_was(desk):
    item = desk.record("inv")
    desk.seal("inv", item)
    desk.release("inv", item, "store")
    with pytest.raises(Refused):
        desk.do("exam", item, "refuse", reason="This is not for me")
    assert desk.do("store", item, "refuse", reason="The store is closed today") == "sealed"
    desk.release("inv", item, "store")
    assert desk.do("inv", item, "withdraw", reason="Needed for a search first") == "sealed"
    assert desk.look(item, lambda db, i: (i.holder_id, i.receiver_id)) == (desk.world.who["inv"].user_id, None)


def test_a_receiver_sees_the_item_only_while_it_concerns_them(desk):
    """A store of another agency sees nothing, then the handover, and nothing again after a refusal."""
    item = desk.record("inv")
    desk.seal("inv", item)

    def sees() -> bool:
        with desk.database.work(readonly=True, identity=desk.world.who["store2"]) as db:
            return db.get(EvidenceItem, item) is not None

    assert not sees()
    desk.release("inv", item, "store2")
    assert sees()
    desk.do("store2", item, "refuse", reason="The store is closed today")
    assert not sees()
    desk.release("inv", item, "store2")
    assert desk.accept("store2", item) == "in_storage"
    assert sees()


def test_a_late_acceptance_is_a_discrepancy(desk):
    item = desk.record("inv")
    desk.seal("inv", item)
    desk.release("inv", item, "store")
    with desk.database.work(unscoped=1) as db:
        db.get_one(EvidenceItem, item).released_at = now() - dt.timedelta(hours=25)
    assert desk.accept("store", item) == "discrepancy"
    assert desk.look(item, lambda db, i: (i.holder_id, i.discrepancy_kind, i.resume_state)) == (
        desk.world.who["store"].user_id, "late", "in_storage")


def test_hash_verification(desk):
    item = desk.record("inv", digital=True)
    assert desk.do("inv", item, "verify_hash", value="a" * 64, tool="sha256sum 9.1") == "recorded"
    assert desk.look(item, lambda db, i: i.hash_verified_at is not None)
    assert desk.do("inv", item, "verify_hash", value="b" * 64, tool="sha256sum 9.1") == "discrepancy"
    plain = desk.record("inv")
    with pytest.raises(Refused, match="nothing to compare"):
        desk.do("inv", plain, "verify_hash", value="a" * 64, tool="sha256sum 9.1")


def test_restricted_material_is_never_given_back(desk):
    item = desk.stored(kind="document", restricted_material="yes", vault_ref="V-1")
    with desk.database.work(unscoped=1) as db:
        desk.world.case(db).submitted_at = now()
    with pytest.raises(Refused) as refused:
        desk.do("pro", item, "order_disposition", disposition="returned", authority="J-5/2026")
    assert fields(refused) == ["disposition"]


def test_a_device_goes_back_only_when_wiped(desk):
    item = desk.stored()
    with desk.database.work(unscoped=1) as db:
        desk.world.case(db).submitted_at = now()
    desk.do("pro", item, "order_disposition", disposition="returned", authority="J-5/2026")
    carry = {"witness": str(desk.world.who["psu"].user_id), "outsider": "Owner (fictional)"}
    with pytest.raises(Refused) as refused:
        desk.do("store", item, "carry_out", **carry)
    assert fields(refused) == ["wiping_certificate"]
    with pytest.raises(Refused) as refused:
        desk.do("store", item, "carry_out", **{**carry, "witness": str(desk.world.who["store"].user_id),
                                                "wiping_certificate": "WC-1"})
    assert fields(refused) == ["witness"]
    desk.do("store", item, "carry_out", **carry, wiping_certificate="WC-1")
    assert desk.do("psu", item, "confirm_disposition") == "returned_owner"


def test_two_people_void(desk):
    item = desk.record("inv")
    agree = {"reason_code": "duplicate", "reason": "Recorded twice by mistake"}
    with pytest.raises(Refused, match="asked"):
        desk.do("psu", item, "void", **agree)
    desk.do("inv", item, "propose_void", **agree)
    with pytest.raises(NotAllowed):
        desk.do("inv", item, "void", **agree)
    assert desk.do("psu", item, "void", **agree) == "voided"


def test_prosecution_and_court_see_evidence_only_from_their_stage(desk):
    item = desk.stored()

    def sees(name: str) -> bool:
        with desk.database.work(readonly=True, identity=desk.world.who[name]) as db:
            return db.get(EvidenceItem, item) is not None

    assert (sees("pro"), sees("clerk"), sees("sw"), sees("inv2")) == (False, False, False, False)
    with desk.database.work(unscoped=1) as db:
        desk.world.case(db).submitted_at = now()
    assert (sees("pro"), sees("clerk")) == (True, False)
    with desk.database.work(unscoped=1) as db:
        desk.world.case(db).introductory_at = now()
    assert (sees("pro"), sees("clerk")) == (True, True)
    with pytest.raises(NotAllowed):
        desk.do("clerk", item, "report_discrepancy", kind="other", discrepancy="A clerk only reads here")


def test_several_at_once_all_or_none(desk):
    one, two, unsealed = desk.record("inv"), desk.record("inv"), desk.record("inv")
    desk.seal("inv", one, "S-1")
    desk.seal("inv", two, "S-2")
    data = {"receiver": desk.world.membership["store"], "purpose": "storage"}

    def release(*ids):
        with desk.database.work(identity=desk.world.who["inv"]) as db:
            service.release(db, desk.world.who["inv"], [db.get_one(EvidenceItem, i) for i in ids], data)

    with pytest.raises(Refused, match=r"Item"):
        release(one, unsealed)
    assert desk.look(one, lambda db, i: i.state) == "sealed"
    release(one, two)
    with desk.database.work(identity=desk.world.who["store"]) as db:
        items = [db.get_one(EvidenceItem, i) for i in (one, two)]
        wrong = service.accept(db, desk.world.who["store"], [
            (item, {"seal_before": seal, "condition": "intact"})
            for item, seal in zip(items, ("S-1", "S-7"), strict=True)])
        assert wrong == [items[1]]
    assert desk.look(one, lambda db, i: i.state) == "in_storage"
    assert desk.look(two, lambda db, i: i.state) == "discrepancy"


@pytest.mark.parametrize("data", [item_data(), digital_data()], ids=["object", "digital"])
def test_a_new_item_takes_at_most_15_statements(desk, data):
    """From the form's data to the commit, the log's own entry and the search's included."""
    sent, inv = [], desk.world.who["inv"]
    event.listen(desk.database.engine, "before_cursor_execute", lambda *a: sent.append(a[2]))
    with desk.database.work(identity=inv) as db:
        case = desk.world.case(db)
        sent.clear()
        service.record_item(db, inv, case, data)
    assert 5 < len(sent) <= 15, "\n".join(sent)


def test_a_chain_with_a_gap_is_not_handed_on(desk):
    item = desk.stored()
    with desk.database.work(unscoped=1) as db:
        found = db.get_one(EvidenceItem, item)
        append(db, desk.world.who["store"], found, "correction", at=now() - dt.timedelta(days=9), remark="Too early")
    with pytest.raises(Refused, match="does not hold"):
        desk.release("store", item, "store2")

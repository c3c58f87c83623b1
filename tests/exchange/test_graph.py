"""The graph of a case's evidence: others' checkers accept it for fifty random cases, it says what the chain says, and
no more than who asks may see."""

import io
import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import event

from casework.cases import service as casework_cases
from casework.evidence.chain import append
from casework.evidence.models import CustodyEvent, EvidenceItem
from casework.exchange import check
from casework.exchange.graph import case_graph, write
from casework.exchange.validators import SHAPES
from tests.evidence.world import SHA, Desk, build, grant
from tests.exchange import cases

# Said by the libraries of the checkers about themselves.
pytestmark = [
    pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:.* is deprecated. Use files:DeprecationWarning"),
]
BY_TOOLS = int(os.environ.get("CASEWORK_TEST_TOOLS", "3"))  # cases that the checkers' own command line tools are given
SECRETS = ("Registrar", "Sok", "Telephone", "Test street", "Counter", "Imager", "W-1/2026", SHA, "SN-0001",
           "490154203237518", "Inv Fictional", "R-12/2026", "Order 3/2026")


def graph_of(database, world, name="psu", items=None, **options):
    identity = world.who[name]
    with database.work(identity=identity, readonly=True) as db:
        chosen = None if items is None else [db.get_one(EvidenceItem, one) for one in items]
        return case_graph(db, identity, world.case(db), chosen, **options)


def written(graph) -> bytes:
    stream = io.BytesIO()
    write(graph, stream)
    return stream.getvalue()


def nodes(graph, kind: str) -> list[dict]:
    return [node for node in graph["@graph"] if node["@type"].endswith(kind)]


def actions(graph) -> list[dict]:
    return nodes(graph, "InvestigativeAction")


def fill(database):
    with database.work() as db:
        return build(db)


def tool(name: str, *arguments: str) -> subprocess.CompletedProcess:
    """A checker's own command line tool."""
    return subprocess.run([Path(sys.executable).with_name(name), *arguments], capture_output=True, text=True,
                          check=False, timeout=80 * BY_TOOLS)


@pytest.mark.one_engine
def test_fifty_random_cases_are_accepted_by_every_checker(database, tmp_path):
    world, happened, files = fill(database), Counter(), []
    for seed in range(50):
        made = cases.random_case(database, world, seed)
        graph = graph_of(database, made)
        assert check.problems(graph) == [], seed
        happened.update(action["casework:eventType"] for action in actions(graph))
        files.append(tmp_path / f"{seed}.jsonld")
        files[-1].write_bytes(written(graph))
    # Enough happened to prove something.
    assert {"seized", "acquired", "sealed", "released", "received", "refused", "withdrawn", "opened", "imaged",
            "hash_verified", "to_court", "from_court", "returned", "destroyed", "discrepancy", "resolved",
            "correction"} <= set(happened)
    # The tools themselves, over some of them together: they need minutes for all.
    by_size, first = sorted(files, key=lambda file: file.stat().st_size), min(15, len(files) - BY_TOOLS)
    some = [str(file) for file in by_size[first : first + BY_TOOLS]]
    found = tool("case_validate", "--ontology-graph", str(SHAPES), *some)
    assert (found.returncode, "Conforms: True" in found.stdout) == (0, True), found.stdout + found.stderr
    inferred = str(tmp_path / "inferred.ttl")
    assert tool("case_prov_rdf", inferred, *some).returncode == 0
    found = tool("case_prov_check", inferred, *some)
    assert found.returncode == 0, found.stdout


@pytest.mark.one_engine("postgresql")
def test_a_random_case_on_postgresql(database):
    made = cases.random_case(database, fill(database), 7)
    graph = graph_of(database, made)
    assert len(actions(graph)) > 5
    assert check.problems(graph) == []


@pytest.mark.one_engine
def test_what_a_graph_says(database):
    """One item on the whole way, then who sees what of it; one world for all questions."""
    world = cases.another_case(database, fill(database))
    desk = Desk(database, world)
    item = desk.record("inv", description="Telephone (fictional)", size=77,
                       hashes=[{"algorithm": "sha256", "value": SHA, "tool": "Imager 2.0"}])
    desk.seal("inv", item)
    desk.release("inv", item, "store", place="Counter")
    desk.accept("store", item)
    desk.do("store", item, "correct", seq=1, remark="The place was the kitchen, not the hall")
    desk.do("store", item, "release", purpose="court", outsider="Registrar (fictional)", place="Court",
            receipt="R-12/2026", authority="Order 3/2026")
    graph = graph_of(database, world)
    by_type = {action["casework:eventType"]: action for action in actions(graph)}
    person = {name: next((node["@id"] for node in nodes(graph, "Person")
                          if node.get("uco-core:name") == identity.name), None) for name, identity in world.who.items()}

    # A handover has two sides, each an act of its own person.
    released, received = by_type["released"], by_type["received"]
    assert released["uco-action:performer"]["@id"] == released["casework:releasedBy"][0]["@id"] == person["inv"]
    assert released["casework:releasedTo"] == [{"@id": person["store"]}]
    assert "casework:receivedBy" not in released
    assert received["uco-action:performer"]["@id"] == received["casework:receivedBy"][0]["@id"] == person["store"]
    assert received["uco-action:participant"] == [{"@id": person["inv"]}]
    assert received["case-investigation:wasInformedBy"] == [{"@id": released["@id"]}]
    # A correction says which event it corrects.
    note = next(node for node in nodes(graph, "Annotation") if node["uco-core:tag"] == ["correction"])
    assert {"@id": by_type["seized"]["@id"]} in note["uco-core:object"]
    assert {"@id": note["@id"]} in by_type["correction"]["uco-action:result"]
    # The hash of each event, as the chain has it.
    with database.work(readonly=True, unscoped=1) as db:
        chain = {row.seq: row.hash for row in db.query(CustodyEvent).filter(CustodyEvent.item_id == item)}
        ref = db.get_one(EvidenceItem, item).ref
    assert {action["casework:sequence"]: action["casework:chainHash"] for action in actions(graph)} == chain
    assert {node["case-investigation:exhibitNumber"] for node in nodes(graph, "ProvenanceRecord")} == {ref}
    text = written(graph).decode()
    assert [word for word in SECRETS if word not in text] == []
    # The same evidence, the same bytes, in any order; read as JSON it is the document.
    assert written(graph_of(database, world, items=[item])) == written(graph)
    assert json.loads(text) == graph

    # A custodian reads the chain and no hash value; who has nothing to do with the item sees nothing of it.
    assert SHA not in written(graph_of(database, world, "store")).decode()
    assert len(actions(graph_of(database, world, "store"))) == len(chain)
    for stranger in ("sw", "inv2", "store2"):
        with database.work(unscoped=1, readonly=True) as db:
            found = db.get_one(EvidenceItem, item)
            strange = case_graph(db, world.who[stranger], world.case(db), [found])
        assert len(strange["@graph"]) == 1, "the case alone"

    # A bare graph is accepted and says nothing in words.
    bare = graph_of(database, world, bare=True)
    assert check.problems(bare) == []
    assert {action["casework:chainHash"] for action in actions(bare)} == set(chain.values())
    assert [word for word in SECRETS if word in written(bare).decode()] == []

    # The owner who gets a thing back is not named, nor is the place in the vault.
    desk.do("store", item, "take_back", seal_before="SEAL-001", condition="intact", location="Shelf 4")
    desk.do("pro", item, "order_disposition", disposition="returned", authority="J-1/2026")
    desk.do("store", item, "carry_out", witness=str(world.who["psu"].user_id), place="Store",
            outsider="Owner Fictional", wiping_certificate="WC-1/2026")
    desk.do("psu", item, "confirm_disposition")
    graph = graph_of(database, world)
    text = written(graph).decode()
    assert "Owner Fictional" not in text
    assert "WC-1/2026" in text
    assert check.problems(graph) == []

    # An event written past the program: the graph shows the gap, and is not accepted.
    lost = desk.stored("SEAL-009")
    with database.work(unscoped=1) as db:
        append(db, world.who["store"], db.get_one(EvidenceItem, lost), "to_court", outsider="Nobody (fictional)",
               released_by_id=world.who["sw"].user_id)
    graph = graph_of(database, world, items=[lost])
    gaps = [node for node in nodes(graph, "Annotation") if node["uco-core:tag"] == ["chain-problem"]]
    assert "Gap" in gaps[0]["uco-core:statement"][0]
    assert any("given by somebody who did not have it" in line for line in check.problems(graph))


@pytest.mark.one_engine
def test_counts_by_label_and_what_has_no_place_in_a_graph(database):
    world = cases.another_case(database, fill(database))
    desk = Desk(database, world)
    seen = "e" * 64
    item = desk.record("inv", restricted_material="yes", vault_ref="VAULT-0001", hashes=[
        {"algorithm": "sha256", "value": SHA}, {"algorithm": "pdq", "value": seen}])
    with database.work(unscoped=1) as db:
        db.get_one(EvidenceItem, item).label_counts = {"baseline": 3, "not_illegal": 40}
    graph = graph_of(database, world)
    text = written(graph).decode()
    assert check.problems(graph) == []
    assert ["baseline: 3", "not_illegal: 40"] in [node.get("uco-core:statement") for node in graph["@graph"]]
    assert SHA in text
    assert [word for word in ("VAULT-0001", seen) if word in text] == [], "a place in the vault, a perceptual hash"
    assert "neither in this graph nor in casework" in text


@pytest.mark.one_engine
def test_many_items_take_no_more_statements_than_few(database):
    world = cases.another_case(database, fill(database))
    desk, taken = Desk(database, world), []
    for count in (2, 10):
        for _number in range(count):
            desk.record("inv", digital=True)
        sent: list[str] = []
        event.listen(database.engine, "before_cursor_execute", lambda *call, sent=sent: sent.append(call[2]))
        graph = graph_of(database, world)
        taken.append(len(sent))
    assert len(actions(graph)) == 12
    assert taken[1] == taken[0] <= 15


@pytest.mark.one_engine
def test_what_was_taken_over_has_two_sides_and_no_gap(database):
    """Who could not hand it over is the giver; who took it over wrote both sides down."""
    world = cases.another_case(database, fill(database))
    desk = Desk(database, world)
    item = desk.record("inv")
    with database.work(unscoped=1) as db:
        casework_cases.recuse(db, None, world.who["inv"].user_id, world.case(db))
        grant(db, world, "inv2")
    desk.do("inv2", item, "relieve", receipt="Paper 4 of 2 March", location="Room 3")
    graph = graph_of(database, world)
    assert check.problems(graph) == []
    by_type = {action["casework:eventType"]: action for action in actions(graph)}
    giver, taker = (next(node["@id"] for node in nodes(graph, "Person")
                         if node.get("uco-core:name") == world.who[name].name) for name in ("inv", "inv2"))
    for kind in ("released", "received"):
        assert by_type[kind]["casework:releasedBy"] == [{"@id": giver}]
        assert by_type[kind]["uco-action:performer"] == {"@id": taker}

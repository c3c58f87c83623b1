"""What is wrong with a graph is found, and said by which checker: CASE's, our shapes, or the check of provenance."""

import copy
import json
import sys
from collections.abc import Callable

import pytest

from casework.crypto.keyring import KeyRing
from casework.db.refs import new_ref
from casework.evidence.models import EvidenceItem
from casework.exchange import check
from casework.exchange.graph import case_graph
from casework.exchange.graph_material import Document
from casework.exchange.graph_terms import CONTEXT
from casework.files.models import StoredFile
from tests.evidence.world import SHA, TODAY, Desk, build
from tests.exchange import cases
from tests.support import databases
from tests.support.databases import Database

# Said by the libraries of the checkers about themselves.
pytestmark = [
    pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:.* is deprecated. Use files:DeprecationWarning"),
]
EARLY = {"@type": "xsd:dateTime", "@value": "2020-01-01T00:00:00+00:00"}
OTHER = {"@type": "xsd:hexBinary", "@value": "b" * 64}
NOBODY = "kb:person-00000000-0000-5000-8000-000000000000"


class Graph(dict):
    """A document, and its parts by what they are."""

    @property
    def nodes(self) -> list[dict]:
        return self["@graph"]

    def of(self, kind: str) -> list[dict]:
        return [node for node in self.nodes if node["@type"].endswith(kind)]

    def event(self, kind: str) -> dict:
        return next(node for node in self.nodes if node.get("casework:eventType") == kind)

    def state_after(self, event: dict) -> dict:
        ids = {one["@id"] for one in event["uco-action:result"]}
        return next(node for node in self.of("ProvenanceRecord") if node["@id"] in ids)

    def person_beside(self, event: dict, word: str) -> str:
        """Somebody of the graph who is not named there."""
        named = {one["@id"] for one in event[word]}
        return next(node["@id"] for node in self.of("Person") if node["@id"] not in named)


def document(db, owner) -> StoredFile:
    """A document whose bytes were never there."""
    made = StoredFile(
        ref=new_ref(db, StoredFile, "J", TODAY), agency_id=owner.agency_id, owner_type=owner.__tablename__,
        owner_id=owner.id, case_id=getattr(owner, "case_id", owner.id), subject_id=getattr(owner, "case_id", owner.id),
        title="លិខិត (fictional)", name="លិខិត one.pdf", category="report", media_type="application/pdf", size=10,
        sha256=SHA, declaration=True, scan="not_scanned", address="0" * 64, stored=10, slot=b"0" * 60,
    )
    db.add(made)
    db.flush()
    return made


@pytest.fixture(scope="module")
def good(tmp_path_factory) -> Graph:
    """A telephone of which an image is made; the case has no more than that."""
    folder = tmp_path_factory.mktemp("graph")
    KeyRing.create(folder / "keys.json")
    with databases.migrated("sqlite", folder) as url:
        database = Database(url, "sqlite", KeyRing.load(folder / "keys.json"))
        with database.work() as db:
            world = build(db)
        world = cases.another_case(database, world)
        desk = Desk(database, world)
        item = desk.stored()
        desk.do("store", item, "correct", seq=1, remark="The place was the kitchen, not the hall")
        way = cases.Way(desk, cases.random.Random(1))
        way.item, way.seal = item, "SEAL-001"
        way.examine(image=True)
        with database.work(unscoped=1) as db:
            kept = [Document(document(db, owner), None if owner.id == world.case_id else owner)
                    for owner in (world.case(db), db.get_one(EvidenceItem, item))]
        with database.work(identity=world.who["psu"], readonly=True) as db:
            kept = [Document(db.get_one(StoredFile, one.file.id), one.item) for one in kept]
            made = Graph(case_graph(db, world.who["psu"], world.case(db), documents=kept))
            assert db.query(EvidenceItem).count() == 2
        database.dispose()
    return made


def test_the_graph_itself_is_accepted(good):
    assert check.problems(good) == []
    assert len(documents(good)) == 2
    about = [node for node in good.of("Relationship") if node["uco-core:kindOfRelationship"] == "Related_To"]
    assert len(about) == 1, "the document of the exhibit; that of the case is in the investigation"


def change(kind: str, **values) -> Callable[[Graph], None]:
    """Say something else of an event: `uco_action__endTime=...`."""
    def apply(graph: Graph) -> None:
        graph.event(kind).update({word.replace("__", ":").replace("_", "-"): value for word, value in values.items()})
    return apply


def drop(kind: str, word: str) -> Callable[[Graph], None]:
    return lambda graph: graph.event(kind).pop(word)


def of_type(kind: str, **values) -> Callable[[Graph], None]:
    def apply(graph: Graph) -> None:
        graph.of(kind)[0].update({word.replace("__", ":").replace("_", "-"): value for word, value in values.items()})
    return apply


def drop_of(kind: str, word: str) -> Callable[[Graph], None]:
    return lambda graph: graph.of(kind)[0].pop(word)


def lose_an_event(graph: Graph) -> None:
    """Gone with its state, as if it had never been."""
    lost = graph.event("sealed")
    gone = {lost["@id"], graph.state_after(lost)["@id"]}
    graph["@graph"] = [node for node in graph.nodes if node["@id"] not in gone]
    graph.nodes[0]["uco-core:object"] = [one for one in graph.nodes[0]["uco-core:object"] if one["@id"] not in gone]
    after = graph.event("released")
    del after["case-investigation:wasInformedBy"]


def lose_a_state(graph: Graph) -> None:
    graph.event("sealed")["uco-action:result"] = []


def fork(graph: Graph) -> None:
    """A received item that starts from where the release started, too."""
    graph.event("received")["uco-action:object"] = graph.event("released")["uco-action:object"]


def other_number(graph: Graph) -> None:
    graph.state_after(graph.event("received"))["case-investigation:exhibitNumber"] = "E26-000000-A"


def same_number(graph: Graph) -> None:
    graph.event("received")["casework:sequence"] = graph.event("released")["casework:sequence"]


def taken_by_another(graph: Graph) -> None:
    received = graph.event("received")
    received["casework:receivedBy"] = [{"@id": graph.person_beside(received, "casework:receivedBy")}]


def given_by_another(graph: Graph) -> None:
    released = graph.event("released")
    released["casework:releasedBy"] = [{"@id": graph.person_beside(released, "casework:releasedBy")}]


def held_by_another(graph: Graph) -> None:
    """Only the state is forged, and all that follow from it, so that each fits the one before."""
    released = graph.event("released")
    other = [{"@id": graph.person_beside(released, "casework:releasedBy")}]
    graph.state_after(released)["casework:heldBy"] = other
    graph.event("received")["casework:releasedBy"] = other


def asked_of_another(graph: Graph) -> None:
    received = graph.event("received")
    other = [{"@id": graph.person_beside(received, "casework:receivedBy")}]
    graph.state_after(graph.event("released"))["casework:askedOf"] = other
    received["casework:receivedBy"] = graph.state_after(received)["casework:heldBy"] = other


def held_by_nobody(graph: Graph) -> None:
    del graph.state_after(graph.event("received"))["casework:heldBy"]


def resealed_in_secret(graph: Graph) -> None:
    graph.state_after(graph.event("released"))["casework:sealedWith"] = "SEAL-002"


def unsealed_in_secret(graph: Graph) -> None:
    del graph.state_after(graph.event("released"))["casework:sealedWith"]


def two_performers(graph: Graph) -> None:
    sealed = graph.event("sealed")
    other = graph.person_beside({"one": [sealed["uco-action:performer"]]}, "one")
    sealed["uco-action:performer"] = [sealed["uco-action:performer"], {"@id": other}]


def corrects_nothing(graph: Graph) -> None:
    note = next(node for node in graph.of("Annotation") if node["uco-core:tag"] == ["correction"])
    note["uco-core:object"] = [graph.event("correction")["casework:exhibit"]]


def other_value_found(graph: Graph) -> None:
    graph.event("hash_verified")["casework:hashFound"]["uco-types:hashValue"] = OTHER


def short_hash(graph: Graph) -> None:
    graph.event("hash_verified")["casework:hashFound"]["uco-types:hashValue"]["@value"] = SHA[:40]


def unknown_method(graph: Graph) -> None:
    graph.event("hash_verified")["casework:hashFound"]["uco-types:hashMethod"] = "SHA257"


def with_content(graph: Graph) -> None:
    facet = next(facet for node in graph.of("Image") for facet in node["uco-core:hasFacet"])
    facet["uco-observable:dataPayload"] = "AAAA"


def named_victim(graph: Graph) -> None:
    graph["@context"] = {**CONTEXT, "uco-victim": "https://ontology.unifiedcyberontology.org/uco/victim/"}
    graph.nodes.append({"@id": "kb:victim-00000000-0000-5000-8000-000000000001", "@type": "uco-victim:Victim",
                        "uco-core:name": "Child Fictional"})


def outside_the_case(graph: Graph) -> None:
    del graph.nodes[0]


def documents(graph: Graph) -> list[dict]:
    return [node for node in graph.nodes if "casework:category" in node]


def document_without_hash(graph: Graph) -> None:
    for facet in documents(graph)[0]["uco-core:hasFacet"]:
        facet.pop("uco-observable:hash", None)


def document_without_reference(graph: Graph) -> None:
    del documents(graph)[0]["uco-core:name"]


def document_beside_the_case(graph: Graph) -> None:
    gone = documents(graph)[0]["@id"]
    graph.nodes[0]["uco-core:object"] = [one for one in graph.nodes[0]["uco-core:object"] if one["@id"] != gone]


def no_uuid(graph: Graph) -> None:
    graph.of("Organization")[0]["@id"] = "kb:police"


MUTANTS = {
    "ends before it starts": ("casework", change("sealed", uco_action__endTime=EARLY), "ends before it starts"),
    "recorded before it happened": (
        "casework", change("sealed", uco_core__objectCreatedTime=EARLY), "recorded before it happened"),
    "before the one before": ("casework", change("received", uco_action__startTime=EARLY, uco_action__endTime=EARLY),
                              "lies before the event before"),
    "no performer": ("casework", drop("sealed", "uco-action:performer"), "without performer"),
    "no start": ("casework", drop("sealed", "uco-action:startTime"), "without start"),
    "no tool": ("casework", drop("imaged", "uco-action:instrument"), "without the tool"),
    "no exhibit number": (
        "casework", drop_of("ProvenanceRecord", "case-investigation:exhibitNumber"), "without exhibit number"),
    "another exhibit number": ("casework", other_number, "another number than before"),
    "an event lost": ("casework", lose_an_event, "the event before is missing"),
    "an event lost, by provenance": ("provenance", lose_an_event, "does not link back"),
    "a state lost, by provenance": ("provenance", lose_a_state, "does not link back"),
    "a chain cut": ("casework", drop("received", "uco-action:object"), "the event before is missing"),
    "a chain forked": ("casework", fork, "two events start from one state"),
    "a number twice": ("casework", same_number, "the event before is missing"),
    "another hash before": ("casework", change("received", casework__previousChainHash="0" * 64),
                            "not the hash of the event before"),
    "no hash": ("casework", drop("sealed", "casework:chainHash"), "without its hash"),
    "not asked to take it": ("casework", taken_by_another, "nobody had asked"),
    "did not have it": ("casework", given_by_another, "did not have it"),
    "another seal": ("casework", change("released", casework__sealBefore="SEAL-002"), "another seal"),
    "a holder whom nobody made one": ("casework", held_by_another, "whose holder nobody made one"),
    "no holder": ("casework", held_by_nobody, "without holder"),
    "another holder than the event says": ("casework", held_by_nobody, "another holder than its event says"),
    "asked whom nobody asked": ("casework", asked_of_another, "whom nobody asked"),
    "a seal that nobody put on": ("casework", resealed_in_secret, "a seal that nobody put on"),
    "a seal lost": ("casework", unsealed_in_secret, "lost its seal"),
    "another hash value": ("casework", other_value_found, "no discrepancy follows"),
    "a short hash value": ("casework", short_hash, "not the length of its method"),
    "a correction of nothing": ("casework", corrects_nothing, "names no earlier event"),
    "content": ("casework", with_content, "never holds it"),
    "a victim by name": ("casework", named_victim, "a victim by name"),
    "a document without hash value": ("casework", document_without_hash, "a document without hash value"),
    "a document without reference": ("casework", document_without_reference, "a document without reference"),
    "a document beside the case": ("casework", document_beside_the_case, "a document of no investigation"),
    "outside the case": ("casework", outside_the_case, "of no investigation"),
    "two performers": ("case", two_performers, "More than 1 values"),
    "two starts": ("case", change("sealed", uco_action__startTime=[EARLY, {**EARLY, "@value": "2020-01-01T00:00:01Z"}]),
                   "More than 1 values"),
    "a moment in words": ("case", change("sealed", uco_action__startTime="yesterday"), "dateTime"),
    "an unknown word": ("case", of_type("Organization", uco_core__nam="Police"), "no such word"),
    "an unknown method": ("case", unknown_method, "HashNameVocab"),
    "informed by nothing": ("case", change("received", case_investigation__wasInformedBy=[{"@id": NOBODY}]),
                            "InvestigativeAction"),
    "a place for a legal basis": ("case", of_type("Investigation", case_investigation__relevantAuthorization=[
        {"@id": NOBODY}]), "Authorization"),
    "an id without UUID": ("case", no_uuid, "UUID"),
}


@pytest.mark.parametrize("name", MUTANTS)
def test_a_mutant_is_refused(good, name):
    checker, mutate, words = MUTANTS[name]
    graph = copy.deepcopy(good)
    mutate(graph)
    found = check.problems(graph)
    assert [line for line in found if line.startswith(f"{checker}:") and words in line], found


FOREIGN = {
    "@context": CONTEXT,
    "@graph": [
        {"@id": "kb:person-00000000-0000-4000-8000-000000000001", "@type": "uco-identity:Identity",
         "uco-core:nickname": "x"},
        {"@id": "kb:action-00000000-0000-4000-8000-000000000002", "@type": "case-investigation:InvestigativeAction",
         "uco-action:startTime": EARLY,
         "uco-action:performer": {"@id": "kb:person-00000000-0000-4000-8000-000000000001"},
         "uco-action:result": [{"@id": "kb:record-00000000-0000-4000-8000-000000000003"},
                               {"@id": "kb:file-00000000-0000-4000-8000-000000000004"}]},
        {"@id": "kb:file-00000000-0000-4000-8000-000000000004", "@type": "uco-observable:File"},
        {"@id": "kb:record-00000000-0000-4000-8000-000000000003", "@type": "case-investigation:ProvenanceRecord",
         "case-investigation:exhibitNumber": "1", "uco-core:objectCreatedTime": EARLY,
         "uco-core:object": [{"@id": "kb:file-00000000-0000-4000-8000-000000000004"}]},
    ],
}


def test_a_graph_of_another_program_is_read_tolerantly(tmp_path):
    path = tmp_path / "foreign.jsonld"
    path.write_text(json.dumps(FOREIGN), encoding="utf-8")
    assert check.problems(path, tolerant=True) == []
    strict = check.problems(path)
    assert any(line.startswith("case: no such word") for line in strict)
    assert any("an event without number" in line for line in strict)
    broken = copy.deepcopy(FOREIGN)
    del broken["@graph"][1]["uco-action:performer"]
    assert any("without performer" in line for line in check.problems(broken, tolerant=True))


@pytest.mark.parametrize("document", [
    [], {"@graph": []}, {"@context": "http://example.org/context", "@graph": []},
    {"@context": {"@import": "http://example.org/context"}},
    {"@context": CONTEXT, "@graph": [{"@context": "http://example.org/context"}]},
    {"@context": {"a": {"@id": "http://example.org/a", "@context": ["http://example.org/context"]}}},
])
def test_nothing_is_fetched(tmp_path, document):
    path = tmp_path / "graph.jsonld"
    path.write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(ValueError, match="context"):
        check.problems(path)


def test_it_is_said_when_the_checkers_are_not_there(good, monkeypatch):
    monkeypatch.setitem(sys.modules, "casework.exchange.validators", None)
    monkeypatch.delattr("casework.exchange.validators", raising=False)
    with pytest.raises(check.Missing):
        check.problems(good)

"""The evidence of a case as a graph in the words of CASE 1.5.0 and UCO, as JSON-LD.

The graph says what the custody certificate says, and no name of a person taken from or given back to. It bears no time
of its making: the same evidence gives the same bytes.
"""

import json
import uuid
from collections.abc import Iterable
from typing import Any, BinaryIO

from sqlalchemy.orm import Session

from casework.authz.identity import Identity
from casework.cases.models import Case
from casework.evidence.models import CustodyEvent, EvidenceItem

from .graph_custody import custody_nodes
from .graph_documents import document_nodes
from .graph_items import exhibit_nodes, parent_node
from .graph_material import Document, Exhibit, Material, gather
from .graph_terms import CONTEXT, Common, Node, iri, ref, said


def case_graph(
    db: Session, identity: Identity, case: Case, items: Iterable[EvidenceItem] | None = None,
    documents: Iterable[Document] = (), *, bare: bool = False
) -> dict[str, Any]:
    """The JSON-LD document of those `items` whose chain of custody this person reads; None: of all in the case that
    were not voided, and of these `documents`. Hash values and counts by label are in it where the person may read them.

    A `bare` graph may lie where anybody reads it: who did what is told apart, and nobody named; no description, remark,
    place, tool, document or hash value of evidence is in it.
    """
    return build(gather(db, identity, case, items, documents, bare))


def write(graph: dict[str, Any], stream: BinaryIO) -> None:
    """Write the document in UTF-8, indented, the same bytes for the same evidence."""
    stream.write(json.dumps(graph, ensure_ascii=False, indent=1, sort_keys=True).encode() + b"\n")


def build(material: Material) -> dict[str, Any]:
    """The document of what was read."""
    case, by_id = material.case, {exhibit.item.id: exhibit for exhibit in material.exhibits}
    common = Common(case.id, material.people, material.agencies, material.words)
    nodes: list[Node] = []
    for exhibit in material.exhibits:
        item, parent = exhibit.item, by_id.get(exhibit.item.parent_id)
        nodes += exhibit_nodes(exhibit, common, case.ref)
        if parent is not None:
            nodes.append(parent_node(exhibit))
        nodes += custody_nodes(exhibit, common, _root(item, by_id), _source(exhibit, parent))
    for document in material.documents:
        nodes += document_nodes(document)
    everything = [*common.nodes.values(), *nodes]
    return {"@context": CONTEXT, "@graph": [_investigation(case, common, everything), *everything]}


def _root(item: EvidenceItem, by_id: dict[uuid.UUID, Exhibit]) -> str | None:
    """The number of the exhibit at the beginning of the line, where it is one of the graph."""
    if item.root_id is None:
        return item.ref
    return by_id[item.root_id].item.ref if item.root_id in by_id else None


def _source(exhibit: Exhibit, parent: Exhibit | None) -> CustodyEvent | None:
    """The last event of the parent before this exhibit was recorded: the state of custody that it came from."""
    if parent is None or not exhibit.events:
        return None
    first = exhibit.events[0]
    earlier = [e for e in parent.events if (e.recorded_at, e.at) <= (first.recorded_at, first.at)]
    return earlier[-1] if earlier else None


def _investigation(case: Case, common: Common, everything: list[Node]) -> Node:
    """The case, by its number only: a title may name somebody."""
    return {
        "@id": iri("investigation", case.id), "@type": "case-investigation:Investigation", "uco-core:name": case.ref,
        "case-investigation:investigationForm": "case", "case-investigation:investigationStatus": case.state,
        **said({
            "case-investigation:relevantAuthorization": ref(*common.of_type("case-investigation:Authorization")),
            "uco-core:object": ref(*(node["@id"] for node in everything)),
        }),
    }

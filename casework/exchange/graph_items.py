"""An exhibit as a node: what it is, its size and hash values, files by label, and what it was made from."""

import uuid

from .graph_material import Exhibit
from .graph_terms import METHODS, Common, Node, derived, digest, iri, ref, said

# UCO's class of each kind of evidence. A thing that is no device is an Item.
CLASSES = {
    "physical": "uco-core:Item", "digital_original": "uco-observable:ObservableObject",
    "forensic_image": "uco-observable:Image", "extract": "uco-observable:File", "document": "uco-core:Item",
    "statement": "uco-core:Item", "provider_return": "uco-observable:File",
    "online_capture": "uco-observable:ObservableObject",
}


def exhibit_id(item_id: uuid.UUID) -> str:
    """The id of an exhibit's node."""
    return iri("exhibit", item_id)


def exhibit_nodes(exhibit: Exhibit, common: Common, case_ref: str) -> list[Node]:
    """The exhibit, the counts by label and the relation to what it was made from or found in."""
    item, record = exhibit.item, exhibit.shown
    device = _device(exhibit, common)
    node = {
        "@id": exhibit_id(item.id),
        "@type": "uco-observable:Device" if device else CLASSES[item.kind],
        **said({
            "uco-core:name": f"{case_ref}, {item.number}", "uco-core:description": record.description,
            "casework:state": record.state, "casework:kind": item.kind,
            "uco-core:objectMarking": ref(common.restricted()) if record.restricted_material == "yes" else None,
            "casework:authorization": ref(*authorizations(exhibit, common)),
            "uco-core:hasFacet": [*device, *_content(exhibit)],
        }),
    }
    return [node, *_labels(exhibit)]


def authorizations(exhibit: Exhibit, common: Common) -> list[str]:
    """The legal basis on which the exhibit was taken."""
    record = exhibit.shown
    if not record.authority_type:
        return []
    return [common.authorization(record.authority_type, record.authority_document)]


def parent_node(exhibit: Exhibit) -> Node:
    """That an exhibit was made from, or found in, another one of the graph."""
    item = exhibit.item
    return {
        "@id": iri("relationship", derived(item.id, "parent")), "@type": "uco-core:Relationship",
        "uco-core:source": ref(exhibit_id(item.id)), "uco-core:target": ref(exhibit_id(item.parent_id))[0],
        "uco-core:kindOfRelationship": "Derived_From", "uco-core:isDirectional": True,
    }


def _device(exhibit: Exhibit, common: Common) -> list[Node]:
    item, record = exhibit.item, exhibit.shown
    facets = []
    about = said({"uco-observable:model": record.model, "uco-observable:serialNumber": record.serial,
                  "uco-observable:manufacturer": record.make and ref(common.maker(record.make))[0]})
    if about:
        facets.append({"@id": iri("device-facet", derived(item.id, "device")), "@type": "uco-observable:DeviceFacet",
                       **about})
    if record.imei:
        facets.append({"@id": iri("mobile-device-facet", derived(item.id, "mobile")),
                       "@type": "uco-observable:MobileDeviceFacet", "uco-observable:IMEI": [record.imei]})
    return facets


def _content(exhibit: Exhibit) -> list[Node]:
    """Size and hash values; never anything of the content itself."""
    item, record = exhibit.item, exhibit.shown
    hashes = [digest(item.id, "item", one["alg"], one["value"]) for one in record.hashes or ()
              if one["alg"] in METHODS]  # UCO names no perceptual hash
    about = said({"uco-observable:sizeInBytes": record.size, "uco-observable:hash": hashes})
    if not about:
        return []
    return [{"@id": iri("content-data-facet", derived(item.id, "content")),
             "@type": "uco-observable:ContentDataFacet", **about}]


def _labels(exhibit: Exhibit) -> list[Node]:
    """How many files bear which label, for who may know."""
    counts = exhibit.shown.label_counts
    if not counts:
        return []
    return [{
        "@id": iri("annotation", derived(exhibit.item.id, "labels")), "@type": "uco-core:Annotation",
        "uco-core:tag": ["label-counts"], "uco-core:object": ref(exhibit_id(exhibit.item.id)),
        "uco-core:statement": [f"{label}: {count}" for label, count in sorted(counts.items())],
    }]

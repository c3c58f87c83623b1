"""A document that casework holds, as a node: what it is called, its size and hash value, and what it belongs to. Never
anything of its content."""

from .graph_items import exhibit_id
from .graph_material import Document
from .graph_terms import Node, derived, digest, iri, moment, ref


def document_nodes(document: Document) -> list[Node]:
    """The document, and that it belongs to its exhibit; one of the case itself belongs to the investigation alone."""
    file = document.file
    node = {
        "@id": iri("document", file.id), "@type": "uco-observable:File", "uco-core:name": file.ref,
        "uco-core:description": file.title, "uco-core:objectCreatedTime": moment(file.created_at),
        "casework:category": file.category, "casework:redacted": file.redacted_of_id is not None,
        "uco-core:hasFacet": [
            {"@id": iri("file-facet", derived(file.id, "file")), "@type": "uco-observable:FileFacet",
             "uco-observable:fileName": file.name, "uco-observable:isDirectory": False,
             "uco-observable:sizeInBytes": file.size},
            {"@id": iri("content-data-facet", derived(file.id, "content")), "@type": "uco-observable:ContentDataFacet",
             "uco-observable:mimeType": [file.media_type], "uco-observable:sizeInBytes": file.size,
             "uco-observable:hash": [digest(file.id, "document", "sha256", file.sha256)]},
        ],
    }
    if document.item is None:
        return [node]
    belongs = {
        "@id": iri("relationship", derived(file.id, "belongs")), "@type": "uco-core:Relationship",
        "uco-core:source": ref(node["@id"]), "uco-core:target": ref(exhibit_id(document.item.id))[0],
        "uco-core:kindOfRelationship": "Related_To", "uco-core:isDirectional": True,
    }
    return [node, belongs]

"""The words of the graph: namespaces, ids, and the nodes that many others point to.

What CASE 1.5.0 and UCO have a word for is said with it. What they have none for (the number of a link, its hash, the
seal) is said with words of our own, under `casework:`; shapes.ttl says what each means.
"""

import datetime as dt
import re
import uuid
from typing import Any

Node = dict[str, Any]

# Addresses under example.org belong to nobody: the graph names things, it does not say where to fetch them.
CONTEXT = {
    "kb": "http://example.org/kb/",
    "casework": "http://example.org/ontology/casework/",
    "case-investigation": "https://ontology.caseontology.org/case/investigation/",
    "uco-action": "https://ontology.unifiedcyberontology.org/uco/action/",
    "uco-core": "https://ontology.unifiedcyberontology.org/uco/core/",
    "uco-identity": "https://ontology.unifiedcyberontology.org/uco/identity/",
    "uco-location": "https://ontology.unifiedcyberontology.org/uco/location/",
    "uco-marking": "https://ontology.unifiedcyberontology.org/uco/marking/",
    "uco-observable": "https://ontology.unifiedcyberontology.org/uco/observable/",
    "uco-tool": "https://ontology.unifiedcyberontology.org/uco/tool/",
    "uco-types": "https://ontology.unifiedcyberontology.org/uco/types/",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}
METHODS = {"sha256": "SHA256", "sha1": "SHA1", "md5": "MD5"}  # as UCO's list of hash names writes them
_VERSION = re.compile(r"(?P<name>.*\S)\s+(?P<version>v?[0-9][\w.+-]*)")


def iri(kind: str, key: uuid.UUID) -> str:
    """The id of a node: it ends in a UUID, as UCO asks for. UCO knows no UUID of version 7, which our records have:
    one of version 5 is made of it."""
    return f"kb:{kind}-{key if key.version == 5 else derived(key, kind)}"


def derived(owner: uuid.UUID, *parts: Any) -> uuid.UUID:
    """The id of something that has none of its own: always the same for the same owner and parts."""
    return uuid.uuid5(owner, "\n".join(str(part) for part in parts))


def ref(*ids: str) -> list[Node]:
    """Pointers to nodes, each once, in the order given."""
    return [{"@id": one} for one in dict.fromkeys(ids)]


def moment(value: dt.datetime) -> Node:
    """A moment in UTC, to the microsecond, as it stands in the hash of the chain."""
    return {"@type": "xsd:dateTime", "@value": value.astimezone(dt.UTC).isoformat(timespec="microseconds")}


def digest(owner: uuid.UUID, name: str, algorithm: str, value: str) -> Node:
    """A hash value; `name` says which of its owner's it is."""
    return {
        "@id": iri("hash", derived(owner, "hash", name, algorithm)), "@type": "uco-types:Hash",
        "uco-types:hashMethod": METHODS[algorithm],
        "uco-types:hashValue": {"@type": "xsd:hexBinary", "@value": value},
    }


def said(values: dict[str, Any]) -> Node:
    """Only what is known: no word for what is empty."""
    return {name: value for name, value in values.items() if value not in (None, "", [], {})}


class Common:
    """Nodes that several exhibits share, each made once: people, agencies, tools, places, legal bases.

    Without `words` a person and a tool are told apart, not named: their ids cannot be worked out without the id of the
    case, which is random and not in the graph.
    """

    def __init__(self, case_id: uuid.UUID, people: dict[uuid.UUID, str], agencies: dict[uuid.UUID, str], words: bool):
        self.case_id, self.words, self._people, self._agencies = case_id, words, people, agencies
        self.nodes: dict[str, Node] = {}

    def _once(self, kind: str, key: uuid.UUID, node_type: str, **said_of_it: Any) -> str:
        node_id = iri(kind, key)
        self.nodes.setdefault(node_id, {"@id": node_id, "@type": node_type, **said_of_it})
        return node_id

    def _of_case(self, kind: str, node_type: str, key: tuple, **said_of_it: Any) -> str:
        return self._once(kind, derived(self.case_id, kind, *key), node_type, **said_of_it)

    def person(self, user_id: uuid.UUID) -> str:
        """Somebody of the program, by the name under which they sign."""
        known = said({"uco-core:name": self._people.get(user_id)})
        return self._once("person", user_id, "uco-identity:Person", **known)

    def outsider(self, name: str) -> str:
        """Somebody without an account who acts for an office or as a witness."""
        return self._of_case("person", "uco-identity:Person", (name,), **self._named(name))

    def _named(self, name: str, version: str | None = None) -> Node:
        return said({"uco-core:name": name, "uco-tool:version": version}) if self.words else {}

    def nameless(self, event_id: uuid.UUID) -> str:
        """A private person whose name stays in the register: the owner of an object may be the child."""
        return self._once("person", derived(event_id, "outsider"), "uco-identity:Person")

    def agency(self, agency_id: uuid.UUID) -> str:
        return self._once("organization", agency_id, "uco-identity:Organization",
                          **said({"uco-core:name": self._agencies.get(agency_id)}))

    def maker(self, name: str) -> str:
        """Who made a device."""
        return self._of_case("organization", "uco-identity:Organization", (name,), **{"uco-core:name": name})

    def member(self, user_id: uuid.UUID, agency_id: uuid.UUID) -> None:
        """Whoever recorded something did it for an agency."""
        self._of_case("relationship", "uco-core:Relationship", (user_id, agency_id), **{
            "uco-core:source": ref(self.person(user_id)), "uco-core:target": ref(self.agency(agency_id))[0],
            "uco-core:kindOfRelationship": "Member_Of", "uco-core:isDirectional": True,
        })

    def system(self) -> str:
        """This program, where it acted by itself."""
        return self._of_case("tool", "uco-tool:Tool", ("casework",), **{"uco-core:name": "casework"})

    def tool(self, text: str) -> str:
        """A tool as it was written down; a version at the end is told apart."""
        match = _VERSION.fullmatch(text.strip())
        parts = match.groupdict() if match else {"name": text.strip(), "version": None}
        return self._of_case("tool", "uco-tool:Tool", (text,), **self._named(**parts))

    def write_blocker(self) -> str:
        return self._of_case("tool", "uco-tool:Tool", ("write blocker",), **{
            "uco-core:name": "Write blocker", "uco-tool:toolType": "write blocker"})

    def place(self, text: str | None, province: str | None = None) -> str:
        """A place in words, and the code of its province where it is known."""
        address = {"@type": "uco-location:SimpleAddressFacet", **said(
            {"uco-location:street": text, "uco-location:region": province, "uco-location:country": "KH"})}
        facet = iri("simple-address-facet", derived(self.case_id, "address", text, province))
        return self._of_case("location", "uco-location:Location", (text, province),
                             **{"uco-core:hasFacet": [{"@id": facet, **address}]})

    def authorization(self, kind: str | None, document: str | None) -> str:
        """The legal basis: its kind as a code, and the document it is written in."""
        return self._of_case("authorization", "case-investigation:Authorization", (kind, document), **said({
            "case-investigation:authorizationType": kind,
            "case-investigation:authorizationIdentifier": document and [document],
        }))

    def restricted(self) -> str:
        """The marking of what is only registered."""
        definition = iri("statement-marking", derived(self.case_id, "restricted statement"))
        return self._of_case("marking-definition", "uco-marking:MarkingDefinition", ("restricted",), **{
            "uco-marking:definitionType": "statement",
            "uco-marking:definition": [{
                "@id": definition, "@type": "uco-marking:StatementMarking", "uco-marking:definitionType": "statement",
                "uco-marking:statement": "Restricted material: registered by hash value and number of files by label. "
                                         "The material itself is neither in this graph nor in casework.",
            }],
        })

    def of_type(self, node_type: str) -> list[str]:
        return [key for key, node in self.nodes.items() if node["@type"] == node_type]

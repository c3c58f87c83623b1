"""The three checkers, in memory: CASE's validator, our shapes, the check of provenance.

Importing this needs case-utils and case-prov, which bring the ontologies, rules and queries. What their command line
tools do with files is done here without: nothing of a graph is written anywhere.
"""

from functools import lru_cache
from importlib import resources
from pathlib import Path

import case_prov.queries
import case_prov.shapes
import case_utils.ontology
import pyshacl
import rdflib
from case_utils.case_validate.validate_utils import (
    disable_tbox_review,
    get_invalid_cdo_concepts,
    get_ontology_graph,
)
from rdflib import SH
from rdflib.plugins.sparql import prepareQuery

from .graph_terms import CONTEXT

ONTOLOGY = "1.5.0"
SHAPES = Path(__file__).parent / "shapes.ttl"
_WORDS = {**{name: at for name, at in CONTEXT.items() if name != "kb"}, "prov": "http://www.w3.org/ns/prov#"}


class Graph(rdflib.Graph):
    """A graph that reads each question once: a rule is asked about every node, and reading it costs more than the
    answer."""

    def query(self, query_object, *rest, **options):
        if isinstance(query_object, str):
            words = tuple((name, str(at)) for name, at in self.namespaces())
            query_object = _prepared(query_object, words)
        return super().query(query_object, *rest, **options)


@lru_cache(maxsize=256)
def _prepared(text: str, words: tuple[tuple[str, str], ...]):
    return prepareQuery(text, initNs=dict(words))


def by_case(data: rdflib.Graph, tolerant: bool) -> list[str]:
    """What case_validate finds: words in its namespaces that CASE does not have, and what breaks its rules."""
    rules, classes = _ontology()
    unknown = () if tolerant else sorted(get_invalid_cdo_concepts(data, rules))
    return [*(f"case: no such word: {word}" for word in unknown), *_broken("case", data, rules, classes, tolerant)]


def by_us(data: rdflib.Graph, tolerant: bool) -> list[str]:
    """What breaks the rules of shapes.ttl."""
    rules = _shapes()
    return _broken("casework", data, rules, (), tolerant)


def of_provenance(data: rdflib.Graph) -> list[str]:
    """What case_prov_check finds in what case_prov infers: each state of custody goes back to where nothing was."""
    rules, questions = _provenance()
    inferred = rdflib.Graph()
    for question in questions:
        inferred += data.query(question).graph
    return _broken("provenance", inferred, rules, rules, tolerant=False)


@lru_cache(maxsize=1)
def _ontology():
    """The rules of CASE and UCO as their validator loads them, and their hierarchy of classes."""
    rules = get_ontology_graph(ONTOLOGY)
    disable_tbox_review(rules)
    return rules, _read(resources.files(case_utils.ontology).joinpath(f"case-{ONTOLOGY}-subclasses.ttl"))


@lru_cache(maxsize=1)
def _shapes():
    return _read(SHAPES)


@lru_cache(maxsize=1)
def _provenance():
    """case_prov's shapes and its queries, ready to be asked."""
    files = [*resources.files(case_prov.queries).iterdir(), *resources.files(case_prov.shapes).iterdir()]
    questions = [
        prepareQuery(one.read_text(encoding="utf-8"), initNs=_WORDS) for one in files
        if one.name.startswith("construct-") and one.name.endswith(".sparql")
    ]
    return _read(*(one for one in files if one.name.endswith(".ttl"))), questions


def _read(*files) -> rdflib.Graph:
    found = rdflib.Graph()
    for file in files:
        found.parse(data=file.read_text(encoding="utf-8"), format="turtle")
    return found


def _broken(checker: str, data, rules: rdflib.Graph, classes, tolerant: bool) -> list[str]:
    """Each broken rule: the checker, the end of the node's id, what the rule says. `classes` is what the rules must
    know besides the data."""
    known = Graph()
    known.namespace_manager = data.namespace_manager
    for triple in (*data, *classes):
        known.add(triple)
    holds, report, text = pyshacl.validate(
        known, shacl_graph=rules, inplace=True, allow_warnings=tolerant, allow_infos=tolerant)
    if holds:
        return []
    if not isinstance(report, rdflib.Graph):
        return [f"{checker}: {text}"]
    found = set()
    for result, focus in report.subject_objects(SH.focusNode):
        where = report.value(result, SH.value) if (result, SH.sourceConstraint, None) in report else None
        place = str(where or focus).rpartition("/")[2]
        found.add(f"{checker}: {place}: {report.value(result, SH.resultMessage)}")
    return sorted(found)

"""Whether a graph is what others' programs accept: CASE's own validator, our shapes, and the check of provenance."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any


class Missing(Exception):
    """case-utils or case-prov is not installed: they are needed for this check only."""


def problems(graph: Path | str | dict[str, Any], tolerant: bool = False) -> list[str]:
    """What is wrong with a graph (a path or the document itself): one line each, with the name of the checker that
    found it (`case`, `casework`, `provenance`); an empty list when all accept it.

    `tolerant` is for graphs of other programs: warnings pass, and words that CASE does not know; our own words may be
    absent. Raises Missing; ValueError for what is no JSON-LD, or names a context that would have to be fetched.
    """
    document = _document(graph)
    try:
        from . import validators
    except ImportError as absent:
        raise Missing(str(absent)) from None
    data = validators.Graph().parse(data=json.dumps(document), format="json-ld")
    return [
        *validators.by_case(data, tolerant), *validators.by_us(data, tolerant), *validators.of_provenance(data),
    ]


def _document(graph: Path | str | dict[str, Any]) -> dict[str, Any]:
    try:
        document = graph if isinstance(graph, dict) else json.loads(Path(graph).read_text(encoding="utf-8"))
    except RecursionError:
        raise ValueError("nested too deep") from None
    if not isinstance(document, dict) or not isinstance(document.get("@context"), dict):
        raise ValueError("no JSON-LD document with its context in it")
    if any(name == "@import" or name == "@context" and not isinstance(value, dict) for name, value in _pairs(document)):
        raise ValueError("a context that would have to be fetched")
    return document


def _pairs(value: Any) -> Iterator[tuple[str, Any]]:
    """Every name and value of a document, however deep."""
    waiting = [value]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            yield from value.items()
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)

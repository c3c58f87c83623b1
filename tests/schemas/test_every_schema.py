"""What holds for every schema of the program, whatever it is about."""

import importlib
import inspect
import json
from pathlib import Path

import colander
import pytest
from babel.messages.pofile import read_po
from hypothesis import given, settings
from hypothesis import strategies as st

import schemas
from schemas.fields import Strict
from schemas.types import Secret, Text
from tests.schemas.good import GOOD

MODULES = ("referral", "person", "case", "evidence", "exhibits", "prosecution", "support", "accounts")
# Parts of other schemas, and what several share.
PARTS = {
    "person.Names", "person.Person", "person.IdDocument", "person.IdentifierBase", "referral.Report",
    "case.CaseFacts", "evidence.Hash", "exhibits.SearchRow", "prosecution.ChargeResult", "support.DomainNeed",
    "support.ServiceAsked", "support.Goal",
}  # fmt: skip
CATALOGUE = Path(schemas.__file__).parent / "locale" / "km" / "LC_MESSAGES" / "casework.po"
NAMES = [f"{cls.__module__.rpartition('.')[2]}.{cls.__name__}" for cls in GOOD]
every = pytest.mark.parametrize("schema", GOOD, ids=NAMES)


def fields(schema, bound):
    return bound(schema).children


def walk(node):
    for child in node.children:
        yield child
        yield from walk(child)


def without_none(value):
    """`value` as colander serializes it."""
    if isinstance(value, dict):
        return {name: without_none(one) for name, one in value.items()}
    if isinstance(value, list):
        return [without_none(one) for one in value]
    return colander.null if value is None else value


def refused(schema, bound, cstruct):
    """Path to message of what is refused; empty when nothing is."""
    try:
        bound(schema).deserialize(cstruct)
    except colander.Invalid as error:
        return error.asdict()
    return {}


def problems(schema, bound, cstruct):
    """The paths that are refused; there must be some."""
    found = set(refused(schema, bound, cstruct))
    assert found
    return found


def test_every_schema_has_an_example():
    named = set()
    for name in MODULES:
        module = importlib.import_module(f"schemas.{name}")
        named |= {
            f"{name}.{cls.__name__}" for cls in vars(module).values()
            if inspect.isclass(cls) and issubclass(cls, Strict) and cls.__module__ == module.__name__
        }  # fmt: skip
    examples = {f"{cls.__module__.rpartition('.')[2]}.{cls.__name__}" for cls in GOOD}
    assert named - PARTS - examples == set()


@every
def test_the_example_is_right_and_comes_back_the_same(schema, bound):
    node = bound(schema)
    once = node.deserialize(GOOD[schema])
    assert set(once) == {child.name for child in node.children}
    assert node.deserialize(node.serialize(without_none(once))) == once


@every
def test_what_is_needed_is_asked_for(schema, bound):
    for node in fields(schema, bound):
        if node.required:
            for empty in ({}, {node.name: ""}, {node.name: None}):
                without = {k: v for k, v in GOOD[schema].items() if k != node.name} | empty
                found = problems(schema, bound, without)
                assert any(path.split(".")[0] == node.name for path in found), node.name


@every
def test_what_is_not_needed_may_be_empty(schema, bound):
    for node in fields(schema, bound):
        if not node.required:
            without = {k: v for k, v in GOOD[schema].items() if k != node.name}
            # A rule over several fields may ask for it after all, and says so at a field.
            assert "" not in refused(schema, bound, without), node.name


@every
def test_an_unknown_field_is_refused(schema, bound):
    assert problems(schema, bound, GOOD[schema] | {"id": "1"}) == {""}


@every
def test_wrong_kinds_are_refused_by_name(schema, bound):
    for node in fields(schema, bound):
        for wrong in (3.5, object(), b"bytes", [[]], [None], {"x": 1}):
            found = problems(schema, bound, GOOD[schema] | {node.name: wrong})
            assert any(path.split(".")[0] == node.name for path in found), (node.name, wrong)


@every
def test_invisible_characters_are_refused(schema, bound):
    for node in fields(schema, bound):
        if isinstance(node.typ, Text):
            for wrong in ("nul\x00 in the text", "turned \u202e around", "half \ud800 pair"):
                found = problems(schema, bound, GOOD[schema] | {node.name: wrong})
                assert node.name in found, node.name


@every
def test_text_has_a_limit(schema, bound):
    for node in fields(schema, bound):
        if isinstance(node.typ, Text | Secret):
            found = problems(schema, bound, GOOD[schema] | {node.name: "ក" * 20_001})
            assert any(path.split(".")[0] == node.name for path in found), node.name


@every
def test_a_message_never_repeats_what_was_typed(schema, bound):
    secret = "Zq7secretZq7"
    for node in fields(schema, bound):
        for wrong in (secret, secret * 900, [secret], {secret: secret}, {"id": secret}):
            found = refused(schema, bound, GOOD[schema] | {node.name: wrong})
            assert secret not in json.dumps({path: str(message) for path, message in found.items()})


@pytest.fixture(scope="module")
def khmer():
    with CATALOGUE.open("rb") as file:
        catalogue = read_po(file, locale="km", domain="casework")
    return {message.id: message.string for message in catalogue if message.id}


@every
def test_titles_and_hints_are_in_khmer(schema, bound, khmer):
    for node in walk(bound(schema)):
        for text in (node.title, node.description, node.missing_msg):
            if text and text != colander.SchemaNode.missing_msg:
                assert getattr(text, "domain", None) == "casework" or node.name == "", (node.name, text)
                if getattr(text, "domain", None) == "casework":
                    assert khmer.get(str(text)), text


scalars = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=30), st.binary(max_size=5),
    st.sampled_from(["", "1", "yes", "true", "2025-02-31", "27/03/2025 14:05", "C26-482913-K", "KH", "12", "\ud800"]),
)  # fmt: skip
anything = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["day", "month", "year", "time", "type", "value", "x"]), inner, max_size=4),
    ),
    max_leaves=5,
)
quickly = settings(max_examples=10, deadline=None)


@every
@quickly
@given(data=st.data())
def test_nothing_but_invalid_is_ever_raised(schema, bound, data):
    node = bound(schema)
    names = [child.name for child in node.children] or ["x"]
    changed = data.draw(st.dictionaries(st.sampled_from(names), anything, max_size=3))
    whole = data.draw(st.one_of(st.just(GOOD[schema] | changed), anything))
    try:
        node.deserialize(whole)
    except colander.Invalid as error:
        error.asdict()

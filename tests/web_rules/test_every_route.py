"""The ground rules on every route of casework itself, for nobody and for a person of each kind of role."""

import re
import uuid

import pytest
from pyramid.interfaces import IRoutesMapper
from webtest import TestApp

from casework.db.refs import format_ref
from casework.web.methods import UNSAFE
from tests.support import world
from tests.support.people import make_person, sign_in

from .test_headers import check

pytestmark = pytest.mark.one_engine

REF = format_ref("C", 26, "482913")
SAMPLES = (REF, str(uuid.UUID(int=7)), "a" * 43, "00000000", "km", "1", "2026")
PLACEHOLDER = re.compile(r"\{(\w+)(?::((?:[^{}]|\{[^{}]*\})*))?\}")

ASKED = (("GET", ""), ("HEAD", ""), ("POST", ""), ("TRACE", ""), ("GET", "?q=%ff"), ("GET", "?a=1&a=2"))


def fill(pattern: str) -> str:
    """An address that the route with `pattern` matches; no record has the references in it."""
    def sample(match: re.Match) -> str:
        wanted = match[2]
        if wanted is None:
            return REF
        candidates = (*SAMPLES, *wanted.split("|"))
        return next(text for text in candidates if re.fullmatch(wanted, text))

    return PLACEHOLDER.sub(sample, pattern).replace("*subpath", "casework.css")


def addresses(app) -> dict[str, str]:
    """Route name to an address of it."""
    return {route.name: fill(route.pattern) for route in app.registry.queryUtility(IRoutesMapper).get_routes()}


def methods_of(app, name: str) -> frozenset[str]:
    return frozenset().union(*app.registry["route_methods"].get(name, ()))


@pytest.fixture(params=["nobody", "INV", "ADM"])
def visitor(request, app, database):
    """A browser in which nobody, or a person of that role, is signed in."""
    client = TestApp(app, extra_environ={"REMOTE_ADDR": "192.0.2.1"}, lint=False)
    if request.param != "nobody":
        with database.work() as session:
            person = make_person(session, request.param)
        sign_in(client, person)
    return client


def test_every_answer_has_the_headers_and_none_is_a_failure(app, visitor):
    for name, address in addresses(app).items():
        for method, query in ASKED:
            answer = visitor.request(address + query, method=method, expect_errors=True)
            assert answer.status_int < 500, f"{method} {address}{query} ({name})"
            # One page may use the camera.
            check(answer, camera=name == "scan" and answer.status_int == 200)


def test_no_method_is_taken_that_was_not_declared(app, visitor):
    for name, address in addresses(app).items():
        for method in ("PUT", "DELETE", "OPTIONS", "BREW"):
            if method in methods_of(app, name):
                continue
            assert visitor.request(address, method=method, expect_errors=True).status_int == 405, f"{method} {address}"
        if "POST" not in methods_of(app, name):
            # 404 where the route itself, not its view, says the method.
            assert visitor.post(address, expect_errors=True).status_int in (404, 405), f"POST {address}"


def test_no_form_is_taken_without_a_token_or_from_elsewhere(app, visitor):
    given = visitor.get("/nowhere", status=404).html.find("input", {"name": "csrf_token"})["value"]
    for name, address in addresses(app).items():
        if not methods_of(app, name) & UNSAFE:
            continue
        for fields, headers in (
            ({}, {}), ({"csrf_token": "stale"}, {}), ({"csrf_token": given}, {"Origin": "http://evil.example"}),
            ({"csrf_token": given}, {"Sec-Fetch-Site": "cross-site"}),
        ):
            for method in methods_of(app, name) & UNSAFE:
                answer = visitor.request(address, method=method, POST=fields, headers=headers, expect_errors=True)
                # 404 where the record that the address names is not there: its lookup comes first.
                # 415 where nothing but pieces of a file is taken.
                assert answer.status_int in (400, 404, 415), f"{method} {name}: {answer.status}"


def test_a_hidden_record_and_one_that_is_not_there_are_one(app, database):
    with database.work() as session:
        hidden = refs_of_one_case(world.build(session))
        person = make_person(session, "INV")
    client = TestApp(app, extra_environ={"REMOTE_ADDR": "192.0.2.1"})
    sign_in(client, person)
    compared = 0
    for route in app.registry.queryUtility(IRoutesMapper).get_routes():
        types = [name for name, _pattern in PLACEHOLDER.findall(route.pattern) if name in hidden]
        if not types:
            continue
        address = fill(re.sub(r"\{(\w+)\}", lambda match: hidden.get(match[1], match[0]), route.pattern))
        there = client.get(address, expect_errors=True)
        absent = client.get(address.replace(hidden[types[0]], another(hidden[types[0]])), expect_errors=True)
        assert (there.status_int, len(there.body)) == (absent.status_int, len(absent.body)), route.name
        assert [name for name, _ in there.headerlist] == [name for name, _ in absent.headerlist]
        compared += there.status_int == 404
    assert compared > 10


def refs_of_one_case(made: world.World) -> dict[str, str]:
    """Record type to the reference of one that concerns nobody: a case with its children, and what has no case."""
    nobodys = [placed for placed in made.placed if not placed.facts and placed.mine is None and placed.ref]
    case = next(placed for placed in nobodys if placed.record_type == "case")
    return {placed.record_type: placed.ref for placed in nobodys if placed.case in (None, case.case, case.id)}


def another(ref: str) -> str:
    """A reference of the same kind that no record has."""
    kind, digits, _letter = ref.split("-")
    return format_ref(kind[:-2], int(kind[-2:]), f"{(int(digits) + 1) % 1_000_000:06d}")

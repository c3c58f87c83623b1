"""The ground rules on every route of casework itself, for nobody and for a person of each kind of role."""

import re
import uuid

import pytest
from pyramid.interfaces import IRoutesMapper
from webtest import TestApp

from casework.db.refs import format_ref
from casework.web.methods import UNSAFE
from tests.support.people import make_person, quick, sign_in

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
            check(answer)


def test_no_method_is_taken_that_was_not_declared(app, visitor):
    for name, address in addresses(app).items():
        for method in ("PUT", "DELETE", "OPTIONS", "BREW"):
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
            answer = visitor.post(address, fields, headers=headers, expect_errors=True)
            # 404 where the record that the address names is not there: its lookup comes first.
            assert answer.status_int in (400, 404), f"{name}: {answer.status}"


def test_a_record_that_is_not_there_and_an_address_that_never_was_are_as_long(app, database):
    client = TestApp(app, extra_environ={"REMOTE_ADDR": "192.0.2.1"})
    with database.work() as session:
        person = make_person(session, "INV")
    quick(app)
    sign_in(client, person)
    for name, address in addresses(app).items():
        answer = client.get(address, expect_errors=True)
        if answer.status_int == 404 and REF in address:
            never = client.get("/" + "x" * (len(address) - 1), status=404)
            assert len(answer.body) == len(never.body), name

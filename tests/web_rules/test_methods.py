"""A view answers only what it declared; a field comes once; nobody writes under a reader's right."""

import pytest
from pyramid.config import Configurator
from pyramid.exceptions import ConfigurationError
from pyramid.response import Response
from pyramid.security import NO_PERMISSION_REQUIRED
from webtest import TestApp

from casework.web.methods import duplicate

from .small import make_app

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "BREW")
ACCEPTED = {
    "/": {"GET", "HEAD"}, "/list": {"GET", "HEAD"}, "/form": {"GET", "HEAD", "POST"}, "/split": {"GET", "HEAD", "POST"},
}


@pytest.fixture(scope="module")
def client():
    return TestApp(make_app(), lint=False)


@pytest.mark.parametrize("path", ACCEPTED)
@pytest.mark.parametrize("method", METHODS)
def test_the_matrix_of_methods(client, path, method):
    headers = {"X-CSRF-Token": client.get("/token").text}
    answer = client.request(path, method=method, expect_errors=True, headers=headers)
    if method in ACCEPTED[path]:
        assert answer.status_int == 200
    else:
        assert answer.status_int == 405
        assert "GET" in answer.headers["Allow"]
    if method == "POST" and method not in ACCEPTED[path]:
        assert answer.headers["Allow"] == "GET, HEAD"


@pytest.mark.parametrize(
    ("query", "status"),
    [("a=1&b=2", 200), ("a=1&a=2", 400), ("a=&a=", 400), ("state=open&state=closed", 200),
     ("state=1&state=2&a=1&a=1", 400)],
)
def test_a_field_of_a_query_comes_once(client, query, status):
    client.get(f"/list?{query}", status=status)


@pytest.mark.parametrize(
    ("fields", "twice"),
    [
        ([("a", "1"), ("b", "2")], None),
        ([("a", "1"), ("a", "1")], "a"),
        ([("__start__", "born:mapping"), ("year", "2000"), ("__end__", "born:mapping"),
          ("__start__", "met:mapping"), ("year", "2001"), ("__end__", "met:mapping")], None),
        ([("__start__", "born:mapping"), ("year", "2000"), ("year", "2001"), ("__end__", "born:mapping")], "year"),
        ([("born", "x"), ("__start__", "born:mapping"), ("__end__", "born:mapping")], "born"),
        ([("__start__", "names:sequence"), ("name", "A"), ("name", "B"), ("__end__", "names:sequence")], None),
        ([("__start__", "names:sequence"), ("__start__", "name:mapping"), ("a", "1"), ("a", "2"),
          ("__end__", ""), ("__end__", "")], "a"),
        ([("__start__", "kind:rename"), ("deformField1", "x"), ("__end__", "kind:rename")], None),
        ([("state", "1"), ("state", "2")], None),
    ],
)
def test_a_field_of_a_form_comes_once_in_its_part(fields, twice):
    assert duplicate(fields, ("state",)) == twice


@pytest.mark.parametrize("fields", [
    [("__end__", "a:mapping")], [("__start__", "a:mapping")], [("__start__", "a:list"), ("__end__", "a:list")],
    [("__start__", "http://192.0.2.1/"), ("__end__", "")],
])
def test_parts_must_pair_up(fields):
    with pytest.raises(ValueError, match=r"without|no known kind"):
        duplicate(fields)


def test_a_form_with_two_tokens_is_refused(client):
    token = client.get("/token").text
    client.post("/form", [("csrf_token", token), ("a", "1")], status=200)
    client.post("/form", [("csrf_token", token), ("csrf_token", token)], status=400)
    client.post("/form", [("csrf_token", token), ("__end__", "x")], status=400)


def configured(route=None, **options):
    with Configurator() as config:
        config.include("casework.web.methods")
        config.add_route("r", "/r", **(route or {}))
        config.add_view(lambda request: Response(), route_name="r", **options)


@pytest.mark.parametrize("level", ["M", "R"])
@pytest.mark.parametrize("declared", [{"require_methods": ("GET", "POST")}, {"request_method": "POST"},
                                      {"request_method": ("GET", "POST")}])
def test_a_reading_right_does_not_write(level, declared):
    with pytest.raises(ConfigurationError, match="split it"):
        configured(permission=f"case.core:{level}", **declared)
    configured(permission=f"case.core:{level}", read_by_post=True, **declared)
    configured(permission=f"case.core:{level}", own_check=True, **declared)
    configured(permission="case.core:W", **declared)


def test_nor_when_the_route_says_post():
    with pytest.raises(ConfigurationError, match="split it"):
        configured(route={"request_method": "POST"}, permission="case.core:R")


def test_a_route_may_declare_the_method_for_its_view():
    configured(route={"request_method": "POST"}, permission=NO_PERMISSION_REQUIRED)

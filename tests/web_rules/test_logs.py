"""One line a record, in ASCII, with nothing in it that a person typed."""

import json
import logging
import sys

import colander
import pytest
from jinja2 import Environment
from sqlalchemy import create_engine, text
from webtest import TestApp

from casework.web.logs import JsonFormatter

from .small import make_app

CANARY = "Sokha-7d1e (fictional)"


def line(message, *args, name="casework.test", exc_info=None):
    return JsonFormatter().format(logging.LogRecord(name, logging.ERROR, __file__, 1, message, args, exc_info))


def raised(action):
    try:
        action()
    except Exception:
        return sys.exc_info()
    raise AssertionError("nothing was raised")


@pytest.mark.parametrize(
    "nasty", ["a\nb", "a\r\nb", "\x1b[31mred", "a\u202eb", "a\u2028b", "a\u0085b", "ក", "\ud800", '"}{']
)
def test_a_line_is_one_line_of_ascii(nasty):
    written = line("found %s", nasty)
    assert written.isascii()
    assert written.isprintable()
    assert json.loads(written)["message"] == f"found {nasty}"


def test_a_line_says_when_in_utc_to_the_millisecond():
    assert json.loads(line("x"))["at"].endswith("+00:00")
    assert len(json.loads(line("x"))["at"]) == len("2026-11-22T02:15:19.823+00:00")


class Name(colander.MappingSchema):
    name = colander.SchemaNode(colander.String(), validator=colander.OneOf(["a"]))


@pytest.mark.parametrize(
    "action",
    [
        lambda: create_engine("sqlite://").connect().execute(text("select * from x where a = :a"), {"a": CANARY}),
        lambda: Environment().from_string("{{ 1 / 0 if name else '' }}{{ name.x.y }}").render(name=CANARY),
        lambda: Name().deserialize({"name": CANARY}),
        lambda: int(CANARY),
        lambda: {}[CANARY],
    ],
)
def test_the_text_of_an_exception_is_left_out(action):
    entry = json.loads(line("failed", exc_info=raised(action)))
    assert CANARY not in json.dumps(entry, ensure_ascii=False)
    assert "." in entry["error"]
    assert entry["frames"]


def test_nor_does_it_come_in_as_an_argument():
    problem = raised(lambda: int(CANARY))[1]
    for written in (line("failed: %s", problem), line(problem), line("%(what)s", {"what": problem})):
        assert CANARY not in written
        assert "ValueError" in written


def test_what_other_libraries_fill_in_is_left_out():
    assert CANARY not in line("parameters %r", (CANARY,), name="sqlalchemy.engine.Engine")
    assert json.loads(line("pool %s", 5, name="sqlalchemy.pool"))["message"] == "pool %s"


def test_nothing_typed_is_logged_at_any_level():
    """The canary goes through address, query, form, cookie and headers of every kind of answer."""
    written = []
    handler = logging.Handler()
    handler.emit = lambda record: written.append(JsonFormatter().format(record))
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    canary = "canary7d1e"
    try:
        client = TestApp(make_app(), lint=False)
        token = client.get("/token").text
        for path in ("/form", f"/echo/{canary}", "/boom", "/locked", "/stale", "/never", f"/nowhere/{canary}"):
            for send in (token, "stale"):
                headers = {"X-Canary": canary, "Cookie": f"x={canary}", "Referer": f"http://localhost/?{canary}",
                           "X-CSRF-Token": send, "X-Test-User": canary, "User-Agent": canary}
                for query in ("", f"?q={canary}", f"?q={canary}&q=1", f"?q=%ff{canary}"):
                    client.post(path + query, {"narrative": canary}, headers=headers, expect_errors=True)
                    client.get(path + query, headers=headers, expect_errors=True)
    finally:
        root.removeHandler(handler)
        root.setLevel(level)
    assert len(written) > 100
    assert [entry for entry in written if canary in entry] == []


def test_each_request_has_its_line():
    written = []
    handler = logging.Handler()
    handler.emit = lambda record: written.append(json.loads(JsonFormatter().format(record)))
    access = logging.getLogger("casework.access")
    access.addHandler(handler)
    access.setLevel(logging.INFO)
    try:
        client = TestApp(make_app(), lint=False)
        number = client.get("/echo/a?q=b").headers["X-Request-Id"]
        client.get("/nowhere", status=404)
        client.request("/", method="BREW", status=405)
    finally:
        access.removeHandler(handler)
        access.setLevel(logging.NOTSET)
    echo, nowhere, brew = written
    assert (echo["request"], echo["method"], echo["route"], echo["status"]) == (number, "GET", "/echo/{word}", 200)
    assert (nowhere["route"], nowhere["status"]) == (None, 404)
    assert brew["status"] == 405

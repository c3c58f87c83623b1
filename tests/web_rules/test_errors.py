"""What is answered when there is no page: nothing of the program or of what exists, and what was typed is kept."""

import json
import logging

import pytest
from webtest import TestApp

from casework.db.refs import format_ref
from casework.web.logs import JsonFormatter

from .small import CANARY, FAILURES, make_app

SIGNED_IN = {"X-Test-User": "Person (fictional)"}
HIDDEN, ABSENT = format_ref("C", 26, "482913"), format_ref("C", 26, "482914")


@pytest.fixture(scope="module")
def shared():
    return make_app()


@pytest.fixture
def app(shared):
    shared.registry["audited"].clear()
    return shared


@pytest.fixture
def client(app):
    return TestApp(app)


@pytest.fixture
def lines():
    """The log of the test, as it would be written."""
    handler = logging.Handler()
    written = []
    handler.emit = lambda record: written.append(JsonFormatter().format(record))
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield written
    root.removeHandler(handler)
    root.setLevel(level)


@pytest.mark.parametrize(
    ("path", "status"),
    [("/boom", 500), ("/nosuch", 500), ("/unique", 500), ("/locked", 503), ("/pool", 503), ("/stale", 409),
     ("/nowhere", 404)],
)
def test_a_failure_has_its_status(client, path, status):
    answer = client.get(path, status=status)
    assert answer.headers.get("Retry-After") == ("10" if status == 503 else None)


@pytest.mark.parametrize("path", sorted(FAILURES))
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_nothing_of_a_failure_is_shown_or_logged(client, lines, path, method):
    headers = {**SIGNED_IN, "X-CSRF-Token": client.get("/token").text}
    answer = client.request(f"/{path}", method=method, headers=headers, expect_errors=True)
    for secret in (CANARY, "Error", "Traceback", "sqlalchemy", "pyramid", "casework/"):
        assert secret not in answer.text
    assert not any("canary-9f2c" in line for line in lines)


@pytest.mark.parametrize("path", ["/boom", "/locked"])
def test_a_failure_shows_the_number_under_which_the_log_has_it(client, lines, path):
    answer = client.get(path, expect_errors=True)
    number = answer.headers["X-Request-Id"]
    assert number in answer.text
    entries = [json.loads(line) for line in lines]
    assert any(entry.get("request") == number and entry.get("error") for entry in entries)


def test_hidden_and_absent_are_one(app, client):
    client.get("/nowhere", status=404)
    hidden = client.get(f"/records/{HIDDEN}", headers=SIGNED_IN, status=404)
    first = list(app.registry["audited"])
    app.registry["audited"].clear()
    absent = client.get(f"/records/{ABSENT}", headers=SIGNED_IN, status=404)
    assert len(hidden.body) == len(absent.body)
    assert {name for name, _ in hidden.headerlist} == {name for name, _ in absent.headerlist}
    assert [(verb, {**kw, "ref": None}) for verb, kw in first] == [
        (verb, {**kw, "ref": None}) for verb, kw in app.registry["audited"]
    ]


def test_and_both_are_as_long_as_a_page_that_never_was(client):
    hidden = client.get(f"/records/{HIDDEN}", headers=SIGNED_IN, status=404)
    never = client.get("/" + "x" * (len(f"/records/{HIDDEN}") - 1), headers=SIGNED_IN, status=404)
    assert len(hidden.body) == len(never.body)


def test_a_look_for_a_record_is_noted(app, client):
    client.get(f"/records/{HIDDEN}", headers=SIGNED_IN, status=404)
    verb, details = app.registry["audited"][0]
    assert verb == "denied"
    assert details["result"] == "denied"
    assert (details["route"], details["ref"], details["status"]) == ("record", HIDDEN, 404)


def test_what_is_typed_as_a_reference_is_not_noted(app, client):
    client.get("/records/somebodys-name", headers=SIGNED_IN, status=404)
    assert app.registry["audited"] == []


def test_nobody_in_particular_is_not_noted(app, client):
    client.get(f"/records/{HIDDEN}", status=404)
    client.get("/never", status=303)
    assert app.registry["audited"] == []


def test_a_denial_is_a_403_and_noted_with_its_reason(app, client):
    answer = client.get("/never", headers=SIGNED_IN, status=403)
    assert "no A here" not in answer.text
    verb, details = app.registry["audited"][0]
    assert (verb, details["status"], details["reason"]) == ("denied", 403, "HOT has no A here")


def test_who_is_signed_out_is_sent_to_sign_in_and_back(client):
    answer = client.get("/mine?q=a+name", status=303)
    assert answer.headers["Location"] == "http://localhost/sign-in?back=/mine"


def test_a_form_of_who_is_signed_out_keeps_what_was_typed(client):
    token = client.get("/token").text
    headers = {"Origin": "http://localhost"}
    answer = client.post("/mine", {"csrf_token": token, "narrative": "typed"}, headers=headers, status=401)
    assert answer.html.find("textarea").text.strip() == "typed"
    assert answer.html.find("a", target="_blank")["href"] == "/sign-in"


def test_a_conflict_keeps_what_was_typed(client):
    token = client.get("/token").text
    answer = client.post("/stale", {"csrf_token": token, "narrative": "typed"}, status=409)
    assert answer.html.find("textarea").text.strip() == "typed"


def test_the_pages_are_in_both_languages(client):
    for path, headers in (("/nowhere", {}), ("/never", SIGNED_IN), ("/stale", {})):
        client.reset()
        english = client.get(path, headers=headers, expect_errors=True)
        client.set_cookie("cw_lang", "km")
        khmer = client.get(path, headers=headers, expect_errors=True)
        assert khmer.html.html["lang"] == "km"
        assert khmer.html.h1.text != english.html.h1.text
        assert any("\u1780" <= c <= "\u17ff" for c in khmer.html.h1.text)
    assert "មានបញ្ហាកើតឡើង" in client.get("/boom", status=500).text


def test_an_error_page_that_cannot_be_made_is_still_an_answer(app, client, monkeypatch):
    monkeypatch.delitem(app.registry, "jinja2")
    answer = client.get("/nowhere", status=404)
    assert "Page not found" in answer.text
    assert answer.headers["Content-Security-Policy"]


def test_a_failure_of_the_tweens_themselves_is_answered(client, monkeypatch):
    def broken(*args):
        raise RuntimeError(CANARY)

    monkeypatch.setattr("casework.web.sanity.look", broken)
    answer = client.get("/", status=500)
    assert CANARY not in answer.text
    assert answer.headers["Content-Security-Policy"]

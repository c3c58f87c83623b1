"""A form counts only with a token of this very session and only from a page of ours."""

import pytest
from webtest import TestApp

from casework.web.csrf import COOKIE, SECURE_COOKIE, mask, unmask

from .small import make_app, make_client

APP = make_app()
OWN = {"Origin": "http://localhost"}


@pytest.fixture
def client():
    return TestApp(APP)


def test_the_token_of_the_page_is_accepted(client):
    client.post("/form", {"csrf_token": client.get("/token").text}, headers=OWN, status=200)


def test_so_is_one_in_the_header(client):
    client.post("/form", {"a": "1"}, headers={"X-CSRF-Token": client.get("/token").text, **OWN}, status=200)


@pytest.mark.parametrize("token", ["", "x", "é", "😀", "A" * 86, "A" * 85, "A" * 87, "A" * 85 + "="])
def test_no_other_token_is(client, token):
    client.get("/token")
    client.post("/form", {"csrf_token": token}, headers=OWN, status=400)


def test_nor_one_that_is_made_well_of_another_secret(client):
    client.get("/token")
    client.post("/form", {"csrf_token": mask(b"\0" * 32)}, headers=OWN, status=400)


def test_a_form_without_a_token_is_refused(client):
    client.get("/token")
    client.post("/form", {"a": "1"}, headers=OWN, status=400)


def test_nor_from_a_browser_that_never_saw_a_page(client):
    client.post("/form", {"csrf_token": TestApp(APP).get("/token").text}, headers=OWN, status=400)


def test_a_token_in_the_address_does_not_count(client):
    client.post(f"/form?csrf_token={client.get('/token').text}", {"a": "1"}, headers=OWN, status=400)
    client.get(f"/form?csrf_token={client.get('/token').text}", status=200)


def test_the_token_of_another_session_does_not_count(client):
    other = client.get("/token", headers={"X-Test-Session": "other"}).text
    mine = {"X-Test-Session": "mine", **OWN}
    client.post("/form", {"csrf_token": other}, headers=mine, status=400)
    client.post("/form", {"csrf_token": client.get("/token", headers=mine).text}, headers=mine, status=200)


def test_a_token_from_before_signing_in_or_out_does_not_count(client):
    before = client.get("/token").text
    signed_in = {"X-Test-Session": "mine", **OWN}
    client.post("/form", {"csrf_token": before}, headers=signed_in, status=400)
    during = client.get("/token", headers=signed_in).text
    client.post("/form", {"csrf_token": during}, headers=OWN, status=400)


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"}, {"Origin": "null"}, {"Origin": "https://localhost"},
        {"Origin": "http://localhost:8080"}, {"Origin": "http://localhost.evil.example"}, {"Origin": "http://[bad"},
        {"Referer": "http://evil.example/localhost"}, {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"}, {"Sec-Fetch-Site": "x"},
        {"Sec-Fetch-Site": "same-origin", "Origin": "http://evil.example"},
    ],
)
def test_a_foreign_page_is_refused_even_with_the_token(client, headers):
    client.post("/form", {"csrf_token": client.get("/token").text}, headers=headers, status=400)


@pytest.mark.parametrize(
    "headers",
    [{}, OWN, {"Referer": "http://localhost/form?a=1"}, {"Sec-Fetch-Site": "same-origin"},
     {"Sec-Fetch-Site": "same-origin", **OWN}, {"Sec-Fetch-Site": "none", **OWN}],
)
def test_our_own_page_passes(client, headers):
    client.post("/form", {"csrf_token": client.get("/token").text}, headers=headers, status=200)


def test_over_https_a_browser_must_say_where_the_form_came_from():
    client = TestApp(APP, extra_environ={"wsgi.url_scheme": "https", "HTTP_HOST": "localhost"})
    token = client.get("/token").text
    client.post("/form", {"csrf_token": token}, status=400)
    client.post("/form", {"csrf_token": token}, headers={"Origin": "http://localhost"}, status=400)
    client.post("/form", {"csrf_token": token}, headers={"Origin": "https://localhost"}, status=200)


def test_the_cookie_of_who_is_not_signed_in():
    plain = make_client().get("/token").headers["Set-Cookie"]
    assert plain.startswith(f"{COOKIE}=")
    assert "HttpOnly" in plain
    assert "SameSite=Lax" in plain
    assert "secure" not in plain.lower()
    secure = TestApp(APP, extra_environ={"wsgi.url_scheme": "https"}).get("/token").headers["Set-Cookie"]
    assert secure.startswith(f"{SECURE_COOKIE}=")
    assert "; secure" in secure.lower()
    assert "; Path=/" in secure
    assert "domain" not in secure.lower()


def test_one_cookie_serves_many_pages(client):
    client.get("/token")
    assert "Set-Cookie" not in client.get("/token").headers
    assert "Set-Cookie" not in client.get("/token", headers={"X-Test-Session": "mine"}).headers


def test_a_token_looks_different_every_time_and_is_always_as_long(client):
    tokens = {client.get("/token").text for _ in range(20)}
    assert len(tokens) == 20
    assert {len(token) for token in tokens} == {86}
    assert len({unmask(token) for token in tokens}) == 1


def test_the_check_comes_before_the_permission(client):
    """Signed out and without a token: 400 of the token, not 401 of the permission."""
    assert "not accepted" in client.post("/never", {"a": "1"}, headers=OWN, status=400).text


def test_a_refused_form_keeps_what_was_typed(client):
    sent = {"narrative": "two\nlines <b>&", "password": "hunter2-fictional", "csrf_token": "stale"}
    page = client.post("/form", sent, headers=OWN, status=400)
    assert page.html.find("textarea").text.strip("\n") == "two\nlines <b>&"
    assert "hunter2" not in page.text
    assert "stale" not in page.text


def test_and_sends_it_again_at_the_press_of_a_button(client):
    sent = [("__start__", "a:mapping"), ("narrative", "ខ្ញុំ\r\n\"two\""), ("__end__", "a:mapping"), ("b", "")]
    form = client.post("/form", [*sent, ("csrf_token", "stale")], headers=OWN, status=400).forms
    again = next(f for f in form.values() if f.action == "/form")
    assert [field for field in again.submit_fields() if field[0] != "csrf_token"] == sent
    assert again.submit(headers=OWN, status=200).text == "sent"


def test_but_never_for_a_foreign_page(client):
    """Else the foreign page's form would be one press away from being sent."""
    page = client.post("/form", {"narrative": "x"}, headers={"Origin": "http://evil.example"}, status=400)
    assert [form.action for form in page.forms.values() if form.action == "/form"] == []


def test_nor_with_a_secret_missing(client):
    page = client.post("/form", {"name": "x", "password": "y"}, headers=OWN, status=400)
    assert [form.action for form in page.forms.values() if form.action == "/form"] == []


def test_a_draft_is_saved_for_who_is_signed_in():
    app = make_app()
    saved = []
    app.registry["save_typed"] = lambda request: saved.append(dict(request.POST))
    client = TestApp(app)
    client.post("/form", {"a": "1"}, headers={"X-Test-User": "x", **OWN}, status=400)
    assert saved == [{"a": "1"}]
    client.post("/form", {"a": "1"}, headers=OWN, status=400)
    client.post("/form", {"a": "1"}, headers={"X-Test-User": "x", "Origin": "http://evil.example"}, status=400)
    assert len(saved) == 1

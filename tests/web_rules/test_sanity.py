"""Whatever bytes arrive, the answer is never a 500, and what no browser sends is refused before anybody looks."""

import io
import tempfile
from urllib.parse import quote_plus

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from webtest import TestApp

from casework.settings import Settings
from casework.web.sanity import BODY_LIMIT, FIELD_LIMIT, FORM, fields_problem, head_problem, hosts_of

from .small import make_app, make_client

APP = make_app()
FORM_HEADERS = {"Content-Type": FORM, "Origin": "http://localhost"}


@pytest.fixture(scope="module")
def client():
    return TestApp(APP)


def environ(**changes):
    return {"REQUEST_METHOD": "GET", "PATH_INFO": "/", "QUERY_STRING": "", "HTTP_HOST": "localhost", **changes}


def status_of(given_environ, body=b""):
    """The status of the application for an environment as a server makes it."""
    seen = []
    full = {
        "SERVER_NAME": "localhost", "SERVER_PORT": "80", "SERVER_PROTOCOL": "HTTP/1.1", "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body), "wsgi.errors": io.StringIO(), "wsgi.version": (1, 0), "SCRIPT_NAME": "",
        **given_environ,
    }
    parts = APP(full, lambda status, headers, exc_info=None: seen.append((int(status[:3]), dict(headers))))
    assert b"".join(parts) or full["REQUEST_METHOD"] == "HEAD"
    assert seen[0][1]["Content-Security-Policy"]
    return seen[0][0]


latin = st.text(st.characters(max_codepoint=255), max_size=40)
raw_path = latin.map(lambda text: "/" + text)


@settings(max_examples=300, deadline=None)
@given(path=raw_path, query=latin, cookie=latin, agent=latin, language=latin, host=latin)
def test_no_bytes_of_the_head_make_a_500(path, query, cookie, agent, language, host):
    for own_host in ("localhost", host):
        status = status_of(environ(
            PATH_INFO=path, QUERY_STRING=query, HTTP_COOKIE=cookie, HTTP_USER_AGENT=agent,
            HTTP_ACCEPT_LANGUAGE=language, HTTP_HOST=own_host,
        ))
        assert status < 500


@settings(max_examples=200, deadline=None)
@given(body=st.binary(max_size=200) | st.text(max_size=60).map(str.encode), path=st.sampled_from(["/form", "/echo/a"]))
def test_no_bytes_of_a_form_make_a_500(body, path):
    status = status_of(
        environ(REQUEST_METHOD="POST", PATH_INFO=path, CONTENT_TYPE=FORM, CONTENT_LENGTH=str(len(body))), body
    )
    assert 400 <= status < 500


@settings(max_examples=100, deadline=None)
@given(values=st.dictionaries(
    st.sampled_from(["HTTP_ORIGIN", "HTTP_REFERER", "HTTP_SEC_FETCH_SITE", "HTTP_X_CSRF_TOKEN", "HTTP_RANGE",
                     "HTTP_IF_MODIFIED_SINCE", "HTTP_IF_NONE_MATCH", "CONTENT_TYPE", "CONTENT_LENGTH"]), latin))
def test_no_header_makes_a_500(values):
    for method in ("GET", "POST"):
        assert status_of(environ(REQUEST_METHOD=method, PATH_INFO="/form", **values)) < 500


@settings(max_examples=200, deadline=None)
@given(text=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=50))
def test_every_text_can_be_typed(text):
    assert fields_problem(f"narrative={quote_plus(text)}".encode()) is None


def test_khmer_passes(client):
    assert client.get("/echo/%E1%9E%81?q=%E1%9E%81").text == "ខខ"


@pytest.mark.parametrize(
    "bad", [b"a=%ff", b"a=\xff", b"a=%00", b"a=%ed%a0%80", b"%fe=a", b"a=%f4%90%80%80", b"a=%e1%9e&b=%81"]
)
def test_bad_text_of_a_field_is_refused(bad):
    assert fields_problem(bad).status == 400
    assert status_of(environ(QUERY_STRING=bad.decode("latin-1"))) == 400


def test_too_many_fields_are_refused():
    assert fields_problem(b"&".join([b"a=1"] * FIELD_LIMIT)) is None
    assert fields_problem(b"&".join([b"a=1"] * (FIELD_LIMIT + 1))).status == 413


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"REQUEST_METHOD": "TRACE"}, 405),
        ({"REQUEST_METHOD": "BREW"}, 405),
        ({"REQUEST_METHOD": "PUT"}, 405),
        ({"REQUEST_METHOD": "OPTIONS"}, 405),
        ({"HTTP_HOST": ""}, 400),
        ({"HTTP_HOST": "a.example,b.example"}, 400),
        ({"HTTP_HOST": "a b"}, 400),
        ({"HTTP_HOST": "a.example:port"}, 400),
        ({"PATH_INFO": "/" + "a" * 9000}, 414),
        ({"QUERY_STRING": "q=" + "a" * 9000}, 414),
        ({"HTTP_COOKIE": "a=" + "a" * 9000}, 431),
        ({"HTTP_X_A": "a" * 9000}, 431),
        ({f"HTTP_X_{n}": "a" * 7000 for n in range(5)}, 431),
        ({"HTTP_COOKIE": 'a="\\377"'}, 400),
        ({"PATH_INFO": "/a\x00"}, 400),
        ({"PATH_INFO": "/a\r\nb"}, 400),
        ({"PATH_INFO": "/\ufffd".encode().decode("latin-1")}, 400),
        ({"PATH_INFO": "/\xff"}, 400),
        ({"CONTENT_LENGTH": "3"}, 400),
        ({"HTTP_TRANSFER_ENCODING": "chunked"}, 411),
        ({"REQUEST_METHOD": "POST", "CONTENT_LENGTH": "-1"}, 400),
        ({"REQUEST_METHOD": "POST", "CONTENT_LENGTH": "٣"}, 400),
        ({"REQUEST_METHOD": "POST", "CONTENT_LENGTH": str(BODY_LIMIT + 1), "CONTENT_TYPE": FORM}, 413),
        ({"REQUEST_METHOD": "POST", "CONTENT_LENGTH": "3", "CONTENT_TYPE": "multipart/form-data; boundary=x"}, 415),
        ({"REQUEST_METHOD": "POST", "CONTENT_LENGTH": "3", "CONTENT_TYPE": "application/json"}, 415),
        ({"REQUEST_METHOD": "POST", "CONTENT_LENGTH": "3", "CONTENT_TYPE": "text/plain"}, 415),
        ({"REQUEST_METHOD": "POST", "CONTENT_LENGTH": "3", "CONTENT_TYPE": f"{FORM}; charset=utf-16"}, 415),
        ({"REQUEST_METHOD": "POST", "CONTENT_LENGTH": "3"}, 415),
    ],
)
def test_the_head_is_refused(changes, status):
    assert head_problem(environ(**changes)).status == status
    assert status_of(environ(**changes)) == status


@pytest.mark.parametrize(
    "host", ["localhost", "casework.example", "casework.example:8443", "127.0.0.1:6543", "[::1]:80"]
)
def test_a_host_passes(host):
    assert head_problem(environ(HTTP_HOST=host)) is None


@pytest.mark.parametrize("content_type", [FORM, f"{FORM};charset=UTF-8", f'{FORM}; charset="utf-8"'])
def test_a_form_passes(content_type):
    changes = {"REQUEST_METHOD": "POST", "CONTENT_LENGTH": str(BODY_LIMIT), "CONTENT_TYPE": content_type}
    assert head_problem(environ(**changes)) is None


def test_only_the_names_of_this_site_are_answered(tmp_path):
    ini = {"casework.data": str(tmp_path), "casework.development": "true"}
    development = hosts_of(Settings.from_ini({**ini, "casework.base_url": "https://casework.example"}, {}))
    production = development - hosts_of(Settings.from_ini({**ini, "casework.base_url": "http://localhost"}, {}))
    assert production == {"casework.example"}
    assert "localhost" in development
    assert head_problem(environ(HTTP_HOST="casework.example"), production) is None
    assert head_problem(environ(HTTP_HOST="CASEWORK.example:443"), production) is None
    assert head_problem(environ(HTTP_HOST="other.example"), production).status == 400


def test_a_refusal_says_what_is_allowed(client):
    refused = client.request("/", method="TRACE", status=405)
    assert refused.headers["Allow"] == "GET, HEAD, POST"


def test_a_refusal_is_in_both_languages_and_echoes_nothing(client):
    refused = client.get("/echo/hello%ff", status=400)
    assert "cannot be answered" in refused.text
    assert "មិនអាច" in refused.text
    assert "hello" not in refused.text


def test_a_file_is_refused_with_the_reason(client):
    refused = client.post("/form", upload_files=[("file", "a.txt", b"hello")], status=415)
    assert "takes no files" in refused.text


def test_a_body_cut_short_is_refused(client):
    assert status_of(environ(REQUEST_METHOD="POST", CONTENT_TYPE=FORM, CONTENT_LENGTH="10"), b"a=b") == 400


def test_a_large_form_stays_off_the_disk(monkeypatch):
    """WebOb puts bodies of more than 10 KiB into temporary files, in clear."""
    def no_file(*args, **kwargs):
        raise AssertionError("a temporary file was made")

    monkeypatch.setattr(tempfile, "TemporaryFile", no_file)
    client = make_client()
    token = client.get("/token").text
    client.post("/form", {"csrf_token": token, "narrative": "a" * 500_000}, status=200)


def test_every_request_has_its_own_number(client):
    numbers = {client.get("/").headers["X-Request-Id"] for _ in range(5)}
    assert len(numbers) == 5
    assert all(len(number) == 32 and int(number, 16) >= 0 for number in numbers)


def test_a_client_cannot_choose_the_number(client):
    assert client.get("/", headers={"X-Request-Id": "mine"}).headers["X-Request-Id"] != "mine"

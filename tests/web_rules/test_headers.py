"""The header contract on every answer, whatever its status and whoever gave it."""

import pytest
from pyramid.config import Configurator
from pyramid.security import NO_PERMISSION_REQUIRED
from webtest import TestApp

from casework.web.download import attachment
from casework.web.headers import ALWAYS, CAMERA_POLICY, DOWNLOAD_POLICY, PAGE_POLICY

from .small import FAILURES, configure, make_app


def check(answer, *, policy=PAGE_POLICY, static=False, camera=False):
    """The contract."""
    for name, value in (ALWAYS | ({"Permissions-Policy": CAMERA_POLICY} if camera else {})).items():
        assert answer.headers.getall(name) == [value]
    assert answer.headers.getall("Content-Security-Policy") == [policy]
    assert len(answer.headers["X-Request-Id"]) == 32
    assert "X-Powered-By" not in answer.headers
    assert "Strict-Transport-Security" not in answer.headers
    if static:
        assert "immutable" in answer.headers["Cache-Control"]
    else:
        assert answer.headers.getall("Cache-Control") == ["no-store"]
        assert "ETag" not in answer.headers


@pytest.fixture(scope="module")
def client():
    return TestApp(make_app(), lint=False)


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "TRACE"])
@pytest.mark.parametrize("path", ["/", "/form", "/never", "/nowhere", "/echo/a?q=%ff", *(f"/{f}" for f in FAILURES)])
@pytest.mark.parametrize("headers", [{}, {"X-Test-User": "Person (fictional)"}])
def test_every_answer_has_them(client, method, path, headers):
    check(client.request(path, method=method, headers=headers, expect_errors=True))


def test_a_static_file_is_kept_for_good(client):
    page = client.get("/nowhere", status=404)
    style = page.html.find("link", rel="stylesheet")["href"]
    check(client.get(style), static=True)
    check(client.get(style, headers={"If-Modified-Since": "Sat, 01 Jan 2050 00:00:00 GMT"}, status=304), static=True)


@pytest.mark.parametrize("path", ["/static/00000000/casework.css", "/static/00000000/nothing.css", "/static/x"])
def test_but_not_under_a_wrong_address(client, path):
    assert client.get(path, expect_errors=True).headers["Cache-Control"] == "no-store"


def test_the_policy_lets_nothing_inline_and_nobody_else():
    rules = dict(rule.partition(" ")[::2] for rule in PAGE_POLICY.split("; "))
    assert rules["default-src"] == "'none'"
    assert set(rules.values()) <= {"'none'", "'self'", "'script'"}


def test_over_https_the_browser_is_told_to_stay():
    client = TestApp(make_app(), extra_environ={"wsgi.url_scheme": "https"})
    for path in ("/", "/nowhere", "/boom"):
        assert client.get(path, expect_errors=True).headers["Strict-Transport-Security"].startswith("max-age=63072000")


def test_a_view_cannot_weaken_them():
    def view(request):
        request.response.headers.update({"Content-Security-Policy": "default-src *", "Cache-Control": "public",
                                         "X-Frame-Options": "SAMEORIGIN", "ETag": '"x"'})
        return request.response

    with Configurator() as config:
        configure(config)
        config.add_route("weak", "/weak")
        config.add_view(view, route_name="weak", permission=NO_PERMISSION_REQUIRED)
        config.add_route("file", "/file")
        config.add_view(lambda request: attachment("a.pdf", b"x"), route_name="file", permission=NO_PERMISSION_REQUIRED)
    client = TestApp(config.make_wsgi_app())
    check(client.get("/weak"))
    check(client.get("/file"), policy=DOWNLOAD_POLICY)

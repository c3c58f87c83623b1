"""The tests' own tools: that the guards see what they are for, and that each test has a database of its own."""

import socketserver
import threading
from http.server import BaseHTTPRequestHandler

import pytest

from tests.support import missing
from tests.support.browser import Guard

PAGE = "<!doctype html><html lang=en><title>x</title>"


@pytest.fixture
def raw_server():
    """Serves whatever its `pages` hold under the strict policy."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'")
            self.end_headers()
            self.wfile.write((PAGE + pages.get(self.path, "")).encode())

        def log_message(self, *arguments):
            return

    pages = {}
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.pages = pages
        server.address = f"http://127.0.0.1:{server.server_address[1]}"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.mark.browser
@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ("<p>plain</p>", None),
        ("<p style='color:red'>x</p>", "Content Security Policy"),
        ("<script>1</script>", "Content Security Policy"),
        ("<button onclick='1'>x</button><script src=/c></script>", "Content Security Policy"),
        ("<a href=http://casework.example/>x</a>", None),
    ],
)
def test_the_guard_sees_what_breaks_the_policy(browser, raw_server, body, problem):
    raw_server.pages["/"] = body
    page = browser.new_page()
    guard = Guard(page, raw_server.address)
    page.goto(raw_server.address + "/")
    if button := page.query_selector("button"):
        button.click()
    page.close()
    assert any(problem in found for found in guard.problems) if problem else guard.problems == []


@pytest.mark.browser
def test_the_guard_sees_another_host(browser, raw_server):
    page = browser.new_page()
    page.route("**/*.example/**", lambda route: route.abort())
    guard = Guard(page, raw_server.address)
    page.goto(raw_server.address + "/")
    with pytest.raises(Exception, match="ERR_FAILED"):
        page.goto("http://casework.example/")
    page.close()
    assert guard.problems == ["request to another host: http://casework.example/"]


@pytest.mark.parametrize("number", [1, 2])
def test_each_test_has_an_empty_database_of_its_own(database, number):
    with database.work() as session:
        connection = session.connection()
        assert connection.exec_driver_sql("SELECT count(*) FROM audit_head").scalar() == 0
        connection.exec_driver_sql(
            "INSERT INTO audit_head (chain, number, hash) VALUES ('00000000000000000000000000000001', 1, '')"
        )


@pytest.mark.one_engine("postgresql")
def test_postgresql_knows_khmer(database):
    with database.engine.connect() as connection:
        similar = "SELECT similarity('ចាន់ថា', 'ចាន់ថន')"
        assert connection.exec_driver_sql(similar).scalar() > 0
        first = "SELECT min(w COLLATE \"km-x-icu\") FROM (VALUES ('ច័ន្ទ'), ('ចាន់')) AS words(w)"
        assert connection.exec_driver_sql(first).scalar() == "ច័ន្ទ"


def test_what_is_missing_is_said_in_one_line(monkeypatch):
    assert missing.advice() is None or missing.allowed()
    monkeypatch.setattr(missing, "found", lambda: {"postgresql": False, "browser": True})
    assert missing.advice() == "missing for the tests: apt-get install postgresql"

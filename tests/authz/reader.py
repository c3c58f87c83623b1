"""One reader of the world over HTTP. Everything that an answer holds is held against what the reader may see."""

import io
import re
import zipfile
from urllib.parse import urljoin

from pypdf import PdfReader
from sqlalchemy import event
from webtest import TestApp
from webtest.response import TestResponse

from casework.web.headers import (
    CAMERA_POLICY,
    DOWNLOAD_POLICY,
    HASHING_POLICY,
    PAGE_POLICY,
    PERMISSIONS_POLICY,
)
from tests.support.world import WORD
from tests.web_rules.test_headers import check

from .truth import Truth

REF = re.compile(r"\b[A-Z]{1,2}[0-9]{2}-[0-9]{6}-[A-Z]\b")
HASHING = re.compile(r"/evidence/(new|[^/]+/(image|do/\w+))$")  # pages that take the digests of a file
TOKEN = re.compile(r'name="csrf_token" value="([^"]*)"')
_NEXT = re.compile(r'<a [^>]*href="([^"]+)"[^>]* rel="next"|<a [^>]*rel="next"[^>]* href="([^"]+)"')
_MAIN = re.compile(r"<main.*</main>", re.DOTALL)


class Statements:
    """How many statements the application's engine has run."""

    def __init__(self, engine):
        self.count = 0
        event.listen(engine, "before_cursor_execute", self._one)

    def _one(self, *_args) -> None:
        self.count += 1


class Reader:
    """A signed-in browser of one role, and what was wrong with what it got."""

    def __init__(self, client: TestApp, role: str, truth: Truth, statements: Statements):
        self.client, self.role, self.truth, self.statements = client, role, truth, statements
        self.problems: list[str] = []
        self.asked = self.took = 0
        first = client.get("/")
        self.token = TOKEN.search(first.text)[1]
        form = next(f for f in first.forms.values() if f.action == "/search")
        self._search = form.method.lower(), form.submit_fields()

    def wrong(self, what: str) -> None:
        self.problems.append(f"{self.role}: {what}")

    def get(self, path: str) -> TestResponse:
        """A page, looked through for what this reader may not see."""
        return self._asked(path, lambda: self.client.get(path, expect_errors=True))

    def post(self, path: str, fields: list[tuple[str, str]] = ()) -> TestResponse:
        """What a form gives, looked through likewise."""
        sent = [("csrf_token", self.token), *((n, v) for n, v in fields if n != "csrf_token")]
        return self._asked(path, lambda: self.client.post(path, sent, expect_errors=True))

    def search(self, words: str) -> TestResponse:
        """The answer of the search form that stands on every page."""
        method, fields = self._search
        filled = [(name, words if name == "q" else value) for name, value in fields]
        return self._asked(words, lambda: getattr(self.client, method)("/search", filled).maybe_follow())

    def _asked(self, asked: str, ask) -> TestResponse:
        before = self.statements.count
        answer = ask()
        self.asked, self.took = self.asked + 1, self.statements.count - before
        self._headers(answer, asked)
        text = contents(answer)
        for word in set(WORD.findall(text)):
            if word not in asked and not self.truth.shows(word, self.role):
                found = self.truth.by_id[self.truth.world.words[word].record]
                self.wrong(f"{asked} shows {word} of a {found.record_type} ({found.row}, {sorted(found.facts)})")
        for ref in set(REF.findall(text)):
            found = self.truth.by_ref.get(ref)
            if found is not None and ref not in asked and not self.truth.named(ref, self.role):
                self.wrong(f"{asked} names {ref}, a {found.record_type} ({found.row}, {sorted(found.facts)})")
        return answer

    def _headers(self, answer: TestResponse, asked: str) -> None:
        """The contract on the headers, and no name of anything in them."""
        attached = answer.headers.get("Content-Disposition", "").startswith("attachment")
        if asked == "/scan" and answer.status_int == 200:  # the one page that may use the camera
            answer.headers["Permissions-Policy"] = answer.headers["Permissions-Policy"].replace(
                CAMERA_POLICY, PERMISSIONS_POLICY)
        try:
            hashing = answer.headers["Content-Security-Policy"] == HASHING_POLICY and HASHING.search(asked)
            check(answer, policy=DOWNLOAD_POLICY if attached else HASHING_POLICY if hashing else PAGE_POLICY)
        except (AssertionError, KeyError) as problem:
            self.wrong(f"{asked}: headers: {problem!r}")
        told = "".join(value for name, value in answer.headerlist if name not in ("Location", "Content-Disposition"))
        if WORD.search(told) or REF.search(told):
            self.wrong(f"{asked}: a header names a record")

    def listed(self, path: str, prefix: str) -> tuple[int, set[str]]:
        """The status of a list, and the references of one kind on all its pages."""
        found: set[str] = set()
        while True:
            answer = self.get(path)
            if answer.status_int != 200:
                return answer.status_int, found
            found |= {ref for ref in refs(answer) if ref.startswith(prefix) and ref[len(prefix)].isdigit()}
            following = _NEXT.search(answer.text)
            if following is None:
                return 200, found
            path = urljoin(path, (following[1] or following[2]).replace("&amp;", "&"))


def contents(answer: TestResponse) -> str:
    """The text of a page, or of what is in a file that leaves; of a PDF with what is attached to it. What runs over a
    line there is found without the blanks, what stands between others with them."""
    if answer.content_type == "application/pdf":
        paper = PdfReader(io.BytesIO(answer.body))
        parts = "\n".join(page.extract_text() for page in paper.pages).split()
        attached = (body.decode("utf-8", "replace") for bodies in paper.attachments.values() for body in bodies)
        return " ".join(("".join(parts), *parts, *attached))
    if answer.content_type == "application/zip":
        with zipfile.ZipFile(io.BytesIO(answer.body)) as archive:
            return " ".join(archive.read(name).decode("utf-8", "replace") for name in archive.namelist())
    return TOKEN.sub("", answer.body.decode("utf-8", "replace"))


def refs(answer: TestResponse) -> set[str]:
    """The references in the main part of a page."""
    main = _MAIN.search(answer.text)
    return set(REF.findall(main[0])) if main else set()


def words(answer: TestResponse) -> set[str]:
    return set(WORD.findall(contents(answer)))


def face(answer: TestResponse, took: int) -> tuple:
    """Everything by which two answers could be told apart, but for the reference that was asked for: the status, the
    headers, each byte of the page, and how many statements it took (which decides how long it takes)."""
    headers = sorted((name, value) for name, value in answer.headerlist if name != "X-Request-Id")
    text = REF.sub("REF", TOKEN.sub("", answer.text))
    return answer.status_int, headers, WORD.sub("WORD", text), took

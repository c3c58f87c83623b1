"""A small browser for measuring: cookies, forms, one connection kept open. Standard library only."""

import http.client
import time
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urlencode, urlsplit

Fields = list[tuple[str, str]]


class _Form(HTMLParser):
    """Collects the fields of the page's own form (id="form") in order, as a browser would send them untouched."""

    def __init__(self):
        super().__init__()
        self.fields: Fields = []
        self.found = self._inside = False
        self._templates = 0
        self._area = self._first = False

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        name = given.get("name")
        if tag == "form":
            self._inside = given.get("id") == "form"
            self.found |= self._inside
        elif tag == "template":
            self._templates += 1
        if not self._inside or self._templates:
            return
        if tag == "input" and name:
            if given.get("type") not in ("checkbox", "radio") or "checked" in given:
                self.fields.append((name, given.get("value") or ""))
        elif tag == "select" and name:
            self.fields.append((name, ""))
            self._first = True
        elif tag == "option" and ("selected" in given or self._first):
            self.fields[-1] = (self.fields[-1][0], given.get("value") or "")
            self._first = False
        elif tag == "textarea" and name:
            self.fields.append((name, ""))
            self._area = True

    def handle_endtag(self, tag):
        if tag == "form":
            self._inside = False
        elif tag == "template":
            self._templates -= 1
        elif tag == "textarea":
            self._area = False

    def handle_data(self, data):
        if self._area:
            name, text = self.fields[-1]
            self.fields[-1] = (name, text + data)


def form_of(page: str) -> Fields:
    """The fields of the form on a page. Raises LookupError when there is none."""
    parser = _Form()
    parser.feed(page)
    if not parser.found:
        raise LookupError("the page has no form")
    return parser.fields


def filled(fields: Fields, values: dict[str, str]) -> Fields:
    """The fields with some values in place of theirs. What the page did not send (a radio or box not chosen) comes
    after the mark that begins its group, or at the end."""
    done, left = [], dict(values)
    for name, value in fields:
        done.append((name, left.pop(name, value)))
        group = value.partition(":")[0]
        if name == "__start__" and group in left:
            done.append(("checkbox", left.pop(group)))
    return done + list(left.items())


@dataclass
class Answer:
    """What came back, and how long it took."""

    status: int
    body: bytes
    headers: dict[str, str]
    seconds: float

    @property
    def text(self) -> str:
        return self.body.decode("utf-8")


@dataclass
class Browser:
    """One person's browser on one connection."""

    base: str
    cookies: dict[str, str] = field(default_factory=dict)
    _connection: http.client.HTTPConnection | None = None

    def get(self, path: str) -> Answer:
        return self.send("GET", path, None)

    def post(self, path: str, fields: Fields) -> Answer:
        return self.send("POST", path, urlencode(fields).encode())

    def close(self) -> None:
        """Leave."""
        if self._connection is not None:
            self._connection.close()

    def another(self) -> "Browser":
        """The same person in one more browser."""
        return Browser(self.base, dict(self.cookies))

    def send(self, method: str, path: str, body: bytes | None) -> Answer:
        parts = urlsplit(self.base)
        if self._connection is None:
            self._connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=60)
        headers = {"Cookie": "; ".join(f"{k}={v}" for k, v in self.cookies.items())}
        if body is not None:
            headers |= {"Content-Type": "application/x-www-form-urlencoded", "Origin": self.base,
                        "Sec-Fetch-Site": "same-origin"}
        started = time.perf_counter()
        self._connection.request(method, path, body, headers)
        response = self._connection.getresponse()
        data = response.read()
        seconds = time.perf_counter() - started
        for name, value in response.getheaders():
            if name.lower() == "set-cookie":
                cookie, _, rest = value.partition("=")
                self.cookies[cookie] = rest.partition(";")[0]
        return Answer(response.status, data, {k.lower(): v for k, v in response.getheaders()}, seconds)

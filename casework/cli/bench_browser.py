"""A small browser for measuring: cookies, forms, one connection kept open. Standard library only."""

import http.client
import time
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urlencode, urlsplit

import pyotp


class _Forms(HTMLParser):
    """Collects the forms of a page: action and fields in order, as a browser would send them untouched."""

    def __init__(self):
        super().__init__()
        self.forms: list[tuple[str, list[tuple[str, str]]]] = []
        self._inside = False
        self._select: str | None = None
        self._area: list | None = None

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        if tag == "form":
            self.forms.append((given.get("action") or "", []))
            self._inside = True
        if not self._inside or not self.forms:
            return
        fields, name = self.forms[-1][1], given.get("name")
        if tag == "input" and name:
            if given.get("type") in ("checkbox", "radio") and "checked" not in given:
                return
            if given.get("type") not in ("submit", "button"):
                fields.append((name, given.get("value") or ""))
        elif tag == "select" and name:
            self._select = name
            fields.append((name, ""))
        elif tag == "option" and self._select and "selected" in given:
            fields[-1] = (self._select, given.get("value") or "")
        elif tag == "textarea" and name:
            self._area = [name, ""]

    def handle_endtag(self, tag):
        if tag == "form":
            self._inside = False
        elif tag == "select":
            self._select = None
        elif tag == "textarea" and self._area and self.forms:
            self.forms[-1][1].append(tuple(self._area))
            self._area = None

    def handle_data(self, data):
        if self._area:
            self._area[1] += data


def form_of(page: str, part: str = "") -> tuple[str, list[tuple[str, str]]]:
    """The last form of a page whose action contains `part`. Raises LookupError."""
    parser = _Forms()
    parser.feed(page)
    for action, fields in reversed(parser.forms):
        if part in action:
            return action, fields
    raise LookupError(f"the page has no form for {part!r}")


def filled(fields: list[tuple[str, str]], values: dict[str, str]) -> list[tuple[str, str]]:
    """The fields with some values in place of theirs; what the page did not have (a radio not chosen) is added
    where peppercorn expects it: by name at the end."""
    done = [(name, values.get(name, value)) for name, value in fields]
    present = {name for name, _ in fields}
    return done + [(name, value) for name, value in values.items() if name not in present]


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
        return self._send("GET", path, None)

    def post(self, path: str, fields: list[tuple[str, str]]) -> Answer:
        return self._send("POST", path, urlencode(fields).encode())

    def submit(self, path: str, values: dict[str, str]) -> Answer:
        """Open a page with a form, fill it, send it."""
        page = self.get(path)
        action, fields = form_of(page.text, path if path in page.text else "")
        return self.post(action or path, filled(fields, values))

    def _send(self, method: str, path: str, body: bytes | None) -> Answer:
        parts = urlsplit(self.base)
        if self._connection is None:
            self._connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=60)
        headers = {"Host": parts.netloc, "Cookie": "; ".join(f"{k}={v}" for k, v in self.cookies.items())}
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

    def sign_in(self, login: str, password: str, secret: str) -> None:
        """Through the real pages. Raises RuntimeError when the door stays shut."""
        page = self.get("/sign-in")
        action, fields = form_of(page.text, "/sign-in")
        answer = self.post(action, filled(fields, {"login": login, "password": password}))
        page = self.get(answer.headers.get("location", "/sign-in/code"))
        action, fields = form_of(page.text, "/sign-in/code")
        answer = self.post(action, filled(fields, {"code": pyotp.TOTP(secret).now()}))
        if answer.status not in (302, 303):
            raise RuntimeError(f"sign-in as {login} failed with {answer.status}")

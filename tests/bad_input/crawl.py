"""Walks the pages that one person can reach, and takes their forms apart."""

import re
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import urljoin, urlsplit

from bs4 import BeautifulSoup, Tag
from pyramid.interfaces import IRoutesMapper
from pyramid.request import Request
from webtest import TestApp
from webtest.response import TestResponse

# Pages of one kind differ in their record only; what can be done with support differs with its state.
PER_ROUTE = 2
MORE = {"support_referral.view": 6}
LIMIT = 300
LEAVES = frozenset({"/sign-out"})
# Belong to the form and not to what is asked.
OWN = frozenset({"csrf_token", "_charset_", "__formid__", "__start__", "__end__", "draft", "version", "save"})


@dataclass
class Field:
    """A control, or all radios or boxes of one name: `kind` is text, number, file, choice, date, hidden or password."""

    name: str
    kind: str
    value: str = ""
    choices: tuple[str, ...] = ()
    multiline: bool = False
    required: bool = False


@dataclass
class Page:
    """A page as it was reached."""

    path: str
    route: str
    html: BeautifulSoup


@dataclass
class FormPost:
    """A form that is sent by POST: where to, which page it stood on, every pair it would send, its fields."""

    action: str
    route: str
    page: Page
    pairs: list[tuple[str, str]] = field(default_factory=list)
    fields: list[Field] = field(default_factory=list)

    @property
    def of_schema(self) -> bool:
        """Whether a schema stands behind it; otherwise it is a button."""
        return any(name == "__formid__" for name, _value in self.pairs)

    @property
    def version(self) -> bool:
        return any(name == "version" for name, _value in self.pairs)


# Files of our own, a page without records, and documents whose bytes were never there.
PASSED_BY = frozenset({"static", "styleguide", "stored_file.download"})


def route_of(app, path: str) -> str | None:
    """The name of the route of a path."""
    found = app.registry.queryUtility(IRoutesMapper)(Request.blank(path))["route"]
    return found.name if found else None


def pages(client: TestApp, start: tuple[str, ...] = ("/",)) -> Iterator[Page]:
    """Every page that links and the forms of questions lead to, a few of each route at most."""
    waiting, seen, visited = deque(start), set(start), Counter()
    while waiting and sum(visited.values()) < LIMIT:
        path = waiting.popleft()
        route = route_of(client.app, path)
        if route is None or visited[route] >= MORE.get(route, PER_ROUTE) or route in PASSED_BY:
            continue
        answer = client.get(path, expect_errors=True)
        visited[route] += 1
        while answer.status_int in (302, 303):
            path = urlsplit(answer.location).path
            answer = client.get(path, expect_errors=True)
        assert answer.status_int < 500, f"{path}: {answer.status}"
        if answer.status_int != 200 or answer.content_type != "text/html":
            continue
        page = Page(path, route_of(client.app, path) or route, answer.html)
        yield page
        asking = page.html.find_all("form", method="get", action=True)
        for link in [*page.html.find_all("a", href=True), *asking]:
            address = urlsplit(urljoin(path, link.get("href") or link["action"]))
            target = address.path + (f"?{address.query}" if address.query else "")
            if not address.scheme and not address.netloc and target not in seen and address.path not in LEAVES:
                seen.add(target)
                waiting.append(target)


def forms(client: TestApp, page: Page) -> Iterator[FormPost]:
    """The forms of the page's own content that are sent by POST."""
    for tag in page.html.find("main").find_all("form", method="post"):
        action = urlsplit(urljoin(page.path, tag.get("action") or "")).path
        yield FormPost(action, route_of(client.app, action) or "", page, pairs_of(tag), fields_of(tag))


def pairs_of(form: Tag) -> list[tuple[str, str]]:
    """What a browser would send, in order, when the first button is pressed."""
    pairs, pressed = [], False
    for control in form.find_all(["input", "select", "textarea", "button"]):
        name, kind = control.get("name"), control.get("type", "")
        if not name or control.find_parent("template") or kind == "button":
            continue
        if control.name == "button":
            if pressed:
                continue
            pressed = True
        if control.name == "select":
            chosen = control.find("option", selected=True) or control.find("option")
            pairs.append((name, chosen.get("value", "") if chosen else ""))
        elif control.name == "textarea":
            pairs.append((name, control.text.lstrip("\n")))
        elif kind not in ("radio", "checkbox") or control.has_attr("checked"):
            pairs.append((name, control.get("value", "")))
    return pairs


def fields_of(form: Tag) -> list[Field]:
    """Its fields outside sequences; of a date the parts are one field named by the part's mapping."""
    found: dict[str, Field] = {}
    nested: list[str] = []
    for control in form.find_all(["input", "select", "textarea"]):
        name, kind = control.get("name"), control.get("type", "")
        if not name or control.find_parent("template"):
            continue
        if name == "__start__":
            nested.append(control["value"].partition(":")[0])
            continue
        if name == "__end__":
            nested.pop()
            continue
        group = control.find_parent(class_="govuk-form-group")
        required = group is not None and not group.select_one(".cw-optional") and kind != "checkbox"
        if nested:
            if name in ("day", "month", "year"):
                found.setdefault(nested[-1], Field(nested[-1], "date", required=required))
            continue
        if name in OWN:
            continue
        if control.name == "select" or kind in ("radio", "checkbox"):
            options = [o.get("value", "") for o in control.find_all("option")] or [control.get("value", "")]
            known = found.setdefault(name, Field(name, "choice", required=required))
            known.choices += tuple(option for option in options if option)
        elif kind in ("hidden", "password"):
            found[name] = Field(name, kind, control.get("value", ""))
        else:
            usual = "file" if kind == "file" else "text"
            numeric = control.get("inputmode") == "numeric"
            found[name] = Field(name, "number" if numeric else usual, control.get("value", ""),
                                multiline=control.name == "textarea", required=required)
    return list(found.values())


def changed(form: FormPost, token: str, values: dict[str, str]) -> list[tuple[str, str]]:
    """The pairs of the form with other values for some fields (a date's parts all take the same one)."""
    pairs, nested, sent = [], [], set()
    for name, value in form.pairs:
        if name == "__start__":
            nested.append(value.partition(":")[0])
        if name == "__end__":
            nested.pop()
        if name == "csrf_token":
            value = token
        elif nested and nested[-1] in values and name in ("day", "month", "year", "time"):
            value = values[nested[-1]]
        elif not nested and name in values:
            if name in sent:
                continue
            value = values[name]
            sent.add(name)
        pairs.append((name, value))
    own = {f.name for f in form.fields if f.kind != "date"}
    return pairs + [(name, value) for name, value in values.items() if name in own - sent]


def flagged(answer: TestResponse) -> set[str]:
    """The names of the fields that the page says something is wrong with; a date by its mapping."""
    names = set()
    for group in answer.html.select(".govuk-form-group--error"):
        for control in group.find_all(["input", "select", "textarea"], attrs={"name": True}):
            name = control["name"]
            names.add(control["value"].partition(":")[0] if name == "__start__" else name)
    return names


def summary(answer: TestResponse) -> str:
    """The words of the error summary, or of the message on a page without form."""
    found = answer.html.select_one(".govuk-error-summary__list") or answer.html.find("main")
    return re.sub(r"\s+", " ", found.text).strip()

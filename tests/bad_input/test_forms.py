"""Every form of every role is sent what no honest page would send: refused with words, and nothing changes."""

import re
import uuid
from functools import cache
from urllib.parse import urlencode, urljoin, urlsplit

import pytest
from babel.messages.pofile import read_po
from sqlalchemy import event, func, literal, select, union_all
from webtest.response import TestResponse

from casework.db.base import Base
from casework.settings import ROOT
from casework.workflow.engine import flows
from tests.support import scene

from . import full
from .crawl import Field, FormPost, Page, changed, flagged, forms, pages, pairs_of, summary

pytestmark = pytest.mark.one_engine

REFUSED = frozenset({400, 403, 404, 409, 422})
# What asking leaves behind: the log of it, drafts, who was last seen.
ASIDE = frozenset({
    "audit_entry", "audit_head", "draft", "submission", "user_session", "user_activity", "sign_in_counter", "data_key",
})
WORD = re.compile("[a-z]{2}")
KHMER = re.compile("[\u1780-\u17ff]")
INLINE = re.compile(r"<script(?![^>]*\bsrc=)|<style|\sstyle\s*=|\son[a-z]+\s*=\s*[\"']|javascript:", re.IGNORECASE)
# The same word twice: vowel and sign after the subscript, and before it, as another keyboard gives it.
TYPED_OTHERWISE = "ស្រ\u17b8 \u1780\u17d2\u179a\u17bb\u1798 \u1780\u17bb\u17d2\u179a\u1798"
LONG = "a" * 30_000
# What would run, or break the statement, if a statement were put together from what people type.
HOSTILE = "Dara'||(select pg_sleep(9))||'; drop table note--"
# Of each text that is sent, what no statement of ours has in it.
TYPED = ("Dara", "zz_unknown", "\u1780\u17bb\u17d2\u179a\u1798", "\u1780\u17d2\u179a\u17bb\u1798", LONG[:100])


class Visit:
    """One person's pages and forms, and the state of the database to compare with."""

    def __init__(self, app, database, name: str):
        self.app, self.database = app, database
        self.scene = full.build(database)
        self.client = self.scene.browser(app, name)
        self.client.set_cookie("cw_lang", "km")
        self.pages: list[Page] = []
        self.forms: list[FormPost] = []
        seen = set()
        for page in pages(self.client):
            self.pages.append(page)
            for form in forms(self.client, page):
                key = (form.route, form.action.rsplit("/", 1)[-1], tuple(f.name for f in form.fields))
                # One's own account is the same for everybody.
                if key not in seen and (name == "hot" or not form.route.startswith("account")):
                    seen.add(key)
                    self.forms.append(form)
        self.token = self.client.get("/account").html.find("input", {"name": "csrf_token"})["value"]
        self.before = self.state()
        self.count = 0
        self.problems: list[str] = []
        event.listen(app.registry["engine"], "before_cursor_execute", self._statement)

    def _statement(self, _connection, _cursor, statement: str, *_more) -> None:
        """What was typed comes to the database as a value, never in a statement."""
        if any(text in statement for text in TYPED):
            self.problems.append(f"typed into a statement: {statement[:300]}")

    def state(self) -> dict[str, tuple[int, int]]:
        """Table to number of rows and sum of versions."""
        parts = []
        for table in Base.metadata.sorted_tables:
            if table.name not in ASIDE:
                versions = func.coalesce(func.sum(table.c.version), 0) if "version" in table.c else literal(0)
                parts.append(select(literal(table.name), func.count(), versions).select_from(table))
        with self.database.engine.connect() as connection:
            return {name: (rows, versions) for name, rows, versions in connection.execute(union_all(*parts))}

    def send(self, form: FormPost, pairs: list | bytes, what: str, wanted=REFUSED) -> TestResponse | None:
        """Send it in one language or the other: it must be refused in words, and nothing may change. None when not."""
        self.count += 1
        language = ("en", "km")[self.count % 2]
        self.client.set_cookie("cw_lang", language)
        body = pairs if isinstance(pairs, bytes) else urlencode(pairs)
        answer = self.client.post(form.action, body, expect_errors=True)
        found = []
        if answer.status_int not in wanted:
            found.append(f"answered {answer.status}")
        elif not self.in_the_readers_language(answer, language):
            found.append(f"does not say it in {language}")
        now = self.state()
        if now != self.before:
            found.append(f"changed {', '.join(n for n in now if now[n] != self.before[n])}")
            self.before = now
        self.problems += [f"{what} to {form.action} ({form.route}): {problem}" for problem in found]
        return None if found else answer

    @staticmethod
    def in_the_readers_language(answer: TestResponse, language: str) -> bool:
        words = summary(answer)
        # The page of last resort speaks both.
        both = f'<html lang="{language}"' not in answer
        return bool(KHMER.search(words) if both or language == "km" else words)

    def of_schemas(self) -> list[FormPost]:
        return [form for form in self.forms if form.of_schema]


# Once for each role: its pages, then everything its forms may be sent.
@pytest.fixture(params=[name for name in scene.STAFF if not name.endswith("2")])
def visit(request, app, database) -> Visit:
    return Visit(app, database, request.param)


def test_pages_are_whole_and_forms_refuse_what_is_wrong(visit):
    judge_pages(visit)
    for form in visit.forms:
        visit.send(form, urlencode(changed(form, visit.token, {})).encode() + b"&zz=%ff", "bytes that are no text")
        visit.send(form, [*changed(form, visit.token, {}), ("csrf_token", visit.token)], "a field twice")
        visit.send(form, changed(form, "x" * 86, {}), "a wrong token")
    for form in visit.of_schemas():
        refuse_values(visit, form)
        refuse_shapes(visit, form)
    for page in visit.pages:
        ask_hostile(visit, page)
    assert not visit.problems, "\n".join(visit.problems)


def ask_hostile(visit: Visit, page: Page) -> None:
    """What is typed into the forms that ask, and into an address, is never run."""
    visit.client.post("/search", {"csrf_token": visit.token, "q": HOSTILE}, status=(200, 303))
    for form in page.html.find_all("form", method="get", action=True):
        names = {name for name, _value in pairs_of(form)}
        path = urlsplit(urljoin(page.path, form["action"])).path
        for name in names:
            answer = visit.client.get(path, {name: HOSTILE}, expect_errors=True)
            if answer.status_int not in (200, 303, 400, 404, 422):
                visit.problems.append(f"{path}?{name}: {answer.status}")


def refuse_values(visit: Visit, form: FormPost) -> None:
    """Wrong values for all fields of a kind at once: each of them is named in the answer."""
    def texts(value: str, kinds: tuple[str, ...] = ("text", "number", "file")) -> dict[str, str]:
        return {f.name: value for f in form.fields if f.kind in kinds}

    for what, values in (
        ("a text that is too long", texts(LONG, ("text", "number", "file", "password"))),
        ("a bell", texts(f"{HOSTILE}\x07")),
        ("a mark that turns the writing", texts("Dara\u202e (fictional)")),
        ("letters for numbers and dates", texts("abc", ("number", "date"))),
        ("an unknown answer", {f.name: foreign(visit, f) for f in form.fields if f.kind == "choice"}),
    ):
        if values:
            answer = visit.send(form, changed(form, visit.token, values), what, wanted={422})
            unnamed = set(values) - flagged(answer) if answer else ()
            visit.problems += [f"{what} to {form.action}: nothing is said of {name}" for name in sorted(unnamed)]
    empty = {f.name: "" for f in form.fields if f.kind != "hidden"}
    if any(f.required for f in form.fields):
        visit.send(form, without(form, visit.token, empty), "nothing", wanted={422})
    khmer = texts(TYPED_OTHERWISE, ("text",))
    if khmer:
        pairs = [*changed(form, visit.token, khmer), ("zz", "1")]
        answer = visit.send(form, pairs, "Khmer, and a field too many", wanted={422})
        if answer and TYPED_OTHERWISE not in answer:
            visit.problems.append(f"Khmer to {form.action} is not shown as it was typed")


def refuse_shapes(visit: Visit, form: FormPost) -> None:
    """The right fields in a wrong shape."""
    usual = changed(form, visit.token, {})
    visit.send(form, [*usual, ("created_by_id", str(uuid.uuid4()))], "a column of the table", wanted={422})
    visit.send(form, [*usual, ("__start__", "x:mapping")], "a part that does not end", wanted={400})
    unknown = [*usual, ("__start__", "x:list"), ("__end__", "x:list")]
    visit.send(form, unknown, "a part of no known kind", wanted={400})
    for name in [f.name for f in form.fields if f.kind == "text"][:1]:
        scalar = [pair for pair in usual if pair[0] != name]
        nested = [*scalar, ("__start__", f"{name}:mapping"), ("x", "1"), ("__end__", f"{name}:mapping")]
        visit.send(form, nested, f"a mapping for {name}", wanted={422})
    if form.version:
        stale = [(name, "0" if name == "version" else value) for name, value in usual]
        visit.send(form, stale, "an old version", wanted={409, 422})


def foreign(visit: Visit, one: Field) -> str:
    """A value that the field does not offer: a real record's id where it offers ids."""
    if not one.choices or not re.fullmatch(r"[0-9a-f-]{36}", one.choices[0]):
        return "zz_unknown"
    known = [visit.scene.case.id, *(person.user_id for person in visit.scene.people.values())]
    return next(str(i) for i in known if str(i) not in one.choices)


def without(form: FormPost, token: str, empty: dict[str, str]) -> list[tuple[str, str]]:
    """The form with nothing filled in and nothing chosen."""
    chosen = {f.name for f in form.fields if f.kind == "choice"}
    dates_and_texts = {name: "" for name in empty if name not in chosen}
    return [pair for pair in changed(form, token, dates_and_texts) if pair[0] not in chosen]


def judge_pages(visit: Visit) -> None:
    """A title, one heading, its language; nothing inline; a token in each form; in Khmer no English sentence."""
    english = msgids()
    for page in visit.pages:
        html, found = page.html, []
        if not html.title.text.strip() or len(html.find_all("h1")) != 1 or html.html["lang"] != "km":
            found.append("title, heading or language")
        if INLINE.search(str(html)):
            found.append("something inline")
        if not all(form.find("input", {"name": "csrf_token"}) for form in html.find_all("form", method="post")):
            found.append("a form without token")
        texts = {plain(text) for text in html.body.find_all(string=True) if not text.find_parent(lang="en")}
        found += [f"not in Khmer: {text}" for text in sorted(texts & english)]
        visit.problems += [f"{page.path} ({page.route}): {problem}" for problem in found]
    assert len(visit.pages) > 2


def plain(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()


@cache
def msgids() -> set[str]:
    """Every English sentence or word that has a Khmer one."""
    found = set()
    for path in [*ROOT.glob("casework/*/locale/km/LC_MESSAGES/casework.po"), *ROOT.glob("schemas/locale/km/*/*.po")]:
        with path.open("rb") as file:
            found |= {m.id for m in read_po(file) if m.id and m.string != m.id and WORD.search(m.id)}
    return found


@pytest.mark.parametrize("name", ["hot", "psu", "inv"])
def test_no_transition_is_made_that_the_page_does_not_offer(app, database, name):
    """Every event of the flow, by its address, on every record this person sees: only what is offered happens."""
    visit = Visit(app, database, name)
    seen = 0
    for page in visit.pages:
        kind = page.route.removesuffix(".view")
        if not page.route.endswith(".view") or kind not in app.registry["record_types"]:
            continue
        flow = app.registry["record_types"][kind].flow
        if flow is None:
            continue
        offered = {a["href"].rsplit("/", 1)[-1] for a in page.html.find_all("a", href=True)}
        offered |= {f.get("action", "").rsplit("/", 1)[-1] for f in page.html.find_all("form")}
        for step in {t.event for t in flows()[flow.name].transitions} - offered:
            form = FormPost(f"{page.path}/do/{step}", f"{kind}.do", page)
            pairs = [("csrf_token", visit.token), ("reason", "Because I would like to (fictional)"), ("save", "save")]
            visit.send(form, pairs, step)
            seen += 1
    assert seen > 5
    assert not visit.problems, "\n".join(visit.problems)


def test_a_draft_that_no_form_has_sent_does_not_shut_its_page(app, database):
    """What comes with an old token is kept unseen."""
    made = scene.build(database)
    client, path = made.browser(app, "inv"), f"/cases/{made.case.ref}/notes/new"
    sent = [("csrf_token", "old"), ("kind", "general"), ("__start__", "x:list"), ("text", "Words (fictional)")]
    client.post(path, sent, headers={"Origin": "http://localhost:80"}, status=400)
    assert client.get(path).status_int == 200

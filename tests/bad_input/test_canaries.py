"""What is typed goes where it belongs: into no log line, and what is sealed into no byte of the database's files."""

import logging
import uuid

import pytest
from webtest.forms import Form

from casework.cases.models import Case
from casework.evidence.service import record_item
from casework.web.logs import JsonFormatter
from tests.support import scene

from .crawl import forms, pages

pytestmark = pytest.mark.one_engine


class Canaries:
    """A unique word for each field that is filled in, and the field it went to."""

    def __init__(self) -> None:
        self.fields: dict[str, str] = {}

    def word(self, field: str) -> str:
        made = f"Zz{uuid.uuid4().hex[:12]}"
        self.fields[made] = field
        return made


@pytest.fixture
def lines():
    """Every line at DEBUG, of the libraries too, as the program writes it."""
    written: list[str] = []
    handler = logging.Handler(logging.DEBUG)
    handler.emit = lambda record: written.append(JsonFormatter().format(record))
    root, engine = logging.getLogger(), logging.getLogger("sqlalchemy")
    levels = root.level, engine.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    engine.setLevel(logging.DEBUG)
    yield written
    root.removeHandler(handler)
    root.setLevel(levels[0])
    engine.setLevel(levels[1])


@pytest.mark.parametrize("name", ["hot", "inv"])
def test_nothing_typed_into_any_form_is_logged(app, database, lines, name):
    """Every text field of every form this person reaches, and the search, and an address."""
    client = scene.build(database).browser(app, name)
    canaries = Canaries()
    sent = 0
    for page in list(pages(client)):
        for form in forms(client, page):
            token = client.get("/account").html.find("input", {"name": "csrf_token"})["value"]
            values = {f.name: canaries.word(f"{form.route} {f.name}") for f in form.fields
                      if f.kind in ("text", "number", "file", "password")}
            if values:
                pairs = [(n, token if n == "csrf_token" else values.get(n, v)) for n, v in form.pairs]
                assert client.post(form.action, pairs, expect_errors=True).status_int < 500
                sent += 1
    for address in ("/cases/{}", "/{}", "/referrals?state={}"):
        client.get(address.format(canaries.word(address)), expect_errors=True)
    assert sent > 3
    assert len(lines) > 100
    assert [(canaries.fields[w], line) for line in lines for w in canaries.fields if w in line] == []


def filled(form: Form, canaries: Canaries, names: tuple[str, ...], **others: str) -> Form:
    for name in names:
        form[name] = canaries.word(name)
    for name, value in others.items():
        form[name] = value
    return form


def test_what_is_sealed_is_in_no_file_in_clear(app, database, lines, tmp_path):
    """Reporter, addresses and safe contact of a report, what an item is known by, and a draft that was never sent."""
    made, canaries = scene.build(database), Canaries()
    hot, inv = made.browser(app, "hot"), made.browser(app, "inv")
    form = filled(
        hot.get("/referrals/new").forms["form"], canaries, ("family_latin", "given_latin", "safe_contact"),
        immediate_danger="no", source="family", channel="phone", province="12", narrative="A report (fictional)",
        urls=f"https://{canaries.word('urls').lower()}.example/page",
    )
    reported = form.submit("save").follow()
    assert reported.status_int == 200
    form = filled(hot.get("/referrals/new").forms["form"], canaries, ("narrative", "family_latin", "safe_contact"))
    hot.post("/draft", [("form_path", "/referrals/new"), *form.submit_fields("save")])
    with database.work(identity=made.who("inv")) as db:
        record_item(db, made.who("inv"), db.get_one(Case, made.case.id),
                    scene.item_data(serial=canaries.word("serial")))
    inv.get(f"/cases/{made.case.ref}")
    assert len(canaries.fields) == 8
    # Control: text that is not sealed is found by the same search.
    assert any(b"A report (fictional)" in path.read_bytes() for path in tmp_path.glob("*.sqlite*"))
    for path in tmp_path.rglob("*"):
        data = path.read_bytes() if path.is_file() else b""
        for word, field in canaries.fields.items():
            for text in {word, word.lower()}:
                for encoding in ("utf-8", "utf-16-le", "utf-16-be"):
                    assert text.encode(encoding) not in data, f"{field} in {path.name} ({encoding})"
    assert [(canaries.fields[w], line) for line in lines for w in canaries.fields if w in line] == []

"""Two databases that differ only in what a reader may not see, and everything the reader can ask of both.

The second is the first with records added that are hidden from the reader: copies of hidden records, each with texts of
its own. What is seen is the same row in both, so nothing needs to be made alike.
"""

import datetime as dt
import re
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import String, Text, UniqueConstraint, inspect, make_url, select

from casework.authz.models import Recusal
from casework.authz.scope import unscoped
from casework.crypto.sealed import sealed_fields
from casework.db.base import Base
from casework.db.refs import new_ref
from casework.workflow.guard import engine_at_work
from tests.authz.papers import PURPOSE, may_take
from tests.authz.reader import contents
from tests.authz.rounds import absent, kind_of
from tests.authz.truth import Truth
from tests.authz.ways import Way, lines, ways
from tests.support import run
from tests.support.settled import Settled
from tests.support.world import WORD, Placed

# Made anew for every answer: a token, the number of a request or of an entry of the log, a hash over them, a moment.
FRESH = (
    (re.compile(r'(name="(?:csrf_token|draft)" value=")[^"]*'), r"\1"),
    (re.compile(r"[0-9a-f]{32,64}"), "HEX"),
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?(\.\d+)?(Z|\+\d\d:\d\d)?"), "MOMENT"),
    (re.compile(r"\b\d{1,2}:\d\d(:\d\d)?\b"), "TIME"),
    # An entry's number counts what everybody did before it (docs/need-to-know.md).
    (re.compile(r'(?<=id="e)\d+|(?<=/history/proof/)\d+|(?<=Entry )\d+|(?<=-hidden"> )\d+(?=</span>)|^"\d+"(?=,")',
                re.MULTILINE), "ENTRY"),
)
# Whoever reads these reads of everybody, without content: the log and the accounts. The numbers on the first screen of
# who has "agg" in the matrix count every record, whoever may see it.
OF_ALL = ("audit.log", "users", "statistics")
# One's own requests, each under its number in the log, which counts the entries of everybody: docs/need-to-know.md says
# what that tells. Of a history the changes are asked for, without one's own looking.
OWN_REQUESTS = ("/account/activity",)


def _stop(settled: Settled) -> None:
    settled.app.registry["engine"].dispose()
    settled.database.engine.dispose()


def snapshot(settled: Settled) -> Any:
    """The database as it is, with every reader signed in; the same for the whole process."""
    if "snapshot" not in settled.kept:
        for role in settled.people:
            settled.client(role)
        _stop(settled)
        name = make_url(settled.database.url).database
        if settled.database.backend == "sqlite":
            shutil.copyfile(name, f"{name}.kept")
            settled.kept["snapshot"] = f"{name}.kept"
        else:
            settled.kept["snapshot"] = f"k_{uuid.uuid4().hex[:12]}"
            run.cluster().create(settled.kept["snapshot"], name)
    return settled.kept["snapshot"]


def restore(settled: Settled) -> None:
    """Put the database back to what it was."""
    kept, name = snapshot(settled), make_url(settled.database.url).database
    _stop(settled)
    if settled.database.backend == "sqlite":
        shutil.copyfile(kept, name)
    else:
        with run.cluster().admin() as connection:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
        run.cluster().create(name, kept)
    settled.wake()


@contextmanager
def restored(settled: Settled) -> Iterator[None]:
    """The database as it was kept, before and after."""
    restore(settled)
    try:
        yield
    finally:
        restore(settled)


def hidden_from(truth: Truth, role: str) -> list[Placed]:
    """The records that a reader does not see and that can be made a second time."""
    return [
        placed for placed in truth.world.placed
        if placed.ref and not truth.sees(placed, role) and placed.record_type != "custody_event"
    ]


def add_hidden(settled: Settled, role: str, chosen: list[tuple[Placed, str]]) -> int:
    """Write a copy of each chosen record, with a text of its own; how many were written."""
    models = {m.class_.__tablename__: m.class_ for m in Base.registry.mappers}
    with settled.database.work() as db, unscoped(db, "the test makes what nobody here sees"), engine_at_work():
        for number, (placed, text) in enumerate(chosen):
            model = models[placed.record_type]
            old = db.scalars(select(model).where(model.id == placed.id)).one()
            db.add(made := _copy(db, model, old, text, number))
            db.flush()
            if "recused" in placed.facts and placed.record_type == "case":
                db.add(Recusal(user_id=settled.world.readers[role].user_id, case_id=made.id))
    return len(chosen)


def _copy(db, model: type, old: Any, text: str, number: int) -> Any:
    sealed, alone = sealed_fields(model), _alone(model)
    values: dict[str, Any] = {"id": uuid.uuid4(), "ref": new_ref(db, model, kind_of(old.ref), old.created_at.date())}
    for attribute in inspect(model).column_attrs:
        name, column = attribute.key, attribute.columns[0]
        if name in ("id", "ref", "version") or name.removesuffix("_sealed") in sealed:
            continue
        value = getattr(old, name)
        if isinstance(value, str) and isinstance(column.type, (String, Text)) and WORD.search(value):
            value = (f"{number} {text}" if name in alone else text)[: column.type.length or 200]
        elif name == "number":
            value += 10_000 * (number + 1)
        elif name == "week":
            value -= dt.timedelta(weeks=2 * (number + 1))
        elif name == "token":
            value = uuid.uuid4().bytes * 2
        values[name] = value
    made = model(**values)
    for name in sealed:
        plain = getattr(old, name)
        if plain is not None:
            setattr(made, name, text if isinstance(plain, str) else plain)
    return made


def _alone(model: type) -> set[str]:
    """The columns that, with others or by themselves, no two rows may have the same."""
    table = model.__table__
    rules = [one for one in table.constraints if isinstance(one, UniqueConstraint)]
    return {column.name for rule in [*rules, *(one for one in table.indexes if one.unique)] for column in rule.columns}


Question = tuple[str, str, tuple[tuple[str, str], ...]]


def questions(settled: Settled, truth: Truth, role: str, words: list[str]) -> list[Question]:
    """What a reader can ask: method, path, fields. Own pages, every way to one record of each type that opens and the
    pages of more, one that is hidden, one that is not there, searches, lists that leave."""
    app, asked = settled.app, []
    for address, methods, permission in lines(app):
        if "GET" in methods and "{" not in address and permission != "-" and not permission.startswith(OF_ALL) \
                and address not in OWN_REQUESTS and not (address == "/" and truth.texts["case.core", role] == "agg"):
            asked.append(("GET", address, ()))
    asked += [("GET", path, ()) for path in ("/tasks?which=done", "/tasks?which=team", "/cases?mine=yes", "/nowhere")]
    for table, found in ways(app).items():
        opens = [p for p in truth.telling(role) if p.record_type == table and truth.opens(p, role)]
        shut = [p for p in truth.telling(role) if p.record_type == table and not truth.opens(p, role)]
        for placed in opens[-1:]:
            asked += _of(truth, role, placed, found)
        asked += [("GET", truth.path(placed) + tail, ()) for placed in opens[:2] for tail in ("", "/history?reads=no")]
        for placed in shut[:1]:
            path = truth.path(placed)
            asked += [("GET", path, ()), ("GET", path.replace(placed.ref, absent(placed.ref)), ())]
    searches = [*words, "assigned", "fictional", "q", *(p.ref for p in truth.world.placed[:1])]
    asked += [("POST", "/search", (("q", text),)) for text in searches]
    return list(dict.fromkeys(asked))


def _of(truth: Truth, role: str, placed: Placed, found: list[Way]) -> Iterator[Question]:
    for way in found:
        if "GET" in way.methods and not way.kind.startswith(("history", "do/", "void")):
            yield "GET", way.path(truth, placed), ()
        if way.kind == "history" and may_take(truth, role) and way.given(truth, placed, role):
            yield "GET", f"{way.path(truth, placed)}?reads=no", ()
            yield "POST", f"{way.path(truth, placed)}/file?reads=no", (*PURPOSE.items(), ("form", "csv"))


def answers(settled: Settled, role: str, asked: list[Question]) -> dict[Question, tuple]:
    """Status, headers and text of each answer, but for what is made anew each time."""
    client, found = settled.client(role), {}
    token = re.search(r'name="csrf_token" value="([^"]*)', client.get("/account").text)[1]
    for method, path, fields in asked:
        if method == "GET":
            answer = client.get(path, expect_errors=True)
        else:
            answer = client.post(path, [("csrf_token", token), ("__formid__", "form"), *fields], expect_errors=True)
        headers = [(name, value) for name, value in answer.headerlist if name not in ("X-Request-Id", "Set-Cookie")]
        found[method, path, fields] = answer.status_int, plain(str(headers)), plain(contents(answer))
    return found


def plain(text: str) -> str:
    """The text without what is made anew for every answer."""
    for pattern, instead in FRESH:
        text = pattern.sub(instead, text)
    return text

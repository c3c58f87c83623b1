"""What need to know costs: each page with row scope, levels, redaction and encryption, and the same page without.

The program runs in this process, on a database filled for it. Every other request goes without: that switch is made
here of patches, and there is none in the program.
"""

import shutil
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any
from unittest import mock

from sqlalchemy import Engine, true

import casework
from casework.authz import access, row_walls, scope
from casework.authz.conditions import rows_of
from casework.authz.matrix import Term, load
from casework.crypto import sealed
from casework.crypto.keyring import KeyRing
from casework.db import asking, migrate
from casework.db.engine import make_engine
from casework.settings import Settings

from . import bench_people, roles
from .bench_count import InProcess
from .bench_pages import Page, pages
from .bench_seed import seed

WARM_UP = 5
LIMIT = 1.5  # times the page without


@dataclass
class Line:
    """A page: milliseconds with and without, and how many times as long it takes."""

    page: str
    role: str
    what: str
    with_ms: float
    without_ms: float

    @property
    def times(self) -> float:
        return self.with_ms / self.without_ms


@dataclass
class Report:
    cases: int
    database: str
    lines: list[Line] = field(default_factory=list)

    @property
    def times(self) -> float:
        """All pages together."""
        return sum(line.with_ms for line in self.lines) / sum(line.without_ms for line in self.lines)

    def as_dict(self) -> dict[str, Any]:
        return {**asdict(self), "times": self.times}

    def table(self) -> str:
        """For a terminal."""
        rows = [f"{self.cases} cases on {self.database}", f"{'page':30}{'with':>9}{'without':>9}{'times':>7}"]
        for line in self.lines:
            name = " ".join(part for part in (line.page, line.role, line.what) if part)
            rows.append(f"{name:30}{line.with_ms:9.1f}{line.without_ms:9.1f}{line.times:7.2f}")
        return "\n".join([*rows, f"all pages: {self.times:.2f} times (at most {LIMIT})"])


def measure(settings: Settings, cases: int, database_url: str | None, seconds: float, program: str | None) -> Report:
    """Fill and measure. `database_url` names an empty database; SQLite in a folder of its own without it. `program` is
    another role of that server, which signs in as the owner does: the program runs as it, behind row security."""
    folder = Path(tempfile.mkdtemp(prefix="casework-bench-"))
    url = database_url or f"sqlite:///{folder / 'casework.sqlite'}"
    ini = {"casework.development": "true", "casework.data": str(folder), "casework.database_url": url,
           "casework.keys": str(folder / "keys.json"), "casework.etc": str(settings.etc)}
    ring = KeyRing.create(folder / "keys.json")
    engine = make_engine(url)
    visitors: dict[str, InProcess] = {}
    try:
        migrate.upgrade(engine)
        staff, people = bench_people.hire(engine, ring)
        seed(engine, ring, staff, cases, lambda done: None)
        cookies = {role: {"cw": token} for role, token in bench_people.sign_in(engine, ring, people).items()}
        if program:
            ini["casework.database_url"] = _behind_walls(engine, settings, program)
        app = casework.main({}, **ini)
        visitors = {role: InProcess(app, "http://localhost", cookies[role]) for role in cookies}
        with engine.execution_options(**{asking.UNSCOPED: True}).connect() as connection:
            found = [page for page in pages(connection, visitors) if page.wanted == 200]
        report = Report(cases, engine.dialect.name + (" with row security" if program else ""))
        report.lines = [_line(page, visitors[page.role], seconds) for page in found]
        return report
    finally:
        for visitor in visitors.values():
            visitor.close()
        engine.dispose()
        shutil.rmtree(folder, ignore_errors=True)


def _behind_walls(engine: Engine, settings: Settings, program: str) -> str:
    """Put up row security for `program`; the URL by which it connects."""
    roles.grant(engine, program)
    row_walls.apply(engine, load(settings.etc / "matrix.csv"), program)
    return engine.url.set(username=program).render_as_string(hide_password=False)


def _line(page: Page, visitor: InProcess, seconds: float) -> Line:
    known: dict[tuple, Any] = {}
    for _ in range(WARM_UP):
        page.act(visitor)
        with _without(known):
            page.act(visitor)
    guarded, open_ = [], []
    ends = time.perf_counter() + seconds
    while time.perf_counter() < ends or len(open_) < WARM_UP:
        guarded.append(page.act(visitor).seconds)
        with _without(known):
            open_.append(page.act(visitor).seconds)
    return Line(page.name, page.role, page.what, statistics.median(guarded) * 1000, statistics.median(open_) * 1000)


@contextmanager
def _without(known: dict[tuple, Any]) -> Iterator[None]:
    """No row scope, every level of the role at once, no field hidden, nothing to decrypt but what was not `known`."""
    decrypt, unwrap = sealed.open_value, sealed.Vault.fetch

    def open_value(session: Any, record: Any, field_name: str, blob: bytes) -> Any:
        place = (record.__tablename__, record.id, field_name)
        if place not in known:
            known[place] = decrypt(session, record, field_name, blob)
        return known[place]

    def fetch(vault: sealed.Vault, subject_ids: Any) -> None:
        wanted = [one for one in subject_ids if one is not None]
        unwrap(vault, (one for one in wanted if one not in known))
        known.update((one, vault._keys.get(one)) for one in wanted if one not in known)
        vault._keys.update((one, known[one]) for one in wanted)

    patches = [
        (scope, "_models_in", lambda _statement: set()), (access, "terms", _every_level),
        (access, "visible", lambda _model, _identity: true()),
        (access, "_fetching", _open_fetching), (access, "_levels", _open_levels),
        (access.Shown, "shows", lambda _shown, _name: True), (sealed, "open_value", open_value),
        (sealed.Vault, "fetch", fetch),
        (asking, "_wanted", lambda _options, _context: ("", "", "", "on")),
    ]
    with ExitStack() as stack:
        for place, name, instead in patches:
            stack.enter_context(mock.patch.object(place, name, instead))
        yield


def _every_level(model: Any, identity: Any, row: str | None = None) -> list[tuple]:
    return _held(row or rows_of(model.__scope__)[0], identity.role)


@lru_cache
def _held(row: str, role: str) -> list[tuple]:
    """What the role could be given by the row, given."""
    levels = frozenset().union(*(term.levels for term in scope.current_matrix().cell(row, role).terms))
    return [(row, Term(levels, ()), true())]


# The queries that the program keeps are made of the real conditions; these are made where the patches are in place.
_open_fetching, _open_levels = (lru_cache(made.__wrapped__) for made in (access._fetching, access._levels))

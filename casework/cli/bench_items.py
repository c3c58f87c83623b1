"""Whether the pages of exhibits stay as quick when a case has ten or ten thousand of them."""

import shutil
import statistics
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import Engine, select

import casework
from casework.crypto.keyring import KeyRing
from casework.db import migrate
from casework.db.asking import UNSCOPED
from casework.db.base import Base
from casework.db.engine import make_engine
from casework.settings import Settings

from . import bench_people
from .bench_count import InProcess
from .bench_pages import TARGETS, later
from .bench_seed import seed

CASES = 200
TIMES, WARM_UP = 60, 5
FLAT = 1.2  # times the milliseconds of the smallest case, and half a millisecond


@dataclass(frozen=True)
class Line:
    """A page of a case with so many exhibits: statements of the page and of the log after it, milliseconds (median),
    bytes."""

    page: str
    items: int
    statements: int
    log: int
    ms: float
    size: int


@dataclass
class Pages:
    """All lines, the smallest case first for each page."""

    database: str
    lines: list[Line] = field(default_factory=list)

    @property
    def grown(self) -> list[str]:
        """What more exhibits make longer. A list of ten is shorter than a full page, so time is compared from there
        on."""
        found = []
        for page in dict.fromkeys(line.page for line in self.lines):
            lines = [line for line in self.lines if line.page == page]
            if len({line.statements for line in lines}) > 1:
                found.append(f"{page}: more statements")
            full = lines[1:] if len(lines) > 2 else lines
            if full[-1].ms > full[0].ms * FLAT + 0.5:
                found.append(f"{page}: {full[-1].ms / full[0].ms:.1f} times as long")
        return found

    @property
    def ok(self) -> bool:
        """Whether statements keep to their budget and do not grow. Time is told and not judged: it is the machine's."""
        return not any("statements" in one for one in self.grown) and all(
            line.statements <= TARGETS[line.page.split(",")[0]][1] for line in self.lines if line.page != "exhibit")

    def table(self) -> str:
        rows = [f"pages of exhibits on {self.database}, in process:",
                f"  {'page':<22}{'exhibits':>9}{'sql':>5}{'log':>5}{'ms':>8}{'bytes':>9}"]
        rows += [f"  {x.page:<22}{x.items:>9}{x.statements:>5}{x.log:>5}{x.ms:>8.1f}{x.size:>9}" for x in self.lines]
        return "\n".join([*rows, f"  {'; '.join(self.grown) or 'flat'}"])


def pages(settings: Settings, most: int, database_url: str | None) -> Pages:
    """Fill a database with cases of ten, of a thousand and of `most` exhibits; ask for their pages."""
    folder = Path(tempfile.mkdtemp(prefix="casework-bench-"))
    url = database_url or f"sqlite:///{folder / 'casework.sqlite'}"
    sizes = tuple(sorted({min(10, most), min(1_000, most), most}))
    ini = {"casework.development": "true", "casework.data": str(folder), "casework.database_url": url,
           "casework.keys": str(folder / "keys.json"), "casework.etc": str(settings.etc)}
    ring, engine = KeyRing.create(folder / "keys.json"), make_engine(url)
    app = visitor = None
    try:
        migrate.upgrade(engine)
        staff, people = bench_people.hire(engine, ring)
        seed(engine, ring, staff, CASES, lambda done: None, sizes)
        cookies = bench_people.sign_in(engine, ring, people)
        app = casework.main({}, **ini)
        visitor = InProcess(app, "http://localhost", {"cw": cookies["PSU"]})
        return Pages(engine.dialect.name, _lines(engine, visitor, sizes))
    finally:
        if visitor is not None:
            visitor.close()
            app.registry["engine"].dispose()
        engine.dispose()
        shutil.rmtree(folder, ignore_errors=True)


def _lines(engine: Engine, visitor: InProcess, sizes: tuple[int, ...]) -> list[Line]:
    addresses: dict[str, list[str]] = {}
    for size in sizes:
        case, item = _refs(engine, size)
        for name, path in (("evidence list", f"/cases/{case}/evidence"),
                           ("evidence list, page 3", later(visitor, f"/cases/{case}/evidence", 2)),
                           ("exhibit", f"/cases/{case}/evidence/{item}"),
                           ("custody chain", f"/cases/{case}/evidence/{item}/custody")):
            addresses.setdefault(name, []).append(path)
    return [line for name, paths in addresses.items() for line in _timed(visitor, name, paths, sizes)]


def _timed(visitor: InProcess, name: str, paths: list[str], sizes: tuple[int, ...]) -> list[Line]:
    """The same page of each case in turn: what else the machine does falls on all of them."""
    counts = [visitor.count(lambda one, path=path: one.get(path)) for path in paths]
    times: list[list[float]] = [[] for _ in paths]
    for turn in range(TIMES + WARM_UP):
        for place, path in enumerate(paths):
            answer = visitor.get(path)
            if answer.status != 200:
                raise RuntimeError(f"{path} answered {answer.status}")
            if turn >= WARM_UP:
                times[place].append(answer.seconds)
    return [
        Line(name, size, count.page, count.log, statistics.median(taken) * 1000, len(visitor.get(path).body))
        for size, count, taken, path in zip(sizes, counts, times, paths, strict=True)
    ]


def _refs(engine: Engine, size: int) -> tuple[str, str]:
    """References of the case with so many exhibits and of one in its middle that lies in the store."""
    case, item = Base.metadata.tables["case"], Base.metadata.tables["evidence_item"]
    with engine.execution_options(**{UNSCOPED: True}).connect() as connection:
        found = connection.execute(
            select(item.c.case_id).where(item.c.number == size).order_by(item.c.ref.desc())).scalars().all()
        for case_id in found:
            refs = connection.execute(
                select(item.c.ref, item.c.state).where(item.c.case_id == case_id).order_by(item.c.number)).all()
            if len(refs) == size:
                stored = [one.ref for one in refs if one.state == "in_storage"]
                ref = connection.execute(select(case.c.ref).where(case.c.id == case_id)).scalar_one()
                return ref, stored[len(stored) // 2]
    raise RuntimeError(f"no case has {size} exhibits")

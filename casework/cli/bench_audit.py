"""What the log costs: a write with and without it, its tree, its verification, a proof; on a database made for it.

Entries are made in bulk, chained as the program chains them. What counts memory or time is the program's own command in
a process of its own; the cost of a write is taken in this process, with the log's writing switched off for every other
one. That switch is here, not in the program.
"""

import datetime as dt
import json
import os
import random
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

from sqlalchemy import Engine, func, select

import casework
from casework.audit import capture, proof
from casework.audit.models import AuditEntry, LogCheckpoint, LogLeaf
from casework.crypto.keyring import KeyRing
from casework.db import migrate
from casework.db.engine import make_engine
from casework.settings import ROOT, Settings

from . import bench_people
from .bench_count import InProcess
from .bench_log import Log
from .bench_measure import COMMAND
from .bench_pages import pages
from .bench_seed import prepare, seed, write_quickly

CASES = 200  # to write to
WRITES = 200  # with the log, and as many without
CHAIN = 40  # entries of a chain
BATCH = 500  # chains made at once
MANY = 100_000  # entries from which indexes are made afterwards
DAY = 10_000  # entries since the last verification
PROOFS = 200


@dataclass
class Report:
    """What was measured. Targets: log_cost 1.3, sequenced 20,000/s, verified 100,000/s, proof 5 ms, memory 300 MiB.

    `verified` is by the clock, `verified_core` by the processor time that it took.
    """

    entries: int
    database: str
    write_ms: float = 0.0
    write_without_ms: float = 0.0
    log_cost: float = 0.0
    sequenced: float = 0.0
    published: float = 0.0
    verified: float = 0.0
    verified_core: float = 0.0
    verified_day_seconds: float = 0.0
    proof_ms: float = 0.0
    proof_p95_ms: float = 0.0
    memory: dict[str, float] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    def table(self) -> str:
        """For a terminal."""
        return "\n".join([
            f"{self.entries} entries on {self.database}",
            f"a write with the log      {self.write_ms:8.1f} ms, without {self.write_without_ms:.1f} ms: "
            f"{self.log_cost:.2f} times (at most 1.3)",
            f"sequenced and signed      {self.sequenced:8.0f} a second (at least 20000)",
            f"published as tiles        {self.published:8.0f} a second",
            f"verified                  {self.verified:8.0f} a second, {self.verified_core:.0f} a second of one core "
            "(at least 100000)",
            f"since the last time       {self.verified_day_seconds:8.2f} s for {DAY} entries",
            f"proof of one entry        {self.proof_ms:8.2f} ms, p95 {self.proof_p95_ms:.2f} ms (at most 5)",
            "memory in MiB             " + ", ".join(f"{name} {used:.0f}" for name, used in self.memory.items()),
        ])


def measure(settings: Settings, entries: int, database_url: str | None) -> Report:
    """Make a log of `entries`, and measure. `database_url` names an empty database; SQLite in a folder without it."""
    folder = Path(tempfile.mkdtemp(prefix="casework-bench-"))
    url = database_url or f"sqlite:///{folder / 'casework.sqlite'}"
    ini = {"casework.development": "true", "casework.data": str(folder), "casework.database_url": url,
           "casework.keys": str(folder / "keys.json"), "casework.etc": str(settings.etc)}
    ring = KeyRing.create(folder / "keys.json")
    engine = make_engine(url)
    try:
        migrate.upgrade(engine)
        report = Report(entries, engine.dialect.name)
        _measure_writes(report, ini, engine, ring)
        _command(ini, "init")
        _fill(engine, entries)
        _measure_log(report, ini, engine)
        return report
    finally:
        engine.dispose()
        shutil.rmtree(folder, ignore_errors=True)


def _measure_writes(report: Report, ini: dict[str, str], engine: Engine, ring: KeyRing) -> None:
    staff, people = bench_people.hire(engine, ring)
    seed(engine, ring, staff, CASES, lambda done: None)
    app = casework.main({}, **ini)
    cookies = {role: {"cw": token} for role, token in bench_people.sign_in(engine, ring, people).items()}
    visitors = {role: InProcess(app, "http://localhost", cookies[role]) for role in cookies}
    try:
        with engine.connect() as connection:
            found = pages(connection, visitors)
        page = next(page for page in found if page.name == "add evidence")
        visitor = visitors[page.role]
        for _ in range(20):
            page.act(visitor)
        with_log, without = [], []
        for _ in range(WRITES):
            with_log.append(page.act(visitor).seconds)
            with _no_log():
                without.append(page.act(visitor).seconds)
    finally:
        for visitor in visitors.values():
            visitor.close()
        app.registry["engine"].dispose()
    report.write_ms, report.write_without_ms = (statistics.median(t) * 1000 for t in (with_log, without))
    report.log_cost = report.write_ms / report.write_without_ms


@contextmanager
def _no_log() -> Iterator[None]:
    """Changes are neither gathered nor written."""
    nothing: Callable = lambda *args, **kwargs: {}  # noqa: E731
    with mock.patch.object(capture, "write", nothing), mock.patch.object(capture, "_changes", nothing), \
            mock.patch.object(capture, "_given_by_flush", nothing):
        yield


def _fill(engine: Engine, entries: int) -> None:
    """Entries as bulk, until there are `entries`."""
    with engine.connect() as connection:
        there = connection.execute(select(func.count()).select_from(AuditEntry.__table__)).scalar()
    wanted = max(0, entries - there) // CHAIN
    made = (prepare(engine.dialect, rows) for rows in _chains(wanted))
    with _indexes_later(engine) if wanted * CHAIN > MANY else nullcontext():
        write_quickly(engine, made, ("audit_head", "audit_entry"))


@contextmanager
def _indexes_later(engine: Engine) -> Iterator[None]:
    """The indexes of the entries are made when all are there: entries of random records would each touch every part of
    them."""
    indexes = sorted(AuditEntry.__table__.indexes, key=lambda index: index.name)
    for index in indexes:
        index.drop(engine)
    yield
    for index in indexes:
        index.create(engine)


def _chains(count: int) -> Iterator[dict[str, list[dict[str, Any]]]]:
    """Rows of chains, some hundreds at a time, with bodies of the usual size."""
    chance = random.Random()
    for start in range(0, count, BATCH):
        rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for number in range(start, min(start + BATCH, count)):
            case = uuid.UUID(int=chance.getrandbits(128), version=4)
            _chain(rows, case, uuid.UUID(int=number % 500), uuid.UUID(int=number % 20), chance)
        yield rows


def _chain(rows: dict[str, list], case: uuid.UUID, actor: uuid.UUID, agency: uuid.UUID, chance: random.Random) -> None:
    at = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    log = Log(lambda table, **values: rows[table].append(values), case, case, actor, agency, at, chance)
    for entry in range(CHAIN):
        log.entry("update", "case", case, None, {
            "state": ["enquiry", "opened"], "title_sealed": ["A" * 120, "B" * 120], "note": [None, str(entry)],
        })
    log.close()


def _measure_log(report: Report, ini: dict[str, str], engine: Engine) -> None:
    run = _command(ini, "audit", "sequence", "--once")
    report.memory["sequence"] = run.memory
    with engine.connect() as connection:
        size, began, ended = connection.execute(
            select(func.max(LogCheckpoint.size), func.min(LogCheckpoint.at), func.max(LogCheckpoint.at))).one()
    signed = max((ended - began).total_seconds(), 0.001)
    report.sequenced, report.published = size / signed, size / max(run.seconds - signed, 0.001)
    run = _command(ini, "audit", "verify", "--log-only", "--json")
    report.memory["verify"], verified = run.memory, json.loads(run.said)["entries"]
    report.verified, report.verified_core = verified / run.seconds, verified / run.processor
    _measure_proofs(report, engine, size)
    _fill(engine, size + DAY)
    _command(ini, "audit", "sequence", "--once")
    run = _command(ini, "audit", "verify", "--log-only", "--since-last", "--json")
    report.verified_day_seconds, report.memory["verify since"] = run.seconds, run.memory


def _measure_proofs(report: Report, engine: Engine, size: int) -> None:
    """Of entries anywhere in the signed tree: their places have no gaps, their numbers have some on PostgreSQL."""
    times, chance = [], random.Random(2)
    for _ in range(PROOFS):
        with engine.execution_options(sqlite_begin="BEGIN").connect() as connection:
            entry = connection.scalar(select(LogLeaf.entry).where(LogLeaf.place == chance.randrange(size)))
            started = time.perf_counter()
            proof.entry_file(connection, entry)
            times.append((time.perf_counter() - started) * 1000)
    report.proof_ms = statistics.median(times)
    report.proof_p95_ms = statistics.quantiles(times, n=20)[18]


@dataclass(frozen=True)
class Run:
    """Seconds by the clock and of the processor, MiB at most, what it said."""

    seconds: float
    processor: float
    memory: float
    said: str


def _command(ini: dict[str, str], *arguments: str) -> Run:
    """Run the program's command. Its start is not counted."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CASEWORK_")}
    ours = {name.replace(".", "_").upper(): value for name, value in ini.items()}
    environ = {**kept, **ours, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore"}
    idle, started = _took(environ, "audit", "key"), _took(environ, *arguments)
    if started.code not in (0, 3):
        raise RuntimeError(f"casework {' '.join(arguments)} ended with {started.code}: {started.said[-500:]}")
    return Run(max(started.seconds - idle.seconds, 0.001), max(started.processor - idle.processor, 0.001),
               started.memory, started.said)


@dataclass(frozen=True)
class _Took(Run):
    code: int


def _took(environ: dict[str, str], *arguments: str) -> _Took:
    before, started, used = os.times(), time.perf_counter(), 0.0
    process = subprocess.Popen([sys.executable, "-c", COMMAND, *arguments], env=environ, stdout=subprocess.PIPE,
                               stderr=subprocess.DEVNULL)
    while process.poll() is None:
        used = max(used, _most_memory(process.pid))
        time.sleep(0.02)
    after = os.times()
    return _Took(
        time.perf_counter() - started,
        after.children_user + after.children_system - before.children_user - before.children_system,
        used, process.stdout.read().decode(), process.returncode)


def _most_memory(pid: int) -> float:
    """The most that a running process ever held, in MiB. What the system keeps of an ended child counts its parent."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0.0
    found = re.search(r"^VmHWM:\s+(\d+)", status, re.MULTILINE)
    return int(found[1]) / 1024 if found else 0.0


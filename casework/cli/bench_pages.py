"""casework bench pages: fills a database of its own, starts the real server, and measures each page over HTTP."""

import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import zlib
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pyotp
from sqlalchemy import Engine, event, select
from webob import Request

from casework.accounts import service
from casework.accounts.models import Agency
from casework.accounts.passwords import Passwords
from casework.cases.models import Case
from casework.crypto.keyring import KeyRing
from casework.db import migrate
from casework.db.base import now
from casework.db.engine import make_engine
from casework.db.session import work
from casework.settings import Settings

from .bench_browser import Browser, filled, form_of
from .bench_seed import Staff, seed

PASSWORD = "mango leaf paper boat"
USERS = 8
# (page, milliseconds at one user, queries): the targets at 100,000 cases.
TARGETS = {
    "first screen": (12, 10), "case list": (8, 6), "case page": (10, 12), "evidence list": (7, 8),
    "custody chain": (7, 8), "history": (5, 5), "search": (12, 5), "add evidence": (12, 15),
}


@dataclass(frozen=True)
class Line:
    """What was measured of one page: milliseconds, requests a second, queries, bytes plain and compressed."""

    page: str
    role: str
    p50: float
    p95: float
    p50_many: float
    p95_many: float
    rate_one: float
    rate_many: float
    queries: float
    size: int
    compressed: int
    target_ms: float | None
    target_queries: int | None

    @property
    def ok(self) -> bool:
        return (self.target_ms is None or self.p50 <= self.target_ms) and (
            self.target_queries is None or self.queries <= self.target_queries)


@dataclass
class Report:
    """All lines, the memory of the server in MiB, and the seconds the seed took."""

    cases: int
    database: str
    seed_seconds: float
    memory: float = 0.0
    first_visit: int = 0
    lines: list[Line] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return all(line.ok for line in self.lines)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    def table(self) -> str:
        """For a terminal."""
        head = (f"{'page':<28}{'role':<5}{'p50':>7}{'p95':>7}{'p50x8':>8}{'p95x8':>8}{'/s':>7}{'/sx8':>7}"
                f"{'sql':>6}{'bytes':>8}{'gz':>7}  target")
        rows = [
            f"{x.page:<28}{x.role:<5}{x.p50:>7.1f}{x.p95:>7.1f}{x.p50_many:>8.1f}{x.p95_many:>8.1f}{x.rate_one:>7.0f}"
            f"{x.rate_many:>7.0f}{x.queries:>6.0f}{x.size:>8}{x.compressed:>7}  "
            + ("" if x.target_ms is None else f"{x.target_ms} ms, {x.target_queries} sql {'ok' if x.ok else 'MISSED'}")
            for x in self.lines
        ]
        return "\n".join([
            f"{self.cases} cases on {self.database}; seeded in {self.seed_seconds:.0f} s; server memory "
            f"{self.memory:.0f} MiB; first visit of a case page {self.first_visit} bytes compressed",
            head, *rows,
        ])


@dataclass(frozen=True)
class Account:
    """One invented account of the bench."""

    role: str
    login: str
    secret: str


def measure(settings: Settings, cases: int, database_url: str | None = None, seconds: float = 3.0) -> Report:
    """Fill, serve, measure. `database_url` names an empty PostgreSQL database; SQLite in a folder of its own else."""
    folder = Path(tempfile.mkdtemp(prefix="casework-bench-"))
    folder.chmod(0o700)
    url = database_url or f"sqlite:///{folder / 'casework.sqlite'}"
    ring, engine = KeyRing.create(folder / "keys.json"), make_engine(url)
    try:
        migrate.upgrade(engine)
        staff, accounts = _people(engine, ring, settings)
        started = time.perf_counter()
        seed(engine, ring, staff, cases, _progress)
        report = Report(cases, engine.dialect.name, time.perf_counter() - started)
        ini = {"casework.development": "true", "casework.data": str(folder), "casework.database_url": url,
               "casework.keys": str(folder / "keys.json"), "casework.etc": str(settings.etc)}
        with _Server(ini) as server:
            _measure_all(server, ini, engine, accounts, report, seconds)
        return report
    finally:
        engine.dispose()
        shutil.rmtree(folder, ignore_errors=True)


def _progress(done: int) -> None:
    if done % 10_000 == 0:
        print(f"  {done} cases", file=sys.stderr, flush=True)


def _people(engine: Engine, ring: KeyRing, settings: Settings) -> tuple[Staff, dict[str, Account]]:
    """Agencies and accounts; one account of each measured role signs in, at the first agency of its kind."""
    passwords, accounts, users = Passwords(ring, settings.etc, time_cost=1, memory_cost=8), {}, {}
    with work(engine, info={"keyring": ring}) as db:
        def agency(code: str, kind: str) -> Agency:
            made = Agency(code=code, name_en=f"{code} (fictional)", name_km=f"{code} (ប្រឌិត)", type=kind, active=True)
            db.add(made)
            db.flush()
            return made

        def staff(role: str, where: Agency, count: int, chief: bool = False) -> None:
            found = users.setdefault((role, where.id), [])
            for n in range(count):
                login = f"{role.lower()}.{n}.{where.code}@example.org"
                user = service.create_user(db, login=login, name=f"{role} {n} (fictional)")
                service.add_membership(db, user, where, role, at=now(), chief=chief)
                secret = pyotp.random_base32(32)
                user.password_hash, user.password_changed_at = passwords.hash(PASSWORD), now()
                user.totp_secret, user.mfa_enrolled_at, user.pending_link = secret, now(), None
                found.append(user.id)
                accounts.setdefault(role, Account(role, login, secret))

        police = [agency(f"bench.police{n}", "police") for n in range(5)]
        offices = [agency(f"bench.office{n}", "prosecution") for n in range(3)]
        social = [agency(f"bench.social{n}", "social_gov") for n in range(3)]
        hotline = agency("bench.hotline", "hotline")
        for where in police:
            staff("PSU", where, 1)
            staff("INV", where, 20)
        for where in offices:
            staff("PRO", where, 5)
        for where in social:
            staff("SWS", where, 1)
        staff("HOT", hotline, 2)
        staff("AUD", agency("bench.audit", "coordination"), 1)
        made = Staff([a.id for a in police], [a.id for a in offices], [a.id for a in social], hotline.id, users)
    return made, accounts


class _Server:
    """`casework serve` in a process of its own on a free port."""

    def __init__(self, ini: dict[str, str]):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.base = f"http://127.0.0.1:{self.port}"
        names = {name.removeprefix("casework."): value for name, value in ini.items()}
        self.environ = {**os.environ, **{f"CASEWORK_{name.upper()}": value for name, value in names.items()},
                        "CASEWORK_BASE_URL": self.base}

    def __enter__(self) -> "_Server":
        command = [sys.executable, "-W", "ignore", "-m", "casework.cli", "serve", "--port", str(self.port)]
        self.process = subprocess.Popen(command, env=self.environ, stdout=subprocess.DEVNULL)
        for _ in range(300):
            try:
                Browser(self.base).get("/sign-in")
                return self
            except OSError:
                time.sleep(0.1)
        raise RuntimeError("the server did not start")

    def __exit__(self, *problem) -> None:
        self.process.terminate()
        self.process.wait(20)

    def memory(self) -> float:
        """Resident memory of the server and its children, in MiB."""
        total = 0
        for status in Path("/proc").glob("[0-9]*/status"):
            try:
                text = status.read_text()
            except OSError:
                continue
            ids = dict(re.findall(r"^(Pid|PPid|VmRSS):\s+(\d+)", text, re.MULTILINE))
            if str(self.process.pid) in (ids.get("Pid"), ids.get("PPid")):
                total += int(ids.get("VmRSS", 0))
        return total / 1024


def _measure_all(server: _Server, ini, engine, accounts, report: Report, seconds: float) -> None:
    browsers = {}
    for role, account in accounts.items():
        browsers[role] = Browser(server.base)
        browsers[role].sign_in(account.login, PASSWORD, account.secret)
    counter = _Counter(ini, server.base)
    psu = browsers["PSU"]
    listed = psu.get("/cases?state=enquiry").text
    case = re.search(r'href="(/cases/C\d\d-\d{6}-\w)"', listed)[1]
    evidence = re.search(r'href="([^"]*/evidence/E\d\d-\d{6}-\w)"', psu.get(f"{case}/evidence").text)[1]
    later = re.search(r'rel="next" href="([^"]+)"', listed)
    pages = [("first screen", role, "/") for role in ("HOT", "INV", "PSU", "PRO", "SWS", "AUD")] + [
        ("case list", "PSU", "/cases?state=enquiry"), ("case list", "INV", "/cases"),
        *([("case list", "PSU", later[1].replace("&amp;", "&"))] if later else []),
        ("case page", "PSU", case), ("evidence list", "PSU", f"{case}/evidence"),
        ("custody chain", "PSU", evidence), ("history", "PSU", f"{case}/history"),
        ("search", "PSU", "/search?q=telephone+bridge"), ("search", "PSU", "/search?q=%E1%9E%91%E1%9E%BC%E1%9E%9A"),
        ("search", "INV", "/search?q=" + case.rsplit("/", 1)[1]),
    ]
    for page, role, path in pages:
        report.lines.append(_line(page, role, browsers[role], lambda b, p=path: b.get(p), counter.get(browsers[role],
                                  path), seconds))
    with work(engine, readonly=True) as db:
        own = _own_case(db, accounts["INV"], engine)
    if own:
        path = f"/cases/{own}/evidence/new"
        report.lines.append(_line(
            "add evidence", "INV", browsers["INV"], lambda b: _add_evidence(b, path),
            counter.count(lambda send: _add_evidence_in_process(send, browsers["INV"], path)), seconds))
    report.memory = server.memory()
    report.first_visit = _first_visit(psu, case)


def _own_case(db, account: Account, engine: Engine) -> str | None:
    """An open case whose lead is this investigator."""
    users, case = Case.metadata.tables["user_account"], Case.__table__
    query = (
        select(case.c.ref).join(users, users.c.id == case.c.lead_officer_id)
        .where(users.c.login == account.login, case.c.state == "enquiry").limit(1)
    )
    return db.connection().execute(query).scalar()


_serial = iter(range(1, 10**9))


def _evidence_values() -> dict[str, str]:
    return {
        "kind": "physical", "description": "Telephone, black, screen cracked", "authority_type": "warrant",
        "restricted_material": "no", "place": "Office", "province": "12", "authority_document": "W-1",
    }


def _add_evidence(browser: Browser, path: str):
    page = browser.get(path)
    _action, fields = form_of(page.text, path)
    answer = browser.post(path, filled(fields, _evidence_values()))
    if answer.status != 303:
        raise RuntimeError(f"add evidence answered {answer.status}")
    return answer


def _add_evidence_in_process(send: Callable, browser: Browser, path: str) -> None:
    page = send("GET", browser, path, None)
    _action, fields = form_of(page.text, path)
    send("POST", browser, path, filled(fields, _evidence_values()))


class _Counter:
    """Counts statements of a request, in this process, on the same database and with the same cookies."""

    def __init__(self, ini: dict[str, str], base: str):
        import casework

        self.app = casework.main({}, **{**ini, "casework.base_url": base})
        self.base, self.number = base, 0
        event.listen(self.app.registry["engine"], "after_cursor_execute", self._one)

    def _one(self, *_args) -> None:
        self.number += 1

    def send(self, method: str, browser: Browser, path: str, fields):
        request = Request.blank(path, base_url=self.base, method=method, POST=fields)
        request.headers["Cookie"] = "; ".join(f"{k}={v}" for k, v in browser.cookies.items())
        if fields is not None:
            request.headers["Origin"] = self.base
        self.number = 0
        return request.get_response(self.app)

    def get(self, browser: Browser, path: str) -> int:
        self.send("GET", browser, path, None)
        self.send("GET", browser, path, None)
        return self.number

    def count(self, act: Callable) -> int:
        act(self.send)
        return self.number


def _line(page: str, role: str, browser: Browser, act: Callable, queries: int, seconds: float) -> Line:
    for _ in range(5):
        act(browser)
    one = _times(act, [browser], seconds)
    many = _times(act, [Browser(browser.base, dict(browser.cookies)) for _ in range(USERS)], seconds)
    sample = act(browser)
    target = TARGETS.get(page, (None, None))
    return Line(
        page, role, *(_ms(one[0], q) for q in (0.5, 0.95)), *(_ms(many[0], q) for q in (0.5, 0.95)), one[1], many[1],
        queries, len(sample.body), len(zlib.compress(sample.body, 6)), *target,
    )


def _times(act: Callable, browsers: list[Browser], seconds: float) -> tuple[list[float], float]:
    """Seconds of each request while all browsers ask again and again, and requests a second."""
    found: list[float] = []
    end = time.perf_counter() + seconds

    def run(browser: Browser) -> None:
        while time.perf_counter() < end:
            answer = act(browser)
            if answer.status >= 400:
                raise RuntimeError(f"the page answered {answer.status}")
            found.append(answer.seconds)

    threads = [threading.Thread(target=run, args=(browser,)) for browser in browsers]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found, len(found) / (time.perf_counter() - started)


def _ms(times: list[float], quantile: float) -> float:
    return statistics.quantiles(times, n=100, method="inclusive")[int(quantile * 100) - 1] * 1000 if times[1:] else 0.0


def _first_visit(browser: Browser, path: str) -> int:
    """Compressed bytes of a page with everything it loads, as a browser with an empty cache gets it."""
    page = browser.get(path)
    total = len(zlib.compress(page.body, 6))
    seen: set[str] = set()
    waiting = re.findall(r'(?:href|src)="(/static/[^"]+)"', page.text)
    while waiting:
        address = waiting.pop()
        if address in seen:
            continue
        seen.add(address)
        answer = browser.get(address)
        total += len(answer.body) if address.endswith("woff2") else len(zlib.compress(answer.body, 6))
        if not address.endswith("woff2"):
            folder = address.rsplit("/", 1)[0]
            for name in re.findall(r'(?:url\(["\']?|from\s*["\']|import\s*["\'])\.?/?([\w./-]+\.(?:woff2|js))', answer.text):
                waiting.append(f"{folder}/{name}")
    return total

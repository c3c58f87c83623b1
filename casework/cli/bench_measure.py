"""Fills a database of its own, starts the real server on it, and measures each page over HTTP."""

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
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import casework
from casework.crypto.keyring import KeyRing
from casework.db import migrate
from casework.db.engine import make_engine
from casework.settings import ROOT, Settings

from . import bench_people
from .bench_browser import Browser
from .bench_count import Count, InProcess
from .bench_pages import Act, Page, case_path, pages
from .bench_report import Line, Report
from .bench_seed import seed

USERS = 8
WARM_UP = 10
COMMAND = "import sys; from casework.cli import main; sys.exit(main())"
_ASSET = re.compile(r"""(?:url\(["']?|from\s*["']|import\s*["'])\.?/?([\w./-]+\.(?:woff2|js))""")


def measure(settings: Settings, cases: int, database_url: str | None, seconds: float) -> Report:
    """Fill, serve, measure. `database_url` names an empty database; SQLite in a folder of its own without it."""
    folder = Path(tempfile.mkdtemp(prefix="casework-bench-"))
    url = database_url or f"sqlite:///{folder / 'casework.sqlite'}"
    ini = {"casework.development": "true", "casework.data": str(folder), "casework.database_url": url,
           "casework.keys": str(folder / "keys.json"), "casework.etc": str(settings.etc),
           # A log that came in bulk would be placed in its tree while the pages are measured.
           "casework.sequencer": "false"}
    ring = KeyRing.create(folder / "keys.json")
    app = casework.main({}, **ini)
    engine = make_engine(app.registry["settings"].database_url)
    try:
        migrate.upgrade(engine)
        staff, people = bench_people.hire(engine, ring)
        started = time.perf_counter()
        seed(engine, ring, staff, cases, _progress)
        report = Report(cases, engine.dialect.name, time.perf_counter() - started)
        cookies = {role: {"cw": token} for role, token in bench_people.sign_in(engine, ring, people).items()}
        counts, found, case = _count(app, engine, cookies)
        with serving(ini, folder / "server.log") as (process, base):
            for page, count in zip(found, counts, strict=True):
                report.lines.append(_line(page, Browser(base, cookies[page.role]), count, seconds))
            report.memory = memory_of(process.pid)
            browser = Browser(base, cookies["PSU"])
            report.later_visit, report.first_visit, report.scripts = _weigh(browser, case)
        return report
    finally:
        engine.dispose()
        app.registry["engine"].dispose()
        shutil.rmtree(folder, ignore_errors=True)


def _progress(done: int) -> None:
    if done % 10_000 == 0:
        print(f"  {done} cases", file=sys.stderr, flush=True)


def _count(app, engine, cookies) -> tuple[list[Count], list[Page], str]:
    """The statements of each page, the pages themselves, and the path of the case page."""
    visitors = {role: InProcess(app, "http://localhost", cookies[role]) for role in cookies}
    try:
        with engine.connect() as connection:
            found = pages(connection, visitors)
        return [visitors[page.role].count(page.act) for page in found], found, case_path(found, visitors["PSU"])
    finally:
        for visitor in visitors.values():
            visitor.close()


@contextmanager
def serving(ini: dict[str, str], log: Path) -> Iterator[tuple[subprocess.Popen, str]]:
    """`casework serve` in processes of its own on a free port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    base = f"http://127.0.0.1:{port}"
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CASEWORK_")}
    ours = {name.replace(".", "_").upper(): value for name, value in ini.items()}
    environ = {**kept, **ours, "CASEWORK_BASE_URL": base, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore"}
    with log.open("w") as file:
        process = subprocess.Popen(
            [sys.executable, "-c", COMMAND, "serve", "--port", str(port)], env=environ, stdout=file, stderr=file,
        )
    try:
        _wait_for(process, base, log)
        yield process, base
    finally:
        process.terminate()
        process.wait(20)


def _wait_for(process: subprocess.Popen, base: str, log: Path) -> None:
    for _ in range(600):
        if process.poll() is not None:
            break
        try:
            with closing(Browser(base)) as browser:
                browser.get("/sign-in")
            return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"the server did not start: {log.read_text()[-2000:]}")


def memory_of(pid: int) -> float:
    """Memory of a process and its children in MiB, what they share counted once."""
    total, parents = 0.0, {}
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            text = status.read_text()
        except OSError:
            continue
        parents[int(status.parent.name)] = int(re.search(r"^PPid:\s+(\d+)", text, re.MULTILINE)[1])
    for child in [pid, *(child for child, parent in parents.items() if parent == pid)]:
        rollup = Path(f"/proc/{child}/smaps_rollup").read_text()
        total += int(re.search(r"^Pss:\s+(\d+)", rollup, re.MULTILINE)[1])
    return total / 1024


def _line(page: Page, browser: Browser, count: Count, seconds: float) -> Line:
    for _ in range(WARM_UP):
        page.act(browser)
    one = _times(page, [browser], seconds)
    many = _times(page, [browser.another() for _ in range(USERS)], seconds)
    sample = page.act(browser)
    return Line(
        page.name, page.role, page.what, *(_ms(one[0], q) for q in (50, 95)), *(_ms(many[0], q) for q in (50, 95)),
        one[1], many[1], count.page, count.log, len(sample.body), len(zlib.compress(sample.body, 6)),
    )


def _times(page: Page, browsers: list[Browser], seconds: float) -> tuple[list[float], float]:
    """Seconds of each request while all browsers ask again and again, and how many were answered a second."""
    found: list[float] = []
    wrong: list[str] = []
    started = time.perf_counter()

    def run(browser: Browser, act: Act) -> None:
        while time.perf_counter() < started + seconds and not wrong:
            answer = act(browser)
            if answer.status != page.wanted:
                wrong.append(f"{page.name} as {page.role} answered {answer.status}")
            found.append(answer.seconds)

    threads = [threading.Thread(target=run, args=(browser, page.act)) for browser in browsers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if wrong:
        raise RuntimeError(wrong[0])
    return found, len(found) / (time.perf_counter() - started)


def _ms(times: list[float], percent: int) -> float:
    if len(times) < 2:
        return sum(times) * 1000
    return statistics.quantiles(times, n=100, method="inclusive")[percent - 1] * 1000


def _weigh(browser: Browser, path: str) -> tuple[int, int, int]:
    """Compressed bytes of a page alone, with everything it loads, and of its scripts."""
    page = browser.get(path)
    alone = total = len(zlib.compress(page.body, 6))
    scripts, seen = 0, set()
    waiting = re.findall(r'(?:href|src)="(/static/[^"]+)"', page.text)
    while waiting:
        address = waiting.pop()
        if address in seen:
            continue
        seen.add(address)
        answer = browser.get(address)
        size = len(answer.body) if address.endswith("woff2") else len(zlib.compress(answer.body, 6))
        total += size
        if address.endswith(".js"):
            scripts += size
        if not address.endswith("woff2"):
            folder = address.rsplit("/", 1)[0]
            waiting += [f"{folder}/{name}" for name in _ASSET.findall(answer.text)]
    return alone, total, scripts

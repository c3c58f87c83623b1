"""What documents cost: one of any size through the real server, its memory meanwhile; and encryption beside the same
library called bare."""

import base64
import hashlib
import http.client
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

import casework
from casework.crypto.keyring import KeyRing
from casework.db import migrate
from casework.db.engine import make_engine
from casework.files import cipher
from casework.files.folder import Folder
from casework.files.incoming import Incoming
from casework.files.reader import Reader
from casework.files.store import hash_of
from casework.settings import ROOT, Settings
from casework.web.uploads import PIECE_LIMIT, PIECE_TYPE

from . import bench_people
from .bench_browser import Browser
from .bench_hashes import MIB, memory, seconds
from .bench_measure import serving
from .bench_seed import seed

CASES = 100
BARE = 256  # MiB
SHARE = 0.6
MOST_MEMORY = 250e6 / MIB  # 250 MB
HOURS = 3 * 3600  # that the last piece may take
# A command that says last how much memory it had at most; what wait(2) tells counts its parent's too.
MEASURED = """
import re, sys
from casework.cli import main
code = main()
print(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1], file=sys.stderr)
sys.exit(code)
"""
WATCH = 1.0  # seconds between looks at the server's memory, which hold it up
_MEMORY = re.compile(r"^(Pss|Pss_Anon|Pss_Shmem):\s+(\d+)", re.MULTILINE)


@dataclass
class Upload:
    """One document through the server. MiB and MiB a second; `last` is the seconds of the last piece, in which all of
    it is looked through, stored and read back.

    Memory of all server processes, shared pages counted once: before, at most, and at most without the pages of files;
    and the most that each process ever had (VmHWM, which counts what it shares in full). Memory of the commands
    `casework hash` and `casework files verify`, which read the stored document.
    """

    mib: int
    sent: float = 0.0
    last: float = 0.0
    down: float = 0.0
    same: bool = False
    idle: float = 0.0
    most: float = 0.0
    most_own: float = 0.0
    processes: list[float] = field(default_factory=list)
    hashed: float = 0.0
    hash_memory: float = 0.0
    verified: float = 0.0
    verify_memory: float = 0.0

    @property
    def ok(self) -> bool:
        """Whether the same bytes came back, in as much memory as is allowed."""
        return self.same and max(self.most, self.hash_memory, self.verify_memory) <= MOST_MEMORY

    def table(self) -> str:
        peaks = ", ".join(f"{one:.0f}" for one in self.processes)
        return "\n".join((
            f"{self.mib} MiB through the server, in pieces of {PIECE_LIMIT // MIB} MiB:",
            f"  up      {self.sent:8.1f} MiB/s; then the last piece, with all that is looked at, {self.last:.1f} s",
            f"  down    {self.down:8.1f} MiB/s, {'the same bytes' if self.same else 'OTHER BYTES'}",
            f"  memory  {self.most:8.1f} MiB at most (without pages of files {self.most_own:.1f}), {self.idle:.1f} "
            f"before; each process at most {peaks} (target {MOST_MEMORY:.0f})",
            f"  hash    {self.hashed:8.1f} MiB/s by casework hash, in {self.hash_memory:.0f} MiB of memory",
            f"  verify  {self.verified:8.1f} MiB/s by casework files verify, in {self.verify_memory:.0f} MiB of memory",
        ))


def upload(settings: Settings, mib: int) -> Upload:
    """Fill a small installation of its own, send a document of `mib` MiB, fetch it, have it hashed and verified."""
    folder = Path(tempfile.mkdtemp(prefix="casework-bench-"))
    ini = {"casework.development": "true", "casework.data": str(folder), "casework.keys": str(folder / "keys.json"),
           "casework.database_url": f"sqlite:///{folder / 'casework.sqlite'}", "casework.etc": str(settings.etc),
           "casework.sequencer": "false", "casework.file_limit": str(mib + 1), "casework.workers": "1"}
    report = Upload(mib)
    try:
        ring = KeyRing.create(folder / "keys.json")
        app = casework.main({}, **ini)
        engine = make_engine(app.registry["settings"].database_url)
        migrate.upgrade(engine)
        staff, people = bench_people.hire(engine, ring)
        seed(engine, ring, staff, CASES, lambda _done: None)
        cookies = {"cw": bench_people.sign_in(engine, ring, people)["INV"]}
        engine.dispose()
        app.registry["engine"].dispose()
        ref = through_the_server(report, ini, cookies, folder / "server.log")
        _read_again(report, ini, folder, ref)
        return report
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def through_the_server(report: Upload, ini: dict[str, str], cookies: dict[str, str], log: Path) -> str:
    """Start the server on an installation, send a document to the first case that is listed, and fetch it; its
    reference."""
    with serving(ini, log) as (process, base), _watching(process.pid, report):
        parts = urlsplit(base)
        connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=HOURS)
        with closing(Browser(base, cookies)) as browser, closing(connection):
            return _there_and_back(report, browser, connection)


def _pieces(mib: int) -> Iterator[bytes]:
    """Lines of a list of sign-ins, in another order in each piece."""
    chance, left = random.Random(3), mib * MIB
    line = b"%015d,192.0.2.%d,2026-03-02T09:00:00Z,login\n"
    pool = [b"".join(line % (chance.getrandbits(49), chance.getrandbits(7)) for _ in range(350)) for _ in range(1100)]
    while left > 0:
        size = min(left, PIECE_LIMIT)
        yield b"".join(chance.sample(pool, len(pool)))[:size]
        left -= size


@contextmanager
def _watching(pid: int, report: Upload) -> Iterator[None]:
    """The most memory of a process and its children while the block runs."""
    done, pids = threading.Event(), [pid, *_children(pid)]
    report.idle = _used(pids)[0]

    def look() -> None:
        while not done.wait(WATCH):
            used, own = _used(pids)
            report.most, report.most_own = max(report.most, used), max(report.most_own, own)

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield
        report.processes = [memory("VmHWM", one) for one in pids]
    finally:
        done.set()
        thread.join()


def _children(pid: int) -> list[int]:
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return [int(child) for task in tasks for child in (task / "children").read_text().split()]


def _used(pids: list[int]) -> tuple[float, float]:
    """MiB of some processes, what they share counted once: all, and without the pages of files."""
    found = [dict(_MEMORY.findall(Path(f"/proc/{pid}/smaps_rollup").read_text())) for pid in pids]
    own = sum(int(one["Pss_Anon"]) + int(one["Pss_Shmem"]) for one in found)
    return sum(int(one["Pss"]) for one in found) / 1024, own / 1024


def _there_and_back(report: Upload, browser: Browser, connection: http.client.HTTPConnection) -> str:
    """Send and fetch; the document's reference. Only the requests are timed, not what this process does between."""
    case = re.search(r"/cases/(C[0-9]{2}-[0-9]{6}-[A-Z])", browser.get("/cases").text)[1]
    token = re.search(r'name="csrf_token" value="([^"]+)"', browser.get(f"/cases/{case}/files/new").text)[1]
    headers = {"Cookie": "; ".join(f"{k}={v}" for k, v in browser.cookies.items()), "Tus-Resumable": "1.0.0",
               "X-CSRF-Token": token, "Sec-Fetch-Site": "same-origin"}
    facts = {"owner": case, "title": "List (invented)", "category": "provider_data", "declaration": "true",
             "filename": "list.csv"}
    metadata = ",".join(f"{k} {base64.b64encode(v.encode()).decode()}" for k, v in facts.items())
    answer = _ask(connection, "POST", "/uploads", b"", {
        **headers, "Upload-Length": str(report.mib * MIB), "Upload-Metadata": metadata})
    path, sent, spent, digest = answer["location"], 0, 0.0, hashlib.sha256()
    for piece in _pieces(report.mib):
        digest.update(piece)
        begun = time.perf_counter()
        answer = _ask(connection, "PATCH", path, piece, {
            **headers, "Upload-Offset": str(sent), "Content-Type": PIECE_TYPE})
        report.last = time.perf_counter() - begun
        sent, spent, length = sent + len(piece), spent + report.last, len(piece)
    before_last = sent - length
    report.sent = before_last / MIB / (spent - report.last) if before_last else 0.0
    started, got = time.perf_counter(), hashlib.sha256()
    connection.request("GET", f"/files/{answer['casework-file']}/download", headers=headers)
    response = connection.getresponse()
    while part := response.read(MIB):
        got.update(part)
    report.down = report.mib / (time.perf_counter() - started)
    report.same = got.digest() == digest.digest()
    return answer["casework-file"]


def _ask(connection, method: str, path: str, body: bytes, headers: dict[str, str]) -> dict[str, str]:
    connection.request(method, path, body, headers)
    response = connection.getresponse()
    words = response.read()
    if response.status not in (201, 204):
        raise RuntimeError(f"{method} {path}: {response.status} {words[:200]!r}")
    return {name.lower(): value for name, value in response.getheaders()}


def _read_again(report: Upload, ini: dict[str, str], folder: Path, ref: str) -> None:
    """Have the commands read what is stored: its hash, which is its address, and the whole document."""
    stored = next(path for path in (folder / "files" / "objects").rglob("*") if path.is_file())
    taken, report.hash_memory, said = _command(ini, "hash", "--quiet", str(stored))
    report.same &= f"SHA256 ({stored}) = {stored.name}" in said
    report.hashed = report.mib / taken
    taken, report.verify_memory, _said = _command(ini, "files", "verify", ref)
    report.verified = report.mib / taken


def _command(ini: dict[str, str], *words: str) -> tuple[float, float, str]:
    """Run a command in a process of its own: seconds, MiB at most, what it said."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CASEWORK_")}
    ours = {name.replace(".", "_").upper(): value for name, value in ini.items()}
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, *words], check=True, capture_output=True, text=True,
        env={**kept, **ours, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore"})
    return time.perf_counter() - started, int(done.stderr.split()[-1]) / 1024, done.stdout


@dataclass
class Encryption:
    """MiB a second to and from the disk: this program, and the same library with nothing around it."""

    mib: int
    write: float
    bare_write: float
    read: float
    bare_read: float

    def table(self) -> str:
        return "\n".join((
            f"encryption of {self.mib} MiB to and from the disk (target {SHARE:.0%} of the library called bare):",
            f"  write   {self.write:8.1f} MiB/s, bare {self.bare_write:.1f}: {self.write / self.bare_write:.0%}",
            f"  read    {self.read:8.1f} MiB/s, bare {self.bare_read:.1f}: {self.read / self.bare_read:.0%}",
        ))


def encryption(folder: Path) -> Encryption:
    """The same bytes through the program's own classes and through the library, in turn; the best of three each."""
    piece, aead, key = os.urandom(cipher.PLAIN), AESGCM(cipher.new_key()), cipher.new_key()
    plain, nonces = folder / "bare", [n.to_bytes(12, "big") for n in range(BARE)]

    def write_bare() -> None:
        with plain.open("wb") as file:
            for nonce in nonces:
                file.write(aead.encrypt(nonce, piece, None))
            os.fsync(file.fileno())

    def read_bare() -> None:
        with plain.open("rb") as file:
            # The program's own files were read back from the disk, not from memory.
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
            for nonce in nonces:
                aead.decrypt(nonce, file.read(cipher.SEGMENT), None)

    incoming, store = Incoming(folder / "in", 0), Folder(folder / "objects")
    made: dict = {}

    def write() -> None:
        one = uuid.uuid4()
        incoming.create(one)
        with incoming.open(one, key, b"bench") as part:
            for _number in range(BARE):
                part.append(piece)
            part.finish()
            made.update(stored=part.stored, path=part.path)

    def read() -> None:
        for _piece in Reader(lambda *at: store.read(made["address"], *at), made["stored"], key, b"bench").whole():
            pass

    times: dict[str, list[float]] = {"write": [], "bare_write": [], "read": [], "bare_read": []}
    for _ in range(3):
        times["bare_write"].append(seconds(write_bare))
        times["write"].append(seconds(write))
        made["address"] = hash_of(made["path"])
        store.put(made["address"], made["path"])
        times["bare_read"].append(seconds(read_bare))
        times["read"].append(seconds(read))
        store.delete(made["address"])
        made["path"].unlink()
    return Encryption(BARE, **{name: BARE / min(taken) for name, taken in times.items()})

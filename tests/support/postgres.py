"""One throw-away PostgreSQL for a whole test run, shared by its processes, reached by a socket only.

Made as the page on Khmer asks: ICU locale km for order, C.UTF-8 for the characters, so that trigrams of Khmer exist.
"""

import contextlib
import fcntl
import os
import pwd
import shutil
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path

import psycopg
from psycopg import sql

OWNER, ROLE, SEQUENCER = "casework_owner", "casework", "casework_log"
TEMPLATE = "casework_template"
LOCALE = sql.SQL("TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'km' LOCALE 'C.UTF-8' ENCODING 'UTF8'")
# Nothing here survives the run, so nothing needs to reach the disk.
OPTIONS = {
    "fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "wal_level": "minimal",
    "max_wal_senders": "0", "autovacuum": "off", "shared_buffers": "64MB", "max_connections": "60",
    "listen_addresses": "''", "logging_collector": "off", "jit": "off",
}


def programs() -> Path | None:
    """The folder with initdb and postgres, the newest version found, or None."""
    on_path = shutil.which("initdb")
    if on_path and shutil.which("postgres"):
        return Path(on_path).parent
    found = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    return max((p.parent for p in found), key=lambda p: float(p.parent.name), default=None)


class Cluster:
    """The server of this test run. `folder` is the same for all its processes."""

    def __init__(self, folder: Path):
        self.folder = folder

    def url(self, database: str, role: str = ROLE) -> str:
        """SQLAlchemy URL of a database here."""
        return f"postgresql+psycopg://{role}@/{database}?host={self.folder}"

    def start(self) -> None:
        """Start the server unless a process of this run has done so."""
        with _locked(self.folder.with_suffix(".starting")):
            if (self.folder / "data" / "postmaster.pid").exists():
                return
            account = _account()
            self.folder.mkdir(mode=0o700)
            if account:
                shutil.chown(self.folder, account)
            self._control("initdb", "-o", "--no-sync -A trust -U postgres -E UTF8 --locale=C.UTF-8")
            options = " ".join(f"-c {name}={value}" for name, value in OPTIONS.items())
            self._control("start", "-w", "-l", self.folder / "log", "-o", f"-k {self.folder} {options}")
            with self.admin() as connection:
                for role in (OWNER, ROLE, SEQUENCER):
                    connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(role)))

    def _control(self, *arguments: str | Path) -> None:
        account = _account()
        subprocess.run(
            [programs() / "pg_ctl", "-s", "-D", self.folder / "data", *arguments],
            check=True, stdin=subprocess.DEVNULL, cwd="/", **({"user": account} if account else {}),
        )

    def admin(self, database: str = "postgres") -> psycopg.Connection:
        """A superuser's connection, for what the tests do around the program."""
        return psycopg.connect(host=str(self.folder), user="postgres", dbname=database, autocommit=True)

    def create(self, name: str, template: str | None = None) -> None:
        """A database of the owner's role: empty, or as `template` is."""
        how = sql.SQL("TEMPLATE {} STRATEGY file_copy").format(sql.Identifier(template)) if template else LOCALE
        with self.admin() as connection:
            connection.execute(
                sql.SQL("CREATE DATABASE {} OWNER {} {}").format(sql.Identifier(name), sql.Identifier(OWNER), how)
            )

    @contextlib.contextmanager
    def database(self, template: str | None = None) -> Iterator[str]:
        """A new database that is dropped afterwards: its URL as its owner, or as the program when it has tables."""
        name = f"t_{uuid.uuid4().hex[:12]}"
        self.create(name, template)
        try:
            yield self.url(name, ROLE if template else OWNER)
        finally:
            with self.admin() as connection:
                connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    def stop(self) -> None:
        """End the server, if this run had one, and remove it."""
        if (self.folder / "data" / "postmaster.pid").exists():
            self._control("stop", "-m", "immediate")
        shutil.rmtree(self.folder, ignore_errors=True)


def _account() -> str | None:
    """PostgreSQL refuses to run as root: then as its own account."""
    if os.geteuid() != 0:
        return None
    return pwd.getpwnam("postgres").pw_name


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    with open(path, "w", encoding="ascii") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield

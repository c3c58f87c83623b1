"""Settings: read once, from an ini file's [app:main] and the environment, which wins.

Each field has one name: `database_url` here, `casework.database_url` in the ini, `CASEWORK_DATABASE_URL` in the
environment. A name that does not exist stops the start, so that a slip of the pen cannot switch a safeguard off.
"""

import dataclasses
import ipaddress
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

ROOT = Path(__file__).resolve().parents[1]
INSTANCE = "instance"
# Not settings of the program: which ini to read, and what the tests and perf/ tell themselves.
NOT_SETTINGS = ("CASEWORK_INI", "CASEWORK_ALLOW_MISSING", "CASEWORK_TEST_", "CASEWORK_SERVERS_")
WEAK_PASSWORDS = frozenset({"", "admin", "casework", "changeme", "change-me", "password", "postgres", "secret"})


class SettingsError(Exception):
    """One line that says which setting is wrong and what to do; commands print it and exit with 2."""


@dataclass(frozen=True)
class Settings:
    """How this installation runs.

    development      relaxes what only matters on one's own machine: plain http, default places, demo data
    data             folder of everything casework writes (mode 0700)
    database_url     SQLAlchemy URL; its errors and `repr` never show it
    keys             the key file (casework.crypto.keyring)
    etc              folder of matrix, code lists, deadline rules, offences
    base_url         what people type into the browser, without a final slash
    trusted_proxy    addresses or networks, with commas, whose X-Forwarded-* headers are believed; "" for none
    workers          server processes: one for each processor, at most two unless more are asked for
    threads          threads of each process
    break_glass_hours  how long an emergency access lasts
    """

    data: Path
    database_url: str = field(repr=False)
    keys: Path
    etc: Path
    base_url: str
    development: bool = False
    trusted_proxy: str = ""
    workers: int = min(2, os.cpu_count() or 1)
    threads: int = 8
    break_glass_hours: int = 4

    @property
    def sqlite(self) -> bool:
        """Whether the records are in one SQLite file."""
        return make_url(self.database_url).get_backend_name() == "sqlite"

    @property
    def secure(self) -> bool:
        """Whether people reach this installation by https, so that cookies may say Secure."""
        return self.base_url.startswith("https://")

    @property
    def host(self) -> str:
        """The one host name this installation answers to."""
        return urlsplit(self.base_url).hostname or ""

    @classmethod
    def from_ini(
        cls, ini: Mapping[str, str], environ: Mapping[str, str] = os.environ, *, setup: bool = False
    ) -> "Settings":
        """Settings from the `casework.*` entries of `ini` and the `CASEWORK_*` entries of `environ`.

        `setup` is for `casework init`, which is about to make the key file: that it is missing is then no error.
        Raises SettingsError.
        """
        given = _given(ini, environ)
        settings = _build(cls, given, environ)
        _check_key_file(settings, setup)
        if not settings.development:
            _check_production(settings, ini, environ)
        return settings


def _given(ini: Mapping[str, str], environ: Mapping[str, str]) -> dict[str, str]:
    known = {f.name for f in dataclasses.fields(Settings)}
    given = {}
    for name, value in ini.items():
        if name.startswith("casework."):
            given[name.removeprefix("casework.")] = value
    for name, value in environ.items():
        if name.startswith("CASEWORK_") and not name.startswith(NOT_SETTINGS):
            given[name.removeprefix("CASEWORK_").lower()] = value
    unknown = sorted(set(given) - known)
    if unknown:
        raise SettingsError(f"there is no setting {unknown[0]}; the settings are {', '.join(sorted(known))}")
    return {name: value.strip() for name, value in given.items()}


def _build(cls: type[Settings], given: dict[str, str], environ: Mapping[str, str]) -> Settings:
    development = _boolean("development", given.get("development", "false"))
    values: dict = {"development": development}
    for name in ("workers", "threads", "break_glass_hours"):
        if name in given:
            values[name] = _positive(name, given[name])
    if not development:
        for name in ("data", "database_url", "keys", "base_url"):
            if not given.get(name):
                raise SettingsError(f"{name} is not set: set CASEWORK_{name.upper()} or casework.{name} in the ini")
    data = Path(given.get("data") or INSTANCE).absolute()
    url = _database_url(given.get("database_url") or f"sqlite:///{data / 'casework.sqlite'}")
    return cls(
        data=data,
        database_url=url.render_as_string(hide_password=False),
        keys=Path(given.get("keys") or data / "keys.json").absolute(),
        etc=Path(given.get("etc") or ROOT / "etc").absolute(),
        base_url=_base_url(given.get("base_url") or "http://127.0.0.1:6543"),
        trusted_proxy=_networks(given.get("trusted_proxy", "")),
        **values,
    )


def _boolean(name: str, text: str) -> bool:
    words = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}
    if text.lower() not in words:
        raise SettingsError(f"{name} must be true or false")
    return words[text.lower()]


def _positive(name: str, text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        raise SettingsError(f"{name} must be a whole number above zero")
    return int(text)


def _database_url(text: str) -> URL:
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        raise SettingsError("database_url is not a database URL") from None
    if url.get_backend_name() == "postgresql":
        return url.set(drivername="postgresql+psycopg")
    if url.get_backend_name() != "sqlite":
        raise SettingsError("database_url must begin with postgresql:// or sqlite:///")
    if url.database in (None, "", ":memory:") or url.query:
        raise SettingsError("database_url must name a file: sqlite:////absolute/path")
    return url.set(database=str(Path(url.database).absolute()))


def _base_url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path not in ("", "/") or parts.query:
        raise SettingsError("base_url must be like https://casework.example, without a path")
    return f"{parts.scheme}://{parts.netloc}"


def _networks(text: str) -> str:
    parts = [part.strip() for part in text.split(",") if part.strip()]
    for part in parts:
        try:
            network = ipaddress.ip_network(part)
        except ValueError:
            raise SettingsError("trusted_proxy must be addresses or networks, with commas between them") from None
        if network.prefixlen == 0:
            raise SettingsError("trusted_proxy must not be the whole internet")
    return ",".join(parts)


def _check_key_file(settings: Settings, setup: bool) -> None:
    try:
        mode = stat.S_IMODE(settings.keys.stat().st_mode)
    except FileNotFoundError:
        if setup or settings.development:
            return
        raise SettingsError(f"the key file {settings.keys} is missing: restore it, or run casework init once") from None
    except OSError as problem:
        raise SettingsError(f"the key file {settings.keys} cannot be read: {problem.strerror}") from None
    if mode not in (0o600, 0o400):
        raise SettingsError(f"the key file {settings.keys} has mode {mode:04o}: set it to 0600 or 0400")


def _check_production(settings: Settings, ini: Mapping[str, str], environ: Mapping[str, str]) -> None:
    if not settings.secure:
        raise SettingsError("base_url must begin with https:// outside development")
    if settings.keys.is_relative_to(settings.data):
        raise SettingsError("keys must lie outside data: a copy of the folder would take the keys along")
    _check_private(settings.data, "data")
    url = make_url(settings.database_url)
    if settings.sqlite:
        _check_private(Path(url.database), "database_url")
        return
    if url.password is not None and (str(url.password).lower() in WEAK_PASSWORDS or url.password == url.username):
        raise SettingsError("database_url has an empty or default password")
    if not _is_local(url, environ) and url.query.get("sslmode") != "verify-full":
        raise SettingsError("database_url must end in ?sslmode=verify-full&sslrootcert=FILE for another machine")
    if url.password is not None and "CASEWORK_DATABASE_URL" not in environ and "__file__" in ini:
        _check_private(Path(ini["__file__"]), "the ini file with the database password")


def _check_private(path: Path, name: str) -> None:
    """Refuse a path that every account of the machine can read; one that is not there yet is made privately."""
    if path.exists() and stat.S_IMODE(path.stat().st_mode) & 0o007:
        raise SettingsError(f"{name} ({path}) can be read by everybody on this machine: take the rights of others away")


def _is_local(url: URL, environ: Mapping[str, str]) -> bool:
    """Whether the database is reached by a Unix socket or the loopback address, whatever names it."""
    if "service" in url.query or environ.get("PGSERVICE"):
        return False
    hosts: list[str] = []
    for value in (url.host, url.query.get("host"), url.query.get("hostaddr")):
        hosts += [value] if isinstance(value, str) else list(value or ())
    if not hosts:
        hosts = [environ.get("PGHOST", "")]
    hosts += [environ["PGHOSTADDR"]] if environ.get("PGHOSTADDR") else []
    return all(_is_local_host(part) for host in hosts for part in host.split(","))


def _is_local_host(host: str) -> bool:
    if host in ("", "localhost") or host.startswith("/"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False

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

from casework.verifier.casework_verify import Malformed
from casework.witness.policy import Policy
from casework.witness.policy import load as load_policy

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
    key_ring         the key ring itself, in the environment only, in place of the key file; "" for the file
    key_service      "package.module:function" of a key service (KMS) that the ring is wrapped by; "" for none
    log_key          the log's signing key, beside `keys` unless set (casework.audit.signer)
    sequencer        whether `casework serve` appends to the log's tree; no when `casework audit sequence` does
    owner_url        database URL of the role that owns the tables, for `casework init`; "" when it is the program's
    log_url          database URL of the sequencer's role; "" when it is the program's
    log_policy       file of the witnesses and how many must have cosigned (C2SP tlog-policy); None without witnesses
    timestamp_url    address of an authority of time (RFC 3161) for a daily time stamp; "" for none
    timestamp_certificate  its root certificate and those in between, in PEM
    etc              folder of matrix, code lists, deadline rules, offences
    base_url         what people type into the browser, without a final slash
    trusted_proxy    addresses or networks, with commas, whose X-Forwarded-* headers are believed; "" for none
    workers          server processes: one for each processor, at most two unless more are asked for
    threads          threads of each process
    break_glass_hours  how long an emergency access lasts
    file_limit       MiB that one file may have at most
    file_reserve     MiB of the disk that files leave free, so that records and the log can go on
    s3_bucket        bucket that keeps the files; "" for a folder below `data`
    s3_endpoint, s3_region, s3_access_key, s3_secret_key  where it is, and who asks; endpoint "" for Amazon's own
    s3_lock_days     days for which each object is locked (Object Lock, compliance); 0 for not
    clamd            socket of the virus scanner clamd, as a path or host:port; "" for none
    """

    data: Path
    database_url: str = field(repr=False)
    keys: Path
    log_key: Path
    etc: Path
    base_url: str
    key_ring: str = field(default="", repr=False)
    key_service: str = ""
    development: bool = False
    sequencer: bool = True
    owner_url: str = field(default="", repr=False)
    log_url: str = field(default="", repr=False)
    log_policy: Path | None = None
    timestamp_url: str = ""
    timestamp_certificate: Path | None = None
    trusted_proxy: str = ""
    workers: int = min(2, os.cpu_count() or 1)
    threads: int = 8
    break_glass_hours: int = 4
    file_limit: int = 50
    file_reserve: int = 1024
    clamd: str = ""
    s3_bucket: str = ""
    s3_endpoint: str = ""
    s3_region: str = "us-east-1"
    s3_access_key: str = field(default="", repr=False)
    s3_secret_key: str = field(default="", repr=False)
    s3_lock_days: int = 0

    @property
    def sqlite(self) -> bool:
        """Whether the records are in one SQLite file."""
        return make_url(self.database_url).get_backend_name() == "sqlite"

    @property
    def form_limit(self) -> int:
        """How many bytes a form with a file may have."""
        return self.file_limit * 2**20 + 2**17

    @property
    def secure(self) -> bool:
        """Whether people reach this installation by https, so that cookies may say Secure."""
        return self.base_url.startswith("https://")

    @property
    def host(self) -> str:
        """The one host name this installation answers to."""
        return urlsplit(self.base_url).hostname or ""

    def policy(self) -> Policy | None:
        """Which witnesses must have cosigned, and where to ask them; None without witnesses. Raises SettingsError."""
        if self.log_policy is None:
            return None
        try:
            return load_policy(self.log_policy, plain=self.development)
        except OSError as problem:
            raise SettingsError(f"log_policy ({self.log_policy}) cannot be read: {problem.strerror}") from None
        except Malformed as problem:
            raise SettingsError(f"log_policy ({self.log_policy}): {problem}") from None

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
        settings.policy()
        if not settings.development:
            _check_production(settings, ini, environ)
        return settings


def _given(ini: Mapping[str, str], environ: Mapping[str, str]) -> dict[str, str]:
    known = {f.name for f in dataclasses.fields(Settings)}
    given = {}
    if "casework.key_ring" in ini:
        raise SettingsError("key_ring is taken from the environment only: a settings file is read by too many")
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
    for name in ("workers", "threads", "break_glass_hours", "file_limit", "file_reserve", "s3_lock_days"):
        if name in given:
            values[name] = _positive(name, given[name])
    if not development:
        for name in ("data", "database_url", "keys", "base_url"):
            if not given.get(name):
                raise SettingsError(f"{name} is not set: set CASEWORK_{name.upper()} or casework.{name} in the ini")
    data = Path(given.get("data") or INSTANCE).absolute()
    url = _database_url(given.get("database_url") or f"sqlite:///{data / 'casework.sqlite'}")
    keys = Path(given.get("keys") or data / "keys.json").absolute()
    for name in ("owner_url", "log_url"):
        if given.get(name):
            values[name] = _same_database(name, given[name], url)
    return cls(
        data=data,
        database_url=url.render_as_string(hide_password=False),
        keys=keys,
        log_key=Path(given.get("log_key") or keys.parent / "log.key").absolute(),
        sequencer=_boolean("sequencer", given.get("sequencer", "true")),
        key_ring=given.get("key_ring", ""),
        key_service=given.get("key_service", ""),
        log_policy=_file(given.get("log_policy")),
        timestamp_url=_timestamp_url(given.get("timestamp_url", "")),
        timestamp_certificate=_timestamp_certificate(given),
        etc=Path(given.get("etc") or ROOT / "etc").absolute(),
        base_url=_base_url(given.get("base_url") or "http://127.0.0.1:6543"),
        trusted_proxy=_networks(given.get("trusted_proxy", "")),
        clamd=_clamd(given.get("clamd", "")),
        **_bucket(given),
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


def _same_database(name: str, text: str, program: URL) -> str:
    """Another role's URL of the program's database, as text."""
    url = _database_url(text)
    if program.get_backend_name() != "postgresql":
        raise SettingsError(f"{name} is for PostgreSQL: SQLite has no roles")
    if (url.host, url.port, url.database, url.query) != (program.host, program.port, program.database, program.query):
        raise SettingsError(f"{name} must differ from database_url in its role and password only")
    if url.username == program.username:
        raise SettingsError(f"{name} names the role of database_url: leave it out, or make a role of its own")
    return url.render_as_string(hide_password=False)


def _file(text: str | None) -> Path | None:
    return Path(text).absolute() if text else None


def _clamd(text: str) -> str:
    """The scanner is shown every file in clear: on this machine only, or its network's own address."""
    host, _, port = text.rpartition(":")
    if text and not text.startswith("/") and not (host and port.isascii() and port.isdigit()):
        raise SettingsError("clamd must be the path of its socket, or like 127.0.0.1:3310")
    return text


def _bucket(given: dict[str, str]) -> dict[str, str]:
    """The settings of the bucket, all or none. What is stored there is ciphertext, but its keys are not."""
    names = ("s3_bucket", "s3_endpoint", "s3_region", "s3_access_key", "s3_secret_key")
    values = {name: given[name] for name in names if given.get(name)}
    if values and not {"s3_bucket", "s3_access_key", "s3_secret_key"} <= values.keys():
        raise SettingsError("s3_bucket, s3_access_key and s3_secret_key go together")
    parts = urlsplit(values.get("s3_endpoint", "https://example.org"))
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise SettingsError("s3_endpoint must be like https://storage.example")
    if parts.scheme == "http" and not _is_local_host(parts.hostname):
        raise SettingsError("s3_endpoint must begin with https:// for another machine")
    return values


def _timestamp_url(text: str) -> str:
    """Plain http will do: what comes back is signed, and what goes there is a hash."""
    if text and (urlsplit(text).scheme not in ("http", "https") or not urlsplit(text).hostname):
        raise SettingsError("timestamp_url must be like https://time.example/tsa")
    return text


def _timestamp_certificate(given: dict[str, str]) -> Path | None:
    path = _file(given.get("timestamp_certificate"))
    if given.get("timestamp_url") and (path is None or not path.is_file()):
        raise SettingsError("timestamp_certificate must be the file with the root certificate of timestamp_url")
    return path


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
    if settings.key_ring:
        return
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
    for name, path in (("keys", settings.keys), ("log_key", settings.log_key)):
        if path.is_relative_to(settings.data):
            raise SettingsError(f"{name} must lie outside data: a copy of the folder would take the keys along")
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

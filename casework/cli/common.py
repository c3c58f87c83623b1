"""What the commands share: settings, database, output."""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pyramid.i18n import TranslationString
from pyramid.paster import get_appsettings
from sqlalchemy import Engine

from casework.crypto.keyring import KeyRing
from casework.crypto.rotation import check
from casework.crypto.sources import ring_of
from casework.db.engine import make_engine
from casework.db.ready import refuse
from casework.db.session import work
from casework.settings import NOT_SETTINGS, Settings, SettingsError
from casework.workflow.engine import Refused

DEVELOPMENT = {"casework.development": "true"}


class Problem(Exception):
    """The command cannot do what was asked; the message is one line for the person at the terminal."""


def ini(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The [app:main] entries to start from.

    With neither an ini nor any CASEWORK_ setting nothing is to be protected yet: then development settings, which
    keep everything in ./instance and listen on this machine only.
    """
    path = environ.get("CASEWORK_INI")
    if path:
        if not Path(path).is_file():
            raise SettingsError(f"the settings file {path} is missing")
        return {**get_appsettings(path, name="main"), "__file__": path}
    given = any(name.startswith("CASEWORK_") and not name.startswith(NOT_SETTINGS) for name in environ)
    return {} if given else dict(DEVELOPMENT)


def settings(*, setup: bool = False) -> Settings:
    """The settings of this process. Raises SettingsError."""
    return Settings.from_ini(ini(), setup=setup)


@contextmanager
def database(current: Settings) -> Iterator[tuple[Engine, KeyRing]]:
    """Engine and key ring of an installation that `casework init` has made. Raises Problem, NotReady, or KeyFileError
    when the ring does not open this database."""
    if current.sqlite and not Path(current.database_url.removeprefix("sqlite:///")).exists():
        raise Problem("there is no database yet: run casework init")
    ring = ring_of(current)
    engine = make_engine(current.database_url)
    try:
        refuse(engine)
        check_keys(engine, ring)
        yield engine, ring
    finally:
        engine.dispose()


def check_keys(engine: Engine, ring: KeyRing) -> None:
    """Raise KeyFileError when the ring does not open this database."""
    with work(engine, readonly=True) as session:
        check(session, ring)


def words(refused: Refused) -> str:
    """Why the program refused, in English, in one line."""
    messages = (problem.message for problem in refused.problems)
    return " ".join(m.interpolate() if isinstance(m, TranslationString) else str(m) for m in messages)


def print_json(value: Any) -> None:
    """One JSON document on standard output, in ASCII so that it survives every terminal."""
    print(json.dumps(value, indent=2, default=str))

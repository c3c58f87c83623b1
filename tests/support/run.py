"""The folder that all processes of one test run share; made by the first, removed by it at the end."""

import os
import shutil
import tempfile
from pathlib import Path

from .postgres import Cluster

VARIABLE = "CASEWORK_TEST_RUN"
PREFIX = "casework-test-"


def folder() -> Path:
    """The shared folder of this run."""
    return Path(os.environ[VARIABLE])


def cluster() -> Cluster:
    """The PostgreSQL of this run, started or not."""
    return Cluster(folder() / "postgresql")


def begin() -> None:
    """Make the folder, and clear away what runs that were killed have left."""
    for old in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        owner = old.name.removeprefix(PREFIX).partition("-")[0]
        if owner.isdigit() and not Path("/proc", owner).exists():
            _clear(old)
    path = tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-")
    # The server's own account must get through to its folder, and nobody needs to list this one.
    os.chmod(path, 0o711)
    os.environ[VARIABLE] = path


def end() -> None:
    """Stop the server and remove the folder."""
    _clear(Path(os.environ.pop(VARIABLE)))


def _clear(path: Path) -> None:
    Cluster(path / "postgresql").stop()
    shutil.rmtree(path, ignore_errors=True)

"""The files of the project, for the tests that walk them."""

from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("casework", "schemas", "alembic", "etc", "tests", "docs", ".ci")
NAMES = {"Makefile", "run", ".gitignore"}
SUFFIXES = {".py", ".md", ".ini", ".toml", ".txt", ".in", ".jinja2", ".js", ".css", ".scss", ".csv", ".sh", ".po",
            ".mako", ".conf", ".service", ".example"}


def texts() -> Iterator[tuple[str, str]]:
    """Path from the root, and content, of every text file that people write."""
    paths = list(ROOT.iterdir())
    for folder in FOLDERS:
        paths += (ROOT / folder).rglob("*")
    for path in sorted(paths):
        others = "vendor" in path.parts  # as its authors wrote it
        if path.is_file() and not others and (path.suffix in SUFFIXES or path.name in NAMES):
            yield path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")


def modules(*folders: str) -> Iterator[tuple[str, str]]:
    """Path from the root, and source, of every Python module in `folders`."""
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")

"""What the tests need from the machine besides Python, and what to do where it is not there."""

import os
import shutil
from pathlib import Path

import pytest

from .postgres import programs

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or "/usr/bin/chromium"


def found() -> dict[str, bool]:
    """By the name of its test marker: is it installed?"""
    return {"postgresql": programs() is not None, "browser": Path(CHROMIUM).exists(),
            "age": shutil.which("age") is not None}


PACKAGES = {"postgresql": "postgresql", "browser": "chromium fonts-noto-core", "age": "age"}


def advice() -> str | None:
    """One line that says what to install, or None when nothing is missing."""
    names = [PACKAGES[name] for name, there in found().items() if not there]
    return f"missing for the tests: apt-get install {' '.join(names)}" if names else None


def allowed() -> bool:
    """Whether tests may be left out for want of a program."""
    return os.environ.get("CASEWORK_ALLOW_MISSING") == "1"


def mark(items: list[pytest.Item]) -> None:
    """Skip the tests whose program is not there, each with the reason."""
    for name, there in found().items():
        if not there:
            skip = pytest.mark.skip(reason=f"{PACKAGES[name]} is not installed and CASEWORK_ALLOW_MISSING=1")
            for item in items:
                if item.get_closest_marker(name):
                    item.add_marker(skip)

from pathlib import Path

import pytest

from casework.reference.codes import Codes
from casework.reference.deadlines import Rules

ETC = Path(__file__).resolve().parents[2] / "etc"


@pytest.fixture(scope="session")
def etc():
    return ETC


@pytest.fixture(scope="session")
def codes():
    return Codes.load(ETC / "codes")


@pytest.fixture(scope="session")
def rules():
    return Rules.load(ETC / "deadlines.csv")


@pytest.fixture
def table(tmp_path):
    """Write a table and return its path."""

    def write(text, name="table.csv"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write

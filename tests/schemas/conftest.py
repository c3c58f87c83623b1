from pathlib import Path

import pytest

from casework.reference.codes import Codes
from casework.reference.gazetteer import Gazetteer

ETC = Path(__file__).resolve().parents[2] / "etc"


@pytest.fixture(scope="session")
def bindings():
    """What schemas are bound with; every list of options has one answer."""
    return {
        "codes": Codes.load(ETC / "codes"),
        "gazetteer": Gazetteer.load(ETC),
        "options": lambda source: [("1", "One (fictional)")],
        "locale": "en",
    }


@pytest.fixture(scope="session")
def bound(bindings):
    """A schema, bound once for all tests."""
    made = {}

    def bind(schema):
        if schema not in made:
            made[schema] = schema().bind(**bindings)
        return made[schema]

    return bind

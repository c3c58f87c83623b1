"""The log of a test with its key."""

import pytest

from casework.audit import signer
from casework.audit.sequencer import Sequencer


@pytest.fixture
def key(tmp_path):
    return signer.create(tmp_path / "log.key", "casework.example/log-1")


@pytest.fixture
def sequencer(database, key):
    return Sequencer(database.engine, key)

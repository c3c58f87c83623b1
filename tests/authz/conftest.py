"""The settled world, and what is true of it."""

import pytest

from casework.audit import signer
from casework.audit.sequencer import Sequencer
from tests.support.settled import settled, settlements

from .truth import Truth, truth_of

__all__ = ["settled", "settlements", "sign", "truth"]


def sign(app) -> None:
    """Give every entry its place in the signed log: what proves a list leaves with it."""
    key = signer.create(app.registry["settings"].log_key, "log.example/casework")
    Sequencer(app.registry["engine"], key).catch_up()


@pytest.fixture
def truth(settled) -> Truth:
    if "truth" not in settled.kept:
        settled.kept["truth"] = truth_of(settled.database, settled.world)
    return settled.kept["truth"]


@pytest.fixture
def signed(settled) -> None:
    """The entries that the world was made with are in the signed log."""
    if "signed" not in settled.kept:
        sign(settled.app)
        settled.kept["signed"] = True

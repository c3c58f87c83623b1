"""A desk of social work around one child."""

import pytest

from casework.cases import tasks
from casework.workflow import engine
from tests.support import matrix
from tests.support_referrals.desk import Desk

engine.subscribe(tasks.on_transition)


@pytest.fixture
def desk(database) -> Desk:
    """A child of nine in a case, and everybody around it."""
    matrix.use_file()
    return Desk.build(database)

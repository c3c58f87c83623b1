"""One case, its people, and a desk to work at."""

import pytest

from tests.evidence.world import Desk, build


@pytest.fixture
def desk(database) -> Desk:
    with database.work() as db:
        world = build(db)
    return Desk(database, world)

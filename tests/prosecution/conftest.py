"""One case, and the office it goes to."""

import pytest

from tests.prosecution.world import Office, build


@pytest.fixture
def office(database) -> Office:
    with database.work() as db:
        world = build(db)
    return Office(database, world)

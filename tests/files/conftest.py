"""A case and its people, and documents made of bytes."""

import pytest

from casework.files.service import Files
from tests.evidence.world import Desk, build


@pytest.fixture
def desk(database) -> Desk:
    with database.work() as db:
        world = build(db)
    return Desk(database, world)


@pytest.fixture
def files(settings) -> Files:
    return Files.of(settings)

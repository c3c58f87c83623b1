"""A clock that tests can move: sessions, codes and counters are judged by it."""

import datetime as dt

import pytest

from casework.db.base import now


@pytest.fixture
def move_clock(app):
    """Call with hours, minutes, seconds: the application's clock goes on by so much from now on."""
    gone = dt.timedelta()

    def move(**by: float) -> None:
        nonlocal gone
        gone += dt.timedelta(**by)

    app.registry["clock"] = lambda: now() + gone
    return move

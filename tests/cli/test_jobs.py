"""Periodic work: one process at a time, on both engines."""

from casework.cli.jobs import alone


def test_one_at_a_time(database, settings):
    with alone(database.engine, settings) as first:
        assert first
        with alone(database.engine, settings) as second:
            assert not second
    with alone(database.engine, settings) as again:
        assert again

"""Periodic work: one process at a time, on both engines."""

import pytest

from casework.cases import jobs
from casework.cli.jobs import alone


def test_one_at_a_time(database, settings):
    with alone(database.engine, settings) as first:
        assert first
        with alone(database.engine, settings) as second:
            assert not second
    with alone(database.engine, settings) as again:
        assert again


def test_features_add_their_work_and_one_that_fails_stops_no_other(app, monkeypatch):
    done = []

    def broken(db, at):
        raise RuntimeError("it fails")

    names = [job.__name__ for job in jobs._jobs]
    assert {"housekeeping", "close_what_ran_out", "open_discrepancies"} <= set(names)
    monkeypatch.setattr(jobs, "_jobs", [broken, lambda db, at: done.append(at)])
    with pytest.raises(ExceptionGroup, match="periodic work"):
        jobs.run_due(app.registry)
    assert len(done) == 1

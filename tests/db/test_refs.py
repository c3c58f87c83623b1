"""References are drawn: none is given twice, not even to records that are still to be written."""

import datetime as dt

from casework.cases.models import Note
from casework.db import refs


def test_what_was_given_and_not_yet_written_is_not_given_again(database, monkeypatch):
    numbers = iter([1, 2, 3, 4, 4, 3, 2, 1, 5, 1, 2, 3])
    monkeypatch.setattr(refs.secrets, "randbelow", lambda _below: next(numbers))
    with database.work() as db:
        given = [refs.new_ref(db, Note, "N", dt.date(2026, 1, 1)) for _ in range(5)]
        assert len(set(given)) == 5

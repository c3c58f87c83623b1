"""What a session leaves behind on its connection, and what a reading one may not do."""

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from casework.accounts.models import Agency
from casework.db.session import reading
from tests.support.people import make_agency

PREPARED = text("SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%FROM agency%'")
WRITE = text("UPDATE audit_head SET number = number")


@pytest.mark.one_engine("postgresql")
def test_statements_stay_prepared_from_page_to_page(database):
    for _ in range(4):
        with database.work(readonly=True) as db:
            db.scalars(select(Agency)).all()
    with database.work(readonly=True) as db:
        assert db.scalar(PREPARED) == 1
    for _ in range(4):
        with reading(database.engine) as connection:
            connection.execute(select(Agency.id)).all()
    with reading(database.engine) as connection:
        assert connection.scalar(PREPARED) == 2


def test_the_database_refuses_writing_in_a_reading_session(database):
    with pytest.raises(DBAPIError), database.work(readonly=True) as db:
        db.execute(WRITE)
    with pytest.raises(DBAPIError), reading(database.engine) as connection:
        connection.execute(WRITE)
    with database.work() as db:  # on the same connection
        db.execute(WRITE)


def test_the_unit_of_work_refuses_too(database):
    with pytest.raises((DBAPIError, AssertionError)), database.work(readonly=True) as db:
        make_agency(db, "X-01")

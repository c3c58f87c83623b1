"""The entry of a new record says everything that it has, also what it has only since it was written."""

import json

import pytest
from sqlalchemy import select

from casework.audit.models import AuditEntry
from tests.support.people import make_person


@pytest.mark.one_engine
def test_the_entry_of_a_new_role_names_the_person_and_the_agency(database):
    with database.work() as db:
        person = make_person(db, "INV")
    with database.work(readonly=True) as db:
        entry = db.scalars(select(AuditEntry).where(AuditEntry.record_id == person.membership_id)).first()
    fields = json.loads(entry.body)["fields"]
    assert fields["user_id"] == [None, str(person.user_id)]
    assert fields["agency_id"] == [None, str(person.agency_id)]


@pytest.mark.one_engine
def test_a_password_s_hash_stays_out_of_it(database):
    with database.work() as db:
        person = make_person(db, "INV")
    with database.work(readonly=True) as db:
        bodies = list(db.scalars(select(AuditEntry.body).where(AuditEntry.record_id == person.user_id)))
    assert bodies
    assert not any("argon2" in body for body in bodies)

"""What is taken away while somebody is signed in is gone at the next request: every channel, no new sign-in needed."""

import pytest
from sqlalchemy import func, select

from casework.accounts import service as accounts
from casework.accounts.models import Agency, Membership, User
from casework.authz.models import Grant
from casework.cases import service as cases
from casework.cases.models import Case, Note
from casework.db.base import now
from tests.support.searching import search

from .conftest import ask, assign


def role_changes(db, world, person):
    db.get_one(Membership, person.membership_id).role = "CUS"


def membership_ends(db, world, person):
    accounts.end_membership(db, db.get_one(Membership, person.membership_id), now())


def account_is_shut(db, world, person):
    db.get_one(User, person.user_id).active = False


def grant_ends(db, world, person):
    grant = db.scalars(select(Grant).where(Grant.principal_id == person.user_id)).one()
    cases.unassign(db, None, grant)


def conflict_is_set(db, world, person):
    cases.recuse(db, None, person.user_id, db.get_one(Case, world.case.id))


def agency_is_shut(db, world, person):
    db.get_one(Agency, person.agency_id).active = False


@pytest.mark.parametrize("change", [role_changes, membership_ends, account_is_shut, grant_ends, conflict_is_set,
                                    agency_is_shut])
def test_at_the_next_request_it_is_gone(app, database, world, change):
    assign(database, world, "far")
    client, path = world.browser(app, "far"), f"/cases/{world.case.ref}"
    form = client.get(f"{path}/notes/new").forms["form"]
    form["kind"], form["text"] = "general", "Written before the change (fictional)"
    note = form.submit("save", status=303).location
    page = client.get(f"{path}/notes/new").forms["form"]
    page["kind"], page["text"] = "general", "Sent after the change (fictional)"
    with database.work(unscoped=1) as db:
        change(db, world, world.people["far"])
    assert page.submit("save", expect_errors=True).status_int in (303, 401, 403, 404)
    for address in (path, f"{path}/history", f"{path}/timeline", f"{path}/tasks", note, f"/go/{world.case.ref}"):
        answer = client.get(address, expect_errors=True)
        assert answer.status_int in (303, 403, 404), address
        assert "Lotus" not in answer.text
        assert answer.status_int != 303 or "/sign-in" in answer.location or "/choose-role" in answer.location
    listed = client.get("/cases", expect_errors=True)
    assert world.case.ref not in listed.text
    with database.work(readonly=True, unscoped=1) as db:
        assert db.scalar(select(func.count(Note.id))) == 1, "what was sent afterwards was not taken"


def test_a_hit_of_a_search_is_gone_too(app, database, world):
    grant = assign(database, world, "far")
    client = world.browser(app, "far")
    search(client, "Lotus").mustcontain(world.case.ref)
    with database.work(unscoped=1) as db:
        cases.unassign(db, None, db.get_one(Grant, grant.id))
    search(client, "Lotus").mustcontain(no=world.case.ref)


def test_emergency_access_ends_with_the_role_it_was_opened_in(app, database, world):
    client = world.browser(app, "far")
    page = ask(client, world.child.ref).follow()
    assert world.place.ref in page.text
    with database.work(unscoped=1) as db:
        role_changes(db, world, world.people["far"])
    assert world.place.ref not in client.get(page.request.path, expect_errors=True).text
    assert "/end" not in client.get("/account", expect_errors=True).text

"""Somebody leaves: what is still open in that name is told to those who may know it, and handed over."""

import pytest
from sqlalchemy import select

from casework.accounts import leaving, service
from casework.accounts.models import User
from casework.cases import service as cases
from casework.cases.models import Case, Task
from casework.cases.tasks import OPEN
from casework.db.base import now
from tests.support import scene
from tests.support.people import make_agency


@pytest.fixture
def made(app, database) -> scene.Scene:
    """An investigator who leads a case, holds an item and has a task."""
    return scene.build(database)


def handed(made) -> list[Task]:
    with made.database.work(readonly=True, unscoped=1) as db:
        return list(db.scalars(select(Task).where(Task.title == "hand_over", Task.state.in_(OPEN)).order_by(Task.id)))


def form_page(browser, base: str, made, name: str):
    """The form that proposes the end of somebody's role."""
    leaver = made.people[name]
    return browser.get(f"{base}/{leaver.user_id}/propose/end_role?role={leaver.membership_id}")


def test_a_supervisor_sees_the_records_and_an_administrator_numbers_only(app, made):
    page = form_page(made.browser(app, "psu"), "/colleagues", made, "inv")
    for text in (made.case.ref, made.item.ref, "Cases led", "Items held"):
        assert text in page.text
    assert page.html.find("a", href=f"/go/{made.case.ref}") is not None
    adm = made.browser(app, "adm")
    for page in (form_page(adm, "/admin/users", made, "inv"),
                 adm.get(f"/admin/users/{made.people['inv'].user_id}/disable")):
        assert "Cases led: 1" in page.html.find("main").get_text(" ", strip=True)
        assert made.case.ref not in page.text
        assert made.item.ref not in page.text
        assert made.case.title not in page.text
    # Nothing is open in this name.
    assert "Still open" not in form_page(adm, "/admin/users", made, "psu2").text


def test_the_supervisor_gets_a_task_once(app, made):
    form = form_page(made.browser(app, "psu"), "/colleagues", made, "inv").forms["form"]
    form["reason"] = "Leaves the office this month"
    form.submit(status=303)
    first = handed(made)
    assert {(task.record_ref, task.queue_role, task.queue_agency_id) for task in first} == {
        (ref, "PSU", made.who("psu").agency_id) for ref in (made.case.ref, made.item.ref)}
    assert "Hand over" in made.browser(app, "psu2").get("/").text
    # Shutting the account afterwards asks nobody a second time.
    form = made.browser(app, "adm").get(f"/admin/users/{made.people['inv'].user_id}/disable").forms["form"]
    form["reason"] = "Has left the office"
    form.submit(status=303)
    assert [task.id for task in handed(made)] == [task.id for task in first]
    # Once the case has another lead, nobody is asked for one.
    psu, inv2 = made.who("psu"), made.who("inv2")
    with made.database.work(identity=psu) as db:
        cases.assign(db, psu, db.get_one(Case, made.case.id), role="INV", agency_id=inv2.agency_id,
                     user_id=inv2.user_id, part=cases.LEAD)
    assert [task.record_ref for task in handed(made)] == [made.item.ref]


def test_who_keeps_another_role_does_not_leave(app, made):
    with made.database.work() as db:
        user = db.get_one(User, made.people["inv"].user_id)
        service.add_membership(db, user, make_agency(db, "accd"), "INV", at=now())
    page = form_page(made.browser(app, "psu"), "/colleagues", made, "inv")
    assert "Still open" not in page.text
    page.forms["form"]["reason"] = "Goes to the other office"
    page.forms["form"].submit(status=303)
    assert handed(made) == []


def test_each_sees_what_the_scope_gives(made):
    inv = made.people["inv"].user_id
    seen = {}
    for name in ("psu", "sws", "pro", "adm"):
        with made.database.work(readonly=True, identity=made.who(name)) as db:
            seen[name] = {ref for _title, refs in leaving.seen(db, inv) for ref in refs}
    assert made.case.ref in seen["psu"]
    assert seen["sws"] & {made.case.ref, made.item.ref} == set()
    assert seen["adm"] == set()
    with made.database.work(readonly=True, unscoped=1) as db:
        assert db.get_one(Case, made.case.id).lead_officer_id == inv

"""Emergency access: what it opens, to whom, for how long, who is told, and what it never tells."""

import datetime as dt

from sqlalchemy import select

from casework.audit.models import AuditEntry
from casework.authz.models import BreakGlass
from casework.cases import service as cases
from casework.cases.models import Case, Task
from casework.db.base import now
from casework.db.refs import format_ref

from .conftest import PLACE, ask, plain


def stale(database, world, name):
    """Let the second factor of somebody's sessions be an hour old."""
    from casework.accounts.credentials import UserSession

    with database.work(unscoped=1) as db:
        for row in db.scalars(select(UserSession).where(UserSession.user_id == world.who(name).user_id)):
            row.mfa_at = now() - dt.timedelta(hours=1)


def only(database) -> BreakGlass:
    with database.work(readonly=True, unscoped=1) as db:
        return db.scalars(select(BreakGlass)).one()


def test_the_place_of_a_child_opens_to_police_in_an_emergency_and_closes_again(app, database, world):
    client, path = world.browser(app, "inv"), f"/cases/{world.case.ref}/people/{world.child.ref}"
    assert PLACE not in client.get(path).text
    client.get(f"{path}/addresses/{world.place.ref}", status=404)
    page = ask(client, world.child.ref).follow()
    assert PLACE in page.text
    assert PLACE in client.get(f"{path}/addresses/{world.place.ref}").text
    assert "/end" in client.get("/tasks").text, "the banner is on every page"
    assert "/end" in client.get("/nothing", status=404).text
    end = next(form for form in page.forms.values() if form.action.endswith("/end"))
    end.submit().follow()
    client.get(f"{path}/addresses/{world.place.ref}", status=404)
    assert PLACE not in client.get(path).text
    assert "/end" not in client.get("/tasks").text


def test_a_stranger_reads_what_it_opens_on_its_own_page_and_nothing_else(app, database, world):
    client = world.browser(app, "far")
    client.get(f"/cases/{world.case.ref}", status=404)
    page = ask(client, world.case.ref).follow()
    assert PLACE in page.text
    assert "Lotus" not in page.text
    assert "Sokha" not in page.text
    client.get(f"/cases/{world.case.ref}", status=404)


def test_it_ends_by_itself_at_the_next_request(app, database, world):
    client = world.browser(app, "far")
    location = ask(client, world.child.ref).location
    assert PLACE in client.get(location).text
    with database.work(unscoped=1) as db:
        db.scalars(select(BreakGlass)).one().until = now() - dt.timedelta(seconds=1)
    page = client.get(location)
    assert PLACE not in page.text
    assert "/end" not in page.text


def test_an_unknown_reference_is_answered_like_a_hidden_one(app, database, world):
    """A hidden record that opens nothing, one that is not there, and one shut by a conflict of interest."""
    with database.work(unscoped=1) as db:
        hidden = cases.open_case(db, world.who("psu"), title="Reed", lead_agency_id=world.who("psu").agency_id,
                                 province="12")
        cases.recuse(db, None, world.who("far").user_id, db.get_one(Case, world.case.id))
    absent = format_ref("C", 26, "000001")
    client, pages = world.browser(app, "far"), {}
    for ref in (hidden.ref, absent, world.case.ref):
        refusal = plain(client.get(f"/cases/{ref}", status=404).text, ref)
        answer = ask(client, ref)
        shown = plain(answer.follow().text, ref)
        for form in answer.follow().forms.values():
            if form.action.endswith("/end") and "emergency" in form.action:
                form.submit()
                break
        pages[ref] = refusal, answer.status, shown
    assert len(set(pages.values())) == 1
    with database.work(readonly=True, unscoped=1) as db:
        asked = db.scalars(select(AuditEntry).where(AuditEntry.verb == "break_glass")).all()
        assert len(asked) == 3
        rows = {one.asked_ref: one for one in db.scalars(select(BreakGlass))}
    assert rows[absent].owner_agency_id is None
    assert rows[hidden.ref].owner_agency_id == world.who("psu").agency_id


def test_it_needs_a_reason_and_a_fresh_second_factor(app, database, world):
    client = world.browser(app, "far")
    assert ask(client, world.child.ref, "short").status_int == 422
    assert ask(client, "C26-000001-X").status_int == 422
    stale(database, world, "far")
    assert client.get("/emergency/ask", status=303).location.startswith("http://localhost/confirm-identity")
    with database.work(readonly=True, unscoped=1) as db:
        assert db.scalars(select(BreakGlass)).all() == []


def test_who_gets_nothing_by_it_may_not_ask(app, database, world):
    for name in ("hot", "sw", "prv", "aud", "adm", "clk", "for"):
        client = world.browser(app, name)
        client.get("/emergency/ask", status=403)
        assert "/emergency/ask" not in client.get(f"/cases/{format_ref('C', 26, '000001')}", expect_errors=True).text


def test_the_owner_the_supervisor_and_the_auditor_are_told_at_once(app, database, world):
    ask(world.browser(app, "far"), world.child.ref)
    one = only(database)
    for name in ("inv", "psu", "psu2", "aud", "farsup", "sws"):
        assert one.ref in world.browser(app, name).get("/").text, name
    for name in ("inv2", "sw", "pro", "for"):
        assert one.ref not in world.browser(app, name).get("/").text, name
    with database.work(readonly=True, unscoped=1) as db:
        told = {task.rule or task.title: task for task in db.scalars(select(Task).where(Task.record_id == one.id))}
    assert told["D-24"].queue_role == "PSU"
    assert told["D-24"].due_at - one.created_at == dt.timedelta(hours=72)
    assert told["emergency_told"].assignee_id == world.who("inv").user_id


def test_the_owners_supervisor_reviews_what_was_opened_without_its_content(app, database, world):
    ask(world.browser(app, "far"), world.child.ref).follow()
    one = only(database)
    path = f"/emergency/{one.ref}/review"
    for name in ("inv2", "sw", "far", "pro"):
        world.browser(app, name).get(path, status=404)
    assert world.place.ref not in world.browser(app, "sws").get(path).text
    for name in ("inv", "farsup", "aud"):
        told = world.browser(app, name).get(path)
        assert "form" not in told.forms, name
        assert (world.place.ref in told.text) == (name != "farsup"), name
        assert PLACE not in told.text
    client = world.browser(app, "psu")
    page = client.get(f"/go/{one.ref}").follow().follow()
    assert world.place.ref in page.text
    assert PLACE not in page.text
    assert "The child is missing" in page.text
    form = page.forms["form"]
    form["outcome"], form["review"] = "justified", "The child was found an hour later"
    form.submit("save", status=303)
    assert "form" not in client.get(path).forms
    with database.work(readonly=True, unscoped=1) as db:
        done = db.scalars(select(BreakGlass)).one()
        assert done.outcome == "justified"
        assert done.reviewed_by_id == world.who("psu").user_id
        assert db.scalars(select(Task).where(Task.rule == "D-24")).one().state == "done"


def test_nobody_reviews_their_own(app, database, world):
    ask(world.browser(app, "psu"), world.child.ref)
    one = only(database)
    client = world.browser(app, "psu")
    client.get(f"/emergency/{one.ref}/review", status=404)
    assert "form" in world.browser(app, "psu2").get(f"/emergency/{one.ref}/review").forms


def test_a_review_that_is_late_stands_at_the_auditors_desk_who_may_then_do_it(app, database, world):
    ask(world.browser(app, "far"), world.child.ref)
    one = only(database)
    auditor = world.browser(app, "aud")
    assert "form" not in auditor.get(f"/emergency/{one.ref}/review").forms
    with database.work(unscoped=1) as db:
        db.get_one(BreakGlass, one.id).created_at = now() - dt.timedelta(hours=80)
    assert "overdue" in auditor.get("/audit/emergency").text
    assert one.ref in auditor.get("/").text
    assert "form" in auditor.get(f"/emergency/{one.ref}/review").forms


def test_a_task_of_a_review_is_not_ticked_off_by_hand(app, database, world):
    ask(world.browser(app, "far"), world.child.ref)
    with database.work(readonly=True, unscoped=1) as db:
        task = db.scalars(select(Task).where(Task.rule == "D-24")).one()
    client = world.browser(app, "psu")
    form = client.get(f"/tasks/{task.ref}/do/finish").forms["form"]
    assert form.submit("save", expect_errors=True).status_int == 422


def test_who_has_a_conflict_of_interest_is_not_told_and_does_not_review(app, database, world):
    """An access tells of the case."""
    ask(world.browser(app, "far"), world.child.ref)
    glass = only(database)
    supervisor = world.browser(app, "psu")
    assert glass.ref in supervisor.get("/").text
    supervisor.get(f"/emergency/{glass.ref}/review")
    with database.work(unscoped=1) as db:
        cases.recuse(db, None, world.who("psu").user_id, db.get_one(Case, world.case.id))
    for path in ("/", "/emergency/told", "/tasks"):
        assert glass.ref not in supervisor.get(path).text
    supervisor.get(f"/emergency/{glass.ref}/review", status=404)
    assert glass.ref in world.browser(app, "psu2").get("/emergency/told").text

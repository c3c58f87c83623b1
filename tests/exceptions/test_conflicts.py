"""A conflict of interest beats everything, and only a supervisor takes it back."""

import datetime as dt

import pytest
from sqlalchemy import select

from casework.audit.models import AuditEntry
from casework.authz.models import Grant, Recusal
from casework.cases import recusal, service, tasks
from casework.cases.models import Case, Task
from casework.db.base import now
from casework.db.refs import format_ref
from casework.exceptions import delegation
from casework.exceptions.models import Delegation
from casework.referrals.models import Referral
from casework.workflow.engine import Refused

from .conftest import PLACE, ask, assign


def declare(client, ref: str):
    form = client.get("/conflict").forms["form"]
    form["ref"], form["reason"] = ref, "The suspect is a cousin of mine (fictional)"
    return form.submit("save", expect_errors=True)


def test_it_is_declared_by_reference_and_shuts_the_case_at_the_next_request(app, database, world):
    with database.work(unscoped=1) as db:
        tasks.add_free(db, world.who("inv"), db.get_one(Case, world.case.id), "Write to the school", now(),
                       world.who("inv").user_id)
    client, path = world.browser(app, "inv"), f"/cases/{world.case.ref}"
    client.get(path)
    ask(client, world.child.ref)
    answer = declare(client, world.case.ref).follow()
    assert "shut to you" in answer.text
    client.get(path, status=404)
    assert PLACE not in client.get(client.get("/emergency").click(r"^BG").request.path).text
    assert "Write to the school" not in client.get("/tasks").text
    with database.work(readonly=True, unscoped=1) as db:
        assert db.get_one(Case, world.case.id).lead_officer_id is None
        assert all(g.ended_by_id == world.who("inv").user_id for g in db.scalars(
            select(Grant).where(Grant.principal_id == world.who("inv").user_id)))
        assert db.scalars(select(Task).where(Task.title == "Write to the school")).one().assignee_id is None


def test_declaring_tells_nothing_of_a_case_one_does_not_see(app, database, world):
    client, answers = world.browser(app, "far"), set()
    for ref in (world.case.ref, format_ref("C", 26, "000001")):
        answers.add((declare(client, ref).location, client.get("/conflict?done=yes").status))
    assert len(answers) == 1
    with database.work(readonly=True, unscoped=1) as db:
        assert db.scalars(select(Recusal)).one().user_id == world.who("far").user_id
        assert len(db.scalars(select(AuditEntry).where(AuditEntry.verb == "recuse")).all()) == 3


def test_a_supervisor_sets_it_for_the_own_people_and_ends_it_with_a_reason(app, database, world):
    client, inv, path = world.browser(app, "psu"), world.who("inv"), f"/cases/{world.case.ref}/conflicts"
    page = client.get(f"/cases/{world.case.ref}/team").click("Conflicts of interest of others")
    form = page.click("Keep somebody out").forms["form"]
    form["person"], form["reason"] = str(inv.user_id), "The suspect is his neighbour (fictional)"
    form.submit("save", status=303)
    world.browser(app, "inv").get(f"/cases/{world.case.ref}", status=404)
    form = client.get(path).click("End it").forms["form"]
    form["reason"] = "short"
    form.submit("save", status=422)
    form["reason"] = "It was another person of the same name"
    form.submit("save", status=303)
    world.browser(app, "inv").get(f"/cases/{world.case.ref}", status=404)
    assign(database, world, "inv")
    world.browser(app, "inv").get(f"/cases/{world.case.ref}", status=200)
    with database.work(readonly=True, unscoped=1) as db:
        ended = db.scalars(select(Recusal)).one()
        assert ended.ended_by_id == world.who("psu").user_id
        verbs = set(db.scalars(select(AuditEntry.verb).where(AuditEntry.record_id == ended.id)))
    assert verbs == {"recuse", "end_recusal"}


def test_nobody_else_sets_or_ends_it_and_nobody_their_own(app, database, world):
    path, inv = f"/cases/{world.case.ref}/conflicts", world.browser(app, "inv")
    for name in ("inv", "for", "pro", "sw"):
        world.browser(app, name).get(path, expect_errors=True, status="4*")
    declare(world.browser(app, "psu2"), world.case.ref)
    with database.work(readonly=True, unscoped=1) as db:
        own = db.scalars(select(Recusal)).one()
    end = f"{path}/{own.id}/end"
    world.browser(app, "psu2").get(end, status=404)
    inv.get(end, status=403)
    world.browser(app, "sws").get(end, status=404)
    assert str(world.who("sw").user_id) not in world.browser(app, "psu").get(f"{path}/new").text


def test_who_is_kept_out_again_after_the_end_is_kept_out(app, database, world):
    client, psu = world.browser(app, "for"), world.browser(app, "psu")
    for _time in (1, 2):
        declare(client, world.case.ref)
        client.get(f"/cases/{world.case.ref}", status=404)
        form = psu.get(f"/cases/{world.case.ref}/conflicts").click("End it").forms["form"]
        form["reason"] = "Looked into and found to be nothing"
        form.submit("save", status=303)
    with database.work(readonly=True, unscoped=1) as db:
        assert len(db.scalars(select(Recusal)).all()) == 2


def shut(client, path: str, field: str, person, **others) -> str:
    """Choose, in a form, somebody whom a conflict of interest shuts out; what the page says."""
    form = client.get(path).forms["form"]
    for name, value in {field: str(person), **others}.items():
        form[name] = value
    answer = form.submit("save", expect_errors=True)
    assert answer.status_int == 422, path
    return answer.html.select_one(".govuk-error-summary__list").text.strip().partition(": ")[2]


def test_nobody_gives_them_anything_of_the_case_afterwards(app, database, world):
    """Neither the case, nor a task, nor access for a time: they could not open it, and it would lie there."""
    words, inv, path = "This person cannot take part in this case.", world.people["inv"], f"/cases/{world.case.ref}"
    with database.work(unscoped=1) as db:
        tasks.add_free(db, world.who("inv"), db.get_one(Case, world.case.id), "Write to the school", now(),
                       world.who("inv").user_id)
    declare(world.browser(app, "inv"), world.case.ref)
    client = world.browser(app, "psu")
    assert shut(client, f"{path}/team/assign", "assignee", inv.membership_id, part="lead",
                reason="The best of all for it") == words
    assert shut(client, f"{path}/tasks/new", "assignee", inv.user_id, title="Ask the bank",
                day="1", month="1", year=str(now().year + 1), time="12:00") == words
    assert shut(client, f"{path}/grants/new", "person", inv.membership_id, reason="Reads the chats in that language",
                day="1", month="1", year=str(now().year + 1)) == words
    with database.work(readonly=True, unscoped=1) as db:
        task = db.scalars(select(Task).where(Task.title == "Write to the school")).one()
    assert shut(client, f"/tasks/{task.ref}/do/assign", "assignee", inv.user_id) == words
    with database.work(readonly=True, unscoped=1) as db:
        assert db.get_one(Case, world.case.id).lead_officer_id is None
        assert not db.scalars(select(Grant).where(
            Grant.principal_id == inv.identity.user_id, Grant.ended_at.is_(None))).all()
        assert db.get_one(Task, task.id).assignee_id is None


def test_who_has_a_conflict_in_one_case_is_given_another(database, world):
    with database.work(unscoped=1) as db:
        one = db.get_one(Case, world.case.id)
        another = service.open_case(db, world.who("psu"), title="Another", lead_agency_id=world.who("psu").agency_id,
                                    conduct=["grooming"], province="12")
        service.recuse(db, None, world.who("inv").user_id, one)
        for case, refused in ((one, True), (another, False)):
            assert recusal.is_recused(db, world.who("inv").user_id, case) is refused
        service.assign(db, world.who("psu"), another, role="INV", agency_id=world.who("inv").agency_id,
                       user_id=world.who("inv").user_id)
        with pytest.raises(Refused):
            service.assign(db, world.who("psu"), one, role="INV", agency_id=world.who("inv").agency_id,
                           user_id=world.who("inv").user_id)


def test_a_colleague_with_a_conflict_does_not_get_the_case_for_a_leave(database, world):
    psu, inv, far = world.who("psu"), world.who("inv"), world.who("inv2")
    with database.work(unscoped=1) as db:
        service.recuse(db, None, far.user_id, db.get_one(Case, world.case.id))
        leave = Delegation(agency_id=inv.agency_id, role="INV", from_id=inv.user_id, to_id=far.user_id,
                           starts_at=now() - dt.timedelta(hours=1), until=now() + dt.timedelta(days=3),
                           reason="A leave (fictional)", created_by_id=inv.user_id)
        db.add(leave)
        db.flush()
        delegation.decide(db, psu, leave, True)
        assert delegation.given_under(db, leave) == []
        with_him = db.scalars(select(Grant).where(Grant.principal_id == inv.user_id, Grant.ended_at.is_(None))).all()
        assert with_him, "there is something that could have been given"
        service.end_recusal(db, psu, db.scalars(select(Recusal)).one(), "It was another person of the same name")
        delegation.follow(db, leave, now())
        assert len(delegation.given_under(db, leave)) == len(with_him)


def test_what_is_shut_is_nobodys_load(app, database, world):
    """A task got into a case with a conflict later, by its report."""
    with database.work(unscoped=1) as db:
        case = db.get_one(Case, world.case.id)
        service.recuse(db, None, world.who("inv").user_id, case)
        before = len(db.scalars(select(Task).where(Task.assignee_id == world.who("inv").user_id)).all())
        task = tasks.add_free(db, world.who("psu"), case, "Write to the school", now(), world.who("inv").user_id)
    page = world.browser(app, "psu").get("/tasks?which=team")
    row = next(tr for tr in page.html.select("tr") if world.who("inv").name in tr.text)
    assert row.select_one("td").text == str(before)
    with database.work(unscoped=1) as db:
        report, task = db.scalars(select(Referral)).first(), db.get_one(Task, task.id)
        report.case_id = world.case.id
        task.case_id, task.record_type, task.record_id = None, "referral", report.id
    page = world.browser(app, "psu").get("/tasks?which=team")
    row = next(tr for tr in page.html.select("tr") if world.who("inv").name in tr.text)
    assert row.select_one("td").text == str(before)


def test_what_somebody_does_at_another_agency_is_not_told_here(app, database, world):
    """One person may work at two agencies: each sees the load that is its own."""
    inv, here, there = world.who("inv"), world.who("psu").agency_id, world.who("sw").agency_id

    def told() -> str:
        page = world.browser(app, "psu").get("/tasks?which=team")
        return next(tr for tr in page.html.select("tr") if inv.name in tr.text).select_one("td").text

    before = int(told())
    with database.work(unscoped=1) as db:
        case = db.get_one(Case, world.case.id)
        tasks.add_free(db, None, case, "Call the shelter", now(), inv.user_id, queue=(there, "SW"))
        tasks.add_free(db, None, case, "Call the school", now(), inv.user_id, queue=(here, "INV"))
    assert int(told()) == before + 1


def test_what_they_hold_is_taken_over_by_a_colleague(app, database, world):
    """The button stands there only when the holder is shut out, and only for who may take the item."""
    path, words = f"/cases/{world.case.ref}/evidence/{world.item.ref}", "Take over from its holder"
    assign(database, world, "inv2")
    colleague = world.browser(app, "inv2")
    assert words not in colleague.get(path).text
    declare(world.browser(app, "inv"), world.case.ref)
    for name in ("psu", "for", "pro"):
        assert words not in world.browser(app, name).get(path, expect_errors=True).text
    form = colleague.get(path).click(words).forms["form"]
    form["location"] = "Room 3"
    assert form.submit("save", expect_errors=True).status_int == 422, "without a receipt on paper"
    form["receipt"] = "Paper 4 of 2 March"
    form.submit("save", status=303)
    page = colleague.get(path)
    assert words not in page.text
    assert world.who("inv2").name in page.text
    chain = colleague.get(f"{path}/custody")
    assert "Paper 4 of 2 March" in chain.text
    assert "Gap" not in chain.text

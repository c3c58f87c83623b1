"""Access to one record with its end, and delegation for a leave."""

import datetime as dt

import pytest
from sqlalchemy import select

from casework.authz.models import Grant
from casework.cases import jobs, service
from casework.cases.models import Case
from casework.db.base import now
from casework.exceptions import delegation
from casework.exceptions.models import Delegation
from casework.web.i18n import local_time
from casework.workflow.engine import NotAllowed, Refused

from .conftest import assign, set_day


def today() -> dt.date:
    return local_time(now()).date()


def give(app, world, to: str, last: dt.date):
    form = world.browser(app, "psu").get(f"/cases/{world.case.ref}/grants").click("Give access").forms["form"]
    form["person"], form["reason"] = str(world.people[to].membership_id), "Reads the chats in another language"
    set_day(form, 0, last)
    return form.submit("save", expect_errors=True)


def test_one_record_opens_to_one_person_until_a_day(app, database, world):
    client, path = world.browser(app, "far"), f"/cases/{world.case.ref}"
    client.get(path, status=404)
    assert give(app, world, "far", today() + dt.timedelta(days=61)).status_int == 422
    assert give(app, world, "far", today() - dt.timedelta(days=1)).status_int == 422
    assert give(app, world, "far", today() + dt.timedelta(days=3)).status_int == 303
    client.get(path, status=200)
    assert "Reads the chats" in world.browser(app, "psu").get(f"{path}/grants").text
    assert give(app, world, "far", today()).status_int == 422, "access is there already"
    with database.work(unscoped=1) as db:
        given = db.scalars(select(Grant).where(Grant.principal_id == world.who("far").user_id)).one()
        assert given.until - now() < dt.timedelta(days=4)
        given.until = now() - dt.timedelta(seconds=1)
    client.get(path, status=404)
    assert "far" not in world.browser(app, "inv").get(f"{path}/team").text


def test_it_is_withdrawn_at_once_and_kept(app, database, world):
    give(app, world, "far", today())
    client, path = world.browser(app, "far"), f"/cases/{world.case.ref}"
    client.get(path, status=200)
    form = world.browser(app, "psu").get(f"{path}/grants").click("Withdraw").forms["form"]
    form["reason"] = "The translation is done"
    form.submit("save", status=303)
    client.get(path, status=404)
    page = world.browser(app, "psu").get(f"{path}/grants").text
    assert "The translation is done" in page
    with database.work(readonly=True, unscoped=1) as db:
        kept = db.scalars(select(Grant).where(Grant.principal_id == world.who("far").user_id)).one()
        assert kept.ended_by_id == world.who("psu").user_id


def test_only_who_approves_the_record_gives_access(app, database, world):
    for name in ("inv", "for", "sw", "sws", "pro", "farsup", "aud", "adm"):
        for tail in ("", "/new"):
            world.browser(app, name).get(f"/cases/{world.case.ref}/grants{tail}", status="4*")


def test_an_assignment_is_not_withdrawn_on_this_page(app, database, world):
    with database.work(readonly=True, unscoped=1) as db:
        lead = db.scalars(select(Grant).where(Grant.principal_id == world.who("inv").user_id)).one()
    world.browser(app, "psu").get(f"/cases/{world.case.ref}/grants/{lead.id}/withdraw", status=404)


# ---- leave

def leave(app, world, days: int = 5, to: str = "inv2", start: int = 0):
    form = world.browser(app, "inv").get("/delegations").click("Delegate for a leave").forms["form"]
    form["to"], form["reason"] = str(world.who(to).user_id), "Parental leave"
    set_day(form, 0, today() + dt.timedelta(days=start))
    set_day(form, 1, today() + dt.timedelta(days=start + days))
    return form.submit("save", expect_errors=True)


def decide(app, world, name: str, answer: str = "Approve"):
    page = world.browser(app, name).get("/delegations")
    forms = [f for f in page.forms.values() if f.action.endswith(f"/{answer.lower()}")]
    return forms[0].submit() if forms else None


def test_a_leave_hands_over_when_the_supervisor_agrees_and_ends_by_itself(app, database, world):
    client, path = world.browser(app, "inv2"), f"/cases/{world.case.ref}"
    assert leave(app, world).status_int == 303
    client.get(path, status=404)
    assert "Delegations to decide" in world.browser(app, "psu").get("/").text
    assert decide(app, world, "inv") is None, "not one's own"
    assert decide(app, world, "inv2") is None
    assert decide(app, world, "farsup") is None
    assert decide(app, world, "psu").status_int == 303
    client.get(path, status=200)
    assert "For a leave" in world.browser(app, "psu").get(f"{path}/grants").text
    with database.work(unscoped=1) as db:
        made = db.scalars(select(Grant).where(Grant.delegation_id.is_not(None))).one()
        one = db.scalars(select(Delegation)).one()
        assert made.until == one.until
        made.until = one.until = now() - dt.timedelta(seconds=1)
    client.get(path, status=404)


def test_a_refused_leave_gives_nothing(app, database, world):
    leave(app, world)
    decide(app, world, "psu", "Refuse")
    world.browser(app, "inv2").get(f"/cases/{world.case.ref}", status=404)
    with database.work(readonly=True, unscoped=1) as db:
        assert db.scalars(select(Grant).where(Grant.delegation_id.is_not(None))).all() == []


def test_a_leave_is_at_most_sixty_days_and_for_one_of_the_same_office_and_role(app, database, world):
    assert leave(app, world, days=61).status_int == 422
    assert leave(app, world, start=-1).status_int == 422
    assert leave(app, world).status_int == 303
    assert leave(app, world, start=2).status_int == 422, "there is one for these days"
    with database.work(identity=world.who("inv")) as db:
        for name in ("far", "psu", "for", "inv"):
            with pytest.raises(Refused):
                delegation.propose(db, world.who("inv"), to_id=world.who(name).user_id, first=today(), last=today(),
                                   reason="Not the same work")
    with database.work(identity=world.who("prv")) as db, pytest.raises(NotAllowed):
        delegation.propose(db, world.who("prv"), to_id=world.who("far").user_id, first=today(), last=today(),
                           reason="Nobody supervises")


def test_an_early_end_takes_back_what_was_given_and_no_more(app, database, world):
    leave(app, world)
    decide(app, world, "psu")
    client, path = world.browser(app, "inv2"), f"/cases/{world.case.ref}"
    client.get(path, status=200)
    form = client.get("/delegations").click("End it").forms["form"]
    form["reason"] = "Back from leave earlier"
    form.submit("save", status=303)
    client.get(path, status=404)
    world.browser(app, "inv").get(path, status=200)


def test_a_leave_that_begins_later_begins_by_itself_and_follows_what_is_assigned(app, database, world):
    leave(app, world, start=2)
    decide(app, world, "psu")
    client, path = world.browser(app, "inv2"), f"/cases/{world.case.ref}"
    client.get(path, status=404)
    psu, inv = world.who("psu"), world.who("inv")
    with database.work(identity=psu) as db:
        later = service.open_case(db, psu, title="Reed", lead_agency_id=inv.agency_id, lead_officer_id=inv.user_id,
                                  province="12")
    jobs.run_due(app.registry)
    client.get(path, status=404)
    with database.work(unscoped=1) as db:
        db.scalars(select(Delegation)).one().starts_at = now() - dt.timedelta(hours=1)
    jobs.run_due(app.registry)
    client.get(path, status=200)
    client.get(f"/cases/{later.ref}", status=200)
    with database.work(unscoped=1) as db:
        lost = db.scalars(select(Grant).where(
            Grant.principal_id == inv.user_id, Grant.subject_id == later.id)).one()
        service.unassign(db, None, lost)
    jobs.run_due(app.registry)
    client.get(f"/cases/{later.ref}", status=404)
    client.get(path, status=200)


def test_what_the_colleague_had_before_stays_after_the_leave(app, database, world):
    assign(database, world, "inv2")
    leave(app, world)
    decide(app, world, "psu")
    with database.work(identity=world.who("inv2")) as db:
        delegation.end(db, world.who("inv2"), db.scalars(select(Delegation)).one(), "Back from leave")
    world.browser(app, "inv2").get(f"/cases/{world.case.ref}", status=200)


def test_a_conflict_of_interest_is_not_delegated_away(app, database, world):
    with database.work(unscoped=1) as db:
        service.recuse(db, None, world.who("inv2").user_id, db.get_one(Case, world.case.id))
    leave(app, world)
    decide(app, world, "psu")
    world.browser(app, "inv2").get(f"/cases/{world.case.ref}", status=404)

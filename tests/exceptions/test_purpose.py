"""A purpose is asked outside the ordinary line of work, and nothing within it; it stands in the log."""

import json

from sqlalchemy import select

from casework.audit.models import AuditEntry
from casework.cases.models import Case
from casework.exceptions.models import StatedPurpose
from casework.exceptions.purpose import outside
from tests.support.searching import search


def views(database, world, name: str) -> list[dict]:
    with database.work(readonly=True, unscoped=1) as db:
        bodies = db.scalars(select(AuditEntry.body).where(
            AuditEntry.verb == "view", AuditEntry.record_id == world.case.id,
            AuditEntry.actor_id == world.who(name).user_id).order_by(AuditEntry.seq))
        return [json.loads(body) for body in bodies]


def ours(database, world) -> None:
    """The case came from the hotline's report: it sees that the case exists, and is not of the police."""
    with database.work(unscoped=1) as db:
        db.get_one(Case, world.case.id).referral_agency_id = world.who("hot").agency_id


def test_a_hit_of_another_office_asks_and_the_purpose_is_on_the_entry(app, database, world):
    ours(database, world)
    client = world.browser(app, "hot")
    page = search(client, world.case.ref).click(world.case.ref).follow()
    form = page.forms["form"]
    form["purpose"], form["explanation"] = "feedback", "no"
    form.submit("save", status=422)
    form["explanation"] = "The family asks what became of it"
    opened = form.submit("save", status=303).follow()
    assert world.case.ref in opened.text
    entry = views(database, world, "hot")[-1]
    assert entry["purpose"] == "feedback"
    assert entry["explanation"] == "The family asks what became of it"
    assert search(client, world.case.ref).click(world.case.ref).location.endswith(f"/cases/{world.case.ref}"), "once"
    again = world.browser(app, "hot")
    assert "/purpose/" in search(again, world.case.ref).click(world.case.ref).location, "each session anew"
    with database.work(readonly=True, unscoped=1) as db:
        stated = db.scalars(select(StatedPurpose)).one()
        verbs = db.scalars(select(AuditEntry.verb).where(AuditEntry.record_id == stated.id)).all()
    assert verbs == ["state_purpose"]


def test_the_ordinary_line_of_work_asks_nothing(app, database, world):
    for name in ("inv", "psu", "for"):
        client = world.browser(app, name)
        answer = search(client, world.case.ref).click(world.case.ref)
        assert answer.location.endswith(f"/cases/{world.case.ref}"), name
        answer.follow()
        assert "purpose" not in views(database, world, name)[-1]


def test_the_page_of_a_purpose_tells_nothing_of_what_may_not_be_seen(app, database, world):
    world.browser(app, "far").get(f"/purpose/{world.case.ref}", status=404)
    world.browser(app, "far").get("/purpose/C26-000001-X", status=404)


def test_what_is_ordinary_is_read_off_the_rule():
    for rule in ("case.core INV MRW a", "case.core PSU MRWA g", "note HOT MRW u", "victim.place INV MR x",
                 "case.core PRO MR a,s1"):
        assert not outside(rule)
    for rule in ("case.core HOT M own", "plan.action INV MR", None):
        assert outside(rule)


def test_a_handout_asks_for_a_purpose_and_keeps_it(app, database, world):
    client = world.browser(app, "psu")
    form = client.get(f"/cases/{world.case.ref}/history/file").forms["form"]
    form["form"] = "csv"
    form.submit("save", status=422)
    form["purpose"], form["explanation"] = "court", "Request 12 of the court (fictional)"
    assert form.submit("save").content_type == "text/csv"
    with database.work(readonly=True, unscoped=1) as db:
        body = db.scalars(select(AuditEntry.body).where(AuditEntry.verb == "export")).one()
    assert json.loads(body)["purpose"] == "court"

"""Therapeutic notes stay with their author; a court's order yields one sealed copy."""

import datetime as dt

import pytest
from sqlalchemy import select

from casework.audit.models import AuditEntry
from casework.authz.models import BreakGlass
from casework.db.base import now
from casework.therapy import views
from casework.therapy.models import DisclosureOrder, TherapeuticNote
from casework.web.i18n import local_time
from casework.workflow.engine import NotAllowed, apply

from .conftest import ask, set_day

SAID = "Sleeps again since the move (fictional)"


def today() -> dt.date:
    return local_time(now()).date()


def write(client, support, agrees: bool = False) -> str:
    form = client.get(f"/support/{support.ref}").click("Therapeutic notes").click("New").forms["form"]
    set_day(form, 0, today())
    form["text"], form["child_agrees"] = SAID, agrees
    return form.submit("save", status=303).location


def order(client, support, until: dt.date | None = None, status: int = 303):
    form = client.get(f"/support/{support.ref}").click("Disclosure orders").click("New").forms["form"]
    form["court"], form["document"] = "Court of first instance (fictional)", "17/2026"
    form["reason"] = "The judge asks for the notes (fictional)"
    set_day(form, 0, today())
    set_day(form, 1, until or today() + dt.timedelta(days=10))
    return form.submit("save", status=status)


def approve(client, path: str, status: int = 303):
    form = client.get(f"{path}/do/approve_disclosure").forms["form"]
    set_day(form, 0, today())
    form["informed_how"] = "By the social worker, in the child's words (fictional)"
    form["reason"] = "The document is genuine and the child was told"
    return form.submit("save", status=status)


def test_a_note_is_read_by_its_author_alone(app, database, world, support):
    path = write(world.browser(app, "prv"), support)
    assert SAID in world.browser(app, "prv").get(path).text
    for name in ("sw", "sws", "inv", "psu", "pro", "clk", "aud", "hot", "for", "far"):
        client = world.browser(app, name)
        for tail in ("", "/history", "/edit"):
            assert SAID not in client.get(f"{path}{tail}", status="4*").text
        page = client.get(f"/support/{support.ref}/therapy", expect_errors=True)
        assert path.rsplit("/", 1)[-1] not in page.text
        if name != "aud":  # whose first screen shows the refusals above, by reference
            assert path.rsplit("/", 1)[-1] not in client.get("/").text
        client.get(f"/go/{path.rsplit('/', 1)[-1]}", status=404)


def test_the_supervisor_reads_it_when_the_child_agrees(app, database, world, support):
    sws = world.browser(app, "sws")
    path, closed = write(world.browser(app, "sw"), support, agrees=True), write(world.browser(app, "sw"), support)
    assert SAID in sws.get(path).text
    sws.get(closed, status=404)
    sws.get(f"{path}/edit", status="4*")


def test_an_emergency_opens_it_to_the_supervisor_of_the_office_and_never_to_police(app, database, world, support):
    path = write(world.browser(app, "sw"), support)
    sws = world.browser(app, "sws")
    assert SAID in ask(sws, support.ref).follow().text
    assert SAID in sws.get(path).text
    for name in ("inv", "psu", "pro", "far"):
        client = world.browser(app, name)
        for ref in (support.ref, world.child.ref, path.rsplit("/", 1)[-1]):
            assert SAID not in ask(client, ref).follow().text
        client.get(path, status="4*")
    with database.work(readonly=True, unscoped=1) as db:
        for one in db.scalars(select(BreakGlass).where(BreakGlass.asked_ref == support.ref)):
            assert one.owner_role == "SWS", "the support of a child has its own supervisor"
            assert one.case_id is None


def test_one_sealed_copy_and_no_second(app, database, world, support, monkeypatch):
    made = []
    monkeypatch.setattr(views, "pdf_of", lambda request, template, names: made.append(names) or b"%PDF-1.7 sealed")
    prv = world.browser(app, "prv")
    write(prv, support)
    write(world.browser(app, "sw"), support)
    path = order(prv, support).location
    assert "do/approve" not in prv.get(path).text
    prv.get(f"{path}/copy", status=200)
    prv.post(f"{path}/copy", {"csrf_token": token(prv)}, status=422)
    approve(world.browser(app, "sws"), path)
    world.browser(app, "sw").get(f"{path}/copy", status=403)
    world.browser(app, "sws").get(f"{path}/copy", status=403)
    page = prv.get(path).click("Make the one sealed copy")
    answer = next(f for f in page.forms.values() if f.action.endswith("/copy")).submit()
    assert answer.content_type == "application/pdf"
    assert len(made[-1]["notes"]) == 1, "the author's own, not the colleague's"
    assert "Make the one sealed copy" not in prv.get(path).text
    prv.post(f"{path}/copy", {"csrf_token": token(prv)}, status=422)
    with database.work(readonly=True, unscoped=1) as db:
        done = db.scalars(select(DisclosureOrder)).one()
        assert (done.state, done.notes) == ("copied", 1)
        exported = db.scalars(select(AuditEntry).where(AuditEntry.verb == "export")).one()
    assert done.sha256 in exported.body


def token(client) -> str:
    return client.get("/account").html.find("input", {"name": "csrf_token"})["value"]


def test_nobody_approves_their_own_order_and_police_learn_nothing(app, database, world, support):
    sw = world.browser(app, "sw")
    write(sw, support)
    path = order(sw, support).location
    sw.get(f"{path}/do/approve_disclosure", status=403)
    with database.work(identity=world.who("sws")) as db:
        one = db.scalars(select(DisclosureOrder)).one()
        one.created_by_id = world.who("sws").user_id
        with pytest.raises(NotAllowed, match="own work"):
            apply(db, world.who("sws"), one, "approve_disclosure", {})
        db.expire(one)
    for name in ("inv", "psu", "pro", "clk", "aud", "hot"):
        client = world.browser(app, name)
        client.get(path, status="4*")
        client.get(f"/support/{support.ref}/disclosures", status="4*")


def test_an_order_needs_notes_and_ends_with_its_last_day(app, database, world, support):
    sw = world.browser(app, "sw")
    order(sw, support, status=422)
    write(sw, support)
    path = order(sw, support).location
    with database.work(unscoped=1) as db:
        db.scalars(select(DisclosureOrder)).one().until = today() - dt.timedelta(days=1)
    approve(world.browser(app, "sws"), path, status=422)


def test_a_real_copy_is_a_pdf(app, database, world, support):
    sw = world.browser(app, "sw")
    write(sw, support)
    path = order(sw, support).location
    approve(world.browser(app, "sws"), path)
    answer = sw.post(f"{path}/copy", {"csrf_token": token(sw)})
    assert answer.body.startswith(b"%PDF")


def test_what_was_said_is_sealed(database, app, world, support):
    write(world.browser(app, "sw"), support)
    with database.work(readonly=True, unscoped=1) as db:
        kept = db.scalars(select(TherapeuticNote)).one()
        assert SAID.encode() not in kept.text_sealed
        bodies = db.scalars(select(AuditEntry.body)).all()
    assert not any(SAID in body for body in bodies)

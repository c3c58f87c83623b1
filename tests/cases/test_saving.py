"""Saving: both versions at a conflict, twice without harm, drafts that survive, and what a forged form cannot do."""

import datetime as dt
import re

import pytest
from sqlalchemy import func, select

from casework.accounts import sessions
from casework.authz.models import Grant
from casework.authz.scope import unscoped
from casework.cases import service
from casework.cases.models import Case, Note
from casework.db.base import now
from casework.db.refs import format_ref
from tests.support.people import press, sign_in

pytestmark = pytest.mark.one_engine


def fields(form) -> dict:
    return {name: form[name].value for name in form.fields if name}


def unmasked(page: str) -> str:
    """A page without the mask of its token, which is new each time."""
    return re.sub(r'name="csrf_token" value="[^"]*"', "", page)


def saved(database, case) -> Case:
    with database.work() as db, unscoped(db, "a test looks at what is saved"):
        return db.get_one(Case, case.id)


def test_a_stale_form_shows_both_versions_and_saves_nothing(client, database, people, case):
    sign_in(client, people["inv"])
    form = client.get(f"/cases/{case.ref}/edit").forms["form"]
    with database.work(identity=people["inv"].identity) as db:
        db.get_one(Case, case.id).title = "Water lily"
    form["title"] = "Blue lotus"
    answer = form.submit("save", status=409)
    assert "Water lily" in answer.text
    assert "Blue lotus" in answer.text
    assert saved(database, case).title == "Water lily"
    again = answer.forms["form"]
    assert again["title"].value == "Blue lotus"
    again.submit("save", status=303)
    assert saved(database, case).title == "Blue lotus"


def test_sending_a_form_twice_makes_one_record(client, database, people, case):
    sign_in(client, people["inv"])
    form = client.get(f"/cases/{case.ref}/notes/new").forms["form"]
    form["kind"] = "general"
    form["text"] = "The school was called."
    first = form.submit("save", status=303)
    second = form.submit("save", status=303)
    assert first.location == second.location
    with database.work(identity=people["inv"].identity) as db:
        assert db.execute(select(func.count(Note.id))).scalar() == 1


def test_a_draft_comes_back_and_can_be_thrown_away(client, people, case):
    sign_in(client, people["inv"])
    page = client.get(f"/cases/{case.ref}/notes/new")
    token = page.forms["form"]["csrf_token"].value
    sent = {**fields(page.forms["form"]), "text": "Half a sentence", "form_path": f"/cases/{case.ref}/notes/new"}
    client.post("/draft", sent, status=200)
    page = client.get(f"/cases/{case.ref}/notes/new")
    assert page.forms["form"]["text"].value == "Half a sentence"
    client.post("/draft/discard", {"form_path": f"/cases/{case.ref}/notes/new", "csrf_token": token}, status=303)
    assert client.get(f"/cases/{case.ref}/notes/new").forms["form"]["text"].value == ""


def test_a_draft_is_nobody_elses(client, people, case, database):
    with database.work(identity=people["psu"].identity) as db:
        service.assign(db, None, db.get_one(Case, case.id), role="INV", agency_id=people["inv2"].agency_id,
                       user_id=people["inv2"].user_id)
    sign_in(client, people["inv"])
    page = client.get(f"/cases/{case.ref}/notes/new")
    client.post("/draft", {**fields(page.forms["form"]), "text": "Mine", "form_path": f"/cases/{case.ref}/notes/new"})
    client.reset()
    sign_in(client, people["inv2"])
    assert client.get(f"/cases/{case.ref}/notes/new").forms["form"]["text"].value == ""


def test_a_draft_of_an_old_version_says_what_is_saved_now(client, database, people, case):
    sign_in(client, people["inv"])
    page = client.get(f"/cases/{case.ref}/plan")
    client.post("/draft", {**fields(page.forms["form"]), "plan": "My old plan of the enquiry",
                           "form_path": f"/cases/{case.ref}/plan"})
    with database.work(identity=people["inv"].identity) as db:
        db.get_one(Case, case.id).plan = "A newer plan by a colleague"
    page = client.get(f"/cases/{case.ref}/plan")
    assert "My old plan of the enquiry" in page.text
    assert "A newer plan by a colleague" in page.text


OWN = {"Origin": "http://localhost"}


def typed_note(client, case, text="Half a sentence"):
    """The form of a new note, filled in and not sent."""
    form = client.get(f"/cases/{case.ref}/notes/new").forms["form"]
    form["kind"], form["text"] = "general", text
    return form


def after(app, minutes: int) -> None:
    """Move the clock of the sessions."""
    clock = app.registry.get("clock", now)
    app.registry["clock"] = lambda: clock() + dt.timedelta(minutes=minutes)


def test_a_form_with_an_old_token_becomes_a_draft(client, people, case):
    sign_in(client, people["inv"])
    form = typed_note(client, case)
    client.reset()
    sign_in(client, people["inv"])
    answer = form.submit("save", headers=OWN, status=400)
    assert "kept as a draft" in answer.text
    assert client.get(f"/cases/{case.ref}/notes/new").forms["form"]["text"].value == "Half a sentence"


def test_a_form_of_a_session_that_ran_out_of_time_is_there_after_signing_in(client, app, people, case):
    sign_in(client, people["inv"])
    form = typed_note(client, case)
    after(app, 31)
    answer = form.submit("save", headers=OWN, status=401)
    assert "kept as a draft" in answer.text
    back = f"/cases/{case.ref}/notes/new"
    assert answer.html.find("a", href=f"/sign-in?back={back}") is not None
    client.reset()
    page = sign_in(client, people["inv"], back=back)
    assert page.forms["form"]["text"].value == "Half a sentence"
    page.forms["form"].submit("save", status=303)
    assert client.get(back).forms["form"]["text"].value == "", "what was sent is no draft any more"


def test_a_draft_sent_by_the_script_after_the_end_is_kept_for_its_form(client, app, people, case):
    sign_in(client, people["inv"])
    back = f"/cases/{case.ref}/notes/new"
    sent = {**fields(typed_note(client, case)), "form_path": back}
    after(app, 31)
    client.post("/draft", sent, headers=OWN, status=401)
    client.reset()
    assert sign_in(client, people["inv"], back=back).forms["form"]["text"].value == "Half a sentence"


@pytest.mark.parametrize("way", ["signed out", "revoked", "foreign page", "no form of drafts", "another person"])
def test_nothing_is_kept_that_nobody_asked_for(client, app, database, people, case, way):
    sign_in(client, people["inv"])
    form, headers = typed_note(client, case), OWN
    if way == "signed out":
        press(client, "/sign-out")
    elif way == "revoked":
        with database.work() as db:
            sessions.end_all(db, people["inv"].user_id, "revoked", now())
    elif way == "foreign page":
        headers = {"Origin": "http://evil.example"}
    elif way == "no form of drafts":
        form["csrf_token"], form["draft"] = "x", ""
    else:
        after(app, 31)
        form.submit("save", headers=OWN, status=401)
    answer = form.submit("save", headers=headers, status="*")
    assert answer.status_int in (400, 401)
    assert ("kept as a draft" in answer.text) is (way == "another person")
    client.reset()
    reader = people["inv"]
    if way == "another person":
        reader = people["inv2"]
        with database.work(identity=people["psu"].identity) as db:
            service.assign(db, None, db.get_one(Case, case.id), role="INV", agency_id=reader.agency_id,
                           user_id=reader.user_id)
    page = sign_in(client, reader, back=f"/cases/{case.ref}/notes/new")
    assert page.forms["form"]["text"].value == ""


def test_a_transition_form_of_yesterday_does_nothing(client, database, people, case):
    sign_in(client, people["inv"])
    form = client.get(f"/cases/{case.ref}/do/propose_void").forms["form"]
    with database.work(identity=people["inv"].identity) as db:
        db.get_one(Case, case.id).title = "Water lily"
    form["reason_code"] = "duplicate"
    form["reason"] = "The same case was entered twice"
    form.submit("save", status=409)


def test_forged_transitions_are_refused(client, people, case):
    sign_in(client, people["inv"])
    for event, status in (("submit", 403), ("close", 403), ("charge_entered", 404), ("order_further_enquiry", 404),
                          ("nothing", 404)):
        client.get(f"/cases/{case.ref}/do/{event}", status=status)


def test_a_guard_tells_at_the_form_what_is_missing(client, people, case):
    sign_in(client, people["inv"])
    form = client.get(f"/cases/{case.ref}/do/start_enquiry").forms["form"]
    form["plan"] = "Ask the provider, then visit"
    form["no_conflict"] = True
    answer = form.submit("save", status=422)
    assert "at least one task" in answer.text
    assert answer.forms["form"]["plan"].value == "Ask the provider, then visit"


def test_an_id_of_another_case_in_a_hidden_field_finds_nothing(client, database, people, case):
    with database.work(identity=people["psu"].identity) as db:
        other = service.open_case(db, people["psu"].identity, title="Other", lead_agency_id=people["inv"].agency_id,
                                  lead_officer_id=people["inv2"].user_id, province="12")
    with database.work() as db:
        foreign = db.scalars(select(Grant).where(Grant.subject_id == other.id)).one()
        mine = db.scalars(select(Grant).where(Grant.subject_id == case.id)).one()
    sign_in(client, people["psu"])
    page = client.get(f"/cases/{case.ref}/team")
    form = next(f for f in page.forms.values() if f.action.endswith("/unassign"))
    token = form["csrf_token"].value
    for grant in (foreign.id, "nonsense", ""):
        client.post(f"/cases/{case.ref}/team/unassign", {"grant": str(grant), "csrf_token": token}, status=404)
    with database.work() as db:
        assert db.get_one(Grant, foreign.id).ended_at is None
    client.post(f"/cases/{case.ref}/team/unassign", {"grant": str(mine.id), "csrf_token": token}, status=303)
    with database.work() as db:
        assert db.get_one(Grant, mine.id).ended_at is not None


def test_an_officer_of_another_unit_cannot_be_named(client, database, people, case):
    sign_in(client, people["psu"])
    form = client.get(f"/cases/{case.ref}/team/assign").forms["form"]
    form["assignee"].force_value(str(people["pro"].membership_id))
    form["part"] = "member"
    assert form.submit("save", status=422)


@pytest.mark.parametrize("who", ["inv2", "sw", "pro", "adm"])
def test_strangers_learn_nothing(client, people, case, who):
    sign_in(client, people[who])
    nothing = format_ref("C", 26, "000000")
    for page in ("", "/tasks", "/team", "/check", "/timeline", "/edit", "/do/start_enquiry"):
        there = client.get(f"/cases/{case.ref}{page}", expect_errors=True)
        absent = client.get(f"/cases/{nothing}{page}", expect_errors=True)
        assert there.status_int in (403, 404)
        assert there.status_int == absent.status_int
        assert unmasked(there.text.replace(case.ref, "")) == unmasked(absent.text.replace(nothing, ""))
    assert case.ref not in client.get("/").text


def test_the_supervisor_may_not_write_the_plan(client, people, case):
    sign_in(client, people["psu"])
    client.get(f"/cases/{case.ref}/plan", status=403)
    client.get(f"/cases/{case.ref}/check/3", status=403)


def test_a_conflict_shuts_the_case_for_good(client, people, case):
    sign_in(client, people["inv"])
    form = client.get(f"/cases/{case.ref}/conflict").forms["form"]
    form["reason"] = "My cousin is named in it"
    form.submit("save", status=303)
    client.get(f"/cases/{case.ref}", status=404)
    assert case.ref not in client.get("/cases").text
    assert case.ref not in client.get("/").text

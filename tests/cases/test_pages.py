"""The pages of cases through the whole application."""

import pytest

from casework.cases import service, tasks
from casework.cases.models import Case
from tests.cases.test_flow import START, safety_plan
from tests.evidence.forms import form_of
from tests.support.people import sign_in

pytestmark = pytest.mark.one_engine

PAGES = ("", "/tasks", "/links", "/check", "/team", "/timeline", "/history", "/notes", "/offences", "/edit", "/plan",
         "/tasks/new", "/links/new", "/notes/new", "/offences/new", "/check/3", "/conflict", "/do/start_enquiry",
         "/do/prosecutor_notified", "/do/propose_void")


@pytest.mark.parametrize("locale", ["en", "km"])
def test_every_page_of_a_case_opens_for_its_lead(client, people, case, locale):
    sign_in(client, people["inv"])
    client.set_cookie("cw_lang", locale)
    for page in PAGES:
        answer = client.get(f"/cases/{case.ref}{page}")
        assert answer.status_int == 200, page
        assert case.ref in answer.text
    for page in ("/", "/tasks", "/cases", "/cases/new"):
        assert client.get(page).status_int == 200


def test_a_clock_is_extended_on_its_page(client, database, people, case):
    with database.work(identity=people["psu"].identity) as db:
        mine = db.get_one(Case, case.id)
        clock, fixed = tasks.start(db, "D-22", mine), tasks.start(db, "D-10b", mine)
    sign_in(client, people["inv"])
    assert "/do/extend" not in client.get(f"/tasks/{fixed.ref}").text
    at = f"/tasks/{clock.ref}"
    client.get(at).click(href=f"{at}/do/extend")
    form = form_of(client.get(f"{at}/do/extend"))
    form["extended_by"] = "PR 7/2026 (fictional)"
    form["reason"] = "short"
    form.submit("save", status=422)
    form["reason"] = "The provider asks for the form of its country"
    page = form.submit("save", status=303).follow()
    assert "PR 7/2026" in page.text
    assert "/do/extend" not in page.text, "once is as often as its rule allows"
    assert "The provider asks" in client.get(f"{at}/history").text
    client.reset()
    sign_in(client, people["pro"])
    client.get(f"{at}/do/extend", status=404)


def test_a_supervisor_refuses_an_intervention_with_a_reason(client, database, people, case):
    inv, at = people["inv"].identity, f"/cases/{case.ref}"
    with database.work(identity=inv) as db:
        mine = db.get_one(Case, case.id)
        tasks.add_free(db, inv, mine, "Write to the provider", None)
        service.move_case(db, inv, mine, "start_enquiry", START)
    sign_in(client, people["psu"])
    assert "_intervention" not in client.get(at).text, "nobody has asked for one"
    with database.work(identity=inv) as db:
        service.move_case(db, inv, db.get_one(Case, case.id), "plan_intervention", safety_plan())
    assert f"{at}/do/approve_intervention" in client.get(at).text
    form = form_of(client.get(f"{at}/do/refuse_intervention"))
    form["reason"] = "Nobody accompanies the child yet"
    page = form.submit("save", status=303).follow()
    assert "/do/refuse_intervention" not in page.text
    assert "Nobody accompanies" in page.text
    client.reset()
    sign_in(client, people["inv"])
    assert "The intervention was refused" in client.get("/").text
    client.get(f"{at}/do/refuse_intervention", status=403)

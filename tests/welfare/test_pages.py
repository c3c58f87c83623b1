"""The pages through the whole application: counted, stopped, struck out, opted out; what a supervisor sees."""

import pytest
from sqlalchemy import select
from webtest import TestApp

from casework.authz.scope import unscoped
from casework.cases import jobs
from casework.welfare.models import ExposureLog, WelfareCheck
from tests.support.people import press, quick, sign_in

pytestmark = pytest.mark.one_engine


@pytest.fixture
def browse(app, people):
    """A browser in which somebody is signed in."""
    quick(app)

    def make(name: str) -> TestApp:
        made = TestApp(app, extra_environ={"REMOTE_ADDR": "192.0.2.1"})
        sign_in(made, people[name])
        return made

    return make


def form_of(page, path):
    return next(form for form in page.forms.values() if form.action == path)


def add(client, minutes, case_ref="", status=303):
    form = form_of(client.get("/exposure/add"), "/exposure/add")
    form["activity"], form["band"], form["minutes"], form["case_ref"] = "label", "tens", str(minutes), case_ref
    return form.submit("save", status=status)


def entries(database):
    with database.work(readonly=True) as db, unscoped(db, "the test knows everything"):
        return db.scalars(select(ExposureLog)).all()


def test_minutes_are_counted_and_shown(browse, case):
    client = browse("inv")
    assert "You have counted nothing yet." in client.get("/exposure")
    page = add(client, 45, case.ref).follow()
    assert page.html.find("meter", id="today")["value"] == "45"
    assert "45 of 240 minutes" in page
    assert case.ref in page


def test_a_form_sent_twice_is_one_entry(browse, database):
    client = browse("exam")
    form = form_of(client.get("/exposure/add"), "/exposure/add")
    form["activity"], form["band"], form["minutes"] = "label", "tens", "45"
    assert form.submit("save").status_int == form.submit("save").status_int == 303
    assert len(entries(database)) == 1


@pytest.mark.parametrize(("minutes", "case_ref", "words"), [
    ("", "", "Give the minutes, or when it began and ended."), ("0", "", "Write a number of 1 or more."),
    ("9", "C26-482913-K", "You see no case with this reference."), ("9", "C26", "Write the reference as it is shown"),
])
def test_what_is_wrong_is_said(browse, database, minutes, case_ref, words):
    assert words in add(browse("exam"), minutes, case_ref, status=422)
    assert entries(database) == []


def test_a_case_that_one_does_not_see_is_no_case(browse, case):
    assert "You see no case with this reference." in add(browse("exam"), 9, case.ref, status=422)


def test_the_clock_without_script(browse, database):
    client = browse("exam")
    form = form_of(client.get("/exposure/start"), "/exposure/start")
    form["activity"], form["band"] = "view", "few"
    page = form.submit("save").follow()
    assert "Your clock runs" in page
    again = form_of(client.get("/exposure/start"), "/exposure/start")
    again["activity"], again["band"] = "view", "few"
    assert "Your clock runs already." in again.submit("save", status=422)
    for _time in range(2):
        assert press(client, "/exposure/stop").status_int == 303
    assert "Your clock runs" not in client.get("/exposure")
    assert [entry.running for entry in entries(database)] == [False]


def test_an_entry_is_struck_out_with_its_reason(browse, database):
    client = browse("exam")
    add(client, 45)
    (entry,) = entries(database)
    form = form_of(client.get(f"/exposure/{entry.ref}/void"), f"/exposure/{entry.ref}/void")
    form["reason"] = "Typed for the wrong day"
    page = form.submit("save").follow()
    assert page.html.find("meter", id="today")["value"] == "0"
    assert page.html.find("s", string="45") is not None
    assert "Typed for the wrong day" in client.get(f"/exposure/{entry.ref}")
    assert client.get(f"/exposure/{entry.ref}/history").status_int == 200


def test_a_clock_started_by_mistake_is_struck_out(browse, database):
    client = browse("exam")
    form = form_of(client.get("/exposure/start"), "/exposure/start")
    form["activity"], form["band"] = "view", "few"
    form.submit("save")
    (entry,) = entries(database)
    strike = form_of(client.get(f"/exposure/{entry.ref}/void"), f"/exposure/{entry.ref}/void")
    strike["reason"] = "Started by mistake"
    page = strike.submit("save").follow()
    assert "Your clock runs" not in page
    assert "None" not in page.html.find("main").text


def test_every_page_tells_the_person_and_nobody_else(browse):
    client = browse("exam")
    add(client, 119)
    assert "hours of exposure" not in client.get("/tasks")
    add(client, 1)
    for path in ("/", "/tasks", "/account"):
        assert "You have counted 2 hours of exposure today." in client.get(path), path
    add(client, 120)
    assert "for the rest of the day" in client.get("/tasks")
    assert "hours of exposure" not in browse("psu").get("/tasks")


def test_the_banner_is_in_khmer_too(browse):
    client = browse("exam")
    add(client, 120)
    client.set_cookie("cw_lang", "km")
    assert "អ្នកបានរាប់ការប៉ះពាល់ 2 ម៉ោងនៅថ្ងៃនេះ" in client.get("/tasks")


def test_a_supervisor_sees_counts_and_closes_the_check(browse, database, people, case):
    add(browse("inv"), 130, case.ref)
    (entry,) = entries(database)
    supervisor = browse("psu")
    page = supervisor.get("/exposure/staff")
    row = next(row for row in page.html.find("tbody").find_all("tr") if people["inv"].name in row.text)
    assert [cell.text for cell in row.find_all("td")][:4] == ["130", "0", "0", "130"]
    for hidden in (entry.ref, case.ref, "Labelling"):
        assert hidden not in page
    assert supervisor.get(f"/exposure/{entry.ref}", status=404)
    (check,) = _checks(database)
    home = supervisor.get("/")
    assert check.ref in home
    assert people["inv"].name in home
    told = supervisor.get(f"/go/{check.ref}").follow()
    assert people["inv"].name in told
    for hidden in ("130", case.ref, "day_warning"):
        assert hidden not in told.html.find("main").text
    assert check.ref in supervisor.get("/tasks")
    path = f"/welfare/{check.ref}/do/welfare_checked"
    assert form_of(supervisor.get(path), path).submit("save").status_int == 303
    assert _checks(database)[0].state == "done"


def _checks(database):
    with database.work(readonly=True) as db, unscoped(db, "the test knows everything"):
        return db.scalars(select(WelfareCheck)).all()


@pytest.mark.parametrize("name", ["exam", "inv", "alone"])
def test_staff_see_no_counts_of_others(browse, name):
    browse(name).get("/exposure/staff", status=403)


def test_overseers_see_shares_and_no_page(browse):
    client = browse("ovs")
    page = client.get("/")
    assert "Exposure of staff, thirteen weeks (I-39)" in page
    assert "Too few to show" in page
    client.get("/exposure", status=403)


def test_opting_out_takes_one_form_and_no_reason(browse, people):
    client = browse("exam")
    add(client, 130)
    form = form_of(client.get("/exposure/choices"), "/exposure/choices")
    form["unshared"] = form["apart"] = True
    assert "You keep your counts to yourself." in form.submit("save").follow()
    page = browse("psu").get("/exposure/staff")
    row = next(row for row in page.html.find("tbody").find_all("tr") if people["exam"].name in row.text)
    assert "Not shared" in row.text
    assert "130" not in row.text
    assert "Does no such work at present" in row.text


@pytest.mark.parametrize("name", ["exam", "alone", "inv", "psu", "sws"])
def test_the_meter_stands_on_the_first_screen(browse, name):
    assert "My exposure" in [heading.text for heading in browse(name).get("/").html.find_all("h2")]


def test_the_periodic_work_is_repeatable(app, browse, database):
    add(browse("exam"), 130)
    jobs.run_due(app.registry)
    jobs.run_due(app.registry)
    assert len(_checks(database)) == 1

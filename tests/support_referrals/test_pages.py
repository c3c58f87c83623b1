"""The pages of support through the whole application: the way of one child, and what each person is shown."""

import datetime as dt
import re

import pytest
from sqlalchemy import select
from webtest import Form, TestApp

from casework.db.base import now
from casework.support.models import SupportReferral, SupportSending
from schemas.support import DOMAINS
from tests.support.people import Person, make_person, quick, sign_in
from tests.support_referrals.desk import Desk

pytestmark = pytest.mark.one_engine
NAME = "Childfamily"


@pytest.fixture
def people(database, app, monkeypatch) -> dict[str, Person]:
    """Accounts by nickname, and `desk` with their identities."""
    quick(app)
    made: dict[str, Person] = {}

    def keep(db, role, agency, login):
        made[login.partition("@")[0]] = make_person(db, role, agency, login=login)
        return made[login.partition("@")[0]]

    monkeypatch.setattr("tests.support_referrals.desk.make_person", keep)
    made["desk"] = Desk.build(database)
    return made


@pytest.fixture
def desk(people) -> Desk:
    return people["desk"]


@pytest.fixture
def at(app, people):
    """`at("sw")`: a signed-in browser of somebody."""
    opened: dict[str, TestApp] = {}

    def browser(name: str) -> TestApp:
        if name not in opened:
            opened[name] = TestApp(app, extra_environ={"REMOTE_ADDR": "192.0.2.1"})
            sign_in(opened[name], people[name])
        return opened[name]

    return browser


def ref_of(desk: Desk, support, model=SupportReferral) -> str:
    with desk.database.work(readonly=True, unscoped=1) as db:
        return db.scalars(select(model).order_by(model.id.desc())).first().ref


def form_of(page) -> Form:
    """The page's form as a browser has it: what stands in a template for further rows is no part of it."""
    markup = page.html.find(id="form")
    for blank in markup.find_all("template"):
        blank.decompose()
    return Form(page, str(markup))


def fill(page, **values):
    form = form_of(page)
    for name, value in values.items():
        form[name] = value
    return form


def send(form, status=303):
    answer = form.submit(status="*")
    assert answer.status_int == status, answer.html.find("main").get_text(" ", strip=True)[:1500]
    return answer.follow() if status == 303 else answer


def _values(field) -> list[str]:
    """The codes of a group of radio buttons."""
    return [option[0] for option in getattr(field, "options", ())]


def dates(form, day: dt.date, which: slice = slice(None)):
    """Fill the boxes of some of the form's dates with one day."""
    for name, value in (("day", day.day), ("month", day.month), ("year", day.year)):
        for field in form.fields[name][which]:
            field.value = str(value)


@pytest.mark.parametrize("locale", ["en", "km"])
def test_every_page_opens(at, desk, locale):
    support = desk.in_service()
    desk.do("prv", support, "log_service", type="counselling", subtype="counselling_trauma",
            planned_from=dt.date(2026, 3, 2), status="implemented", outcome="Goes to school again")
    desk.do("sw", support, "record_follow_up", kind="call", done_at=now(), safe="yes", text="Sleeps well")
    ref, asked = ref_of(desk, support), ref_of(desk, support, SupportSending)
    for name in ("sw", "sws", "prv"):
        browser = at(name)
        browser.set_cookie("cw_lang", locale)
        for path in ("/", "/support", f"/support/{ref}", f"/support/{ref}/history", f"/support/{ref}/consents",
                     f"/support/{ref}/assessments", f"/support/{ref}/services", f"/support/{ref}/follow-ups",
                     f"/asked/{asked}"):
            assert browser.get(path).status_int == 200, (name, path)
    headings = [h.get_text() for h in at("sw").get(f"/support/{ref}").html.find_all("h2")]
    assert "Closure" not in headings, "nothing is closed yet"
    for event in ("consent", "assess", "withdraw_consent", "propose_void", "record_follow_up", "log_service"):
        assert at("sw").get(f"/support/{ref}/do/{event}").status_int == 200, event
    kinds = "consents|assessments|services|follow-ups"
    parts = re.findall(rf'href="(/support/[^"]+/(?:{kinds})/[^"]+)"', at("sw").get(f"/support/{ref}").text)
    assert {path.split("/")[3] for path in parts} == set(kinds.split("|"))
    for path in parts:
        assert at("sw").get(path).status_int == 200, path
        if "/consents/" in path:
            assert "thumbprint" in at("sw").get(f"{path}/sheet").text


def test_a_child_from_request_to_closure(at, desk, people, database):
    with database.work(readonly=True, unscoped=1) as db:
        case = desk.case_ref(db)
    # Police ask, and see only that they did.
    page = at("inv").get(f"/cases/{case}/support/new")
    form = fill(page, child=str(desk.child_id), urgency="high", reason_code="victim_identified",
                reason="A safe place to stay", safe_contact="Through the school, before noon",
                agency_id=str(people["sw"].agency_id))
    ref = re.search(r"S\d\d-\d{6}-[A-Z]", send(form).text).group()
    path = f"/support/{ref}"

    # Four clicks: the row, the step, the answer, save.
    start = at("sw").get("/")
    record = start.click(href=f"{path}$", index=0)
    form = record.click(href=f"{path}/do/first_contact").forms["form"]
    form["safe"] = "yes"
    page = send(form)
    assert NAME in page.text
    send(fill(at("sw").get(f"{path}/do/explain"), informed_how="With a picture card", language="khm"))

    for kind, giver in (("caregiver_consent", "Aunt Fictional"), ("assent", "The child")):
        page = at("sw").get(f"{path}/do/consent")
        assert page.forms["form"]["kind"].value == kind
        form = fill(page, given_by=giver)
        if kind == "caregiver_consent":
            form["relation"] = "other_family"
        page = send(form)
    assert "Still needed" not in page.text

    form = at("sw").get(f"{path}/do/assess").forms["form"]
    today = dt.date.today()
    dates(form, today - dt.timedelta(days=1))
    for name in ("day", "month", "year"):
        form.fields[name][-1].value = str(getattr(today + dt.timedelta(days=30), name))
    levels = [one for fields in form.fields.values() for one in fields if "3" in _values(one) and "0" in _values(one)]
    assert len(levels) == len(DOMAINS)
    for one in levels:
        one.value = "0"
    form["level_of_risk"], form["child_view"], form["may_be_interviewed"] = "high", "Wants to go to school.", "not_now"
    form["safety_plan"] = "Stays with the aunt."
    refused = send(form, 422)
    assert "The rule proposes another level" in refused.text
    form = refused.forms["form"]
    form["level_reason"] = "The caregiver is away."
    send(form)

    page = at("sw").get(f"{path}/do/send")
    assert NAME not in page.html.find("aside").text
    form = form_of(page)
    form.set("type", "counselling", 0)
    form.set("subtype", "counselling_trauma", 0)
    form["seen"] = True
    form["provider_agency"] = str(people["prv"].agency_id)
    send(form)

    # The provider is told the minimal view, and the name only once a worker is named.
    waiting = at("prv").get("/")
    assert NAME not in waiting.text
    assert "V-7K2M" in waiting.text
    asked = re.search(r"/asked/M\d\d-\d{6}-[A-Z]", waiting.text).group()
    page = waiting.click(href=f"{asked}$", index=0)
    page = page.forms[next(n for n, f in page.forms.items() if str(f.action).endswith("/do/accept"))].submit().follow()
    assert NAME not in page.text
    assert at("prv").get(path, status=404)
    form = page.click(href=f"{asked}/do/name_worker").forms["form"]
    form["provider_worker"] = str(people["prv"].user_id)
    send(form)
    assert NAME in at("prv").get(path).text
    assert at("prv2").get(path, status=404)

    form = form_of(at("prv").get(f"{path}/do/plan"))
    form.set("goal", "Back to school", 0)
    form.set("responsible", "Worker", 0)
    form["child_view"] = "Agrees."
    dates(form, today + dt.timedelta(days=30), slice(1))
    send(form)
    send(at("sws").get(f"{path}/do/approve_plan").forms["form"])
    send(at("prv").get(f"{path}/do/start_service").forms["form"])
    send(at("sw").get(f"{path}/do/start_follow_up").forms["form"])
    form = fill(at("sw").get(f"{path}/do/request_closure"), closure_reason="goals_met", closure_safety="yes",
                child_asked=True, court_steps="The verdict is final.")
    dates(form, today + dt.timedelta(days=30), slice(1))
    send(form)
    at("sw").get(f"{path}/do/approve_closure", status=403)
    assert "Closed" in send(at("sws").get(f"{path}/do/approve_closure").forms["form"]).text


def test_police_and_prosecution_get_the_short_page(at, desk):
    support = desk.closing()
    ref = ref_of(desk, support)
    for name in ("inv", "psu"):
        page = at(name).get(f"/support/{ref}").html.find("main").get_text(" ", strip=True)
        assert "Yes" in page
        for hidden in ("Agrees", "Back to school", "Closure", "safe place", "School", "hagar", "Goals met"):
            assert hidden not in page, (name, hidden)
        at(name).get(f"/support/{ref}/history", status=403)
        assert "Closure" not in at(name).get("/support").text
        at(name).get(f"/support/{ref}/do/consent", status=403)
        # A filter would tell what the list does not show.
        assert ref in at(name).get("/support?state=draft").text
    for name in ("far", "aud", "other_prv"):
        assert at(name).get(f"/support/{ref}", status="*").status_int in (403, 404)


def test_the_case_lists_its_support(at, desk, database):
    support = desk.request()
    with database.work(readonly=True, unscoped=1) as db:
        case = desk.case_ref(db)
    assert ref_of(desk, support) in at("inv").get(f"/cases/{case}/support").text
    assert at("far").get(f"/cases/{case}/support", status="*").status_int in (403, 404)


def test_a_service_is_brought_up_to_date_and_voided_by_two(at, desk):
    support = desk.in_service()
    ref = ref_of(desk, support)
    page = at("prv").get(f"/support/{ref}/do/log_service")
    form = page.forms["form"]
    form["type"], form["subtype"], form["status"] = "counselling", "counselling_trauma", "not_implemented"
    for name, value in zip(("day", "month", "year"), ("2", "3", "2026"), strict=True):
        form.get(name, index=0).value = value
    form.submit("save", status=303)
    listed = at("sws").get(f"/support/{ref}/services").text
    (path,) = set(re.findall(rf'href="(/support/{ref}/services/[^"/]+)"', listed))
    form = at("prv").get(f"{path}/edit").forms["form"]
    form["status"], form["sessions"], form["outcome"] = "implemented", "3", "Goes to school again"
    assert "Goes to school again" in form.submit("save", status=303).follow().text
    # The supervisor reads and does not write; police do not learn that there is anything.
    at("sws").get(f"{path}/edit", status=403)
    for name in ("inv", "psu", "pro", "hot", "far", "other_prv"):
        at(name).get(path, status="*").mustcontain(no="Goes to school")
        assert at(name).get(path, status="*").status_int in (403, 404)
        assert at(name).get(f"/support/{ref}/services", status="*").status_int in (403, 404)
    form = at("prv").get(f"{path}/void").forms["form"]
    form["reason_code"], form["reason"] = "entered_by_mistake", "It was another child's"
    form.submit("save", status=303)
    at("prv").get(f"{path}/void", status=403)
    form = at("sws").get(f"{path}/void").forms["form"]
    form["decision"] = "approve"
    form.submit("save", status=303)
    assert "<s>" in at("sw").get(f"/support/{ref}/services").text
    assert path not in at("sw").get(f"/support/{ref}").text

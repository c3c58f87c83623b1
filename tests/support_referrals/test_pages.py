"""The pages of support through the whole application: the way of one child, and what each person is shown."""

import datetime as dt
import re

import pytest
from sqlalchemy import select
from webtest import TestApp

from casework.support.models import SupportReferral, SupportSending
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


def fill(page, **values):
    form = page.forms["form"]
    for name, value in values.items():
        if isinstance(value, dt.date):
            continue
        if isinstance(value, list):
            for field in form.fields.values():
                for one in field:
                    if getattr(one, "_value", None) in value and one.attrs.get("type") == "checkbox":
                        one.checked = True
            continue
        form[name] = value
    return form


def send(form, status=303):
    answer = form.submit(status="*")
    assert answer.status_int == status, answer.html.find("main").get_text(" ", strip=True)[:1500]
    return answer.follow() if status == 303 else answer


def dates(form, day: dt.date, start: int = 0):
    """Fill every date's boxes from `start` on with one day."""
    for name, value in (("day", day.day), ("month", day.month), ("year", day.year)):
        for field in form.fields[name][start:]:
            field.value = str(value)


@pytest.mark.parametrize("locale", ["en", "km"])
def test_every_page_opens(at, desk, locale):
    support = desk.closing()
    ref, asked = ref_of(desk, support), ref_of(desk, support, SupportSending)
    for name in ("sw", "sws", "prv"):
        browser = at(name)
        browser.set_cookie("cw_lang", locale)
        for path in ("/", "/support", f"/support/{ref}", f"/support/{ref}/history", f"/support/{ref}/consents",
                     f"/support/{ref}/assessments", f"/asked/{asked}"):
            assert browser.get(path).status_int == 200, (name, path)
    for event in ("consent", "assess", "withdraw_consent", "propose_void", "record_follow_up"):
        assert at("sw").get(f"/support/{ref}/do/{event}").status_int == 200, event
    for path in re.findall(r'href="(/support/[^"]+/(?:consents|assessments)/[^"]+)"', at("sw").get(f"/support/{ref}").text):
        assert at("sw").get(path).status_int == 200, path
        if "/consents/" in path:
            assert "thumbprint" in at("sw").get(f"{path}/sheet").text

"""The pages of cases through the whole application."""


import pytest

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

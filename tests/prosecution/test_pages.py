"""The pages of the prosecution through the whole application: from the new file to the judgment."""

import datetime as dt

import pytest
from sqlalchemy import select

from casework.prosecution.models import Charge, Hearing
from tests.evidence.forms import form_of, set_date
from tests.support.people import sign_in

pytestmark = pytest.mark.one_engine


def step(client, path: str, *, date: str | None = None, time: str | None = None, **values):
    """Open a form, fill it in, send it, follow."""
    form = form_of(client.get(path))
    for name, value in values.items():
        form[name] = value
    if date:
        set_date(form, date, time)
    return form.submit(status=303).follow()


def take_over(client, people, base) -> None:
    """The head of the office registers and assigns, the prosecutor takes over and stays signed in."""
    sign_in(client, people["chief"])
    step(client, f"{base}/do/register", register_number="R-1/2026", date="2/3/2026")
    step(client, f"{base}/do/assign", prosecutor=str(people["pro"].user_id))
    client.reset()
    sign_in(client, people["pro"])
    assert base.rsplit("/", 1)[1] in client.get("/").text
    step(client, f"{base}/do/take_over", no_conflict=True)


def charge(client, base) -> None:
    """Found by article, entered."""
    found = client.get(f"{base}/charge", {"q": "41"})
    link = next(a for a in found.html.find_all("a") if "offence=tshtse.41.3" in a["href"])
    form = form_of(client.get(link["href"]))
    form["person"] = next(o[0] for o in form["person"].options if o[0])
    form["facts"] = "Facts in words (fictional)"
    form.submit(status=303)


def test_from_the_new_file_to_the_judgment(client, database, people, base, case):
    take_over(client, people, base)
    charge(client, base)
    page = client.get(base)
    assert "Suspect" in page.text
    assert "S-TEST" in page.text
    step(client, f"{base}/do/submit_to_judge", document="I-1/2026", named=True)
    page = client.get(base)
    assert "Accused" in page.text
    step(client, f"{base}/do/judge_seised", judge="Judge (fictional)", judge_number="J-1", date="2/3/2026")
    step(client, f"{base}/do/end_investigation", date="2/3/2026")
    step(client, f"{base}/do/indict", order_number="O-1", date="2/3/2026")
    form = form_of(client.get(f"{base}/do/schedule_trial"))
    assert form["closed_session"].checked
    soon = dt.date.today() + dt.timedelta(days=9)
    set_date(form, f"{soon.day}/{soon.month}/{soon.year}", "08:00")
    form.submit(status=303)
    assert "Hearings in the next 14 days" in client.get("/").text
    with database.work(readonly=True, unscoped=1) as db:
        hearing = db.scalars(select(Hearing)).one()
    assert hearing.ref in client.get("/").text
    step(client, f"/cases/{case.ref}/hearings/{hearing.ref}/result", result="held")
    step(client, f"{base}/do/start_trial")
    step(client, f"{base}/do/start_deliberation")
    form = form_of(client.get(f"{base}/do/judge"))
    verdict = next(f for fs in form.fields.values() for f in fs if "convicted" in str(getattr(f, "options", "")))
    verdict.value = "convicted"
    form["months"] = "24"
    set_date(form, "2/3/2026")
    form.submit(status=303)
    page = client.get(base)
    assert "Judged" in page.text
    # Until the judgment is final nobody is called convicted.
    assert "Convicted person" not in page.text
    with database.work(readonly=True, unscoped=1) as db:
        assert db.scalars(select(Charge.status)).one() == "convicted"
    decisions = [a["href"] for a in page.html.find_all("a") if "/decisions/D" in a["href"]]
    judgment = client.get(decisions[-1])
    assert "Judgment, first instance" in judgment.text
    assert [td.text for td in judgment.html.select("td.cw-number")] == ["24", "", ""]


def test_return_with_chosen_points(client, people, base, case):
    take_over(client, people, base)
    form = form_of(client.get(f"{base}/do/return_file"))
    form["instructions"] = "Ask the provider again"
    for box in form.fields["checkbox"]:
        box.checked = box._value in ("7", "10")
    later = dt.date.today() + dt.timedelta(days=20)
    set_date(form, f"{later.day}/{later.month}/{later.year}")
    page = form.submit(status=303).follow()
    assert "Evidence list with seal and custodian" in page.text
    client.reset()
    sign_in(client, people["inv"])
    assert "Ask the provider again" in client.get(f"/cases/{case.ref}").text


@pytest.mark.parametrize("locale", ["en", "km"])
def test_every_page_opens_in_both_languages(client, people, base, case, locale):
    take_over(client, people, base)
    client.set_cookie("cw_lang", locale)
    for path in ("", "/charge", "/charge?q=41", "/charge?q=zzzz", "/hearing", "/decision", "/history",
                 "/do/return_file", "/do/keep_without_processing", "/do/declare_conflict", "/do/divert",
                 "/do/submit_to_judge", "/do/cite_directly"):
        assert client.get(base + path).status_int == 200, path
    for path in ("prosecution", "charges", "hearings", "decisions"):
        assert client.get(f"/cases/{case.ref}/{path}").status_int == 200, path


def test_nobody_sees_before_their_stage(client, people, base, case):
    for name in ("pro", "stranger", "clerk"):
        sign_in(client, people[name])
        assert client.get(f"/cases/{case.ref}", status="*").status_int == 404
        for path in ("", "/history", "/charge", "/do/register"):
            answer = client.get(base + path, status="*")
            assert answer.status_int in (403, 404), (name, path)
            assert "R-1" not in answer.text
        assert base.rsplit("/", 1)[1] not in client.get("/").text
        client.reset()
    take_over(client, people, base)
    charge(client, base)
    client.reset()
    sign_in(client, people["clerk"])
    assert client.get(base, status="*").status_int == 404
    client.reset()
    sign_in(client, people["pro"])
    step(client, f"{base}/do/submit_to_judge", document="I-1/2026", named=True)
    client.reset()
    sign_in(client, people["clerk"])
    page = client.get(base)
    assert page.status_int == 200
    # The clerk only reads.
    assert "/do/" not in page.text
    assert client.get(f"{base}/do/judge_seised", status="*").status_int == 403
    assert client.get(f"{base}/charge", status="*").status_int == 403
    assert "Matters seised" in client.get("/").text


def test_a_conflict_shuts_the_prosecutor_out(client, people, base):
    sign_in(client, people["chief"])
    step(client, f"{base}/do/register", register_number="R-1/2026", date="2/3/2026")
    step(client, f"{base}/do/assign", prosecutor=str(people["pro"].user_id))
    client.reset()
    sign_in(client, people["pro"])
    step(client, f"{base}/do/declare_conflict", reason="A cousin of the suspect (fictional)")
    assert client.get(base, status="*").status_int == 404


def test_a_social_worker_sees_time_place_and_measures_only(client, database, people, base, case):
    take_over(client, people, base)
    charge(client, base)
    step(client, f"{base}/do/submit_to_judge", document="I-1/2026", named=True)
    step(client, f"{base}/do/judge_seised", judge="Judge (fictional)", judge_number="J-1", date="2/3/2026")
    form = form_of(client.get(f"{base}/hearing"))
    soon = dt.date.today() + dt.timedelta(days=9)
    set_date(form, f"{soon.day}/{soon.month}/{soon.year}", "08:00")
    form.submit(status=303)
    with database.work(readonly=True, unscoped=1) as db:
        hearing = db.scalars(select(Hearing)).one()
    client.reset()
    sign_in(client, people["sws"])
    assert "Court date" in client.get("/").text
    page = client.get(f"/cases/{case.ref}/hearings/{hearing.ref}")
    assert "Closed session" in page.text
    matter = client.get(base)
    assert "Facts in words" not in matter.text
    assert "Judge (fictional)" not in matter.text
    assert "S-TEST" not in matter.text


def test_the_supervisor_is_offered_to_close_the_case_once_the_matter_ended(client, people, base, case):
    at = f"/cases/{case.ref}"
    sign_in(client, people["psu"])
    assert f"{at}/do/close" not in client.get(at).text
    client.reset()
    take_over(client, people, base)
    step(client, f"{base}/do/keep_without_processing", legal_reason="insufficient_evidence", date="2/3/2026",
         reason="There is not enough evidence")
    client.reset()
    sign_in(client, people["psu"])
    assert f"{at}/do/close" in client.get(at).text
    closed = step(client, f"{at}/do/close", outcome="no_processing", legal_reason="insufficient_evidence",
                  reason="The prosecutor kept the file", feedback="given", support_noted=True)
    assert "Closed" in closed.text


def test_a_wrong_hearing_is_voided_by_two_and_struck_through(client, database, people, base, case):
    take_over(client, people, base)
    form = form_of(client.get(f"{base}/hearing"))
    soon = dt.date.today() + dt.timedelta(days=9)
    set_date(form, f"{soon.day}/{soon.month}/{soon.year}", "09:00")
    form["court"] = next(value for value, _chosen, _label in form["court"].options if value)
    form["type"] = "investigation"
    form["child_presence"] = "none"
    at = form.submit(status=303).location.replace("http://localhost", "")
    ref = at.rsplit("/", 1)[1]
    step(client, f"{at}/void", reason_code="entered_by_mistake", reason="It belongs to another matter")
    client.get(f"{at}/void", status=403)
    client.reset()
    sign_in(client, people["psu"])
    assert "/void" not in client.get(at).text
    client.get(f"{at}/void", status=403)
    client.reset()
    sign_in(client, people["chief"])
    assert "It belongs to another matter" in client.get(f"{at}/void").text
    page = step(client, f"{at}/void", decision="approve")
    assert "Voided" in page.text
    assert f"<s>{ref}</s>" in client.get(base).text
    assert f"<s>{ref}</s>" in client.get(at.removesuffix(f"/{ref}")).text
    assert "It belongs to another matter" in client.get(f"{at}/history").text
    assert "/result" not in page.text

"""Referrals through the pages, as each role sees them."""

import re

import pytest
from sqlalchemy import func, select

from casework.audit.models import AuditEntry
from casework.authz.scope import unscoped
from casework.cases.models import Case
from casework.referrals import service
from casework.referrals.models import Referral
from casework.support.models import SupportReferral
from tests.support.people import make_agency, make_person, sign_in
from tests.support.searching import search

STORY = "A pupil is asked for pictures (fictional)."
CANARY = "Zzreporter"
WAYS = {"HOT": "aple", "PSU": "ahtjpd", "INV": "ahtjpd", "SWS": "dosvy.12", "PRO": "pros.12"}


@pytest.fixture
def people(database):
    with database.work() as db:
        made = {role: make_person(db, role, agency) for role, agency in WAYS.items()}
        make_agency(db, "dosvy.12", "social_gov")
        return made


@pytest.fixture
def as_role(app, people):
    """A client signed in as a role."""
    from webtest import TestApp

    def client(role: str):
        made = TestApp(app, extra_environ={"REMOTE_ADDR": "192.0.2.1"})
        sign_in(made, people[role])
        return made

    return client


def report(client, **changes):
    """Take a report by telephone; returns the page of the referral."""
    form = client.get("/referrals/new").forms["form"]
    fields = {"immediate_danger": "no", "source": "family", "channel": "phone", "narrative": STORY,
              "urls": "https://example.org/page", "province": "12", "family_latin": CANARY,
              "safe_contact": "ZzContact evenings", **changes}
    for name, value in fields.items():
        form[name] = value
    return form.submit("save").follow()


def ref_of(page) -> str:
    return page.request.path.split("/")[2]


def stored(database) -> list[Referral]:
    with database.work(readonly=True) as db, unscoped(db, "the test looks"):
        return list(db.scalars(select(Referral)))


def test_the_telephone_form_asks_about_danger_first(as_role):
    form = as_role("HOT").get("/referrals/new").forms["form"]
    own = ("csrf_token", "draft", "version")
    asked = [name for name, _field in form.field_order if name and not name.startswith("_") and name not in own]
    assert asked[0] == "immediate_danger"
    assert "file" not in asked


def test_a_report_by_telephone(as_role, database):
    page = report(as_role("HOT"))
    (referral,) = stored(database)
    assert (referral.channel, referral.source, referral.state) == ("phone", "family", "received")
    assert "hxxps://example[.]org/page" in page
    history = as_role("HOT").get(f"/referrals/{referral.ref}/history")
    for shown in (page, history):
        assert "example.org" not in shown
    assert CANARY not in page
    assert "ZzContact" not in page


def test_the_reporter_has_a_page_of_its_own(as_role, people):
    hot = as_role("HOT")
    page = report(hot)
    shown = page.click("Show the reporter")
    assert CANARY in shown
    assert "ZzContact" in shown
    ref = ref_of(page)
    for role, status in (("PSU", 404), ("INV", 404), ("SWS", 404), ("PRO", 404)):
        as_role(role).get(f"/referrals/{ref}/reporter", status=status)


def test_danger_stays_on_top_until_somebody_called(as_role):
    hot = as_role("HOT")
    page = report(hot, immediate_danger="yes")
    assert "Call 1288" in page
    done = next(f for f in page.forms.values() if f.action.endswith("/duty-officer")).submit().follow()
    assert "Call 1288" not in done


def start(page):
    """Take a referral to work on."""
    return next(f for f in page.forms.values() if f.action.endswith("/start")).submit()


def triage(page):
    """Start to work on a referral; returns the triage page."""
    return start(page).follow()


def fill(form, **fields):
    for name, value in fields.items():
        form[name] = value


def choose(form, label, page):
    """Tick a box by the words beside it."""
    box = page.html.find("label", string=lambda s: s and s.strip() == label)["for"]
    next(field for _name, field in form.field_order if field.id == box).checked = True


def accept(page, people, *, support=True):
    form = page.forms["form"]
    choose(form, "Online grooming", page)
    choose(form, "Child in Cambodia", page)
    fill(form, risk_level="high", child_known="yes", accept_as="new_case", title="River",
         lead_agency_id=str(people["PSU"].agency_id), province="12")
    if support:
        choose(form, "Ask social services to support the child", page)
        fill(form, support_agency_id=str(people["SWS"].agency_id), support_urgency="high",
             support_reason_code="disclosure", support_safe_contact="Through the teacher")
    return form.submit("save")


def test_from_the_queue_to_a_case(as_role, people, database):
    hot = as_role("HOT")
    report(hot)
    start = hot.get("/")
    assert "Intake" in start
    assert STORY not in start
    page = triage(hot.get(f"/referrals/{stored(database)[0].ref}"))
    assert STORY in page
    done = accept(page, people, support=False).follow()
    assert "Accepted" in done
    (referral,) = stored(database)
    assert referral.case_id is not None
    assert "River" in done


def test_police_and_social_services_at_once(as_role, people, database):
    """Two independent children of one referral: neither waits for the other."""
    hot = as_role("HOT")
    page = accept(triage(report(hot)), people).follow()
    with database.work(readonly=True) as db, unscoped(db, "the test looks"):
        case, support = db.scalars(select(Case)).one(), db.scalars(select(SupportReferral)).one()
    assert (case.state, support.state) == ("opened", "draft")
    assert support.case_id == case.id
    assert support.agency_id == people["SWS"].agency_id
    assert case.ref in page
    assert support.ref in page
    assert support.ref in as_role("SWS").get("/")


def test_support_alone_opens_no_case(as_role, people, database):
    page = triage(report(as_role("HOT")))
    form = page.forms["form"]
    choose(form, "Online grooming", page)
    choose(form, "Child in Cambodia", page)
    fill(form, risk_level="high", child_known="yes", accept_as="support_only", support_urgency="high",
         support_agency_id=str(people["SWS"].agency_id), support_reason_code="disclosure",
         support_safe_contact="Through the teacher")
    form.submit("save").follow()
    with database.work(readonly=True) as db, unscoped(db, "the test looks"):
        assert db.scalars(select(Case)).all() == []
        assert db.scalars(select(SupportReferral)).one().case_id is None


def test_opening_the_reporter_is_written_down(as_role, people, database):
    hot = as_role("HOT")
    page = report(hot)
    before = entries(database, "read", "person")
    assert before == 0
    page.click("Show the reporter")
    assert entries(database, "read", "person") == 1


def entries(database, verb: str, record_type: str) -> int:
    """How many entries of the log are of a kind."""
    query = select(func.count(AuditEntry.seq)).where(AuditEntry.verb == verb, AuditEntry.record_type == record_type)
    with database.work(readonly=True) as db:
        return db.execute(query).scalar_one()


def test_what_is_missing_is_told_at_its_field(as_role, people):
    page = triage(report(as_role("HOT")))
    form = page.forms["form"]
    fill(form, accept_as="new_case")
    again = form.submit("save", status=422)
    assert "There is a problem" in again
    assert STORY in again


def test_forwarding_shows_what_will_be_sent(as_role, people, database):
    hot = as_role("HOT")
    page = report(hot)
    start(page)
    preview = hot.get(f"/referrals/{ref_of(page)}").click("Forward")
    assert STORY in preview
    assert "This will be sent, and nothing else" in preview
    assert CANARY not in preview
    assert "ZzContact" not in preview
    form = preview.forms["form"]
    fill(form, forwarded_to=str(people["PSU"].agency_id), forward_basis="competent_authority")
    assert "Look at what will be sent" in form.submit("save", status=422)
    choose(form, "I have seen what will be sent", preview)
    sent = form.submit("save").follow()
    assert "Forwarded" in sent
    assert STORY in sent.click("What was sent")


def forward(as_role, people):
    hot = as_role("HOT")
    page = report(hot)
    start(page)
    preview = hot.get(f"/referrals/{ref_of(page)}").click("Forward")
    form = preview.forms["form"]
    fill(form, forwarded_to=str(people["PSU"].agency_id), forward_basis="competent_authority")
    choose(form, "I have seen what will be sent", preview)
    form.submit("save")
    return ref_of(page)


def test_police_see_acknowledge_assign_and_accept(as_role, people, database):
    ref = forward(as_role, people)
    psu = as_role("PSU")
    assert ref in psu.get("/")
    page = psu.get(f"/referrals/{ref}")
    assert STORY in page
    acknowledged = page.click("Acknowledge").forms["form"].submit("save").follow()
    assigning = acknowledged.click("Assign")
    form = assigning.forms["form"]
    form["assignee"] = str(people["INV"].user_id)
    form.submit("save")
    inv = as_role("INV")
    assert STORY in inv.get(f"/referrals/{ref}")
    triaging = psu.get(f"/referrals/{ref}").click("Triage and accept")
    accept(triaging, people).follow()
    assert stored(database)[0].case_id is not None


def test_no_page_of_the_police_names_the_reporter(as_role, people, database):
    ref = forward(as_role, people)
    psu = as_role("PSU")
    accept(psu.get(f"/referrals/{ref}/triage"), people).follow()
    with database.work(readonly=True) as db, unscoped(db, "the test looks"):
        case = db.scalars(select(Case)).one()
    with database.work() as db, unscoped(db, "the reporter wrote something more"):
        referral = db.scalars(select(Referral)).one()
        service.answer_from_reporter(db, referral, f"My name is {CANARY}.")
    for path in ("/", "/referrals", f"/referrals/{ref}", f"/referrals/{ref}/history", f"/referrals/{ref}/sent",
                 f"/cases/{case.ref}", f"/cases/{case.ref}/timeline", f"/cases/{case.ref}/history", "/tasks",
                 CANARY, ref):
        page = psu.get(path, expect_errors=True) if path.startswith("/") else search(psu, path)
        shown = page.html.find("main").text.replace(f"“{CANARY}”", "")
        assert CANARY not in shown, path
        assert "ZzContact" not in shown, path


def test_the_hotline_reads_what_the_reporter_wrote(as_role, people, database):
    hot = as_role("HOT")
    ref = ref_of(report(hot))
    with database.work() as db, unscoped(db, "the reporter wrote something more"):
        service.answer_from_reporter(db, db.scalars(select(Referral)).one(), "It was on a Monday (fictional).")
    assert "It was on a Monday" in hot.get(f"/referrals/{ref}")
    assert "A reporter has written" in hot.get("/")


def test_others_see_nothing(as_role, people):
    ref = ref_of(report(as_role("HOT")))
    for role in ("PSU", "INV", "SWS", "PRO"):
        client = as_role(role)
        client.get(f"/referrals/{ref}", status=404)
        assert ref not in client.get("/referrals")
        assert ref not in search(client, STORY)
    for role in ("PSU", "INV"):
        as_role(role).get("/referrals/new", status=403)


def test_the_list_is_filtered(as_role, database):
    hot = as_role("HOT")
    first, second = ref_of(report(hot)), ref_of(report(hot, immediate_danger="yes", province="03"))
    assert first in hot.get("/referrals")
    narrowed = hot.get("/referrals?province=03")
    assert second in narrowed
    assert first not in narrowed
    assert second in hot.get("/referrals?immediate_danger=yes")
    assert second not in hot.get("/referrals?state=accepted")


def test_danger_stands_on_top_of_the_queue(as_role):
    hot = as_role("HOT")
    calm, urgent = ref_of(report(hot)), ref_of(report(hot, immediate_danger="yes"))
    page = hot.get("/")
    assert page.text.index(urgent) < page.text.index(calm)
    taken = next(f for f in page.forms.values() if f.action == f"/referrals/{urgent}/start").submit()
    assert taken.location.endswith(f"/referrals/{urgent}/triage")


def test_who_comes_too_late_does_not_cut_in(as_role, people, database, app):
    from webtest import TestApp

    with database.work() as db:
        colleague = make_person(db, "HOT", "aple")
    page = report(as_role("HOT"))
    late = TestApp(app, extra_environ={"REMOTE_ADDR": "192.0.2.2"})
    sign_in(late, colleague)
    opened = late.get(f"/referrals/{ref_of(page)}")
    start(page)
    assert start(opened).location.endswith(f"/referrals/{ref_of(page)}")


def test_people_are_recorded_by_pseudonym(as_role):
    page = report(as_role("HOT")).click("Add a person")
    form = page.forms["form"]
    assert [option[0] for option in form["role"].options] == ["victim", "suspect"]
    fill(form, role="victim", sex="female", family_latin="Zzchild")
    shown = form.submit("save").follow()
    assert "Zzchild" not in shown
    assert "V-" in shown


LATIN = re.compile(r"[A-Za-z]{4,}")
# What stays as it is in Khmer: references, addresses, names of products, what people typed.
ALLOWED = re.compile(
    r"[A-Z]\d\d-\d{6}-[A-Z]|hxxps://\S+|fictional|casework|English|" + "|".join(map(re.escape, STORY.split()))
    + r"|Facebook|Messenger|Instagram|WhatsApp|Telegram|TikTok|YouTube|Snapchat|Discord|LINE|WeChat|Viber|Signal|Google"
    r"|Roblox|NCMEC|CyberTipline|INHOPE|ICCAM"
)


INVENTED = {CANARY, "ZzContact", "evenings", "person", "Agency", "ahtjpd", "dosvy"}


def test_the_whole_desk_speaks_khmer(as_role, people, database):
    hot = as_role("HOT")
    ref = ref_of(report(hot))
    hot.set_cookie("cw_lang", "km")
    pages = [hot.get("/referrals/new"), hot.get("/referrals"), hot.get("/"), hot.get(f"/referrals/{ref}")]
    start(pages[-1])
    pages += [hot.get(f"/referrals/{ref}{tail}") for tail in ("", "/triage", "/forward", "/person", "/reporter",
                                                              "/do/reject", "/do/ask", "/do/merge")]
    for page in pages:
        assert '<html lang="km"' in page
        words = LATIN.findall(ALLOWED.sub("", page.html.find("main").get_text(" ")))
        assert set(words) <= INVENTED, (page.request.path, set(words) - INVENTED)

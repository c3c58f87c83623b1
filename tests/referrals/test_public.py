"""The public form: danger first, no file, no address, a code word, both languages, nothing lost, nothing twice."""

import datetime as dt
import logging
import re
import sqlite3

import pytest
from sqlalchemy import func, select

from casework.authz.scope import unscoped
from casework.db.base import now
from casework.people.models import Person
from casework.referrals import codeword, public, service, tickets
from casework.referrals.models import Referral
from casework.referrals.throttle import Throttle
from tests.support.people import make_agency, make_person

STORY = "Somebody asks a pupil for pictures (fictional)."
WORD = re.compile(r"[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}")


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    """Tests type faster than people, and start with a brake that has seen nobody."""
    monkeypatch.setattr(tickets, "SHORTEST", dt.timedelta(0))
    monkeypatch.setattr(public, "_sent", Throttle(30, 3600))
    monkeypatch.setattr(public, "_tried", Throttle(60, 3600))


@pytest.fixture
def hotline(database):
    with database.work() as db:
        return make_agency(db, "aple", "hotline").id


def send(client, danger="no", **fields):
    """The whole way through the form; returns the last page."""
    page = client.get("/report")
    page.forms["form"]["immediate_danger"] = danger
    page = page.forms["form"].submit().follow()
    form = page.forms["form"]
    form["narrative"] = fields.pop("narrative", STORY)
    for name, value in fields.items():
        form[name] = value
    return form.submit(name="send", value="send", expect_errors=True)


def word_in(page) -> str:
    return WORD.search(page.text)[0]


def reports(database) -> list[Referral]:
    with database.work(readonly=True) as db, unscoped(db, "the test looks"):
        found = list(db.scalars(select(Referral).order_by(Referral.id)))
        for one in found:
            _ = one.messages
        return found


def test_the_way_through_the_form(client, hotline, database):
    page = send(client, urls="hxxps://example[.]org/a", platform="telegram", province="12", child_known="no")
    assert page.status_int == 200
    assert "Thank you" in page
    (report,) = reports(database)
    assert (report.state, report.source, report.channel, report.agency_id) == (
        "received", "anonymous_web", "web", hotline)
    assert report.reporter_anonymous
    assert report.created_by_id is None
    assert report.reporter_code_word == codeword.tokens_of(database.keyring, word_in(page))[0]


def test_danger_is_asked_first_and_answered_at_once(client, hotline):
    start = client.get("/report")
    names = [name for name in start.forms["form"].fields if name and not name.startswith(("_", "csrf"))]
    assert names == ["immediate_danger", "continue"]
    start.forms["form"]["immediate_danger"] = "yes"
    page = start.forms["form"].submit().follow()
    assert "tel:1288" in page
    main = page.html.find("main").text
    assert main.index("Call 1288 now") < main.index("What happened?")
    assert "tel:1288" in send(client, danger="yes")
    start.forms["form"]["immediate_danger"] = "no"
    assert "tel:1288" not in start.forms["form"].submit().follow()


def test_without_an_answer_about_danger_nobody_gets_on(client, hotline):
    page = client.get("/report").forms["form"].submit(status=422)
    assert "There is a problem" in page
    assert client.get("/report/details").location.endswith("/report")
    assert client.get("/report/details?danger=perhaps").location.endswith("/report")


def test_there_is_no_field_for_a_file(client, hotline):
    page = client.get("/report/details?danger=no")
    assert 'type="file"' not in page
    assert "multipart" not in page
    assert "Do not send files." in page
    assert "Do not describe images" in page


def test_a_file_is_refused_with_an_explanation(client, hotline, database):
    page = client.get("/report/details?danger=no")
    fields = [(name, page.forms["form"][name].value) for name in ("csrf_token", "immediate_danger", "ticket")]
    answer = client.post("/report/details", [*fields, ("narrative", STORY)], status=415,
                         upload_files=[("file", "note.txt", b"words")])
    assert "takes no files" in answer
    assert "មិនទទួលឯកសារ" in answer
    assert reports(database) == []


def test_what_is_wrong_is_told_and_nothing_is_lost(client, hotline, database):
    page = send(client, narrative="short", urls="no address", safe_contact="evenings")
    assert page.status_int == 422
    assert "There is a problem" in page
    assert page.forms["form"]["urls"].value == "no address"
    assert page.forms["form"]["safe_contact"].value == "evenings"
    assert reports(database) == []


def test_sending_twice_is_harmless(client, hotline, database):
    page = client.get("/report/details?danger=no")
    form = page.forms["form"]
    form["narrative"] = STORY
    first, second = form.submit(name="send"), form.submit(name="send")
    assert word_in(first) == word_in(second)
    assert len(reports(database)) == 1
    assert word_in(send(client)) != word_in(first)


def test_what_no_person_can_have_typed_is_shown_again(client, hotline, database, monkeypatch):
    monkeypatch.setattr(tickets, "SHORTEST", dt.timedelta(seconds=60))
    page = send(client)
    assert page.status_int == 422
    assert page.forms["form"]["narrative"].value == STORY
    assert reports(database) == []
    monkeypatch.setattr(tickets, "SHORTEST", dt.timedelta(0))
    assert "Thank you" in page.forms["form"].submit(name="send")


@pytest.mark.parametrize("ticket", ["", "x", "0.0.0", "a" * 32 + ".1.b"])
def test_a_ticket_of_somebody_else_is_exchanged(client, hotline, database, ticket):
    page = client.get("/report/details?danger=no")
    form = page.forms["form"]
    form["narrative"], form["ticket"] = STORY, ticket
    again = form.submit(name="send", status=422)
    assert reports(database) == []
    assert again.forms["form"]["narrative"].value == STORY
    assert "Thank you" in again.forms["form"].submit(name="send")


def test_who_is_signed_in_does_not_use_the_public_form(client, hotline, database):
    """Otherwise the report of the public could carry the session of a person."""
    from tests.support.people import sign_in

    with database.work() as db:
        person = make_person(db, "HOT")
    sign_in(client, person)
    for path in ("/report", "/report/details?danger=no", "/report/return"):
        assert client.get(path).location.endswith("/referrals/new")


def test_nothing_of_the_sender_is_kept(client, hotline, database, caplog, tmp_path):
    client.extra_environ["REMOTE_ADDR"] = "203.0.113.77"
    client.extra_environ["HTTP_USER_AGENT"] = "ZzAgent/1.0"
    client.extra_environ["HTTP_X_FORWARDED_FOR"] = "203.0.113.78"
    with caplog.at_level(logging.DEBUG):
        page = send(client, safe_contact="by telephone, evenings")
        back(client, word_in(page))
    logged = "\n".join(f"{r.getMessage()} {r.__dict__}" for r in caplog.records)
    stored = dump(database)
    assert STORY in stored
    for canary in ("203.0.113", "ZzAgent", "by telephone, evenings", word_in(page), word_in(page).replace("-", "")):
        assert canary not in stored, canary
        assert canary not in logged, canary


def dump(database) -> str:
    """Everything in the database as text."""
    if database.backend == "sqlite":
        path = database.url.removeprefix("sqlite:///")
        with sqlite3.connect(path) as connection:
            return "\n".join(connection.iterdump())
    from sqlalchemy import text

    with database.engine.connect() as connection:
        names = connection.execute(text("select tablename from pg_tables where schemaname = 'public'")).scalars().all()
        return "\n".join(
            str(row[0]) for name in names for row in connection.execute(text(f'select t::text from "{name}" t'))
        )


def test_the_contact_is_the_hotlines_alone(client, hotline, database):
    send(client, safe_contact="Zz evenings")
    with database.work() as db:
        people = {role: make_person(db, role).identity for role in ("HOT", "PSU", "SWS")}
        other = make_person(db, "HOT", "chc1280").identity
    with database.work(readonly=True, identity=people["HOT"]) as db:
        assert [p.contact for p in db.scalars(select(Person))] == ["Zz evenings"]
    for identity in (people["PSU"], people["SWS"], other):
        with database.work(readonly=True, identity=identity) as db:
            assert db.scalar(select(func.count()).select_from(Person)) == 0


# ---- coming back

def back(client, word, status=200):
    page = client.get("/report/return")
    page.forms["form"]["code_word"] = word
    return page.forms["form"].submit(status=status)


def test_the_code_word_leads_back(client, hotline):
    word = word_in(send(client))
    for typed in (word, word.lower(), word.replace("-", " "), word.replace("0", "o")):
        assert "We have your report. Somebody will read it soon." in back(client, typed)


@pytest.mark.parametrize("word", ["0000-0000-0000", "x", "' or 1=1", "7K3M-9QXW-2HD", "ក" * 12])
def test_a_wrong_word_finds_nothing(client, hotline, word):
    send(client)
    assert "no report with this code word" in back(client, word, status=422)


def ask(database, question):
    with database.work() as db:
        operator = make_person(db, "HOT").identity
    with database.work(identity=operator) as db:
        from casework.workflow import engine
        report = db.scalars(select(Referral)).one()
        engine.apply(db, operator, report, "start_triage")
        engine.apply(db, operator, report, "ask", {"question": question, "channel_safe": True})


def test_the_reporter_sees_the_question_and_answers_it(client, hotline, database):
    word = word_in(send(client))
    ask(database, "On which day did it begin?")
    page = back(client, word)
    assert "We have a question for you" in page
    assert "On which day did it begin?" in page
    form = page.forms["reply"]
    form["answer"] = "On a Monday (fictional)."
    answered = form.submit(name="send")
    assert "We have your answer" in answered
    form.submit(name="send")
    (report,) = reports(database)
    assert report.state == "triage"
    assert [m["who"] for m in report.messages] == ["hotline", "reporter"]


def test_the_reporter_may_add_something_at_any_time(client, hotline, database):
    page = back(client, word_in(send(client)))
    assert "There is a problem" in page.forms["reply"].submit(name="send", expect_errors=True)
    page.forms["reply"]["answer"] = "I remember more (fictional)."
    page.forms["reply"].submit(name="send")
    (report,) = reports(database)
    assert report.state == "received"
    assert [m["text"] for m in report.messages] == ["I remember more (fictional)."]


def test_a_void_report_is_gone_for_the_outside(client, hotline, database):
    word = word_in(send(client))
    with database.work() as db:
        one, two = (make_person(db, "HOT").identity for _ in range(2))
    from casework.workflow import engine
    for identity, event in ((one, "propose_void"), (two, "void")):
        with database.work(identity=identity) as db:
            engine.apply(db, identity, db.scalars(select(Referral)).one(), event,
                         {"reason_code": "test_entry", "reason": "A test of the public form"})
    back(client, word, status=422)


# ---- brakes

def test_too_many_reports_from_one_place_have_to_wait(client, hotline, database, monkeypatch):
    monkeypatch.setattr(public, "_sent", Throttle(2, 3600))
    send(client), send(client)
    answer = send(client)
    assert answer.status_int == 429
    assert "1288" in answer
    assert len(reports(database)) == 2


def test_guessing_code_words_is_braked(client, hotline, monkeypatch):
    monkeypatch.setattr(public, "_tried", Throttle(2, 3600))
    back(client, "0000-0000-0000", status=422)
    back(client, "0000-0000-0001", status=422)
    back(client, "0000-0000-0002", status=429)


def test_the_brake_forgets():
    brake, at = Throttle(2, 60), now()
    assert [brake.allows("192.0.2.1", at) for _ in range(3)] == [True, True, False]
    assert brake.allows("192.0.2.2", at)
    assert brake.allows("192.0.2.1", at + dt.timedelta(seconds=61))
    assert "192.0.2" not in str(vars(brake))


# ---- languages, and where it goes

@pytest.mark.parametrize(("wish", "lang", "word"), [
    ("km,en;q=0.5", "km", "រាយការណ៍"), ("en", "en", "Report harm to a child online"), ("fr", "en", "Report harm"),
])
def test_the_browser_chooses_the_language(client, hotline, wish, lang, word):
    page = client.get("/report", headers={"Accept-Language": wish})
    assert f'<html lang="{lang}"' in page
    assert word in page


def test_the_whole_way_in_khmer(client, hotline, database):
    client.set_cookie("cw_lang", "km")
    page = send(client, danger="yes", narrative="មាននរណាម្នាក់សុំរូបភាពពីសិស្ស (ប្រឌិត)")
    assert "អរគុណ" in page
    english = re.sub(r"<[^>]+>|casework|1288|" + WORD.pattern, "", page.html.find("main").decode())
    assert not re.search(r"[A-Za-z]{3}", re.sub(r"English|[0-9]", "", english)), english
    status = back(client, word_in(page))
    assert not re.search(r"[A-Za-z]{4}", re.sub(r"<[^>]+>", "", status.html.find("main").decode()))


def test_without_a_hotline_nothing_is_taken(client, database):
    answer = send(client)
    assert answer.status_int == 503
    assert reports(database) == []


def test_the_deployment_names_the_hotline(database, hotline):
    with database.work() as db:
        other = make_agency(db, "aaa", "hotline")
        assert service.public_hotline(db, "aple").id == hotline
        assert service.public_hotline(db, None).id == other.id
        assert service.public_hotline(db, "gone").id == other.id


def test_the_quick_way_out_says_nothing(client):
    page = client.get("/report/leave")
    assert "eport" not in page
    assert page.headers["Clear-Site-Data"] == '"cookies"'

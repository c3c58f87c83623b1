"""The auditor's desk: each question with its known answer and what must not be in it; never content; never unlogged."""

import csv
import datetime as dt
import io

import pytest
from sqlalchemy import select

from casework.accounts import service as accounts
from casework.accounts.models import Membership
from casework.audit.models import AuditEntry
from casework.authz.models import Grant, Recusal
from casework.cases import service as cases
from casework.cases.models import Case
from casework.db.base import now
from casework.oversight import hints
from casework.oversight.log import Question, query_of
from casework.oversight.questions import PAGES
from casework.reference.calendar import NO_HOLIDAYS
from tests.cases.counting import statements
from tests.oversight.conftest import CANARIES, FAMILY, TODAY, entries, rows, take_csv

EVERY = [page.path for page in PAGES.values()]
KINDS = [f"/audit/hints?kind={kind}" for kind in hints.KINDS]


def names(page) -> list[str]:
    return [row[0] for row in rows(page)]


def test_who_touched_a_case(auditor, world):
    found = {row[0]: row for row in rows(auditor.get(f"/audit/touched?ref={world.case.ref}"))}
    assert int(found[world.dara][2]) >= 3
    assert world.people["psu"].name in found
    assert world.people["for"].name not in found, "could, but did not"
    child = names(auditor.get(f"/audit/touched?ref={world.child}"))
    assert child == [world.dara]
    assert rows(auditor.get("/audit/touched?ref=C26-000000-A")) == []
    assert "Say which record" in auditor.get("/audit/touched")


def test_who_had_access_on_a_day_and_by_which_rule(auditor, world):
    path = f"/audit/access?ref={world.case.ref}&since="
    found = {row[0]: row for row in rows(auditor.get(path + TODAY))}
    assert "leads the case" in found[world.dara][3]
    assert found[world.dara][5] == world.people["psu"].name
    assert "of the office that leads the case" in found[world.people["psu2"].name][3]
    assert world.people["for"].name in found, "could, whether they did or not"
    assert world.people["inv2"].name not in found
    assert world.people["pro"].name not in found, "the file was not submitted"
    assert world.people["adm"].name not in found
    assert "was not there yet" in auditor.get(path + "2020-01-01")
    assert "Say which record and which day" in auditor.get(f"/audit/access?ref={world.case.ref}")


def test_access_on_a_day_is_as_it_was_then(auditor, world, database, app):
    """Yesterday's end is not today's: who was taken off, moved on, or changed role since, is found where they were."""
    psu, forensic = world.who("psu"), world.people["for"]
    with database.work(identity=psu) as db:
        grant = db.scalars(select(Grant).where(Grant.principal_id == forensic.user_id)).one()
        cases.unassign(db, psu, grant)
    with database.work() as db:
        accounts.end_membership(db, db.get_one(Membership, world.people["psu2"].membership_id), now())
        held = db.get_one(Membership, world.people["sw"].membership_id)
        held.role = "SWS"
    with database.work(identity=world.who("inv")) as db:
        db.get_one(Case, world.case.id).submitted_at = now()
    # Counted by the day: on the day of the change both are in force.
    found = {row[0]: row[3] for row in rows(auditor.get(f"/audit/access?ref={world.case.ref}&since={TODAY}"))}
    assert forensic.name in found
    assert world.people["psu2"].name in found
    assert world.people["pro"].name in found, "submitted within the day"
    tomorrow = (dt.date.fromisoformat(TODAY) + dt.timedelta(days=1)).isoformat()
    later = {row[0]: row[3] for row in rows(auditor.get(f"/audit/access?ref={world.case.ref}&since={tomorrow}"))}
    assert forensic.name not in later
    assert world.people["psu2"].name not in later
    assert world.people["psu"].name in later
    assert world.people["sw"].name not in later, "now a supervisor, of no agency of the case"


def test_a_conflict_of_interest_keeps_out(auditor, world, database):
    with database.work() as db:
        db.add(Recusal(user_id=world.who("psu2").user_id, case_id=world.case.id,
                       created_at=now() - dt.timedelta(days=2)))
    page = auditor.get(f"/audit/access?ref={world.case.ref}&since={TODAY}")
    assert world.people["psu2"].name not in names(page)
    assert world.people["psu"].name in names(page)
    assert f"Kept out for a conflict of interest: {world.people['psu2'].name}" in page


def test_denied_tries(auditor, world):
    found = rows(auditor.get("/audit/denied"))
    assert any(world.people["inv2"].name in row[2] and world.case.ref in row[6] for row in found)
    assert all(row[5] == "Refused" for row in found)
    assert not any(world.dara in row[2] for row in found)
    only = rows(auditor.get(f"/audit/denied?ref={world.case.ref}"))
    assert [world.people["inv2"].name in row[2] for row in only] == [True]


def test_what_left_the_program(auditor, world):
    found = rows(auditor.get("/audit/exports"))
    assert len(found) == 1
    assert world.people["psu"].name in found[0][2]
    assert "A complaint: Complaint 3/2026 (fictional)" in found[0][-1]
    assert rows(auditor.get("/audit/exports?login=inv@example.org")) == []


def test_emergency_access_and_its_review(auditor, world, database):
    found = rows(auditor.get("/audit/emergency"))
    assert [(row[1], row[-1]) for row in found] == [(world.people["pro"].name, "Not reviewed, overdue")]
    assert rows(auditor.get(f"/audit/emergency?ref={world.child}")) == []


def test_dormant_accounts_and_unused_rights(auditor, world):
    assert names(auditor.get("/audit/dormant")) == [world.people["clk"].name]
    unused = {(row[0], row[3]) for row in rows(auditor.get("/audit/unused"))}
    assert (world.people["for"].name, world.case.ref) in unused
    assert world.dara not in {name for name, _ref in unused}


def test_hints_lead_to_what_stands_behind_them(auditor, world):
    many = rows(auditor.get("/audit/hints?kind=many"))
    assert [(row[0], row[2]) for row in many] == [(world.people["sw"].name, "40")]
    same = auditor.get("/audit/hints?kind=name")
    assert [(row[0], row[2]) for row in rows(same)] == [(world.dara, world.child)]
    behind = auditor.get(same.html.select_one("tbody td:last-child a")["href"])
    assert any("Read protected fields" in row[4] for row in rows(behind))
    unassigned = rows(auditor.get("/audit/hints?kind=unassigned"))
    assert [(row[0], row[2]) for row in unassigned] == [(world.people["inv2"].name, world.case.ref)]
    assert rows(auditor.get("/audit/hints?kind=many&since=2020-01-01&until=2020-01-07")) == []
    assert "score" not in same.text.replace("nobody is given a score", "")


@pytest.mark.parametrize(("text", "off"), [
    ("2026-11-23T03:00:00+00:00", False), ("2026-11-23T14:00:00+00:00", True), ("2026-11-22T03:00:00+00:00", True),
    ("2026-11-22T22:30:00+00:00", True), ("2026-11-22T23:30:00+00:00", False),
])
def test_hours_are_those_of_cambodia(text, off):
    assert hints.off_hours(NO_HOLIDAYS, dt.datetime.fromisoformat(text)) is off


def test_sign_ins_and_account_changes(auditor, world):
    told = [row[4] for row in rows(auditor.get("/audit/account?login=inv@example.org"))]
    assert "Sign in" in told
    assert "Change" in told
    assert "Open" not in told, "what was opened is no matter of the account"
    assert "Say who" in auditor.get("/audit/account")
    assert rows(auditor.get("/audit/account?login=nobody@example.org")) == []


def test_what_administrators_did(auditor, world):
    found = rows(auditor.get("/audit/administrators"))
    assert found
    assert all(world.people["adm"].name in row[2] for row in found)
    assert any("audit.desk" in row[6] for row in found), "the knock at the desk itself"


def test_everything_one_person_did_leaves_as_a_list(auditor, world, database):
    page = auditor.get(f"/audit/person?login=inv@example.org&since={TODAY}&until={TODAY}")
    assert all(world.dara in row[2] for row in rows(page))
    taken = take_csv(auditor, f"/audit/person/file?login=inv@example.org&since={TODAY}&until={TODAY}")
    lines = list(csv.reader(io.StringIO(taken.body.decode("utf-8-sig"))))
    start = next(index for index, line in enumerate(lines) if line[:1] == ["Entry"])
    mine = {entry.seq: entry.hash.hex() for entry, _body in entries(database, actor_id=world.who("inv").user_id)}
    assert {int(line[0]): line[-1] for line in lines[start + 1:]} == mine
    _entry, body = entries(database, verb="export", actor_id=world.who("aud").user_id)[-1]
    assert body["question"] == "person"
    assert body["purpose"] == "complaint"


@pytest.mark.one_engine
def test_the_list_of_one_person_leaves_as_pdf(auditor, world):
    form = auditor.get("/audit/person/file?login=inv@example.org").forms["form"]
    form["form"], form["purpose"], form["explanation"] = "pdf", "court", "Request 7/2026 (fictional)"
    taken = form.submit("save")
    assert taken.content_type == "application/pdf"
    assert taken.body.startswith(b"%PDF-")


SEARCHES = {
    "address=192.0.2.1": True, "address=198.51.100.7": False, "address=192.0.2.%25": False, "route=case.view": True,
    "route=case_view": False, "session=00000000": False, "session=xyz": False, "agency=ahtjpd": True,
    "agency=nowhere": False, "verb=denied": True, "result=failed": False,
    "login=CANARYFAMILY Dara (fictional)": True, "login=Nobody": False, "ref=nonsense": False,
    "since=x&before=y": True,
}


def test_search(auditor, world, database):
    found = {asked: bool(rows(auditor.get(f"/audit/search?{asked}"))) for asked in SEARCHES}
    assert found == SEARCHES
    body = [body for _entry, body in entries(database, actor_id=world.who("inv").user_id) if "session_id" in body][-1]
    mine = rows(auditor.get(f"/audit/search?session={body['session_id'][-8:]}"))
    assert mine
    assert all(world.dara in row[2] for row in mine)


def test_a_place_alone_is_never_searched_in_the_whole_log():
    asked = Question(address="192.0.2.1").bounded
    assert now() - asked.since < dt.timedelta(days=32)
    assert Question(address="192.0.2.1", actor_id=AuditEntry).bounded.since is None


def test_pages_go_on_by_number(auditor, world):
    first = auditor.get("/audit/search")
    seen = [int(row[0]) for row in rows(first)]
    assert len(seen) == 50
    older = [int(row[0]) for row in rows(auditor.get(first.html.find("a", rel="next")["href"]))]
    assert older
    assert max(older) < min(seen)


@pytest.mark.one_engine
def test_no_search_reads_the_whole_log(world, database):
    """Every search walks an index from its newest end: the plan says so."""
    some, days = world.case.id, {"since": now() - dt.timedelta(days=2), "until": now()}
    for question in (
        Question(case_id=some), Question(record_id=some), Question(result="denied"), Question(verb="export"),
        Question(chain=some), Question(actor_id=some, role="ADM"), Question(agency_id=some, **days),
        Question(address="192.0.2.1"), Question(**days),
    ):
        query = query_of(question).limit(51).compile(
            database.engine, compile_kwargs={"render_postcompile": True})
        values = [query.construct_params()[name] for name in query.positiontup]
        values = [value.hex if hasattr(value, "hex") and not isinstance(value, float) else value for value in values]
        with database.engine.connect() as connection:
            plan = [row[-1] for row in connection.exec_driver_sql(
                "EXPLAIN QUERY PLAN " + str(query), tuple(str(v) if not isinstance(v, int) else v for v in values))]
        steps = [step for step in plan if "audit_entry" in step]
        assert steps
        assert all("USING" in step for step in steps), (question, plan)
        # One person's own chain is short enough to be sorted.
        assert question.chain or not any("TEMP B-TREE" in step for step in plan), (question, plan)


def test_no_page_of_the_desk_holds_content(app, auditor, world, database):
    ref = world.case.ref
    asked = [path + tail for path in EVERY for tail in ("", f"?ref={ref}&since={TODAY}&login=inv@example.org")]
    for path in ["/", "/audit", *asked, *KINDS, f"/audit/touched?ref={world.child}", "/audit/health",
                 f"/audit/access?ref={world.child}&since={TODAY}"]:
        page = auditor.get(path).text
        assert [name for name, value in CANARIES.items() if value in page] == [], path
        assert FAMILY not in page.replace(world.dara, ""), path
    for name in PAGES:
        taken = take_csv(auditor, f"/audit/{name}/file?ref={ref}").body.decode()
        assert [key for key, value in CANARIES.items() if value in taken] == [], name


def test_every_question_is_in_the_log(auditor, world, database):
    for page in PAGES.values():
        before = len(entries(database, verb="audit_search"))
        auditor.get(f"{page.path}?ref={world.case.ref}")
        told = entries(database, verb="audit_search")
        assert len(told) == before + 1, page.name
        assert told[-1][1]["question"] == page.name
        assert told[-1][0].actor_id == world.who("aud").user_id
    tied = [entry for entry, _body in entries(database, verb="audit_search") if entry.case_id == world.case.id]
    assert tied, "the question is tied to the record it was about"


def test_who_is_looked_at_is_not_warned(app, auditor, world):
    auditor.get(f"/audit/touched?ref={world.case.ref}")
    history = world.browser(app, "psu").get(f"/cases/{world.case.ref}/history")
    assert world.people["aud"].name not in history
    assert "Question of the auditor" not in history


@pytest.mark.one_engine
@pytest.mark.parametrize("name", ["adm", "ovs", "psu"])
def test_to_other_roles_the_desk_is_not_there(app, world, database, name):
    client = world.browser(app, name)
    for path in ("/audit", *EVERY, "/audit/person/file", "/audit/health", "/audit/proof/1", "/audit/samples",
                 "/audit/samples/new", "/audit/samples/Z26-000000-A"):
        client.get(path, status=404)
    refused = entries(database, verb="denied", actor_id=world.who(name).user_id)
    assert {"audit.desk", "audit.person", "audit.health"} <= {body.get("route") for _entry, body in refused}
    assert "/audit" not in client.get("/").text


def test_who_is_not_signed_in_is_sent_to_sign_in(client):
    assert "/sign-in" in client.get("/audit", status=303).location
    assert "/sign-in" in client.get("/audit/samples/Z26-000000-A", status=303).location


def test_own_activity_tells_nothing_of_hidden_records(app, world):
    """Who tried an address sees the try, and neither the case behind it nor that there is one."""
    client = world.browser(app, "inv2")
    client.get(f"/cases/{world.case.ref}/people/{world.child}", status=404)
    page = client.get("/account/activity")
    assert "/audit/" not in page.html.select_one("main").decode()
    tries = [row for row in rows(page) if row[5] == "Refused"]
    assert any(world.child in row[6] for row in tries)
    assert not any(world.child in row[6] and world.case.ref in row[6] for row in tries)


@pytest.mark.one_engine
def test_questions_take_a_fixed_number_of_statements(app, auditor, world, database):
    paths = [f"{page.path}?ref={world.case.ref}&login=inv@example.org&since={TODAY}" for page in PAGES.values()]
    counted = []
    for _round in range(2):
        found = {}
        auditor.get("/audit")  # when a session was last used is written once a minute
        for path in [*paths, *KINDS, "/audit/health"]:
            with statements(app.registry["engine"]) as seen:
                auditor.get(path)
            found[path] = len(seen)
        counted.append(found)
        for number in range(5):
            with database.work(identity=world.who("inv")) as db:
                db.get_one(Case, world.case.id).title = f"Lotus {number}"
            world.browser(app, "inv").get(f"/cases/{world.case.ref}")
    assert counted[0] == counted[1]
    assert max(counted[1].values()) <= 25, counted[1]

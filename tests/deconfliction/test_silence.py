"""Silent hits: the side that keeps silent is told, the other one reads what it reads when nobody holds the same."""

import difflib
import re

import pytest
from sqlalchemy import event

from casework.audit.models import AuditEntry
from casework.audit.outbox import MARK
from casework.cases.models import Case, Task
from casework.deconfliction import asking
from casework.deconfliction.models import MatchHit, MatchQuestion
from casework.workflow.engine import NotAllowed, Refused

WHY = "An undercover officer is in touch (fictional)"
ASKED = {"lines": ["012 000 000", "012 000 001"], "type": None, "platform": None, "purpose": "identify_suspect",
         "reason": "The number was named by a witness"}


def silence(units, name="psu_there", mode="silent", case=None):
    with units.work(name) as (db, identity):
        asking.set_mode(db, identity, db.get_one(Case, (case or units.far).id), mode, WHY)


def ask(units, name="inv", **data) -> MatchQuestion:
    with units.work(name) as (db, identity):
        return asking.ask(db, identity, db.get_one(Case, units.here.id), {**ASKED, **data})


def test_the_silent_side_alone_is_told(units):
    silence(units)
    units.add("inv", units.here)
    units.add("there", units.far)
    units.settle()
    (hit,) = units.seen("there")
    assert (hit.state, hit.other_agency_id, hit.other_ref) == ("silent", units.here.lead_agency_id, None)
    assert units.seen("inv") == units.seen("psu") == []
    with units.database.work() as db:
        chains = {entry.chain for entry in db.query(AuditEntry).filter(AuditEntry.record_type == "match_hit")}
    assert chains == {units.far.id}


def test_two_silent_sides_learn_nothing(units):
    silence(units)
    silence(units, "psu", case=units.here)
    units.add("inv", units.here)
    units.add("there", units.far)
    units.settle()
    assert units.all(MatchHit) == []


def test_whoever_breaks_the_silence_is_a_match_like_any_other(units):
    silence(units)
    units.add("inv", units.here)
    units.add("there", units.far)
    units.settle()
    silence(units, mode="normal")
    units.settle()
    (mine,), (theirs,) = units.seen("inv"), units.seen("there")
    assert (mine.state, theirs.state) == ("found", "found")
    assert (mine.other_ref, theirs.other_ref) == (theirs.ref, mine.ref)


def test_a_case_that_takes_no_part_is_not_compared(units):
    units.add("inv", units.here)
    units.add("there", units.far)
    silence(units, mode="off")
    units.settle()
    assert units.all(MatchHit) == []
    with units.work("there") as (db, identity), pytest.raises(NotAllowed):
        asking.set_mode(db, identity, units.far, "normal", WHY)


# ---- the same page, the same statements, the same log

_OWN = re.compile(r'(csrf_token" value=|name="draft" value=|nonce-|data-draft=)"?[\w.-]+|[A-Z]{1,2}\d\d-\d{6}-[A-Z]'
                  r'|\d\d:\d\d(:\d\d)?(\.\d+)?|overdue \d+ min|id="e\d+"|Entry \d+|proof/\d+|"> \d+</span>'
                  r'|session [0-9a-f]{8}|value="\d+"|012 000 \d{3}|[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f-]{21}|[0-9a-f]{64}')


def _face(response) -> tuple:
    """What a browser gets, without references made by chance, tokens, the time of day, and the numbers of entries in
    the log, which count everybody's."""
    return response.status_int, _OWN.sub("", response.text)


def _counted(app, browser, path) -> tuple:
    seen = []

    def note(connection, cursor, statement, parameters, context, executemany):
        if not connection.get_execution_options().get(MARK):
            seen.append(statement)

    event.listen(app.registry["engine"], "before_cursor_execute", note)
    try:
        return *_face(browser.get(path)), seen
    finally:
        event.remove(app.registry["engine"], "before_cursor_execute", note)


SHARED = ("/", "/matches", "/tasks")
OF_CASE = ("", "/matches", "/timeline", "/history", "/identifiers", "/identifiers/{own}", "/identifiers/{own}/history")


def _rounds(app, units, case, own, question) -> list:
    """Everything of a case that its investigator and its supervisor can open, with the log and the tasks behind it."""
    found = []
    paths = [*SHARED, *(f"/cases/{case.ref}{part}".replace("{own}", own.ref) for part in OF_CASE),
             f"/match-questions/{question.ref}", f"/match-questions/{question.ref}/history"]
    for name, more in (("inv", ()), ("psu", ("/matches/week",))):
        browser = units.browser(app, name)
        for number, path in enumerate((*paths, *more)):
            browser.get(path)
            status, text, statements = _counted(app, browser, path)
            assert status == 200, path
            found.append((name, number, text.replace(own.mask, "").splitlines(), statements))
    with units.database.work() as db:
        found.append(db.query(AuditEntry).filter(AuditEntry.chain == case.id, AuditEntry.verb != "view").count())
    return [*found, sum(task.case_id == case.id for task in units.all(Task))]


def _differ(one, other) -> str:
    """The lines in which two pages differ, for who reads the failure."""
    pairs = zip(one[2:], other[2:], strict=True) if isinstance(one, tuple) else ()
    return "\n".join(line for left, right in pairs for line in difflib.unified_diff(left, right, lineterm="", n=0))


def _asked_about(units, value):
    """A case with one identifier and a question about it, compared."""
    case = units.open("Bamboo", "inv")
    own = units.add("inv", case, value=value)
    with units.work("inv") as (db, identity):
        question = asking.ask(db, identity, db.get_one(Case, case.id), {**ASKED, "lines": [value]})
    units.settle()
    return case, own, question


@pytest.mark.one_engine
def test_a_silent_match_reads_like_none(app, units):
    """Two cases that differ in whether a silent unit holds what they ask about: the same pages byte for byte, by the
    same statements."""
    silence(units)
    units.add("there", units.far)
    cases = [_asked_about(units, value) for value in ("012 000 000", "012 000 777")]
    silent, none = (_rounds(app, units, *one) for one in cases)
    for one, other in zip(silent, none, strict=True):
        assert one == other, _differ(one, other)
    assert len(units.seen("there")) == 2, "the silent unit is told of the value and of the question"


@pytest.mark.one_engine
def test_a_silent_holder_who_comes_later_changes_nothing(app, units):
    one = _asked_about(units, "012 000 000")
    before = _rounds(app, units, *one)
    silence(units)
    units.add("there", units.far)
    units.settle()
    for was, now in zip(before[:-2], _rounds(app, units, *one), strict=False):
        # A history also tells that the pages were opened the first time.
        assert now == was or any("<title>History" in line for line in was[2])
    assert len(units.seen("there")) == 1


# ---- questions

def test_a_question_tells_both_sides(units):
    units.add("there", units.far)
    question = ask(units)
    units.settle()
    (hit,), (other,) = units.seen("inv"), units.seen("there")
    assert (hit.question_id, hit.line, hit.other_agency_id) == (question.id, 1, units.far.lead_agency_id)
    assert (other.other_agency_id, other.question_id) == (units.here.lead_agency_id, None)
    (question,) = units.all(MatchQuestion)
    assert question.answered_at is not None
    assert [line["mask"] for line in question.lines] == ["+855 *** 00", "+855 *** 01"]
    units.settle()
    assert [one.state for one in units.all(MatchHit)] == ["found", "found"], "the answer stays when its lines are gone"


def test_a_question_is_not_found_by_others(units):
    ask(units)
    with units.work("there") as (db, identity):
        asking.ask(db, identity, db.get_one(Case, units.far.id), ASKED)
    units.settle()
    assert units.all(MatchHit) == []
    assert all(one.answered_at for one in units.all(MatchQuestion))


@pytest.mark.parametrize("line", ["203.0.113.7", "nothing that is known", "012 ABC"])
def test_a_line_that_cannot_be_compared_is_named(units, line):
    with pytest.raises(Refused) as refused:
        ask(units, lines=["012 000 000", line])
    assert [problem.field for problem in refused.value.problems] == ["lines"]


def test_fifty_a_day_and_no_more(units):
    ask(units, lines=[f"012 000 {number:03}" for number in range(49)])
    with pytest.raises(Refused):
        ask(units, lines=["012 000 100", "012 000 101"])
    ask(units, lines=["012 000 100"])
    with pytest.raises(Refused):
        ask(units, lines=["012 000 102"])
    ask(units, "psu", lines=["012 000 102"])


@pytest.mark.parametrize("name", ["inv2", "there", "pro", "hot", "sw"])
def test_who_does_not_work_on_the_case_asks_nothing(units, name):
    with units.database.work(identity=units.who(name)) as db, pytest.raises(NotAllowed):
        asking.ask(db, units.who(name), units.here, ASKED)


def test_supervisors_see_what_was_asked(units):
    ask(units)
    for name, number in (("psu", 1), ("inv", 1), ("inv2", 0), ("psu_there", 0), ("there", 0)):
        with units.work(name) as (db, _identity):
            assert db.query(MatchQuestion).count() == number, name


@pytest.mark.one_engine
def test_the_pages(app, units):
    units.add("there", units.far)
    browser = units.browser(app, "inv")
    page = browser.get(f"/cases/{units.here.ref}/matches/ask")
    form = page.forms["form"]
    form["lines"], form["purpose"], form["reason"] = "012 000 000\n012 000 001", "identify_suspect", ASKED["reason"]
    page = form.submit("save", status=303).follow()
    assert "Not compared yet" in page.text
    units.settle()
    page = browser.get(page.request.path)
    assert "Agency cid (fictional)" in page.text
    assert "12 000 000" not in page.text
    (hit,) = units.seen("inv")
    assert units.far.ref not in browser.get(f"/matches/{hit.ref}").text
    assert hit.ref in browser.get(f"/cases/{units.here.ref}/matches").text
    assert hit.ref in browser.get("/").text
    browser.get(f"/cases/{units.here.ref}/matches/setting", status=403)
    browser.get("/matches/week", status=403)
    psu = units.browser(app, "psu")
    form = psu.get(f"/matches/{hit.ref}/do/disclose_contact").forms["form"]
    form["contact"] = str(units.who("inv").user_id)
    form.submit("save", status=303)
    form = psu.get(f"/cases/{units.here.ref}/matches/setting").forms["form"]
    form["mode"], form["reason"] = "silent", WHY
    assert WHY in form.submit("save", status=303).follow().text
    assert "Agency cid (fictional)" in psu.get("/matches/week").text
    units.browser(app, "inv2").get(f"/matches/{hit.ref}", status=404)
    units.browser(app, "hot").get(f"/matches/{hit.ref}", status=403)

"""The paper for a child: what it says and does not say, who makes it, and that it can be read by a child."""

import datetime as dt
import io
import re

import pytest
from pypdf import PdfReader
from sqlalchemy import select

from casework.audit.capture import record_event
from casework.audit.chain import Event
from casework.audit.models import AuditEntry
from casework.authz.models import BreakGlass
from casework.cases.models import Case
from casework.db.base import now
from casework.people.models import Person
from casework.support.models import SupportReferral
from casework.visibility import child_list, opened
from casework.web.i18n import local_time

pytestmark = pytest.mark.one_engine
VOWELS = re.compile(r"[aeiouy]+")


def ref_of(desk, model, key) -> str:
    with desk.database.work(readonly=True, unscoped=1) as db:
        return db.get_one(model, key).ref


def make(client, ref: str, language: str = "en", **changes):
    """Fill in the form; the answer."""
    client.set_cookie("cw_lang", language)
    form = client.get(f"/support/{ref}/right-to-know").forms["form"]
    values = {"purpose": "person_concerned", "explanation": "The child asked (fictional)", "safe": True, **changes}
    for name, value in values.items():
        form[name] = value
    return form.submit("save", status="*")


def text_of(answer) -> str:
    """The text of a PDF, in one line."""
    pages = PdfReader(io.BytesIO(answer.body)).pages
    return " ".join(" ".join(page.extract_text() for page in pages).replace("\u200b", "").split())


@pytest.fixture
def file(desk, at):
    """A child with support, whose file was opened by the police, social services and a provider; and refused once."""
    support = desk.in_service()
    child, case = ref_of(desk, Person, desk.child_id), ref_of(desk, Case, desk.case_id)
    ref = ref_of(desk, SupportReferral, support)
    at("inv").get(f"/cases/{case}/people/{child}")
    at("sw").get(f"/support/{ref}")
    at("prv").get(f"/support/{ref}")
    at("far").get(f"/support/{ref}", status=404)
    return ref


def test_the_paper_says_who_why_and_when(desk, at, file):
    answer = make(at("sw"), file)
    assert answer.content_type == "application/pdf"
    text = text_of(answer)
    assert "Who opened your file" in text
    for kind in ("INV", "SW", "PRV"):
        assert str(opened.WHO[kind]) in text
        assert str(opened.WHY[kind]) in text
    assert f"{child_list.MONTHS[local_time(now()).month - 1]} {local_time(now()).year}" in text
    assert str(opened.WHO["PRO"]) not in text, "could not, and did not"


def test_the_paper_names_nobody_and_no_place_and_no_step(desk, at, file):
    answer = make(at("sw"), file)
    text = text_of(answer)
    for account in desk.accounts.values():
        assert account.name not in text
        assert account.agency_code not in text
    with desk.database.work(readonly=True, unscoped=1) as db:
        child, case = db.get_one(Person, desk.child_id), db.get_one(Case, desk.case_id)
        for hidden in ("Childfamily", "Childgiven", child.pseudonym, child.ref, case.ref, case.title, "Hagar", "aple"):
            assert hidden not in text
    assert not re.search(r"\d\d:\d\d", text), "no hour"
    data = answer.body
    assert desk.accounts["sw"].name.encode() not in data
    assert desk.accounts["sw"].name not in str(PdfReader(io.BytesIO(data)).metadata)


def test_the_case_and_evidence_are_no_part_of_it(desk, at, file):
    """Who opened only the case is not on it."""
    case = ref_of(desk, Case, desk.case_id)
    at("psu").get(f"/cases/{case}")
    assert str(opened.WHO["PSU"]) not in text_of(make(at("sw"), file))


def test_an_emergency_is_told_as_what_it_was(desk, database, at, file, app):
    with database.work(readonly=True, unscoped=1) as db:
        before, complete = opened.opened(db, app.registry["record_types"], desk.child_id)
    assert complete
    assert not any(line.emergency for line in before)
    with database.work(identity=desk.who["pro"]) as db:
        db.add(BreakGlass(user_id=desk.who["pro"].user_id, role="PRO", subject_id=desk.case_id, case_id=desk.case_id,
                          reason_code="danger", reason="A test", until=now() + dt.timedelta(hours=1)))
        record_event(db, Event("view", record_type="person", record_id=desk.child_id, case_id=desk.case_id,
                               details={"rule": "victim.place PRO R x"}))
    text = text_of(make(at("sw"), file))
    assert str(opened.WHO["PRO"]) in text
    assert str(opened.EMERGENCY) in text


def test_it_is_asked_what_for_and_the_log_keeps_it(desk, database, at, file):
    client = at("sw")
    assert make(client, file, explanation="short").status_int == 422
    refused = make(client, file, safe=False)
    assert refused.status_int == 422
    assert "who else may read this paper" in refused
    with database.work(readonly=True, unscoped=1) as db:
        printed = select(AuditEntry).where(AuditEntry.verb == "print")
        assert db.scalars(printed).all() == []
    assert make(client, file).status_int == 200
    with database.work(readonly=True, unscoped=1) as db:
        entry = db.scalars(printed).one()
        assert '"part":"right_to_know"' in entry.body
        assert '"purpose":"person_concerned"' in entry.body
        assert "The child asked (fictional)" in entry.body
        assert entry.actor_id == desk.who["sw"].user_id


@pytest.mark.parametrize(("name", "status"), [
    ("sws", 403), ("inv", 403), ("psu", 403), ("prv", 403), ("far", 404), ("aud", 404)])
def test_only_the_childs_own_social_worker_makes_it(at, file, name, status):
    answer = at(name).get(f"/support/{file}/right-to-know", status="*")
    assert answer.status_int in (status, 403, 404)
    assert answer.status_int != 200


def test_the_support_leads_there_for_the_social_worker_only(at, file):
    assert "Who opened the file: a paper for the child" in at("sw").get(f"/support/{file}")
    assert "Who opened the file: a paper for the child" not in at("sws").get(f"/support/{file}")


def test_a_suspect_at_home_is_warned_of(desk, database, at, file):
    client = at("sw")
    assert "Do not send the paper home" not in client.get(f"/support/{file}/right-to-know")
    with database.work(unscoped=1) as db:
        db.get_one(Person, desk.child_id).caregiver_is_suspect = "yes"
    assert "Do not send the paper home" in client.get(f"/support/{file}/right-to-know")


def grade(text: str) -> float:
    """School year in which a text is read with ease (Flesch and Kincaid)."""
    sentences = [part for part in re.split(r"[.?:!]+\s", text) if part.strip()]
    words = re.findall(r"[A-Za-z']+", text)
    syllables = sum(max(1, len(VOWELS.findall(re.sub(r"(?<=[^l])e$", "", word.lower())))) for word in words)
    return 0.39 * len(words) / len(sentences) + 11.8 * syllables / len(words) - 15.59


def test_a_child_of_twelve_reads_it(at, file):
    """Twelve years is the sixth year of school; no sentence is long."""
    text = text_of(make(at("sw"), file))
    whole = text[text.index("This paper is for you"):]
    assert grade(whole) < 6, whole
    fixed = [*opened.WHY.values(), opened.EMERGENCY]
    assert all(grade(str(text)) < 7 for text in fixed), [(str(text), grade(str(text))) for text in fixed]
    assert grade("The competent authority communicated confidential information regarding investigations.") > 12


def test_in_khmer_all_of_it(at, file):
    answer = make(at("sw"), file, "km")
    text = text_of(answer)
    assert not re.search(r"\b(police|file|paper|social|help)\b", text, re.IGNORECASE)
    assert re.search("[\u1780-\u17ff]{5}", text)
    assert re.search(r"1 / \d", text), "page x of y"

"""What somebody was given ends at the next request: a grant, a wall, a role, an agency, a consent, in mid-session, with
a form open, and in mid-download."""

import datetime as dt
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import select
from webtest import Upload

from casework.accounts import service as accounts
from casework.accounts.models import Agency, Membership, User
from casework.authz.models import BreakGlass, Grant, Recusal
from casework.authz.scope import unscoped
from casework.cases.models import Case, Note
from casework.db.base import now
from casework.files.models import StoredFile
from casework.support.models import SupportReferral
from casework.web import download
from tests.authz.reader import WORD, contents, face
from tests.authz.rounds import absent
from tests.authz.truth import Truth
from tests.files import papers
from tests.support.settled import Settled
from tests.support.world import SITUATIONS, Placed

from .twins import restored


@pytest.fixture
def ground(settled) -> Iterator[Settled]:
    """The settled world; what a test changes in it is put back afterwards."""
    with restored(settled):
        yield settled


def found(truth: Truth, situation: str, table: str, row: str | None = None) -> Placed:
    """A record of a kind in a case of which the situation holds, made by nobody in particular."""
    case = next(p for p in truth.world.placed if p.record_type == "case" and p.facts == SITUATIONS[situation])
    return next(p for p in truth.world.placed if p.record_type == table and p.case == case.case and p.mine is None
                and row in (None, p.row))


def _grants(db, ground: Settled, role: str, record: Placed) -> list[Grant]:
    reader = ground.world.readers[role]
    return db.scalars(select(Grant).where(Grant.principal_id == reader.user_id, Grant.case_id == record.case)).all()


def grant_ended(db, ground, role, record):
    for grant in _grants(db, ground, role, record):
        grant.ended_at = now()


def grant_ran_out(db, ground, role, record):
    for grant in _grants(db, ground, role, record):
        grant.until = now() - dt.timedelta(seconds=1)


def wall(db, ground, role, record):
    db.add(Recusal(user_id=ground.world.readers[role].user_id, case_id=record.case))


def case_moved(db, ground, role, record):
    db.get_one(Case, record.case).lead_agency_id = ground.world.agencies["other"]


def returned(db, ground, role, record):
    case = db.get_one(Case, record.case)
    case.submitted_at = None


def consent_withdrawn(db, ground, role, record):
    for support in db.scalars(select(SupportReferral).where(SupportReferral.case_id == record.case)):
        support.consent_provider = False


def glass_ended(db, ground, role, record):
    for glass in db.scalars(select(BreakGlass).where(BreakGlass.case_id == record.case)):
        glass.ended_at = now()


def glass_ran_out(db, ground, role, record):
    for glass in db.scalars(select(BreakGlass).where(BreakGlass.case_id == record.case)):
        glass.until = now() - dt.timedelta(seconds=1)


CHANGES = {
    "a grant is ended": ("INV", "assigned", "note", "investigation.notes", grant_ended),
    "a grant runs out": ("INV", "assigned", "person", "suspect.identity", grant_ran_out),
    "a wall goes up": ("INV", "assigned", "case", None, wall),
    "a wall goes up before a supervisor": ("PSU", "own agency", "case", None, wall),
    "the case goes to another agency": ("PSU", "own agency", "evidence_item", None, case_moved),
    "the file goes back to the police": ("PRO", "assigned, submitted", "evidence_item", None, returned),
    "consent is withdrawn": ("PRV", "assigned, consent", "assessment", None, consent_withdrawn),
    "broken glass is given back": ("INV", "all", "address", "victim.place", glass_ended),
    "broken glass runs out": ("INV", "all", "address", "victim.place", glass_ran_out),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_was_seen_is_absent_at_the_next_request(ground, truth, change):
    role, situation, table, row, happen = CHANGES[change]
    record, client = found(truth, situation, table, row), ground.client(role)
    path = truth.path(record)
    assert WORD.search(contents(client.get(path, status=200)))
    with ground.database.work() as db, unscoped(db, "the test changes the world"):
        happen(db, ground, role, record)
    gone = client.get(path, status=404)
    assert face(gone, 0) == face(client.get(path.replace(record.ref, absent(record.ref)), status=404), 0)
    assert client.get(f"{path}/history", expect_errors=True).status_int == 404
    token = client.get("/account").html.find("input", {"name": "csrf_token"})["value"]
    answer = client.post("/search", {"csrf_token": token, "q": record.ref}).maybe_follow()
    assert f"/go/{record.ref}" not in answer.text


def test_a_form_that_was_open_saves_nothing_afterwards(ground, truth):
    record, client = found(truth, "assigned", "case"), ground.client("INV")
    form = client.get(f"{truth.path(record)}/notes/new").forms["form"]
    form["kind"], form["text"] = "general", "Written before the wall went up (fictional)"
    with ground.database.work() as db:
        wall(db, ground, "INV", record)
    form.submit("save", status=404)
    with ground.database.work(readonly=True, unscoped=1) as db:
        texts = [note.text for note in db.scalars(select(Note)) if note.text]
    assert not any("before the wall" in text for text in texts)


def another_role(db, user, held, agency):
    accounts.end_membership(db, held, now())
    accounts.add_membership(db, user, agency, "CUS", at=now())


def another_agency(db, user, held, agency):
    accounts.end_membership(db, held, now())
    elsewhere = db.scalars(select(Agency).where(Agency.code == "test.other")).one()
    accounts.add_membership(db, user, elsewhere, held.role, at=now())


def shut(db, user, held, agency):
    accounts.disable(db, user, now())


@pytest.mark.parametrize("happen", [another_role, another_agency, shut])
def test_who_somebody_is_counts_at_the_next_request(ground, truth, happen):
    record, client = found(truth, "assigned", "case"), ground.client("INV")
    path = truth.path(record)
    assert WORD.search(client.get(path, status=200).text)
    _becomes(ground, "INV", happen)
    answer = client.get(path, expect_errors=True).maybe_follow(expect_errors=True)
    assert record.ref not in answer.text.replace(path, "")
    assert not WORD.search(answer.text)


def _becomes(ground: Settled, role: str, happen: Callable) -> None:
    with ground.database.work() as db:
        user = db.get_one(User, ground.world.readers[role].user_id)
        held = db.scalars(select(Membership).where(Membership.user_id == user.id)).one()
        happen(db, user, held, held.agency)


# ---- a file on its way out

LARGE = papers.texts()["hashes.csv"]


def stored(ground: Settled, truth: Truth, situation: str, role: str) -> StoredFile:
    """A document of some segments in a case, added through the form."""
    case, client = found(truth, situation, "case"), ground.client(role)
    form = client.get(f"{truth.path(case)}/files/new").forms["form"]
    form["title"], form["category"], form["declaration"] = "Answer of the provider", "report", True
    form["file"] = Upload("list.csv", LARGE * (1 + 1_500_000 // len(LARGE)))
    path = form.submit(status=303).location
    with ground.database.work(readonly=True, unscoped=1) as db:
        return db.scalars(select(StoredFile).where(StoredFile.ref == path.rsplit("/", 1)[-1])).one()


def begun(ground: Settled, role: str, path: str):
    """A download of which the first piece has left; the others are taken when the test asks."""
    client = ground.client(role)
    request = client.RequestClass.blank(path, environ=dict(client.extra_environ))
    request.headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
    answer = request.get_response(ground.app)
    assert answer.status_int == 200
    pieces = iter(answer.app_iter)
    return answer, next(pieces), pieces


ENDS = {
    "a grant is ended": lambda ground, record: _in(ground, grant_ended, record),
    "a wall goes up": lambda ground, record: _in(ground, wall, record),
    "another role": lambda ground, record: _becomes(ground, "INV", another_role),
    "the account is shut": lambda ground, record: _becomes(ground, "INV", shut),
}


def _in(ground: Settled, happen: Callable, record: Placed) -> None:
    with ground.database.work() as db, unscoped(db, "the test changes the world"):
        happen(db, ground, "INV", record)


@pytest.mark.parametrize("end", ENDS)
def test_a_download_stops_when_the_right_to_it_ends(ground, truth, end, monkeypatch):
    monkeypatch.setattr(download, "LOOK", 0.0)
    kept = stored(ground, truth, "assigned", "INV")
    answer, first, rest = begun(ground, "INV", f"/files/{kept.ref}/download")
    assert 0 < len(first) < kept.size == answer.content_length
    ENDS[end](ground, found(truth, "assigned", "case"))
    assert b"".join(rest) == b"", "nothing more leaves, and the reader sees that the file is cut"
    ground.client("INV").get(f"/files/{kept.ref}/download", expect_errors=True, headers={"Range": "bytes=100-"})


def test_a_download_goes_on_while_the_right_stands(ground, truth, monkeypatch):
    monkeypatch.setattr(download, "LOOK", 0.0)
    kept = stored(ground, truth, "assigned", "INV")
    _answer, first, rest = begun(ground, "INV", f"/files/{kept.ref}/download")
    assert len(first + b"".join(rest)) == kept.size


def test_the_rest_is_not_to_be_had_by_asking_for_a_part(ground, truth):
    kept = stored(ground, truth, "assigned", "INV")
    path, part = f"/files/{kept.ref}/download", {"Range": "bytes=100-199"}
    client = ground.client("INV")
    assert len(client.get(path, headers=part, status=206).body) == 100
    _in(ground, grant_ended, found(truth, "assigned", "case"))
    gone = client.get(path, headers=part, status=404)
    assert "Content-Range" not in gone.headers


def test_every_other_file_is_made_whole_under_the_right_of_its_request(ground, truth):
    """A list that leaves has no rest: all its bytes are there before the first leaves."""
    record, client = found(truth, "assigned", "case"), ground.client("INV")
    form = client.get(f"{truth.path(record)}/history/file").forms["form"]
    form["form"], form["purpose"], form["explanation"] = "csv", "court", "A test of the matrix (fictional)"
    answer = form.submit("save")
    assert isinstance(answer.app_iter, list)
    assert len(answer.body) == answer.content_length

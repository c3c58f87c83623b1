"""Sealed annexes and redacted versions: marked when a document is added or afterwards, seen by whom they are for, and
what of them may be given to others."""

from types import SimpleNamespace

import pytest
from sqlalchemy import select

from casework.authz.scope import scoped_by_hand
from casework.cases import service as cases
from casework.files.models import StoredFile
from casework.files.service import Facts
from casework.files.versions import for_others
from casework.workflow.engine import NotAllowed
from tests.files import papers
from tests.files.test_pages import add, case, only, people  # noqa: F401  fixtures and looks
from tests.files.test_tus import CONTENT, Client
from tests.support.people import make_person, sign_in

once = pytest.mark.one_engine
WORDS = papers.texts()["english.txt"]
ABSENT = "J26-000000-A"


def plain(number: int, of: int | None = None, *, sealed: bool = False) -> SimpleNamespace:
    return SimpleNamespace(id=number, redacted_of_id=of, sealed_annex=sealed)


@once
@pytest.mark.parametrize(("documents", "going", "left_out"), [
    ([plain(1), plain(2)], [1, 2], 0),
    ([plain(1), plain(2, sealed=True)], [1], 1),
    ([plain(1), plain(2, of=1)], [2], 0),
    ([plain(1, sealed=True), plain(2, of=1)], [2], 1),
    ([plain(1), plain(2, of=1, sealed=True)], [1], 1),
    ([plain(1), plain(2, of=1), plain(3, of=1)], [2, 3], 0),
    ([], [], 0),
])
def test_what_goes_to_others(documents, going, left_out):
    found, count = for_others(documents)
    assert [one.id for one in found] == going
    assert count == left_out


@pytest.fixture
def exam(database, people, case):  # noqa: F811
    psu = people["psu"].identity
    with database.work() as db:
        made = make_person(db, "FOR")
    with database.work(identity=psu) as db:
        cases.assign(db, psu, cases.case_of(db, case.id), role="FOR", agency_id=made.agency_id, user_id=made.user_id)
    return made


def test_the_database_itself_keeps_an_annex_from_an_examiner(desk, files):
    """The row scope does, and on PostgreSQL row security below it."""
    inv, kept = desk.world.who["inv"], {}
    for sealed in (False, True):
        with desk.database.work(identity=inv) as db:
            owner = desk.world.case(db)
            facts = Facts("Report (fictional)", "report.txt", "report", sealed_annex=sealed)
            upload = files.begin(db, inv, owner, facts, len(WORDS), keep=False)
            with files.finish(db, upload, 0, iter((WORDS,))) as found:
                kept[sealed] = files.record(db, inv, upload, owner, found).ref
            files.discard(upload)
    for who, seen in (("inv", set(kept.values())), ("psu", set(kept.values())), ("exam", {kept[False]})):
        with desk.database.work(identity=desk.world.who[who], readonly=True) as db:
            assert set(db.scalars(select(StoredFile.ref))) == seen, who
            if desk.database.backend == "postgresql":
                with scoped_by_hand(db, "what the database alone lets through"):
                    assert set(db.scalars(select(StoredFile.ref))) == seen, who
    exam = desk.world.who["exam"]
    with desk.database.work(identity=exam) as db, pytest.raises(NotAllowed):
        files.begin(db, exam, desk.world.case(db), Facts("A", "a.txt", "report", sealed_annex=True), 10, keep=False)


def by_title(database, title: str) -> StoredFile:
    with database.work(readonly=True, unscoped=1) as db:
        return db.scalars(select(StoredFile).where(StoredFile.title == title)).one()


@once
def test_a_sealed_annex_is_marked_and_kept_from_who_may_not_know_the_child(
    client, database, people, case, exam,  # noqa: F811
):
    sign_in(client, people["inv"])
    page = add(client, case, WORDS, "annex.txt", title="Annex one", sealed_annex=True).follow()
    add(client, case, papers.pdf(), title="Report two", redacted_of=by_title(database, "Annex one").ref)
    annex, report = by_title(database, "Annex one"), by_title(database, "Report two")
    assert (annex.sealed_annex, report.sealed_annex) == (True, False)
    assert "Sealed annex: it is left out of every disclosure package" in page.text
    listing = client.get(f"/cases/{case.ref}/files").text
    assert '<strong class="cw-tag">Sealed annex</strong>' in listing
    assert '<strong class="cw-tag">Redacted version</strong>' in listing
    assert "Sealed annex" in client.get(f"/files/{annex.ref}/history").text
    client.set_cookie("cw_lang", "km")
    assert "ឧបសម្ព័ន្ធបិទជិត" in client.get(f"/cases/{case.ref}/files").text
    client.reset()

    sign_in(client, exam)  # reads and adds documents, and never learns who the child is
    listing = client.get(f"/cases/{case.ref}/files").text
    assert report.ref in listing
    assert annex.ref not in listing
    assert "Annex one" not in listing
    for path in ("", "/download", "/history", "/edit"):
        absent = client.get(f"/files/{ABSENT}{path}", status="*").status_int
        assert client.get(f"/files/{annex.ref}{path}", status="*").status_int == absent == 404, path
    assert annex.ref not in client.get(f"/files/{report.ref}").text
    form = client.get(f"/cases/{case.ref}/files/new").forms["form"]
    assert "sealed_annex" not in form.fields
    assert annex.ref not in form.text
    tus = Client(client, case)
    tus.create(5000, status=403, sealed_annex="true")
    tus.create(5000)
    # What the examiner does not see stays as it is.
    form = client.get(f"/files/{report.ref}/edit").forms["form"]
    form["title"] = "Report three"
    form.submit("save", status=303)
    assert by_title(database, "Report three").redacted_of_id == annex.id


@once
def test_a_redacted_version_and_its_original_name_each_other(client, database, people, case):  # noqa: F811
    sign_in(client, people["inv"])
    add(client, case, WORDS, "whole.txt", title="Whole statement")
    whole = by_title(database, "Whole statement")
    page = add(client, case, WORDS[:200], "part.txt", title="Part of it", redacted_of=whole.ref).follow()
    part = by_title(database, "Part of it")
    assert part.redacted_of_id == whole.id
    assert f'href="/files/{whole.ref}"' in page.text
    page = client.get(f"/files/{whole.ref}").text
    assert "Redacted version" in page
    assert f'href="/files/{part.ref}"' in page
    # A redacted version is no original, and what has one is none itself.
    form = client.get(f"/cases/{case.ref}/files/new").forms["form"]
    assert [value for value, _chosen, _label in form["redacted_of"].options] == ["", whole.ref]
    add(client, case, WORDS[:300], "other.txt", title="Another one")
    form = client.get(f"/files/{whole.ref}/edit").forms["form"]
    form["redacted_of"] = by_title(database, "Another one").ref
    assert "it cannot be one itself" in form.submit("save", status=422).text
    assert by_title(database, "Whole statement").redacted_of_id is None


@once
def test_what_may_not_be_named_is_refused_like_what_is_not_there(client, database, people, case):  # noqa: F811
    with database.work(identity=people["psu"].identity) as db:
        elsewhere = cases.open_case(
            db, people["psu"].identity, title="Heron", lead_agency_id=people["inv"].agency_id,
            lead_officer_id=people["inv"].user_id, conduct=["grooming"], province="12")
    sign_in(client, people["inv"])
    add(client, elsewhere, WORDS, "other.txt", title="Of another case")
    ref, said = by_title(database, "Of another case").ref, []
    for wrong in (ref, ABSENT):
        form = client.get(f"/cases/{case.ref}/files/new").forms["form"]
        form["title"], form["category"], form["declaration"] = "Answer", "report", True
        form["redacted_of"].force_value(wrong)
        said.append(form.submit(status=422).text.count("Choose one of the answers."))
    assert said[0] == said[1] > 0
    tus = Client(client, case)
    assert tus.create(10, status=422, redacted_of=ref).text == tus.create(10, status=422, redacted_of=ABSENT).text
    assert len(only(database)) == 1


@once
def test_a_resumable_upload_says_the_same(client, database, people, case):  # noqa: F811
    sign_in(client, people["inv"])
    add(client, case, WORDS, "whole.txt", title="Whole statement")
    whole, tus = by_title(database, "Whole statement"), Client(client, case)
    path = tus.create(len(CONTENT[:5000]), title="Sealed part", sealed_annex="true", redacted_of=whole.ref)
    # Begun and not finished: the page's script goes on with it only when the form says the same.
    page = client.get(f"/cases/{case.ref}/files/new").text
    assert f'&#34;redacted_of&#34;: &#34;{whole.ref}&#34;, &#34;sealed_annex&#34;: &#34;true&#34;' in page
    tus.patch(path, 0, CONTENT[:5000])
    made = by_title(database, "Sealed part")
    assert (made.sealed_annex, made.redacted_of_id) == (True, whole.id)
    tus.create(10, status=422, sealed_annex="perhaps")


@once
def test_put_right_afterwards_with_a_history(client, database, people, case):  # noqa: F811
    sign_in(client, people["inv"])
    add(client, case, WORDS, "annex.txt", title="Annex one")
    annex = by_title(database, "Annex one")
    form = client.get(f"/files/{annex.ref}").click("Change").forms["form"]
    form["sealed_annex"] = True
    assert "Sealed annex" in form.submit("save").follow().text
    assert by_title(database, "Annex one").sealed_annex
    assert "Sealed annex" in client.get(f"/files/{annex.ref}/history").text
    client.reset()
    sign_in(client, people["psu"])  # reads
    assert "/edit" not in client.get(f"/files/{annex.ref}").text
    client.get(f"/files/{annex.ref}/edit", status=403)
    client.reset()
    sign_in(client, people["other"])
    client.get(f"/files/{annex.ref}/edit", status=404)

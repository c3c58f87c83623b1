"""A tool's report becomes items: the file, what its columns mean, a dry run, then all of them or none."""

import datetime as dt
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.exc import NoResultFound
from webtest import Upload

from casework.cases import service as cases
from casework.evidence import reports
from casework.evidence.chain import verify_chain
from casework.evidence.models import CustodyEvent, EvidenceItem
from casework.hashes import lists
from casework.hashes.lists import About
from casework.hashes.models import HashHit
from casework.hashes.reports import read_table
from casework.records.models import Draft
from casework.workflow.engine import NotAllowed, Refused
from tests.evidence.forms import form_of, set_date
from tests.evidence.test_desk_pages import case, people, stored  # noqa: F401  fixtures
from tests.evidence.world import item_data
from tests.support.people import make_person, sign_in

DATA = Path(__file__).parents[1] / "data" / "hashes"
SHAS = [f"{number:064x}" for number in range(1, 8)]
NAME = "words that nobody should keep.jpg"
REPORT = "Name;Digest;Size;Category\n" + "".join(
    f"{NAME};{sha};{100 + number};{number % 2}\n" for number, sha in enumerate(SHAS))
WRONG = f"{REPORT}{NAME};nonsense;1;1\n{NAME};{SHAS[0]};1;1\n"


def items(database) -> list[EvidenceItem]:
    with database.work(readonly=True, unscoped=1) as db:
        return list(db.scalars(select(EvidenceItem).order_by(EvidenceItem.number)))


def drafts(database) -> list[Draft]:
    with database.work(readonly=True) as db:
        return list(db.scalars(select(Draft)))


def send(client, at: str, content: str | bytes, status: int = 303):
    form = client.get(f"{at}/report/files/new").forms["form"]
    form["file"] = Upload("report.csv", content.encode() if isinstance(content, str) else content)
    return form.submit("save", status=status)


def fill(form, parent=None, **values) -> None:
    set_date(form, "1/11/2026", "09:00")
    told = {"description": "File of an extraction", "tool": "Tool 1.0", "province": "12",
            "place": "Laboratory (fictional)", "authority_type": "warrant", "authority_document": "W-1/2026",
            "restricted_material": "not_examined", **values}
    for name, value in told.items():
        form[name] = value
    if parent is not None:
        form["parent"] = str(parent.id)


@pytest.fixture
def examiner(client, app, database, people, case):  # noqa: F811
    """The client, signed in as the examiner of the case."""
    psu = people["psu"].identity
    with database.work() as db:
        exam = make_person(db, "FOR")
    with database.work(identity=psu) as db:
        cases.assign(db, psu, db.get_one(type(case), case.id), role="FOR", agency_id=exam.agency_id,
                     user_id=exam.user_id)
    sign_in(client, exam)
    return client


@pytest.mark.one_engine
def test_a_report_is_read_tried_and_logged(examiner, app, database, people, case, tmp_path):  # noqa: F811
    parent = stored(database, people, case, 1)[0]
    path = tmp_path / "list.txt"
    path.write_text(SHAS[3])
    with database.work() as db:
        lists.receive(db, app.registry["hash_lists"].folder, path, About("Sample", "1", "Hotline (fictional)"))
    at = f"/cases/{case.ref}/evidence"
    assert "Import a tool" in examiner.get(at).text
    page = send(examiner, at, WRONG).follow()
    for text in ("Left out", "7 lines can become items, 2 cannot", "nonsense", "It names the same file as line 2."):
        assert text in page.text
    form = form_of(page)
    assert (form["column_sha256"].value, form["column_size"].value, form["column_label"].value) == ("0", "1", "2")
    assert form["categories"].value.split() == ["0", "=", "1", "="]
    # What was typed is there again, whatever is missing, and nothing was recorded.
    fill(form, parent, categories="0 = Not illegal\n1 = baseline\n")
    refused = form.submit("save", status=422)
    assert "2 lines are wrong" in refused.text
    again = form_of(form_of(refused).submit("again"))
    assert again["description"].value == "File of an extraction"
    assert "File of an extraction #3" in again.submit("again").text
    strange = {"csrf_token": again["csrf_token"].value, "column_sha256": "9" * 5000, "column_md5": "77",
               "kind": "nonsense", "parent": "x", "categories": "a = b", "restricted_material": "?"}
    assert "Choose one of the answers." in examiner.post(f"{at}/report", strange, status=422).text
    assert examiner.post(f"{at}/report", {**strange, "again": "again"}).status_int == 200
    again["leave_out"] = True
    refused = again.submit("save", status=422)
    assert "Give the vault reference" in refused.text
    assert len(items(database)) == 1
    last = form_of(refused)
    last["vault_ref"] = "V-12"
    last["leave_out"] = True
    assert last.submit("save", status=303).location.endswith(at)
    made = items(database)[1:]
    with database.work(readonly=True, unscoped=1) as db:
        found = [db.get_one(EvidenceItem, item.id) for item in made]
        assert [(one.description, one.kind, one.parent_id, one.size, one.label_counts) for one in found] == [
            (f"File of an extraction #{number + 2}", "extract", parent.id, 100 + number,
             {"baseline": 1} if number % 2 else {"not_illegal": 1}) for number in range(7)]
        assert [[hashed["value"] for hashed in one.hashes] for one in found] == [[sha] for sha in SHAS]
        assert [one.restricted_material for one in found[:2]] == ["not_examined", "yes"]
        assert found[1].vault_ref == "V-12"
        assert all(verify_chain(db, one) == [] for one in found)
        assert [hit.item_id for hit in db.scalars(select(HashHit))] == [found[3].id]
    assert drafts(database) == []
    assert all(NAME.encode() not in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    # Sent twice, it is logged once.
    assert last.submit("save").location.endswith(at)
    assert len(items(database)) == 8


@pytest.mark.one_engine
@pytest.mark.parametrize(("content", "said"), [
    (b"\xff\xd8\xff\xe0 camera", "This is no text."), (b"nothing", "no report of a known kind"),
    (b"sha256,size\n" + b"0,1\n" * 2001, "at most 2000 lines"),
])
def test_what_is_no_report_is_refused(examiner, database, case, content, said):  # noqa: F811
    assert said in send(examiner, f"/cases/{case.ref}/evidence", content, 422).text
    assert drafts(database) == []
    assert examiner.get(f"/cases/{case.ref}/evidence/report").location.endswith("/report/files/new")


@pytest.mark.one_engine
def test_who_may_not_label_is_not_asked_and_who_may_not_record_finds_nothing(
    client, database, people, case):  # noqa: F811
    at = f"/cases/{case.ref}/evidence"
    sign_in(client, people["inv"])
    page = send(client, at, REPORT).follow()
    assert not {"categories", "column_label"} & set(form_of(page).fields)
    # It can be thrown away, and no draft of a browser stands for it.
    discard = next(form for form in page.forms.values() if form.action == "/draft/discard")
    assert discard.submit().follow().location.endswith("/report/files/new")
    assert drafts(database) == []
    kept = {"csrf_token": discard["csrf_token"].value, "form_path": discard["form_path"].value, "rows": "x"}
    client.post("/draft", {**kept, "kind": "csv", "columns": "x"})
    assert client.get(f"{at}/report").location.endswith("/report/files/new")
    client.reset()
    for name, status in (("psu", 403), ("other", 404)):
        sign_in(client, people[name])
        for path in ("report", "report/files/new"):
            client.get(f"{at}/{path}", status=status)
        client.reset()


def data(**changes) -> dict:
    told = item_data(kind="extract", description="File", tool="Tool 1.0", **changes)
    return {**told, "seized_at": told["seized_at"] - dt.timedelta(hours=1)}


def log(desk, table, name="exam", labels=None, **changes) -> list:
    with desk.database.work(identity=desk.world.who[name]) as db:
        rows = reports.read(table, kind="extract").rows
        made = reports.log_report(db, desk.world.who[name], desk.world.case(db), rows, data(**changes), labels or {})
        return [item.id for item in made]


def test_lists_without_sha256_give_extracts_and_nothing_is_half_done(desk):
    parent = desk.record("inv")
    table = read_table((DATA / "icse.csv").read_bytes())
    made = log(desk, table, parent=str(parent))
    assert made
    assert desk.look(made[0], lambda db, one: {hashed["alg"] for hashed in one.hashes}) == {"md5", "sha1", "photodna"}
    before = len(items(desk.database))
    with pytest.raises(Refused) as refused:
        log(desk, table)  # made from nothing
    assert len(refused.value.problems) <= reports.TOLD
    with pytest.raises(Refused):
        log(desk, read_table(b"sha256,size\nnonsense,1\n"), parent=str(parent))
    with pytest.raises((NotAllowed, NoResultFound)):
        log(desk, table, "store", parent=str(parent))
    assert len(items(desk.database)) == before
    with desk.database.work(readonly=True, unscoped=1) as db:
        assert len(db.scalars(select(CustodyEvent)).all()) == before


def test_only_who_may_label_labels(desk):
    parent = str(desk.record("inv"))
    table = read_table(f"sha256,category\n{SHAS[0]},1\n".encode())
    for name, label in (("inv", None), ("exam", {"not_illegal": 1})):
        (made,) = log(desk, table, name, {"1": "not_illegal"}, parent=parent)
        assert desk.look(made, lambda db, one: one.label_counts) == label

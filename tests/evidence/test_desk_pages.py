"""Pages of whoever has exhibits in hand, without a script: a search, labels, scanning, counting, viewing."""

import io

import pytest
from pypdf import PdfReader
from sqlalchemy import event, select

from casework.audit.models import AuditEntry
from casework.cases import service as cases
from casework.cases.models import Case
from casework.evidence import label_pages, service
from casework.evidence.models import EvidenceItem
from casework.evidence.stock_models import Stocktake
from casework.evidence.vault_models import ViewingRequest
from tests.evidence.forms import form_of, set_date
from tests.evidence.world import item_data
from tests.support.people import make_person, press, quick, sign_in

pytestmark = pytest.mark.one_engine
WITNESSES = ["Sok (fictional)", "Dara (fictional)"]


@pytest.fixture
def people(database, app):
    quick(app)
    with database.work() as db:
        return {
            "inv": make_person(db, "INV"), "psu": make_person(db, "PSU"), "store": make_person(db, "CUS"),
            "other": make_person(db, "INV", "t.other"), "store2": make_person(db, "CUS", "t.other"),
        }


@pytest.fixture
def case(database, people):
    psu = people["psu"].identity
    with database.work(identity=psu) as db:
        return cases.open_case(db, psu, title="Lotus", lead_agency_id=people["inv"].agency_id,
                               lead_officer_id=people["inv"].user_id, conduct=["grooming"], province="12")


def sealed(database, people, case, count: int, **changes) -> list[EvidenceItem]:
    inv = people["inv"].identity
    with database.work(identity=inv) as db:
        mine = db.get_one(Case, case.id)
        first = db.query(EvidenceItem).count()
        return [
            service.record_item(db, inv, mine, item_data(seal=f"S-{first + n}", seal_witnesses=WITNESSES, **changes))
            for n in range(count)
        ]


def stored(database, people, case, count: int, place: str = "Room 1 / Shelf 4") -> list[EvidenceItem]:
    made = sealed(database, people, case, count)
    inv, store = people["inv"].identity, people["store"].identity
    with database.work(identity=inv) as db:
        found = db.scalars(select(EvidenceItem).where(EvidenceItem.id.in_([i.id for i in made])))
        service.release(db, inv, found, {"receiver": str(people["store"].membership_id), "purpose": "storage"})
    with database.work(identity=store) as db:
        found = db.scalars(select(EvidenceItem).where(EvidenceItem.id.in_([i.id for i in made])))
        service.accept(db, store, [(i, {"seal_before": i.seal, "condition": "intact", "location": place})
                                   for i in found])
    return made


def all_items(database) -> list[EvidenceItem]:
    with database.work(readonly=True, unscoped=1) as db:
        return list(db.scalars(select(EvidenceItem).order_by(EvidenceItem.number)))


def search_form(page):
    form = form_of(page)
    set_date(form, "2/3/2026", "09:30")
    for name, value in {"province": "12", "authority_type": "flagrante", "restricted_material": "not_examined",
                        "seal_witnesses": "\n".join(WITNESSES)}.items():
        form[name] = value
    form.get("place", index=0).value = "House 1 (fictional)"
    return form


def test_a_table_is_pasted_and_taken_over_without_a_script(client, database, people, case):
    sign_in(client, people["inv"])
    form = search_form(client.get(f"/cases/{case.ref}/evidence/search"))
    assert len(form.fields["seal"]) == 5
    form.get("description", index=0).value = "Telephone 1 (fictional)"
    form.get("seal", index=0).value = "S-1"
    form["table"] = "physical;Telephone 2 (fictional);Kitchen;Make;Model;SN-2;;S-2\nDocument;Letter (fictional);Kitchen"
    page = form.submit("take_table", status=200)
    form = form_of(page)
    assert [field.value for field in form.fields["description"]] == [
        "Telephone 1 (fictional)", "Telephone 2 (fictional)", "Letter (fictional)"]
    assert [field.value for field in form.fields["kind"]] == ["physical", "physical", "document"]
    assert form["table"].value == ""
    assert all_items(database) == []
    more = form_of(form.submit("more_rows", status=200))
    assert len(more.fields["seal"]) == 8
    assert more.get("place", index=0).value == "House 1 (fictional)"
    more.submit(status=303)
    assert [(i.kind, i.seal, i.state) for i in all_items(database)] == [
        ("physical", "S-1", "sealed"), ("physical", "S-2", "sealed"), ("document", None, "recorded")]
    # What was common is there for the next search of the same day.
    again = form_of(client.get(f"/cases/{case.ref}/evidence/search"))
    assert again["authority_type"].value == "flagrante"


def test_an_error_of_a_row_is_told_at_its_cell_and_nothing_is_lost(client, database, people, case):
    sealed(database, people, case, 1)
    sign_in(client, people["inv"])
    form = search_form(client.get(f"/cases/{case.ref}/evidence/search"))
    for row in range(2):
        form.get("description", index=row).value = f"Telephone {row} (fictional)"
        form.get("seal", index=row).value = f"S-{row}"
    page = form.submit("save", status=422)
    assert "Row 1, Seal number: This seal number was used before." in page.text
    assert form_of(page).get("description", index=1).value == "Telephone 1 (fictional)"
    assert len(all_items(database)) == 1


@pytest.mark.parametrize("size", label_pages.PAPERS)
def test_labels_bear_the_reference_and_not_what_it_is(client, database, people, case, size):
    made = sealed(database, people, case, 3, description="Red telephone (fictional)")
    sign_in(client, people["inv"])
    form = form_of(client.get(f"/cases/{case.ref}/evidence/labels"))
    form["size"], form["numbers"] = size, "1-2"
    answer = form.submit()
    assert answer.content_type == "application/pdf"
    assert answer.headers["Content-Disposition"].startswith("attachment")
    pages = PdfReader(io.BytesIO(answer.body)).pages
    assert len(pages) == (2 if size.startswith("p") else 1)
    text = "".join(page.extract_text() for page in pages)
    assert made[0].ref in text
    assert made[2].ref not in text
    assert "telephone" not in text
    with database.work(readonly=True, unscoped=1) as db:
        entries = db.scalars(select(AuditEntry).where(AuditEntry.verb == "print")).all()
    assert len(entries) == 1
    assert '"items":2' in entries[0].body


def test_labels_of_nothing_are_refused(client, database, people, case):
    sealed(database, people, case, 1)
    sign_in(client, people["inv"])
    for numbers in ("7", "all", "3-1"):
        form = form_of(client.get(f"/cases/{case.ref}/evidence/labels"))
        form["numbers"] = numbers
        form.submit(status=422)
    client.reset()
    sign_in(client, people["other"])
    client.get(f"/cases/{case.ref}/evidence/labels", status=404)


def test_used_up_places_of_a_sheet_stay_empty():
    paper = label_pages.PAPERS["a4_2x7"]
    assert label_pages.sheets(["a"] * 14, paper, 13) == [[None] * 13 + ["a"], ["a"] * 13]
    assert label_pages.sheets(["a"], label_pages.PAPERS["p62x29"], 5) == [["a"]]


def test_a_scan_opens_the_item_and_tells_nothing_of_others(client, database, people, case):
    item = stored(database, people, case, 1)[0]
    sign_in(client, people["store"])
    page = client.get("/scan")
    assert "camera=(self)" in page.headers["Permissions-Policy"]
    assert "camera=()" in client.get("/").headers["Permissions-Policy"]
    for typed in (item.ref, item.ref.lower().replace("-", "")):
        answer = press(client, "/scan", 303, scanned=typed)
        assert answer.location.endswith(f"/evidence/{item.ref}")
    unknown = press(client, "/scan", 422, scanned="E26-000000-A")
    assert "No item with this reference was found." in unknown.text
    # A case is no item; and what another store holds is answered like what is not there.
    press(client, "/scan", 422, scanned=case.ref)
    client.reset()
    sign_in(client, people["store2"])
    assert "No item with this reference was found." in press(client, "/scan", 422, scanned=item.ref).text


def test_a_shelf_is_counted_by_scanning(client, database, people, case):
    items = stored(database, people, case, 3)
    sign_in(client, people["store"])
    assert "Scan a label" in client.get("/").text
    form = form_of(client.get("/stocktakes").click("Begin a stocktake"))
    form["location"] = "Room 9"
    form.submit(status=422)
    form["location"] = "Room 1"
    page = form.submit(status=303).follow()
    assert "To be found here: 3" in page.text
    path = page.request.path
    page = press(client, f"{path}/scan", 303, scanned=items[0].ref).follow()
    assert page.html.find(id="line-scanned").has_attr("autofocus")
    form = form_of(client.get(f"{path}/scan"))
    form["scanned"] = f"{items[1].ref}\nnothing known"
    page = form.submit(status=303).follow()
    form = form_of(page.click("Finish the stocktake"))
    page = form.submit(status=303).follow()
    assert items[2].ref in page.text
    assert [i.state for i in all_items(database)] == ["in_storage", "in_storage", "discrepancy"]
    with database.work(readonly=True, unscoped=1) as db:
        found = db.scalars(select(Stocktake)).one()
        assert (found.found, found.missing, found.unknown) == (2, 1, 1)
    assert "Missing" in client.get("/stocktakes").text
    client.get("/custody/out")
    client.reset()
    sign_in(client, people["store2"])
    client.get(path, status=404)


def test_one_of_a_lot_is_refused(client, database, people, case):
    made = sealed(database, people, case, 2)
    inv = people["inv"].identity
    with database.work(identity=inv) as db:
        found = db.scalars(select(EvidenceItem).order_by(EvidenceItem.number))
        service.release(db, inv, found, {"receiver": str(people["store"].membership_id), "purpose": "storage"})
    sign_in(client, people["store"])
    form = form_of(client.get("/custody/accept"))
    form["location"] = "Shelf 4"
    form.get("seal_before", index=0).value = made[0].seal
    form.get("refuse", index=1).checked = True
    form.submit(status=422)
    form.get("remark", index=1).value = "The seal is broken at one end"
    form.submit(status=303)
    assert [i.state for i in all_items(database)] == ["in_storage", "sealed"]


def test_a_viewing_is_asked_for_approved_and_logged(client, database, people, case):
    item = sealed(database, people, case, 1, restricted_material="yes", vault_ref="V-SECRET")[0]
    path = f"/cases/{case.ref}/evidence/{item.ref}"
    sign_in(client, people["inv"])
    form = form_of(client.get(path).click("Ask to view"))
    form["purpose"], form["authority"] = "The label has to be decided", "Order 1"
    page = form.submit(status=303).follow()
    assert "Approve the viewing" not in page.text
    asked = page.request.path
    client.reset()
    sign_in(client, people["psu"])
    assert "Viewing of restricted material" in client.get("/").text
    form_of(client.get(asked).click("Approve the viewing")).submit(status=303)
    client.reset()
    sign_in(client, people["inv"])
    page = client.get(asked)
    assert "V-SECRET" not in page.text
    page.click("Log the viewing")
    with database.work(readonly=True, unscoped=1) as db:
        assert db.scalars(select(ViewingRequest.state)).one() == "approved"
    client.reset()
    sign_in(client, people["other"])
    client.get(asked, status=404)


def statements(client, sent: list[str], path: str) -> int:
    client.get(path)
    sent.clear()
    client.get(path)
    return sum(s.lstrip().startswith("SELECT") for s in sent)


def test_pages_take_as_many_statements_for_many_items_as_for_few(client, app, database, people, case):
    items, sent = stored(database, people, case, 2), []
    sealed(database, people, case, 2)
    event.listen(app.registry["engine"], "before_cursor_execute", lambda *a: sent.append(a[2]))
    base = f"/cases/{case.ref}/evidence"
    paths = {"inv": (base, f"{base}/{items[0].ref}", f"{base}/release", f"{base}/search", f"{base}/labels", "/"),
             "store": (base, f"{base}/{items[0].ref}/custody", "/", "/custody/out", "/stocktakes", "/stocktakes/new")}
    few = {}
    for name, own in paths.items():
        sign_in(client, people[name])
        few |= {(name, path): statements(client, sent, path) for path in own}
        client.reset()
    stored(database, people, case, 30)
    sealed(database, people, case, 30)
    for name, own in paths.items():
        sign_in(client, people[name])
        for path in own:
            assert statements(client, sent, path) <= few[name, path] + 1, path
        client.reset()


def test_a_full_sheet_is_one_page(client, database, people, case):
    sealed(database, people, case, 24)
    sign_in(client, people["inv"])
    answer = form_of(client.get(f"/cases/{case.ref}/evidence/labels")).submit()
    assert len(PdfReader(io.BytesIO(answer.body)).pages) == 1

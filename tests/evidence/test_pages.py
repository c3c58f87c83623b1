"""The pages of evidence through the whole application: recorded, sealed, handed over, accepted, printed."""

import pytest
from sqlalchemy import event, select

from casework.cases import service as cases
from casework.cases.models import Case
from casework.cli.bench_count import InProcess
from casework.evidence import service
from casework.evidence.models import EvidenceItem
from casework.evidence.seen_hashes import comparisons
from casework.web.methods import SAFE
from casework.workflow.engine import apply
from tests.evidence.forms import form_of, set_date
from tests.evidence.world import digital_data
from tests.support.people import make_person, quick, sign_in

pytestmark = pytest.mark.one_engine


@pytest.fixture
def people(database, app):
    quick(app)
    with database.work() as db:
        return {
            "inv": make_person(db, "INV"), "psu": make_person(db, "PSU"), "store": make_person(db, "CUS"),
            "exam": make_person(db, "FOR"), "other": make_person(db, "INV", "t.other"), "sw": make_person(db, "SW"),
        }


@pytest.fixture
def case(database, people):
    psu = people["psu"].identity
    with database.work(identity=psu) as db:
        return cases.open_case(db, psu, title="Lotus", lead_agency_id=people["inv"].agency_id,
                               lead_officer_id=people["inv"].user_id, conduct=["grooming"], province="12")


TELEPHONE = {
    "kind": "physical", "description": "Black telephone (fictional)", "restricted_material": "not_examined",
    "authority_type": "flagrante", "province": "12", "place": "Test street",
}


def new_item(client, case, *, another: bool = False, status: int = 303, **values):
    """Fill in and send the form of a new item."""
    form = form_of(client.get(f"/cases/{case.ref}/evidence/new"))
    for name, value in {**TELEPHONE, **values}.items():
        form[name] = value
    if another:
        form["another"] = True
    set_date(form, "2/3/2026", "09:30")
    return form.submit(status=status)


def only_item(database) -> EvidenceItem:
    with database.work(readonly=True, unscoped=1) as db:
        return db.scalars(select(EvidenceItem).order_by(EvidenceItem.number.desc())).first()


def test_from_the_search_to_the_shelf(client, database, people, case):
    sign_in(client, people["inv"])
    page = new_item(client, case, another=True, seal="S-0001", seal_witnesses="Witness A\nWitness B")
    assert page.location.endswith("/evidence/new")
    again = page.follow()
    # What the next item has in common with the last is filled in.
    assert form_of(again)["place"].value == "Test street"
    page = new_item(client, case, seal="S-0002", seal_witnesses="Witness A\nWitness B").follow()
    assert "No gap" in page.text
    assert "S-0002" in page.text
    listing = client.get(f"/cases/{case.ref}/evidence")
    assert listing.text.count("Black telephone (fictional)") == 2
    form = form_of(listing.click("Hand over"))
    form["receiver"] = str(people["store"].membership_id)
    form["place"] = "Counter"
    form.submit().follow()
    client.reset()

    sign_in(client, people["store"])
    home = client.get("/")
    assert "Waiting for my acceptance" in home.text
    form = form_of(client.get("/custody/accept"))
    seals = [f for name in form.fields for f in form.fields[name] if name == "seal_before"]
    seals[0].value, seals[1].value = "S-0001", "S-9999"
    form["location"] = "Shelf 4"
    form.submit().follow()
    with database.work(readonly=True, unscoped=1) as db:
        states = {i.seal: i.state for i in db.scalars(select(EvidenceItem))}
    assert states == {"S-0001": "in_storage", "S-0002": "discrepancy"}
    with database.work(readonly=True, unscoped=1) as db:
        stored = db.scalars(select(EvidenceItem).where(EvidenceItem.seal == "S-0001")).one()
    chain = client.get(f"/cases/{case.ref}/evidence/{stored.ref}/custody")
    assert "No gap" in chain.text
    assert chain.text.count("<tr>") == 5
    assert "Shelf 4" in chain.text


def test_the_pages_say_what_is_missing(client, people, case):
    sign_in(client, people["inv"])
    assert "SHA-256" in new_item(client, case, kind="extract", status=422).text
    new_item(client, case, restricted_material="yes", status=422)


@pytest.mark.parametrize("locale", ["en", "km"])
def test_every_page_opens_in_both_languages(client, people, case, database, locale):
    sign_in(client, people["inv"])
    client.set_cookie("cw_lang", locale)
    new_item(client, case, seal="S-0001", seal_witnesses="Witness A\nWitness B")
    item = only_item(database)
    base = f"/cases/{case.ref}/evidence"
    for path in (base, f"{base}/new", f"{base}/release", f"{base}/{item.ref}", f"{base}/{item.ref}/custody",
                 f"{base}/{item.ref}/history", f"{base}/{item.ref}/do/release", f"{base}/{item.ref}/do/correct",
                 f"{base}/{item.ref}/do/report_discrepancy", f"{base}/{item.ref}/do/verify_hash", "/",
                 f"/cases/{case.ref}/check"):
        assert client.get(path).status_int == 200, path


def test_who_may_not_see_finds_nothing(client, people, case, database):
    sign_in(client, people["inv"])
    new_item(client, case, seal="S-0001", seal_witnesses="Witness A\nWitness B")
    item = only_item(database)
    client.reset()
    for name, status in (("other", 404), ("sw", 404)):
        sign_in(client, people[name])
        for path in ("", f"/{item.ref}", f"/{item.ref}/custody", "/new"):
            answer = client.get(f"/cases/{case.ref}/evidence{path}", status="*")
            assert answer.status_int in (403, status), (name, path)
            assert "telephone" not in answer.text
        client.reset()


def test_nothing_edits_or_removes_a_custody_event(app):
    """No route takes anything but a look at a custody event, or takes its history out."""
    for name, methods in app.registry["route_methods"].items():
        if name and name.startswith("custody_event") and name != "custody_event.take":
            assert frozenset().union(*methods) <= SAFE, name


def test_hash_values_are_shown_whole_in_part_or_not_at_all(client, people, case, database):
    inv = people["inv"].identity
    with database.work(identity=inv) as db:
        item = service.record_item(db, inv, db.get_one(Case, case.id), digital_data(
            seal="S-1", seal_witnesses=["A", "B"], restricted_material="yes", vault_ref="V-SECRET-1"))
        service.release(db, inv, [item], {"receiver": str(people["store"].membership_id), "purpose": "storage"})
    path = f"/cases/{case.ref}/evidence/{item.ref}"
    sign_in(client, people["inv"])
    page = client.get(path)
    assert "a" * 64 in page.text
    # The right to the vault reference is the examiner's alone.
    assert "V-SECRET-1" not in page.text
    assert "V-SECRET-1" not in client.get(f"{path}/history").text
    client.reset()
    sign_in(client, people["store"])
    page = client.get(path)
    assert "…" + "a" * 8 in page.text
    assert "a" * 64 not in page.text
    assert "a" * 64 not in client.get(f"{path}/history").text
    client.reset()
    with database.work(identity=people["psu"].identity) as db:
        cases.assign(db, people["psu"].identity, cases.case_of(db, case.id), role="FOR",
                     agency_id=people["exam"].agency_id, user_id=people["exam"].user_id)
    sign_in(client, people["exam"])
    assert "V-SECRET-1" in client.get(path).text


def test_the_chain_says_which_values_were_compared_and_whether_they_are_equal(client, people, case, database):
    """In words, on the page that is printed, to who may read hash values; a custodian sees their end."""
    inv = people["inv"].identity
    with database.work(identity=inv) as db:
        same, other = (service.record_item(db, inv, db.get_one(Case, case.id), digital_data(
            seal=f"S-{number}", seal_witnesses=["A", "B"])) for number in (1, 2))
        for item, value in ((same, "a" * 64), (other, "b" * 64)):
            apply(db, inv, item, "verify_hash", {"value": value, "tool": "sha256sum 9.1"})
        service.release(db, inv, [same], {"receiver": str(people["store"].membership_id), "purpose": "storage"})
    path = f"/cases/{case.ref}/evidence/{same.ref}/custody"
    sign_in(client, people["inv"])
    page = client.get(path)
    assert page.text.count("a" * 64) == 4  # found twice, on record once, and the item's own value
    assert "Equal to the value on record" in page.text
    assert "Not equal" not in page.text
    assert "sha256sum 9.1" in page.text
    wrong = client.get(f"/cases/{case.ref}/evidence/{other.ref}/custody").text
    assert "b" * 64 in wrong
    assert "Not equal to the value on record" in wrong
    client.reset()
    sign_in(client, people["store"])
    page = client.get(path).text
    assert "…" + "a" * 8 in page
    assert "a" * 9 not in page
    assert "Equal to the value on record" in page
    client.reset()
    sign_in(client, people["sw"])
    assert "a" * 8 not in client.get(path, status="*").text


def test_who_sees_no_hash_value_has_none_opened():
    class Sealed:
        def __getattr__(self, name):
            raise AssertionError(f"{name} was read")

    assert comparisons(None, [Sealed()]) == {}


def statements(app):
    """A list that grows with each statement the application sends."""
    sent = []
    event.listen(app.registry["engine"], "before_cursor_execute", lambda *a: sent.append(a[2]))
    return sent


def test_budgets(client, app, people, case, database):
    """The list and the chain take at most 8 queries of their own, however long."""
    sign_in(client, people["inv"])
    for number in range(4):
        new_item(client, case, seal=f"S-{number}", seal_witnesses="Witness A\nWitness B")
    inv = people["inv"].identity
    with database.work(identity=inv) as db:
        item = service.record_item(db, inv, db.get_one(Case, case.id), digital_data())
        for _number in range(3):
            apply(db, inv, item, "verify_hash", {"value": "a" * 64, "tool": "sha256sum 9.1"})
    sent = statements(app)
    empty = len(_own(client, sent, "/cases"))
    for path in (f"/cases/{case.ref}/evidence", f"/cases/{case.ref}/evidence/{item.ref}/custody"):
        own = _own(client, sent, path)
        assert len(own) - empty <= 8, "\n".join(own)
    count = InProcess(app, "http://localhost", dict(client.cookies)).count(lambda browser: browser.get(path))
    assert (count.page, count.log) == (7, 3)


def _own(client, sent, path) -> list[str]:
    sent.clear()
    client.get(path)
    return [s for s in sent if s.lstrip().startswith("SELECT") and "audit_" not in s]

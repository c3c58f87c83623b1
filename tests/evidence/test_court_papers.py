"""The custody certificate of an item and the exhibit list of a case: what they say, to whom, and that it is true."""

import io
import json

import pytest
from pypdf import PdfReader
from sqlalchemy import select, text

from casework.audit.models import AuditEntry
from casework.cases import service as cases
from casework.cases.models import Case
from casework.evidence import service
from casework.evidence.models import EvidenceItem
from tests.evidence.world import SHA, digital_data, item_data
from tests.support.people import make_person, sign_in


@pytest.fixture
def people(database):
    with database.work() as db:
        return {name: make_person(db, role) for name, role in (
            ("inv", "INV"), ("psu", "PSU"), ("store", "CUS"), ("sw", "SW"), ("other", "INV"))}


@pytest.fixture
def case(database, people) -> Case:
    psu, inv = people["psu"].identity, people["inv"].identity
    with database.work(identity=psu) as db:
        found = cases.open_case(db, psu, title="Lotus", lead_agency_id=inv.agency_id, lead_officer_id=inv.user_id,
                                conduct=["grooming"], province="12")
    with database.work(identity=inv) as db:
        mine = db.get_one(Case, found.id)
        for number, data in enumerate((item_data(), digital_data()), 1):
            service.record_item(db, inv, mine, {**data, "seal": f"S-{number}", "seal_witnesses": ["A", "B"]})
    return found


@pytest.fixture
def items(database, case):
    with database.work(readonly=True, unscoped=1) as db:
        return list(db.scalars(select(EvidenceItem).order_by(EvidenceItem.number)))


def paper(client, path: str, *, km: bool = False) -> PdfReader:
    client.set_cookie("cw_lang", "km" if km else "en")
    form = client.get(path).forms["form"]
    form["explanation"] = "Request 12/2026 of the court"
    answer = form.submit("save")
    assert answer.content_type == "application/pdf"
    return PdfReader(io.BytesIO(answer.body))


def words(pdf: PdfReader) -> str:
    return " ".join(" ".join(page.extract_text() for page in pdf.pages).split())


def test_a_certificate_says_the_chain_and_carries_it(client, database, people, case, items):
    sign_in(client, people["inv"])
    pdf = paper(client, f"/cases/{case.ref}/evidence/{items[1].ref}/certificate")
    said = words(pdf)
    for part in (items[1].ref, "No gap", "S-2", SHA[:20], "Signature or thumbprint", "Request 12/2026", "1 / "):
        assert part in said, part
    attached = json.loads(pdf.attachments[f"{items[1].ref}.json"][0])
    assert (attached["gap"], attached["chain_end"], attached["item"]) == (False, items[1].chain_hash, items[1].ref)
    assert [event["seq"] for event in attached["events"]] == list(range(1, items[1].chain_seq + 1))
    assert attached["events"][-1]["hash"] == items[1].chain_hash
    assert attached["events"][0]["hash_values"] == {"on_record": None, "found": SHA, "equal": None}
    with database.work(readonly=True) as db:
        entry = db.scalars(select(AuditEntry).where(AuditEntry.verb == "print")).one()
        assert json.loads(entry.body)["purpose"] == "court"


def test_in_khmer_too(client, people, case, items):
    sign_in(client, people["inv"])
    said = words(paper(client, f"/cases/{case.ref}/evidence/{items[0].ref}/certificate", km=True))
    assert "ថែរក្សា" in said.replace(
        "\u200b", "")


def test_a_chain_that_does_not_hold_is_said_to(client, database, people, case, items):
    with database.superuser() as connection:
        if database.backend == "sqlite":
            for name in connection.scalars(text("SELECT name FROM sqlite_master WHERE tbl_name = 'custody_event' "
                                                "AND type = 'trigger'")).all():
                connection.exec_driver_sql(f'DROP TRIGGER "{name}"')
        else:
            connection.exec_driver_sql("ALTER TABLE custody_event DISABLE TRIGGER ALL")
        connection.execute(text("UPDATE custody_event SET place = 'Elsewhere' WHERE seq = 1"))
    sign_in(client, people["inv"])
    pdf = paper(client, f"/cases/{case.ref}/evidence/{items[0].ref}/certificate")
    assert "This chain does not hold" in words(pdf)
    assert json.loads(pdf.attachments[f"{items[0].ref}.json"][0])["gap"] is True
    said = words(paper(client, f"/cases/{case.ref}/evidence/exhibit-list"))
    assert "Gap" in said


def test_the_list_of_a_case(client, people, case, items):
    sign_in(client, people["psu"])
    pdf = paper(client, f"/cases/{case.ref}/evidence/exhibit-list")
    said = words(pdf)
    assert all(part in said for part in (items[0].ref, items[1].ref, "S-1", "S-2", "No gap"))
    attached = json.loads(pdf.attachments[f"{case.ref}.json"][0])
    assert [one["item"] for one in attached["exhibits"]] == [items[0].ref, items[1].ref]


@pytest.mark.parametrize("who", ["sw", "other"])
def test_others_find_nothing(client, people, case, items, who):
    sign_in(client, people[who])
    for path in (f"{items[0].ref}/certificate", "exhibit-list"):
        assert client.get(f"/cases/{case.ref}/evidence/{path}", status="*").status_int in (403, 404)


def test_no_paper_without_a_purpose(client, people, case, items):
    sign_in(client, people["inv"])
    form = client.get(f"/cases/{case.ref}/evidence/{items[0].ref}/certificate").forms["form"]
    form["explanation"] = "short"
    answer = form.submit("save", status="*")
    assert answer.status_int == 422 or "govuk-error-summary" in answer.text

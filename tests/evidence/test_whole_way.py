"""The whole way of a search's exhibits through the pages, by keyboard: logged, sealed, handed over as one lot, one
refused, imaged and verified, known to a list of hash values, to court and back, disposed of by two."""

import datetime as dt
import re

import pytest
from sqlalchemy import select

from casework.cases import service as cases
from casework.cases.models import Case
from casework.db.base import now
from casework.evidence.chain import verify_chain
from casework.evidence.models import EvidenceItem
from casework.hashes import lists
from tests.support.browser import check, enter
from tests.support.people import make_person

SHA = "d" * 64
YESTERDAY = now() - dt.timedelta(days=1)


@pytest.fixture
def people(database):
    with database.work() as db:
        return {name: make_person(db, role) for name, role in (
            ("inv", "INV"), ("psu", "PSU"), ("store", "CUS"), ("exam", "FOR"), ("pro", "PRO"))}


@pytest.fixture
def case(database, people) -> Case:
    psu, inv, pro = (people[name].identity for name in ("psu", "inv", "pro"))
    with database.work(identity=psu) as db:
        found = cases.open_case(db, psu, title="Lotus", lead_agency_id=inv.agency_id, lead_officer_id=inv.user_id,
                                conduct=["grooming"], province="12")
        cases.assign(db, psu, found, role="PRO", agency_id=pro.agency_id, user_id=pro.user_id)
    return found


@pytest.fixture
def sit(page, server, app):
    """`sit(person)`: another person takes the seat, signed in as when they left it."""
    seats: dict = {}

    def take(person) -> None:
        page.context.clear_cookies()
        if person.login in seats:
            page.context.add_cookies(seats[person.login])
        else:
            enter(page, server, app, person)
            seats[person.login] = page.context.cookies()

    return take


def send(page) -> None:
    page.locator("#form button[name=save]").click()


def moment(page, title: str, at: dt.datetime) -> None:
    """Fill the boxes of a date and time."""
    group = page.get_by_role("group", name=title)
    for name, value in (("day", at.day), ("month", at.month), ("year", at.year), ("time", f"{at:%H:%M}")):
        group.locator(f"input[name={name}]").fill(str(value))


def seal_of(number: int) -> str:
    return f"S-{number:04}"


def receive_list(database, app, folder) -> None:
    """A list of known hash values is there before the image is."""
    path = folder / "list.csv"
    path.write_text(f"sha256,category\n{SHA},Class 7\n")
    with database.work() as db:
        about = lists.About("Sample", "2026-10", "Owner (fictional)")
        lists.receive(db, app.registry["hash_lists"].folder, path, about)


def test_the_whole_way(page, server, app, sit, database, people, case, tmp_path):
    receive_list(database, app, tmp_path)
    evidence = f"{server}/cases/{case.ref}/evidence"
    sit(people["inv"])
    log_twenty(page, evidence)
    items = by_number(database)
    assert [(item.number, item.state, item.seal) for item in items] == [
        (number, "sealed", seal_of(number)) for number in range(1, 21)]
    hand_over(page, evidence, items[:10], people["store"])
    sit(people["store"])
    accept_but_one(page, server, refused=items[9])
    states = [item.state for item in by_number(database)]
    assert states[:10] == ["in_storage"] * 9 + ["sealed"]
    to_laboratory(page, server, items[0], people["exam"])
    sit(people["exam"])
    image_and_verify(page, server, evidence, items[0])
    image = by_number(database)[20]
    assert (image.kind, image.parent_id, image.state) == ("forensic_image", items[0].id, "recorded")
    assert image.hash_verified_at is not None
    page.goto(f"{evidence}/{image.ref}")
    check(page)
    said = page.get_by_role("table", name="Known already").locator("tbody tr")
    assert said.locator("th, td").all_inner_texts()[:4] == ["Sample", "2026-10", "SHA-256", "Class 7"]
    assert said.get_by_text("Same file").is_visible()
    back_to_store(page, evidence, items[0], people["store"])
    sit(people["store"])
    accept_one(page, server, "S-0001-B")
    with database.work(unscoped=1) as db:
        db.get_one(Case, case.id).submitted_at = now()
    court_and_back(page, evidence, items[0])
    sit(people["pro"])
    page.goto(f"{evidence}/{items[0].ref}/do/order_disposition")
    page.get_by_label("Destroyed").check()
    page.locator("input[name=authority]").fill("J-5/2026")
    send(page)
    page.wait_for_url("**?done=order_disposition")
    dispose(page, sit, evidence, items[0], people)
    ended = by_number(database)[0]
    assert (ended.state, ended.holder_id) == ("destroyed", None)
    with database.work(readonly=True, unscoped=1) as db:
        assert [verify_chain(db, item) for item in db.scalars(select(EvidenceItem))] == [[]] * 21
    page.goto(f"{evidence}/{items[0].ref}/custody")
    check(page)
    assert page.get_by_text("No gap").is_visible()


def by_number(database) -> list[EvidenceItem]:
    with database.work(readonly=True, unscoped=1) as db:
        return list(db.scalars(select(EvidenceItem).order_by(EvidenceItem.number)))


def log_twenty(page, evidence: str) -> None:
    """What is common once; the first row typed, the next by Enter with what it shares, the others pasted."""
    page.goto(evidence)
    page.get_by_role("button", name="Log a search").press("Enter")
    page.wait_for_url("**/search")
    check(page)
    moment(page, "Seized or received", YESTERDAY)
    page.locator("select[name=province]").select_option("12")
    page.locator("#form > .govuk-form-group input[name=place]").fill("House 1 (fictional)")
    page.get_by_label("Warrant").check()
    page.locator("input[name=authority_document]").fill("W-1/2026")
    page.get_by_label("Not examined").check()
    page.locator("textarea[name=seal_witnesses]").fill("Sok (fictional)\nDara (fictional)")
    cells = page.locator("[data-cw-grid] tbody tr")
    first = cells.nth(0)
    first.locator("[name=description]").focus()
    for text in ("Telephone 1 (fictional)", "Bedroom", "Example", "One", "SN-1", "", "S-0001"):
        page.keyboard.type(text)
        page.keyboard.press("Tab")
    first.locator("[name=seal]").press("Enter")
    assert page.evaluate("document.activeElement.closest('tr').rowIndex") == 2
    rows = [f"Physical object\tTelephone {number} (fictional)\tKitchen\tExample\tOne\tSN-{number}\t\t{seal_of(number)}"
            for number in range(2, 21)]
    page.evaluate("""text => {
        const data = new DataTransfer(); data.setData('text/plain', text)
        document.activeElement.closest('tr').querySelector('select').dispatchEvent(
            new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }))
    }""", "\n".join(rows))
    assert cells.count() == 20
    # A row that is wrong is told where it is, and nothing is lost.
    cells.nth(19).locator("[name=seal]").fill(seal_of(19))
    page.locator("#form button[name=save]").press("Enter")
    page.get_by_role("link", name="Row 20, Seal number: Row 19 has the same seal number.").click()
    assert cells.nth(18).locator("[name=description]").input_value() == "Telephone 19 (fictional)"
    check(page)
    cells.nth(19).locator("[name=seal]").fill(seal_of(20))
    page.locator("#form button[name=save]").press("Enter")
    page.wait_for_url(evidence)


def hand_over(page, evidence: str, items, receiver) -> None:
    page.goto(f"{evidence}/release")
    for box in page.locator("input[name=checkbox]").all():
        box.uncheck()
    for item in items:
        page.locator(f"input[value='{item.id}']").check()
    choose(page, receiver)
    page.locator("input[name=place]").fill("Counter")
    send(page)
    page.wait_for_url(evidence)


def choose(page, person) -> None:
    """The receiver, be the list short (radios) or long (select)."""
    value = str(person.membership_id)
    radio = page.locator(f"input[type=radio][value='{value}']")
    if radio.count():
        radio.check()
    else:
        page.locator("select[name=receiver]").select_option(value)


def accept_but_one(page, server, refused) -> None:
    """Nine seals are read again; the tenth is broken, and that item is refused."""
    page.goto(f"{server}/")
    page.get_by_role("link", name="Accept them").click()
    check(page)
    page.locator("#form > .govuk-form-group input[name=location]").fill("Room 1/Shelf 4")
    groups = page.locator("#form > fieldset")
    for place in range(10):
        group = groups.nth(place)
        number = int(re.match(r"\s*(\d+):", group.locator("legend").first.inner_text())[1])
        if number == refused.number:
            group.get_by_label("Broken").check()
            group.get_by_label("Refuse this item").check()
            group.locator("[name=remark]").fill("The seal is broken at one end")
        else:
            group.locator("[name=seal_before]").fill(seal_of(number))
    send(page)
    page.wait_for_url(f"{server}/")


def to_laboratory(page, server, item, examiner) -> None:
    """The label is read by a hand scanner: it types the reference and Enter."""
    page.goto(f"{server}/")
    page.get_by_label("Reference", exact=True).fill(item.ref)
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/evidence/{item.ref}")
    page.get_by_role("button", name="Release").click()
    page.get_by_label("Examination").check()
    choose(page, examiner)
    page.locator("input[name=authority]").fill("Request 7/2026")
    page.locator("input[name=place]").fill("Counter")
    due = now() + dt.timedelta(days=20)
    group = page.get_by_role("group", name="Expected back")
    for name in ("day", "month", "year"):
        group.locator(f"input[name={name}]").fill(str(getattr(due, name)))
    send(page)
    page.wait_for_url("**?done=release")


def accept_one(page, server, seal: str) -> None:
    page.goto(f"{server}/custody/accept")
    page.locator("#form > .govuk-form-group input[name=location]").fill("Room 2 / Bench 1")
    page.locator("input[name=seal_before]").fill(seal)
    send(page)
    page.wait_for_url(f"{server}/")


def image_and_verify(page, server, evidence: str, item) -> None:
    accept_one(page, server, "S-0001")
    one = f"{evidence}/{item.ref}"
    page.goto(f"{one}/do/open_seal")
    page.locator("textarea[name=reason]").fill("To make a forensic image")
    send(page)
    page.wait_for_url("**?done=open_seal")
    page.get_by_role("link", name="Record a forensic image").click()
    check(page)
    page.locator("textarea[name=description], input[name=description]").fill("Disk 1 (fictional)")
    page.locator("input[name=tool]").fill("Imager 2.0")
    page.get_by_label("Write blocker used").check()
    for title in ("Began", "Ended"):
        moment(page, title, now() + dt.timedelta(hours=7))
    for name in ("source_sha256", "image_sha256"):
        page.locator(f"input[name={name}]").fill(SHA)
    send(page)
    page.wait_for_url(re.compile(r"/evidence/E\d\d-\d{6}-\w$"))
    assert page.get_by_text(SHA).is_visible()
    page.goto(f"{one}/do/reseal")
    page.locator("input[name=seal]").fill("S-0001-B")
    page.locator("textarea[name=seal_witnesses]").fill("Sok (fictional)\nDara (fictional)")
    send(page)
    page.wait_for_url("**?done=reseal")


def back_to_store(page, evidence: str, item, custodian) -> None:
    page.goto(f"{evidence}/{item.ref}/do/release")
    page.get_by_label("Storage").check()
    choose(page, custodian)
    page.locator("input[name=place]").fill("Counter")
    send(page)
    page.wait_for_url("**?done=release")


def court_and_back(page, evidence: str, item) -> None:
    one = f"{evidence}/{item.ref}"
    page.goto(f"{one}/do/release")
    page.get_by_label("Court", exact=True).check()
    for name, text in (("outsider", "Registrar (fictional)"), ("receipt", "R-12/2026"), ("authority", "Order 3/2026"),
                       ("place", "Court (fictional)")):
        page.locator(f"input[name={name}]").fill(text)
    send(page)
    page.wait_for_url("**?done=release")
    page.goto(f"{one}/do/take_back")
    page.locator("input[name=seal_before]").fill("S-0001-B")
    page.get_by_label("Intact").check()
    page.locator("input[name=location]").fill("Room 1 / Shelf 4")
    send(page)
    page.wait_for_url("**?done=take_back")


def dispose(page, sit, evidence: str, item, people) -> None:
    """The custodian destroys it, the supervisor saw it."""
    one = f"{evidence}/{item.ref}"
    sit(people["store"])
    page.goto(f"{one}/do/carry_out")
    value = str(people["psu"].user_id)
    page.locator(f"input[type=radio][value='{value}'], option[value='{value}']").first.check()
    page.locator("input[name=place]").fill("Store")
    send(page)
    page.wait_for_url("**?done=carry_out")
    sit(people["psu"])
    page.goto(f"{one}/do/confirm_disposition")
    send(page)
    page.wait_for_url("**?done=confirm_disposition")

"""Several people at the same moment, through the pages: one wins, the others are told, nothing is lost or doubled."""

import threading
import uuid
from collections import Counter
from collections.abc import Callable

import pytest
from sqlalchemy import select
from webtest import TestApp
from webtest.forms import Form
from webtest.response import TestResponse

from casework.cases.models import Case, Note
from casework.db.session import work
from casework.evidence import service as evidence
from casework.evidence.models import CustodyEvent, EvidenceItem
from casework.referrals.models import Referral
from casework.workflow import engine
from casework.workflow.engine import Refused
from casework.workflow.models import StateChange
from tests.support import scene

from . import check

ROUNDS = 4


@pytest.fixture
def set_up(app, database):
    return scene.build(database)


def at_once(actions: list[Callable[[], TestResponse]]) -> list[TestResponse]:
    """Do all of them at the same moment; what each gave, in order."""
    start, given = threading.Barrier(len(actions)), [None] * len(actions)

    def run(number: int) -> None:
        start.wait()
        given[number] = actions[number]()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(actions))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return given


def send(client: TestApp, form: Form) -> Callable[[], TestResponse]:
    """The sending of a filled-in form, in a browser of its own (WebTest's is for one thread). Who waited too long for
    the others is asked to send it again in a while, and does."""
    twin = TestApp(client.app, extra_environ=client.extra_environ, cookiejar=client.cookiejar)
    fields = form.submit_fields("save")

    def sent() -> TestResponse:
        for _try in range(3):
            answer = twin.post(form.action, fields, expect_errors=True)
            if answer.status_int != 503:
                break
        return answer

    return sent


def looked(database, query):
    with database.work(readonly=True, unscoped=1) as db:
        return list(db.scalars(query))


def test_two_save_one_record_at_once(app, database, set_up):
    """The second gets both versions, whoever it is; what they typed is on that page."""
    browsers = [set_up.browser(app, name) for name in ("inv", "psu")]
    path = f"/cases/{set_up.case.ref}/edit"
    for turn in range(ROUNDS):
        titles = [f"River {turn} of {who} (fictional)" for who in ("inv", "psu")]
        forms = [browser.get(path).forms["form"] for browser in browsers]
        for form, title in zip(forms, titles, strict=True):
            form["title"] = title
        answers = at_once([send(*pair) for pair in zip(browsers, forms, strict=True)])
        assert sorted(a.status_int for a in answers) == [303, 409]
        lost = next(number for number, a in enumerate(answers) if a.status_int == 409)
        (saved,) = looked(database, select(Case.title).where(Case.id == set_up.case.id))
        assert saved == titles[1 - lost]
        assert titles[lost] in answers[lost]
        assert saved in answers[lost]
    assert check.log_and_records(database) == []


def test_one_form_sent_twenty_times_at_once(app, database, set_up):
    """One note; everybody is led to it."""
    inv = set_up.browser(app, "inv")
    form = inv.get(f"/cases/{set_up.case.ref}/notes/new").forms["form"]
    form["kind"], form["text"] = "general", "Sent by a nervous finger (fictional)"
    answers = at_once([send(inv, form) for _ in range(20)])
    assert Counter(a.status_int for a in answers) == {303: 20}
    assert len({a.location for a in answers}) == 1
    assert len(looked(database, select(Note.id).where(Note.text == "Sent by a nervous finger (fictional)"))) == 1


def test_the_token_of_somebody_else_s_form(app, database, set_up):
    """A token stands for one person's form: with it another person is neither led elsewhere nor shown a failure."""
    token = str(uuid.uuid4())
    for name in ("inv", "psu"):
        client = set_up.browser(app, name)
        form = client.get(f"/cases/{set_up.case.ref}/edit").forms["form"]
        form["title"], form["draft"] = f"River of {name} (fictional)", token
        assert send(client, form)().status_int == 303
    assert looked(database, select(Case.title).where(Case.id == set_up.case.id)) == ["River of psu (fictional)"]


def test_two_decisions_on_one_referral(app, database, set_up):
    """Accepted by one and forwarded back by none: of two acceptances one makes a case."""
    psu, psu2 = (set_up.browser(app, name) for name in ("psu", "psu2"))
    path = f"/referrals/{set_up.reports['forwarded'].ref}/triage"
    before = len(looked(database, select(Case.id)))
    forms = []
    for client in (psu, psu2):
        page = client.get(path)
        form = page.forms["form"]
        for words in ("Online grooming", "Child in Cambodia"):
            box = page.html.find("label", string=lambda s, words=words: s and s.strip() == words)["for"]
            next(field for _name, field in form.field_order if field.id == box).checked = True
        for name, value in {"risk_level": "high", "child_known": "yes", "accept_as": "new_case", "title": "River",
                            "lead_agency_id": str(set_up.people["psu"].agency_id), "province": "12"}.items():
            form[name] = value
        forms.append(form)
    answers = at_once([send(psu, forms[0]), send(psu2, forms[1])])
    assert sorted(a.status_int for a in answers)[0] == 303
    assert sorted(a.status_int for a in answers)[1] in (403, 404, 409, 422)
    assert len(looked(database, select(Case.id))) == before + 1
    referral = set_up.reports["forwarded"].id
    accepted = select(StateChange.id).where(StateChange.record_id == referral, StateChange.event == "accept")
    assert len(looked(database, accepted)) == 1
    assert check.log_and_records(database) == []


def test_a_different_decision_at_once(app, database, set_up):
    """Two people at the hotline, one report: it is started once, or voided, never both from the same state."""
    hot = set_up.browser(app, "hot")
    ref = set_up.reports["received"].ref
    forms = [hot.get(f"/referrals/{ref}/do/start_triage").forms["form"] for _ in range(6)]
    answers = at_once([send(hot, form) for form in forms])
    assert Counter(a.status_int for a in answers) == {303: 1, 409: 5}
    (referral,) = looked(database, select(Referral).where(Referral.ref == ref))
    steps = select(StateChange.id).where(StateChange.record_id == referral.id, StateChange.event == "start_triage")
    assert len(looked(database, steps)) == 1


def test_four_take_the_same_items_at_once(app, database, set_up):
    """Twelve items released to the store; four try to accept each: one receipt each, all chains whole."""
    inv, store = set_up.who("inv"), set_up.who("cus")
    items = []
    for number in range(12):
        with database.work(identity=inv) as db:
            item = evidence.record_item(db, inv, db.get_one(Case, set_up.case.id), scene.item_data(
                seal=f"S-{number}", seal_witnesses=["Sok (fictional)", "Dara (fictional)"]))
        items.append(item.id)
    with database.work(identity=inv) as db:
        found = [db.get_one(EvidenceItem, item) for item in items]
        evidence.release(db, inv, found, {"receiver": str(set_up.people["cus"].membership_id), "purpose": "storage"})
    outcomes: Counter = Counter()

    def take() -> None:
        for number, item in enumerate(items):
            try:
                # An engine's pool gives each thread a connection of its own.
                with work(database.engine, info={"keyring": database.keyring, "identity": store}) as db:
                    one = db.get_one(EvidenceItem, item)
                    engine.apply(db, store, one, "accept", {"seal_before": f"S-{number}", "condition": "intact"})
                outcomes[number, "accepted"] += 1
            except Refused:
                outcomes[number, "refused"] += 1
            except Exception as problem:
                outcomes[number, type(problem).__name__] += 1

    at_once([take] * 4)
    assert {outcomes[number, "accepted"] for number in range(12)} == {1}
    assert {kind for _number, kind in outcomes} <= {"accepted", "refused", "StaleDataError"}
    receipts = Counter(looked(database, select(CustodyEvent.item_id).where(CustodyEvent.type == "received")))
    assert receipts == dict.fromkeys(items, 1)
    assert check.problems(database, []) == []

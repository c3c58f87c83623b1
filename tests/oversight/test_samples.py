"""Random samples: the seed is logged before the draw, anybody can draw again, and a signed one never changes."""

import json

import pytest

from casework.accounts import sessions
from casework.audit.models import AuditEntry
from casework.db.base import now
from casework.oversight.draw import candidates, digest_of, draw, of_kind
from casework.oversight.models import AuditSample, Signed
from tests.oversight.conftest import CANARIES, entries
from tests.support.people import press

SEED = "5e" * 32


def prepare(client, kind="reads", wanted="3") -> str:
    form = client.get("/audit/samples/new").forms["form"]
    form["kind"], form["wanted"] = kind, wanted
    return form.submit("save", status=303).location.rsplit("/", 1)[1]


def answer_all(client, ref, but=0):
    page = client.get(f"/audit/samples/{ref}")
    form = next(form for form in page.forms.values() if form.action.endswith("/answers"))
    radios = [name for name in form.fields if name and name.split("-")[0] in ("purpose", "task", "own_name")]
    for name in radios[but:]:
        form[name] = "yes"
    form.submit(status=303)


def stored(database, ref) -> AuditSample:
    with database.work(readonly=True, unscoped=1) as db:
        return db.query(AuditSample).filter(AuditSample.ref == ref).one()


def test_a_draw_is_the_same_for_everybody_and_fair():
    even = lambda numbers: {n for n in numbers if n % 2 == 0}  # noqa: E731
    first = draw(SEED, 1, 1000, 20, even)
    assert first == draw(SEED, 1, 1000, 20, even)
    assert len(set(first)) == 20
    assert all(n % 2 == 0 and 1 <= n <= 1000 for n in first)
    assert first != draw("5f" * 32, 1, 1000, 20, even)
    assert sorted(draw(SEED, 1, 10, 50, even)) == [2, 4, 6, 8, 10], "all there are, when more are wanted"
    assert draw(SEED, 1, 10, 5, lambda numbers: set()) == []
    seen = candidates(SEED, 1, 4)
    counted = [next(seen) for _n in range(4000)]
    assert all(800 < counted.count(n) < 1200 for n in (1, 2, 3, 4))


def test_a_sample_from_the_seed_to_the_signature(app, auditor, world, database):
    ref = prepare(auditor)
    (_entry, body), = entries(database, verb="create", record_type="audit_sample")
    sample = stored(database, ref)
    assert body["fields"]["seed"] == [None, sample.seed]
    assert sample.items is None, "nothing is drawn before the seed is in the log"
    press(auditor, f"/audit/samples/{ref}/draw", status=303)
    sample = stored(database, ref)
    with database.work(readonly=True, unscoped=1) as db:
        assert draw(sample.seed, sample.first, sample.last, 3, of_kind(db, "reads")) == sample.items
        verbs = {db.get_one(AuditEntry, seq).verb for seq in sample.items}
    assert verbs <= {"view", "read"}
    assert len(sample.items) == 3
    drawn = entries(database, verb="draw")[0][0].seq
    assert entries(database, verb="create", record_type="audit_sample")[0][0].seq < drawn

    page = auditor.get(f"/audit/samples/{ref}")
    assert [name for name, value in CANARIES.items() if value in page.text] == []
    answer_all(auditor, ref, but=1)
    form = auditor.get(f"/audit/samples/{ref}/sign").forms["form"]
    form["finding"] = "All three are plausible (fictional)."
    assert "Answer every question" in form.submit("save", status=422)
    answer_all(auditor, ref)
    form = auditor.get(f"/audit/samples/{ref}/sign").forms["form"]
    form["finding"] = "All three are plausible (fictional)."
    form.submit("save", status=303)
    sample = stored(database, ref)
    signed, body = entries(database, verb="sign")[0]
    assert body["digest"] == sample.digest == digest_of(sample)
    assert signed.actor_id == sample.signed_by_id == world.who("aud").user_id

    # From now on nothing of it changes: not by the pages, and not by the program.
    for step in ("draw", "answers"):
        press(auditor, f"/audit/samples/{ref}/{step}", status=404)
    auditor.get(f"/audit/samples/{ref}/sign", status=404)
    with pytest.raises(Signed), database.work(unscoped=1) as db:
        db.query(AuditSample).filter(AuditSample.ref == ref).one().finding = "Another finding"
    with pytest.raises(Signed), database.work(unscoped=1) as db:
        db.query(AuditSample).filter(AuditSample.ref == ref).one().signed_at = None
    assert stored(database, ref).finding == "All three are plausible (fictional)."
    assert json.loads(json.dumps(sample.answers)) == {
        str(seq): {"purpose": "yes", "task": "yes", "own_name": "yes"} for seq in sample.items}


@pytest.mark.one_engine
def test_a_sample_is_drawn_once_and_by_its_auditor(app, auditor, world, database):
    ref = prepare(auditor, "all", "5")
    other = world.browser(app, "psu")
    press(other, f"/audit/samples/{ref}/draw", status=404)
    other.get(f"/audit/samples/{ref}", status=404)
    press(auditor, f"/audit/samples/{ref}/draw", status=303)
    items = stored(database, ref).items
    press(auditor, f"/audit/samples/{ref}/draw", status=303)
    assert stored(database, ref).items == items
    auditor.get("/audit/samples/Z26-000000-A", status=404)


@pytest.mark.one_engine
def test_signing_asks_for_a_code_shown_just_now(app, auditor, world, database):
    ref = prepare(auditor)
    press(auditor, f"/audit/samples/{ref}/draw", status=303)
    answer_all(auditor, ref)
    app.registry["clock"] = lambda: now() + sessions.FRESH - sessions.FRESH / 100
    auditor.get("/account")
    app.registry["clock"] = lambda: now() + sessions.FRESH + sessions.FRESH / 3
    auditor.get("/account")
    assert "/confirm-identity" in auditor.get(f"/audit/samples/{ref}/sign", status=303).location


@pytest.mark.one_engine
@pytest.mark.parametrize(("kind", "wanted"), [("reads", "0"), ("reads", "101"), ("no_such", "3"), ("reads", "many")])
def test_nonsense_is_refused(auditor, kind, wanted, database):
    form = auditor.get("/audit/samples/new").forms["form"]
    form["wanted"] = wanted
    form["kind"].force_value(kind)
    form.submit("save", status=422)
    assert entries(database, record_type="audit_sample") == []

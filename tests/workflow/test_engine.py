"""The engine: who, from where, with which guard; and nothing sets a state behind its back."""

import datetime as dt

import pytest
from sqlalchemy import select

import casework.models  # noqa: F401
from casework.accounts.models import Agency, User
from casework.authz.identity import Identity
from casework.cases.models import Case
from casework.db.refs import new_ref
from casework.workflow.engine import (
    Flow,
    NotAllowed,
    Problem,
    Refused,
    Transition,
    add_flow,
    apply,
    create,
    flows,
    possible,
)
from casework.workflow.guard import StateSetByHand
from casework.workflow.models import StateChange
from tests.support.matrix import use_file

use_file()


def closed_for_tests(move):
    return Problem("the guard says no") if move.data.get("stop") else None


FLOW = Flow("trial_flow", ("one", "two", "three"), (
    Transition("begin", (), "one", ("PSU",)),
    Transition("go", ("one",), "two", ("PSU",), guards=(closed_for_tests,)),
    Transition("approve", ("two",), "three", ("PSU",), not_author=("go",)),
    Transition("back", ("two",), "one", ("PSU",), reason="any"),
    Transition("tick", ("one",), "two", ("SYS",)),
))


@pytest.fixture
def trial(database, monkeypatch):
    """A case that runs through the little flow above, its supervisor, and a second one."""
    monkeypatch.setattr(Case, "__flow__", "trial_flow")
    add_flow(FLOW)
    with database.work() as db:
        agency = Agency(code="test", name_en="Test (fictional)", name_km="សាក", type="police", active=True)
        users = [User(login=f"{n}@example.org", name=f"{n} (fictional)") for n in ("a", "b")]
        db.add_all([agency, *users])
    people = [Identity(u.id, u.name, "PSU", agency.id) for u in users]
    with database.work(identity=people[0]) as db:
        case = Case(ref=new_ref(db, Case, "C", dt.date(2026, 1, 1)), agency_id=agency.id, title="River",
                    lead_agency_id=agency.id, province="12", created_by_id=people[0].user_id)
        create(db, people[0], case, "begin")
    yield database, case.id, people
    flows().pop("trial_flow", None)


def step(database, case_id, who, event, **data):
    with database.work(identity=who) as db:
        return apply(db, who, db.get(Case, case_id), event, data).to_state


def test_a_flow_may_not_name_a_state_it_does_not_have():
    with pytest.raises(ValueError, match="no state"):
        add_flow(Flow("bad", ("one",), (Transition("x", (), "two", ("PSU",)),)))


def test_moves_write_who_when_from_to_and_why(trial):
    database, case_id, (a, _b) = trial
    assert step(database, case_id, a, "go") == "two"
    assert step(database, case_id, a, "back", reason="Something is missing here") == "one"
    with database.work(readonly=True) as db:
        changes = db.scalars(select(StateChange).order_by(StateChange.at)).all()
    assert [(c.event, c.from_state, c.to_state) for c in changes] == [
        ("begin", None, "one"), ("go", "one", "two"), ("back", "two", "one")]
    assert changes[2].reason == "Something is missing here"
    assert changes[1].rule == "case.core PSU MRWA g"
    assert changes[1].actor_id == a.user_id


def test_refusals(trial):
    database, case_id, (a, b) = trial
    with pytest.raises(Refused, match="moved on"):
        step(database, case_id, a, "approve")
    with pytest.raises(Refused, match="guard says no"):
        step(database, case_id, a, "go", stop=True)
    step(database, case_id, a, "go")
    with pytest.raises(Refused, match="10 characters"):
        step(database, case_id, a, "back", reason="short")
    with pytest.raises(NotAllowed, match="own work"):
        step(database, case_id, a, "approve")
    assert step(database, case_id, b, "approve") == "three"


def test_roles_and_matrix_levels(trial):
    database, case_id, (a, _) = trial
    with pytest.raises(NotAllowed, match="system"), database.work(identity=a) as db:
        apply(db, None, db.get(Case, case_id), "go")
    with pytest.raises(NotAllowed):
        step(database, case_id, a, "tick")
    stranger = Identity(a.user_id, "x", "PSU", a.user_id)
    with database.work(identity=a) as db:
        case = db.get(Case, case_id)
        with pytest.raises(NotAllowed, match="no W"):
            apply(db, stranger, case, "go")
        with pytest.raises(NotAllowed, match="may not"):
            apply(db, Identity(a.user_id, "x", "INV", a.agency_id), case, "go")
        assert [t.event for t in possible(db, a, case)] == ["go"]
        assert possible(db, stranger, case) == []


def test_the_state_is_set_by_the_engine_only(trial):
    database, case_id, (a, _) = trial
    with pytest.raises(StateSetByHand), database.work(identity=a) as db:
        db.get(Case, case_id).state = "three"
    with pytest.raises(StateSetByHand):
        Case(state="one")
